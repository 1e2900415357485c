"""A second generator of rollouts: it shares no code with the kit, and breaks the model's assumptions one by one.

Minute by minute where it must, with NumPy's own generator; a rollout's numbers hang on its seed and its number alone,
so that plans meet the same changes. What is taken from docs/model.md is what a deployment does; what is not are the
assumptions. Not here: what the kit makes of such a history (`benchmarks.broken_assumptions`).
"""

import math
from dataclasses import dataclass, field

import numpy as np

DAY, HOUR = 1440.0, 60.0
TRAFFIC = {"eu-north-1": 90.0, "us-west-2": 210.0, "eu-west-1": 300.0, "us-east-1": 600.0}  # requests a minute
PEAK = {"eu-north-1": 14.0, "us-west-2": 22.0, "eu-west-1": 15.0, "us-east-1": 19.0}  # busiest hour, UTC
TOTAL = sum(TRAFFIC.values())
HORIZON = 2 * DAY
APART = 6  # days from one rollout to the next
BAD, SEVERITIES = 0.15, (0.05, 0.2, 0.5)
Waves = tuple[tuple[tuple[str, ...], float], ...]  # regions, and the minutes they bake
BROKEN = {
    "nothing": (),
    "starts spread within a wave": ("spread",),
    "waves start in office hours": ("office",),
    "traffic follows the hour": ("hours",),
    "alarms want 3 of 3 minutes of noisy rates": ("three",),
    "ECS rolls back one region, people the rest": ("regional",),
    "all of them together": ("spread", "office", "hours", "three", "regional"),
}


@dataclass
class Lived:
    """One rollout: when what happened, in minutes since its push; infinity where it did not.

    Attributes
    ----------
    start, end, back_from, back
        By region: its deployment's start and end, and its way back.
    halt, alarm_region
        When the first alarm rang, and whose.
    shipped
        Whether it was complete by then.
    end_minutes, share_exposed, impact_minutes
        As docs/model.md has them.
    """

    pushed: float
    start: dict[str, float] = field(default_factory=dict)
    end: dict[str, float] = field(default_factory=dict)
    back_from: dict[str, float] = field(default_factory=dict)
    back: dict[str, float] = field(default_factory=dict)
    halt: float = math.inf
    alarm_region: str = ""
    shipped: bool = False
    end_minutes: float = 0.0
    share_exposed: float = 0.0
    impact_minutes: float = 0.0


def lognormal(chance: np.random.Generator, median: float, p95: float) -> float:
    """Draw a duration by its median and its 95th percentile."""
    return median * math.exp(chance.standard_normal() * math.log(p95 / median) / 1.6448536269514722)


class Change:
    """One change: all that chance says of it, whatever the plan.

    Parameters
    ----------
    seed, number
        Which.
    broken
        What of the model's assumptions does not hold, see `BROKEN`.
    """

    def __init__(self, seed: int, number: int, broken: tuple[str, ...]) -> None:
        chance = np.random.default_rng([seed, number])
        self.broken, self.noise = broken, np.random.default_rng([seed, number, 1])
        self.pushed = number * APART * DAY + chance.uniform(0, DAY)
        if "office" in broken:
            day = number * APART + (number * APART) % 7 // 5 * 2  # day 0 is a Monday; no pushes at weekends
            self.pushed = day * DAY + chance.uniform(9, 17) * HOUR
        self.bad = bool(chance.random() < BAD)
        self.severity = float(chance.choice(SEVERITIES)) if self.bad else 0.0
        self.deploy = {name: lognormal(chance, 6, 12) for name in TRAFFIC}
        self.onset = {name: float(chance.exponential(4)) for name in TRAFFIC}
        self.evidence = {name: float(chance.exponential(400)) for name in TRAFFIC}
        self.lag = {name: float(chance.gamma(4, 1)) for name in TRAFFIC}
        self.back = {name: lognormal(chance, 5, 11) for name in TRAFFIC}
        self.people = {name: lognormal(chance, 40, 90) for name in TRAFFIC}
        self.spread = {name: float(chance.exponential(12)) for name in TRAFFIC}
        self.handover = [lognormal(chance, 15, 60) for _ in TRAFFIC]
        self.reaction = lognormal(chance, 3, 15)

    def lives(self, plan: Waves) -> Lived:
        """Roll it out."""
        found = Lived(self.pushed)
        now = 0.0
        for number, (regions, bake) in enumerate(plan):
            now = self._opens(now + (self.handover[number] if number else 0.0))
            for name in regions:
                found.start[name] = now + (self.spread[name] if "spread" in self.broken else 0.0)
                found.end[name] = found.start[name] + self.deploy[name]
            now = max(found.end[name] for name in regions) + bake
        self._alarm(found)
        self._halted(found, now)
        self._hurt(found)
        return found

    def _opens(self, minute: float) -> float:
        """Return when a wave may start: Monday to Friday, 9 to 17, where there are office hours."""
        if "office" not in self.broken:
            return minute
        at = self.pushed + minute
        while not (at // DAY % 7 < 5 and 9 * HOUR <= at % DAY < 17 * HOUR):
            day = at // DAY + (at % DAY >= 17 * HOUR or at // DAY % 7 >= 5)
            at = day * DAY + 9 * HOUR if day > at // DAY or at % DAY < 9 * HOUR else at
        return at - self.pushed

    def rate(self, name: str, minutes: np.ndarray) -> np.ndarray:
        """Return requests a minute, by minutes since the push."""
        if "hours" not in self.broken:
            return np.full(len(minutes), TRAFFIC[name])
        hour = (self.pushed + minutes) / HOUR - PEAK[name]
        return TRAFFIC[name] * (1 + 0.9 * np.cos(2 * math.pi * hour / 24))

    def _alarm(self, found: Lived) -> None:
        """Find the first alarm, as if nothing were halted before."""
        rings = {name: self._rings(name, found.end[name]) for name in found.end}
        found.alarm_region = min(rings, key=lambda name: rings[name])
        found.halt = rings[found.alarm_region]

    def _rings(self, name: str, served: float) -> float:
        begin = served + self.onset[name]
        if "three" in self.broken:
            return self._three(name, served, begin)
        if not self.bad:
            return math.inf
        if "hours" not in self.broken:
            return begin + self.evidence[name] / (TRAFFIC[name] * self.severity) + self.lag[name]
        minutes = np.arange(begin, HORIZON, 1.0)
        gathered = np.cumsum(self.rate(name, minutes) * self.severity)
        at = int(np.searchsorted(gathered, self.evidence[name]))
        return float(minutes[at] + 1 + self.lag[name]) if at < len(minutes) else math.inf

    def _three(self, name: str, served: float, begin: float) -> float:
        """Three minutes in a row with more than 2 % of the requests failed; 0.3 % fail in the best of times."""
        minutes = np.arange(math.floor(served), min(served + DAY, HORIZON), 1.0)
        asked = self.noise.poisson(self.rate(name, minutes))
        share = np.where(minutes >= begin, 0.003 + (1 - 0.003) * self.severity, 0.003)
        over = self.noise.binomial(asked, share) > 0.02 * np.maximum(asked, 1)
        runs = np.flatnonzero(over[2:] & over[1:-1] & over[:-2])
        return float(minutes[runs[0] + 2] + 1 + self.lag[name] / 2) if len(runs) else math.inf

    def _halted(self, found: Lived, done: float) -> None:
        found.shipped = found.halt >= done
        found.end_minutes = min(found.halt, done)
        if found.halt > HORIZON:
            found.halt, found.alarm_region = math.inf, ""
            return
        for name in [each for each, start in found.start.items() if start >= found.halt]:
            del found.start[name], found.end[name]
        for name in found.start:
            alone = "regional" in self.broken and name != found.alarm_region
            wait = self.people[name] if alone else 0.0 if "regional" in self.broken else self.reaction
            found.back_from[name] = found.halt + wait
            found.back[name] = found.back_from[name] + self.back[name]

    def _hurt(self, found: Lived) -> None:
        for name, end in found.end.items() if self.bad else ():
            if end < found.halt:
                share, until = TRAFFIC[name] / TOTAL, min(found.back.get(name, HORIZON), HORIZON)
                begin = end + self.onset[name]
                found.share_exposed += share
                if "hours" in self.broken:
                    minutes = np.arange(begin, until, 1.0)
                    found.impact_minutes += self.severity * float(self.rate(name, minutes).sum()) / TOTAL
                else:
                    found.impact_minutes += share * self.severity * max(until - begin, 0.0)


def lived(seed: int, numbers: range, plan: Waves, broken: tuple[str, ...]) -> list[Lived]:
    """Return rollouts of a plan: of the same numbers the same changes, whatever the plan."""
    return [Change(seed, number, broken).lives(plan) for number in numbers]
