"""What another process works out."""

from typing import Any

import numpy as np
import pytest

from simulation.boards.nearby import looked_up
from simulation.running import beside
from tests import builders
from wavecast import start_helper
from wavecast.reporting import helpers

WORLD = builders.scenario(faults=[{"name": "bad", "probability": 0.2}], evidence=20, report=60)
ASKED: dict[str, Any] = {"scenario": WORLD, "today": builders.plan("a", "b c", bake=5), "seed": 3, "confidence": 0.9}


@pytest.mark.parametrize("ends", [lambda helper: None, lambda helper: helper.kill()], ids=["lives", "dies"])
def test_the_answer_is_as_if_worked_out_here_even_where_the_process_dies(ends):
    """The process is not needed for the answer, only for its time."""
    helper, here = start_helper(), looked_up(**ASKED)
    begun = beside.begin(looked_up, helper, **ASKED)
    ends(helper)
    found = begun.result()
    assert np.array_equal(found.numbers, here.numbers, equal_nan=True) and found.today == here.today
    assert begun.result() is found  # asked for again, by another cell


def test_what_cannot_be_is_refused_where_it_is_shown():
    """The process says nothing of its own."""
    with pytest.raises(ValueError, match="seed is -1"):
        beside.begin(looked_up, start_helper(), **ASKED | {"seed": -1}).result()


def test_without_processes_it_is_worked_out_here(monkeypatch):
    """Some containers have no room for one more; and where nothing is wanted none is started."""
    monkeypatch.setattr(helpers, "COMMAND", ["/nowhere/python"])
    assert start_helper() is None and start_helper(False) is None
    assert beside.begin(looked_up, None, **ASKED).result().seed == 3


def test_a_process_that_nobody_asks_ends_quietly():
    """As where a report stops before it hands anything on."""
    helper = start_helper()
    assert helper is not None
    told, _ = helper.communicate()
    assert not told and helper.returncode == 0
