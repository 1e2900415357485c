"""What a copy of this process works out."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from simulation.boards.nearby import looked_up
from simulation.running import beside
from tests import builders

WORLD = builders.scenario(faults=[{"name": "bad", "probability": 0.2}], evidence=20, report=60)
ASKED: dict[str, Any] = {"scenario": WORLD, "today": builders.plan("a", "b c", bake=5), "seed": 3, "confidence": 0.9}


def gone(number: int) -> bool:
    """Whether there is no such process; some time is given to it if there is."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    time.sleep(0.05)
    return False


SLEEPS = """
import os, signal, time
from simulation.running.beside import begin
def sleep(): time.sleep(600)
print(begin(sleep).copy[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    "how", [0, signal.SIGKILL, signal.SIGINT, signal.SIGSTOP], ids=["lives", "dies", "^C", "hangs"]
)
def test_the_answer_is_as_if_worked_out_here_whatever_becomes_of_the_copy(how, monkeypatch):
    """It is not needed for the answer, only for its time; nothing is left of it."""
    monkeypatch.setattr(beside, "PATIENCE", 0.1 if how == signal.SIGSTOP else 60.0)
    begun, here = beside.begin(looked_up, **ASKED), looked_up(**ASKED)
    assert begun.copy is not None
    number, _ = begun.copy
    os.kill(number, how)
    found = begun.result()
    assert np.array_equal(found.numbers, here.numbers, equal_nan=True) and found.today == here.today
    assert begun.result() is found  # asked for again, by another cell
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_copy_ends_with_its_parent_and_holds_nothing_that_others_wait_for():
    """Killed, it says nothing to anybody; who reads what it printed comes to the end of that."""
    done = subprocess.run([sys.executable, "-c", SLEEPS], capture_output=True, text=True, timeout=60, check=False)
    number = int(done.stdout)
    assert any(gone(number) for _ in range(200))  # it is ended, and then waited for by whoever took it over


def test_what_cannot_be_is_refused_where_it_is_shown(capfd):
    """The copy says nothing of its own."""
    with pytest.raises(ValueError, match="seed is -1"):
        beside.begin(looked_up, **ASKED | {"seed": -1}).result()
    assert capfd.readouterr() == ("", "")


def test_where_no_copy_can_be_made_it_is_worked_out_here(monkeypatch):
    """Some containers have no room for one more, and some systems know no copies."""

    def fork() -> int:
        raise BlockingIOError

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fork", fork)
    assert beside.begin(looked_up, **ASKED).result().seed == 3
    monkeypatch.delattr(os, "fork")
    assert beside.begin(looked_up, **ASKED).result().seed == 3
    assert len(os.listdir("/proc/self/fd")) == before
