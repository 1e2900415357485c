"""Results show themselves: a line in a console, a table or picture in a notebook."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

import simulation
import waves

SCENARIO = simulation.sample("storefront")
PLANS = {"all at once": waves.all_at_once(SCENARIO.fleet), "one by one": waves.one_at_a_time(SCENARIO.fleet)}
FIRST, SECOND = PLANS.values()

RESULTS = {
    "outcomes": lambda: simulation.run(FIRST, SCENARIO, trials=50),
    "comparison": lambda: simulation.compare(PLANS, SCENARIO, trials=50),
    "sweep": lambda: simulation.sweep(PLANS, SCENARIO, trials=50),
    "rare": lambda: simulation.rare(FIRST, SCENARIO, precision=None, trials=5000),
    "trace": lambda: simulation.trace(FIRST, SCENARIO),
    "duel": lambda: simulation.duel(FIRST, SECOND, SCENARIO, trial=3),
}


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
def test_a_result_shows_itself(make):
    result = make()
    assert 20 < len(repr(result)) <= 200
    assert result._repr_html_().startswith("<")


CELL = "picture = comparison.plot()"


@pytest.mark.parametrize(
    ("cell", "shown"), [("comparison.plot();", 1), (CELL, 0), (f"{CELL};", 1), ("comparison.plot()", 0)]
)
def test_a_plot_is_seen_though_a_semicolon_hides_the_value(monkeypatch, cell, shown):
    """Without one, the value of the cell is what shows it, once."""
    seen: list[object] = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    shell = InteractiveShell.instance()
    try:
        shell.user_ns["comparison"] = simulation.compare(PLANS, SCENARIO, trials=50)
        assert shell.run_cell(cell, silent=False).success
        assert len(seen) == shown
    finally:
        InteractiveShell.clear_instance()


@pytest.mark.parametrize("cell", ["waves.Plan.read('no.yaml')", "wavecast.read_choice('all-at-onec', 'storefront')"])
def test_a_fault_of_input_is_told_in_a_notebook_without_the_calls_that_led_to_it(monkeypatch, cell):
    """One line a fault; an error of the code still shows where it comes from."""
    shell = InteractiveShell.instance()
    told: list[str] = []
    monkeypatch.setattr(shell, "_showtraceback", lambda kind, error, lines: told.extend(lines))
    shell.run_cell(f"import waves, wavecast\n{cell}")
    (line,) = told
    assert "no.yaml:1:1: error: no such file" in line or "did you mean 'all-at-once'?" in line
    shell.run_cell("1 / 0")
    assert len(told) > 2


def test_a_search_shows_below_its_cell_how_the_front_moves_and_leaves_nothing_there(monkeypatch):
    """One line, changed in place: a terminal's would stay in the notebook as a heap of errors."""
    shell = InteractiveShell.instance()
    shown: list[str] = []
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setattr(shell.display_pub, "publish", lambda data, **_: shown.append(data["text/plain"]))
    pair = waves.Fleet.model_validate({"regions": [{"name": name, "traffic": 1.0} for name in "ab"]})
    world = simulation.sample("lesson").replace(fleet=pair)
    simulation.search(world, bake_minutes=[0.0], resolution=0.5, progress=True)
    assert shown[0] == shown[-1] == "" and shown[1].startswith("Searching: ") and " on the front: " in shown[1]
    shown.clear()
    simulation.search(world, bake_minutes=[0.0], resolution=0.5)
    assert shown == []
