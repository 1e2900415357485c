"""The join beside one pandas group-by over the same rows: seconds, their ratio, most memory.

Not here: reading a store (`benchmarks.history`).
"""

import argparse
import subprocess
import sys
import time
from statistics import median

import numpy as np
import pandas as pd

from history.joining.join import join
from history.joining.tables import Tables, as_tables

REGIONS = ("eu-north-1", "us-west-2", "ap-southeast-2", "us-east-1", "eu-west-1", "ap-northeast-1")
SERVICES = 60
MINUTE = 60_000_000.0
PEAK = """
import pathlib, sys
from benchmarks.joining import join, made
tables = made(int(sys.argv[1]))
if sys.argv[2] == "join":
    found = join(tables)
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)
"""


def made(rows: int, seed: int = 7) -> Tables:
    """Make a table of regional deployments: rollouts over six regions, some with failures, retries and set-backs."""
    chance = np.random.default_rng(seed)
    count = -(-rows // 6)
    rollout = np.repeat(np.arange(count), 6)[:rows]
    region = np.tile(np.arange(6), count)[: len(rollout)]
    wave = np.array([0, 1, 1, 2, 2, 2])[region]
    service = rollout % SERVICES
    pushed = 1.7e15 + (rollout // SERVICES) * 240 * MINUTE
    started = pushed + (wave * 40 + chance.uniform(0, 3, len(rollout))) * MINUTE
    failed, again = chance.random(len(rollout)) < 0.004, chance.random(len(rollout)) < 0.01
    version = np.where(again & (rollout >= SERVICES), rollout - SERVICES, rollout)  # set back to the one before
    frame = pd.DataFrame(
        {
            "id": np.char.add("d", np.arange(len(rollout)).astype("U7")),
            "service": np.char.add("service-", service.astype("U3")),
            "region": np.array(REGIONS)[region],
            "status": np.where(failed, "failed", "succeeded"),
            "started_at": started,
            "finished_at": started + chance.uniform(3, 12, len(rollout)) * MINUTE,
            "digest": np.char.add("sha256:", version.astype("U7")),
            "observed_at": 2e15,
        }
    )
    return as_tables({"table_deployments": frame}, "made up")


def grouped(tables: Tables) -> pd.DataFrame:
    """Group the same rows once, by service and digest."""
    rows = tables["table_deployments"]
    return rows.groupby(["service", "digest"]).agg(
        first=("started_at", "min"), last=("finished_at", "max"), regions=("region", "nunique")
    )


def measure(scale: float, rounds: int = 3) -> dict[str, float]:
    """Return all figures; with a scale of 1, of 1,000,000 regional deployments."""
    rows = max(int(1_000_000 * scale), 10_000)
    tables = made(rows)
    ours, theirs = [], []
    for _ in range(rounds):
        begin = time.process_time()
        found = join(tables)
        middle = time.process_time()
        grouped(tables)
        ours.append(middle - begin)
        theirs.append(time.process_time() - middle)
    assert len(found.deployments) + len(found.left_out) == rows
    name = f"join of {rows:,} regional deployments"
    return {
        f"{name}: seconds of processor": median(ours),
        f"{name}: times one pandas group-by (budget 15)": median(a / b for a, b in zip(ours, theirs, strict=True)),
        f"{name}: most memory, MiB (budget 1,536)": _peak(rows, "join"),
        "the same rows alone: most memory, MiB": _peak(rows, "rows"),
    }


def _peak(rows: int, what: str) -> float:
    command = [sys.executable, "-c", PEAK, str(rows), what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.joining", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1: 1,000,000 regional deployments")
    options = parser.parse_args()
    for name, value in measure(options.scale).items():
        print(f"{name:72} {value:>12,.2f}")


if __name__ == "__main__":
    main()
