"""The plan under which each rollout really went: the one that is given, where it went by that, else its waves as they
were; and how often deployments were really tried.

Not here: the records under that plan (`reading`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from waves import Plan, Wave

if TYPE_CHECKING:
    from history.joining import Rollouts

CLOCKS = 1.0  # minutes by which a pause may seem shorter than it was


def plans_used(rollouts: "Rollouts", plans: Iterable[Plan]) -> dict[str, Plan]:
    """Return the plan that each service's rollouts went by, of some that they may have.

    Parameters
    ----------
    rollouts
        What `history.rollouts` joined.
    plans
        Which they may have gone by; of several that fit as many, the first.

    Returns
    -------
    dict of str to Plan
        By service: the plan whose waves most of its completed rollouts had, each after the bake of the one before; none
        where that is not so of more than half of them.
    """
    done = rollouts.frame.index[rollouts.frame["outcome"] == "completed"]
    shapes = shapes_of(rollouts.regions[rollouts.regions["rollout"].isin(done)])
    own = rollouts.waves[rollouts.waves["rollout"].isin(done)]
    pauses = {name: list(each) for name, each in own.groupby("rollout", observed=True)["pause_minutes"]}
    found = {}
    for service, names in rollouts.frame.loc[shapes.index].groupby("service", observed=True).groups.items():
        fits = [(sum(_went(shapes[name], pauses[name], plan) for name in names), plan) for plan in plans]
        most, plan = max(fits, key=lambda each: each[0], default=(0, None))
        if plan is not None and most > len(names) / 2:
            found[str(service)] = plan
    return found


def _went(shape: Any, pauses: list[float], plan: Plan) -> bool:
    """Return whether a rollout's waves are a plan's, and none began before the one before could have baked."""
    if [set(own) for own in shape] != [set(wave.regions) for wave in plan.waves]:
        return False
    baked = zip(pauses[1:], plan.waves, strict=False)
    return all(not pause < wave.bake_minutes - CLOCKS for pause, wave in baked)


def shapes_of(regions: pd.DataFrame) -> "pd.Series[Any]":
    """Return each rollout's waves, as a tuple of tuples of names."""
    ordered = regions.sort_values(["rollout", "wave", "region"])
    found: dict[Any, dict[int, list[str]]] = {}
    for rollout, wave, region in zip(ordered["rollout"], ordered["wave"], ordered["region"], strict=True):
        found.setdefault(rollout, {}).setdefault(wave, []).append(region)
    return pd.Series({name: tuple(tuple(own) for own in waves.values()) for name, waves in found.items()}, dtype=object)


def as_tried(rollouts: "Rollouts", used: Mapping[str, Plan]) -> dict[str, Plan]:
    """Return plans with as many retries as failed deployments were given, where they say fewer.

    Pipelines seldom say how often a deployment is tried; a history does: retries are one more for as long as more than
    half of the attempts that failed so often were followed by another.

    Parameters
    ----------
    rollouts
        What `history.rollouts` joined.
    used
        By service, or `*` for all others: the plan that rollouts go by.

    Returns
    -------
    dict of str to Plan
        By service, and `*`: the plan, its `retries` raised where need be.
    """
    found = dict(used)
    services = rollouts.frame["service"]
    for service, retries in _retries(rollouts.deployments, services).items():
        plan = used.get(service, used.get("*"))
        if plan is not None and retries > plan.retries:
            found[service] = plan.replace(retries=retries)
    return found


def _retries(table: pd.DataFrame, services: "pd.Series[Any]") -> dict[str, int]:
    """Return by service how often a failed deployment is tried again; services in which none failed are left out."""
    made, pair = ~table["kind"].isin(["rollback", "redeploy"]), ["rollout", "region"]
    some = table.loc[made & table["status"].eq("failed"), "rollout"].unique()  # of many rollouts few
    own = table.loc[made & table["rollout"].isin(some), [*pair, "status", "started_at"]].sort_values(
        "started_at", kind="stable"
    )
    own = own.astype({name: object for name in (*pair, "status")})
    own["failed"] = own["status"] == "failed"
    own["attempt"] = own.groupby(pair).cumcount()
    own["again"] = own.groupby(pair)["attempt"].transform("max") > own["attempt"]
    failed = own[own["failed"]]
    failed = failed.assign(service=failed["rollout"].map(services).astype(object))
    counts = failed.groupby(["service", "attempt"], as_index=False)["again"].mean()
    found: dict[str, int] = {}
    for service, attempt, share in zip(counts["service"], counts["attempt"], counts["again"], strict=True):
        if found.setdefault(str(service), 0) == attempt and share > 0.5:
            found[str(service)] += 1
    return found


def plans_of(
    frame: pd.DataFrame, shapes: "pd.Series[Any]", table: Any, used: Mapping[str, Plan]
) -> tuple[list[tuple[Plan, list[Any]]], bool]:
    """Return each plan that was really used, with its rollouts."""
    by: dict[Any, list[Any]] = {}
    known: dict[Any, Plan] = {}
    inferred = False
    whole: dict[str, Counter[Any]] = {}
    own = dict(shapes.items())
    for name, service, outcome in zip(frame.index, frame["service"], frame["outcome"], strict=True):
        if outcome == "completed":
            whole.setdefault(service, Counter())[own[name]] += 1
    completed = cache(lambda service, shape: _completed(shape, whole.get(service, Counter())))
    for name, service in zip(frame.index, frame["service"], strict=True):
        shape, plan = own[name], used.get(service, used.get("*"))
        if plan is not None and _went_by(shape, plan):
            key: Any = plan.digest
            known[key] = plan
        else:
            key, inferred = (service, completed(service, shape)), True
        by.setdefault(key, []).append(name)
    for key, names in by.items():
        if key not in known:
            known[key] = _inferred(key[0], key[1], names, shapes, table)
    return [(known[key], names) for key, names in by.items()], inferred


def _went_by(shape: Any, plan: Plan) -> bool:
    """Return whether a rollout's waves are the first of a plan's, as far as it came."""
    waves = [set(wave.regions) for wave in plan.waves]
    if len(shape) > len(waves):
        return False
    whole = all(set(own) == wave for own, wave in zip(shape[:-1], waves, strict=False))
    return whole and set(shape[-1]) <= waves[len(shape) - 1]


def _completed(shape: Any, others: Counter[Any]) -> Any:
    """Return the whole of which a rollout's waves are the beginning: the service's most frequent, else a guess."""
    fitting = [each for each in others if each[: len(shape) - 1] == shape[:-1] and _begins(shape, each)]
    if fitting:
        return max(sorted(fitting), key=others.__getitem__)
    seen = {name for wave in shape for name in wave}
    left = tuple(sorted({name for each in others for wave in each for name in wave} - seen))
    return (*shape, left) if left else shape


def _begins(shape: Any, whole: Any) -> bool:
    return len(whole) >= len(shape) and set(shape[-1]) <= set(whole[len(shape) - 1])


def _inferred(service: str, shape: Any, names: list[Any], shapes: "pd.Series[Any]", table: Any) -> Plan:
    """Make a plan of what rollouts show: a wave bakes as long as the shortest pause after it was."""
    waves = table.waves[table.waves["rollout"].isin(names)]
    asked = waves.groupby("wave")["approval_minutes"].apply(lambda own: own.notna().any())
    pause = (waves["pause_minutes"] - waves["approval_minutes"].fillna(0.0)).groupby(waves["wave"]).min()
    attempts = table.deployments.loc[table.deployments["rollout"].isin(names), "attempt"].max()
    made = []
    for number, regions in enumerate(shape, start=1):
        bake = pause.get(number + 1, math.nan)
        made.append(
            Wave(
                regions=regions,
                bake_minutes=float(max(bake, 0.0)) if np.isfinite(bake) else 0.0,
                approval=bool(asked.get(number, False)),
            )
        )
    return Plan(name=f"{service}, as it was", waves=tuple(made), retries=int(attempts) if attempts > 0 else 0)
