"""The frames that people get: names, order, UTC timestamps. Not here: what stands in them (`history.joining.join`)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from history.instants import MINUTE
from history.joining import metrics
from history.joining.alarms import STATES
from history.joining.deployments import STATUSES
from history.joining.groups import CONFIDENCE, LEFT_OUT, REASONS
from history.joining.kinds import KINDS, Floats, Ints, Objects
from history.joining.result import Rollouts
from history.joining.spans import Spans, ordered, words
from waves import Fleet

if TYPE_CHECKING:
    from history.joining.join import Joined

DAY_MINUTES = 24 * 60
_ROLLOUT = (
    "service", "version", "commit", "kind", "outcome", "halt_cause", "clock", "pushed_at", "started_at", "ended_at",
    "halted_at", "end_minutes", "halt_minutes", "regions", "regions_expected", "waves", "shape", "waves_from",
    "attempts", "failed_attempts", "alarm", "alarm_at", "alarm_region", "rollback_started_at", "rollback_ended_at",
    "incident", "incident_started_at", "incident_detected_at", "incident_mitigated_at", "incident_regions", "censored",
    "confidence", "reason", "resumes", "named", "run", "run_status",
)  # fmt: skip
_REGION = (
    "rollout", "region", "wave", "status", "cause", "attempts", "failed_attempts", "started_at", "last_started_at",
    "ended_at", "deploy_minutes", "hold_minutes", "paused", "rollback_started_at", "rollback_ended_at",
    "recovered_by_hand", "alarm", "alarm_at", "watched_until", "requests", "failed_requests", "metrics_minutes",
    "requests_before", "failed_requests_before", "censored", "account", "aws_region", "cluster",
)  # fmt: skip

_TEXTS = ("account", "aws_region", "cluster")
_INSTANTS = [name for name in _REGION if name.endswith(("_at", "_until"))]


def identities(rollout: pd.DataFrame) -> "np.ndarray":
    """Name each rollout: as a table does, else by service, first start and version, the same in every join."""
    if not len(rollout):
        return np.array([], dtype=object)
    minute = (rollout["from_at"].to_numpy(dtype=float) // MINUTE).astype(np.int64)
    days, day = np.unique(minute // DAY_MINUTES, return_inverse=True)
    dates = [f"{np.datetime64(int(each), 'D')}".replace("-", "") for each in days]
    hours = [f"T{each // 60:02d}{each % 60:02d}" for each in range(DAY_MINUTES)]
    version, which = pd.factorize(rollout["version"])
    texts = np.array([*which, "nan"], dtype=object)
    sums = pd.util.hash_array(texts, categorize=False).astype(">u4")
    short = pa.array(np.frombuffer(sums.tobytes().hex().encode(), dtype="S8")).cast(pa.string())
    made = pc.binary_join_element_wise(
        pa.array(rollout["service"], pa.string()),
        pc.binary_join_element_wise(pa.array(dates).take(day), pa.array(hours).take(minute % DAY_MINUTES), ""),
        short.take(np.where(version < 0, len(which), version)),
        "-",
    ).to_numpy(zero_copy_only=False)
    named = rollout["named"]
    names = np.where(named.isna(), made, named.to_numpy(dtype=object)) if named.notna().any() else made
    if (twice := pd.Index(names, dtype=object).duplicated()).any():
        again = pd.Series(names, dtype=object).groupby(names).cumcount().to_numpy()
        for place in np.flatnonzero(twice):
            names[place] = f"{names[place]}-{again[place] + 1}"
    return names


def stamps(values: "pd.Series[float] | np.ndarray") -> "pd.Series[pd.Timestamp]":
    """Turn microseconds into UTC timestamps, NaT where there is none."""
    numbers = np.asarray(values, dtype=float)
    with np.errstate(invalid="ignore"):
        whole = numbers.astype(np.int64)
    whole[~np.isfinite(numbers)] = np.iinfo(np.int64).min
    return pd.Series(pd.DatetimeIndex(whole.view("M8[us]"), copy=False).tz_localize("UTC"))


def made(joined: "Joined", rollout: pd.DataFrame, fleet: Fleet | None, remarks: tuple[str, ...]) -> Rollouts:
    """Make the result."""
    regions = joined.regions
    _alarms(rollout, regions)
    frame = _frame(rollout, regions)
    early = frame  # but for runs that deployed nothing, which stand where they began
    if not frame["started_at"].is_monotonic_increasing:
        early = frame.sort_values("started_at", kind="stable")
    ids = pd.CategoricalDtype(frame.index.rename(None))
    rollouts = pd.Categorical.from_codes(regions["group"].to_numpy(), dtype=ids)
    told = {"rollout": rollouts, **{str(name): regions[name] for name in regions}}
    told |= {name: stamps(regions[name]) for name in _INSTANTS}
    told |= {name: words(regions[name]) for name in _TEXTS}
    return Rollouts(
        frame=early,
        regions=pd.DataFrame({name: told[name] for name in _REGION}, copy=False),
        waves=_waves(joined, ids),
        deployments=_deployments(joined, ids),
        left_out=_left_out(joined),
        remarks=remarks,
        fleet=fleet,
        source=joined.tables.source,
        traffic=metrics.traffic_seen(joined.tables, regions["region"], regions),
    )


def _alarms(rollout: pd.DataFrame, regions: pd.DataFrame) -> None:
    """Sum up the alarms: fired where one did, none where all regions are known to have had none, else unknown."""
    group, state = regions["group"].to_numpy(), regions["alarm"]
    count = len(rollout)
    fired = np.bincount(group[(state == "fired").to_numpy()], minlength=count) > 0
    reached = rollout["regions"].to_numpy()
    none = (np.bincount(group[(state == "none").to_numpy()], minlength=count) == reached) & (reached > 0)
    rollout["alarm"] = words(np.array(STATES, dtype=object)[np.where(fired, 0, np.where(none, 1, 2))])
    rang = regions.loc[regions["alarm_at"].notna(), ["group", "alarm_at", "region"]]
    first = rang.sort_values("alarm_at").drop_duplicates("group").set_index("group")
    rollout["alarm_at"] = first["alarm_at"].reindex(range(count)).to_numpy(dtype=float)
    rollout["alarm_region"] = first["region"].reindex(range(count)).to_numpy(dtype=object)


def _frame(rollout: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    ids = rollout["id"].to_numpy(dtype=object)
    told = rollout.rename(columns={"from_at": "started_at"})
    origin = told["pushed_at"].to_numpy(dtype=float)
    told["end_minutes"] = (told["ended_at"].to_numpy(dtype=float) - origin) / MINUTE
    told["halt_minutes"] = (told["halted_at"].to_numpy(dtype=float) - origin) / MINUTE
    told["shape"] = _shapes(regions["group"].to_numpy(), regions["wave"].to_numpy(), len(told))
    told["confidence"] = pd.Categorical.from_codes(
        told["confidence"].to_numpy(np.int64), categories=pd.Index(CONFIDENCE), ordered=True
    )
    told["reason"] = pd.Categorical.from_codes(told["reason"].to_numpy(np.int64), categories=pd.Index(REASONS))
    earlier = told["resumes"].to_numpy(dtype=np.int64)
    if len(ids):
        told["resumes"] = pd.Series(ids[np.maximum(earlier, 0)], dtype=object).where(earlier >= 0, None)
    for name in [each for each in map(str, told) if each.endswith("_at")]:
        told[name] = stamps(told[name])
    return told[list(_ROLLOUT)].set_index(pd.Index(ids, name="rollout", dtype=object))


def _shapes(group: Ints, wave: Ints, count: int) -> Objects:
    """Write the number of regions of each wave, such as 1+2+3; each shape once, as many rollouts have the same."""
    if not count:
        return np.array([], dtype=object)
    pairs, size = np.unique(group * (int(wave.max(initial=0)) + 1) + wave, return_counts=True)
    of = pairs // (int(wave.max(initial=0)) + 1)
    place = np.arange(len(of)) - np.searchsorted(of, of)
    code, texts = np.zeros(count, dtype=np.int64), [""]
    for number in range(int(place.max(initial=-1)) + 1):
        here = place == number
        own = of[here]
        joint, back = np.unique(code[own] * (int(size.max()) + 1) + size[here], return_inverse=True)
        more = [f"{texts[each // (int(size.max()) + 1)]}+{each % (int(size.max()) + 1)}" for each in joint.tolist()]
        code[own] = len(texts) + back
        texts += more
    return np.array([text.removeprefix("+") for text in texts], dtype=object)[code]


def _waves(joined: "Joined", ids: pd.CategoricalDtype) -> pd.DataFrame:
    """Return one row a (rollout, wave), with what the pipeline says of approvals and of the build before the first."""
    regions = joined.regions
    group, wave = regions["group"].to_numpy(), regions["wave"].to_numpy()
    started, ended, action, censored = (
        regions[name].to_numpy() for name in ("started_at", "ended_at", "action", "censored")
    )
    if ((np.diff(wave) < 0) & (np.diff(group) == 0)).any():
        order = np.lexsort((wave, group))
        group, wave, started, ended, action, censored = (
            each[order] for each in (group, wave, started, ended, action, censored)
        )
    by = Spans(group, wave)
    table = pd.DataFrame(
        {
            "group": by.first(group),
            "wave": by.first(wave),
            "started": by.min(started),
            "ended": np.where(by.any(censored), np.nan, by.max(ended)),
            "regions": by.size,
            "action": by.max(action),
        }
    )
    before = _before(table["group"].to_numpy(), table["ended"].to_numpy())
    table["pause_minutes"] = (table["started"] - before) / MINUTE
    actions = joined.tables["pipeline_actions"]
    table["approval_minutes"] = _spent(table, actions, "Approval", staged=True)
    build = _spent(table, actions, "Build", staged=False)
    table["build_minutes"] = np.where(np.isnan(before), build, np.nan)
    return pd.DataFrame(
        {
            "rollout": pd.Categorical.from_codes(table["group"].to_numpy(), dtype=ids),
            "wave": table["wave"],
            "regions": table["regions"],
            "started_at": stamps(table["started"]),
            "ended_at": stamps(table["ended"]),
            "build_minutes": table["build_minutes"],
            "approval_minutes": table["approval_minutes"],
            "pause_minutes": table["pause_minutes"],
        }
    )


def _before(group: Ints, ended: Floats) -> Floats:
    """Return until when the waves before each one went on; NaN for the first, and where the one before is open."""
    by = Spans(group)
    found = np.full(len(group), np.nan)
    latest, left = ended[by.starts], np.arange(len(by.starts))
    for number in range(1, int(by.size.max(initial=1))):
        left = left[by.size[left] > number]
        place = by.starts[left] + number
        found[place] = np.where(np.isnan(ended[place - 1]), np.nan, latest[left])
        latest[left] = np.fmax(latest[left], ended[place])
    return found


def _spent(table: pd.DataFrame, actions: pd.DataFrame, category: str, *, staged: bool) -> "np.ndarray":
    """Return the minutes from first start to last end of a category's actions of the same execution (and stage)."""
    own = actions[actions["category"] == category]
    at = table["action"].to_numpy(dtype=np.int64)
    if not len(own) or not len(table):
        return np.full(len(table), np.nan)
    keys = ["execution", "stage"] if staged else ["execution"]
    spans = own.groupby(keys).agg(begin=("started_at", "min"), end=("updated_at", "max"))
    spent = (spans["end"] - spans["begin"]) / MINUTE
    told = actions[keys].iloc[np.maximum(at, 0)].reset_index(drop=True)
    found = told.join(spent.rename("minutes"), on=keys)["minutes"].to_numpy(dtype=float)
    return np.where(at >= 0, found, np.nan)


def _deployments(joined: "Joined", ids: pd.CategoricalDtype) -> pd.DataFrame:
    f, g = joined.facts, joined.groups
    at = np.flatnonzero(g.group >= 0)
    at = at[ordered(g.group[at], f.started[at])]
    rows, order = joined.rows, f.order[at]
    return pd.DataFrame(
        {
            "id": rows["id"].array.take(order),
            "rollout": pd.Categorical.from_codes(g.group[at], dtype=ids),
            "region": joined.region[order],
            "kind": pd.Categorical.from_codes(g.kind[at], categories=pd.Index(KINDS)),
            "status": pd.Categorical.from_codes(f.status[at], categories=pd.Index(STATUSES)),
            "started_at": stamps(f.started[at]),
            "finished_at": stamps(f.finished[at]),
            "rollback_started_at": stamps(f.rollback_started[at]),
            "hold_minutes": rows["hold_minutes"].to_numpy(dtype=float)[order],
            "paused": rows["paused"].to_numpy(dtype=bool)[order],
        },
        copy=False,
    )


def _left_out(joined: "Joined") -> pd.DataFrame:
    f, g = joined.facts, joined.groups
    at = np.flatnonzero(g.group < 0)
    at = at[np.argsort(f.started[at], kind="stable")]
    own = joined.rows.iloc[f.order[at]]
    return pd.DataFrame(
        {
            "id": own["id"].to_numpy(),
            "service": own["service"].to_numpy(),
            "region": joined.region[f.order[at]],
            "kind": pd.Categorical.from_codes(g.kind[at], categories=pd.Index(KINDS)),
            "started_at": stamps(f.started[at]),
            "why": pd.Categorical.from_codes(g.left_out[at], categories=pd.Index(LEFT_OUT)),
        }
    )
