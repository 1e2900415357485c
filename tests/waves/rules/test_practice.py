"""What a plan and its fleet show together: each rule once kept and once broken, at the right line."""

from pathlib import Path

import pytest

from tests.builders import sample_plan
from waves import Fleet, Plan, Region, plan_findings, sample

FLEET = Fleet(
    regions=(
        Region(name="a", traffic=10, failover="b"),
        Region(name="b", traffic=20, failover="a"),
        Region(name="c", traffic=30),
        Region(name="d", traffic=40),
        Region(name="e", traffic=5),
    )
)


def plan(tmp_path: Path, *waves: str) -> Plan:
    """A plan file with its waves on lines 2, 3, 4 …"""
    lines = ["waves:", *(f"  - regions: [{wave}]" for wave in waves)]
    path = tmp_path / "plan.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Plan.read(path)


def found(plan: Plan, fleet: Fleet = FLEET) -> list[tuple[str, str, int, int]]:
    return [(f.rule, f.severity, f.line, f.column) for f in plan_findings(plan, fleet)]


def test_a_plan_that_keeps_every_rule_has_no_findings(tmp_path):
    """1, 3, then at most 12; partners apart; the least traffic first."""
    assert found(plan(tmp_path, "e", "a, c", "b, d")) == []


def test_a_region_that_the_fleet_does_not_have_is_an_error_at_its_place(tmp_path):
    assert found(plan(tmp_path, "e", "a, cc, c", "b, d")) == [("unknown-region", "error", 3, 18)]


def test_failover_partners_in_one_wave_are_a_warning_at_the_second_of_them(tmp_path):
    assert found(plan(tmp_path, "e", "b, c, a", "d")) == [("failover-together", "warning", 3, 21)]


def test_a_first_wave_with_more_traffic_than_the_rest_is_a_warning(tmp_path):
    """40 of 105 go first; the plan has 35 more and leaves 30 out."""
    rules = found(plan(tmp_path, "d", "a, e", "b"))
    assert ("first-wave-heavy", "warning", 2, 5) in rules
    assert ("first-wave-heavy", "warning", 2, 5) not in found(plan(tmp_path, "d", "a, e", "b, c"))


def test_a_first_wave_with_as_much_traffic_as_the_rest_is_no_warning():
    fleet = Fleet(regions=(Region(name="a", traffic=1), Region(name="b", traffic=1)))
    assert plan_findings(Plan(waves=({"regions": ("a",)}, {"regions": ("b",)})), fleet) == []


def test_the_only_wave_of_a_plan_is_a_first_wave_with_everything():
    fleet = Fleet(regions=(Region(name="a", traffic=1),))
    (finding,) = plan_findings(Plan(waves=({"regions": ("a",)},)), fleet)
    assert finding.rule == "first-wave-heavy"
    assert "100 % of the fleet's traffic" in finding.message


def test_two_regions_in_the_first_wave_break_the_fan_out_rule(tmp_path):
    assert ("fan-out", "warning", 2, 5) in found(plan(tmp_path, "a, e", "b, c", "d"))


@pytest.mark.parametrize(("second", "broken"), [(3, False), (4, True)])
def test_a_later_wave_has_at_most_three_times_all_before(tmp_path, second, broken):
    """AWS's own rule: 1, then 3, then 12 …"""
    names = [f"r{i}" for i in range(1 + second)]
    fleet = Fleet(regions=tuple(Region(name=name, traffic=1) for name in names))
    rules = found(plan(tmp_path, names[0], ", ".join(names[1:])), fleet)
    assert (("fan-out", "warning", 3, 5) in rules) is broken


def test_regions_left_out_are_one_warning_with_their_share(tmp_path):
    """c and d are 70 of 105 requests a minute."""
    (finding,) = plan_findings(plan(tmp_path, "e", "a", "b"), FLEET)
    assert (finding.rule, finding.severity, finding.line) == ("region-left-out", "warning", 1)
    assert finding.message.startswith("c, d (66.7 % of the fleet's traffic)")


def test_the_findings_of_a_workflow_are_at_the_actions_that_deploy(root):
    """Partners meet in wave 1 of no sample; a fleet without the second wave's regions names their actions' lines."""
    path = root / "data" / "workflows" / "six-region-three-wave.yaml"
    fleet = Fleet(regions=(Region(name="eu-north-1", traffic=1),))
    lines = path.read_text(encoding="utf-8").splitlines()
    unknown = [f for f in plan_findings(Plan.read_pipeline(path), fleet) if f.rule == "unknown-region"]
    assert len(unknown) == 5
    assert {f.path for f in unknown} == {str(path)}
    for finding in unknown:
        region = finding.message.split("'")[1]
        assert lines[finding.line - 1].strip() == f"Deploy-{region}:"


def test_findings_of_a_plan_made_in_code_name_no_file():
    (first, *_) = plan_findings(Plan(waves=({"regions": ("nowhere", "a")},)), FLEET)
    assert first.path == "<plan>"


def test_the_sample_plan_in_three_waves_keeps_every_rule(root):
    fleet = Fleet.read(root / "data" / "fleets" / "storefront.yaml")
    assert plan_findings(sample("six-region-three-wave"), fleet) == []
    assert {f.rule for f in plan_findings(sample_plan("all-at-once"), fleet)} == {
        "first-wave-heavy",
        "fan-out",
        "failover-together",
    }
