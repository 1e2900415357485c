"""Sweeps on a cluster of Dask's: the same bytes as here, also where a worker is killed in the middle.

Not here: other executors (``test_sweep``).
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from simulation import sample, sweep
from tests.simulation.running.test_sweep import PLANS, content

STOREFRONT = sample("storefront")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two processes, of one thread each, the page that nobody watches on any free port."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_cluster_gives_the_same_bytes(client):
    here = sweep(PLANS, STOREFRONT, trials=50_000, seed=7)
    assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=client.get_executor())) == content(here)


def test_a_cluster_stops_at_the_same_block(client):
    wanted = {"share_exposed_mean": 0.003}
    here = sweep(PLANS, STOREFRONT, trials=400_000, seed=2, precision=wanted)
    there = sweep(PLANS, STOREFRONT, trials=400_000, seed=2, precision=wanted, workers=client.get_executor())
    assert here.trials < 400_000
    assert content(there) == content(here)


class Deadly(Executor):
    """Hands jobs on to a cluster; the worker that gets the seventh is killed while it has it."""

    def __init__(self, client: Any, marker: Path) -> None:
        self.executor, self.marker, self.count = client.get_executor(), marker, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        if self.count == 7:
            return self.executor.submit(killed_once, fn, self.marker)
        return self.executor.submit(fn, *args, **kwargs)


def killed_once(run: Any, marker: Path) -> Any:
    if not marker.exists():
        marker.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return run()


def test_a_worker_killed_in_the_middle_changes_no_byte(client, tmp_path):
    before = set(client.run(os.getpid).values())
    here = sweep(PLANS, STOREFRONT, trials=100_000, seed=5)
    there = sweep(PLANS, STOREFRONT, trials=100_000, seed=5, workers=Deadly(client, tmp_path / "killed"))
    victim = int((tmp_path / "killed").read_text())
    assert victim in before
    assert victim not in client.run(os.getpid).values()
    assert content(there) == content(here)
