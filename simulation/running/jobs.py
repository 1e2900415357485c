"""Sweeps cut into jobs for any worker, and jobs run on an executor, their results in order.

A job is whole blocks of 4,096 trials. A block's sums do not depend on the job it is in, so neither does their total.
Not here: merging results (``sweep``), jobs without an executor (``shards``).
"""

import hashlib
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import Workers
from simulation.engine import layout, packing, stream, worker
from simulation.engine.fingerprint import check_edition, edition
from simulation.rare_events.sampling import BLOCK as BLOCK
from simulation.rare_events.sampling import Sampling
from simulation.results.tally import Bins
from simulation.setting import Setting

STRETCH = 256  # bins, an even number
TOGETHER = 8  # blocks worked on stratum by stratum, so that histograms are emptied once for all of them
GROUP = 256  # plans that a worker takes at once, the baseline among them: their histograms fit the cache
LARGEST = 2**23  # rollouts in a job, at most: about a second, so that nobody waits long for an end
LONGEST = 2**20  # trials in a job, at most: a single plan's take longer, as it has its draws for itself
JOBS = 32  # a sweep is cut into at least so many jobs for workers of whom we know nothing, to end at about one time
JOBS_A_THREAD = 4  # and so many for each of our own threads, as a job's histograms take time to empty
KEPT = 2**30  # bytes of results that may wait for one that is late
BYTES_A_PLAN = 2**15  # of a job's result, about


class Histograms(NamedTuple):
    """What a job's histograms hold: the bins that are not empty, numbered plan by plan, and what is in them.

    `units` counts changes, in units of a small part of a trial, so that whole numbers add up to the same in any order.
    `octaves` counts trials by stratum with a bin an octave: those of them, numbered as (strata, shapes, octaves), that
    any plan has something in, and what is in them, shape (plans, octaves). With one stratum, `units` say it all.
    """

    indices: NDArray[Any]
    units: NDArray[Any]
    octaves: NDArray[np.int64]
    trials: NDArray[np.int32]


class Summed(NamedTuple):
    """What a job found out about a group of plans, the baseline left out of all groups but the first.

    `blocks` has each block's sums (plans, strata, SUMS), products (plans, strata, CROSS) and regional sums (plans,
    strata, 3, regions); `counts` the histograms: block by block where a precision may stop after each, else once for
    the whole job.
    """

    blocks: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]
    counts: list[Histograms]


@dataclass(frozen=True)
class Job:
    """A whole job for any worker: packed plans and scenario, and which trials.

    Attributes
    ----------
    worlds, groups, sampling
        The scenario and some groups of plans, the baseline first in each; how worlds are sampled.
    first
        The number of the first of these groups among all.
    bits
        Of the histograms' bins.
    trials
        Which, from the start of a block on.
    apart
        Whether each block has histograms of its own.
    edition
        That of the engine which packed the arrays.
    """

    worlds: layout.Worlds
    groups: tuple[layout.Plans, ...]
    first: int
    sampling: Sampling
    bits: int
    trials: range
    apart: bool
    edition: str

    @property
    def blocks(self) -> list[range]:
        """The job's trials, block by block."""
        return [self.trials[at : at + BLOCK] for at in range(0, len(self.trials), BLOCK)]

    @property
    def plans(self) -> int:
        """How many plans it brings results of: the baseline is the first group's."""
        return sum(len(plans.order) - min(n, 1) for n, plans in enumerate(self.groups, self.first))

    @property
    def key(self) -> str:
        """A digest of all that its result depends on."""
        how = f"{self.sampling.method} {self.sampling.counts.tolist()}"
        digest = hashlib.sha256(f"{self.edition} {self.trials} {self.bits} {self.apart} {how}".encode())
        for array in itertools.chain(self.worlds, *self.groups):
            digest.update(f"{np.shape(array)}".encode() + np.asarray(array).tobytes())
        return digest.hexdigest()

    def run(self) -> list[Summed]:
        """Return what each group of plans did.

        Raises
        ------
        RuntimeError
            Where the worker has another edition of the engine: its answers would not be those of the others.
        """
        check_edition(self.edition)
        return [self._part(plans, skip=min(number, 1)) for number, plans in enumerate(self.groups, self.first)]

    def _part(self, plans: layout.Plans, skip: int) -> Summed:
        desk, bins = worker.Desk(self.worlds, plans), Bins(self.bits)
        room = _room((desk.shape[0], len(layout.SHAPES), bins.count))
        together = TOGETHER if len(self.sampling.strata) > 1 else len(self.blocks)
        part, size = Summed([], []), 1 if self.apart else together
        whole = _Counting(self, room[skip:].shape) if len(self.sampling.strata) > 1 else _CountingAlone()
        for at in range(0, len(self.blocks), size):
            self._add(desk, self.blocks[at : at + size], room, part, skip, whole)
            if self.apart:
                part.counts.append(whole.emptied())
        if not self.apart:
            part.counts.append(whole.emptied())
        _SPARE[:] = [room]
        return part

    def _add(
        self,
        desk: worker.Desk,
        blocks: list[range],
        room: NDArray[np.int32],
        part: Summed,
        skip: int,
        whole: "_Counting | _CountingAlone",
    ) -> None:
        """Add some blocks' sums to a part, and their histograms to the whole, stratum by stratum."""
        seed, bins = int(self.worlds.seed[0]) | int(self.worlds.seed[1]) << 32, Bins(self.bits).address
        sizes = ((layout.SUMS,), (layout.CROSS,), desk.shape[1:])
        strata, plans = len(self.sampling.strata), desk.shape[0]
        sums = [[np.zeros((plans, strata, *size)) for size in sizes] for _ in blocks]
        edges = np.array([*(block.start for block in blocks), blocks[-1].stop], dtype=np.uint64)
        for stratum, own, numbers, given in self.sampling.parted(seed, range(blocks[0].start, blocks[-1].stop)):
            cuts = np.searchsorted(numbers, edges).tolist()
            for into, (first, end) in zip(sums, itertools.pairwise(cuts), strict=True):
                if first < end:
                    added = desk.tally(numbers[first:end], bins, room, given, own.start + first)
                    for array, each in zip(into, added, strict=True):
                        array[:, stratum] = each
            whole.take(room[skip:], stratum)
            room[:skip] = 0
        part.blocks.extend((a[skip:], b[skip:], c[skip:]) for a, b, c in sums)


_SPARE: list[NDArray[np.int32]] = []  # the last job's histograms, emptied: megabytes of zeros, for the next


def _room(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return histograms to count in, all zero; whoever took them may keep them, where a job fails."""
    try:
        spare = _SPARE.pop()
    except IndexError:  # first, or another thread has it
        return np.zeros(shape, dtype=np.int32)
    return spare if spare.shape == shape else np.zeros(shape, dtype=np.int32)


class _Counting:
    """Histograms of a job, stratum by stratum."""

    def __init__(self, job: Job, shape: tuple[int, ...]) -> None:
        bins, self.units = Bins(job.bits), job.sampling.units
        self.fine = np.zeros(shape, dtype=np.int64)
        self.octaves = np.zeros((len(self.units), *shape[:2], bins.octaves), dtype=np.int32)
        self._octave = np.array([bins.octave(np.arange(bins.count), column) for column in layout.SHAPES])

    def take(self, counts: NDArray[np.int32], stratum: int) -> None:
        """Add what is in a stratum's histograms, and empty them."""
        stream.take_counts(counts, self.fine, self.octaves[stratum], self.units[stratum], self._octave)

    def emptied(self) -> Histograms:
        """Return what there is, and begin anew."""
        flat = self.fine.reshape(-1)
        indices = np.flatnonzero(flat)
        found = np.moveaxis(self.octaves, 1, 0).reshape(self.octaves.shape[1], -1)
        filled = np.flatnonzero(found.any(axis=0))
        histograms = Histograms(indices.astype(np.int32), flat[indices], filled, found[:, filled])
        flat[indices] = 0
        self.octaves[:] = 0
        return histograms


class _CountingAlone:
    """Histograms of a job with one stratum: they stay where they are counted, and are taken out as they are."""

    counts: NDArray[np.int32]

    def take(self, counts: NDArray[np.int32], stratum: int) -> None:
        """Note where the only stratum's histograms are."""
        self.counts = counts

    def emptied(self) -> Histograms:
        """Return what there is, and begin anew."""
        flat = self.counts.reshape(-1)
        indices = filled(flat)
        values = flat[indices]
        flat[indices] = 0
        none = np.zeros(0, dtype=np.int64)
        # Half as wide as what is counted in units of a weight: pages of memory that are new cost more than the rest.
        return Histograms(indices.astype(np.int32), values, none, np.zeros((len(self.counts), 0), dtype=np.int32))


def filled(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return which counts of a long row are not zero; looked for in stretches, most of which are empty."""
    stretches, rest = divmod(len(counts), STRETCH)
    parts = counts[: len(counts) - rest].reshape(stretches, STRETCH)
    some = np.flatnonzero(parts.view(np.int64).max(axis=1, initial=0))  # two counts at once
    found = np.flatnonzero(parts[some] != 0)
    found += ((some - np.arange(len(some))) * STRETCH)[found // STRETCH]
    return np.append(found, np.flatnonzero(counts[len(counts) - rest :]) + (len(counts) - rest))


def jobs_of(
    settings: Sequence[Setting],
    seed: int,
    bits: int,
    trials: int,
    sampling: Sampling,
    *,
    apart: bool = False,
    jobs: int = JOBS,
) -> Iterator[Job]:
    """Cut a sweep into jobs.

    Parameters
    ----------
    settings
        The plans over one scenario; the first is the baseline.
    seed, bits, sampling, apart
        As in `Job`.
    trials
        How many of each plan.
    jobs
        How many at least, where there are as many blocks; each of some trials of one group of plans.
    """
    whole = job(settings, seed, bits, range(trials), sampling, apart=apart)
    blocks, plans = -(-trials // BLOCK), min(len(settings), GROUP)
    most = max(min(LARGEST // (plans * BLOCK), LONGEST // BLOCK, -(-blocks // jobs)), 1)
    # Where a precision may end it after any block, jobs are small first: little is worked out in vain.
    size, at = 1 if apart else most, 0
    while at < trials:
        for number, group in enumerate(whole.groups):
            yield replace(whole, trials=whole.trials[at : at + size * BLOCK], groups=(group,), first=number)
        size, at = min(2 * size, most), at + size * BLOCK


def job(
    settings: Sequence[Setting], seed: int, bits: int, trials: range, sampling: Sampling, *, apart: bool = False
) -> Job:
    """Return all rollouts of some trials as one job; for the parameters see `cut`. It starts with a block."""
    groups = tuple(
        packing.pack_plans([*settings[: min(rows.start, 1)], *settings[rows.start : rows.stop]])
        for rows in plan_groups(len(settings))
    )
    return Job(packing.pack_worlds(settings[0].scenario, seed), groups, 0, sampling, bits, trials, apart, edition())


def plan_groups(plans: int) -> list[range]:
    """Return which plans are in each group, the baseline of all groups but the first left out."""
    starts = [0, *range(GROUP, plans, GROUP - 1)]
    return [range(a, b) for a, b in itertools.pairwise([*starts, plans])]


class Work(Protocol):
    """Some trials for any worker: a `Job`, or whatever can be sent and run like one."""

    @property
    def trials(self) -> range:
        """Which."""

    def run(self) -> Any:
        """Do it."""


Some = TypeVar("Some", bound=Work)


def in_order(executor: Executor, jobs: Iterable[Some], ahead: int) -> Iterator[tuple[Some, Any]]:
    """Run jobs on an executor, so many ahead of the one awaited, and yield them with their results, in their order.

    Closed early, it cancels what has not begun. A job that was cancelled elsewhere, or whose worker could not be
    reached, is handed out once more.

    Raises
    ------
    BrokenExecutor
        Where a worker of an executor died that cannot go on without it.
    ValueError
        Where the executor takes no jobs because it was shut down.
    """
    waiting: deque[tuple[Some, Future[Any]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, _submit(executor, job)))
            if len(waiting) > ahead:
                yield _first(executor, waiting)
        while waiting:
            yield _first(executor, waiting)
    finally:
        for _, future in waiting:
            future.cancel()


def _submit(executor: Executor, job: Work) -> "Future[Any]":
    try:
        return executor.submit(job.run)
    except BrokenExecutor as error:
        raise _broken(job) from error
    except RuntimeError as error:
        raise ValueError(
            f"executor takes no jobs ({error}); give workers that are not shut down, or a number of threads"
        ) from None


def _first(executor: Executor, waiting: deque[tuple[Some, "Future[Any]"]]) -> tuple[Some, Any]:
    job, future = waiting.popleft()
    try:
        return job, future.result()
    except BrokenExecutor as error:
        raise _broken(job) from error
    except (CancelledError, OSError):
        return job, _submit(executor, job).result()


def _broken(job: Work) -> BrokenExecutor:
    return BrokenExecutor(
        f"a worker of the executor died, out of memory perhaps, before trials {job.trials.start} to "
        f"{job.trials.stop - 1} were done; start a new executor, with fewer workers, and try again"
    )


@contextmanager
def handed_out(jobs: Iterable[Some], workers: Workers, ahead: int) -> Iterator[Iterator[tuple[Some, Any]]]:
    """Run jobs on an executor, so many ahead, or on threads of our own, and give their results in order.

    At the end what has not begun is cancelled, and our own threads end.
    """
    with (
        nullcontext(workers) if isinstance(workers, Executor) else ThreadPoolExecutor(workers) as executor,
        closing(in_order(executor, jobs, ahead if isinstance(workers, Executor) else workers)) as results,  # type: ignore[type-var]
    ):
        yield results


def most_waiting(plans: int) -> int:
    """Return how many jobs to hand out ahead on an executor, of whose workers we know nothing, for so many plans."""
    return max(16, min(256, KEPT // (plans * BYTES_A_PLAN)))
