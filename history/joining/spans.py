"""Sums over rows of which equal ones stand beside each other: what pandas' group-by does, without looking for groups.

Not here: what is summed.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Spans:
    """The spans of equal numbers in an array in which they stand beside each other.

    Parameters
    ----------
    group : ndarray of int
        Such an array.

    Attributes
    ----------
    starts : ndarray of int
        Where each span begins.
    of : ndarray of int
        By row: its span, from 0.
    """

    def __init__(self, *group: NDArray[Any]) -> None:
        count = len(group[0])
        begins = np.zeros(count, dtype=bool)
        begins[:1] = True
        for each in group:
            begins[1:] |= each[1:] != each[:-1]
        self.starts: Ints = np.flatnonzero(begins)
        self.of: Ints = np.cumsum(begins) - 1
        self._count = count

    @property
    def size(self) -> Ints:
        """How many rows each span has."""
        return np.diff(np.append(self.starts, self._count))

    def min(self, values: Any) -> NDArray[Any]:
        """Return each span's least value; NaN only where all are."""
        return self._reduced(np.fmin, values)

    def max(self, values: Any) -> NDArray[Any]:
        """Return each span's greatest value; NaN only where all are."""
        return self._reduced(np.fmax, values)

    def sum(self, values: Any) -> NDArray[Any]:
        """Return each span's sum."""
        return self._reduced(np.add, values)

    def any(self, values: Any) -> NDArray[np.bool_]:
        """Return whether some value of each span is true."""
        return self._reduced(np.logical_or, values)

    def all(self, values: Any) -> NDArray[np.bool_]:
        """Return whether every value of each span is true."""
        return self._reduced(np.logical_and, values)

    def first(self, values: Any) -> NDArray[Any]:
        """Return each span's first value."""
        found: NDArray[Any] = np.asarray(values)[self.starts]
        return found

    def _reduced(self, ufunc: np.ufunc, values: Any) -> NDArray[Any]:
        array = np.asarray(values)
        found: NDArray[Any] = ufunc.reduceat(array, self.starts) if len(self.starts) else array[:0]
        return found


def distinct(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys in order, and the place of each key among them; keys are 0 or more."""
    most = int(keys.max(initial=-1)) + 1
    if most > 8 * len(keys) + 1000:
        found, where = np.unique(keys, return_inverse=True)
        return found, where
    there = np.zeros(most, dtype=bool)
    there[keys] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]


def ordered(key: Ints, value: NDArray[Any]) -> Ints:
    """Return the order by key, among equal ones by value, else as they stand; keys are 0 or more.

    Keys are counted, sixteen bits at a time, in place of being compared: several times as fast as `numpy.lexsort`.
    """
    order: Ints = np.argsort(value, kind="stable")
    for shift in range(0, max(int(key.max(initial=0)).bit_length(), 1), 16):
        digit = ((key >> shift) & 0xFFFF).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order


def words(values: Any) -> "pd.Series[Any]":
    """Return texts as objects: pandas would look at each of them to find out what they are."""
    own = values.array if isinstance(values, pd.Series) else values
    if isinstance(own, pd.Categorical):
        texts = np.array([*own.categories, None], dtype=object)[own.codes]
    else:
        texts = np.asarray(own, dtype=object)
    return pd.Series(texts, dtype=object)
