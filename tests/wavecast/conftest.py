"""The door as tests use it: in this process, or as a command of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from wavecast.main import main

# What the engine says where a test is the first to use it in a checkout; `make test` compiles it before.
COMPILING = "compiling the engine, once for this checkout: some twenty seconds …\n"


class Answer(NamedTuple):
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


def door(*args: str) -> Answer:
    """Run the command in this process."""
    result = CliRunner().invoke(main, list(args), prog_name="wavecast")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Answer(result.exit_code, result.stdout, result.stderr.replace(COMPILING, ""))


@pytest.fixture
def wavecast() -> Callable[..., Answer]:
    """Run the command in this process, by its arguments."""
    return door


@pytest.fixture
def shell(root: Path) -> Callable[..., Answer]:
    """Run the command as a process of its own, from the checkout or another folder."""

    def run(*args: str, cwd: Path = root, **environment: str) -> Answer:
        env = {**os.environ, "PYTHONPATH": str(root), **environment}
        command = [sys.executable, "-m", "wavecast.main", *args]
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
        return Answer(done.returncode, done.stdout, done.stderr.replace(COMPILING, ""))

    return run


WORKFLOW_LINE_17 = """\
Name: two-waves
SchemaVersion: "1.0"
Actions:
  Build:
    Identifier: aws/build@v1
    Configuration:
      Steps:
        - Run: make image
  Deploy-1:
    Identifier: aws/ecs-deploy@v1
    DependsOn:
      - Build
    Environment:
      Name: production
    Configuration:
      region: eu-north-1
      clustr: storefront
      service: web
      task-definition: task.json
"""


@pytest.fixture
def misspelt(tmp_path: Path) -> Path:
    """A workflow whose line 17 has a misspelt key."""
    path = tmp_path / "misspelt.yaml"
    path.write_text(WORKFLOW_LINE_17, encoding="utf-8")
    return path
