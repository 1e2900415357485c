"""The collector against a bare boto3 loop, and the export against pyarrow; `python -m benchmarks.history` alone.

The stand-in runs in a process of its own. The loop makes the same calls, by as many threads, and throws the answers
away. Both sides take turns, and a ratio is the median over the turns. Memory is the peak of a fresh process that does
one thing only. Not here: the engines (`benchmarks.engines`).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest import mock

import boto3
import pyarrow.parquet as pq
from botocore.config import Config as ClientConfig

import history
from history.records import WorkflowRun
from history.sources import Calls
from waves.files.documents import read_yaml, write_yaml

ACCOUNT = "111122223333"
THREADS, UNITS = 4, 6
Call = tuple[str, str, dict[str, Any]]
ROW_GROUP = 10_000  # as the export has it
PEAK = """
import pathlib, sys
import history
if sys.argv[1] == "fetch":
    assert not history.fetch(history.Config.read(sys.argv[2])).exit_code
elif sys.argv[1] == "export":
    history.export(sys.argv[2], sys.argv[3])
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)
"""


class Seconds(NamedTuple):
    """How long something took."""

    wall: float
    cpu: float


@contextmanager
def stand_in(deployments: int, folder: Path) -> Iterator[Path]:
    """Start a stand-in with so many deployments in six regions; give the config that collects its ECS side."""
    arguments = ["--deployments", str(deployments), "--days", "55", "--speed", "0", "--accounts", ACCOUNT]
    command = [sys.executable, "-m", "tests.aws_stand_in", *arguments, "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while not (folder / "incidents.csv").exists():  # what it writes last
                time.sleep(0.2)
                if server.poll() is not None:
                    raise SystemExit("the stand-in did not start")
            time.sleep(1)
            for line in (folder / "environment.sh").read_text().splitlines():
                name, _, value = line.removeprefix("export ").partition("=")
                os.environ[name] = value.strip("'")
            config = read_yaml(folder / "fetch.yaml").value
            (account,) = config["accounts"]
            config["accounts"] = [{key: account[key] for key in ("id", "regions", "ecs")}]
            config = {**config, "codecatalyst": [], "threads": THREADS, "units_at_once": UNITS}
            path = folder / "ecs.yaml"
            write_yaml(config, path)
            yield path
        finally:
            server.terminate()


def collect(path: Path) -> tuple[Seconds, list[Call]]:
    """Collect into a new store; give the seconds it took and the calls that were made."""
    calls: list[Call] = []
    real = Calls.call

    def noted(self: Calls, operation: str, **arguments: Any) -> dict[str, Any]:
        calls.append((self.unit.region, operation, arguments))
        return real(self, operation, **arguments)

    for file in path.parent.glob("history.sqlite*"):
        file.unlink()
    with mock.patch.object(Calls, "call", noted):
        seconds = clocked(lambda: fetched(path))
    return seconds, calls


def fetched(path: Path) -> None:
    """Collect once, in full."""
    report = history.fetch(history.Config.read(path))
    if report.exit_code:
        raise SystemExit(str(report))


def clocked(run: Callable[[], Any]) -> Seconds:
    """Return the seconds on the wall and of the processor that something takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def bare(path: Path, calls: list[Call]) -> None:
    """Make the same calls by plain boto3: a thread a region, and as many at once as the collector has for batches."""
    url = read_yaml(path).value["endpoint_url"]
    regions: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        regions[call[0]].append(call)

    def region(own: list[Call]) -> None:
        options = ClientConfig(max_pool_connections=THREADS)
        client = boto3.Session().client("ecs", region_name=own[0][0], endpoint_url=url, config=options)
        with ThreadPoolExecutor(THREADS) as pool:
            for operation, some in groupby(own, key=lambda call: call[1]):
                make = getattr(client, operation)
                if operation.startswith("describe"):
                    list(pool.map(lambda call, make=make: make(**call[2]), some))
                else:
                    for call in some:
                        make(**call[2])
        client.close()

    with ThreadPoolExecutor(UNITS) as pool:
        list(pool.map(region, regions.values()))


def peak(*what: str) -> float:
    """Return the most memory, in MiB, that a fresh process holds which does one thing only."""
    command = [sys.executable, "-c", PEAK, *what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def fetching(deployments: int, rounds: int, folder: Path) -> dict[str, float]:
    """Collect and loop in turns; give seconds, their ratios, and what memory a collector and an export take."""
    folder.mkdir()
    ours, plain = [], []
    with stand_in(deployments, folder) as path:
        for _ in range(rounds):
            seconds, calls = collect(path)
            ours.append(seconds)
            plain.append(clocked(partial(bare, path, calls)))
        for file in folder.glob("history.sqlite*"):
            file.unlink()
        fetch_peak = peak("fetch", str(path))
    name = f"{deployments:,} deployments"
    found = compared(f"fetch of {name}", "bare boto3", ours, plain) if rounds else {}
    found[f"fetch of {name}: most memory, MiB"] = fetch_peak
    found[f"export of {name}: most memory, MiB"] = peak("export", str(folder / "history.sqlite"), str(folder / "out"))
    return found


def compared(name: str, other: str, ours: list[Seconds], theirs: list[Seconds]) -> dict[str, float]:
    """Return the medians of turns; of ratios, too: both sides of a turn share the machine's load."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        f"{name}: seconds": median(each.wall for each in ours),
        f"{name}, by {other}: seconds": median(each.wall for each in theirs),
        f"{name}: times {other}, wall": median(a.wall / b.wall for a, b in pairs),
        f"{name}: times {other}, processor": median(a.cpu / b.cpu for a, b in pairs),
    }


def exporting(rows: int, rounds: int, folder: Path, *, shuffled: bool) -> dict[str, float]:
    """Export, and let pyarrow write the same table in the same way, in turns."""
    name = f"export of {rows:,} rows {'in random order' if shuffled else 'in order'}"
    store = folder / f"{shuffled}.sqlite"
    with history.Store(store) as opened:
        for start in range(0, rows, 5000):
            records = [_run(n, shuffled) for n in range(start, min(rows, start + 5000))]
            opened.write(records, observed_at=1)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(clocked(lambda: history.export(store, folder / "out")))
        snapshot = json.loads((folder / "out" / "current.json").read_text())["snapshot"]
        table = pq.read_table(folder / "out" / snapshot / "workflow_runs.parquet")
        write = partial(pq.write_table, table, folder / "same.parquet", compression="zstd", row_group_size=ROW_GROUP)
        theirs.append(clocked(write))
        del table, write
    found = compared(name, "pyarrow", ours, theirs)
    found[f"{name}: most memory, MiB"] = peak("export", str(store), str(folder / "out"))
    store.unlink()
    return found


def _run(number: int, shuffled: bool) -> WorkflowRun:
    start = 1_700_000_000_000_000 + number * 60_000_000
    name = hashlib.sha256(str(number).encode()).hexdigest()[:13] if shuffled else f"{number:08x}-5a1e"
    item = {"id": name, "workflowId": "w", "status": "SUCCEEDED", "startTime": start, "endTime": start}
    return WorkflowRun(
        space="acme",
        project="shop",
        id=str(item["id"]),
        workflow="w",
        workflow_name="deploy-storefront",
        status="SUCCEEDED",
        started_at=start,
        ended_at=start + 1_234_567_890,
        updated_at=start + 1_234_567_890,
        version=start + 1_234_567_890,
        finished=True,
        raw=json.dumps(item),
    )


def measure(scale: float, rounds: int = 3) -> dict[str, float]:
    """Return all figures; with a scale of 1, of 50,000 deployments and 1,000,000 rows."""
    deployments, rows = max(int(50_000 * scale), 500), max(int(1_000_000 * scale), 5000)
    folder = Path(tempfile.mkdtemp(prefix="wavecast-bench-"))
    try:
        found = {"nothing but imports: most memory, MiB": peak("nothing")}
        found |= fetching(deployments // 5, 0, folder / "few")
        found |= fetching(deployments, rounds, folder / "many")
        for shuffled in (False, True):
            found |= exporting(rows, rounds + 2, folder, shuffled=shuffled)
        return found
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1: 50,000 deployments and 1,000,000 rows")
    parser.add_argument("--rounds", type=int, default=3, help="collector and loop in turns; the median counts")
    options = parser.parse_args()
    for name, value in measure(options.scale, options.rounds).items():
        print(f"{name:72} {value:>12,.2f}")


if __name__ == "__main__":
    main()
