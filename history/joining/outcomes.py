"""One row a rollout: its clock, its waves, its outcome and what ended it.

Outcomes: `completed`, `rolled_back` (some region was set back, by a machine or by people), `deploy_failed`, `stopped`,
`overtaken` (by the next version), `incomplete` (regions of the service never got it), `in_progress`, `unknown` (a
status that this version does not know). None of them says that a change was sound.
"""

import numpy as np
import pandas as pd

from history.joining.kinds import Bools, Floats, Ints, Objects

OUTCOMES = (
    "completed",
    "rolled_back",
    "deploy_failed",
    "stopped",
    "overtaken",
    "incomplete",
    "in_progress",
    "unknown",
)
CLOCKS = ("push", "execution", "run", "first start")
GIVEN_UP_AFTER = 3  # so many rollouts in a row that leave a region out say that the service left it
_RUNNING = {"INPROGRESS", "IN_PROGRESS", "PROVISIONING", "VALIDATING", "STOPPING"}


def expected(regions: pd.DataFrame, seen: pd.DataFrame) -> Ints:
    """Return in how many regions each rollout's service ran when the rollout began.

    Parameters
    ----------
    regions : DataFrame
        One row a (rollout, region): `group`, `service`, `started_at`.
    seen : DataFrame
        One row a (service, region): `service`, `first` and `last`, when it was deployed there.
    """
    rollouts = regions.groupby("group", sort=True).agg(
        service=("service", "first"), at=("started_at", "min"), reached=("started_at", "size")
    )
    found = rollouts["reached"].to_numpy().copy()
    for service, own in rollouts.groupby("service", sort=False):
        places, at = seen[seen["service"] == service], np.sort(own["at"].to_numpy())
        begun = np.searchsorted(np.sort(places["first"].to_numpy()), own["at"].to_numpy(), side="left")
        # A place that several rollouts in a row left out is no longer one of the service's.
        left = np.searchsorted(at, places["last"].to_numpy(), side="right") + GIVEN_UP_AFTER
        gone = np.append(at, np.full(GIVEN_UP_AFTER + 1, np.inf))[left]
        over = np.searchsorted(np.sort(gone), own["at"].to_numpy(), side="right")
        here = own.index.to_numpy()
        found[here] = np.maximum(found[here], begun - over)
    return found


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

    status, cause = regions["status"].to_numpy(dtype=object), regions["cause"].to_numpy(dtype=object)
    back = regions["set_back"].to_numpy() | (status == "rolled_back")
    reached = np.bincount(group[status == "succeeded"], minlength=count)
    status_of_run = np.array([str(each).upper() for each in run_status], dtype=object)
    succeeded, running = status_of_run == "SUCCEEDED", np.isin(status_of_run, list(_RUNNING))
    over = some((status == "stopped") & (cause == "overtaken"))
    choices = [
        (some(status == "in_progress"), "in_progress"),
        (some(back), "rolled_back"),
        (some(status == "failed"), "deploy_failed"),
        (some((status == "stopped") & (cause != "overtaken")), "stopped"),
        (over, "overtaken"),
        (some(status == "unknown"), "unknown"),
        (running, "in_progress"),
        ((reached < wanted) & ~succeeded, "incomplete"),
    ]
    outcome = np.select([mask for mask, _ in choices], [name for _, name in choices], default="completed")
    alarmed = some((cause == "alarm") | (back & (regions["alarm"] == "fired").to_numpy()))
    ended = np.isin(outcome, ["rolled_back", "stopped"])
    why = np.where(
        outcome == "deploy_failed",
        "failed deployment",
        np.select([outcome == "overtaken", ended & alarmed, ended], ["next version", "alarm", "people"], default=""),
    )
    return outcome.astype(object), why.astype(object)


def halts(regions: pd.DataFrame, outcome: Objects, cause: Objects) -> Floats:
    """Return when each rollout was halted, UTC microseconds: the alarm, else the first that was set back or failed."""
    count = len(outcome)
    group, status = regions["group"].to_numpy(), regions["status"].to_numpy(dtype=object)

    def first(values: Floats, mask: Bools) -> Floats:
        found = np.full(count, np.inf)
        use = mask & ~np.isnan(values)
        np.minimum.at(found, group[use], values[use])
        return np.where(np.isinf(found), np.nan, found)

    every = np.ones(len(regions), dtype=bool)
    rang = first(regions["alarm_at"].to_numpy(), every)
    back = first(regions["rollback_started_at"].to_numpy(), every)
    stop = first(regions["ended_at"].to_numpy(), np.isin(status, ["failed", "stopped"]))
    early = np.where(cause == "alarm", np.fmin(np.where(np.isnan(rang), back, rang), back), back)
    failed = np.isin(outcome, ["deploy_failed", "stopped", "overtaken"])
    return np.where(outcome == "rolled_back", early, np.where(failed, stop, np.nan))
