"""`kill -9` in the middle of a run: the store opens again, nothing is half done, and the next run completes it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import history
from tests.aws_stand_in import StandIn
from tests.history.conftest import now, select


def kill_at(config_path: Path, story, root: Path, commit: int, delay: float) -> bool:
    """Start a fetch and kill it soon after so many commits were announced; say whether it was still running."""
    command = [sys.executable, "-m", "tests.history.victim", str(config_path), now(story).isoformat()]
    with subprocess.Popen(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE
    ) as victim:
        assert victim.stdout is not None
        for _ in range(commit):
            if not victim.stdout.readline():
                break
        time.sleep(delay)
        victim.send_signal(signal.SIGKILL)
        victim.stdout.read()
    return victim.returncode == -signal.SIGKILL


def survive(story, setting, canonical, reference, root, tmp_path, times: int) -> int:
    rng = random.Random(times)
    killed = 0
    with StandIn(story) as aws:
        config = setting(aws, "killed")
        for number in range(times):
            killed += kill_at(tmp_path / "killed.yaml", story, root, rng.randrange(1, 12 + number), rng.random() * 0.02)
            assert select(config, "PRAGMA integrity_check") == [("ok",)]
            # No cursor without its rows: every deployment of an interval that is called known is there.
            known = {arn for (arn,) in select(config, "SELECT arn FROM service_deployments")}
            for region, since, until in select(
                config, "SELECT region, from_at, until_at FROM coverage WHERE stream = 'ecs'"
            ):
                for each in story.deployments:
                    if each.region == region and since <= each.created * 1000 < min(until, story.now * 1000):
                        assert each.arn in known
        assert select(config, "SELECT count(*) FROM ledger WHERE outcome IS NULL")[0][0] > 0  # cut short, and it shows
        assert history.fetch(config, now=now(story)).exit_code == 0
    assert canonical(config.store_path) == reference(config, canonical)
    return killed


def test_a_run_that_is_killed_twice_ends_in_the_same_state(story, setting, canonical, reference, root, tmp_path):
    assert survive(story, setting, canonical, reference, root, tmp_path, 2) >= 1


@pytest.mark.long
def test_a_run_that_is_killed_at_twenty_random_points_ends_in_the_same_state(
    story, setting, canonical, reference, root, tmp_path
):
    assert survive(story, setting, canonical, reference, root, tmp_path, 20) >= 10
