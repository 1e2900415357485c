"""The fit beside one `scipy.stats.lognorm.fit` of the same censored rows, and how often its intervals hold.

`--calibrate N` draws N truths from the prior, rolls out a history of each, fits it, and prints each field's ranks
(`tests.history.fitting.calibration`); with `--kept FILE` each fit's ranks are a line of it, and what is there already
is not done again. Not here: the join (``joining``).
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

import history
from benchmarks.joining import made
from history.fitting.attempts import attempts
from history.fitting.durations import Lasted
from history.fitting.past import Past
from history.joining.join import join
from simulation import sample

ROLLOUTS = 25  # of a history that is fitted to be held against its truth
CUT = 0.03  # of the deployments were stopped half-way


def recorded(rows: int) -> history.Rollouts:
    """Return a history of so many regional deployments, of which some were stopped."""
    found = join(made(rows))
    stopped = np.random.default_rng(11).random(len(found.deployments)) < CUT
    deployments = found.deployments.copy()
    deployments["status"] = deployments["status"].astype(object).mask(stopped, "stopped")
    took = deployments["finished_at"] - deployments["started_at"]
    deployments["finished_at"] = deployments["finished_at"].mask(stopped, deployments["started_at"] + took * 0.6)
    return replace(found, deployments=deployments)


def measure(size: float) -> dict[str, float]:
    """Return all figures; with a size of 1, of 1,000,000 regional deployments."""
    rows = max(int(1_000_000 * size), 10_000)
    rollouts, scenario = recorded(rows), sample("storefront")
    begin = time.process_time()
    history.fit(rollouts, scenario)
    ours = time.process_time() - begin
    lasted, _ = attempts(Past(rollouts, scenario, {})).minutes()
    theirs = _scipy(lasted)
    name = f"fit on {rows:,} regional deployments"
    return {
        f"{name}: seconds of processor": ours,
        f"{name}: times one lognorm.fit of {len(lasted):,} rows (budget 15)": ours / theirs,
    }


def _scipy(lasted: Lasted) -> float:
    rows = stats.CensoredData(uncensored=lasted.minutes[lasted.done], right=lasted.minutes[~lasted.done])
    begin = time.process_time()
    stats.lognorm.fit(rows, floc=0)
    return time.process_time() - begin


def calibrate(first: int, count: int, kept: Path | None = None) -> None:
    """Print of each field how uniform the ranks are, and how often the 95 % interval held."""
    found: dict[str, list[float]] = {}
    for one in _ranks(first, count, kept):
        for name, rank in one.items():
            found.setdefault(name, []).append(rank)
    print("| field | fits | 95 % held | truth below | truth above | mean rank | uniform, p |")
    print("|---|---|---|---|---|---|---|")
    for name, ranks in sorted(found.items()):
        own = np.array(ranks)
        p = stats.kstest(own, "uniform").pvalue
        held, low, high = ((own > 0.025) & (own < 0.975)).mean(), (own <= 0.025).mean(), (own >= 0.975).mean()
        shares = " | ".join(f"{100 * each:.1f} %" for each in (held, low, high))
        print(f"| `{name}` | {len(own):,} | {shares} | {own.mean():.3f} | {p:.3f} |")
    every = np.concatenate([np.array(ranks) for ranks in found.values()])
    print(f"\nAll {len(every):,} together: {100 * ((every > 0.025) & (every < 0.975)).mean():.2f} % held.")


def _ranks(first: int, count: int, kept: Path | None) -> Iterator[dict[str, float]]:
    """Yield the ranks of fit after fit."""
    from tests.history.fitting.calibration import ranks

    lines = kept.read_text(encoding="utf-8").splitlines() if kept is not None and kept.exists() else []
    done = {one["seed"]: one["ranks"] for one in map(json.loads, lines)}
    for seed in range(first, first + count):
        own = done[seed] if seed in done else ranks(seed, ROLLOUTS)
        if kept is not None and seed not in done:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "ranks": own}) + "\n")
        yield own


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fitting", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1: 1,000,000 regional deployments")
    parser.add_argument("--calibrate", type=int, metavar="N", help="so many fits of drawn truths instead")
    parser.add_argument("--first", type=int, default=0, help="the first one's seed")
    parser.add_argument(
        "--kept", type=Path, metavar="FILE", help="where ranks are kept, so that it can be gone on with"
    )
    options = parser.parse_args()
    if options.calibrate:
        calibrate(options.first, options.calibrate, options.kept)
        return
    for name, value in measure(options.scale).items():
        print(f"{name:80} {value:>12,.2f}")


if __name__ == "__main__":
    main()
