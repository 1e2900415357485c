"""How wrong is a replay where the model's assumptions do not hold? Histories of the second generator, fitted, replayed.

`python -m benchmarks.broken_assumptions` prints the table of docs/broken-assumptions.md; `--histories` and `--rollouts`
say how much is tried. Not here: the generator, which shares no code with the kit (`benchmarks.second_world`).
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import stats

import history
from benchmarks.second_world import BAD, BROKEN, HORIZON, SEVERITIES, TRAFFIC, Lived, lived
from history.joining.join import join
from history.joining.tables import as_tables
from simulation import Scenario
from waves import Fleet, Plan, Region, Wave

USED = ((("eu-north-1",), 60.0), (("us-west-2", "eu-west-1"), 45.0), (("us-east-1",), 60.0))
OTHER = ((tuple(TRAFFIC), 60.0),)
FIGURES = {"share_exposed": 100.0, "end_minutes": 1.0, "impact_minutes": 1.0}
START = pd.Timestamp("2021-01-04", tz="UTC")  # a Monday
ACCOUNT, CLUSTER, SERVICE, ALARM = "111122223333", "shop", "shop", "shop-errors"
TRUE = range(1_000_000, 1_020_000)  # numbers that no history has
REGIONAL = "ECS rolls back one region, people the rest"
SAID = f"{REGIONAL}, and the plan says so"  # on_alarm: rollback_region


def fleet() -> Fleet:
    """Return the fleet."""
    return Fleet(regions=tuple(Region(name=name, traffic=rate) for name, rate in TRAFFIC.items()))


def plan(waves: Sequence[tuple[tuple[str, ...], float]], name: str, on_alarm: str = "rollback_all") -> Plan:
    """Return a plan of the kit."""
    own = tuple(Wave(regions=names, bake_minutes=bake) for names, bake in waves)
    return Plan.model_validate({"name": name, "waves": own, "strategy": "blue_green", "on_alarm": on_alarm})


def scenario() -> Scenario:
    """Return what the generator does where nothing is broken, which is what a careful team would assume."""
    return Scenario.model_validate({
        "name": "second world", "fleet": fleet(), "deploy": {"lognormal": {"median": 6, "p95": 12}},
        "handover": {"lognormal": {"median": 15, "p95": 60}}, "reaction": {"lognormal": {"median": 3, "p95": 15}},
        "rollback": {"lognormal": {"median": 5, "p95": 11}}, "evidence": {"exponential": {"mean": 400}},
        "lag": {"gamma": {"shape": 4, "scale": 1}}, "horizon_minutes": HORIZON, "alarm_threshold": 0.0,
        "manual_recovery": {"lognormal": {"median": 40, "p95": 90}}, "false_alarms_per_region_day": 0.002,
        "faults": [{"name": "bad", "probability": BAD, "severity": {"empirical": list(SEVERITIES)},
                    "onset": {"exponential": {"mean": 4}}}],
    })  # fmt: skip


def recorded(rollouts: Sequence[Lived]) -> history.Rollouts:
    """Write rollouts down as ECS and CloudWatch tell of them, and join them."""
    deployments: list[dict[str, object]] = []
    alarms, good = [], "sha256:before"
    for number, each in enumerate(rollouts):
        digest = f"sha256:{number:06d}"
        for name in each.start:
            deployments += _deployments(each, name, digest, good)
        if each.alarm_region:
            at = _at(each, each.halt)
            alarms.append({"account": ACCOUNT, "region": each.alarm_region, "id": f"a{number}", "alarm": ALARM,
                           "alarm_type": "MetricAlarm", "at": at, "state_from": "OK", "state_to": "ALARM"})  # fmt: skip
        else:
            good = digest
    table = pd.DataFrame(deployments)
    revisions = sorted({*table["target_revision"], *table["source_revisions"]})
    places = {each: each.split("/")[0] for each in revisions}
    same = {"account": ACCOUNT, "cluster": CLUSTER, "service": SERVICE}
    frames = {
        "service_deployments": table.sort_values("created_at", ignore_index=True),
        "service_revisions": pd.DataFrame(
            [{"arn": each, "region": place, "task_definition": "shop:1", **same} for each, place in places.items()]
        ),
        "service_images": pd.DataFrame(
            [{"revision": each, "container": "app", "account": ACCOUNT, "region": place, "image": "shop",
              "digest": each.split("/")[1]} for each, place in places.items()]
        ),
        "alarm_changes": pd.DataFrame(alarms),
        "coverage": pd.DataFrame(
            [{"account": ACCOUNT, "region": name, "stream": "alarms", "part": "*", "from_at": START,
              "until_at": START + pd.Timedelta(days=40_000)} for name in TRAFFIC]
        ),
    }  # fmt: skip
    return join(as_tables(frames), fleet=fleet(), plans=plan(USED, "three waves"))


def _at(each: Lived, minute: float) -> pd.Timestamp:
    return (START + pd.Timedelta(minutes=each.pushed + minute)).round("us")


def _deployments(each: Lived, name: str, digest: str, good: str) -> Iterator[dict[str, object]]:
    """Yield a region's deployment, and the one that went back where it was complete by then."""
    start, end, back = each.start[name], each.end[name], each.back.get(name, math.inf)
    new, old = f"{name}/{digest}", f"{name}/{good}"
    common = {"account": ACCOUNT, "region": name, "cluster": CLUSTER, "service": SERVICE, "finished": True,
              "alarm_names": json.dumps([ALARM]), "observed_at": START + pd.Timedelta(days=40_000)}  # fmt: skip
    times = {"created_at": _at(each, start), "started_at": _at(each, start)}
    if end < each.halt:
        yield {**common, **times, "arn": f"{new}-{start:.3f}", "status": "SUCCESSFUL", "target_revision": new,
               "source_revisions": old, "finished_at": _at(each, end)}  # fmt: skip
        if math.isfinite(back):
            begun = _at(each, each.back_from[name])
            yield {**common, "arn": f"{new}-back", "status": "SUCCESSFUL", "target_revision": old,
                   "source_revisions": new, "created_at": begun, "started_at": begun,
                   "finished_at": _at(each, back)}  # fmt: skip
        return
    yield {**common, **times, "arn": f"{new}-{start:.3f}", "status": "ROLLBACK_SUCCESSFUL", "target_revision": new,
           "source_revisions": old, "finished_at": _at(each, back), "alarms_status": "TRIGGERED",
           "rollback_started_at": _at(each, each.back_from[name]),
           "triggered_alarms": json.dumps([ALARM])}  # fmt: skip


def means(seed: int, broken: tuple[str, ...], numbers: range) -> dict[str, tuple[float, float, float]]:
    """Return what the other plan really changes: its mean, with the ends of 95 %."""
    pairs = zip(lived(seed, numbers, USED, broken), lived(seed, numbers, OTHER, broken), strict=True)
    apart = np.array([[getattr(b, name) - getattr(a, name) for name in FIGURES] for a, b in pairs])
    mean, ends = apart.mean(axis=0), 1.96 * apart.std(axis=0) / math.sqrt(len(apart))
    return {name: (mean[i], mean[i] - ends[i], mean[i] + ends[i]) for i, name in enumerate(FIGURES)}


def replayed(seed: int, count: int, broken: tuple[str, ...], worlds: int, on_alarm: str) -> history.Replay:
    """Fit one history under the plan that was used, and replay it under the other."""
    rollouts = recorded(lived(seed, range(count), USED, broken))
    used, other = plan(USED, "three waves", on_alarm), plan(OTHER, "all at once", on_alarm)
    fitted = history.fit(rollouts, scenario(), used=used, seed=seed)
    return history.replay(rollouts, {"all at once": other}, fitted, used=used, worlds=worlds, seed=seed)


def cases() -> dict[str, tuple[tuple[str, ...], str]]:
    """Return what is broken, and what the plans say that an alarm does."""
    found = {}
    for what, broken in BROKEN.items():
        found[what] = (broken, "rollback_all")
        if what == REGIONAL:
            found[SAID] = (broken, "rollback_region")
    return found


def rows(histories: int, count: int, worlds: int, only: str = "") -> Iterator[str]:
    """Yield the table, line by line; of the cases whose name has some words in it."""
    yield "| What does not hold | figure | true difference | told, mean of the histories | intervals that held |"
    yield "| --- | --- | --- | --- | --- |"
    for what, (broken, on_alarm) in cases().items():
        if only not in what:
            continue
        truth = means(0, broken, TRUE[: 2_000 if "three" in broken else 10_000])
        found = [replayed(seed, count, broken, worlds, on_alarm) for seed in range(1, histories + 1)]
        for name, factor in FIGURES.items():
            told = pd.DataFrame([each.differences.set_index("figure").loc[name] for each in found])
            true = truth[name][0]
            held = int(((told["low"] <= true) & (true <= told["high"])).sum())
            so = _told(told["difference"].to_numpy(float), true, factor)
            yield f"| {what} | {name} | {true * factor:.3g} | {so} | {_held(held, len(found))} |"
        kept = sum(each.identity.kept for each in found) / max(sum(each.identity.worlds for each in found), 1)
        lost = sum(sum(each.impossible.values()) + len(each.left_out) for each in found) / (histories * count)
        yield f"| {what} | given back by the plan used | | {kept * 100:.0f} % of worlds; {lost * 100:.1f} % lost | |"


def _told(values: np.ndarray, true: float, factor: float) -> str:
    """Say the mean, and by how much it is off: a 95 % interval by Student, as histories are independent."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    off, ends = (float(values.mean()) / true - 1) * 100, abs(half / true) * 100
    between = f", {off - ends:+.0f} to {off + ends:+.0f}" if len(values) > 1 else ""
    return f"{values.mean() * factor:.3g} ({off:+.0f} %{between})"


def _held(held: int, count: int) -> str:
    """Say how many held, with the interval of Clopper and Pearson."""
    ends = stats.binomtest(held, count).proportion_ci(0.95)
    return f"{held} of {count} ({ends.low * 100:.0f} to {ends.high * 100:.0f} %)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=10)
    parser.add_argument("--rollouts", type=int, default=300)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--only", default="", metavar="WORDS", help="the cases whose name has these words")
    asked = parser.parse_args()
    for line in rows(asked.histories, asked.rollouts, asked.worlds, asked.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
