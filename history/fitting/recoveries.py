"""The way back: how soon it began after somebody or something had noticed, and how long it took by machine and by hand.

Not here: what is made of them (`fields`), which changes were bad (`judged`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from history.fitting.attempts import INSTANT
from history.fitting.durations import Lasted, usable
from history.fitting.grids import Floats
from history.fitting.judged import CLOCKS, SOON, Judged
from history.fitting.past import Past, minutes


@dataclass(frozen=True, eq=False)
class Recoveries:
    """Ways back; of each, when it was, in minutes since 1970.

    Attributes
    ----------
    reaction, reacted
        From the alarm, or from when an incident says that it was noticed, to the way back.
    machine, hand
        How long a region's way back took, by ECS or one deployment, and by people.
    machine_regions, hand_regions : ndarray of object
        Of which regions.
    machine_at, hand_at
        When they began.
    tried, failed
        How many ways back there were, and how many of them people went.
    unknown
        Ways back of which nobody says when it was noticed that they were needed.
    """

    reaction: Lasted
    reacted: Floats
    machine: Lasted
    machine_regions: NDArray[np.object_]
    machine_at: Floats
    hand: Lasted
    hand_regions: NDArray[np.object_]
    hand_at: Floats
    tried: int
    failed: int
    unknown: int


def recoveries(past: Past, found: Judged) -> Recoveries:
    """Return the ways back of a history."""
    detected = past.at("incident_detected_at")
    with np.errstate(invalid="ignore"):
        rang = (found.back >= found.alarm - CLOCKS) & (found.back <= found.alarm + SOON)
        noticed = np.where(rang, found.alarm, np.where(detected <= found.back + CLOCKS, detected, np.nan))
        soon = ~(found.back > noticed + SOON)
    outcome = np.asarray(past.frame["outcome"], dtype=object)
    told = ~np.isnan(noticed) & ~np.isnan(found.back) & soon
    waiting = (outcome == "in_progress") & ~np.isnan(found.alarm) & np.isnan(found.back) & ~found.false
    took = np.where(told, np.maximum(found.back - noticed, 0.0), past.until - found.alarm)
    used = told | (waiting & (took > 1.0 / 60.0))
    unknown = int((~np.isnan(found.back) & ~told).sum())
    regions = past.rollouts.regions
    begin, end = minutes(regions["rollback_started_at"]), minutes(regions["rollback_ended_at"])
    way = np.where(np.isnan(end), past.until, end) - begin
    done, by_hand = ~np.isnan(end), regions["recovered_by_hand"].to_numpy(dtype=np.bool_)
    kept = usable(way, done) & (past.place >= 0)
    names = np.asarray(regions["region"], dtype=object)
    parts: list[tuple[Lasted, NDArray[np.object_], Floats]] = []
    timed = kept & ~(done & (np.abs(way) < INSTANT))  # tables of single instants have ways back that take no time
    for own in (timed & ~by_hand, timed & by_hand):
        parts.append((Lasted.of(way[own], done[own]), names[own], begin[own]))
    counts = int(kept.sum()), int((kept & by_hand).sum())
    return Recoveries(Lasted.of(took[used], told[used]), found.back[used], *parts[0], *parts[1], *counts, unknown)
