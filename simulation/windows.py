"""Windows on the axis of minutes since the epoch: calendars laid out once for a setting, and what engines ask of them.

The epoch is the first allowed push; a rollout's instants are minutes since its own push, so a bound of a window lies at
bound − push there: the only comparison, in every engine (docs/model.md, rule 25). Not here: how windows are written and
which instants they are (``waves.calendar``).
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulation.scenario import PUSHES_LINE, Scenario
from waves import Plan
from waves.calendar import Calendar, Span, Window, joined
from waves.local_time import DAY, MINUTE

Windows = tuple[tuple[float, float], ...]  # [from, to) in minutes since the epoch, sorted, without touch
BEYOND = 730 * DAY  # seconds after the latest push and the horizon, for which calendars are laid out


def opening(windows: Windows | None, push: float, t: float) -> float:
    """Return the first instant from t on at which a window is open.

    Parameters
    ----------
    windows
        When; None for always.
    push
        Minutes from the epoch to the push.
    t
        Minutes since the push.
    """
    if windows is None:
        return t
    opens = windows[_next(windows, push, t)][0] - push
    return opens if opens > t else t


def inside(windows: Windows | None, push: float, t: float) -> bool:
    """Return whether a window is open at an instant; for the parameters see `opening`."""
    return windows is None or windows[_next(windows, push, t)][0] - push <= t


def shut(windows: Windows | None, push: float, begin: float, end: float) -> list[tuple[float, float]]:
    """Return when a window is closed between two instants; for the parameters see `opening`."""
    found = []
    while begin < end:
        opens = min(opening(windows, push, begin), end)
        if opens > begin:
            found.append((begin, opens))
        begin = windows[_next(windows, push, opens)][1] - push if windows else end
    return found


def worked(windows: Windows | None, push: float, t: float, wait: float) -> float:
    """Return the first instant by which so many minutes within windows have gone; for the others see `opening`."""
    if windows is None or wait == 0.0:
        return t + wait
    at = _next(windows, push, t)
    while True:
        begin, end = max(windows[at][0] - push, t), windows[at][1] - push
        if begin + wait <= end:
            return begin + wait
        wait, at = wait - (end - begin), at + 1


def _next(windows: Windows, push: float, t: float) -> int:
    """Return the place of the first window that closes after an instant; the last never does."""
    low, high = 0, len(windows) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if windows[middle][1] - push > t else (middle + 1, high)
    return low


@dataclass(frozen=True)
class PushSpans:
    """When people push, in minutes since the epoch.

    Attributes
    ----------
    begin, before
        Where each allowed span begins, and how many allowed minutes there are before it; each of shape (n,).
    total
        Allowed minutes in all; 0 where the push is at one instant.
    """

    begin: NDArray[np.float64]
    before: NDArray[np.float64]
    total: float

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Return those of a scenario; the epoch alone where it does not say."""
        spans = scenario.pushes.allowed if scenario.pushes else [(0, 0)]
        epoch = spans[0][0]
        lengths = np.array([(b - a) / MINUTE for a, b in spans])
        begin = np.array([(a - epoch) / MINUTE for a, _ in spans])
        return cls(begin, np.concatenate([[0.0], np.cumsum(lengths)[:-1]]), float(lengths.sum()))

    def minutes(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the minutes from the epoch to the push, for each uniform number."""
        gone = u * self.total
        at = np.searchsorted(self.before, gone, side="right") - 1
        return self.begin[at] + (gone - self.before[at])


def bounds(scenario: Scenario) -> tuple[int, int]:
    """Return the epoch of a scenario that says when people push, and up to when calendars are laid out."""
    spans = scenario.pushes.allowed  # type: ignore[union-attr]
    horizon = scenario.horizon_minutes if math.isfinite(scenario.horizon_minutes) else 0.0
    return spans[0][0], spans[-1][1] + math.ceil(horizon * MINUTE) + BEYOND


def staffed(scenario: Scenario) -> Windows | None:
    """Return when people are there; None for always."""
    if scenario.staffed is None:
        return None
    return laid_out(scenario.staffed, scenario.staffed.zone, *bounds(scenario))


class Layout:
    """The calendars of a plan as windows.

    Raises
    ------
    InputError
        Where a calendar needs to know when people push, or in which time zone a region is.
    """

    def __init__(self, plan: Plan, scenario: Scenario) -> None:
        self.plan, self.scenario = plan, scenario
        if found := [*self._without_pushes(), *self._without_zones()]:
            raise plan.input_error(found)
        if scenario.pushes is not None:
            self.epoch, self.end = bounds(scenario)

    def windows(self, wave: int, region: int) -> Windows | None:
        """Return when a deployment may start, by the wave's number and the region's place in the fleet."""
        calendar = self.plan.calendars[wave]
        if calendar is None:
            return None
        name = self.scenario.fleet.regions[region].local_zone if calendar.zone == "region" else calendar.zone
        return laid_out(calendar, str(name), self.epoch, self.end)

    def _without_pushes(self):  # type: ignore[no-untyped-def]
        if self.scenario.pushes is None:
            for where in _places(self.plan)[:1]:
                message = (
                    "a calendar needs to know when people push, and the scenario does not say; add to "
                    f"{self.scenario.origin} such as `{PUSHES_LINE}`"
                )
                yield where, message, "pushes-missing"

    def _without_zones(self):  # type: ignore[no-untyped-def]
        for w, (wave, calendar) in enumerate(zip(self.plan.waves, self.plan.calendars, strict=True)):
            for r, name in enumerate(wave.regions):
                region = self.scenario.fleet.regions[self.scenario.fleet.positions[name]]
                if calendar is not None and calendar.zone == "region" and region.local_zone is None:
                    message = (
                        f"the calendar of wave {w + 1} goes by each region's own time, and nobody knows the time zone "
                        f"of {name!r}; add such as `zone: Europe/Berlin` to it in the fleet"
                    )
                    yield ("waves", w, "regions", r), message, "zone-missing"


def _places(plan: Plan) -> list[tuple[str | int, ...]]:
    """Return where in a plan's file calendars stand that some wave has."""
    own = [("waves", w, "calendar") for w, wave in enumerate(plan.waves) if isinstance(wave.calendar, Calendar)]
    usual = any(wave.calendar is None for wave in plan.waves) and plan.calendar is not None
    return [("calendar",), *own] if usual else [*own]


@cache
def _open(window: "_Hashed", zone: str, epoch: int, end: int) -> Windows:
    of = window.window
    spans: list[Span] = of.open(epoch, end, zone) if isinstance(of, Calendar) else of.spans(epoch, end, zone)
    # Behind the layout everything is open: an endless last window, which every search ends at.
    minutes = [((a - epoch) / MINUTE, (b - epoch) / MINUTE) for a, b in joined([*spans, (end, end + DAY)])]
    return (*minutes[:-1], (minutes[-1][0], math.inf))


class _Hashed:
    """A window as a key that is compared by what stands in it."""

    def __init__(self, window: Window) -> None:
        self.window = window

    def __hash__(self) -> int:
        return hash(repr(self.window))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and repr(self.window) == repr(other.window)


def laid_out(window: Window, zone: str, epoch: int, end: int) -> Windows:
    """Return when a window is open, in minutes since an epoch; from an end on for ever.

    Parameters
    ----------
    window, zone
        A window or a calendar, and the name of its time zone.
    epoch, end
        Instants, in seconds since 1970.
    """
    return _open(_Hashed(window), zone, epoch, end)
