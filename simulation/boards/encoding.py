"""A table in 16 bits a number, deflated, as text for a page: what its script decodes is within a step of what we know.

For each figure and part there is a step; a number is a whole multiple of it, and the greatest is what is not known.
Distances stand in the place of ends: of an interval from its estimate, of a difference's ends from the difference.
Not here: the page (``page``), the script that decodes (``still.js``).
"""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.boards.table import NAMES, PARTS, Table
from simulation.results.estimator import Floats

UNKNOWN = 2**16 - 1
MOST = UNKNOWN - 1


def encoded(table: Table) -> dict[str, Any]:
    """Return the numbers and the groupings of a table as plain values: a text of base64, and the steps.

    It holds the numbers, in the order figure, part, factor, grouping, then the waves, one a region, grouping by
    grouping: of each first all high bytes, then all low ones, which deflate makes a tenth less of.
    """
    apart = distances(table)
    highest = np.where(np.isfinite(apart), np.abs(apart), 0.0).max(axis=(2, 3))
    steps = np.where(highest > 0, highest / MOST, 1.0)
    wholes = np.rint(np.where(np.isfinite(apart), apart, 0.0) / steps[:, :, None, None])
    numbers = np.where(np.isfinite(apart), wholes, UNKNOWN)
    return {
        "packed": base64.b64encode(zlib.compress(_planes(numbers) + _planes(table.waves), 9)).decode("ascii"),
        "groupings": len(table.waves),
        "steps": steps.tolist(),
    }


def distances(table: Table) -> Floats:
    """Return what is written: estimates, and how far the ends are from them; NaN where there is none."""
    value, low, high, less, more = np.moveaxis(table.numbers, 1, 0)
    with np.errstate(invalid="ignore"):
        difference = value - table.base[:, 0, None, None]
        found = np.stack([value, value - low, high - value, difference - less, more - difference], axis=1)
    assert found.shape[:2] == (len(NAMES), len(PARTS))
    # What rounding leaves below zero is nothing.
    return np.where(np.isfinite(found), np.maximum(found, 0.0), np.nan)


def _planes(array: NDArray[Any]) -> bytes:
    return np.moveaxis(array.astype(">u2").reshape(-1, 1).view(np.uint8), -1, 0).tobytes()
