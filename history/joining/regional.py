"""One row a (rollout, region): attempts, ends, how it was set back, whether it is censored.

Not here: alarms (`alarms`), waves (`waves`), what the rollout as a whole came to (`outcomes`).
"""

from typing import Any

import numpy as np
import pandas as pd

from history.instants import MINUTE
from history.joining.deployments import STATUSES
from history.joining.groups import Groups
from history.joining.kinds import ROLLBACK, Bools, Facts, Floats, Ints
from history.joining.spans import distinct, ordered

OVERTAKEN = "overtaken"
STOPPED_BY_NEXT = 1 * MINUTE  # ECS stops what a newer deployment replaces at its creation


def overtaken(f: Facts) -> Bools:
    """Return whether a deployment was stopped because a newer one of another version began."""
    if not len(f.order):
        return np.zeros(0, dtype=bool)
    following = np.minimum(np.arange(len(f.order)) + 1, len(f.order) - 1)
    same = (f.place[following] == f.place) & (f.version[following] != f.version)
    with np.errstate(invalid="ignore"):
        return f.stopped & same & (f.started[following] <= f.finished + STOPPED_BY_NEXT)


def regional(f: Facts, g: Groups, region: Ints, rows: pd.DataFrame, over: Bools) -> pd.DataFrame:
    """Return the regions of each rollout, in the order of rollouts and first starts.

    Parameters
    ----------
    f, g
        Rows and groups, in the order of the facts.
    region : ndarray of int
        The region's place in the fleet, in the order of the facts.
    rows : DataFrame
        The regional deployments, in their own order.
    over : ndarray of bool
        What `overtaken` said.
    """
    ships = np.flatnonzero((g.group >= 0) & (g.kind != ROLLBACK))
    size = int(region.max(initial=0)) + 1
    keys, where = distinct(g.group[ships] * size + region[ships])
    count = len(keys)
    # Rows are in order of their start: the last one written stays.
    last, first = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    last[where] = ships
    first[where[::-1]] = ships[::-1]
    attempts = np.bincount(where, minlength=count)
    failed = np.bincount(where[f.status[ships] == STATUSES.index("failed")], minlength=count)
    causes = [str(each) for each in rows["cause"].cat.categories]
    cause = np.where(over, len(causes), rows["cause"].cat.codes.to_numpy()[f.order])
    told = _told(rows, f, ships, where, count, cause == (causes.index("alarm") if "alarm" in causes else -2))
    back = _set_back(f, g, region, size, keys, last)
    order = ordered(keys // size, f.started[first])
    keys, last, first = keys[order], last[order], first[order]
    origin = rows[["service", "account", "aws_region", "cluster"]].iloc[f.order[last]].reset_index(drop=True)
    hold = rows["hold_minutes"].to_numpy(dtype=float)[f.order[last]]
    duration = (f.finished[last] - f.started[last]) / MINUTE - hold
    return pd.DataFrame(
        {
            "group": keys // size,
            "region_code": keys % size,
            "service": origin["service"],
            "account": origin["account"],
            "aws_region": origin["aws_region"],
            "cluster": origin["cluster"],
            "status": pd.Categorical.from_codes(f.status[last], categories=pd.Index(STATUSES)),
            "cause": pd.Categorical.from_codes(cause[last], categories=pd.Index([*causes, OVERTAKEN])),
            "attempts": attempts[order],
            "failed_attempts": failed[order],
            "started_at": f.started[first],
            "last_started_at": f.started[last],
            "ended_at": f.finished[last],
            "deploy_minutes": np.where(f.ok[last], duration, np.nan),
            "hold_minutes": hold,
            "paused": rows["paused"].to_numpy(dtype=bool)[f.order[last]],
            "censored": f.open_[last],
            "told_alarm": told[order],
            "first_row": first,
            "last_row": last,
            **{name: values[order] for name, values in back.items()},
        },
        copy=False,
    )


def _set_back(f: Facts, g: Groups, region: Ints, size: int, keys: Ints, last: Ints) -> dict[str, Any]:
    """Return how each region was set back: by ECS in the deployment itself, or by deployments of an older version."""
    count = len(keys)
    own = f.undone[last]
    start = np.where(own, f.rollback_started[last], np.nan)
    end = np.where(own & ~f.recovery_failed[last], f.finished[last], np.nan)
    back = np.flatnonzero((g.group >= 0) & (g.kind == ROLLBACK))
    wanted = g.group[back] * size + region[back]
    spot = np.minimum(np.searchsorted(keys, wanted), max(count - 1, 0))
    fits = keys[spot] == wanted if count else np.zeros(len(back), dtype=bool)
    back, spot = back[fits], spot[fits]
    begun, done = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(begun, spot, f.started[back])
    np.maximum.at(done, spot, np.where(f.ok[back], f.finished[back], -np.inf))
    tries = np.bincount(spot, minlength=count)
    start = np.fmin(start, np.where(np.isinf(begun), np.nan, begun))
    end = np.fmax(end, np.where(np.isinf(done), np.nan, done))
    by_hand = (tries > 1) | ((tries == 1) & f.recovery_failed[last])
    return {"rollback_started_at": start, "rollback_ended_at": end, "recovered_by_hand": by_hand, "set_back": tries > 0}


def _told(rows: pd.DataFrame, f: Facts, ships: Ints, where: Ints, count: int, alarmed: Bools) -> Floats:
    """Return the alarm that a row itself tells of: a table's time, or at the latest when ECS began to go back."""
    said = rows["alarm_at"].to_numpy(dtype=float)[f.order]
    said = np.where(np.isnan(said) & alarmed, f.rollback_started, said)[ships]
    found = np.full(count, np.inf)
    np.minimum.at(found, where, np.where(np.isnan(said), np.inf, said))
    return np.where(np.isinf(found), np.nan, found)
