"""Rules of environments: they are stages, one after the other, and a plan is one of them."""

from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.codecatalyst.workflows import (
    Tree,
    after,
    deploy,
    gate,
    group,
    odd,
    refusals,
    wait,
    waves,
    workflow,
)
from waves import InputError, Plan
from waves.pipelines.codecatalyst import Workflow


def to(environment: str, region: str, *depends_on: str) -> Tree:
    """A deployment into an environment."""
    return deploy(region, *depends_on) | {"Environment": {"Name": environment}}


BETA_THEN_PROD = {
    "Beta": to("beta", "us-east-2"),
    "Look": wait(None, "Beta"),
    "One": to("prod", "us-east-1", "Look"),
    "Two": to("prod", "us-west-2", "One"),
}


def left_out(read: Workflow) -> list[str]:
    return [f.message for f in read.findings if f.rule == "environment-left-out"]


def test_the_last_stage_is_the_plan(tmp_path: Path) -> None:
    """Beta comes before the first wave: neither its region nor its test, which says no minutes, is in the plan."""
    read = workflow(tmp_path, BETA_THEN_PROD)
    assert waves(read) == [("us-east-1", 0.0, False), ("us-west-2", 0.0, False)]
    assert read.environments == ("beta", "prod")
    assert left_out(read) == [
        "the plan is the last stage, prod, and beta comes before its first wave; "
        "for another stage, name it: --environment 'beta'"
    ]


@pytest.mark.parametrize(
    ("chosen", "regions"),
    [
        (["prod"], ["us-east-1", "us-west-2"]),
        (["beta"], ["us-east-2"]),
        (["beta", "prod"], ["us-east-2", "us-east-1", "us-west-2"]),
        (("prod", "beta"), ["us-east-2", "us-east-1", "us-west-2"]),
    ],
)
def test_the_caller_chooses_stages(tmp_path: Path, chosen: Any, regions: list[str]) -> None:
    """One or several; nothing is noted about a choice."""
    read = workflow(tmp_path, BETA_THEN_PROD)
    assert [r for s in read.stages(0, environments=chosen) for r in s.regions] == regions
    assert read.notes(environments=chosen) == []


def test_a_plan_says_which_stage_it_is(tmp_path: Path) -> None:
    """`Plan.read_pipeline` takes the choice, keeps the lines of the file, and has the note."""
    path = workflow(tmp_path, BETA_THEN_PROD).path
    plan = Plan.read_pipeline(path)
    assert (plan.regions, [note.rule for note in plan.notes]) == (("us-east-1", "us-west-2"), ["environment-left-out"])
    chosen = Plan.read_pipeline(path, environments=["beta"], bake_minutes=5)
    assert (chosen.regions, chosen.notes, chosen.waves[0].bake_minutes) == (("us-east-2",), (), 5.0)
    (line,) = (action.line for action in Workflow.read(path).actions if action.name == "Beta")
    assert chosen.remark(("waves", 0, "regions", 0), "x", "y").line == line


@pytest.mark.parametrize(
    ("chosen", "part"),
    [
        (["prd"], "no deployment has the environment 'prd'; did you mean 'prod'?"),
        (["live"], "no deployment has the environment 'live'; there are beta, prod"),
        ([], "environments is empty"),
        ("prod", "environments is 'prod'; give a list of names"),
    ],
)
def test_an_environment_that_is_not_there_is_refused(tmp_path: Path, chosen: Any, part: str) -> None:
    """With the nearest name, or all of them."""
    read = workflow(tmp_path, BETA_THEN_PROD)
    with pytest.raises(InputError, match="environment-unknown") as caught:
        read.stages(0, environments=chosen)
    assert part in str(caught.value)


def reference_pipeline() -> Tree:
    """The shape of AWS's own reference pipeline: Beta, then Gamma and Production in two regions each, no hints."""

    def stage(environment: str, region: str, *waits: str, tested: bool = True) -> Tree:
        test = {"Test": wait(None, "Deploy")} if tested else {}
        return group({"Deploy": to(environment, region) | after(*waits), **test}, *waits)

    gamma = ("Gamma-us-west-2", "Gamma-us-east-1")
    return {
        "Beta": stage("Beta", "us-west-2"),
        "Gamma-us-west-2": stage("Gamma", "us-west-2", "Beta"),
        "Gamma-us-east-1": stage("Gamma", "us-east-1", "Beta"),
        "Prod-us-west-2": stage("Production", "us-west-2", *gamma, tested=False),
        "Prod-us-east-1": stage("Production", "us-east-1", *gamma, tested=False),
    }


def test_the_reference_pipeline_is_the_plan_that_a_person_sees(tmp_path: Path) -> None:
    """Production: both regions at once, called by its environment; each stage by itself is one, too."""
    read = workflow(tmp_path, reference_pipeline())
    assert [(s.name, s.regions, s.bake_minutes) for s in read.stages()] == [
        ("Production", ("us-west-2", "us-east-1"), 0.0)
    ]
    assert left_out(read)[0].startswith("the plan is the last stage, Production, and Beta and Gamma come before")
    assert [s.regions for s in read.stages(5, environments=["Gamma"])] == [("us-west-2", "us-east-1")]
    assert [s.regions for s in read.stages(5, environments=["Beta"])] == [("us-west-2",)]
    assert not [f for f in read.findings if f.rule in ("bake-unknown", "region-in-two-waves")]


def test_two_stages_with_one_region_are_no_plan_together(tmp_path: Path) -> None:
    """The model has each region once."""
    read = workflow(tmp_path, reference_pipeline())
    with pytest.raises(InputError, match="region-in-two-waves"):
        read.stages(5, environments=["Gamma", "Production"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("prod-us-east-1", "prod-ap-southeast-2"),
        ("prod_US_EAST_1", "prod-ap-southeast-2"),
        ("us-east-1", "ap-southeast-2"),
        ("prod-us", "prod-ap"),
        ("us-prod", "ap-prod"),
        ("prod-use1", "prod-apse2"),
    ],
)
def test_environments_named_for_their_regions_are_one_stage(tmp_path: Path, first: str, second: str) -> None:
    """An account a region: `prod-us-east-1`, then `prod-ap-southeast-2`, are two waves; `beta-…` is another stage."""
    actions = {
        "Beta": to("beta-us-east-1", "us-east-1"),
        "A": to(first, "us-east-1", "Beta"),
        "B": to(second, "ap-southeast-2", "A"),
    }
    read = workflow(tmp_path, actions)
    assert [regions for regions, *_ in waves(read)] == ["us-east-1", "ap-southeast-2"]
    assert "beta-us-east-1 comes before" in left_out(read)[0]


@pytest.mark.parametrize(("first", "second"), [("beta", "prod"), ("prod-1", "prod-2"), ("usual", "apt"), ("blue", "a")])
def test_other_names_are_other_stages(tmp_path: Path, first: str, second: str) -> None:
    """Whatever they have in common."""
    read = workflow(tmp_path, {"A": to(first, "us-east-1"), "B": to(second, "ap-southeast-2", "A")})
    assert [regions for regions, *_ in waves(read)] == ["ap-southeast-2"]


def test_one_region_in_two_last_environments_is_said(tmp_path: Path) -> None:
    """Neither waits for the other, so both are the last stage."""
    actions = {"A": to("blue", "us-east-1"), "B": to("green", "us-east-1"), "C": to("green", "eu-west-1")}
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1 eu-west-1", 0.0, False)]
    assert odd(read) == [
        "us-east-1 is deployed in blue and in green; the plan takes it as one region; to choose, name the environment"
    ]


def test_two_environments_in_turns_are_one_stage(tmp_path: Path) -> None:
    """Each waits for the other, so none is earlier."""
    actions = {
        "A": to("north", "us-east-1"),
        "B": to("south", "us-west-2", "A"),
        "C": to("north", "eu-west-1", "B"),
    }
    assert [regions for regions, *_ in waves(workflow(tmp_path, actions))] == ["us-east-1", "us-west-2", "eu-west-1"]


def bare(region: str, *depends_on: str) -> Tree:
    """A deployment by a shell step, which need not name an environment."""
    hint: Tree = {"Inputs": {"Variables": [{"Name": "DEPLOYS_REGION", "Value": region}]}}
    return {"Identifier": "aws/build@v1", "Configuration": {"Steps": [{"Run": "./x"}]}} | hint | after(*depends_on)


def test_a_deployment_without_an_environment_is_in_the_stages_next_to_it(tmp_path: Path) -> None:
    """Nothing says that it is not; but where another stage stands between, it is not."""
    actions = {
        "First": bare("eu-west-1"),
        "Beta": to("beta", "us-east-2", "First"),
        "Prod": to("prod", "us-east-1", "Beta"),
        "Last": bare("us-west-2", "Prod"),
    }
    read = workflow(tmp_path, actions)
    assert [regions for regions, *_ in waves(read)] == ["us-east-1", "us-west-2"]
    assert [s.regions for s in read.stages(environments=["beta"])] == [("eu-west-1",), ("us-east-2",)]


def test_approvals_and_tests_belong_to_the_stage_that_they_stand_in(tmp_path: Path) -> None:
    """Before beta: beta's. Before prod: the first wave's. After prod: the last bake."""
    actions = {
        "Start": gate(),
        "Beta": to("beta", "us-east-2", "Start"),
        "Look": wait(30, "Beta"),
        "Go": gate("Look"),
        "Prod": to("prod", "us-east-1", "Go"),
        "Watch": wait(45, "Prod"),
    }
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 45.0, True)]
    assert odd(read) == []
    assert [(s.bake_minutes, s.approval) for s in read.stages(environments=["beta"])] == [(30.0, True)]
    assert read.notes(environments=["beta"]) == []
    actions["Prod"] = to("prod", "us-east-1", "Look")
    assert waves(workflow(tmp_path, {k: v for k, v in actions.items() if k != "Go"})) == [("us-east-1", 45.0, False)]


def test_an_unknown_region_in_an_earlier_stage_does_not_matter(tmp_path: Path) -> None:
    """Only the plan's own regions must be known."""
    read = workflow(tmp_path, BETA_THEN_PROD | {"Beta": to("beta", "${Secrets.R}")})
    assert len(read.stages()) == 2
    with pytest.raises(InputError, match="region-unknown"):
        read.stages(0, environments=["beta"])
    assert refusals(workflow(tmp_path, {"A": to("beta", "$R")}))[0][0] == "region-unknown"
