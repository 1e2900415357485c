"""What came of recorded rollouts, in the terms of the targets: minutes to the end, halted or not, how far it had come.

Not here: reading rollouts as records (`history.replaying.reading`), what was foretold (`forecasts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.joining import Rollouts
from history.joining.as_of import only
from history.replaying.reading import Read, read
from history.replaying.records import Records
from history.replaying.used import as_tried
from simulation import Scenario
from waves import Plan

TARGETS = {
    "end_minutes": ("minutes to the end of the pipeline", "minutes"),
    "halted": ("halted, by an alarm, by people or by a failed deployment", "0 or 1"),
    "share_at_halt": ("traffic of the regions that had the new version at the halt", "share of traffic"),
}
ELSEWAYS = "went otherwise than its service's plan"
PARTIAL = "came to an end without all regions of its plan, though nothing halted it"
UNKNOWN_PLAN = "nothing before it says by what plan its service goes"


@dataclass(frozen=True, eq=False)
class Told:
    """What became of rollouts.

    Attributes
    ----------
    table : DataFrame
        By rollout: `service`, and each of `TARGETS`; `share_at_halt` is NaN where nothing was halted.
    plans : dict of str to Plan
        By service: the plan that most of its rollouts went by.
    left_out : dict of str to str
        By rollout: why nothing is said of it.
    """

    table: pd.DataFrame
    plans: dict[str, Plan]
    left_out: dict[str, str]


def told(rollouts: Rollouts, scenario: Scenario, used: Mapping[str, Plan]) -> Told:
    """Read what became of rollouts.

    Parameters
    ----------
    rollouts
        The join, or what was known of it.
    scenario
        Over whose fleet.
    used
        By service, or `*` for all others: the plan that rollouts go by, where it is known; its retries are those that
        failed deployments were given, where it says fewer.
    """
    found = read(rollouts, scenario, as_tried(rollouts, used))
    left = {str(name): str(why) for name, why in found.left_out.items()}
    return Told(_table(_ended(found.groups, left), scenario), _plans(found), left)


def under(told_: Told, rollouts: Rollouts, scenario: Scenario, plans: Mapping[str, Plan]) -> Told:
    """Read what became of later rollouts, each under the plan that its service was known to go by."""
    services = rollouts.frame["service"]
    known = services.isin(list(plans)).to_numpy()
    found = read(_some(rollouts, known), scenario, plans)
    left = {str(name): UNKNOWN_PLAN for name in rollouts.frame.index[~known]}
    left |= {str(name): str(why) for name, why in found.left_out.items()}
    kept = []
    for records in found.groups:
        same = np.array([plans[each].digest == records.plan.digest for each in records.services], dtype=bool)
        kept.append(records.of(same))
        left |= {str(name): ELSEWAYS for name in records.names[~same]}
    return Told(_table(_ended(kept, left), scenario), told_.plans, left)


def _ended(groups: list[Records], left: dict[str, str]) -> list[Records]:
    """Return records with a known end; add the others to what is left out: they neither shipped nor were halted."""
    ends = [np.isfinite(records.end) for records in groups]
    for records, known in zip(groups, ends, strict=True):
        left |= {str(name): PARTIAL for name in records.names[~known]}
    return [records.of(known) for records, known in zip(groups, ends, strict=True)]


def _some(rollouts: Rollouts, which: NDArray[np.bool_]) -> Rollouts:
    return only(rollouts, rollouts.frame.index[which])


def _plans(found: Read) -> dict[str, Plan]:
    counts: dict[str, dict[str, tuple[int, Plan]]] = {}
    for records in found.groups:
        services, many = np.unique(records.services.astype(str), return_counts=True)
        for service, count in zip(services.tolist(), many.tolist(), strict=True):
            own = counts.setdefault(service, {})
            own[records.plan.digest] = (own.get(records.plan.digest, (0, records.plan))[0] + count, records.plan)
    # Of two as frequent, the one whose digest comes first: nothing hangs on the order of rows.
    return {name: max(sorted(own.items()), key=lambda each: each[1][0])[1][1] for name, own in counts.items()}


def _table(groups: list[Records], scenario: Scenario) -> pd.DataFrame:
    parts = [_of(records, scenario) for records in groups if len(records)]
    empty = pd.DataFrame({name: [] for name in ("service", *TARGETS)}, index=pd.Index([], dtype=object))
    return pd.concat(parts) if parts else empty


def _of(records: Records, scenario: Scenario) -> pd.DataFrame:
    shares = np.array([scenario.fleet.shares[name] for name in scenario.fleet.names])
    through = (records.failed == 0).any(axis=0)  # deployments that had succeeded by the halt
    halted = ~records.shipped
    values: dict[str, Any] = {
        "service": records.services.astype(object),
        "end_minutes": records.end,
        "halted": halted.astype(float),
        "share_at_halt": np.where(halted, (shares[:, None] * through).sum(axis=0), np.nan),
    }
    return pd.DataFrame(values, index=pd.Index(records.names, dtype=object))
