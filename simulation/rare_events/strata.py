"""Strata: combinations of what can go wrong, put together so that each has an exact weight and can be sampled alone.

Combinations in which every figure is known without sampling are never sampled; likely ones are strata of their own; the
rest are sampled together, so no weight is ever dropped. Not here: the factors (``factors``), what a figure can be
(``targets``), how many trials a stratum gets (``rare``).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.draws import PURPOSES, uniform
from simulation.engine import layout
from simulation.engine.worker import Desk, numbered
from simulation.rare_events.factors import Factor, Floats, factors, nothing
from simulation.rare_events.grades import Grade, put
from simulation.rare_events.targets import Reach, Target
from simulation.setting import Setting

CELLS = 50_000  # combinations enumerated, at most
OWN = 48  # strata of single combinations, at most
ANYTHING = np.zeros((1, 1)), np.ones((1, 1))  # all that is known of a figure in a stratum; sent to workers once
RARE = 1e-3  # of what must be sampled; combinations less likely than that are sampled together


@dataclass(frozen=True, slots=True)
class Stratum:
    """Combinations of levels that are sampled together, or whose figures are known.

    Attributes
    ----------
    what
        What went wrong.
    weight
        The exact probability.
    cells, shares
        Its combinations, shape (n, factors), and the probability of each given the stratum, shape (n,).
    low, high
        The least and the greatest each number can be, shape (plans, events); equal where it is known.
    grade
        Which of its only combination's cases it has; None for all of them.
    """

    what: str
    weight: float
    cells: NDArray[np.int64]
    shares: Floats
    low: Floats
    high: Floats
    grade: Grade | None = None

    @property
    def known(self) -> bool:
        """Whether nothing is left to sample."""
        return bool(np.all(self.low == self.high))


def anything(what: str, weight: float, cells: NDArray[Any], shares: Floats, grade: Grade | None = None) -> Stratum:
    """Return a stratum for every figure, of which nothing is known."""
    return Stratum(what, weight, cells, shares, *ANYTHING, grade)


@dataclass(frozen=True)
class Cut:
    """Everything that can happen, cut into strata.

    Attributes
    ----------
    factors
        What can go wrong.
    strata
        Those to sample first, then those that are known.
    """

    factors: tuple[Factor, ...]
    strata: tuple[Stratum, ...]


def stratify(settings: Sequence[Setting], events: Sequence[Target]) -> Cut:
    """Cut what can happen into strata for some figures of some plans."""
    scenario = settings[0].scenario
    most = max((_regions(s, event) for s in settings for event in events), default=0)
    parts: list[Factor] = []
    levels: list[int] = []
    noise = any(event.of_false_alarms for event in events)
    for regions, pooled in ((max(most, 3), False), (max(most, 1), False), (max(most, 3), True), (1, True)):
        parts = factors(scenario, settings, regions, pooled, noise)
        levels = [len(part.weights) for part in parts]
        if math.prod(levels) <= CELLS:
            break
    cells = np.indices(levels).reshape(len(parts), math.prod(levels)).T
    weights = np.ones(len(cells))
    for part, level in zip(parts, cells.T, strict=True):
        weights = weights * part.weights[level]
    cells, weights = cells[weights > 0], weights[weights > 0]
    reaches = [Reach(s, parts, cells) for s in settings]
    bounds = [[reach.bounds(event) for event in events] for reach in reaches]
    low, high = np.moveaxis(np.array(bounds), 2, 0)  # (bounds, plans, events, cells)
    count = np.max([reach.count for reach in reaches], axis=0).astype(np.int64)
    return Cut(tuple(parts), tuple(_grouped(parts, cells, weights, low, high, count)))


def _regions(s: Setting, event: Target) -> int:
    """Return how many regions must be exposed for an event, at the least."""
    if event.least is None or event.column == layout.C_IMPACT:
        return 0
    if event.column == layout.C_REGIONS:
        return math.ceil(event.least)
    if event.column == layout.C_FAILOVER:
        return 2
    shares = np.cumsum(sorted((site.share for site in s.sites), reverse=True))
    return int(np.searchsorted(shares, event.least - 1e-9)) + 1


def _grouped(
    parts: Sequence[Factor], cells: NDArray[np.int64], weights: Floats, low: Floats, high: Floats,
    count: NDArray[np.int64],
) -> Iterator[Stratum]:  # fmt: skip
    """Put combinations together: likely ones alone, others by how many regions they can expose, the known by value."""
    fixed = low == high
    known = fixed.all(axis=(0, 1))
    # What is known of one figure but not of another must be alike throughout a stratum.
    values = np.where(fixed, low, -1.0).reshape(-1, len(cells)).T
    kinds = np.unique(np.column_stack([known, np.where(known, 0, count), values]), axis=0, return_inverse=True)[
        1
    ].ravel()
    order = np.flatnonzero(~known)[np.argsort(-weights[~known], kind="stable")]
    alone = [i for i in order[:OWN] if weights[i] >= RARE * weights[~known].sum()]
    label = kinds + len(cells)
    label[alone] = np.arange(len(alone))
    groups = [np.flatnonzero(label == each) for each in np.unique(label)]
    for group in sorted(
        groups, key=lambda group: (bool(known[group[0]]), label[group[0]] >= len(cells), label[group[0]])
    ):
        weight = float(weights[group].sum())
        yield Stratum(
            what=_words(parts, cells[group], known[group[0]], int(count[group[0]])),
            weight=weight,
            cells=cells[group],
            shares=weights[group] / weight,
            low=low[:, :, group].min(axis=2),
            high=high[:, :, group].max(axis=2),
        )


def _words(parts: Sequence[Factor], cells: NDArray[np.int64], known: bool, count: int) -> str:
    if len(cells) == 1:
        words = [part.words(level) for part, level in zip(parts, cells[0], strict=True)]
        return "; ".join(word for word in words if word) or "nothing"
    if known:
        return "what decides the figure without sampling"
    return f"rarer combinations, {count} region{'' if count == 1 else 's'} exposed at most"


def pattern(
    parts: Sequence[Factor], stratum: Stratum, shape: tuple[int, int, int], seed: int, trials: range
) -> layout.Given:
    """Draw what goes wrong in the trials of a stratum, from its exact conditional distribution.

    Parameters
    ----------
    parts, stratum
        The factors of what can go wrong, and the stratum.
    shape
        The numbers of faults, regions and waves.
    seed, trials
        The addresses of the draws: purposes `stratum_cell` and `stratum_pattern`.
    """
    n, (faults, regions, waves) = len(trials), shape
    given = nothing(n, faults, regions, waves)
    numbers = np.arange(trials.start, trials.stop, dtype=np.uint64)
    choice = np.zeros(n, dtype=np.int64)
    if len(stratum.cells) > 1:
        u = uniform(seed, numbers, PURPOSES["stratum_cell"], 0, 0)
        choice = np.minimum(np.searchsorted(np.cumsum(stratum.shares), u, side="right"), len(stratum.cells) - 1)

    def own(thing: int, some: Any) -> Floats:
        return uniform(seed, numbers[some], PURPOSES["stratum_pattern"], 0, thing)

    for part, levels in zip(parts, stratum.cells[choice].T, strict=True):
        part.put(given, levels, own)
    put([stratum.grade], np.zeros(n, dtype=np.int64), given, own)
    return given


def sampled(
    desk: Desk,
    parts: Sequence[Factor],
    stratum: Stratum,
    events: Sequence[Target],
    seed: int,
    trials: range,
    *,
    noise: bool = True,
) -> NDArray[np.float64]:
    """Roll every plan out in trials of a stratum; `noise` says whether refusals and false alarms are among `parts`.

    Returns
    -------
    NDArray
        How often each figure's number is not zero, its sum, its sum of squares and of cubes; shape (plans, events, 4).
    """
    worlds = desk.worlds
    shape = len(worlds.fault_breaks), len(worlds.traffic), len(desk.approvals)
    rows = np.zeros((desk.shape[0], layout.COLUMNS, len(trials)))
    desk.frames(numbered(trials), rows, given=pattern(parts, stratum, shape, seed, trials), noise=noise)
    found = np.zeros((desk.shape[0], len(events), 4))
    for n, m in np.ndindex(found.shape[:2]):
        values = events[m].values(rows[n])
        squares = np.square(values)
        found[n, m] += np.count_nonzero(values), values.sum(), squares.sum(), (squares * values).sum()
    return found
