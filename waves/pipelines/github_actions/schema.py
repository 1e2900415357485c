"""What a GitHub Actions workflow may hold, as tables: keys, actions and their inputs, limits. No rule is applied here.

Sources: GitHub Docs, "Workflow syntax for GitHub Actions" and "Actions limits"; each action's own `action.yml`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from waves.pipelines.keys import Key

MAX_MATRIX = 256
MAX_JOBS = 1000  # no quota of GitHub's; beyond it nothing else is worth reporting
MAX_WAIT_MINUTES = 360
MAX_JOB_MINUTES = 360  # on runners that GitHub hosts
JOB_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Words in the name of an environment or a job that say it is no production.
EARLY = re.compile(
    r"(?<![a-z])(dev|devel|development|test|testing|qa|uat|alpha|beta|gamma|stag|stage|staging|preprod|sandbox|nonprod"
    r"|preview)(?![a-z])"
)

TEXT, NEEDED, ANY = Key(), Key(required=True), Key("any")


def _map(required: bool = False, **keys: Key) -> Key:
    return Key("map", required, {name.replace("__", "-").rstrip("_"): key for name, key in keys.items()})


STEP = _map(
    id=TEXT,
    if_=TEXT,
    name=TEXT,
    uses=TEXT,
    run=TEXT,
    working__directory=TEXT,
    shell=TEXT,
    with_=ANY,
    env=ANY,
    continue__on__error=TEXT,
    timeout__minutes=TEXT,
    parallel=ANY,
)
JOB = _map(
    name=TEXT,
    permissions=ANY,
    needs=ANY,
    if_=TEXT,
    runs__on=ANY,
    environment=ANY,
    concurrency=ANY,
    outputs=ANY,
    env=ANY,
    defaults=ANY,
    steps=Key("list", item=STEP),
    timeout__minutes=TEXT,
    strategy=ANY,
    continue__on__error=TEXT,
    container=ANY,
    services=ANY,
    snapshot=ANY,
    uses=TEXT,
    with_=ANY,
    secrets=ANY,
)
STRATEGY = _map(matrix=ANY, fail__fast=TEXT, max__parallel=TEXT)
WORKFLOW = _map(
    name=TEXT,
    run__name=TEXT,
    on=ANY,
    permissions=ANY,
    env=ANY,
    defaults=ANY,
    concurrency=ANY,
    jobs=Key("map", required=True),
)


@dataclass(frozen=True)
class Used:
    """One published action: what it does, and the inputs it needs and knows (no known ones: they are not checked)."""

    kind: Literal["deploy", "credentials", "approval", "wait", "render"]
    needed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    region: str = ""
    minutes: str = ""


ECS_DEPLOY = "aws-actions/amazon-ecs-deploy-task-definition"
ACTIONS: Mapping[str, Used] = {
    ECS_DEPLOY: Used(
        "deploy",
        ("task-definition",),
        tuple(
            [
                "service",
                "cluster",
                "desired-count",
                "wait-for-service-stability",
                "wait-for-minutes",
                "codedeploy-appspec",
                "codedeploy-application",
                "codedeploy-deployment-group",
                "codedeploy-deployment-description",
                "codedeploy-deployment-config",
                "force-new-deployment",
                "service-managed-ebs-volume-name",
                "service-managed-ebs-volume",
                "run-task",
                "run-task-container-overrides",
                "run-task-security-groups",
                "run-task-subnets",
                "run-task-assign-public-IP",
                "run-task-launch-type",
                "run-task-started-by",
                "run-task-tags",
                "run-task-managed-ebs-volume-name",
                "run-task-managed-ebs-volume",
                "wait-for-task-stopped",
                "enable-ecs-managed-tags",
                "propagate-tags",
                "run-task-capacity-provider-strategy",
                "max-retries",
                "keep-null-value-keys",
            ]
        ),
    ),
    "aws-actions/aws-cloudformation-github-deploy": Used("deploy", ("name", "template")),
    "aws-actions/aws-lambda-deploy": Used("deploy", ("function-name",)),
    "einaregilsson/beanstalk-deploy": Used("deploy", (), (), "region"),
    "aws-actions/configure-aws-credentials": Used("credentials", ("aws-region",), (), "aws-region"),
    "aws-actions/amazon-ecs-render-task-definition": Used("render", ("task-definition",)),
    "trstringer/manual-approval": Used("approval"),
    "jakejarvis/wait-action": Used("wait", (), (), "", "time"),
    "juliangruber/sleep-action": Used("wait", (), (), "", "time"),
}
# What a shell step may say plainly: a suggestion in a finding, never a guess.
SHELL_DEPLOYS = re.compile(
    r"\b(aws\s+ecs\s+(?:update-service|deploy)|aws\s+cloudformation\s+deploy|cdk\s+deploy|sam\s+deploy|ecs-deploy"
    r"|copilot\s+(?:svc\s+)?deploy|aws\s+lambda\s+update-function-code|kubectl\s+apply|helm\s+upgrade)\b"
)
SHELL_REGION = re.compile(r"--region[\s=]+[\"']?([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)")


def base_of(uses: str) -> str:
    """Return an action without its version, in small letters, as GitHub compares them."""
    return uses.split("@", 1)[0].strip().lower()
