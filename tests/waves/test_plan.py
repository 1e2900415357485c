"""Plans: their waves and strategies, what is refused, and files that lose nothing."""

import pytest
from pydantic import ValidationError

from waves import Fleet, InputError, Plan, Region, Steps, Wave, sample

FULL = """\
name: "no"
waves:
  - name: Erste Welle
    regions: [東京, eu-north-1]
    bake_minutes: 12.5
    bake_requests: 1e6
    max_parallel: 1
  - regions: ["22:30"]
    approval: true
strategy: {steps: [[5, 10], [50, 0]]}
strategies:
  東京: blue_green
  "22:30": {steps: [[1, 1.5]]}
retries: 2
on_deploy_failure: rollback_all
"""


def read(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return Plan.read(path)


def test_every_field_is_read_and_written_without_loss(tmp_path):
    plan = read(tmp_path, FULL)
    expected = Plan(
        name="no",
        waves=(
            Wave(
                name="Erste Welle", regions=("東京", "eu-north-1"), bake_minutes=12.5, bake_requests=1e6, max_parallel=1
            ),
            Wave(regions=("22:30",), approval=True),
        ),
        strategy=Steps(steps=((5, 10), (50, 0))),
        strategies={"東京": "blue_green", "22:30": Steps(steps=((1, 1.5),))},
        retries=2,
        on_deploy_failure="rollback_all",
    )
    assert plan == expected
    plan.write(tmp_path / "again.yaml")
    assert Plan.read(tmp_path / "again.yaml") == expected


def test_the_order_of_regions_in_a_wave_is_part_of_the_plan():
    one, other = (Plan(waves=(Wave(regions=names),)) for names in (("a", "b"), ("b", "a")))
    assert one != other and one.digest != other.digest


def test_regions_shape_and_strategies():
    steps = Steps(steps=((10, 5),))
    plan = Plan(waves=(Wave(regions=("b",)), Wave(regions=("c", "a"))), strategies={"c": steps})
    assert (plan.regions, plan.shape) == (("b", "c", "a"), (1, 2))
    assert [plan.strategy_of(region) for region in plan.regions] == ["rolling", steps, "rolling"]


def test_a_copy_forgets_its_old_regions():
    plan = Plan(waves=(Wave(regions=("a", "b")),))
    assert plan.regions == ("a", "b")
    assert plan.model_copy(update={"waves": (Wave(regions=("c",)),)}).regions == ("c",)


def test_a_region_deploys_once(tmp_path):
    """Both faults come at once, each at its place, saying where the region already is."""
    with pytest.raises(InputError) as refused:
        read(tmp_path, "waves:\n  - regions: [a, b, a]\n  - regions: [c, b]\nstrategies:\n  z: rolling\n")
    found = refused.value.findings
    assert [(f.rule, f.line, f.column) for f in found] == [
        ("region-twice", 2, 21), ("region-twice", 3, 18), ("unknown-region", 5, 3),
    ]  # fmt: skip
    assert "the same wave" in found[0].message and "wave 1" in found[1].message and "'z'" in found[2].message


@pytest.mark.parametrize(
    "text, rule, words",
    [
        ("waves: []", "out-of-range", "waves"),
        ("waves: [{regions: []}]", "out-of-range", "regions"),
        ("waves: [{regions: [a], bake_minutes: -1}]", "out-of-range", "-1 minutes"),
        ("waves: [{regions: [a], bake_minutes: .inf}]", "out-of-range", "finite"),
        ("waves: [{regions: [a], bake_minute: 1}]", "unknown-key", "did you mean 'bake_minutes'?"),
        ("waves: [{regions: [a], max_parallel: 0}]", "out-of-range", "max_parallel"),
        ("waves: [{regions: [a], max_parallel: 1.5}]", "wrong-type", "max_parallel"),
        ("waves: [{regions: [a], approval: 1}]", "wrong-type", "approval"),
        ("waves: [{regions: [a]}]\nretries: -1", "out-of-range", "-1 attempts"),
        ("waves: [{regions: [a]}]\nretries: true", "wrong-type", "retries"),
        ("waves: [{regions: [a]}]\non_deploy_failure: panic", "wrong-type", "'stop' or 'rollback_all'"),
        ("waves: [{regions: [a]}]\nstrategy: canary", "invalid-value", "use rolling, blue_green or"),
        ("waves: [{regions: [a]}]\nstrategy: {steps: [[50, 1], [20, 1]]}", "invalid-value", "rise strictly"),
        ("waves: [{regions: [a]}]\nstrategy: {steps: [[50, 1], [50, 1]]}", "invalid-value", "rise strictly"),
        ("waves: [{regions: [a]}]\nstrategy: {steps: []}", "out-of-range", "steps"),
        ("waves: [{regions: [a]}]\nstrategy: {steps: [[100, 1]]}", "out-of-range", "less than 100"),
        ("waves: [{regions: [a]}]\nstrategy: {steps: [[0, 1]]}", "out-of-range", "greater than 0"),
        ("waves: [{regions: [a]}]\nstrategies: {a: canary}", "invalid-value", "'canary'"),
        ("name: x", "missing-key", "waves"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(tmp_path, text, rule, words):
    with pytest.raises(InputError) as refused:
        read(tmp_path, text + "\n")
    (finding,) = refused.value.findings
    assert finding.rule == rule and words in finding.message
    assert finding.line == text.count("\n") + 1


def test_a_region_that_the_fleet_does_not_have_is_named_with_its_line(tmp_path):
    fleet = Fleet(regions=(Region(name="eu-north-1", traffic=1), Region(name="us-west-2", traffic=1)))
    plan = read(tmp_path, "waves:\n  - regions: [eu-north-1]\n  - regions: [us-wets-2]\n")
    with pytest.raises(InputError) as refused:
        plan.require(fleet)
    assert str(refused.value) == (
        f"{tmp_path / 'plan.yaml'}:3:15: error: "
        "region 'us-wets-2' is not in the fleet; did you mean 'us-west-2'? [unknown-region]"
    )
    assert Plan(waves=(Wave(regions=("us-west-2",)),)).strangers(fleet) == []


def test_a_plan_made_in_code_is_refused_without_a_file():
    fleet = Fleet(regions=(Region(name="a", traffic=1),))
    plan = Plan(waves=(Wave(regions=("zzz",)),))
    assert plan.origin == "<plan>"
    with pytest.raises(InputError, match=r"<plan>:.*'zzz' is not in the fleet; it has a"):
        plan.require(fleet)
    with pytest.raises(ValidationError, match="a region deploys once"):
        Plan(waves=(Wave(regions=("a", "a")),))


def test_an_unknown_sample_lists_those_there_are():
    with pytest.raises(ValueError, match=r"no sample plan 'six'; there are .*six-region-three-wave"):
        sample("six")
