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


@pytest.mark.parametrize("dies", [False, True])
def test_the_answer_is_as_if_worked_out_here_even_where_the_process_dies(dies):
    """The process is not needed for the answer, only for its time; what is asked first need not be waited for first."""
    helper, other = start_helper(), ASKED | {"seed": 4}
    assert helper is not None
    begun = [beside.begin(looked_up, helper, **asked) for asked in (ASKED, other)]
    if dies:
        helper.process.kill()
    for each, asked in reversed(list(zip(begun, (ASKED, other), strict=True))):
        found, here = each.result(), looked_up(**asked)
        assert np.array_equal(found.numbers, here.numbers, equal_nan=True) and found.seed == asked["seed"]
        assert each.result() is found  # asked for again, by another cell
    assert helper.told == ([] if dies else [each.result() for each in begun])
    helper.process.communicate()


def test_what_cannot_be_is_refused_where_it_is_shown():
    """The process says nothing of its own, and what it was asked after that is worked out here, too."""
    helper = start_helper()
    assert helper is not None
    begun = [beside.begin(looked_up, helper, **ASKED | {"seed": seed}) for seed in (-1, 3)]
    with pytest.raises(ValueError, match="seed is -1"):
        begun[0].result()
    assert begun[1].result().seed == 3
    assert helper.process.returncode


def test_without_processes_it_is_worked_out_here(monkeypatch):
    """Some containers have no room for one more; and where nothing is wanted none is started."""
    monkeypatch.setattr(helpers, "COMMAND", ["/nowhere/python"])
    assert start_helper() is None and start_helper(False) is None
    assert beside.begin(looked_up, None, **ASKED).result().seed == 3


def test_a_process_that_nobody_asks_ends_quietly():
    """As where a report stops before it hands anything on."""
    helper = start_helper()
    assert helper is not None
    told, _ = helper.process.communicate()
    assert not told and helper.process.returncode == 0
