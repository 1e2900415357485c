"""Rules of `waves.pipelines.codecatalyst.Workflow`: the samples, facts and levels."""

from pathlib import Path

import pytest

from tests.waves.pipelines.codecatalyst.workflows import ENVIRONMENT, build, deploy, group, workflow
from waves.files.documents import InputError
from waves.pipelines.codecatalyst import Deployment, Stage, Workflow, check

DATA = Path(__file__).parents[4] / "data" / "workflows"

# --- the samples


def test_the_two_region_workflow_is_two_waves_with_a_bake_between() -> None:
    """us-east-1, half an hour, us-west-2; no test after the last wave, so its bake is 0."""
    read = Workflow.read(DATA / "two-region.yaml")
    assert read.stages() == [
        Stage(("us-east-1",), 30.0, False, "Deploy-us-east-1", ("Deploy-us-east-1",), ("us-east-1",)),
        Stage(("us-west-2",), 0.0, False, "Deploy-us-west-2", ("Deploy-us-west-2",), ("us-west-2",)),
    ]
    assert (read.name, read.schema_version, read.run_mode) == ("storefront-two-region", "1.0", "SUPERSEDED")
    assert read.findings == ()


def test_the_six_region_workflow_is_three_waves_of_one_two_and_three() -> None:
    """Action groups are waves; the tests' hints are bakes; the approval gates the third wave."""
    read = Workflow.read(DATA / "six-region-three-wave.yaml")
    assert [(s.name, s.regions, s.bake_minutes, s.approval) for s in read.stages()] == [
        ("Wave-1", ("eu-north-1",), 60.0, False),
        ("Wave-2", ("us-west-2", "ap-southeast-2"), 45.0, False),
        ("Wave-3", ("us-east-1", "eu-west-1", "ap-northeast-1"), 60.0, True),
    ]
    assert [[action.name for action in some] for some in (read.builds, read.renders, read.tests, read.approvals)] == [
        ["Build"],
        ["Render"],
        ["Validate-1", "Validate-2", "Validate-3"],
        ["Approve"],
    ]
    assert read.triggers == ("PUSH",)
    assert read.one_task_definition is True
    assert read.task_definitions["eu-west-1"] == ("Render",)


# --- facts


def test_a_deployment_says_where_what_and_how(tmp_path: Path) -> None:
    """Region, cluster, service, task definition; blue/green where CodeDeploy is used."""
    trio = {"codedeploy-appspec": "a.yaml", "codedeploy-application": "a", "codedeploy-deployment-group": "g"}
    read = workflow(tmp_path, {"Wave": group({"Ship": deploy("eu-west-1", **trio)}), "Other": deploy("us-east-1")})
    assert read.deployments == (
        Deployment("Wave/Ship", "Wave", "eu-west-1", "shop", "web", "task.json", True, "production"),
        Deployment("Other", None, "us-east-1", "shop", "web", "task.json", False, "production"),
    )


def test_actions_carry_line_kind_and_what_they_wait_for(tmp_path: Path) -> None:
    """The dependencies of a group are those of its actions."""
    read = workflow(tmp_path, {"Build": build(), "Wave": group({"Ship": deploy("eu-west-1")}, "Build")})
    first, second = read.actions
    assert (first.label, first.kind, first.line, first.column, first.depends_on) == ("Build", "build", 4, 3, ())
    assert (second.label, second.kind, second.group, second.depends_on) == ("Wave/Ship", "deploy", "Wave", ("Build",))


def test_regions_come_from_ecs_cdk_and_cloudformation(tmp_path: Path) -> None:
    """`region`, `Region` and `region`; stacks stand for services; variables of the action are filled in."""
    cdk = {"Identifier": "aws/cdk-deploy@v2", "Environment": ENVIRONMENT}
    cdk |= {"Configuration": {"StackName": "shop", "Region": "eu-west-1"}}
    cfn = {"Identifier": "aws/cfn-deploy@v1", "Environment": ENVIRONMENT}
    cfn |= {"Configuration": {"name": "shop", "region": "${HERE}", "template": "t.yaml"}}
    cfn |= {"Inputs": {"Variables": [{"Name": "HERE", "Value": "us-west-2"}]}}
    read = workflow(tmp_path, {"A": deploy("us-east-1"), "B": cdk, "C": cfn})
    assert read.regions == ("us-east-1", "eu-west-1", "us-west-2")
    assert read.services == {"us-east-1": ("web",), "eu-west-1": ("shop",), "us-west-2": ("shop",)}
    assert read.clusters == {"us-east-1": ("shop",)}


def test_a_change_set_that_is_not_run_is_no_deployment(tmp_path: Path) -> None:
    """CloudFormation's `no-execute-changeset` only looks."""
    configuration = {"name": "shop", "region": "eu-west-1", "template": "t.yaml", "no-execute-changeset": "1"}
    cfn = {"Identifier": "aws/cfn-deploy@v1", "Environment": ENVIRONMENT, "Configuration": configuration}
    read = workflow(tmp_path, {"Look": cfn, "Ship": deploy("us-east-1", "Look")})
    assert read.regions == ("us-east-1",)


@pytest.mark.parametrize(("second", "shared"), [("task.json", True), ("other.json", False)])
def test_one_task_definition_for_all_is_told_from_one_each(tmp_path: Path, second: str, shared: bool) -> None:
    """Compared by the sources of each region."""
    read = workflow(tmp_path, {"A": deploy("us-east-1"), "B": deploy("eu-west-1", **{"task-definition": second})})
    assert read.one_task_definition is shared


def test_without_ecs_there_is_no_task_definition(tmp_path: Path) -> None:
    """None, rather than a guess."""
    assert workflow(tmp_path, {"A": build()}).one_task_definition is None


def test_several_services_and_clusters_of_a_region_are_told(tmp_path: Path) -> None:
    """Each region lists its own."""
    actions = {"A": deploy("us-east-1"), "B": deploy("us-east-1", service="api", cluster="back")}
    read = workflow(tmp_path, actions)
    assert read.services == {"us-east-1": ("web", "api")}
    assert read.clusters == {"us-east-1": ("shop", "back")}


def test_defaults_and_case_of_the_top_level(tmp_path: Path) -> None:
    """No run mode means QUEUED; types of triggers are given in capitals."""
    triggers = [{"Type": "Push"}, {"Type": "SCHEDULE", "Expression": "0 8 ? * 2 *"}]
    read = workflow(tmp_path, {"A": build()}, SchemaVersion=1.0, Triggers=triggers)
    assert (read.schema_version, read.run_mode, read.triggers) == ("1.0", "QUEUED", ("PUSH", "SCHEDULE"))


def test_a_workflow_with_errors_is_not_read(tmp_path: Path) -> None:
    """All findings of `check` come with the refusal."""
    with pytest.raises(InputError) as caught:
        workflow(tmp_path, {"A": build("B"), "C": {}}, RunMode="queued")
    assert list(caught.value.findings) == check(tmp_path / "workflow.yaml")
    assert {f.rule for f in caught.value.findings} == {"unknown-dependency", "missing-key", "letter-case"}


def test_levels_follow_dependencies_at_both_levels(tmp_path: Path) -> None:
    """A group waits as a whole, and whoever waits for a group waits for its last action."""
    actions = {
        "Build": build(),
        "One": group({"Render": build(), "Ship": deploy("us-east-1", "Render")}, "Build"),
        "Two": group({"Ship2": deploy("eu-west-1"), "Lint": build()}, "One"),
        "Alone": build(),
    }
    assert workflow(tmp_path, actions).levels == (
        ("Build", "Alone"),
        ("One/Render",),
        ("One/Ship",),
        ("Two/Ship2", "Two/Lint"),
    )


def test_taking_an_artifact_or_a_variable_is_waiting_for_its_maker(tmp_path: Path) -> None:
    """Siblings come first, then the top level; a variable may name its group; a name made twice means nobody."""
    out = {"Outputs": {"Artifacts": [{"Name": "Out", "Files": ["*"]}]}}
    twice = {"Outputs": {"Artifacts": [{"Name": "Both", "Files": ["*"]}]}}
    one = group({"Make": build(), "Use": build() | {"Inputs": {"Variables": [{"Name": "A", "Value": "${Make.A}"}]}}})
    actions = {
        "Make": build() | out,
        "Again": build() | twice,
        "Third": build() | twice,
        "One": one,
        "Two": group({"Take": build() | {"Inputs": {"Artifacts": ["Out", "Both"]}}}),
        "Far": {"Identifier": "aws/build@v1", "Configuration": {"Steps": [{"Run": "x ${One.Make.A} ${Secrets.B}"}]}},
    }
    waits = {action.label: action.depends_on for action in workflow(tmp_path, actions).actions if action.depends_on}
    assert waits == {"One/Use": ("One/Make",), "Two/Take": ("Make",), "Far": ("One/Make",)}
