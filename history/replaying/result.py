"""What a replay gives: paired differences with intervals, by service and month, and how much of it history knows.

Not here: how it is found (`replay`), its words (`summary`), its picture (`pictures`).
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from history.replaying import pictures, summary
from history.replaying.answer import FIGURES, Answer
from history.replaying.identity import Identity
from history.replaying.records import Floats
from history.replaying.shares import KINDS, Reach
from simulation import Duel, Scenario, Tape, duel
from waves import Plan

if TYPE_CHECKING:
    from simulation.plots import Picture

ALL = ("all", "")
POWER = 1.959964 + 0.841621  # to find a difference in four of five histories, at 95 %


@dataclass(frozen=True, eq=False)
class Differing:
    """A rollout that would have gone otherwise.

    Attributes
    ----------
    rollout, plan
        Its id, and the plan under which it differs most.
    size
        By how much on average over its worlds: fleet-minutes, minutes.
    used, scenario, seed, trial, tape
        What gives the world again that is nearest that average.
    explanation
        What raised the alarm in that world.
    differences
        By figure: the mean difference over its worlds, that plan minus what was.
    """

    rollout: str
    plan: str
    size: tuple[float, float]
    used: Plan = field(repr=False)
    scenario: Scenario = field(repr=False)
    seed: int
    trial: int
    tape: Tape = field(repr=False)
    explanation: str
    differences: Mapping[str, float]


@dataclass(frozen=True, eq=False, repr=False)
class Replay:
    """Recorded rollouts, replayed under other plans.

    Attributes
    ----------
    plans, scenario, seed, worlds
        What was asked, and how many worlds of each rollout there were.
    total
        How many rollouts were replayed, those that the scenario makes impossible included.
    left_out : Series
        By rollout: why it was not replayed.
    inferred
        Whether some plan that was really used had to be inferred.
    identity
        How often the plan really used gave back what had been recorded, and why it did not.
    impossible
        Why the scenario makes records impossible, and how many each.
    explanations
        What raised the recorded alarms, counted over worlds.
    effective : ndarray
        How many equally good worlds each halted rollout has.
    few
        How many rollouts have fewer than ten.
    hidden
        How many of the rollouts without a recorded fault are bad changes that nobody noticed, on average over worlds.
    differing
        The rollouts that would have gone most differently.
    """

    plans: Mapping[str, Plan]
    scenario: Scenario
    seed: int
    worlds: int
    total: int
    left_out: "pd.Series[str]"
    inferred: bool
    answer: Answer
    identity: Identity
    shares: Mapping[str, Mapping[str, float]]
    reach: Reach
    impossible: Counter[str]
    explanations: Counter[str]
    effective: Floats
    few: int
    hidden: float
    differing: tuple[Differing, ...]

    @property
    def replayed(self) -> int:
        """How many rollouts the answer is made of."""
        return self.answer.groups[ALL].rollouts if ALL in self.answer.groups else 0

    @property
    def bad(self) -> int:
        """How many of them had an alarm or an incident, or were set back by people."""
        return self.answer.groups[ALL].bad if ALL in self.answer.groups else 0

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Each plan minus what was, means a rollout: plan, figure, was, would, difference, low, high, unit."""
        return self._differences(ALL) if self.replayed else self._differences(None)

    def between(self, plan: str, other: str) -> pd.DataFrame:
        """Return one plan minus another, as `differences`.

        Raises
        ------
        KeyError
            For a plan that was not replayed.
        """
        names = list(self.plans)
        for each in (plan, other):
            if each not in names:
                raise KeyError(f"plan {each!r} was not replayed; there are {', '.join(names)}")
        return self._differences(ALL, base=names.index(other) + 1, only=plan)

    def by(self, kind: str) -> pd.DataFrame:
        """Return the differences by `service` or by `month`, with how many rollouts, and how many bad, each is made of.

        Raises
        ------
        ValueError
            For another kind of group.
        """
        if kind not in ("service", "month"):
            raise ValueError(f"there is no {kind!r} to part by; use service or month")
        groups = [key for key in self.answer.groups if key[0] == kind]
        parts = []
        for key in sorted(groups):
            sums, own = self.answer.groups[key], self._differences(key)
            own.insert(0, "bad", sums.bad)
            own.insert(0, "rollouts", sums.rollouts)
            own.insert(0, kind, key[1])
            parts.append(own)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _differences(self, group: tuple[str, str] | None, base: int = 0, only: str | None = None) -> pd.DataFrame:
        rows = []
        for p, name in enumerate(self.plans, start=1):
            if group is None:
                break
            for q, (figure, unit) in enumerate(FIGURES.items()):
                if only in (None, name):
                    was, would = (self.answer.mean(group, each, q) for each in (base, p))
                    mean, low, high, _ = self.answer.difference(group, p, base, q)
                    rows.append((name, figure, was, would, mean, low, high, unit))
        columns = ["plan", "figure", "was", "would", "difference", "low", "high", "unit"]
        return pd.DataFrame(rows, columns=columns)

    def needed(self, plan: str, figure: str = "impact_minutes") -> float:
        """Return how many recorded bad changes would tell a plan from what was: four of five times, at 95 %.

        NaN where no bad change was recorded; infinity where the two do not differ.
        """
        if not self.bad:
            return math.nan
        place = list(self.plans).index(plan) + 1
        mean, _, _, error = self.answer.difference(ALL, place, 0, list(FIGURES).index(figure))
        return self.bad * (POWER * error / abs(mean)) ** 2 if mean else math.inf

    @property
    def duels(self) -> list[Duel]:
        """The rollouts that would have gone most differently, as it was against the plan that changes most."""
        return [
            duel(each.used.replace(name="as it was"), self.plans[each.plan].replace(name=each.plan), each.scenario,
                 seed=each.seed, trial=each.trial, tape=each.tape)
            for each in self.differing
        ]  # fmt: skip

    @property
    def sentences(self) -> list[str]:
        """What the replay says, and what it cannot say, a sentence each."""
        return summary.sentences(self)

    def __repr__(self) -> str:
        return f"Replay({self.replayed:,} rollouts, {self.bad:,} bad, {len(self.plans)} plans, {self.worlds} worlds)"

    def __str__(self) -> str:
        return summary.text(self)

    def _repr_html_(self) -> str:
        return summary.html(self)

    def plot(self) -> "Picture":
        """Draw each plan's differences from what was, with intervals and the zero line."""
        from simulation.plots import offered

        return offered(pictures.differences(self))

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; None for what is not known."""
        effective = self.effective
        return {
            "rollouts": self.replayed,
            "bad": self.bad,
            "hidden_bad": self.hidden,
            "worlds": self.worlds,
            "seed": self.seed,
            "scenario": self.scenario.digest,
            "plans_inferred": self.inferred,
            "differences": summary.plain(self.differences),
            "by_service": summary.plain(self.by("service")),
            "by_month": summary.plain(self.by("month")),
            "shares": {name: {kind: own[kind] for kind in KINDS} for name, own in self.shares.items()},
            "bad_changes_needed": {name: summary.known(self.needed(name)) for name in self.plans},
            "identity": {
                "worlds": self.identity.worlds,
                "kept": self.identity.kept,
                "traced": self.identity.traced,
                "starts_kept": self.identity.started,
                "reasons": dict(self.identity.reasons),
            },
            "effective_worlds": {
                "least": float(effective.min()) if len(effective) else None,
                "median": float(np.median(effective)) if len(effective) else None,
                "below_ten": self.few,
            },
            "impossible": dict(self.impossible),
            "left_out": dict(Counter(self.left_out)),
            "extrapolated": [text for name, plan in self.plans.items() for text in self.reach.sentences(name, plan)],
            "differing": [
                {"rollout": each.rollout, "plan": each.plan, **each.differences, "alarm": each.explanation}
                for each in self.differing
            ],
            "sentences": self.sentences,
        }
