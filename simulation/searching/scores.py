"""What a search wants to know of many plans: a few figures of each, and how sure their differences are.

Any two plans are scored in the same worlds. Each has a vector by figure, a number a trial, whose squares add up to the
variance of the figure; the squares of the difference of two such vectors to that of the difference of two plans. Not
here: rollouts and their rows (``running.rows``), which plans are kept (``front``).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import Workers
from simulation.engine import layout
from simulation.engine.fingerprint import check_edition, edition
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk, numbered
from simulation.rare_events.sampling import Sampling
from simulation.running.jobs import handed_out
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import Plan

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
ROLLOUTS = 2**20  # of a batch, about: its rows are some hundred megabytes for a moment
FEWEST, MOST = 16, 512  # plans in a batch
AHEAD = 4  # batches


class Scores(NamedTuple):
    """Figures of some plans: estimates, shape (plans, figures), and vectors, shape (plans, figures, trials)."""

    value: Floats
    vector: Vectors

    def of(self, which: "NDArray[np.int64] | NDArray[np.bool_]") -> "Scores":
        """Return those of some of the plans."""
        return Scores(self.value[which], self.vector[which])

    def errors_to(self, other: "Scores") -> Floats:
        """Return the standard errors of the differences to other plans, shape (plans, others, figures)."""
        own, theirs = (np.einsum("pft,pft->pf", s.vector, s.vector, dtype=np.float64) for s in (self, other))
        pairs = zip(self.vector.swapaxes(0, 1), other.vector.swapaxes(0, 1), strict=True)
        both = np.stack([(a @ b.T).astype(np.float64) for a, b in pairs], axis=-1)
        return np.sqrt(np.maximum(own[:, None] + theirs[None] - 2 * both, 0.0))


class _Outcomes(NamedTuple):
    """Rows of some plans, and how their trials are weighed."""

    rows: Floats  # (plans, columns, trials)
    codes: NDArray[np.int64]  # (trials,): strata
    weights: Floats  # (strata,)
    fix: float

    def mean(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the mean of numbers a trial, shape (plans,), and its vectors."""
        strata = len(self.weights)
        count = np.bincount(self.codes, minlength=strata).astype(np.float64)
        own = np.array([np.bincount(self.codes, weights=row, minlength=strata) for row in x]) / np.maximum(count, 1)
        scale = self.weights / np.sqrt(np.maximum(count * (count - 1), 1))
        return own @ self.weights, (x - own[:, self.codes]) * scale[self.codes]

    def column(self, column: int) -> tuple[Floats, Floats]:
        return self.mean(self.rows[:, column])

    def half(self) -> tuple[Floats, Floats]:
        return self.mean((self.rows[:, layout.C_SHARE] >= 0.5).astype(np.float64))

    def per_shipped(self, minutes: Floats) -> tuple[Floats, Floats]:
        """Return minutes for each change that ships, and its vectors, by the delta method."""
        shipped = self._shipped.astype(np.float64)
        above, below = self.mean(minutes)[0], self.mean(shipped)[0]
        ratio = np.divide(above, below, out=np.full(len(above), np.inf), where=below > 0)
        known = np.where(below > 0, ratio, 0.0)[:, None]
        return ratio, self.mean((minutes - known * shipped) / np.maximum(below, 1e-300)[:, None])[1]

    def end(self) -> tuple[Floats, Floats]:
        return self.per_shipped(np.where(self._shipped, self.rows[:, layout.C_END], 0.0))

    def to_ship(self) -> tuple[Floats, Floats]:
        late = np.fmax(self.rows[:, layout.C_END], self.rows[:, layout.C_RECOVERED]) + self.fix
        return self.per_shipped(np.where(self._shipped, self.rows[:, layout.C_END], late))

    @property
    def _shipped(self) -> NDArray[np.bool_]:
        return self.rows[:, layout.C_OUTCOME] <= layout.ESCAPED


OBJECTIVES: dict[str, Callable[[_Outcomes], tuple[Floats, Floats]]] = {
    "impact_minutes_mean": lambda o: o.column(layout.C_IMPACT),
    "share_exposed_mean": lambda o: o.column(layout.C_SHARE),
    "peak_share_mean": lambda o: o.column(layout.C_PEAK),
    "regions_exposed_mean": lambda o: o.column(layout.C_REGIONS),
    "probability_share_exposed_at_least_0.5": lambda o: o.half(),
    "end_minutes_given_shipped_mean": lambda o: o.end(),
    "minutes_to_ship": lambda o: o.to_ship(),
}


class Worlds(NamedTuple):
    """The worlds in which plans are scored, and what is asked of them: any plan meets the same."""

    scenario: Scenario
    sampling: Sampling
    seed: int
    objectives: tuple[str, ...]
    workers: Workers


@dataclass(frozen=True)
class _Work:
    """Some plans in some trials, for any worker."""

    packed: layout.Worlds
    plans: layout.Plans
    worlds: Worlds
    trials: range
    edition: str

    def run(self) -> Scores:
        """Roll the plans out, and return how they did."""
        check_edition(self.edition)
        sampling, seed = self.worlds.sampling, self.worlds.seed
        out = np.empty((len(self.plans.waves), layout.COLUMNS, len(self.trials)))
        Desk(self.packed, self.plans).frames(numbered(self.trials), out, 0, sampling.given(seed, self.trials))
        found = _Outcomes(out, sampling.codes(self.trials), sampling.probabilities, self.packed.fix)
        values, vectors = zip(*(OBJECTIVES[name](found) for name in self.worlds.objectives), strict=True)
        return Scores(np.stack(values, axis=1), np.stack([v.astype(np.float32) for v in vectors], axis=1))


def score(plans: Iterable[Plan], worlds: Worlds, trials: range) -> Iterator[tuple[list[Plan], Scores]]:
    """Score plans in some trials, and yield them batch by batch as they are done, in their order.

    Parameters
    ----------
    plans
        However many: no more than some hundreds are held at a time.
    worlds
        As in `Worlds`.
    trials
        Which; from the start of a block on.
    """
    waiting, rest, packed = list[list[Plan]](), iter(plans), pack_worlds(worlds.scenario, worlds.seed)
    size = min(max(ROLLOUTS // len(trials), FEWEST), MOST)

    def works() -> Iterator[_Work]:
        while batch := list(itertools.islice(rest, size)):
            waiting.append(batch)
            own = pack_plans([setting(plan, worlds.scenario) for plan in batch])
            yield _Work(packed, own, worlds._replace(workers=1), trials, edition())

    with handed_out(works(), worlds.workers, AHEAD) as results:
        for _, found in results:
            yield waiting.pop(0), found


def scored(plans: Sequence[Plan], worlds: Worlds, trials: range) -> Scores:
    """Score some plans that fit in memory."""
    return joined([found for _, found in score(plans, worlds, trials)], worlds, trials)


def joined(parts: Sequence[Scores], worlds: Worlds, trials: range) -> Scores:
    """Put scores in the same trials together."""
    none = Scores(np.zeros((0, len(worlds.objectives))), np.zeros((0, len(worlds.objectives), len(trials)), np.float32))
    return Scores(*(np.concatenate(each) for each in zip(none, *parts, strict=True)))
