"""Histograms of many plans in little memory: stretches of bins that no plan has anything in are not kept.

Not here: where a value's bin is (``tally``), what the histograms say (``tally``).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Shelf:
    """The histograms of some plans.

    Bins are kept by the stretch, side by side for all plans, from when any plan has something in one of them, and in
    that order: of an array of zeros only what is written to takes memory, but two million bytes at a time, so that
    stretches here and there would take all of it.

    Parameters
    ----------
    shape
        That of one plan's histograms.
    stretch
        How many bins there are in a stretch: a power of two.
    plans
        How many plans.
    kind
        Of whole numbers.
    """

    def __init__(self, shape: tuple[int, ...], stretch: int, plans: int, kind: type[np.signedinteger[Any]]) -> None:
        self.shape, self.stretch, self.shift = shape, stretch, stretch.bit_length() - 1
        stretches = -(-math.prod(shape) // stretch)
        self.first = np.full(stretches, -1)  # the row at which each begins; −1: not kept
        self.row = np.full((stretches, stretch), -1, dtype=np.int32)  # of each bin
        self.rows = np.zeros((stretches * stretch, plans), dtype=kind)
        self.kept = 0  # rows

    def keep(self, places: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return in which rows some bins are, by their places in the whole; from now on their stretches are kept."""
        rows = self.row.reshape(-1)[places]
        if len(rows) and rows.min() < 0:
            wanted = np.zeros(len(self.first), dtype=np.bool_)
            wanted[places[rows < 0] >> self.shift] = True
            new = np.flatnonzero(wanted)
            self.first[new] = self.kept + np.arange(len(new)) * self.stretch
            self.row[new] = self.first[new, None] + np.arange(self.stretch)
            self.kept += len(new) * self.stretch
            rows = self.row.reshape(-1)[places]
        return rows

    def of(self, plan: int) -> "Bars":
        """Return one plan's histograms, as they are and as they go on."""
        return Bars(self.shape, self.stretch, self.first, self.rows[:, plan])


@dataclass(frozen=True, eq=False)
class Bars:
    """One plan's histograms: an array to NumPy, and row by row for whoever wants no more."""

    shape: tuple[int, ...]
    stretch: int
    first: NDArray[np.int64]
    rows: NDArray[Any]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all bins."""
        whole = self._between(0, math.prod(self.shape)).reshape(self.shape)
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return some of the histograms."""
        if not isinstance(index, int):
            return np.asarray(self)[index]
        size = math.prod(self.shape[1:])
        return self._between(index * size, (index + 1) * size).reshape(self.shape[1:])

    def _between(self, begin: int, end: int) -> NDArray[Any]:
        low, high = begin // self.stretch, -(-end // self.stretch)
        found = np.zeros((high - low, self.stretch), dtype=self.rows.dtype)
        own = np.flatnonzero(self.first[low:high] >= 0)
        found[own] = self.rows.reshape(-1, self.stretch)[self.first[low:high][own] // self.stretch]
        return found.reshape(-1)[begin - low * self.stretch : end - low * self.stretch]
