"""The waves as they were: what the pipeline's stages or a plan say, else what overlap and order of the starts show."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from history.instants import MINUTE
from history.joining.kinds import Bools, Floats, Ints
from waves import Plan

FROM = ("inferred", "pipeline", "plan")
INFERRED, PIPELINE, PLAN = range(len(FROM))
TOGETHER = 1 * MINUTE  # what starts within a minute starts together, however short its deployment


def inferred(rollout: Ints, start: Floats, end: Floats) -> Ints:
    """Count off each rollout's waves by overlap: a region that starts after all before it have ended begins one.

    Parameters
    ----------
    rollout : ndarray of int
        By region of a rollout; equal ones beside each other, in order of `start`.
    start, end : ndarray of float
        UTC microseconds; a region that has not ended has NaN.

    Returns
    -------
    ndarray of int
        From 1 in each rollout.
    """
    if not len(start):
        return np.zeros(0, dtype=np.int64)
    first = np.concatenate([[True], rollout[1:] != rollout[:-1]])
    until = np.maximum(np.where(np.isnan(end), np.inf, end), start + TOGETHER)
    reach = pd.Series(until).groupby(rollout, sort=False).cummax().to_numpy()
    begins = first.copy()
    begins[1:] |= start[1:] >= reach[:-1]
    return _from_one(rollout, begins)


def by_stage(rollout: Ints, stage: Ints, start: Floats) -> Ints:
    """Count off each rollout's stages by their first start; 0 in rollouts with a region whose stage is not known."""
    if not (stage >= 0).any():
        return np.zeros(len(start), dtype=np.int64)
    frame = pd.DataFrame({"rollout": rollout, "stage": stage, "start": start})
    begin = frame.groupby(["rollout", "stage"])["start"].transform("min")
    rank = begin.groupby(frame["rollout"]).rank(method="dense").astype(np.int64).to_numpy()
    known = frame["stage"].ge(0).groupby(frame["rollout"]).transform("all").to_numpy()
    return np.where(known, rank, 0)


def by_plan(
    rollout: Ints, service: "pd.Series[str]", region: "pd.Series[str]", start: Floats, plans: Mapping[str, Plan]
) -> Ints:
    """Return the wave of the plan of each region; 0 in rollouts that did not go by it.

    A rollout goes by a plan if the plan has all its regions and no wave starts before every earlier one has begun
    in all of its regions that were reached at all.
    """
    found = np.zeros(len(start), dtype=np.int64)
    if not plans:
        return found
    for name, plan in plans.items():
        place = {each: number for number, wave in enumerate(plan.waves, start=1) for each in wave.regions}
        mine = ((service == name) if name != "*" else ~service.isin(list(plans))).to_numpy()
        found[mine] = region[mine].map(place).fillna(0).astype(np.int64).to_numpy()
    return np.where(_orderly(rollout, found, start), found, 0)


def _orderly(rollout: Ints, wave: Ints, start: Floats) -> Bools:
    if not len(wave):
        return np.zeros(0, dtype=bool)
    order = np.lexsort((start, wave, rollout))
    r, w, s = rollout[order], wave[order], start[order]
    latest = pd.Series(s).groupby(r, sort=False).cummax().to_numpy()
    wrong = np.zeros(len(w), dtype=bool)
    wrong[1:] = (r[1:] == r[:-1]) & (w[1:] > w[:-1]) & (s[1:] < latest[:-1])
    wrong |= w == 0
    spoiled = np.zeros(len(w), dtype=bool)
    spoiled[order] = pd.Series(wrong).groupby(r).transform("any").to_numpy()
    return ~spoiled


def _from_one(rollout: Ints, begins: Bools) -> Ints:
    total = np.cumsum(begins)
    first = np.concatenate([[True], rollout[1:] != rollout[:-1]])
    base = np.maximum.accumulate(np.where(first, total - 1, 0))
    return (total - base).astype(np.int64)
