"""Rows of many rollouts, by either engine, on this thread or on any executor: the same bytes anywhere.

Trials are worked out in blocks of 4,096, and each block's sums by region are made from nothing and merged in order, as
a sweep's are. Not here: tables and their figures (``outcomes``), rollouts of which only sums are kept (``sweep``).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import Workers
from simulation.columns import OUTCOMES, Row, row
from simulation.draws import Draws
from simulation.engine import layout
from simulation.engine.fingerprint import check_edition, edition
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk, numbered
from simulation.model import Rollout
from simulation.rare_events.sampling import Sampling
from simulation.running.jobs import BLOCK, handed_out
from simulation.setting import Setting
from simulation.tape import Tape

Floats = NDArray[np.float64]
WAITING = 8  # jobs that are handed out ahead of the one awaited
A_ROW = 400  # bytes that a trial takes of one plan, its summary's sorting included: ten million took 4.3 GB
DRAWN = 1024  # trials whose draws are made together for the model in SimPy


def _nobody(rollouts: int) -> None: ...


class Rows(Protocol):
    """Some trials of some plans, for any worker."""

    @property
    def trials(self) -> range:
        """Which."""

    @property
    def shape(self) -> tuple[int, int]:
        """How many plans, and how many regions the largest has."""

    @property
    def sampling(self) -> Sampling:
        """How worlds are sampled."""

    @property
    def largest(self) -> int:
        """How many rollouts a part has at most, where a block has fewer."""

    def fill(self, out: Floats, at: int, advance: Callable[[int], Any] = _nobody) -> Floats:
        """Write the rows of one block from a place on; return sums, shape (plans, strata, 3, regions)."""

    def run(self) -> tuple[Floats, list[Floats]]:
        """Return the rows, shape (plans, columns, trials), and each block's sums by plan, stratum and region."""

    def of(self, trials: range) -> Self:
        """Return the same for other trials."""

    def opened(self) -> Self:
        """Return the same with room to work in, which its blocks share: for whoever works on them, not to be sent."""


class _Blocks:
    """What both engines' jobs have in common."""

    trials: range

    def of(self: Any, trials: range) -> Any:
        return replace(self, trials=trials, tape=self.tape and self.tape.of(trials))

    def opened(self) -> Self:
        return self

    def run(self: Any) -> tuple[Floats, list[Floats]]:
        out, whole = empty_rows(self.shape[0], self.trials), self.opened()
        return out, [whole.of(block).fill(out, at) for at, block in blocks(self.trials)]


@dataclass(frozen=True)
class Compiled(_Blocks):
    """A job for the compiled engine: packed scenario and plans, how worlds are sampled, and which trials."""

    worlds: layout.Worlds
    plans: layout.Plans
    sampling: Sampling
    trials: range
    edition: str
    tape: Tape | None = None
    desk: Desk | None = None
    largest = 2**17  # their rows are some megabytes

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many plans there are, and the most regions that one has."""
        return self.plans.order.shape

    def opened(self) -> Self:
        """Return the same with a desk; with a tape each block has its own."""
        return self if self.tape else replace(self, desk=Desk(self.worlds, self.plans))

    def fill(self, out: Floats, at: int, advance: Callable[[int], Any] = _nobody) -> Floats:
        """Write the rows of all trials from a place on, and return their sums by plan, stratum and region."""
        check_edition(self.edition)
        desk = self.desk or Desk(self.worlds, self.plans, self.tape)
        regional = np.zeros((self.shape[0], len(self.sampling.strata), 3, self.shape[1]))
        seed = int(self.worlds.seed[0]) | int(self.worlds.seed[1]) << 32
        if self.sampling.method == "crude":
            regional[:, 0] = desk.frames(numbered(self.trials), out, at)
        else:
            rows = np.zeros((self.shape[0], layout.COLUMNS, len(self.trials)))
            order = np.argsort(self.sampling.codes(self.trials), kind="stable")
            for stratum, own, numbers, given in self.sampling.parted(seed, self.trials):
                regional[:, stratum] = desk.frames(numbers, rows, own.start, given, own.start)
            out[:, :, at + order] = rows
        advance(len(self.trials) * self.shape[0])
        return regional


@dataclass(frozen=True)
class Simulated(_Blocks):
    """A job for the model in SimPy."""

    settings: tuple[Setting, ...]
    seed: int
    sampling: Sampling
    trials: range
    edition: str
    tape: Tape | None = None
    largest = BLOCK  # about a second

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many plans there are, and the most regions that one has."""
        return len(self.settings), max(len(s.sites) for s in self.settings)

    def fill(self, out: Floats, at: int, advance: Callable[[int], Any] = _nobody) -> Floats:
        """Write the rows of all trials from a place on, and return their sums by plan, stratum and region."""
        check_edition(self.edition)
        plans, regions = self.shape
        regional = np.zeros((plans, len(self.sampling.strata), 3, regions))
        codes = self.sampling.codes(self.trials)
        for start in range(self.trials.start, self.trials.stop, DRAWN):
            some = range(start, min(start + DRAWN, self.trials.stop))
            draws = Draws(self.settings[0].scenario, self.seed, some, self.sampling.given(self.seed, some), self.tape)
            for trial in draws.trials:
                world, place = draws.world(trial), trial - self.trials.start
                for n, s in enumerate(self.settings):
                    rollout = Rollout(s, world)
                    measured, harms = row(rollout)
                    first = min((harm.begin for harm in harms if harm.minutes > 0), default=0.0)
                    out[n, :, at + place] = (*_numbers(measured), any(rollout.defects), first)
                    for harm in harms:
                        regional[n, codes[place], :, harm.position] += (1.0, harm.minutes, harm.impact)
            advance(len(draws.trials) * plans)
        return regional


def _numbers(measured: Row) -> tuple[float, ...]:
    return OUTCOMES.index(measured.outcome), *measured[1:]


def job(
    settings: Sequence[Setting], seed: int, trials: range, engine: str, sampling: Sampling, tape: Tape | None = None
) -> Rows:
    """Return all rollouts of some plans over one scenario as one job; with a tape, sampling is crude."""
    if engine == "simpy":
        return Simulated(tuple(settings), seed, sampling, trials, edition(), tape)
    return Compiled(pack_worlds(settings[0].scenario, seed), pack_plans(settings), sampling, trials, edition(), tape)


class TooManyRows(ValueError, MemoryError):
    """More rows than memory holds."""


def empty_rows(plans: int, trials: range) -> Floats:
    """Return space for rows, shape (plans, columns, trials): zeros, as most of most columns stay.

    Raises
    ------
    TooManyRows
        Where there is not enough memory.
    """
    try:
        # A system lends what it has not, and ends whoever comes for it: so ask first.
        if len(trials) * plans * A_ROW > available():
            raise MemoryError
        return np.zeros((plans, layout.COLUMNS, len(trials)))
    except MemoryError:
        rollouts = f"{len(trials):,} trials of {plans} plan{'' if plans == 1 else 's'}"
        raise TooManyRows(f"{rollouts} do not fit into memory row by row; use sweep, which keeps sums only") from None


def available() -> float:
    """Return how many bytes of memory there are to be had; infinite where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return math.inf


def blocks(trials: range, size: int = BLOCK) -> Iterator[tuple[int, range]]:
    """Cut trials into blocks, each with its place among them."""
    for at in range(0, len(trials), size):
        yield at, trials[at : at + size]


def rows(whole: Rows, *, workers: Workers = 1, advance: Callable[[int], Any] = _nobody) -> tuple[Floats, Floats]:
    """Run a job, on threads or an executor in parts, and return rows and sums by region.

    Returns
    -------
    columns, regional
        Shapes (plans, columns, trials) and (plans, strata, 3, regions).
    """
    plans, regions = whole.shape
    out, regional = empty_rows(plans, whole.trials), np.zeros((plans, len(whole.sampling.strata), 3, regions))
    if workers == 1:
        opened = whole.opened()
        for at, block in blocks(whole.trials):
            regional += opened.of(block).fill(out, at, advance)
        return out, regional
    size = max(whole.largest // (plans * BLOCK), 1) * BLOCK
    parts = (whole.of(some) for _, some in blocks(whole.trials, size))
    with handed_out(parts, workers, WAITING) as results:
        for part, (columns, sums) in results:
            at = part.trials.start - whole.trials.start
            out[:, :, at : at + len(part.trials)] = columns
            for each in sums:
                regional += each
            advance(len(part.trials) * plans)
    return out, regional
