"""The duel: the same bad change through two plans, on one clock.

Not here: the picture (``plots``), differences over many changes (``compare``).
"""

import math
from dataclasses import dataclass

import numpy as np

from simulation.analysis.trace import Trace, trace
from simulation.results.outcomes import Outcomes
from simulation.running.run import run
from simulation.scenario import Scenario
from waves import Plan

SEARCHED = 20_000  # trials among which the typical bad change is looked for


@dataclass(frozen=True, eq=False)
class Duel:
    """One trial through two plans.

    Attributes
    ----------
    first, second
        The two rollouts, in the same world.
    """

    first: Trace
    second: Trace

    @property
    def sentence(self) -> str:
        """What the change cost under each plan."""
        a, b = self.first, self.second
        how = manner(a.plan), manner(b.plan)
        if how[0] == how[1]:
            how = f"under {a.plan.name}", f"under {b.plan.name}"
        if a.row.impact_minutes == b.row.impact_minutes == 0:
            ends = (f"{t.row.outcome.replace('_', ' ')} {each}" for t, each in zip((a, b), how, strict=True))
            return f"The same change hurt nobody under either plan: {' and '.join(ends)}"
        x, y = pair(a.row.impact_minutes, b.row.impact_minutes)
        return f"The same bad change cost {x} fleet-minutes {how[0]} and {y} {how[1]}"

    @property
    def caption(self) -> str:
        """Which trial it is, and how anyone can see it again."""
        a = self.first
        return (
            f"Scenario {a.scenario.name} ({a.scenario.digest}), seed {a.seed}, trial {a.trial}: "
            "the same draws for both plans. "
            f"Again: simulation.duel(first, second, scenario, seed={a.seed}, trial={a.trial})"
        )

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw both rollouts on one clock."""
        from simulation.plots import duel as picture

        return picture(self)


def manner(plan: Plan) -> str:
    """Say how a plan goes about it: `all at once`, `one at a time`, `in waves of 1, 2 and 3`."""
    shape = plan.shape
    if len(shape) == 1:
        return "all at once"
    if set(shape) == {1}:
        return "one at a time"
    return f"in waves of {', '.join(map(str, shape[:-1]))} and {shape[-1]}"


def pair(a: float, b: float) -> tuple[str, str]:
    """Write two numbers with as few digits as tell them apart and say what they are."""
    for digits in (2, 3, 4):
        x, y = (_plain(value, digits) for value in (a, b))
        if x != y or math.isclose(a, b, rel_tol=1e-9):
            break
    return x, y


def _plain(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    if not np.isfinite(value):
        return "endless"
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}" if value >= 1e-4 else f"{value:.{digits - 1}e}"


def typical_defect(outcomes: Outcomes) -> int:
    """Return the trial, among those that hurt, whose impact is nearest their median; the first such trial.

    Raises
    ------
    ValueError
        Where no trial hurt.
    """
    impact = outcomes.frame["impact_minutes"].to_numpy()
    hurting = np.flatnonzero(outcomes.defective & (impact > 0))
    if len(hurting) == 0:
        searched = f"no bad change hurt anybody in {len(outcomes.trials):,} trials"
        raise ValueError(f"{searched}; name a trial, or take more trials or another seed")
    median = np.quantile(impact[hurting], 0.5, method="inverted_cdf")
    return outcomes.trials[int(hurting[np.argmax(impact[hurting] == median)])]  # one of them is the median


def duel(first: Plan, second: Plan, scenario: Scenario, *, seed: int = 0, trial: int | None = None) -> Duel:
    """Run the same change through two plans.

    Parameters
    ----------
    first, second, scenario
        The plans, and the scenario they share.
    seed
        As for `run`.
    trial
        Which change. If left out, a typical bad one: of the trials that hurt under the first plan, the one nearest
        their median impact.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        Where no trial was named and none of 20,000 hurt.
    """
    if trial is None:
        trial = typical_defect(run(first, scenario, trials=SEARCHED, seed=seed))
    return Duel(trace(first, scenario, seed=seed, trial=trial), trace(second, scenario, seed=seed, trial=trial))
