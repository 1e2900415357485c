"""The notebook that chooses waves, through papermill: with parameters that fit, and with some that don't."""

import json
import sys
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

import waves
from simulation import Estimate
from tests.test_notebooks import Done, execute
from wavecast import read_choice
from waves import InputError

CHOOSE = "notebooks/2-choose-waves.ipynb"
SMALL_WORLD = """
fleet: {regions: [{name: us-east-1, traffic: 9000}, {name: us-west-2, traffic: 4000}, {name: eu-west-1, traffic: 900}]}
deploy: 6
evidence: {exponential: {mean: 4000}}
lag: 3
reaction: 4
rollback: 6
faults: [{name: bad release, probability: 0.05, severity: 0.3}]
"""


@pytest.fixture
def choose(root, tmp_path):
    """Run the notebook that chooses waves on a fleet of three; return what it left and the executed notebook."""
    world = tmp_path / "scenario.yaml"
    world.write_text(SMALL_WORLD, encoding="utf-8")

    def run(**given: Any) -> tuple[Done, Any]:
        asked = json.dumps({"scenario": str(world), "bakes": [0, 30], "trials": 512, **given})
        target = tmp_path / "choose.ipynb"
        done = execute(root, sys.executable, "-m", "papermill", CHOOSE, str(target), "-y", asked)
        return done, nbformat.read(target, as_version=4)

    return run


def pages(book: Any) -> str:
    """Everything that a notebook shows as HTML."""
    shown = [output.data for cell in book.cells for output in cell.get("outputs", []) if "data" in output]
    return "".join(data.get("text/html", "") for data in shown).replace("\u00a0", " ")


def test_a_choice_of_waves_ends_in_a_diff_of_the_pipeline(root, choose, tmp_path):
    """From a pipeline and a fleet of its own, through the front and its regrets; the pipeline itself stays as it is."""
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("regions: [{name: us-east-1, traffic: 9}, {name: us-west-2, traffic: 4}]\n", encoding="utf-8")
    pipeline = root / "data" / "workflows" / "two-region.yaml"
    before = pipeline.read_bytes()
    done, book = choose(
        today="data/workflows/two-region.yaml", fleet=str(fleet), beside=["all-at-once"], chosen="all at once"
    )
    assert done.code == 0, done.err
    shown = pages(book)
    assert "worth discussing" in shown and "Regret is what a choice costs" in shown
    assert "What all at once changes in" in shown and ">-      - Validate-us-east-1" in shown
    assert pipeline.read_bytes() == before and len(book.cells) - 1 < 10  # papermill's own cell not counted


def test_a_choice_without_a_pipeline_ends_in_a_plan(choose, tmp_path):
    """A grouping needs the minutes that a wave bakes; rules are kept by every plan of the front."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {max_waves: 2}\n", encoding="utf-8")
    done, book = choose(today="one-at-a-time", beside=[], bake_minutes=30, rules=str(rules), price=600)
    assert done.code == 0, done.err
    shown = pages(book)
    assert (
        "comes from no pipeline" in shown
        and "<pre>name: front" in shown
        and "what a choice costs over the best one" in shown
    )
    last = shown[shown.index("comes from no pipeline") :]
    assert last.count("- regions:") <= 2


def test_parameters_that_cannot_be_are_refused_before_anything_is_computed(choose):
    """Misspelt, out of range, of another kind: one line each."""
    done, book = choose(toady="all-at-once", bakes=[0, -1], resolution=2)
    assert done.code == 1 and "read_choice" not in done.err
    for line in (
        "did you mean 'today'?",
        "-p bakes [0, -1]: give a list of minutes: [0, 30, 60]",
        "-p resolution 2: give a number between 0 and 1, such as 0.05",
    ):
        assert line in done.err
    assert not pages(book)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"today": "all-at-onec"}, "did you mean 'all-at-once'?"),
        ({"today": "all-at-once"}, "bake"),
        ({"today": "two-halves", "beside": ["1-2-3-3"], "bake_minutes": 30}, "sum to the fleet's 6 regions"),
        ({"today": "two-halves", "bake_minutes": 30, "fleet": "no.yaml"}, "no.yaml:1:1: error: no such file"),
    ],
)
def test_input_that_cannot_be_is_told(given, message):
    """By file or name, with the remedy."""
    with pytest.raises(InputError) as caught:
        read_choice(**{"scenario": "storefront", **given})
    assert message in str(caught.value)


def test_rules_of_strange_regions_are_told_of_their_own_file(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {first: [us-east-11]}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_choice("six-region-three-wave", "storefront", rules=str(rules))
    message = "region 'us-east-11' is not in the fleet; did you mean 'us-east-1'?"
    assert str(caught.value) == f"{rules}:1:17: error: {message} [unknown-region]"


def test_a_fleet_that_does_not_fit_is_told_of_its_own_file(tmp_path):
    """A scenario speaks of a label that no region has: one line, of the fleet's file, and none of what follows."""
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("regions: [{name: a, traffic: 1}, {name: b, traffic: 2}]\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_choice("1-1", "storefront", fleet=str(fleet), bake_minutes=30)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{fleet}:1:1: error: no region of the fleet has the label 'shared-config'")


def test_what_is_chosen_must_be_on_the_short_list():
    """A name that none has is refused with the nearest; without a name it is the last."""
    choice = read_choice("six-region-three-wave", "storefront", beside=["two-halves"])
    assert choice.named(choice.plans, "")[0] == "two halves"
    with pytest.raises(InputError, match="there is no plan 'two halfs'; did you mean 'two halves'"):
        choice.named(choice.plans, "two halfs")


def test_the_short_list_has_the_fastest_as_safe_and_the_safest_as_fast():
    """As good is what is within the resolution of today's in each other figure; what is worse in one of them is out."""
    choice = read_choice("six-region-three-wave", "storefront")
    figures = {
        "today": (1.0, 0.2, 100.0), "fast": (1.04, 0.2, 50.0), "faster": (1.06, 0.2, 40.0),
        "safer": (0.5, 0.3, 90.0), "safe": (0.6, 0.2, 104.0), "slow": (0.4, 0.2, 106.0),
    }  # fmt: skip
    names = ("impact", "half", "time")
    known = {plan: dict(zip(names, map(Estimate, row, row, row), strict=True)) for plan, row in figures.items()}
    found: Any = SimpleNamespace(
        objectives=names, known=known, plans=known, resolution=0.05, own=(), plan=lambda name: name
    )
    assert choice.shortlist(found) == {**choice.plans, "fast": "fast", "safe": "safe"}


def test_a_pipeline_that_cannot_be_rearranged_gives_the_plan(tmp_path):
    """Another region, markup in its name: what is refused is said, escaped, and the plan is shown as a file."""
    choice = read_choice("data/workflows/two-region.yaml", "storefront")
    assert choice.pipeline is not None
    plan = waves.Plan(name="<script>", waves=[{"regions": ["us-east-1", "<b>mars</b>"]}])
    shown = choice.diff(plan)
    assert "cannot be rearranged" in shown and "<b>" not in shown and "<script" not in shown
    assert "- us-east-1" in shown


def test_a_history_tells_the_scenario_what_it_can():
    """The scenario of the sample history is fitted: its deployments have a source with an interval."""
    choice = read_choice("six-region-three-wave", "storefront", store=str(waves.DATA / "history"), seed=7)
    assert choice.fitted is not None and choice.scenario.name == "storefront, fitted"
    assert "deployments" in str(choice.scenario.sources["deploy"])
    assert "values of storefront learnt" in choice._repr_html_()
