"""Plans as a search holds them by the million: which wave each unit of regions is in, and the bake after each wave.

Units that nothing tells apart are interchangeable: of the shapes that differ only in which of them is where, there is
one, in which earlier units are in earlier waves. Not here: what tells units apart, plans that people read
(``candidates``), the arrays that the engine reads (``packed``).
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Waves = NDArray[np.uint16]
WORD = 62  # units that one number says the wave of
PLACES = 1 << np.arange(WORD)


class Shapes(NamedTuple):
    """Some plans.

    Attributes
    ----------
    wave
        The wave of each unit, from 0, shape (plans, units); units of one kind stand together.
    bake
        The place of each wave's bake among those to choose from, shape (plans, units); 0 behind the last wave.
    """

    wave: Waves
    bake: Waves

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.wave)

    def of(self, which: "NDArray[np.int64] | NDArray[np.bool_] | slice") -> "Shapes":
        """Return some of them."""
        return Shapes(self.wave[which], self.bake[which])

    @property
    def waves(self) -> NDArray[np.int64]:
        """How many waves each has, shape (plans,)."""
        return self.wave.max(axis=1, initial=0).astype(np.int64) + 1

    @property
    def keys(self) -> list[bytes]:
        """What tells each from others, whatever else there is."""
        return [wave.tobytes() + bake.tobytes() for wave, bake in zip(self.wave, self.bake, strict=True)]


def joined(parts: Sequence[Shapes]) -> Shapes:
    """Put shapes of the same units together."""
    return Shapes(np.concatenate([each.wave for each in parts]), np.concatenate([each.bake for each in parts]))


def none(units: int) -> Shapes:
    """Return no shapes of so many units."""
    return Shapes(np.zeros((0, units), dtype=np.uint16), np.zeros((0, units), dtype=np.uint16))


def in_order(shapes: Shapes) -> Shapes:
    """Return them so that those which begin alike follow each other: what first waves decide is worked out once."""
    units, keys = shapes.wave.shape[1], list[NDArray[np.int64]]()
    for wave in range(int(shapes.waves.max(initial=0))):
        here = shapes.wave == wave
        keys += [here[:, at : at + WORD] @ PLACES[: min(units - at, WORD)] for at in range(0, units, WORD)]
        keys.append(shapes.bake[:, wave].astype(np.int64))
    return shapes.of(np.lexsort(keys[::-1])) if keys else shapes


def without(shapes: Shapes, known: set[bytes]) -> Shapes:
    """Return the shapes, each once, that are not known, and note that they are."""
    fresh = []
    for at, key in enumerate(shapes.keys):
        if key not in known:
            known.add(key)
            fresh.append(at)
    return shapes.of(np.array(fresh, dtype=np.int64))


def uniform(wave: Waves, bake: int) -> Shapes:
    """Return groupings with one bake after each wave."""
    waves, units = wave.max(axis=1, initial=0).astype(np.int64) + 1, wave.shape[1]
    own = np.where(np.arange(units) < waves[:, None], bake, 0).astype(np.uint16)
    return Shapes(wave, own)


class Divisions:
    """Every way to put units of some kinds into waves in order, wave after wave.

    A grouping of k + 1 waves is k waves that are settled and a rest. Dividing the rest in two settles one more: every
    grouping comes from exactly one other, and begins with all that is settled there.

    Parameters
    ----------
    sizes
        How many units there are of each kind.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = np.array(sizes, dtype=np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.sizes)])[:-1]
        self._moves: dict[bytes, Waves] = {}

    @property
    def whole(self) -> Waves:
        """The one grouping in which all are in one wave, shape (1, units)."""
        return np.zeros((1, int(self.sizes.sum())), dtype=np.uint16)

    def of(self, wave: Waves) -> Waves:
        """Return all that some groupings of one number of waves are divided into; those that are of one together."""
        moves = [self._move(each) for each in self._left(wave)]
        if not moves:
            return wave
        return np.repeat(wave, [len(each) for each in moves], axis=0) + np.concatenate(moves)

    def _left(self, wave: Waves) -> NDArray[np.int64]:
        """Return how many of each kind are in the last wave, shape (groupings, kinds)."""
        return np.add.reduceat((wave == wave.max(axis=1)[:, None]).astype(np.int64), self.first, axis=1)

    def _move(self, left: NDArray[np.int64]) -> Waves:
        """Return which units go on to one more wave: every choice that leaves some and takes some."""
        key = left.tobytes()
        if key not in self._moves:
            staying = np.array(list(itertools.product(*(range(count + 1) for count in left.tolist()))))
            total = staying.sum(axis=1)
            staying = staying[(total > 0) & (total < left.sum())]
            kind = np.repeat(np.arange(len(self.sizes)), self.sizes)
            place = np.arange(len(kind)) - self.first[kind]  # units of a kind go in their order
            self._moves[key] = (place >= (self.sizes - left + staying)[:, kind]).astype(np.uint16)
        return self._moves[key]


def groupings(sizes: Sequence[int]) -> int:
    """Return how many ordered groupings there are of so many units of each kind: 4,683 of six that all differ.

    By inclusion and exclusion over waves that stay empty: Σ_k Σ_j (−1)^j C(k, j) Π C(n + k − j − 1, n).
    """
    total = 0
    for waves in range(1, sum(sizes) + 1):
        total += sum(
            (-1) ** empty * math.comb(waves, empty) * math.prod(math.comb(n + waves - empty - 1, n) for n in sizes)
            for empty in range(waves)
        )
    return total
