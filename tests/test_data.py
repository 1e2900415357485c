"""The files that come with the kit: they can be read, and they are what the docs say of them."""

from pathlib import Path

import pytest

from simulation import Scenario, sample
from simulation.doubts import doubts
from tests.builders import sample_plan
from waves import DATA, Fleet, Plan, Workflow, plan_findings

FLEET = Fleet.read(DATA / "fleets" / "storefront.yaml")


def files(kind: str) -> list[Path]:
    return sorted((DATA / kind).glob("*.yaml"))


@pytest.mark.parametrize("path", files("plans"), ids=lambda path: path.stem)
def test_every_sample_plan_has_all_regions_of_its_fleet(path):
    """AWS's own pipeline has a fleet of its own; all others have the storefront's."""
    plan, fleet = sample_plan(path.stem), sample("aws-pipeline").fleet if path.stem == "aws-pipeline" else FLEET
    assert plan == Plan.read(path)
    assert plan.strangers(fleet) == [] and sorted(plan.regions) == sorted(fleet.names)


@pytest.mark.parametrize("path", files("scenarios"), ids=lambda path: path.stem)
def test_every_sample_scenario_is_named_as_its_file(path):
    """All but AWS's are over the storefront."""
    scenario = sample(path.stem)
    assert scenario == Scenario.read(path) and scenario.name == path.stem
    assert (scenario.fleet == FLEET) != (path.stem == "aws-pipeline")


@pytest.mark.parametrize("name", ["storefront-office-hours", "aws-pipeline"])
def test_sample_plans_with_a_calendar_and_their_scenarios_fit(name):
    """Nothing is wrong with them, and no wave has to wait past the horizon."""
    assert doubts(sample_plan(name), sample(name)) == []


@pytest.mark.parametrize("path", files("workflows"), ids=lambda path: path.stem)
def test_every_sample_workflow_is_a_plan_over_the_storefront(path):
    assert Plan.read_pipeline(path).strangers(FLEET) == []


def test_there_is_a_sample_of_every_kind():
    assert {path.stem for path in files("plans")} == {
        "six-region-three-wave", "storefront-office-hours", "aws-pipeline",
    }  # fmt: skip
    assert {path.stem for path in files("scenarios")} == {
        "storefront", "storefront-replicated", "storefront-office-hours", "aws-pipeline", "lesson",
    }  # fmt: skip
    assert {path.stem for path in files("workflows")} == {"six-region-three-wave", "two-region"}


def test_the_storefront_has_six_regions_with_uneven_traffic_and_mutual_partners():
    assert len(FLEET.regions) == 6
    assert len({region.traffic for region in FLEET.regions}) == 6
    assert {region.name: region.failover for region in FLEET.regions} == {
        "eu-north-1": "eu-west-1", "eu-west-1": "eu-north-1",
        "us-west-2": "us-east-1", "us-east-1": "us-west-2",
        "ap-southeast-2": "ap-northeast-1", "ap-northeast-1": "ap-southeast-2",
    }  # fmt: skip
    assert len(FLEET.pairs) == 3


def test_the_two_scenarios_differ_in_their_registry_only():
    """One registry for all, against one a region."""
    one, each = sample("storefront"), sample("storefront-replicated")
    registries = [next(fault for fault in s.faults if fault.name == "image registry") for s in (one, each)]
    assert [fault.where for fault in registries] == ["everywhere", "each_region"]
    assert [fault.effect for fault in registries] == ["deploy_fails"] * 2
    alike = [f.model_copy(update={"where": "everywhere"}) if f is registries[1] else f for f in each.faults]
    again = each.model_copy(update={"name": one.name, "faults": tuple(alike)})
    assert again == one


def test_every_kind_of_uncertainty_is_in_the_storefront():
    left_out = {"fleet", "name", "faults", "regions", "sources", "horizon_minutes"}
    left_out |= {"pushes", "staffed", "reaction_off_hours", "fix"}  # for those with office hours
    given = {field for field, *_ in sample("storefront").assumptions}
    assert given & set(Scenario.model_fields) == set(Scenario.model_fields) - left_out


def test_the_plan_in_three_waves_is_that_of_the_workflow():
    plan = sample_plan("six-region-three-wave")
    read = Plan.read_pipeline(DATA / "workflows" / "six-region-three-wave.yaml")
    assert plan.shape == read.shape == (1, 2, 3)
    for one, other in zip(plan.waves, read.waves, strict=True):
        assert (one.regions, one.bake_minutes, one.approval) == (other.regions, other.bake_minutes, other.approval)
    unnamed = [w.model_copy(update={"name": None}) for w in read.waves]
    assert plan == read.model_copy(update={"name": plan.name, "waves": tuple(unnamed)})


def test_the_plan_in_three_waves_keeps_the_rules_and_all_at_once_breaks_them():
    assert plan_findings(sample_plan("six-region-three-wave"), FLEET) == []
    broken = {finding.rule for finding in plan_findings(sample_plan("all-at-once"), FLEET)}
    assert {"failover-together", "first-wave-heavy"} <= broken


def test_the_workflow_of_two_regions_has_two_waves():
    workflow = Workflow.read(DATA / "workflows" / "two-region.yaml")
    plan = Plan.read_pipeline(workflow.path)
    assert [wave.regions for wave in plan.waves] == [("us-east-1",), ("us-west-2",)]
