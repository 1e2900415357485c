"""What history says of many rollouts, in the model's terms: arrays of minutes since the push.

A record speaks of one plan, that under which it really went. Not here: how records are made of joined rollouts
(`reading`), what of them is fixed on a tape (`fixed`), what they say of the rest (`conditioning`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from waves import Plan

Floats = NDArray[np.float64]
NONE, FIRED, UNKNOWN, PEOPLE = range(4)  # `alarm`
ONCE = ("plan", "strategies", "places")  # what all of them share
NOWHERE = -1  # `alarm_region`: of no region, or none that is known


@dataclass(frozen=True, eq=False)
class Records:
    """Rollouts that went under one plan: n of them, A attempts at most, R regions of the fleet, W waves of the plan.

    Attributes
    ----------
    plan
        Under which they went.
    names, services, months : ndarray of object, (n,)
        The rollout's id, its service, and its month, such as 2026-05.
    build : (n,)
        Minutes from the push to the end of the build.
    handover, wait : (W, n)
        From the end of the bake before to the asking, and from there to the decision, in staffed minutes where the
        scenario has staffed hours; NaN where that is not known.
    waited : (n,)
        For how long the wave after the last one had been waited for when the halt came, since that had baked; NaN where
        none was.
    started : (R, n)
        The start of the first attempt; NaN where there was none.
    minutes, failed : (A, R, n)
        How long each finished attempt took, without configured steps, and whether it failed, 1 or 0; NaN: none.
    in_flight : (R, n)
        For how long an attempt had lasted when the halt cut it short; NaN where none was.
    halt : (n,)
        When it was halted; infinity where it was not.
    alarm, alarm_region : (n,)
        NONE, FIRED, UNKNOWN or PEOPLE (it was set back, and no alarm had fired), and whose alarm, a place in the fleet.
    watched : (n,)
        Up to when it is known that there was no alarm that set it back, or none but that.
    end : (n,)
        When the pipeline ended.
    shipped, deploy_failed : bool, (n,)
        Whether the pipeline was complete by then, or a deployment failed.
    reaction : (n,)
        From the halt to the first way back; NaN where there was none.
    way_back : (R, n)
        Minutes of each region's way back; NaN where there was none.
    by_hand : (R, n)
        Whether people went it, 1 or 0; NaN where there was none.
    harm : (n,)
        When an incident says that harm began; NaN where none does.
    hurt : (R, n)
        Whether an incident names the region, 1 or 0; NaN where there is none, or it names none.
    meaningless : bool, (n,)
        Whether the alarm that halted it has no incident, where every bad change has one: nothing was wrong.
    pushed : (n,)
        Minutes from the scenario's first allowed push to this one; NaN where that is not known.
    strategies
        How each region of the fleet moves its traffic, R of them.
    places
        From a region's name to its place in the fleet.
    """

    plan: Plan
    names: NDArray[Any]
    services: NDArray[Any]
    months: NDArray[Any]
    build: Floats
    handover: Floats
    wait: Floats
    waited: Floats
    started: Floats
    minutes: Floats
    failed: Floats
    in_flight: Floats
    halt: Floats
    alarm: NDArray[np.int64]
    alarm_region: NDArray[np.int64]
    watched: Floats
    end: Floats
    shipped: NDArray[np.bool_]
    deploy_failed: NDArray[np.bool_]
    reaction: Floats
    way_back: Floats
    by_hand: Floats
    harm: Floats
    hurt: Floats
    meaningless: NDArray[np.bool_]
    pushed: Floats
    strategies: tuple[Any, ...]
    places: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.names)

    def of(self, which: Any) -> Self:
        """Return some of them: a slice, places, or a mask."""
        return replace(self, **{f.name: getattr(self, f.name)[..., which] for f in fields(self) if f.name not in ONCE})

    @property
    def good(self) -> Floats:
        """The start of the attempt that moved the traffic, and how long it took: (2, R, n); NaN where none did.

        An attempt in flight at the halt counts with NaN minutes: how long it would have taken is not known.
        """
        start, found = self.started.copy(), np.full((2, *self.started.shape), np.nan)
        for minutes, failed in zip(self.minutes, self.failed, strict=True):
            now = failed == 0
            found[:, now] = start[now], minutes[now]
            start = np.where(failed == 1, start + minutes, start)
        flying = ~np.isnan(self.in_flight)
        found[0, flying] = start[flying]
        return found

    @property
    def begun(self) -> NDArray[np.int64]:
        """How many waves began, (n,)."""
        waves = ([self.started[self.places[name]] for name in wave.regions] for wave in self.plan.waves)
        return np.sum([~np.isnan(own).all(axis=0) for own in waves], axis=0)

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Whether something went wrong with the change itself: an alarm, an incident, or people set it back."""
        return (self.alarm != NONE) | ~np.isnan(self.harm)
