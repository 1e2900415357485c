"""An incident retold: its figures under each plan, in worlds that give what was typed; its sentences, and its picture.

Not here: how it is found (`incident`).
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from history.collecting.report import columns
from history.replaying import pictures, summary
from history.replaying.answer import FIGURES
from history.replaying.identity import Identity
from history.replaying.records import Floats
from history.replaying.replay import AS_IT_WAS
from history.replaying.timelines import Timelines
from history.replaying.typed import Typed
from history.replaying.worlds import NEEDED
from simulation import Scenario
from simulation.results.numerals import number, percent, signed
from waves import Plan
from waves.showing import counted, listed

if TYPE_CHECKING:
    from simulation.plots import Picture


@dataclass(frozen=True, eq=False, repr=False)
class Incident:
    """One incident typed by hand, retold under other plans.

    Attributes
    ----------
    plan, plans, scenario
        Under which it really went, the others by name, and what nobody knows of it.
    told
        What was typed, in minutes since the push.
    seed, worlds
        The seed, and how many worlds were asked for.
    tried, fitting
        How many timelines were drawn, and in how many of them just the named regions had traffic at the alarm.
    still
        By plan: the share of traffic that a rollout has exposed by the alarm's minute, whatever raised it: mean and
        95 % interval.
    values : ndarray, (M, P, Q)
        By world, plan (what was is the first) and figure; M is 0 where the incident is impossible.
    effective
        How many equally good worlds these are worth.
    identity
        In how many of them the plan really used gives back what was typed.
    explanations
        What raised the alarm, counted over worlds.
    impossible
        Why the scenario makes it impossible; empty where it does not.
    """

    plan: Plan
    plans: Mapping[str, Plan]
    scenario: Scenario
    told: Typed
    seed: int
    worlds: int
    tried: int
    fitting: int
    still: Mapping[str, Floats]
    values: Floats
    effective: float = 0.0
    identity: Identity = field(default_factory=Identity)
    explanations: Counter[str] = field(default_factory=Counter)
    impossible: str = ""

    def but(self, **changed: Any) -> Self:
        """Return the same with some attributes changed."""
        return replace(self, **changed)

    @property
    def share(self) -> float:
        """The share of the fleet's traffic that was exposed at the alarm, as it was typed."""
        return sum(self.scenario.fleet.shares[name] for name in self.told.regions)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Each plan minus what was: plan, figure, was, would, difference, low, high, unit.

        95 of 100 worlds lie between `low` and `high`.
        """
        found = []
        for p, name in enumerate(self.plans, start=1):
            for q, (figure, unit) in enumerate(FIGURES.items() if len(self.values) else ()):
                was, would = self.values[:, 0, q], self.values[:, p, q]
                low, high = np.quantile(would - was, [0.025, 0.975])
                found.append((name, figure, was.mean(), would.mean(), (would - was).mean(), low, high, unit))
        return pd.DataFrame(found, columns=["plan", "figure", "was", "would", "difference", "low", "high", "unit"])

    def less_impact(self, plan: str) -> float:
        """Return in what part of the worlds a plan has less impact than what was; NaN without worlds."""
        q = list(FIGURES).index("impact_minutes")
        p = list(self.plans).index(plan) + 1
        return float((self.values[:, p, q] < self.values[:, 0, q]).mean()) if len(self.values) else math.nan

    @property
    def sentence(self) -> str:
        """The whole in one sentence."""
        if self.impossible:
            return f"The scenario {self.scenario.name} makes this incident impossible: {self.impossible}."
        return f"The incident under {self.plan.name}, retold: {'; '.join(map(self._retold, self.plans))}."

    def _row(self, plan: str, figure: str) -> Any:
        all_ = self.differences
        return all_[(all_["plan"] == plan) & (all_["figure"] == figure)].iloc[0]

    def _retold(self, plan: str) -> str:
        share, impact = self._row(plan, "share_exposed"), self._row(plan, "impact_minutes")
        spread = (
            f", {signed(impact.low)} to {signed(impact.high)} in 95 of 100 worlds" if impact.low < impact.high else ""
        )
        more = "no other impact" if impact.difference == 0 else f"{signed(impact.difference)} fleet-minutes of impact"
        return (
            f"{plan} would have exposed {percent(share.would)} of the traffic in the place of {percent(share.was)} "
            f"({more}{spread})"
        )

    @property
    def sentences(self) -> list[str]:
        """What it says, how sure that is, and what it cannot say, a sentence each."""
        return [self.sentence, self._typed, *(self._can_still if self.impossible else self._sure), *self._all]

    @property
    def _typed(self) -> str:
        told = self.told
        back = "" if told.rollback is None else f", all back {number(told.rollback, 3)} minutes later"
        return (
            f"Typed: first deployment at minute {told.started:g}, alarm at minute {told.alarm:g} with traffic in "
            f"{listed(told.regions)}, {percent(self.share)} of the fleet's{back}."
        )

    @property
    def _can_still(self) -> list[str]:
        parts = [
            f"{percent(float(mean))} under {self.plan.name if name == AS_IT_WAS else name}"
            + (f" ({percent(float(low))} to {percent(float(high))})" if low < high else "")
            for name, (mean, low, high) in self.still.items()
        ]
        return [
            f"What can still be said: a rollout whose first deployment begins at minute {self.told.started:g}, and in "
            f"which nothing is wrong, has exposed by minute {self.told.alarm:g}, of the fleet's traffic, "
            f"{', '.join(parts)}."
        ]

    @property
    def _sure(self) -> list[str]:
        found = [
            f"Effective worlds: {number(self.effective)} of {self.worlds:,}; just these regions had traffic at the "
            f"alarm in {self.fitting:,} of {counted(self.tried, 'timeline')}.",
            f"What raised the alarm, by the scenario: {summary.causes(self.explanations)}.",
            f"Under {self.plan.name}, {self.identity.kept:,} of {self.identity.worlds:,} worlds gave back what was "
            "typed: outcome, end and alarm minute.",
        ]
        found += [
            f"Less impact under {name} in {percent(self.less_impact(name))} of the worlds." for name in self.plans
        ]
        if self.effective < NEEDED:
            found.append("Warning: fewer than ten effective worlds; the scenario hardly explains what was typed.")
        return found

    @property
    def _all(self) -> list[str]:
        known = "what was typed is kept, all other minutes and what was wrong with the change are the scenario's"
        return [
            f"One incident is an example, no forecast: {known} ({self.scenario.name}, {self.scenario.digest}), seed "
            f"{self.seed}.",
            "Impact rests on the scenario's severity, which detection times alone cannot tell from its evidence.",
        ]

    @property
    def table(self) -> list[list[str]]:
        """The figures as rows of text, with a head."""
        found = [["plan", "figure", "was", "would be", "difference", "95 of 100 worlds"]]
        for name in self.plans if len(self.values) else ():
            for figure, (text, write) in summary.SHOWN.items():
                row, factor = self._row(name, figure), 100.0 if write is percent else 1.0
                between = f"{signed(row.low * factor)} to {signed(row.high * factor)}"
                found.append([name, text, *summary.cells(row, write, between)])
        return found

    def __repr__(self) -> str:
        return f"Incident({self.plan.name}, {len(self.plans)} plans, {len(self.values)} worlds)"

    def __str__(self) -> str:
        laid = ["", columns(self.table), ""] if len(self.values) else []
        return "\n".join([self.sentences[0], *laid, *self.sentences[1:]])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(each)}</li>" for each in self.sentences[1:])
        return f"<p>{escape(self.sentence)}</p>{self.html_table}<ul>{said}</ul>"

    @property
    def html_table(self) -> str:
        """The figures as an HTML table; empty where there are none."""
        return summary.html_table(self.table)

    def plot(self) -> "Picture":
        """Draw each plan minus what was, with the interval of 95 of 100 worlds and the zero line."""
        from simulation.plots import offered

        caption = (
            f"Each plan minus what was under {self.plan.name}, in {counted(len(self.values), 'world')} that give what "
            f"was typed ({number(self.effective)} effective). Scenario {self.scenario.name} ({self.scenario.digest}), "
            f"seed {self.seed}. Whiskers: 95 of 100 worlds. Blue circle: better; red square: worse; grey diamond: "
            "worlds differ in that. Impact rests on the scenario's severity."
        )
        return offered(pictures.panels(list(self.plans), self.differences, self._title, caption))

    @property
    def _title(self) -> str:
        if self.impossible:
            return "The incident is impossible under the scenario"
        changes = {name: float(self._row(name, "impact_minutes").difference) for name in self.plans}
        best = min(changes, key=lambda name: changes[name])
        many = counted(len(changes), "other plan")
        least = f"least impact under {best}" if changes[best] < 0 else "no less impact than what was"
        return f"One incident under {many}: {least}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; None for what is not known."""
        told = self.told
        return {
            "plan": self.plan.name,
            "scenario": self.scenario.digest,
            "seed": self.seed,
            "worlds": len(self.values),
            "effective_worlds": self.effective,
            "timelines": {"tried": self.tried, "fitting": self.fitting},
            "typed": {
                "started_minutes": told.started,
                "alarm_minutes": told.alarm,
                "regions": list(told.regions),
                "rollback_minutes": told.rollback,
                "alarm_region": told.alarm_region,
                "harm_minutes": summary.known(told.harm),
                "hurt": None if told.hurt is None else list(told.hurt),
            },
            "impossible": self.impossible or None,
            "share_exposed_by_then": {
                name: dict(zip(("mean", "low", "high"), map(float, own), strict=True))
                for name, own in self.still.items()
            },
            "differences": summary.plain(self.differences),
            "less_impact": {name: summary.known(self.less_impact(name)) for name in self.plans},
            "alarm_by": dict(self.explanations),
            "identity": {"worlds": self.identity.worlds, "kept": self.identity.kept},
            "sentences": self.sentences,
        }


def impossible_regions(drawn: Timelines, told: Typed) -> str:
    """Say why no timeline has just the named regions exposed at the alarm."""
    names, at = drawn.scenario.fleet.names, drawn.exposed_at <= told.alarm
    many, by = f"{drawn.exposed_at.shape[1]:,} timelines", f"by minute {told.alarm:g}"
    going = drawn.going(told.alarm)
    waves = {name: w for w, wave in enumerate(drawn.plan.waves, start=1) for name in wave.regions}
    for name in sorted(told.regions, key=lambda each: -waves[each]):
        r = names.index(name)
        if not (at[r] & going).any():
            first = float(drawn.exposed_at[r].min())
            sooner = f"at the earliest at minute {number(first, 3)}" if math.isfinite(first) else "never"
            return (
                f"{name} is in wave {waves[name]} of {drawn.plan.name} and had traffic {sooner} in {many}, not {by}; "
                "see the waves' bakes and the scenario's deploy and handover"
            )
    for name in (each for each in waves if each not in told.regions):
        if at[names.index(name)][going].all():
            return f"{name}, which is not named, is in wave {waves[name]} and had traffic {by} in all of {many}"
    sets = Counter(tuple(np.asarray(names)[own].tolist()) for own in at[:, going].T)
    most, count = sets.most_common(1)[0] if sets else ((), 0)
    usual = listed(most) if most else "no region"
    return f"in none of {many} just {listed(told.regions)} had traffic {by}; most often, in {count:,}, {usual} had"


def impossible_alarm(found: Incident, reasons: Counter[str]) -> str:
    """Say why nothing in the scenario raises the alarm."""
    del reasons[""]
    return reasons.most_common(1)[0][0] if reasons else "no world of it gives what was typed"
