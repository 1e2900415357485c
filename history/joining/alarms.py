"""What alarms say of each region of a rollout: fired, none, or unknown where nobody looked.

"None" is said only where `coverage` knows the whole time; a clean rollout is not a sound one. Not here: incidents
(`history.joining.incidents`).
"""

import fnmatch
import json
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.instants import MINUTE
from history.joining.tables import Tables

Floats = NDArray[np.float64]
STATES = ("fired", "none", "unknown")
FIRED, NONE, UNKNOWN = range(len(STATES))
CAUSES_WITHIN = 120 * MINUTE  # an alarm that rang longer before a rollout was set back is not why it was
CLOCKS = 1 * MINUTE  # and it may be written down as so much later


def alarm_states(
    tables: Tables, regions: pd.DataFrame, rows: pd.DataFrame, over: Floats
) -> tuple["pd.Categorical[Any]", Floats, Floats]:
    """Return state (of `STATES`), first alarm, and the alarm that may be why it ended, of each region of a rollout.

    Instants are UTC microseconds, NaN where there is none.

    Parameters
    ----------
    tables : Tables
        The history.
    regions : DataFrame
        One row a (rollout, region): `service`, `account`, `aws_region`, `cluster`, `from_at`, `watched_until`,
        `told_alarm` (what a table or ECS itself says).
    rows : DataFrame
        The regional deployments, for the names of their alarms.
    over : ndarray of float
        By region: when its rollout was first set back or stopped, NaN where it was not.
    """
    at = regions["told_alarm"].to_numpy(dtype=float).copy()
    state = np.where(np.isnan(at), UNKNOWN, FIRED)
    ended = np.where(may_cause(at, over), at, np.nan)
    changes = tables["alarm_changes"]
    changes = changes[changes["state_to"] == "ALARM"]
    names = _names(rows, tables)
    for key, own in regions[regions["account"].notna()].groupby(["account", "aws_region", "cluster", "service"]):
        account, region, cluster, service = map(str, key)
        place = own.index.to_numpy()
        here = (changes["account"] == account) & (changes["region"] == region)
        told = names.get((account, region, cluster, service), set())
        rang = np.sort(changes["at"].to_numpy(dtype=float)[(here & changes["alarm"].isin(told)).to_numpy()])
        first, until = own["from_at"].to_numpy(), own["watched_until"].to_numpy()
        spot = np.searchsorted(rang, first)
        seen = np.append(rang, np.inf)[spot]
        fired = seen <= until
        state[place] = np.where(fired, FIRED, state[place])
        at[place] = np.fmin(at[place], np.where(fired, seen, np.nan))
        near = np.append(rang, np.nan)[np.searchsorted(rang, np.fmax(first, over[place] - CAUSES_WITHIN))]
        near = np.where(may_cause(near, over[place]) & (near <= until), near, np.nan)
        ended[place] = np.fmin(ended[place], near)
        known = _covered(tables["coverage"], account, region, told, first, until)
        state[place] = np.where((state[place] == UNKNOWN) & known, NONE, state[place])
    return pd.Categorical.from_codes(state, categories=pd.Index(STATES)), at, ended


def may_cause(alarm: Floats, over: Floats) -> NDArray[np.bool_]:
    """Return whether an alarm may be why something was set back or stopped at an instant: at most two hours before."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = (over - alarm <= CAUSES_WITHIN) & (alarm <= over + CLOCKS)
    return found


def _names(rows: pd.DataFrame, tables: Tables) -> dict[tuple[str, str, str, str], set[str]]:
    """(account, region, cluster, service) → its alarms: those that ECS watched, and those named after it."""
    found: dict[tuple[str, str, str, str], set[str]] = {}
    columns = ["account", "aws_region", "cluster", "service", "alarm_names"]
    told = rows.loc[rows["origin"] == "ecs", columns].drop_duplicates()
    for *place, text in told.itertuples(index=False):
        own = found.setdefault((place[0], place[1], place[2], place[3]), set())
        own.update(json.loads(text) if isinstance(text, str) and text else [])
    watched = {name for own in found.values() for name in own}
    services = sorted({place[3] for place in found}, key=len, reverse=True)
    changes = tables["alarm_changes"][["account", "region", "alarm"]].drop_duplicates()
    for account, region, alarm in changes.itertuples(index=False):
        service = next((each for each in services if each.lower() in str(alarm).lower()), None)
        here = [place for place in found if (place[0], place[1], place[3]) == (account, region, service)]
        if len(here) == 1 and alarm not in watched:  # of two clusters nobody could say whose it is
            found[here[0]].add(alarm)
    return found


def _covered(
    coverage: pd.DataFrame, account: str, region: str, names: set[str], first: np.ndarray, until: np.ndarray
) -> np.ndarray:
    """Return whether a service's alarms were looked at for all of each time; False where it has none that are known."""
    own = coverage[(coverage["account"] == account) & (coverage["region"] == region) & (coverage["stream"] == "alarms")]
    if not names or not len(own):
        return np.zeros(len(first), dtype=bool)
    known = np.ones(len(first), dtype=bool)
    for name in names:
        here = np.zeros(len(first), dtype=bool)
        for part, begin, end in own[["part", "from_at", "until_at"]].itertuples(index=False):
            if _names_it(str(part), name):
                here |= (begin <= first) & (until <= end)
        known &= here
    return known


def _names_it(part: str, name: str) -> bool:
    patterns = part.split(" ")
    refused = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    taken = [pattern for pattern in patterns if not pattern.startswith("!")]
    return any(fnmatch.fnmatchcase(name, p) for p in taken) and not any(fnmatch.fnmatchcase(name, p) for p in refused)
