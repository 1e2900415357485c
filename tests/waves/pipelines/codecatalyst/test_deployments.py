"""Rules of what deploys where: variables, the hint DEPLOYS_REGION, what the caller says, what a step plainly says."""

from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.codecatalyst.workflows import (
    ENVIRONMENT,
    Tree,
    build,
    deploy,
    refusals,
    wait,
    waves,
    workflow,
)
from waves.pipelines.codecatalyst import Workflow
from waves.pipelines.codecatalyst.suggestions import hints_in


def with_variables(body: Tree, **variables: str) -> Tree:
    return body | {"Inputs": {"Variables": [{"Name": name, "Value": value} for name, value in variables.items()]}}


def shell(*steps: str, identifier: str = "aws/build@v1", **variables: str) -> Tree:
    body: Tree = {"Identifier": identifier, "Configuration": {"Steps": [{"Run": step} for step in steps]}}
    return with_variables(body, **variables)


# --- variables


@pytest.mark.parametrize("written", ["$REGION", "${REGION}", "$HERE", "${HERE}"])
def test_a_region_may_be_a_variable_in_either_spelling(tmp_path: Path, written: str) -> None:
    """As the shell has it, with braces or without; also by way of another variable."""
    read = workflow(tmp_path, {"A": with_variables(deploy(written), REGION="eu-west-1", HERE="$REGION")})
    assert read.regions == ("eu-west-1",)
    assert read.findings == ()


@pytest.mark.parametrize("written", ["$REGION", "${REGION}", "${Secrets.R}", "${Build.REGION}", "{{region}}", "eu-$N"])
def test_what_stays_unresolved_is_no_region(tmp_path: Path, written: str) -> None:
    """Two of them are two unknown regions, never one of that name; the remedy names the action."""
    read = workflow(tmp_path, {"A": deploy(written), "B": deploy(written, "A")})
    assert read.regions == ()
    remedy = "which cannot be resolved; give it with --region-of"
    assert refusals(read) == [
        ("region-unknown", f"the region of {name} is {written!r}, {remedy} {name}=REGION") for name in "AB"
    ]


def test_variables_that_grow_end(tmp_path: Path) -> None:
    """A variable of itself, doubled at each turn, stays a small text."""
    read = workflow(tmp_path, {"A": with_variables(deploy("$R"), R="$R$R$R$R$R$R$R$R")})
    assert refusals(read)[0][0] == "region-unknown"


# --- the hint, and the caller


def test_a_hint_makes_a_shell_step_a_deployment(tmp_path: Path) -> None:
    """Two thirds of the public workflows deploy so; waves, bakes and approvals follow from it as from any other."""
    actions = {
        "East": shell("make ship", DEPLOYS_REGION="us-east-1"),
        "Watch": wait(30, "East"),
        "West": shell("make ship", DEPLOYS_REGION="$W", W="us-west-2") | {"DependsOn": ["Watch"]},
    }
    read = workflow(tmp_path, actions)
    assert waves(read) == [("us-east-1", 30.0, False), ("us-west-2", 0.0, False)]
    assert [(d.action, d.region) for d in read.deployments] == [("East", "us-east-1"), ("West", "us-west-2")]
    assert read.findings == ()


@pytest.mark.parametrize("identifier", ["aws/github-actions-runner@v1", "codecatalyst-labs/deploy-to-app-runner@v1"])
def test_any_action_may_have_the_hint(tmp_path: Path, identifier: str) -> None:
    """GitHub's actions and a third party's own; what else it does is not known, but nothing stays unseen."""
    ship = shell("cdk deploy", identifier=identifier, DEPLOYS_REGION="eu-west-1")
    read = workflow(tmp_path, {"Ship": ship})
    assert waves(read) == [("eu-west-1", 0.0, False)]
    assert {f.rule for f in read.findings} <= {"unknown-identifier"}


def test_a_hint_says_the_region_that_code_decides(tmp_path: Path) -> None:
    """CDK need not state its region."""
    cdk = {"Identifier": "aws/cdk-deploy@v2", "Environment": ENVIRONMENT, "Configuration": {"StackName": "shop"}}
    assert workflow(tmp_path, {"A": with_variables(cdk, DEPLOYS_REGION="eu-west-1")}).regions == ("eu-west-1",)
    ((rule, message),) = refusals(workflow(tmp_path, {"A": with_variables(cdk, CDK_DEFAULT_REGION="eu-west-1")}))
    assert (rule, "--region-of A=REGION (perhaps eu-west-1)" in message) == ("region-unknown", True)


def test_the_caller_says_what_the_file_does_not(tmp_path: Path) -> None:
    """By label, or by a name that only one action has; also for what the file says, and for a shell step."""
    actions = {
        "A": deploy("${Secrets.R}"),
        "Waves": {"Actions": {"B": deploy("eu-west-1")}, "DependsOn": ["A"]},
        "C": build("Waves"),
    }
    read = workflow(tmp_path, actions)
    given = {"A": "us-east-1", "Waves/B": "eu-north-1", "C": "us-west-2"}
    assert [s.regions for s in read.stages(regions_of=given)] == [("us-east-1",), ("eu-north-1",), ("us-west-2",)]
    assert [s.regions for s in read.stages(regions_of={"A": "us-east-1", "B": "eu-north-1"})] == [
        ("us-east-1",),
        ("eu-north-1",),
    ]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"a": "us-east-1"}, "'a', which the workflow does not have; did you mean 'A'?"),
        (
            {"Nobody": "us-east-1"},
            "'Nobody', which the workflow does not have; the actions are A, One/Ship, Two/Ship, G",
        ),
        ({"Ship": "us-east-1"}, "'Ship', which may be One/Ship and Two/Ship; name one of them"),
        ({"A": ""}, "the region of 'A' is ''; give a region's code"),
        ({"A": 3}, "the region of 'A' is 3; give a region's code"),
        ({"A": "us east"}, "the region of 'A' is 'us east'; give a region's code"),
        ({"A": "us\x1b[1m"}, "the region of 'A' is 'us\\x1b[1m'; give a region's code"),
        ({"G": "us-east-1"}, "'G', which is an approval and deploys nothing"),
    ],
)
def test_a_region_for_what_is_not_there_is_refused(tmp_path: Path, given: Any, part: str) -> None:
    """A name that nothing comes of is an error."""
    actions = {
        "A": deploy("us-east-1"),
        "One": {"Actions": {"Ship": deploy("eu-west-1")}},
        "Two": {"Actions": {"Ship": deploy("eu-north-1")}},
        "G": {"Identifier": "aws/approval@v1", "DependsOn": ["A", "One", "Two"]},
    }
    read = workflow(tmp_path, actions)
    messages = [f.message for f in read._read(0, None, given).faults if f.rule == "region-of"]
    assert len(messages) == 1 and part in messages[0]


# --- what a step plainly says


def unseen(read: Workflow) -> list[str]:
    return [f.message for f in read.findings if f.rule == "deployment-unseen"]


def test_what_a_step_says_is_a_suggestion(tmp_path: Path) -> None:
    """Named at its action, with the region that it names; the plan makes nothing of it."""
    step = "aws ecs update-service --cluster c --service s --region eu-west-1"
    read = workflow(tmp_path, {"Ship": shell("make", step)})
    assert unseen(read) == [
        "Ship (aws/build@v1) runs 'aws ecs update-service' and may deploy, and the plan does not know of it; "
        'if it does, give it an input variable DEPLOYS_REGION: "eu-west-1", as it says'
    ]
    assert [rule for rule, _ in refusals(read)] == ["no-deployment"]
    assert [f.line for f in read.findings if f.rule == "deployment-unseen"] == [read.actions[0].line]


def test_github_actions_say_it_too(tmp_path: Path) -> None:
    """`uses` and `with` of the steps of a runner."""
    steps = [
        {"uses": "aws-actions/configure-aws-credentials@v4", "with": {"aws-region": "eu-west-1"}},
        {"uses": "aws-actions/amazon-ecs-deploy-task-definition@v1", "with": {"service": "web"}},
    ]
    body = {"Identifier": "aws/github-actions-runner@v1", "Configuration": {"Steps": steps}}
    (message,) = unseen(workflow(tmp_path, {"Ship": body}))
    assert "aws-actions/amazon-ecs-deploy-task-definition" in message and '"eu-west-1"' in message


def test_an_action_of_others_that_is_called_a_deployment_is_named(tmp_path: Path) -> None:
    """Its configuration may have the region; one that only plans is none."""
    labs = "codecatalyst-labs/deploy-to-amplify-hosting@v1"
    body = {"Identifier": labs, "Configuration": {"AWSRegion": "us-west-2"}}
    (message,) = unseen(workflow(tmp_path, {"Ship": body}))
    assert message.startswith(f"Ship ({labs}) may deploy") and '"us-west-2"' in message
    plans: Tree = {"Identifier": "codecatalyst-labs/provision-with-terraform-community@v1"}
    plans |= {"Configuration": {"TerraformOperationMode": "plan"}}
    assert unseen(workflow(tmp_path, {"Look": plans})) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cdk deploy --all", [("cdk deploy", "")]),
        ("npx cdk deploy && echo done", [("cdk deploy", "")]),
        ("aws ecs \\\n  update-service \\\n  --region=eu-west-1", [("aws ecs update-service", "eu-west-1")]),
        ("aws --region eu-west-1 ecs update-service", [("aws --region eu-west-1 ecs update-service", "eu-west-1")]),
        ("export AWS_REGION=eu-west-1\nsam deploy", [("sam deploy", "eu-west-1")]),
        ("AWS_DEFAULT_REGION=eu-west-1 cdk deploy", [("cdk deploy", "eu-west-1")]),
        ("aws ecs update-service --region $R", [("aws ecs update-service", "us-west-2")]),
        ("aws ecs update-service --region $NOBODY", [("aws ecs update-service", "")]),
        ("terraform -chdir=infra apply -auto-approve", [("terraform -chdir=infra apply", "")]),
        ("dotnet lambda deploy-serverless --region eu-west-1", [("dotnet lambda deploy-serverless", "eu-west-1")]),
        ("npm run deploy:prod", [("npm run deploy:prod", "")]),
        ("export CDK_DEPLOY_REGION=eu-west-1\npnpm dlx projen deploy --all", [("projen deploy", "eu-west-1")]),
        ("chmod +x x && ./scripts/sst_deploy.sh", [("./scripts/sst_deploy.sh", "")]),
        ("helm upgrade web chart; kubectl apply -f x", [("helm upgrade", ""), ("kubectl apply", "")]),
    ],
)
def test_commands_that_deploy_are_seen(script: str, expected: list[tuple[str, str]]) -> None:
    """Whatever stands before and behind them, lines continued, regions by flag, by variable or by assignment."""
    assert [(hint.what, hint.region) for hint in hints_in(script, {"R": "us-west-2"})] == expected


@pytest.mark.parametrize(
    "script",
    [
        "# cdk deploy",
        "echo cdk deploy",
        "cdk diff",
        "aws ecs describe-services --region eu-west-1",
        "aws s3 cp x s3://y --region eu-west-1",
        "terraform plan",
        "my-cdk deploy",
        "mvn deploy-notes",
        "chmod +x deploy.sh",
        "npm run undeploy",
    ],
)
def test_commands_that_do_not_deploy_are_not(script: str) -> None:
    """Comments, what is only printed, what only looks, an upload, names that merely contain the word."""
    assert hints_in(script, {}) == []
