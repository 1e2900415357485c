"""The duel: the same bad change through two plans, on one clock.

Not here: the picture (``plots``), differences over many changes (``compare``).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.analysis.trace import Trace, trace
from simulation.rare_events.sampling import Method
from simulation.results.numerals import apart, percent, signed
from simulation.results.outcomes import Outcomes
from simulation.running.run import run_all
from simulation.scenario import Scenario
from simulation.tape import Tape
from waves import Plan
from waves.showing import Shown

SEARCHED = 20_000  # trials among which the typical bad change is looked for


@dataclass(frozen=True)
class Choice:
    """Which change stands for those that hurt under one plan or the other, and how typical it is.

    The change whose difference in impact, first plan minus second, is nearest the mean of these differences: what the
    comparison of the two says on average, one change says too. Which plan is first makes no difference.

    Attributes
    ----------
    trial
        Its number.
    trials, hurting, share
        Among how many trials it was looked for, how many of them hurt under one plan or the other, and what share of
        all changes they stand for.
    difference, mean, low, high
        The differences, in fleet-minutes: its own, the mean of all that hurt, and the middle half of them.
    differing, less
        The shares, of the changes that hurt, that cost something else under the other plan, and that differ by less
        than this one: a mean may lie far out, where few make most of it.
    """

    trial: int
    trials: int
    hurting: int
    share: float
    difference: float
    mean: float
    low: float
    high: float
    differing: float
    less: float

    @property
    def sentence(self) -> str:
        """Say how typical it is."""
        many = f"{percent(self.share)} of the changes hurt under one plan or the other"
        if not math.isfinite(self.mean):
            return f"{many}, some without end; it is the first of those"
        half = f"half of them differ by {apart(self.low, self.high)}"
        return (
            f"{many}, {percent(self.differing)} of these differently; between the plans they differ by "
            f"{signed(self.mean)} fleet-minutes on average (first minus second), and {half}; this one, by "
            f"{signed(self.difference)}, is nearest to the average, and {percent(self.less)} differ by less"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Duel(Shown):
    """One trial through two plans.

    Attributes
    ----------
    first, second
        The two rollouts, in the same world.
    choice
        Why it is this trial; None where the caller named it.
    """

    first: Trace
    second: Trace
    choice: Choice | None = None

    @property
    def sentence(self) -> str:
        """What the change cost under each plan."""
        a, b = self.first, self.second
        how = manner(a.plan), manner(b.plan)
        if how[0] == how[1]:
            how = f"under {a.plan.name}", f"under {b.plan.name}"
        if how[0] == how[1]:
            how = "under the first plan", "under the second"
        if a.row.impact_minutes == b.row.impact_minutes == 0:
            ends = (f"{t.row.outcome.replace('_', ' ')} {each}" for t, each in zip((a, b), how, strict=True))
            return f"The same change hurt nobody under either plan: {' and '.join(ends)}"
        x, y = pair(a.row.impact_minutes, b.row.impact_minutes)
        return f"The same bad change cost {x} fleet-minutes {how[0]} and {y} {how[1]}"

    @property
    def caption(self) -> str:
        """Which trial it is, and how anyone can see it again."""
        a = self.first
        why = (f"{self.choice.sentence}. " if self.choice else "") + (f"Pushed {a.pushed}. " if a.pushed else "")
        if a.tape is not None:
            return (
                f"Scenario {a.scenario.name} ({a.scenario.digest}), seed {a.seed}, trial {a.trial}: a recorded change; "
                "what its record fixes is the same for both plans, and so is what is drawn."
            )
        return why + (
            f"Scenario {a.scenario.name} ({a.scenario.digest}), seed {a.seed}, trial {a.trial}, {a.sampling} sampling: "
            "the same draws for both plans. "
            f"Again: simulation.duel(first, second, scenario, seed={a.seed}, trial={a.trial}{_how(a)})"
        )

    def _glance(self) -> str:
        return f"{self.sentence}; seed {self.first.seed}, trial {self.first.trial}"

    def _repr_html_(self) -> str:
        picture: str = self.plot()._repr_html_()
        return picture

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw both rollouts on one clock."""
        from simulation.plots import duel as picture
        from simulation.plots import offered

        return offered(picture(self))


def _how(side: Trace) -> str:
    return "" if side.sampling == "stratified" else f", sampling={side.sampling!r}"


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
    """Return the trial, among those that hurt, whose impact is the median of their changes'; the first such trial.

    Raises
    ------
    ValueError
        Where no trial hurt.
    """
    impact = outcomes.frame["impact_minutes"].to_numpy()
    hurting = np.flatnonzero(outcomes.defective & (impact > 0))
    if len(hurting) == 0:
        raise _nobody(outcomes)
    median = _quantile(impact[hurting], outcomes.shares[hurting], 0.5)
    return outcomes.trials[int(hurting[np.argmax(impact[hurting] == median)])]  # one of them is the median


def typical_change(first: Outcomes, second: Outcomes) -> Choice:
    """Choose the change that says of two plans what the comparison of many changes says.

    Of the changes that hurt under either plan, the one whose difference in impact is nearest the mean of their
    differences; of several as near, the one whose impact under both is nearest the mean, and of those the first. Where
    the mean has no end, the first that hurts without end under one plan alone.

    Parameters
    ----------
    first, second
        The same trials of two plans, on one seed.

    Raises
    ------
    ValueError
        Where no trial hurt.
    """
    impacts = [each.frame["impact_minutes"].to_numpy(dtype=float) for each in (first, second)]
    hurting = np.flatnonzero((impacts[0] > 0) | (impacts[1] > 0))
    if len(hurting) == 0:
        raise _nobody(first)
    a, b = (impact[hurting] for impact in impacts)
    weights = first.shares[hurting]
    with np.errstate(invalid="ignore"):
        differences = np.where(np.isclose(a, b, rtol=1e-9, atol=0), 0.0, a - b)  # rounding is none; nor both endless
        mean, total = (float(np.average(values, weights=weights)) for values in (differences, a + b))
    if np.isfinite(mean):
        off = np.abs(differences - mean)
        near = np.flatnonzero(np.isclose(off, off.min(), rtol=1e-12, atol=0))
        pick = near[np.argmin(np.abs(a + b - (total if np.isfinite(total) else 0.0))[near])]
    else:
        pick = np.argmax(np.isinf(differences))
    # The middle half from either side, so that it is the same whichever plan is first.
    low, high = -_quantile(-differences, weights, 0.75), _quantile(differences, weights, 0.75)
    return Choice(
        first.trials[int(hurting[pick])],
        len(first.trials),
        len(hurting),
        float(weights.sum()),
        float(differences[pick]),
        mean,
        low,
        high,
        float(weights[differences != 0].sum() / weights.sum()),
        float(weights[np.abs(differences) < abs(differences[pick])].sum() / weights.sum()),
    )


def _quantile(values: NDArray[np.float64], weights: NDArray[np.float64], p: float) -> float:
    order = np.argsort(values, kind="stable")
    along = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(along, along[-1] * p * (1 - 1e-12))]])


def _nobody(outcomes: Outcomes) -> ValueError:
    searched = f"no bad change hurt anybody in {len(outcomes.trials):,} trials"
    return ValueError(f"{searched}; name a trial, or take more trials or another seed")


def duel(
    first: Plan,
    second: Plan,
    scenario: Scenario,
    *,
    seed: int = 0,
    trial: int | None = None,
    sampling: Method = "stratified",
    tape: Tape | None = None,
) -> Duel:
    """Run the same change through two plans.

    Parameters
    ----------
    first, second, scenario
        The plans, and the scenario they share.
    seed
        As for `run`.
    trial
        Which change. If left out, that of `typical_change` among 20,000.
    sampling, tape
        As for `trace`. With a tape, a trial must be named.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        Where no trial was named and none of 20,000 hurt, or there is a tape.
    """
    choice = None
    if trial is None and tape is not None:
        raise ValueError("with a tape, name the trial")
    if trial is None:
        choice = typical_change(*run_all([first, second], scenario, trials=SEARCHED, seed=seed, sampling=sampling))
        trial = choice.trial
    a, b = (trace(plan, scenario, seed=seed, trial=trial, sampling=sampling, tape=tape) for plan in (first, second))
    return Duel(a, b, choice)
