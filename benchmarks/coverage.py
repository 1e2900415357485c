"""How often intervals hold the truth, figure by figure, of strata and of crude sampling: build/coverage/.

`nice python -m benchmarks.coverage` takes some two hours of one core; it can be stopped and goes on where it was.
`python -m benchmarks.coverage_page` makes docs/coverage.md of it. Not here: any judging.
"""

import argparse
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulation import Scenario, compare, run, sample, sweep
from simulation.rare_events.sampling import Method
from waves import Fleet, Plan, Region, all_at_once, one_at_a_time, sizes
from waves import sample as sample_plan

REACHES = (
    "probability_regions_exposed_at_least_2",
    "probability_peak_share_at_least_0.5",
    "probability_impact_minutes_at_least_30",
)
ENDS = ["estimate", "low", "high"]
TRUTH, CHUNK = 10_485_760, 2**17  # trials of long runs; rows at once
FAR = 2**40  # seeds of long runs begin here, those of repeats with 0
WANTED = 0.05  # precision of sweeps that stop when they have it: a share of the true mean impact


@dataclass(frozen=True)
class Scene:
    """A scenario and plans, the first of which is judged."""

    scenario: Scenario
    plans: dict[str, Plan]


def _six() -> Fleet:
    traffic = {"a": 4000.0, "b": 9000.0, "c": 15000.0, "d": 26000.0, "e": 42000.0, "f": 60000.0}
    partner = {"a": "b", "b": "a", "c": "d", "d": "c", "e": "f", "f": "e"}
    return Fleet(regions=tuple(Region(name=n, traffic=t, failover=partner[n]) for n, t in traffic.items()))


COMMON: dict[str, Any] = {
    "build": 8.0,
    "reaction": {"lognormal": {"median": 3, "p95": 30}},
    "rollback": {"lognormal": {"median": 5, "p95": 30}},
    "false_alarms_per_region_day": 0.03,
    "lag": {"gamma": {"shape": 4, "scale": 1}},
}
# Everything has a long tail: some alarms wait for days, and so do customers.
LONG_TAILS: dict[str, Any] = {
    "name": "long tails",
    **COMMON,
    "deploy": {"lognormal": {"median": 6, "p95": 20}},
    "deploy_failure_probability": 0.004,
    "build_failure_probability": 0.02,
    "faults": [
        {"name": "bad release", "probability": 0.03, "severity": {"empirical": [0.02, 0.05, 0.1, 0.2, 0.5, 1.0]},
         "onset": {"exponential": {"mean": 4}}, "detection_probability": 0.8, "validation_probability": 0.3},
        {"name": "slow leak", "probability": 0.01, "severity": {"empirical": [0.05, 0.1, 0.2]},
         "onset": {"lognormal": {"median": 90, "p95": 1500}}, "detection_probability": 0.6},
    ],
    "alarm_threshold": 0.01,
    "evidence": {"lognormal": {"median": 2000, "p95": 60000}},
    "report": {"lognormal": {"median": 60, "p95": 2000}},
    "rollback_failure_probability": 0.03,
    "manual_recovery": {"lognormal": {"median": 45, "p95": 1000}},
}  # fmt: skip
# One change in seven thousand leaks unseen and unreported until the book closes after two weeks; hosts go bad alone.
SILENT_LEAK: dict[str, Any] = {
    "name": "silent leak",
    **COMMON,
    "deploy": {"lognormal": {"median": 6, "p95": 12}},
    "deploy_failure_probability": 0.002,
    "faults": [
        {"name": "bad release", "probability": 0.05, "severity": {"empirical": [0.02, 0.1, 0.5, 1.0]},
         "onset": {"exponential": {"mean": 4}}, "detection_probability": 0.95, "validation_probability": 0.5},
        {"name": "silent leak", "probability": 0.0002, "severity": {"empirical": [0.05, 0.3]},
         "onset": {"lognormal": {"median": 90, "p95": 480}}, "detection_probability": 0.3},
        {"name": "bad host", "probability": 0.002, "where": "each_region", "severity": 0.3,
         "onset": {"exponential": {"mean": 30}}, "detection_probability": 0.9},
    ],
    "evidence": {"exponential": {"mean": 4000}},
}  # fmt: skip
# Made up when all that tells *unknown* had been set on the scenes above: people are slow, machines sometimes.
SLOW_HANDS: dict[str, Any] = {
    "name": "slow hands",
    "build": 5.0,
    "deploy": {"gamma": {"shape": 3, "scale": 3}},
    "deploy_failure_probability": 0.01,
    "faults": [
        {"name": "bad", "probability": 0.06, "severity": {"empirical": [0.1, 0.4, 1.0]}, "detection_probability": 0.7},
        {"name": "rare", "probability": 0.004, "severity": 1.0, "onset": {"exponential": {"mean": 60}},
         "detection_probability": 0.5},
    ],
    "evidence": {"exponential": {"mean": 6000}},
    "lag": 2.0,
    "report": {"lognormal": {"median": 30, "p95": 600}},
    "reaction": {"lognormal": {"median": 5, "p95": 90}},
    "rollback": {"weibull": {"shape": 0.6, "scale": 12}},
    "rollback_failure_probability": 0.08,
    "manual_recovery": {"lognormal": {"median": 20, "p95": 400}},
    "false_alarms_per_region_day": 0.1,
}  # fmt: skip


def scenes() -> dict[str, Scene]:
    """Return every sample scenario and three with heavy tails, each with plans."""
    shop, sites = sample("storefront").fleet, sample("aws-pipeline").fleet
    grouped = {
        "one at a time": one_at_a_time(shop, bake_minutes=30),
        "all at once": all_at_once(shop, bake_minutes=60),
    }
    three = {"three waves": sample_plan("six-region-three-wave")}
    own = {"three waves": sizes(_six(), [1, 2, 3], bake_minutes=30), "all at once": all_at_once(_six())}
    office = {"office hours": sample_plan("storefront-office-hours"), "all at once": grouped["all at once"]}
    aws = {"as AWS does": sample_plan("aws-pipeline"), "all at once": all_at_once(sites, bake_minutes=60)}
    found = {
        "storefront": Scene(sample("storefront"), three | grouped),
        "storefront-replicated": Scene(
            sample("storefront-replicated"), three | {"all at once": grouped["all at once"]}
        ),
        "storefront-office-hours": Scene(sample("storefront-office-hours"), office),
        "aws-pipeline": Scene(sample("aws-pipeline"), aws),
    }
    for fields in (LONG_TAILS, SILENT_LEAK):
        found[fields["name"]] = Scene(Scenario(fleet=_six(), **fields), own)
    four = Fleet(regions=tuple(Region(name=n, traffic=t) for n, t in zip("abcd", (2e3, 8e3, 3e4, 3e4), strict=True)))
    slow = {"two waves": sizes(four, [1, 3], bake_minutes=20), "all at once": all_at_once(four)}
    return found | {"slow hands": Scene(Scenario(fleet=four, **SLOW_HANDS), slow)}


def once(scene: Scene, seed: int, method: Method) -> dict[str, pd.DataFrame]:
    """Return every figure with its interval, as one report has them: tables of `ENDS` by plan and figure."""
    found = compare(scene.plans, scene.scenario, seed=seed, sampling=method)
    parts = {
        "summary": pd.concat({name: each[ENDS] for name, each in found.summaries.items()}),
        "difference": found.differences.rename(columns={"difference": "estimate"})[ENDS],
    }
    exposed, reached, regions = {}, {}, {}
    for name, each in found.outcomes.items():
        exposed[name] = each.exposure().rename(columns={"probability": "estimate"})[ENDS]
        reached[name] = pd.DataFrame([each.estimate(figure)[0] for figure in REACHES], index=REACHES, columns=ENDS)
        own = each.regions[["exposed_probability", "exposed_low", "exposed_high"]]
        regions[name] = own.set_axis(ENDS, axis=1)
    return parts | {"exposure": pd.concat(exposed), "reached": pd.concat(reached), "regions": pd.concat(regions)}


def swept(scene: Scene, seed: int, method: Method, half: float) -> dict[str, pd.DataFrame]:
    """Return every figure of a sweep, and of one that ends where the mean impact is precise enough."""
    found = sweep(scene.plans, scene.scenario, seed=seed, sampling=method)
    stopped = sweep(
        scene.plans, scene.scenario, seed=seed, sampling=method, precision={"impact_minutes": half}, trials=2_000_000
    )
    short = {name: each.loc[["impact_minutes_mean"], ENDS] for name, each in stopped.summaries.items()}
    return {
        "sweep": pd.concat({name: each[ENDS] for name, each in found.summaries.items()}),
        "sweep's difference": found.differences.rename(columns={"difference": "estimate"})[ENDS],
        "to a precision": pd.concat(short),
    }


class Truth:
    """What is true, from long runs on seeds of their own; by strata, and of figures of sums also crude."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def parts(self) -> dict[str, pd.DataFrame]:
        """Tables as those of `once`, of which `estimate` is true, and `crude` what as many crude trials say."""
        ways: tuple[Method, ...] = ("stratified", "crude")
        sums = {
            how: sweep(self.scene.plans, self.scene.scenario, trials=TRUTH, seed=FAR + n, sampling=how, bits=12)
            for n, how in enumerate(ways)
        }
        tables = {
            how: (
                pd.concat({name: t[ENDS] for name, t in each.summaries.items()}),
                each.differences.rename(columns={"difference": "estimate"})[ENDS],
            )
            for how, each in sums.items()
        }
        pairs = zip(tables["stratified"], tables["crude"], strict=True)
        one, two = (own.assign(crude=crude["estimate"], error=_error(crude)) for own, crude in pairs)
        return {"summary": one, "difference": two, **self._rows()}

    def _rows(self) -> dict[str, pd.DataFrame]:
        """Return what only rows know: the means of many runs of whole blocks."""
        some: list[dict[str, pd.DataFrame]] = []
        for at in range(0, TRUTH // CHUNK * CHUNK, CHUNK):
            parts: dict[str, dict[str, pd.DataFrame]] = {"exposure": {}, "reached": {}, "regions": {}}
            for name, plan in self.scene.plans.items():
                each = run(plan, self.scene.scenario, trials=CHUNK, first=at, seed=FAR + 2)
                parts["exposure"][name] = each.exposure()[["probability"]]
                chances = [each.estimate(figure)[0].value for figure in REACHES]
                parts["reached"][name] = pd.DataFrame({"probability": chances}, index=REACHES)
                parts["regions"][name] = each.regions[["exposed_probability"]]
            some.append({key: pd.concat(own).set_axis(["estimate"], axis=1) for key, own in parts.items()})
        mean = {key: sum(each[key] for each in some) / len(some) for key in some[0]}
        return {key: table for key, table in mean.items() if not isinstance(table, int | float)}


def _error(crude: pd.DataFrame) -> pd.Series:
    return (crude["high"] - crude["low"]).astype(float) / 2 / 1.96


def rounds(folder: Path, name: str, scene: Scene, repeats: dict[Method, int]) -> Iterator[str]:
    """Measure one scene, saving as it goes; yield how far it is."""
    path = folder / f"truth {name}.pkl"
    if not path.exists():
        path.write_bytes(pickle.dumps(Truth(scene).parts))
    yield f"{name}: truth"
    truth = pickle.loads(path.read_bytes())  # noqa: S301  our own file
    half = WANTED * truth["summary"].loc[next(iter(scene.plans)), "estimate"]["impact_minutes_mean"]
    for method, most in repeats.items():
        path = folder / f"{method} {name}.pkl"
        found: dict[str, Any] = pickle.loads(path.read_bytes()) if path.exists() else {}  # noqa: S301
        done = len(next(iter(found.values()))[1]) if found else 0
        for seed in range(done, most):
            parts = once(scene, seed, method)
            if method == "stratified":
                parts |= swept(scene, seed, method, half)
            for key, table in parts.items():
                found.setdefault(key, (table.index, []))[1].append(table.to_numpy(dtype=np.float64))
            if seed % 50 == 49 or seed + 1 == most:
                path.write_bytes(pickle.dumps(found))
                yield f"{name}: {method}, {seed + 1}"


def main() -> None:
    """Measure scene by scene."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--repeats", type=int, default=600, help="seeds; 600 if left out")
    parser.add_argument("--crude", type=int, default=200, help="seeds of crude sampling; 200 if left out")
    parser.add_argument("--only", help="one scene")
    parser.add_argument("--out", type=Path, default=Path("build/coverage"), help="the folder")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, scene in scenes().items():
        if options.only in (None, name):
            for line in rounds(options.out, name, scene, {"stratified": options.repeats, "crude": options.crude}):
                print(line, flush=True)


if __name__ == "__main__":
    main()
