"""Rare events: figures estimated by strata of what went wrong, with exact weights, instead of by waiting for them.

The public side: `rare` and what it returns, and when enough has been sampled. Not here: how strata come about
(``strata``, ``factors``), the estimate and its interval (``stratified``), which figures there are (``targets``). How it
works, when it helps and when not: docs/rare-events.md.
"""

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from simulation.arguments import Workers, check_workers, is_number, outside
from simulation.rare_events.factors import Floats
from simulation.rare_events.stratified import LEAST, Sums, Survey, Task, Work
from simulation.rare_events.targets import target_of
from simulation.results.numerals import several
from simulation.results.statistics import Estimate
from simulation.running.horizon import mind_the_horizon
from simulation.running.jobs import handed_out, most_waiting
from simulation.running.sweep import check_sweep
from simulation.scenario import Scenario
from waves import Plan
from waves.progress import tqdm
from waves.showing import Shown, counted

FINEST = 1e-9  # the least precision: a share of the estimate
PILOT = 256  # trials of each stratum from which the first allocation is made
CREEP = 1.25  # times as many trials as did not quite suffice
GROW = 8  # times as many trials as allocated them may be reported; else a larger pilot comes first


@dataclass(frozen=True, eq=False, repr=False)
class Rare(Shown):
    """Figures estimated by strata.

    Attributes
    ----------
    scenario, seed, confidence
        As asked for.
    trials
        How many rollouts each plan had, those included that only served to divide the others among the strata.
    precise
        Whether every figure has the precision asked for; None where none was.
    table
        One row a plan and figure: `estimate`, `low`, `high`, `unit`, and `gain`: how many times as many trials crude
        sampling would need for an interval of this width, computed from the variance of a single rollout.
    strata
        One row a stratum: `what_went_wrong`, its exact `weight`, its `trials` in the estimate (0 where the figure is
        known), and the figure's `estimate` there; one such column a plan and figure where there are several.
    """

    scenario: Scenario
    seed: int
    confidence: float
    trials: int
    precise: bool | None
    table: pd.DataFrame = field(repr=False)
    strata: pd.DataFrame = field(repr=False)

    @property
    def estimate(self) -> Estimate:
        """The first figure of the first plan, with its interval."""
        return Estimate(*(float(self.table[end].iloc[0]) for end in ("estimate", "low", "high")))

    @property
    def gain(self) -> float:
        """The gain in the first figure of the first plan."""
        return float(self.table["gain"].iloc[0])

    def _glance(self) -> str:
        first = self.table.iloc[0]
        value = f"{first['estimate']:.4g} ({first['low']:.4g} to {first['high']:.4g}) {first['unit']}"
        return (
            f"{counted(len(self.table), 'figure')} from {counted(self.trials, 'rollout')} by strata; the first: {value}"
        )

    def _repr_html_(self) -> str:
        head = f"{self.trials:,} rollouts by strata, seed {self.seed}, intervals of {self.confidence:.4g}"
        shown = self.strata.sort_values("trials", ascending=False, kind="stable")
        return f"<p>{escape(head)}</p>{_html(self.table)}{_html(shown)}"


def _html(table: pd.DataFrame) -> str:
    return str(table.to_html(float_format=lambda value: f"{value:.4g}", escape=True))


def rare(
    plan: Plan | Mapping[str, Plan],
    scenario: Scenario,
    figure: str | Sequence[str] = "probability_regions_exposed_at_least_2",
    *,
    precision: float | None = 0.01,
    trials: int = 1_000_000,
    seed: int = 0,
    confidence: float = 0.95,
    workers: Workers = 1,
    progress: bool = False,
) -> Rare:
    """Estimate how likely or how costly rare events are, by strata of what went wrong.

    Parameters
    ----------
    plan
        One plan, or several by name: they meet the same worlds.
    scenario
        What we don't know about it.
    figure
        One or several of `probability_X_at_least_N` with X one of regions_exposed, share_exposed, peak_share and
        impact_minutes, such as `probability_share_exposed_at_least_0.5`; `probability_` and an outcome, `shipped` or
        `failover_hit`; and X`_mean`.
    precision
        The half-width that intervals shall have, as a share of the estimate, 1e-9 at the least; without one, all trials
        are used. Where they do not suffice a warning says so, and `precise` is false.
    trials
        How many rollouts of each plan, at most.
    seed
        From 0 to 2⁶⁴ − 1. The answer depends on it, and not on who works it out.
    confidence
        Of every interval.
    workers
        How many threads to use, −1 for as many as there are cores; or any `concurrent.futures` executor, of processes
        or machines too, which stays yours. The answer is the same to the byte.
    progress
        Whether to show a progress bar on standard error. Its end moves: each stage shows how many rollouts the next
        one needs.

    Returns
    -------
    Rare
        With `estimate`, `gain`, `table`, `strata`, `trials` and `precise`.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        For no plans, an unknown figure, or numbers out of range.
    BrokenExecutor
        Where a worker of the executor died and the executor cannot replace it.
    """
    plans: Mapping[str, Plan] = {plan.name: plan} if isinstance(plan, Plan) else plan
    names = [figure] if isinstance(figure, str) or not isinstance(figure, Iterable) else list(figure)
    precision = _check(plans, names, precision)
    trials, seed, confidence = check_sweep(plans, trials, seed, confidence)
    workers = check_workers(workers)
    survey = Survey(plans, scenario, [target_of(name) for name in names], seed)
    with tqdm(total=0, unit="rollout", disable=not progress, leave=False, unit_scale=True) as bar:
        crew = Crew(workers, bar, survey)
        found, precise = _sample(survey, crew.work, precision, trials, confidence)
    targets = [(str(name), each) for name in plans for each in names]
    table = _table(survey, found, targets, confidence)
    _warn(precise, precision, trials)
    if any("impact_minutes" in name for name in names):
        mind_the_horizon(plans, scenario, seed)
    return Rare(scenario, seed, confidence, survey.spent, precise, table, _strata(survey, found, targets))


def _warn(precise: bool | None, precision: float | None, trials: int) -> None:
    if precise is False:
        warnings.warn(
            f"after {several(trials, 'trial')} of each plan not every estimate is known to ±{precision:.3g} of itself; "
            "give more trials, or a wider precision",
            stacklevel=outside(),
        )


def _table(survey: Survey, found: Sums, targets: list[tuple[str, str]], confidence: float) -> pd.DataFrame:
    estimates = [survey.interval(found, p, e, confidence) for p, e in np.ndindex(survey.low.shape[1:])]
    gains = _gains(survey, found, estimates, confidence)
    units = [each.unit for each in survey.events] * survey.low.shape[1]
    rows = [(*own, unit, gain) for own, unit, gain in zip(estimates, units, gains, strict=True)]
    index = pd.MultiIndex.from_tuples(targets, names=["plan", "figure"])
    return pd.DataFrame(rows, index=index, columns=["estimate", "low", "high", "unit", "gain"])


def _check(plans: Mapping[str, Plan], figures: list[str], precision: float | None) -> float | None:
    if not plans or not figures:
        raise ValueError("there is nothing to estimate; give at least one plan and one figure")
    twice = next((name for name in figures if figures.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is asked for {figures.count(twice)} times; name each figure once")
    if precision is not None and not (is_number(precision) and FINEST <= precision < math.inf):
        raise ValueError(
            f"precision is {precision!r}; give a share of the estimate of at least {FINEST:g}, such as 0.01, or None"
        )
    return None if precision is None else float(precision)


@dataclass(frozen=True)
class Crew:
    """Who works on a survey: our own threads or an executor, and the bar that shows how far they are."""

    workers: Workers
    bar: Any
    survey: Survey

    def work(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, list[Floats]]]:
        """Run tasks, and yield them with what they found, in their order."""
        plans = self.survey.low.shape[1]
        self.bar.total = self.survey.spent * plans
        with handed_out(tasks, self.workers, most_waiting(plans)) as results:
            for task, blocks in results:
                yield task, blocks
                self.bar.update(len(task.trials) * plans)


def _sample(
    survey: Survey, work: Work, precision: float | None, trials: int, confidence: float
) -> tuple[Sums, bool | None]:
    """Sample in stages: each divides its trials by those before it, and only the last one is reported.

    What decides how many trials a stratum gets is thus never part of its estimate, which would bias it.
    """
    count = len(survey.strata)
    if count == 0:
        return survey.stage(np.zeros(0, dtype=np.int64), work), None if precision is None else True
    pilot = min(PILOT, trials // (4 * count))
    if pilot < LEAST:
        raise ValueError(f"trials is {trials}; {count} strata need at least {4 * count * LEAST:,}, so give more")
    before = survey.stage(np.full(count, pilot), work)
    found = None
    while True:
        most = trials - survey.spent
        counts = survey.divided(before, confidence, precision, most)
        if found is None and counts.sum() > GROW * before.trials.sum():
            before = before.plus(survey.stage(LEAST + counts // GROW, work))
            continue
        if found is not None and counts.sum() <= found.trials.sum():
            # Skewness widens what the allocation foresees, and what is only bounded shrinks up to twice as fast.
            wide = _too_wide(survey, found, precision, confidence) if precision is not None else math.inf
            more = min(max(wide**1.5, CREEP), GROW) if math.isfinite(wide) else CREEP
            counts = np.ceil(found.trials * (more if found.trials.sum() * more < most else CREEP)).astype(np.int64)
            if precision is None or counts.sum() > most:
                return found, False
        found = survey.stage(counts, work)
        if precision is None:
            return found, None
        if _too_wide(survey, found, precision, confidence) <= 1:
            return found, True
        before = before.plus(found)


def _too_wide(survey: Survey, found: Sums, precision: float, confidence: float) -> float:
    """Return how many times as wide as asked for the widest interval is; infinite where one has no end."""
    estimates = [survey.interval(found, p, e, confidence) for p, e in np.ndindex(survey.low.shape[1:])]
    halves = [(own.high - own.low) / 2 for own in estimates]
    wide = [
        0.0 if half == 0 else half / (precision * own.value) if own.value > 0 and math.isfinite(half) else math.inf
        for half, own in zip(halves, estimates, strict=True)
    ]
    return max(wide)


def _gains(survey: Survey, found: Sums, estimates: list[Estimate], confidence: float) -> list[float]:
    """Return crude trials for the same half-width, z² variance / half-width², over the trials spent."""
    z = float(special.ndtri((1 + confidence) / 2))
    gains = []
    for own, variance in zip(estimates, survey.crude(found).ravel(), strict=True):
        half = (own.high - own.low) / 2
        gains.append(z * z * float(variance) / half**2 / max(survey.spent, 1) if half != 0 else math.inf)
    return gains


def _strata(survey: Survey, found: Sums, targets: list[tuple[str, str]]) -> pd.DataFrame:
    """Tell every stratum with what was found there, those known last."""
    columns = ["estimate"] if len(targets) == 1 else [", ".join(target) for target in targets]
    rows = []
    for h, each in enumerate(survey.strata):
        means = np.where(each.low == each.high, each.low, found.sums[h, ..., 1] / found.trials[h])
        rows.append((each.what, each.weight, int(found.trials[h]), *means.ravel()))
    rows += [(each.what, each.weight, 0, *each.low.ravel()) for each in survey.cut.strata if each.known]
    return pd.DataFrame(rows, columns=["what_went_wrong", "weight", "trials", *columns])
