"""Which changes were bad, which were sound, and of which nobody can say: by alarms, incidents, and who set them back.

A change is bad where an incident names it, where a true alarm halted it, or where people set it back. An alarm is its
cause only if what followed followed soon; and where the history holds incidents at all, an alarm without one is false.
No alarm is no evidence where nobody looked. Not here: what is made of them (`defects`, `detection`, `alarms`).
"""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.fitting.attempts import reached
from history.fitting.grids import Floats
from history.fitting.past import Past, minutes

SOON = 120.0  # minutes from an alarm to the way back, beyond which it is not what people or ECS went back for
WATCHED = 60.0  # minutes after the last deployment for which an alarm may still be the rollout's
CLOCKS = 1.0  # minutes by which the clocks of two services may differ
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Judged:
    """What is known of each rollout's change.

    Attributes
    ----------
    bad, sound : bool, (n,)
        Whether it is known to have been bad, or watched and not seen to be.
    counted : bool, (n,)
        Whether it counts among those of which one can tell: in times in which alarms were looked at.
    alarmed, false, people : bool, (n,)
        Halted by a true alarm; by, or in the presence of, one that meant nothing; set back by people.
    alarm, back, harm, seen : (n,)
        When the alarm was, when the way back began, when an incident says harm began, and when somebody or something
        noticed; minutes since 1970, NaN where there is none.
    hurt : bool, (n, R)
        Which regions an incident names.
    reach : bool, (n, R)
        Which regions had traffic on the new version.
    incidents : bool
        Whether an alarm without an incident is taken as false.
    """

    bad: Bools
    sound: Bools
    counted: Bools
    alarmed: Bools
    false: Bools
    people: Bools
    alarm: Floats
    back: Floats
    harm: Floats
    seen: Floats
    hurt: Bools
    reach: Bools
    incidents: bool

    @cached_property
    def known(self) -> Bools:
        """Which count, bad or sound."""
        return self.counted & (self.bad | self.sound)


def judged(past: Past, complete: bool | None = None) -> Judged:
    """Return what a history says of each change.

    Parameters
    ----------
    past
        The history.
    complete
        Whether every bad change has an incident; if left out, so it is taken where there is any.
    """
    frame = past.frame
    outcome, state = (np.asarray(frame[name], dtype=object) for name in ("outcome", "alarm"))
    incident = frame["incident"].notna().to_numpy()
    some = bool(incident.any()) if complete is None else complete
    alarm, back, ended = past.at("alarm_at"), past.at("rollback_started_at"), past.at("ended_at")
    fired = (state == "fired") & ~np.isnan(alarm)
    rolled = outcome == "rolled_back"
    with np.errstate(invalid="ignore"):
        cause = fired & (back >= alarm - CLOCKS) & (back <= alarm + SOON) & rolled
        in_time = ~(alarm > ended + WATCHED) | (cause & _short(frame))  # one of later is no longer the rollout's
        halted = fired & (outcome == "stopped") & in_time
    alarmed = (cause | halted) & (incident | (not some))
    false = fired & in_time & ~incident & some
    people = rolled & ~cause
    bad = alarmed | incident | people
    over = ~np.isin(outcome, ("in_progress", "build_failed", "unknown"))
    stopped = np.isin(outcome, ("stopped", "overtaken")) & ~bad
    reach = reached(past)
    idle = false | (cause & ~incident & some)
    sound = (state == "none") & ~bad & over & ~stopped | (idle & ~bad & over)
    sound &= reach.any(axis=1)
    unsure = ~sound & ~bad & (state == "unknown") & over & reach.any(axis=1)
    harm = past.at("incident_started_at")
    detected = past.at("incident_detected_at")
    seen = np.where(alarmed | (fired & incident & in_time), alarm, np.where(np.isnan(detected), back, detected))
    return Judged(
        bad & reach.any(axis=1), sound, _looked(past, sound, unsure, bad), alarmed, false, people & ~alarmed,
        np.where(fired, alarm, np.nan), back, harm, np.where(bad, seen, np.nan), _hurt(past), reach, some,
    )  # fmt: skip


def _short(frame: pd.DataFrame) -> Bools:
    """Return which rollouts came to fewer regions than others of their service: they waited for the next wave."""
    most = frame.groupby("service")["regions"].transform("max")
    return np.asarray(frame["regions"] < most, dtype=np.bool_)


def _looked(past: Past, sound: Bools, unsure: Bools, bad: Bools) -> Bools:
    """Return which rollouts lie in times in which one can tell.

    A sound one does by itself. A bad one, whose alarm or incident tells of itself even where nobody looked, counts if
    the next rollout of its service, before or after, could be told; else bad changes alone would be seen of old times.
    """
    judge = sound | unsure
    if not judge.any():
        return bad.copy()
    when = np.where(np.isnan(past.started), 0.0, past.started)
    both = pd.DataFrame({"at": when, "service": past.services, "sound": sound}, index=np.arange(len(sound)))
    left, right = both[bad].sort_values("at"), both[judge].sort_values("at")
    near = pd.merge_asof(left[["at", "service"]].reset_index(), right, on="at", by="service", direction="nearest")
    found = sound.copy()
    found[near["index"].to_numpy()] = near["sound"].fillna(False).to_numpy(dtype=np.bool_)
    return found


def _hurt(past: Past) -> Bools:
    places = past.scenario.fleet.positions
    found = np.zeros((len(past.frame), len(places)), dtype=np.bool_)
    texts = past.frame["incident_regions"]
    for i in np.flatnonzero(texts.notna().to_numpy()):
        text = texts.iloc[i]
        for name in json.loads(text) if isinstance(text, str) and text else []:
            if name in places:
                found[i, places[name]] = True
    return found


def exposure(past: Past, found: Judged) -> tuple[Floats, NDArray[np.int64]]:
    """Return for how long each (rollout, region) was watched for false alarms, in minutes, and its rollout's row.

    From the start of its last attempt to the first of an alarm, the way back, the harm that an incident dates (an alarm
    from then on counts as a true one), and an hour after the rollout's last deployment; 0 where nobody knows of alarms.
    """
    regions = past.rollouts.regions
    row = past.row(regions["rollout"])
    begin = minutes(regions["last_started_at"])
    over = np.fmax(past.at("ended_at") + WATCHED, np.where(found.false, found.alarm, -np.inf))  # it halted a wait
    end = np.fmin(minutes(regions["watched_until"]), over[row])
    end = np.fmin(np.fmin(end, found.alarm[row]), np.fmin(found.back[row], found.harm[row]))
    state = np.asarray(regions["alarm"], dtype=object)
    known = np.isin(state, ("none", "fired")) & (past.place >= 0)
    known &= np.asarray(regions["status"], dtype=object) != "failed"  # the old version, which is not watched for this
    took = np.where(known & ~np.isnan(begin) & ~np.isnan(end), end - begin, 0.0)
    return np.maximum(took, 0.0), row
