"""A team's rules: each once kept and once broken, at the right line, with the rule's name and what would keep it."""

from pathlib import Path

import pytest

from waves import Fleet, InputError, Plan, Region, Rules, rule_findings
from waves.rules.written import PlanRules

FLEET = Fleet(
    regions=(
        Region(name="a", traffic=10, failover="b"),
        Region(name="b", traffic=20),
        Region(name="c", traffic=30),
        Region(name="d", traffic=40),
    )
)
WAVES = ("{regions: [a], bake_minutes: 60}", "{regions: [c], bake_minutes: 30, approval: true}", "{regions: [b, d]}")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Waves of a, c, and b with d, on the lines 2 to 4: 10, 30 and 60 % of the traffic."""
    path = tmp_path / "plan.yaml"
    path.write_text("waves:\n" + "".join(f"  - {wave}\n" for wave in WAVES), encoding="utf-8")
    return Plan.read(path)


@pytest.mark.parametrize(
    ("kept", "broken", "rule", "line"),
    [
        ({"max_share_per_wave": 0.6}, {"max_share_per_wave": 0.59}, "max-share-per-wave", 4),
        ({"max_first_wave_share": 0.1}, {"max_first_wave_share": 0.09}, "max-first-wave-share", 2),
        ({"max_regions_per_wave": 2}, {"max_regions_per_wave": 1}, "max-regions-per-wave", 4),
        ({"max_waves": 3}, {"max_waves": 2}, "max-waves", 1),
        ({"first": ("a",)}, {"first": ("a", "c")}, "pin-first", 3),
        ({"last": ("d", "b")}, {"last": ("d", "a")}, "pin-last", 2),
        ({"min_bake_minutes": 0.0}, {"min_bake_minutes": 30.0}, "min-bake-minutes", 4),
        ({"approval_before": (2,)}, {"approval_before": (2, 3)}, "approval-before", 4),
        ({"approval_before": (2,)}, {"approval_before": (4,)}, "approval-before", 1),
    ],
)
def test_each_rule_is_kept_at_its_bound_and_broken_beyond(plan, kept, broken, rule, line):
    assert rule_findings(plan, Rules(rules=kept), FLEET) == []
    (found,) = rule_findings(plan, Rules(rules=broken), FLEET)
    assert (found.rule, found.severity, found.line) == (rule, "error", line)


def test_partners_apart_is_broken_at_the_second_of_a_pair(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("waves:\n  - regions: [a]\n  - regions: [c, b]\n", encoding="utf-8")
    rules = Rules(rules={"partners_apart": True})
    assert rule_findings(Plan.read(path), rules, FLEET) == []
    path.write_text("waves:\n  - regions: [b, c, a]\n", encoding="utf-8")
    (found,) = rule_findings(Plan.read(path), rules, FLEET)
    assert (found.line, found.column, found.rule) == (2, 21, "partners-apart")


def test_shares_that_sum_to_their_bound_keep_it():
    """0.1 + 0.2 is above 0.3 in floating point."""
    fleet = Fleet(regions=[{"name": n, "traffic": t} for n, t in (("a", 1), ("b", 2), ("c", 7))])
    plan = Plan(waves=({"regions": ("a", "b")}, {"regions": ("c",)}))
    assert rule_findings(plan, Rules(rules={"max_first_wave_share": 0.3}), fleet) == []


def test_what_cannot_be_judged_without_a_fleet_is_an_error(plan):
    rules = Rules(rules={"partners_apart": True, "max_first_wave_share": 0.5, "max_waves": 3})
    (found,) = rule_findings(plan, rules)
    assert found.rule == "rule-not-judged" and "max_first_wave_share, partners_apart cannot" in found.message


def test_a_pinned_region_that_no_wave_has_breaks_its_pin():
    plan = Plan(waves=({"regions": ("a",)}, {"regions": ("b",)}))
    (found,) = rule_findings(plan, Rules(rules={"last": ("c",)}), FLEET)
    assert found.rule == "pin-last" and "no wave has it" in found.message


def test_every_rule_that_asks_for_something_is_named():
    assert PlanRules().asked == ()
    asked: dict[str, object] = {"max_share_per_wave": 0.5, "max_first_wave_share": 0.1, "max_regions_per_wave": 3}
    asked |= {"partners_apart": True, "first": ("a",), "last": ("b",), "min_bake_minutes": 5.0}
    asked |= {"max_waves": 2, "approval_before": (2,)}
    assert set(PlanRules(**asked).asked) == set(asked) == set(PlanRules.model_fields)


def test_a_limit_without_a_bound_is_refused_at_its_line(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("limits:\n  share_exposed_p95: {at_most: 0.5}\n  minutes_to_ship: {}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"rules\.yaml:3:3: error: limits.minutes_to_ship: a limit without a bound"):
        Rules.read(path)
