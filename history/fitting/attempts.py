"""Attempts to deploy: how long each took, and whether it failed.

Stopped by a person, overtaken and set back by an alarm are halts: such an attempt had lasted that long, and says
nothing of failures; what is in progress had lasted until the end of the history. Not here: what is made of them
(`fields`, `failures`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from history.fitting.durations import SECOND, Lasted, usable
from history.fitting.grids import Floats
from history.fitting.past import Past, minutes

INSTANT = 1e-6  # minutes: tables of single instants, such as of commits, have deployments that take no time
SHIPS = ("change", "configuration", "retry", "resume")


@dataclass(frozen=True, eq=False)
class Attempts:
    """Regional deployments of rollouts.

    Attributes
    ----------
    rollout, place : (n,)
        The row of each one's rollout, and its region's place in the fleet.
    started : (n,)
        Minutes since 1970.
    lasted : (n,)
        Minutes without configured holds; until it was halted, where it was.
    status : ndarray of object, (n,)
        succeeded, failed, rolled_back, stopped, in_progress.
    paused : bool, (n,)
        Whether a hook could wait for a person: its minutes are not to be used.
    elsewhere
        How many more are of regions that the fleet does not have.
    """

    rollout: NDArray[np.int64]
    place: NDArray[np.int64]
    started: Floats
    lasted: Floats
    status: NDArray[np.object_]
    paused: NDArray[np.bool_]
    elsewhere: int

    def __len__(self) -> int:
        return len(self.rollout)

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which succeeded."""
        return np.asarray(self.status == "succeeded", dtype=np.bool_)

    @property
    def impossible(self) -> int:
        """How many ended before they began, or before the holds that were configured had passed."""
        with np.errstate(invalid="ignore"):
            return int(((self.good | self.failed) & (self.lasted <= -SECOND)).sum())

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which failed."""
        return np.asarray(self.status == "failed", dtype=np.bool_)

    @property
    def undated(self) -> NDArray[np.bool_]:
        """Which tell not how long they took: over as they begin, and all, where more than half of those over are."""
        over = self.good | self.failed
        found = np.asarray(over & (np.abs(self.lasted) < INSTANT), dtype=np.bool_)
        return np.ones(len(self), dtype=np.bool_) if found.sum() > over.sum() / 2 else found

    def minutes(self) -> tuple[Lasted, NDArray[np.bool_]]:
        """Return how long attempts took that did not fail, and which those are."""
        used = ~self.failed & ~self.paused & ~self.undated & usable(self.lasted, self.good)
        return Lasted.of(self.lasted[used], self.good[used]), used

    def failing(self) -> tuple[Lasted, NDArray[np.bool_]]:
        """Return how long those took that failed, and which those are."""
        used = self.failed & ~self.paused & ~self.undated & usable(self.lasted, self.failed)
        return Lasted.of(self.lasted[used], np.ones(int(used.sum()), dtype=np.bool_)), used


def attempts(past: Past) -> Attempts:
    """Return the attempts of a history."""
    table = past.rollouts.deployments
    table = table[table["kind"].isin(SHIPS).to_numpy()]
    place = past.places(table["region"])
    known = table[place >= 0]
    rollout = past.row(known["rollout"])
    start, finish = minutes(known["started_at"]), minutes(known["finished_at"])
    status = np.asarray(known["status"], dtype=object)
    hold = np.nan_to_num(np.asarray(known["hold_minutes"], dtype=np.float64))
    over = np.isin(status, ("succeeded", "failed"))
    stop = np.fmin(np.where(np.isnan(finish), past.until, finish), minutes(known["rollback_started_at"]))
    stop = np.fmin(stop, past.at("halted_at")[rollout])
    lasted = np.where(over, finish, stop) - start - np.where(status == "failed", 0.0, hold)
    known_status = np.where(over & np.isnan(finish), "in_progress", status)
    return Attempts(
        rollout, place[place >= 0], start, lasted, known_status, np.asarray(known["paused"], dtype=np.bool_),
        int((place < 0).sum()),
    )  # fmt: skip


def reached(past: Past) -> NDArray[np.bool_]:
    """Return which regions of the fleet had traffic on the new version, (rollouts, R): those that a wave got to."""
    regions = past.rollouts.regions
    found = np.zeros((len(past.frame), len(past.scenario.fleet.regions)), dtype=np.bool_)
    status = np.asarray(regions["status"], dtype=object)
    back = regions["rollback_started_at"].notna().to_numpy()
    had = (past.place >= 0) & (np.isin(status, ("succeeded", "rolled_back")) | back)
    rows = past.row(regions["rollout"])
    found[rows[had], past.place[had]] = True
    return found
