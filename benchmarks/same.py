"""Does somebody who uses none of the newer fields get what he got? Two checkouts, rollout by rollout, to the last bit.

Usage: python -m benchmarks.same CHECKOUT [--trials 2000] [--plans 12]

Random plans and scenarios without the fields that rules 15, 17, 19 and 25 brought are run by both engines of this
checkout and of another one, crudely sampled. What rules 18 and 23 changed on purpose (how a rolling region's traffic
comes back, and how much of a region is exposed) is counted apart: those columns may differ, where they say so.
"""

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from benchmarks.paired import HERE, Checkout, sample_of

# By column, which rule lets it differ; rule 18 only where some region's traffic moves by rolling.
MEANT = {"share_exposed": 23, "impact_minutes": 18, "peak_share": 18, "mixed_minutes": 18, "failover_hit": 18}
STEPS = {"steps": [[5, 10], [25, 20]]}


def plan(pick: random.Random, names: list[str], strategy: Any) -> dict[str, Any]:
    """Return a random plan of some regions, with none of the newer fields."""
    some = pick.sample(names, pick.randint(2, len(names)))
    cuts = sorted({0, len(some), *(pick.randint(1, len(some)) for _ in range(3))})
    waves = [
        {
            "regions": some[a:b],
            "bake_minutes": pick.choice([0, 15, 60]),
            "bake_requests": pick.choice([0, 0, 400_000]),
            "max_parallel": pick.choice([None, None, 1, 2]),
            "approval": pick.random() < 0.3,
        }
        for a, b in zip(cuts, cuts[1:], strict=False)
    ]
    failing = pick.choice(["stop", "rollback_all"])
    return {"waves": waves, "strategy": strategy, "retries": pick.randint(0, 2), "on_deploy_failure": failing}


def scenario(pick: random.Random, sample: dict[str, Any], fleet: Path) -> dict[str, Any]:
    """Return the sample scenario with other chances, and at times without customers or with a near horizon."""
    changed = {
        "fleet": str(fleet),
        "build_failure_probability": pick.choice([0.0, 0.1]),
        "deploy_failure_probability": pick.choice([0.0, 0.05, 0.2]),
        "false_alarms_per_region_day": pick.choice([0.0, 0.5, 5.0]),
        "rollback_failure_probability": pick.choice([0.0, 0.3]),
        "alarm_threshold": pick.choice([0.0, 0.01, 0.1]),
        "horizon_minutes": pick.choice([120.0, 600.0, 20160.0]),
        "faults": [{**fault, "probability": pick.choice([0.05, 0.3, 0.6])} for fault in sample["faults"]],
    }
    left_out = {"sources"} | ({"report"} if pick.random() < 0.3 else set())
    return {key: value for key, value in (sample | changed).items() if key not in left_out}


def main() -> None:
    """Print, by engine and strategy, which columns differ in how many rollouts; fail where one must not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="another checkout of this repository, older than this one")
    parser.add_argument("--trials", type=int, default=2000, help="rollouts of each plan (default 2000)")
    parser.add_argument("--plans", type=int, default=12, help="plans of each strategy (default 12)")
    given = parser.parse_args()
    other = given.checkout.resolve()
    file, pick = sample_of(other), random.Random(12)
    sample = yaml.safe_load(file.read_text(encoding="utf-8"))
    fleet = file.parent / sample["fleet"]
    names = [region["name"] for region in yaml.safe_load(fleet.read_text(encoding="utf-8"))["regions"]]
    both, wrong = [Checkout(path, file) for path in (HERE.parent, other)], 0
    with tempfile.TemporaryDirectory() as folder:
        for engine, strategy in (
            ("compiled", "blue_green"),
            ("compiled", STEPS),
            ("compiled", "rolling"),
            ("simpy", STEPS),
        ):
            trials = given.trials if engine == "compiled" else max(given.trials // 40, 1)
            found: Counter[str] = Counter()
            for number in range(given.plans):
                asked = {"trials": trials, "seed": number, "engine": engine}
                for name, document in (
                    ("plan", plan(pick, names, strategy)),
                    ("scenario", scenario(pick, sample, fleet)),
                ):
                    asked[name] = str(Path(folder, f"{name}.yaml"))
                    Path(asked[name]).write_text(yaml.safe_dump(document), encoding="utf-8")
                ours, theirs = (one.ask(asked) for one in both)
                for column in theirs:
                    found[column] += sum(a != b for a, b in zip(ours[column], theirs[column], strict=True))
            kind = strategy if isinstance(strategy, str) else "steps"
            wrong += report(f"{engine}, {kind}", found, trials * given.plans, rolling=strategy == "rolling")
    for one in both:
        one.end()
    if wrong:
        raise SystemExit(f"{wrong} columns differ that must not")


def report(title: str, found: Counter[str], rollouts: int, *, rolling: bool) -> int:
    """Print which columns differ; return how many must not."""
    wrong = 0
    print(f"{title}: {rollouts:,} rollouts, {len(found)} columns", flush=True)
    for column, count in found.items():
        rule = MEANT.get(column)
        meant = rule == 23 or (rule == 18 and rolling)
        if count:
            print(f"  {column:18} differs in {count:>8,}  {f'as rule {rule} says' if meant else 'AND MUST NOT'}")
            wrong += not meant
    return wrong


if __name__ == "__main__":
    main()
