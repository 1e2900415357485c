"""The collector against a bare boto3 loop, and the export against pyarrow: `python -m benchmarks.history`.

The stand-in runs in a process of its own. The loop makes the same calls, by as many threads, and throws the answers
away. Both are told in wall time; memory is the peak of a process that only collects.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pyarrow.parquet as pq
from botocore.config import Config as ClientConfig

import history
from history.records import WorkflowRun
from history.sources import Calls
from waves.documents import read_yaml, write_yaml

ACCOUNT = "111122223333"
THREADS, UNITS = 4, 6
Call = tuple[str, str, dict[str, Any]]


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


def collect(path: Path) -> tuple[float, list[Call]]:
    """Collect into a new store; give the seconds it took and the calls that were made."""
    calls: list[Call] = []
    real = Calls.call

    def noted(self: Calls, operation: str, **arguments: Any) -> dict[str, Any]:
        calls.append((self.unit.region, operation, arguments))
        return real(self, operation, **arguments)

    for file in path.parent.glob("history.sqlite*"):
        file.unlink()
    with mock.patch.object(Calls, "call", noted):
        began = time.perf_counter()
        report = history.fetch(history.Config.read(path))
        seconds = time.perf_counter() - began
    if report.exit_code:
        raise SystemExit(str(report))
    return seconds, calls


def bare(path: Path, calls: list[Call]) -> float:
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

    began = time.perf_counter()
    with ThreadPoolExecutor(UNITS) as pool:
        list(pool.map(region, regions.values()))
    return time.perf_counter() - began


def peak(path: Path) -> float:
    """The most memory, in MB, that a process takes which only collects."""
    command = [sys.executable, "-m", "benchmarks.history", "--peak-of", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def exported(rows: int, folder: Path, rounds: int) -> tuple[float, float]:
    """Seconds for an export of so many rows, and for pyarrow to write the same table in the same way."""
    store = folder / "rows.sqlite"
    with history.Store(store) as opened:
        for start in range(0, rows, 5000):
            opened.write([_run(n) for n in range(start, min(rows, start + 5000))], observed_at=1)
    ours, theirs = [], []
    for turn in range(rounds):
        began = time.perf_counter()
        written = history.export(store, folder / "out")
        ours.append(time.perf_counter() - began)
        table = pq.read_table(folder / "out" / written.snapshot / "workflow_runs.parquet")
        began = time.perf_counter()
        pq.write_table(table, folder / f"same-{turn}.parquet", compression="zstd", row_group_size=40_000)
        theirs.append(time.perf_counter() - began)
        del table
    return min(ours), min(theirs)


def _run(number: int) -> WorkflowRun:
    start = 1_700_000_000_000_000 + number * 60_000_000
    item = {"id": f"{number:08x}-5a1e", "workflowId": "w", "status": "SUCCEEDED", "startTime": start, "endTime": start}
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


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--deployments", type=int, default=50_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2, help="collector and loop in turns, the best of each counts")
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        collect(options.peak_of)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    folder = Path(tempfile.mkdtemp(prefix="wavecast-bench-"))
    try:
        _measure(options.deployments, options.rows, options.rounds, folder)
    finally:
        shutil.rmtree(folder)


def _measure(deployments: int, rows: int, rounds: int, folder: Path) -> None:
    row = "{:44} {:>12} {:>12} {:>8}".format
    print(row("", "ours", "plain", "ratio"))
    for count in (deployments // 10, deployments):
        (folder / str(count)).mkdir()
        with stand_in(count, folder / str(count)) as path:
            collected, plain = [], []
            for _ in range(rounds if count == deployments else 1):
                seconds, calls = collect(path)
                collected.append(seconds)
                plain.append(bare(path, calls))
            ours, theirs = min(collected), min(plain)
            name = f"{count:,} deployments, {len(calls):,} calls, wall time"
            print(row(name, f"{ours:.1f} s", f"{theirs:.1f} s", f"{ours / theirs:.2f}"), flush=True)
            print(row(f"{count:,} deployments, peak memory", f"{peak(path):.0f} MB", "", ""), flush=True)
    ours, theirs = exported(rows, folder, rounds)
    print(row(f"{rows:,} rows, export", f"{ours:.1f} s", f"{theirs:.1f} s", f"{ours / theirs:.1f}"))


if __name__ == "__main__":
    main()
