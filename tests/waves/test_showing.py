"""Nouns: ways to vary them, and how they show themselves."""

import inspect

import pytest

import simulation
import waves
from waves import Fleet, InputError, Plan, Region, Wave

SCENARIO = simulation.sample("storefront")
FLEET = SCENARIO.fleet
PLAN = waves.sizes(FLEET, [1, 2, 3], bake_minutes=30)


def faults(noun, **changes):
    with pytest.raises(InputError) as caught:
        noun.replace(**changes)
    return [str(each) for each in caught.value.findings]


def test_a_noun_with_other_values_is_what_a_file_would_say():
    """Numbers, mappings and objects are taken as they are; what was worked out from old values is forgotten."""
    assert SCENARIO.replace(evidence=25_000).evidence == simulation.Constant(value=25_000.0)
    assert SCENARIO.replace(build={"lognormal": {"median": 6, "p95": 12}}).build.mean > 6
    assert SCENARIO.replace(name="other").digest != SCENARIO.digest
    assert SCENARIO.replace() == SCENARIO
    assert FLEET.traffic > 0
    alone = FLEET.regions[0].replace(failover=None)
    assert FLEET.replace(regions=[alone]).traffic == alone.traffic
    assert PLAN.replace(waves=[{"regions": ["x"]}]).regions == ("x",)
    assert FLEET.regions[0].replace(traffic=5).traffic == 5


@pytest.mark.parametrize(
    "vary", [lambda **changes: SCENARIO.replace(**changes), lambda **changes: SCENARIO.model_copy(update=changes)]
)
def test_a_wrong_value_and_a_wrong_name_are_both_refused(vary):
    with pytest.raises(InputError) as caught:
        vary(alarm_threshold=5, evidnce=3)
    assert [str(each) for each in caught.value.findings] == [
        "scenario.replace: error: alarm_threshold is 5 share of requests: must be less than 1 [out-of-range]",
        "scenario.replace: error: unknown key 'evidnce'; did you mean 'evidence'? [unknown-key]",
    ]


def test_what_does_not_go_together_is_refused():
    assert "region 'us-east-1' is not in the fleet" not in faults(PLAN, strategies={"x": "rolling"})[0]
    assert "region 'x' is in no wave of the plan" in faults(PLAN, strategies={"x": "rolling"})[0]
    assert (
        "no region of the fleet has the label" in faults(SCENARIO, fleet={"regions": [{"name": "a", "traffic": 1}]})[0]
    )


@pytest.mark.parametrize("noun", [SCENARIO, FLEET, PLAN], ids=lambda noun: type(noun).__name__)
def test_a_noun_shows_itself(noun):
    """In a line of at most 200 characters in a console, as a table in a notebook."""
    assert len(repr(noun)) <= 200
    assert noun.name in repr(noun)
    assert noun._repr_html_().count("<tr>") >= 2


def test_a_large_noun_says_how_much_it_leaves_out_and_no_name_brings_markup():
    fleet = Fleet(regions=tuple(Region(name=f"<script>{'x' * 150}{n}", traffic=1) for n in range(500)))
    html, plan = fleet._repr_html_(), Plan(name="y" * 200, waves=tuple(Wave(regions=(name,)) for name in fleet.names))
    assert "and 470 more" in html
    assert "<script>" not in html + plan._repr_html_()
    assert max(len(repr(fleet)), len(repr(plan)), len(str(plan))) <= 200


@pytest.mark.parametrize("kind", [simulation.Scenario, Fleet, Plan, Wave, simulation.Fault])
def test_a_signature_can_be_read(kind):
    signature = inspect.signature(kind)
    assert list(signature.parameters) == list(kind.model_fields)
    assert len(str(signature)) < 1000


def test_completion_offers_what_is_ours():
    public = [name for name in dir(SCENARIO) if not name.startswith("_")]
    assert {"replace", "read", "evidence", "assumptions", "digest"} <= set(public)
    assert not {"model_dump", "copy", "dict", "json", "parse_obj", "schema"} & set(public)
    assert dir(simulation) == sorted(simulation.__all__)
    assert dir(waves) == sorted(waves.__all__)


SOURCE = {"source": "214 deployments", "estimate": 6.1, "low": 5.8, "high": 6.4, "n": 214}


def test_a_source_is_a_text_or_an_estimate_with_its_interval(tmp_path):
    """Of a field, of a single fault by its name, of all faults; a file with them reads back as the same."""
    name = SCENARIO.faults[0].name
    told = SCENARIO.replace(sources={"deploy": SOURCE, "faults": "workshop", name: {"source": "tickets", "n": 3}})
    sources = {row[0]: row[3] for row in told.assumptions}
    assert sources["deploy"] == "214 deployments (estimate 6.1, 5.8 to 6.4; n = 214)"
    assert sources[name] == "tickets (n = 3)"
    assert {sources[fault.name] for fault in told.faults[1:]} == {"workshop"}
    assert sources["lag"] == "assumed"
    told.write(tmp_path / "scenario.yaml")
    assert simulation.Scenario.read(tmp_path / "scenario.yaml") == told


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"buld": "x"}, "did you mean 'build'?"),
        ({"deploy": {**SOURCE, "low": 7}}, "low, estimate and high must not fall, got 7, 6.1, 6.4"),
        ({"deploy": {"source": "x", "low": 7}}, "give both low and high, or neither"),
        ({"deploy": {"sorce": "x"}}, "unknown key 'sorce'; did you mean 'source'?"),
        ({"deploy": 7}, "sources.deploy is 7: must be"),
    ],
)
def test_a_wrong_source_is_refused(sources, said):
    assert any(said in each for each in faults(SCENARIO, sources=sources))
