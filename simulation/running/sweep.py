"""Many plans in the same worlds with the compiled engine: merged blocks of trials, and a precision to reach.

Trials come in fixed blocks of 4,096. Each block's sums are made from nothing and merged in the order of the blocks, so
the bytes are the same for any number of threads, workers and jobs. Not here: the jobs (``jobs``), the compiled code
(``kernel``), what the sums mean (``tally``).
"""

import math
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simulation.arguments import Workers, check_confidence, check_precision, check_workers, how_many, outside, whole
from simulation.draws import check_address
from simulation.engine import layout
from simulation.rare_events.sampling import Method, Sampling, sampling_of
from simulation.results.bars import Shelf
from simulation.results.figures import FIGURES, PAIRED, UNITS, estimated
from simulation.results.numerals import several
from simulation.results.summary import COLUMNS, differing, figures
from simulation.results.tally import Bins, SumPair, Tally
from simulation.running.horizon import mind_the_horizon
from simulation.running.jobs import (
    GROUP,
    JOBS,
    JOBS_A_THREAD,
    Histograms,
    Job,
    Summed,
    handed_out,
    jobs_of,
    most_waiting,
    plan_groups,
)
from simulation.scenario import Scenario
from simulation.setting import settings_of
from waves import Plan, did_you_mean
from waves.progress import tqdm
from waves.showing import ROWS, Html, Shown, counted, glimpse

USUAL = 100_000  # trials, where nothing is said
SHOWN = ("share_exposed_mean", "impact_minutes_mean", "minutes_to_ship")  # in a notebook
PLAIN = 64  # plans, up to which histograms have fine bins


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Shown):
    """Many plans over the same trials, as sums; the first is the baseline.

    Attributes
    ----------
    tallies
        By the plan's name, in the order given.
    trials
        How many rollouts each plan had.
    confidence
        The confidence of every interval.
    """

    tallies: dict[str, Tally]
    trials: int
    confidence: float

    @property
    def baseline(self) -> str:
        """The name of the first plan."""
        return next(iter(self.tallies))

    def _glance(self) -> str:
        return f"{counted(len(self.tallies), 'plan')}, {counted(self.trials, 'rollout')} each, against {self.baseline}"

    def _repr_html_(self) -> Html:
        first = [(name, self.tallies[name].summary(self.confidence)) for name in [*self.tallies][:ROWS]]
        rows = [(name, *("{} ({})".format(*estimated(*row)) for row in _shown(summary))) for name, summary in first]
        rest = [()] * (len(self.tallies) - len(first))
        return glimpse(self._glance(), ("plan", *(FIGURES[figure] for figure in SHOWN)), [*rows, *rest])

    @cached_property
    def summaries(self) -> dict[str, pd.DataFrame]:
        """Each plan's summary, by its name."""
        return {name: tally.summary(self.confidence) for name, tally in self.tallies.items()}

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Plan minus baseline in the same worlds: as `Comparison.differences`."""
        base = self.tallies[self.baseline]
        rows = {
            (name, figure): differing(SumPair(base, tally), figure, unit, self.confidence)
            for name, tally in self.tallies.items()
            if name != self.baseline
            for figure, unit in PAIRED.items()
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["plan", "figure"])
        return pd.DataFrame(list(rows.values()), index=index, columns=["difference", *COLUMNS[1:]])


def _shown(summary: pd.DataFrame) -> Iterator[tuple[float, float, float, str]]:
    for figure in SHOWN:
        row: Any = summary.loc[figure]
        yield row["estimate"], row["low"], row["high"], row["unit"]


def sweep(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int = 0,
    sampling: Method = "stratified",
    precision: Mapping[str, float] | None = None,
    confidence: float = 0.95,
    workers: Workers = 1,
    bits: int | None = None,
    progress: bool = False,
) -> Sweep:
    """Roll many plans out in the same worlds with the compiled engine, keeping sums only.

    Parameters
    ----------
    plans
        By name; the first is the baseline.
    scenario, seed, sampling
        As for `run`.
    trials
        How many rollouts of each plan; 100,000 if left out. With a precision, at most so many: 10 million if left out.
    precision
        In the place of a number of trials: from a figure, such as `share_exposed_p95`, or `share_exposed` for its mean,
        to the half-width its interval shall have for every plan. The sweep ends with the first block of 4,096 trials at
        which all have; where none does, a warning says how far it came.
    confidence
        Of every interval.
    workers
        How many threads to use, −1 for as many as there are cores; or any `concurrent.futures` executor, of processes
        or machines too, which stays yours. The answer is the same to the byte.
    bits
        Histogram bins are 2^−bits of an octave wide: 8 for up to 64 plans, else 5, if left out.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        For no plans, an unknown figure, or numbers out of range.
    BrokenExecutor
        Where a worker of the executor died and the executor cannot replace it.
    """
    trials, seed, confidence = check_sweep(plans, trials, seed, confidence, bits, precision)
    workers = check_workers(workers)
    settings = settings_of(plans, scenario)
    design = sampling_of(scenario, sampling)
    gathering = Gathering(plans, scenario, seed, trials, design, bits)
    wanted = _precision(precision)
    jobs = jobs_of(settings, seed, gathering.bins.bits, trials, design, apart=bool(wanted), jobs=_least(workers))
    with (
        handed_out(jobs, workers, most_waiting(min(len(plans), GROUP))) as results,
        tqdm(total=trials * len(plans), unit="rollout", disable=not progress, leave=False, unit_scale=True) as bar,
    ):
        for job, parts in results:
            done = gathering.add(job, parts, wanted, confidence)
            del parts  # megabytes, which need not wait for the next
            bar.update(len(job.trials) * job.plans)
            if done:
                break
        else:
            gathering.warn(wanted, confidence)
    mind_the_horizon(plans, scenario, seed)
    return Sweep(gathering.tallies(), gathering.trials, confidence)


def _least(workers: Workers) -> int:
    """Return into how many jobs to cut a sweep at least, so that workers end at about the same time."""
    if isinstance(workers, Executor):
        return JOBS
    return 1 if workers == 1 else workers * JOBS_A_THREAD


def check_sweep(
    plans: Mapping[str, Plan],
    trials: int | None,
    seed: int,
    confidence: float = 0.95,
    bits: int | None = None,
    precision: Mapping[str, float] | None = None,
) -> tuple[int, int, float]:
    """Refuse arguments of `sweep` that cannot be; return trials, seed and confidence as Python's own numbers."""
    if not plans:
        raise ValueError("there are no plans to sweep; give at least one")
    if not isinstance(plans, Mapping) or not all(isinstance(plan, Plan) for plan in plans.values()):
        raise ValueError("plans must be a mapping from names to plans, such as {'today': plan}")
    trials = how_many(trials, precision, USUAL)
    check_address(seed, range(trials))
    if bits is not None:
        whole("bits", bits, 1, 12)
    return trials, int(seed), check_confidence(confidence)


def _precision(precision: Mapping[str, float] | None) -> dict[str, float]:
    halves, known = check_precision(precision), set(FIGURES)
    found = dict[str, float]()
    for figure, half in halves.items():
        name = f"{figure}_mean" if f"{figure}_mean" in known else figure
        if name not in known:
            chance = f"probability_{figure}"
            near = f"; did you mean {chance!r}?" if chance in known else did_you_mean(str(figure), {*known, *UNITS})
            remedy = near or "; see the figures of a summary"
            raise ValueError(f"precision: {figure!r} is not a figure{remedy}")
        found[name] = min(half, found.get(name, half))
    return found


class Gathering:
    """The sums of all plans so far, block by block."""

    def __init__(
        self,
        plans: Mapping[str, Plan],
        scenario: Scenario,
        seed: int,
        trials: int,
        sampling: Sampling,
        bits: int | None = None,
    ) -> None:
        self.plans, self.scenario, self.seed, self.sampling = list(plans.items()), scenario, seed, sampling
        self.bins = Bins(bits if bits is not None else (8 if len(plans) <= PLAIN else 5))
        self.trials = 0
        self._last = 0  # the plan that was not precise enough: the first to look at after the next block
        regions, strata = max(len(plan.regions) for plan in plans.values()), len(sampling.strata)
        self.sums = np.zeros((len(plans), strata, layout.SUMS))
        self.cross = np.zeros((len(plans), strata, layout.CROSS))
        self.regional = np.zeros((len(plans), strata, 3, regions))
        whole = np.int32 if trials < 2**31 else np.int64  # enough for trials; those of several strata weigh units
        shape, octaves = (len(layout.SHAPES), self.bins.count), (strata, len(layout.SHAPES), self.bins.octaves)
        self.counts = Shelf(shape, 2**self.bins.bits, len(plans), whole if strata == 1 else np.int64)
        self.octaves = Shelf(octaves, 1, len(plans), whole) if strata > 1 else None
        self._pending: list[tuple[range, Summed]] = []

    def add(self, job: Job, parts: list[Summed], wanted: dict[str, float], confidence: float) -> bool:
        """Merge a job's blocks; where a precision is wanted, up to one after which all plans are as precise.

        Return whether there is one. Blocks count once all groups of plans have brought theirs.
        """
        groups = plan_groups(len(self.plans))
        self._pending += zip(groups[job.first : job.first + len(parts)], parts, strict=True)
        last = job.first + len(parts) == len(groups)
        if wanted and not last:
            return False
        for number, block in enumerate(job.blocks):
            for rows, part in self._pending:
                self._merge(slice(rows.start, rows.stop), part, number)
            if last:
                self.trials += len(block)
                if wanted and self._precise(wanted, confidence):
                    return True
        self._pending.clear()
        return False

    def _merge(self, rows: slice, part: Summed, number: int) -> None:
        sums, cross, regional = part.blocks[number]
        self.sums[rows] += sums
        self.cross[rows] += cross
        self.regional[rows, ..., : regional.shape[3]] += regional
        if number < len(part.counts):
            self._count(rows, part.counts[number])

    def _count(self, rows: slice, found: Histograms) -> None:
        plan, place = np.divmod(found.indices, math.prod(self.counts.shape))
        own = self.counts.keep(place)
        self.counts.rows[own, rows.start + plan] += found.units.astype(self.counts.rows.dtype, copy=False)
        if self.octaves:
            own = self.octaves.keep(found.octaves)
            self.octaves.rows[own, rows] += found.trials.T

    def _precise(self, wanted: dict[str, float], confidence: float) -> bool:
        order = [*range(self._last, len(self.plans)), *range(self._last)]
        self._last = next((n for n in order if not _reaches(self.tally(n), wanted, confidence)), -1)
        return self._last < 0

    def warn(self, wanted: dict[str, float], confidence: float) -> None:
        """Say how far from the precision wanted all trials have left which plan."""
        for n, (plan, _) in enumerate(self.plans if wanted else []):
            of = figures(self.tally(n))
            for name in sorted(wanted, key=list(of).index):
                estimate = of[name][1](confidence)
                half = (estimate.high - estimate.low) / 2
                if not half <= wanted[name]:
                    finer = "" if name.endswith("_mean") else ", more bits= for narrower bins"
                    what = "has no interval" if math.isnan(half) else f"is known to ±{half:.3g}"
                    warnings.warn(
                        f"after {several(self.trials, 'trial')} {name} of {plan!r} {what}, and ±{wanted[name]:.3g} "
                        f"was asked for; give more trials{finer}, or a wider precision",
                        stacklevel=outside(),
                    )
                    return

    def tallies(self) -> dict[str, Tally]:
        """Return the plans' tallies so far."""
        return {name: self.tally(n) for n, (name, _) in enumerate(self.plans)}

    def tally(self, n: int) -> Tally:
        """Return the tally of one plan so far."""
        plan = self.plans[n][1]
        regional = self.regional[n, ..., : len(plan.regions)]
        octaves = self.octaves.of(n) if self.octaves else None
        own = (self.sums[n], self.cross[n], regional, self.counts.of(n), octaves, self.bins)
        return Tally(plan, self.scenario, self.seed, self.sampling.method, self.trials, *own)


def _reaches(tally: Tally, wanted: dict[str, float], confidence: float) -> bool:
    """Return whether the intervals of a plan's figures are as narrow as wanted."""
    of = figures(tally)
    ends = ((of[name][1](confidence), half) for name, half in wanted.items())
    return all((estimate.high - estimate.low) / 2 <= half for estimate, half in ends)
