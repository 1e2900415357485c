"""One row a rollout: its clock, its waves, its outcome and what ended it.

Outcomes: `build_failed` (a run that deployed nothing: `history.joining.unbuilt`), `completed`, `rolled_back` (some
region was set back, by a machine or by people), `deploy_failed`, `stopped`, `overtaken` (by the next version),
`incomplete` (regions of the service never got it), `in_progress`, `unknown` (a status that this version does not know).
None of them says that a change was sound.
"""

import numpy as np
import pandas as pd

from history.joining.kinds import Bools, Facts, Floats, Ints, Objects
from history.joining.spans import Spans

OUTCOMES = (
    "completed",
    "rolled_back",
    "deploy_failed",
    "build_failed",
    "stopped",
    "overtaken",
    "incomplete",
    "in_progress",
    "unknown",
)
CLOCKS = ("push", "execution", "run", "first start")
GIVEN_UP_AFTER = 3  # so many rollouts in a row that leave a region out say that the service left it
_RUNNING = {"INPROGRESS", "IN_PROGRESS", "PROVISIONING", "VALIDATING", "STOPPING"}


def expected(by: Spans, service: Ints, started: Floats, f: Facts) -> Ints:
    """Return in how many regions each rollout's service ran when the rollout began.

    Parameters
    ----------
    by : Spans
        The rollouts among the (rollout, region)s.
    service : ndarray of int
        By rollout: its service.
    started : ndarray of float
        By (rollout, region): the first start, UTC microseconds.
    f : Facts
        All deployments, by place: when each service was deployed first and last in each region.
    """
    found, start = by.size.copy(), by.min(started)
    places = Spans(f.place)
    owner, first, last = places.first(f.service), places.min(f.started), places.max(f.started)
    order = np.argsort(service, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(service[order])) + 1) if len(order) else ():
        here = owner == service[own[0]]
        at = np.sort(start[own])
        begun = np.searchsorted(np.sort(first[here]), start[own], side="left")
        # A place that several rollouts in a row left out is no longer one of the service's.
        left = np.searchsorted(at, last[here], side="right") + GIVEN_UP_AFTER
        gone = np.append(at, np.full(GIVEN_UP_AFTER + 1, np.inf))[left]
        over = np.searchsorted(np.sort(gone), start[own], side="right")
        found[own] = np.maximum(found[own], begun - over)
    return found


def set_back_or_stopped(regions: pd.DataFrame) -> Floats:
    """Return when each (rollout, region)'s rollout was first set back or stopped, UTC microseconds; NaN: never."""
    status, by = regions["status"].cat, Spans(regions["group"].to_numpy())
    stopped = (status.codes == list(status.categories).index("stopped")).to_numpy()
    back = regions["rollback_started_at"].to_numpy(dtype=float)
    found = by.min(np.fmin(back, np.where(stopped, regions["ended_at"].to_numpy(dtype=float), np.nan)))
    return found[by.of] if len(found) else back


def outcomes(regions: pd.DataFrame, wanted: Ints, run_status: Objects) -> tuple[Objects, Objects]:
    """Return outcome and cause of each rollout.

    Parameters
    ----------
    regions : DataFrame
        One row a (rollout, region), every rollout from 0 on with at least one.
    wanted : ndarray of int
        By rollout: how many regions it was to reach.
    run_status : ndarray of object
        By rollout: the status of its run, None where there is none.
    """
    count = len(wanted)
    group = regions["group"].to_numpy()

    def some(mask: Bools) -> Bools:
        return np.bincount(group[mask], minlength=count) > 0

    status, cause = (regions[name].cat for name in ("status", "cause"))

    def is_(name: str) -> Bools:
        found: Bools = (status.codes == list(status.categories).index(name)).to_numpy()
        return found

    def by(name: str) -> Bools:
        names = list(cause.categories)
        found: Bools = (cause.codes == (names.index(name) if name in names else -2)).to_numpy()
        return found

    back = regions["set_back"].to_numpy() | is_("rolled_back")
    reached = np.bincount(group[is_("succeeded")], minlength=count)
    code, each = pd.factorize(run_status)
    told = [str(name).upper() for name in each]
    succeeded = np.append([name == "SUCCEEDED" for name in told], False)[code].astype(bool)
    running = np.append([name in _RUNNING for name in told], False)[code].astype(bool)
    over = some(is_("stopped") & by("overtaken"))
    choices = [
        (some(is_("in_progress")), "in_progress"),
        (some(back), "rolled_back"),
        (some(is_("failed")), "deploy_failed"),
        (some(is_("stopped") & ~by("overtaken")), "stopped"),
        (over, "overtaken"),
        (some(is_("unknown")), "unknown"),
        (running, "in_progress"),
        ((reached < wanted) & ~succeeded, "incomplete"),
    ]
    names = np.array([*(name for _, name in choices), "completed"], dtype=object)
    code = np.select([mask for mask, _ in choices], range(len(choices)), default=len(choices))
    outcome = names[code]
    alarmed = some(by("alarm") | regions["ended_by"].notna().to_numpy())
    ended = (outcome == "rolled_back") | (outcome == "stopped")
    causes = np.array(["failed deployment", "next version", "alarm", "people", ""], dtype=object)
    which = [outcome == "deploy_failed", outcome == "overtaken", ended & alarmed, ended]
    return outcome, causes[np.select(which, range(4), default=4)]


def halts(regions: pd.DataFrame, outcome: Objects, cause: Objects) -> Floats:
    """Return when each rollout was halted, UTC microseconds: its alarm, else when it was first set back or failed."""
    count = len(outcome)
    group, status = regions["group"].to_numpy(), regions["status"].cat

    def first(values: Floats, mask: Bools) -> Floats:
        found = np.full(count, np.inf)
        use = mask & ~np.isnan(values)
        np.minimum.at(found, group[use], values[use])
        return np.where(np.isinf(found), np.nan, found)

    every = np.ones(len(regions), dtype=bool)
    rang = first(regions["ended_by"].to_numpy(), every)
    back = first(regions["rollback_started_at"].to_numpy(), every)
    over = [list(status.categories).index(name) for name in ("failed", "stopped")]
    stop = first(regions["ended_at"].to_numpy(), np.isin(status.codes.to_numpy(), over))
    early = np.where(cause == "alarm", np.fmin(np.where(np.isnan(rang), back, rang), back), back)
    failed = (outcome == "deploy_failed") | (outcome == "stopped") | (outcome == "overtaken")
    return np.where(outcome == "rolled_back", early, np.where(failed, stop, np.nan))
