"""Regions packed into at most so many waves: shares and numbers that a wave may carry, partners kept apart.

A search in depth, greatest region first, that counts its steps: so whether it comes to an answer depends on the fleet
and the rules alone, never on how fast or how busy a machine is. (A solver of whole-number programs bounds seconds, or
branches, whose cost differs by a thousand times.) Not here: which rules clash (``clashes``).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

STEPS = 50_000  # regions put into a wave, in either order, after which the search gives up: half a second in all
SLACK = 1e-12  # how far sums of shares in another order may differ


@dataclass
class Waves:
    """Waves as they fill.

    Attributes
    ----------
    room
        The share that each may carry; the first may differ from the others.
    seats
        How many regions each may have.
    partners
        By region, those that may not share its wave.
    reserved
        Whether the first and the last wave are not like the others, as regions are pinned there.
    even
        Whether the emptiest wave is tried first, and not the fullest.
    """

    room: list[float]
    seats: int
    partners: dict[str, set[str]]
    reserved: tuple[bool, bool]
    even: bool = False
    load: list[float] = field(init=False)
    members: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.load = [0.0] * len(self.room)
        self.members = [[] for _ in self.room]

    def has(self, region: str) -> bool:
        """Return whether a region has a wave."""
        return any(region in each for each in self.members)

    def fits(self, region: str, share: float, w: int) -> bool:
        """Return whether a wave can take a region."""
        return (
            len(self.members[w]) < self.seats
            and self.load[w] + share <= self.room[w] + SLACK
            and not self.partners[region].intersection(self.members[w])
        )

    def put(self, region: str, share: float, w: int) -> None:
        """Put a region into a wave."""
        self.load[w] += share
        self.members[w].append(region)

    def take_back(self, share: float, w: int) -> None:
        """Take the region that came last out of a wave again."""
        self.members[w].pop()
        self.load[w] = self.load[w] - share if self.members[w] else 0.0

    def choices(self, region: str, share: float) -> list[int]:
        """Return the waves that can take a region, in the order to try; of empty ones that are alike one is enough."""
        found, empty = [], set()
        for w in range(len(self.room)):
            if not self.members[w]:
                if (kind := self._kind(w)) in empty:
                    continue
                empty.add(kind)
            if self.fits(region, share, w):
                found.append(w)
        return sorted(found, key=lambda w: (self.room[w] - self.load[w]) * (-1 if self.even else 1))

    def _kind(self, w: int) -> tuple[bool, bool, float]:
        first, last = self.reserved
        return first and w == 0, last and w == len(self.room) - 1, self.room[w]

    def hold(self, share: float, count: int) -> bool:
        """Return whether there is room for so much more, wherever it goes."""
        room = sum(max(most - load, 0.0) for most, load in zip(self.room, self.load, strict=True))
        return share <= room + SLACK and count <= sum(self.seats - len(each) for each in self.members)


def pack(
    waves: Waves, regions: list[tuple[str, float]], steps: int = STEPS, *, all_of_them: bool = True
) -> bool | None:
    """Put regions into waves.

    Parameters
    ----------
    waves
        May have members already, which stay; holds the answer where there is one.
    regions
        Names and shares, in the order in which they are put.
    steps
        How many times a region may be put into a wave.
    all_of_them
        Whether no others are to come: then somebody must be in the first wave.

    Returns
    -------
    bool or None
        Whether it can be done; None where the steps did not suffice to know.
    """
    left = [0.0]
    for _, share in reversed(regions):
        left.append(left[-1] + share)
    left.reverse()
    least = [*(min(share for _, share in regions[n:]) for n in range(len(regions))), math.inf]

    def options(n: int) -> Iterator[int]:
        too_few = all_of_them and not waves.members[0] and least[n] > waves.room[0] + SLACK
        if too_few or not waves.hold(left[n], len(regions) - n):
            return iter(())
        return iter(waves.choices(*regions[n]))

    if not regions:
        return bool(waves.members[0]) or not all_of_them
    trail, places = [options(0)], list[int]()
    while trail:
        n = len(places)
        w = next(trail[-1], None)
        if w is None:
            trail.pop()
            if places:
                waves.take_back(regions[n - 1][1], places.pop())
            continue
        steps -= 1
        if steps < 0:
            return None
        waves.put(*regions[n], w)
        places.append(w)
        if n + 1 == len(regions) and (waves.members[0] or not all_of_them):
            return True
        trail.append(options(n + 1) if n + 1 < len(regions) else iter(()))
    return False
