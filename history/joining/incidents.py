"""Which incident belongs to which rollout: by its rollout, else by its digest and time. The others are remarked on."""

from typing import Any

import numpy as np
import pandas as pd

from history.instants import MINUTE, iso
from history.joining.kinds import Floats, Ints
from waves.files.documents import shown

CLOCKS = 5 * MINUTE  # an incident may be written down as so much earlier than the first start of what caused it


def incident_rollouts(incidents: pd.DataFrame, rollouts: pd.DataFrame) -> tuple[Ints, list[str]]:
    """Return the row of the rollout of each incident, -1 where there is none, and a sentence for each of those.

    Parameters
    ----------
    incidents : DataFrame
        The table.
    rollouts : DataFrame
        `id`, `named`, `run`, `version`, `from_at` (UTC microseconds), in order of `from_at`.
    """
    if not len(incidents):
        return np.zeros(0, dtype=np.int64), []
    by_name: dict[str, int] = {}
    for column in ("run", "named", "id"):
        by_name |= {name: place for place, name in enumerate(rollouts[column]) if isinstance(name, str)}
    by_version = rollouts.reset_index(drop=True).groupby("version", sort=False).groups
    started = rollouts["from_at"].to_numpy(dtype=float)
    found, remarks = np.full(len(incidents), -1), []
    for place, row in enumerate(incidents.to_dict("records")):
        found[place], why = _one(row, by_name, by_version, started)
        if why:
            remarks.append(f"incident {shown(str(row['id']))}: {why}")
    return found, remarks


def _one(row: dict[Any, Any], by_name: dict[str, int], by_version: Any, started: Floats) -> tuple[int, str]:
    at = float(row["started_at"])
    name, digest = row.get("rollout"), row.get("digest")
    if isinstance(name, str) and name in by_name:
        return by_name[name], ""
    own = by_version.get(digest) if isinstance(digest, str) else None
    if own is None:
        what = f"rollout {shown(name)}" if isinstance(name, str) else f"digest {shown(str(digest))}"
        return -1, f"no rollout of the history has its {what}; correct it, or collect what it names"
    earlier = [int(each) for each in own if started[int(each)] - CLOCKS <= at]
    if not earlier:
        return -1, f"it began at {iso(int(at))}, before the first rollout of its digest; correct its time or its digest"
    return max(earlier, key=lambda each: started[each]), ""


def incident_times(incidents: pd.DataFrame, found: Ints, count: int) -> pd.DataFrame:
    """Return the first incident of each rollout: `id`, `started_at`, `detected_at`, `mitigated_at`, `regions`."""
    columns = ["id", "started_at", "detected_at", "mitigated_at", "regions"]
    table = incidents[columns].assign(rollout=found)[found >= 0].sort_values("started_at")
    return table.drop_duplicates("rollout").set_index("rollout").reindex(range(count))
