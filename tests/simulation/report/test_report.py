"""What the report says: made from the data, with every name escaped, whatever there is to say."""

import html
import re

import pytest

import simulation
import waves
from simulation import report
from simulation.report.html import Html, element, paragraph, table
from simulation.results.numerals import percent
from tests.builders import sample_plan

EVIL = "<script>alert('x')</script>"
QUIET = simulation.Scenario.model_validate(
    {"name": EVIL, "fleet": {"regions": [{"name": EVIL, "traffic": 2}, {"name": "b", "traffic": 1}]}, "deploy": 3}
)
PLAN = waves.Plan.model_validate({"name": EVIL, "waves": [{"regions": [EVIL], "name": EVIL}]})
OTHER = waves.Plan.model_validate({"name": "other", "waves": [{"regions": ["b", EVIL], "bake_minutes": 30}]})


@pytest.fixture(scope="module")
def storefront():
    plans = {p.name: p for p in map(sample_plan, ("six-region-three-wave", "all-at-once", "two-halves"))}
    return simulation.compare(plans, simulation.sample("storefront"), trials=4000, seed=7)


def everything(comparison):
    """Every piece of a report."""
    plans = {name: each.plan for name, each in comparison.outcomes.items()}
    change = report.typical_change(comparison)
    limits = simulation.parse_limits({"probability_shipped": {"at_least": 0.5}}, simulation.FIGURES)
    verdict = simulation.verdict(comparison, limits)
    sees = (
        report.see_comparison, report.see_differences, report.see_regions, report.see_distributions,
        report.see_outcomes, report.side_by_side, report.left_out,
    )  # fmt: skip
    return [
        report.opening(verdict),
        report.see_change(change, comparison),
        report.see_plans(plans, comparison.scenario.fleet),
        *(see(comparison) for see in sees),
        report.limits(verdict),
        report.assumptions(comparison.scenario),
        report.faults(comparison.scenario),
    ]


def plain(fragment):
    return html.unescape(re.sub(r"<[^>]+>", " ", str(fragment))).replace("\u00a0", " ")


def test_no_name_brings_markup():
    """A plan, a wave, a region, a scenario and a fault named like a script."""
    fault = simulation.Fault.model_validate({"name": EVIL, "probability": 0.5, "severity": 0.5})
    bad = QUIET.model_copy(update={"faults": (fault,), "sources": {"deploy": EVIL}})
    for scenario in (QUIET, bad):
        for plans in ({EVIL: PLAN}, {EVIL: PLAN, "other": OTHER}):
            pieces = everything(simulation.compare(plans, scenario, trials=30, seed=1))
            assert all(isinstance(piece, Html) for piece in pieces)
            assert "<script" not in "".join(pieces)
            assert "&lt;script&gt;" in "".join(pieces)


def test_no_piece_shows_a_bare_nan_or_python(storefront):
    calm = simulation.compare({"p": PLAN, "other": OTHER}, QUIET, trials=5, seed=1)
    alone = simulation.compare({"p": PLAN}, QUIET, trials=1, seed=1)
    for comparison in (storefront, calm, alone):
        text = plain(" ".join(everything(comparison)))
        assert not re.search(r"\bnan\b|\bNone\b|\binf\b|[{}]|np\.", text)


def test_the_change_is_the_typical_one(storefront):
    change = report.typical_change(storefront)
    assert isinstance(change, simulation.Duel)
    first, second, *_ = storefront.outcomes.values()
    assert change.choice == simulation.typical_change(first, second)
    assert change.first.trial == change.choice.trial
    assert change.second.plan.name == "all at once"
    text = plain(report.see_change(change, storefront))
    assert change.sentence in text and "an example and no prediction" in text
    assert f"{percent(change.choice.share)} of the changes hurt under one plan or the other" in change.plot().caption


def test_one_plan_alone_has_a_trace_and_no_duel():
    alone = simulation.compare({"p": sample_plan("two-halves")}, simulation.sample("storefront"), trials=200, seed=7)
    change = report.typical_change(alone)
    assert isinstance(change, simulation.Trace)
    assert "Under p" in plain(report.see_change(change, alone))
    assert "one plan" in plain(report.see_differences(alone))


def test_where_nobody_was_hurt_there_is_no_duel():
    calm = simulation.compare({"p": PLAN, "other": OTHER}, QUIET, trials=5, seed=1)
    assert report.typical_change(calm) is None
    assert report.picture_of_change(None) == ""
    assert "No change hurt anybody in 5 rollouts" in plain(report.see_change(None, calm))


def test_the_plans_sentence_counts_waves_bakes_approvals_and_partners(storefront):
    plans = {name: each.plan for name, each in storefront.outcomes.items()}
    assert plain(report.see_plans(plans, storefront.scenario.fleet)).strip() == (
        "six-region-three-wave has 3 waves, begins with eu-north-1 (3.5 % of the traffic), bakes 2 h 45 min in all and "
        "waits for 1 approval. Failover partners share a wave in all at once (3 of 3 pairs)."
    )


def test_a_plan_that_leaves_regions_out_says_so():
    assert "It leaves out b." in plain(report.see_plans({"p": PLAN}, QUIET.fleet))


def test_what_a_plan_takes_otherwise_than_its_file_stands_in_the_report(tmp_path):
    """Beta comes before the plan's first wave: who reads the report has not seen the command's warnings."""
    step = "{{Identifier: aws/cdk-deploy@v2, Environment: {{Name: {}}}, Configuration: {{StackName: s, Region: {}}}{}}}"
    actions = f"  B: {step.format('beta', 'a', '')}\n  P: {step.format('prod', 'b', ', DependsOn: [B]')}\n"
    path = tmp_path / "w.yaml"
    path.write_text('Name: w\nSchemaVersion: "1.0"\nActions:\n' + actions, encoding="utf-8")
    said = plain(report.see_plans({"p": PLAN, "release": waves.Plan.read_pipeline(path)}, QUIET.fleet))
    assert "release: the plan is the last stage, prod, and beta comes before its first wave" in said
    assert "differs" not in plain(report.see_plans({"p": PLAN}, QUIET.fleet))


def test_the_comparison_names_the_best_and_the_worst(storefront):
    text = plain(report.see_comparison(storefront))
    found = storefront.summaries.items()
    mean = sorted((float(s["estimate"]["impact_minutes_mean"]), name) for name, s in found)
    time = sorted((float(s["estimate"]["minutes_to_ship"]), name) for name, s in found)
    assert f"{mean[0][1]} costs least" in text and f"{mean[-1][1]} most" in text
    assert f"{time[0][1]} ships soonest" in text and f"{time[-1][1]} latest" in text


def test_differences_that_the_trials_leave_open_are_not_called_differences():
    plans = {"a": sample_plan("two-halves"), "b": sample_plan("two-halves")}
    same = simulation.compare(plans, simulation.sample("storefront"), trials=100, seed=7)
    text = plain(report.see_differences(same))
    assert "in too few trials to tell" in text
    assert "more" not in text and "sooner" not in text


def test_sure_differences_have_a_direction(storefront):
    text = plain(report.see_differences(storefront))
    assert re.search(r"all at once costs .* fleet-minutes more", text)
    assert re.search(r"all at once .* ships .* sooner", text)


def test_outcomes_are_counted(storefront):
    each = storefront.outcomes["six-region-three-wave"]
    bad = each.fraction(each.defective)
    escaped = each.fraction((each.frame["outcome"] == "escaped").to_numpy())
    text = plain(report.see_outcomes(storefront))
    assert f"Of the bad changes ({plain(percent(bad))} of all) {plain(percent(escaped / bad))} escape" in text


@pytest.mark.parametrize(("value", "word"), [(0.5, "holds"), (0.999, "BROKEN")])
def test_limits_say_what_became_of_them(storefront, value, word):
    wanted = simulation.parse_limits({"probability_shipped": {"at_least": value}}, simulation.FIGURES)
    text = plain(report.limits(simulation.verdict(storefront, wanted)))
    assert word in text and ("1 of 1 limit broken." in text) == (word == "BROKEN")


def test_no_limits_are_said_to_fail():
    calm = simulation.compare({"p": PLAN}, QUIET, trials=5, seed=1)
    assert "a gate fails on that" in plain(report.limits(simulation.verdict(calm, [])))


def test_every_assumption_is_listed_with_its_source():
    scenario = simulation.sample("storefront")
    text = plain(report.assumptions(scenario))
    for field, value, unit, source in scenario.assumptions:
        assert all(part in text for part in (field, value, unit, source))
    count = len(scenario.assumptions)
    assert f"All {count} values are assumed" in text
    measured = simulation.Scenario.model_validate({**scenario.as_dict(), "sources": {"deploy": "measured in May"}})
    assert f"{count - 1} of the {count} values are assumed" in plain(report.assumptions(measured))


def test_the_caveats_name_what_the_design_leaves_out(storefront):
    text = plain(report.left_out(storefront))
    left_out = "away from a bad region", "rises and falls", "queues", "ordered list", "Resuming", "drawn independently"
    for words in left_out:
        assert words in text
    each = storefront.outcomes["six-region-three-wave"]
    assert f"{int(each.defective.sum()):,} of 4,000 rollouts had a bad change" in text


def test_html_escapes_everything_but_html():
    assert paragraph("<b>", element("i", "&")) == "<p>&lt;b&gt;<i>&amp;</i></p>"
    assert Html("<b>") + "<i>" == "<b>&lt;i&gt;"
    assert "<td" in table(("a", "b"), [("<", 1)]) and "&lt;" in table(("a", "b"), [("<", 1)])
