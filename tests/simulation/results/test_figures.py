"""One figure has one name and one unit, whoever reckons it.

Not here: what the figures are worth (``test_outcomes``, ``test_exact``, ``test_rare``), their words (``test_verdict``).
"""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import FIGURES, compare, exact, judge, parse_limits, rare, sample, sweep
from simulation.closed_forms.forms import SETUPS, forms
from simulation.closed_forms.quantities import Course
from simulation.rare_events.targets import FIXED, target_of
from simulation.results.figures import EXACT, amount, between, estimated, held_against
from simulation.results.figures import PAIRED as DIFFERENCES
from simulation.results.numerals import alike
from simulation.setting import setting
from tests.builders import plan, sample_plan, shares
from tests.simulation.closed_forms.set_ups import GOLDEN_FLEET, GOLDEN_PLAN, scenario

PLANS = {name: sample_plan(name) for name in ("six-region-three-wave", "all-at-once")}
GIVEN = ("_given_defect", "_given_clean", "_given_caught")  # what only closed forms tell apart
OWN = (  # what only closed forms have, of the same plan or a part of it
    "duration_minutes_mean",
    "probability_all_exposed",
    "probability_failover_hit_r1_r2",
)


@pytest.fixture(scope="module")
def units() -> dict[str, str]:
    """Every figure of a summary, with its unit."""
    table: Any = compare(PLANS, sample("storefront"), trials=200).summaries["all-at-once"]
    return {str(name): unit for name, unit in table["unit"].items()}


def test_a_sweep_has_the_figures_of_a_summary(units):
    assert sweep(PLANS, sample("storefront"), trials=200).summaries["all-at-once"]["unit"].to_dict() == units


def test_differences_are_of_figures_of_a_summary(units):
    assert {name: units[name] for name in DIFFERENCES} == DIFFERENCES


def test_limits_know_every_figure_of_a_summary_and_judge_it_in_its_unit(units):
    table = compare(PLANS, sample("storefront"), trials=200).summaries["all-at-once"]
    limits = parse_limits({name: {"at_most": 0.5} for name in FIGURES}, FIGURES)
    assert {judged.limit.figure: judged.unit for judged in judge(table, limits)} == units


@pytest.mark.parametrize("figure", FIXED)
def test_rare_events_have_the_names_and_units_of_a_summary(units, figure):
    assert target_of(figure).unit == units[figure]


@pytest.mark.parametrize("setup", SETUPS)
def test_closed_forms_have_the_names_and_units_of_the_others(units, setup):
    """But for averages given a defect and the like, which have a suffix, and for a few of their own."""
    for name, form in forms(Course(setting(GOLDEN_PLAN, scenario(GOLDEN_FLEET))), setup).items():
        if any(part in name and name not in units for part in GIVEN) or name.removesuffix("_given_defect") in OWN:
            continue
        wanted = units[name] if name in units else target_of(name).unit
        assert form.unit == wanted, name


def test_regions_exposed_together_have_one_name_and_one_value():
    """The same string asks both for the closed form and for the estimate."""
    scene = scenario(shares(0.4, 0.6), faults=[{"name": "host", "probability": 0.01, "where": "each_region"}])
    waves = plan("r1", "r2", bake=(1, 1))
    figure = "probability_regions_exposed_at_least_2"
    wanted, found = exact(waves, scene)[figure], rare(waves, scene, figure, confidence=0.999999).estimate
    assert found.low <= wanted <= found.high


def test_a_share_of_the_budget_reads_alike_alone_and_as_an_interval():
    assert amount(0.16, "share of the budget") == "16\u00a0% of the budget"
    assert between(0.13, 0.34, "share of the budget") == "13\u00a0% to 34\u00a0% of the budget"


@pytest.mark.parametrize(
    ("found", "unit", "written"),
    [
        ((0.003824, 0.003783, 0.003866), "share of traffic", ("0.382\u00a0%", "0.378\u00a0% to 0.387\u00a0%")),
        ((0.25, 0.2496, 0.2504), "probability", ("25\u00a0%", "25\u00a0%")),
        ((79.0, 78.6, 79.4), "minutes", ("79\u00a0min", "78.6\u00a0min to 79.4\u00a0min")),
        ((0.1444, 0.1441, 0.1449), "fleet-minutes", ("0.144 fleet-minutes", "0.144 to 0.145 fleet-minutes")),
        ((0.3, 0.2, 0.4), "share of the budget", ("30\u00a0% of the budget", "20\u00a0% to 40\u00a0% of the budget")),
        ((0.25, 0.25, 0.25), "probability", ("25\u00a0%", "25\u00a0%")),
        ((0.25, math.nan, math.nan), "probability", ("25\u00a0%", "unknown")),
    ],
)
def test_an_estimate_has_the_digits_of_its_interval(found, unit, written):
    """Else it reads as if it lay outside: 0.4 % beside 0.378 % to 0.387 %."""
    value, low, high = found
    assert estimated(value, low, high, unit) == written


@given(st.lists(st.floats(1e-3, 1), min_size=3, max_size=3).map(sorted), st.sampled_from([0.1, 1.0]))
def test_rounding_takes_no_estimate_out_of_its_interval(found, scale):
    """What reads as numbers keeps its order, as all three are rounded alike."""
    low, value, high = (each * scale for each in found)
    written, interval = estimated(value, low, high, "share of traffic")
    ends = [_read(end) for end in interval.split(" to ")]
    assert ends[0] <= _read(written) <= ends[-1]


def _read(text: str) -> float:
    return {"<": 0.05, ">": 99.95}.get(text[0]) or float(text.removesuffix("\u00a0%"))


def test_a_limit_is_written_as_it_was_given():
    """At most 0.35 %, not at most 0.4 %: beside an estimate of 0.382 % that breaks it."""
    assert amount(0.0035, "share of traffic", EXACT) == "0.35\u00a0%"
    assert amount(0.5, "probability", EXACT) == "50\u00a0%"
    assert amount(1234.5, "fleet-minutes", EXACT) == "1,234.5 fleet-minutes"


def test_numbers_of_a_list_have_as_many_decimals_each():
    """Two digits that count for the least within a tenth of the greatest; what is far below gets no more for it."""
    write = alike([0.0108, 0.0078, -0.00082, math.nan])
    assert [write(each) for each in (0.0108, 0.0078, -0.00082, math.nan)] == ["0.0108", "0.0078", "−0.0008", "unknown"]
    assert (write(-0.00003), write(-0.00005001)) == ("0.0000", "−0.0001"), "what rounds to nought has no sign"
    assert [alike([120.0, 35.0])(each) for each in (1234.5, 35.0)] == ["1,234", "35"]
    assert alike([3e-9])(3e-9) == "3·10⁻⁹" and alike([])(0.0) == "0.0"


@pytest.mark.parametrize(
    ("figure", "unit", "limit", "found", "written"),
    [
        ("x_at_least_1", "probability", 1 / 1200, (0.0046748, 0.00442, 0.00509),
         ("1 in 1,200", "1 in 214", "1 in 226 to 1 in 196")),
        ("x_at_least_1", "probability", 1 / 1200, (1 / 1203, 0.0, 1 / 900),
         ("1 in 1,200", "1 in 1,203", "0 % to 1 in 900")),
        ("x_at_least_1", "probability", 0.01, (0.00389, 0.00376, 0.00422), ("1 %", "0.389 %", "0.376 % to 0.422 %")),
        ("impact", "fleet-minutes", 0.17, (0.16924, 0.16251, 0.17635),
         ("0.17 fleet-minutes", "0.169 fleet-minutes", "0.163 to 0.176 fleet-minutes")),
        ("impact", "fleet-minutes", 0.17, (0.16924, 0.16251, 0.17003),
         ("0.17 fleet-minutes", "0.16924 fleet-minutes", "0.16251 to 0.17003 fleet-minutes")),
        ("impact", "fleet-minutes", 0.17, (0.17, 0.17, 0.17), ("0.17 fleet-minutes",) * 3),
        ("share", "share of traffic", 0.5, (math.nan, math.nan, math.nan), ("50 %", "unknown", "unknown")),
    ],
)  # fmt: skip
def test_nothing_beside_a_limit_reads_like_it_and_is_another(figure, unit, limit, found, written):
    """Small chances as odds where the limit is one; three digits, and more where a number would read as the limit."""
    assert tuple(each.replace("\u00a0", " ") for each in held_against(limit, figure, found, unit)) == written
