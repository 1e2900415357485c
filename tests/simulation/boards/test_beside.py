"""A table that another process works out."""

import sys
from typing import Any

import numpy as np
import pytest

from simulation.boards import beside
from simulation.boards.page import looked_up
from tests import builders

WORLD = builders.scenario(faults=[{"name": "bad", "probability": 0.2}], evidence=20, report=60)
ASKED: dict[str, Any] = {"scenario": WORLD, "today": builders.plan("a", "b c", bake=5), "seed": 3, "confidence": 0.9}


@pytest.mark.parametrize("ends", [lambda process: None, lambda process: process.kill()], ids=["lives", "dies"])
def test_the_table_is_as_if_worked_out_here_even_where_the_process_dies(ends):
    """The process is not needed for the answer, only for its time."""
    begun, here = beside.begin(**ASKED), looked_up(**ASKED)
    assert begun.process is not None
    ends(begun.process)
    found = begun.result()
    assert np.array_equal(found.numbers, here.numbers, equal_nan=True) and found.today == here.today
    assert begun.result() is found  # asked for again, by another cell


def test_what_no_board_can_be_made_of_is_refused_where_it_is_shown():
    """The process says nothing of its own."""
    with pytest.raises(ValueError, match="seed is -1"):
        beside.begin(**ASKED | {"seed": -1}).result()


def test_without_processes_it_is_worked_out_here(monkeypatch):
    """Some containers have no room for one more."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    begun = beside.begin(**ASKED)
    assert begun.process is None and begun.result().seed == 3
