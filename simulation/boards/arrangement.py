"""Who is in which wave on the board, and how long each wave bakes: frozen, every move returns another.

Not here: what was done before (``state``), what it comes to (``answers``), what is said of it (``words``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from simulation.arguments import is_number
from waves import Plan, Wave, did_you_mean
from waves.by_name import counterpart
from waves.files.documents import shown

LONGEST = 1e9  # minutes, as a plan allows


class Group(NamedTuple):
    """A wave on the board: its regions, its bake in minutes, and of which wave of today it has all else."""

    regions: tuple[str, ...]
    bake: float
    like: int


@dataclass(frozen=True)
class Arrangement:
    """The waves on the board.

    Attributes
    ----------
    today
        The plan that it began with, of which every wave has all but regions and bake.
    groups
        The waves, in order; none is empty.
    order
        The fleet's regions: in their order they stand in a wave into which one was moved.
    """

    today: Plan
    groups: tuple[Group, ...]
    order: tuple[str, ...]

    @classmethod
    def of_today(cls, today: Plan, order: Sequence[str]) -> "Arrangement":
        """Return the waves of a plan as they are."""
        groups = (Group(wave.regions, wave.bake_minutes, w) for w, wave in enumerate(today.waves))
        return cls(today, tuple(groups), tuple(order))

    @property
    def is_today(self) -> bool:
        """Whether it is the plan that it began with."""
        own = [(frozenset(group.regions), group.bake) for group in self.groups]
        return own == [(frozenset(wave.regions), wave.bake_minutes) for wave in self.today.waves]

    @property
    def left_out(self) -> tuple[str, ...]:
        """The regions of the fleet that no wave has."""
        inside = {name for group in self.groups for name in group.regions}
        return tuple(name for name in self.order if name not in inside)

    @cached_property
    def plan(self) -> Plan:
        """The plan that it is."""
        if self.is_today:
            return self.today
        made = tuple(wave_like(self.today.waves[g.like], g.regions, g.bake) for g in self.groups)
        known = {name for group in self.groups for name in group.regions}
        strategies = {name: how for name, how in self.today.strategies.items() if name in known}
        return self.today.replace(waves=made, name=f"{self.today.name}, changed"[:200], strategies=strategies)

    def wave_of(self, region: str) -> int | None:
        """Return in which wave a region is, from 0; None where none has it.

        Raises
        ------
        ValueError
            For a region that the fleet does not have.
        """
        if region not in self.order:
            near = did_you_mean(str(region), self.order) or f"; it has {', '.join(self.order[:8])}"
            raise ValueError(f"region {shown(region)} is not in the fleet{near}")
        return next((w for w, group in enumerate(self.groups) if region in group.regions), None)

    def moved(self, region: str, wave: int) -> "Arrangement":
        """Put a region into another wave, counted from 0. A wave that is empty then is no more."""
        home = self.wave_of(region)
        self._check(wave, len(self.groups))
        if home == wave:
            return self
        group = self.groups[wave]
        names = sorted((*group.regions, region), key=self.order.index)
        groups = [*self.groups]
        groups[wave] = group._replace(regions=tuple(names))
        return self._without(region, home, groups)

    def apart(self, region: str, place: int) -> "Arrangement":
        """Give a region a wave of its own before the one that is at a place now, from 0, or after the last.

        It bakes, and does all else, as the wave that the region comes from.
        """
        home = self.wave_of(region)
        self._check(place, len(self.groups) + 1)
        if home is not None and len(self.groups[home].regions) == 1 and place in (home, home + 1):
            return self
        near = min(place, len(self.groups) - 1) if home is None else home
        groups = [*self.groups]
        groups.insert(place, Group((region,), self.groups[near].bake, self.groups[near].like))
        return self._without(region, None if home is None else home + (place <= home), groups)

    def stepped(self, region: str, by: int, *, alone: bool = False) -> "Arrangement":
        """Put a region a wave earlier (−1) or later (1): into a new one where there is none, or where it goes alone.

        What is in no wave comes from before the first, or from after the last.
        """
        if by not in (-1, 1):
            raise ValueError(f"a step is by {shown(by)}; give -1 for a wave earlier, 1 for a wave later")
        home, count = self.wave_of(region), len(self.groups)
        if home is None:
            home = -1 if by > 0 else count
        if alone or not 0 <= home + by < count:
            return self.apart(region, home + (by > 0))
        return self.moved(region, home + by)

    def merged(self, wave: int) -> "Arrangement":
        """Make one wave of two, the one at a place, from 0, and the next; it does all else as the next."""
        self._check(wave, len(self.groups) - 1)
        one, two = self.groups[wave : wave + 2]
        names = sorted((*one.regions, *two.regions), key=self.order.index)
        both = two._replace(regions=tuple(names))
        return replace(self, groups=(*self.groups[:wave], both, *self.groups[wave + 2 :]))

    def baked(self, wave: int, minutes: float) -> "Arrangement":
        """Let a wave, counted from 0, bake so many minutes."""
        self._check(wave, len(self.groups))
        if not is_number(minutes) or not 0 <= minutes <= LONGEST:
            raise ValueError(f"the bake of wave {wave + 1} is {shown(minutes)}; give minutes, 0 or more")
        group = self.groups[wave]._replace(bake=float(minutes))
        return replace(self, groups=(*self.groups[:wave], group, *self.groups[wave + 1 :]))

    def _check(self, place: int, count: int) -> None:
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < count:
            raise ValueError(f"there is no wave {shown(place)} to act on; places are from 0 to {count - 1}")

    def _without(self, region: str, home: int | None, groups: list[Group]) -> "Arrangement":
        if home is not None:
            left = tuple(name for name in groups[home].regions if name != region)
            groups[home : home + 1] = [groups[home]._replace(regions=left)] if left else []
        return replace(self, groups=tuple(groups))


def wave_like(wave: Wave, regions: Sequence[str], bake: float) -> Wave:
    """Return a wave that differs from another in its regions and its bake alone; a changed one has no name."""
    changed: dict[str, object] = {"bake_minutes": float(bake)} if bake != wave.bake_minutes else {}
    changed |= {"regions": tuple(regions), "name": None} if set(regions) != set(wave.regions) else {}
    return wave.replace(**changed) if changed else wave


def grouping_like(today: Plan, groups: Sequence[Sequence[str]], factor: float) -> Plan:
    """Return a plan of some groups that does all else as today's first, later and last waves, bakes times a factor."""
    count, theirs = len(groups), len(today.waves)
    alike = [today.waves[counterpart(number, count, theirs)] for number in range(count)]
    waves = tuple(
        wave.replace(
            name=None, regions=tuple(group), bake_minutes=factor * wave.bake_minutes,
            bake_requests=factor * wave.bake_requests,
        )
        for wave, group in zip(alike, groups, strict=True)
    )  # fmt: skip
    return today.replace(waves=waves)


def bakes_of(today: Plan) -> tuple[float, float, float]:
    """Return how long today's first, later and last waves bake, in minutes: what `grouping_like` gives the rest."""
    waves = today.waves
    return waves[0].bake_minutes, waves[counterpart(1, 3, len(waves))].bake_minutes, waves[-1].bake_minutes
