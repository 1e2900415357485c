"""What a CodeCatalyst workflow file may hold, as tables: keys, values, quotas. No rule is applied here.

Sources: the CodeCatalyst user guide ("Workflow YAML definition", the YAML page of each action, "Quotas for
workflows"). `tolerated` holds what is not in the guide but in pipelines that AWS itself published.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from waves.pipelines.keys import Key

Kind = Literal["build", "test", "render", "deploy", "approval", "other"]

MAX_ACTIONS = 50
MAX_STEPS = 256
MAX_DEPENDS_ON = 50
MAX_NAME = 100
MIN_TIMEOUT = 5
MAX_TIMEOUT_BUILD = 480
MAX_TIMEOUT_OTHER = 60
BAKE_HINT = "BAKE_MINUTES"
REGION_HINT = "DEPLOYS_REGION"

NAME = re.compile(r"[A-Za-z0-9_-]+")
ARTIFACT = re.compile(r"[A-Za-z0-9_]+")
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
ACCOUNT = re.compile(r"[0-9]{12}")
IDENTIFIER = re.compile(r"(?P<base>[^@\s]+/[^@\s]+)@v(?P<major>[0-9]+)(\.[0-9]+){0,2}")
VARIABLE = re.compile(r"\$\{([^${}]+)\}")
SHELL_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)|\$\{([^${}]+)\}")


TEXT, NEEDED, ANY = Key(), Key(required=True), Key("any")
TEXTS = Key("list", item=TEXT)


def _map(tolerated: tuple[str, ...] = (), required: bool = False, **keys: Key) -> Key:
    return Key("map", required, {name.replace("__", "-"): key for name, key in keys.items()}, tolerated=tolerated)


def _configuration(needed: str = "", known: str = "", tolerated: str = "") -> Key:
    keys = dict.fromkeys(needed.split(), NEEDED) | dict.fromkeys(known.split(), TEXT)
    return Key("map", bool(needed), keys, tolerated=tuple(tolerated.split()))


# The YAML pages of the guide's actions write it as a list (`- Type: EC2`, `- Fleet: …`), the page of the workflow as a
# map; both are documented.
COMPUTE = replace(
    _map(Type=Key(required=True, choices=("EC2", "Lambda")), Fleet=TEXT, SharedInstance=TEXT), listed=True
)

TRIGGERS = Key(
    "list",
    item=_map(
        Type=Key(required=True, choices=("PUSH", "PULLREQUEST", "SCHEDULE"), tolerated=("MANUAL",)),
        Branches=TEXTS,
        FilesChanged=TEXTS,
        Events=Key("list", item=Key(choices=("OPEN", "CLOSED", "REVISION"), tolerated=("DRAFT", "MERGED"))),
        Expression=TEXT,
        tolerated=("SourceName",),
    ),
)

WORKFLOW = _map(
    Name=NEEDED,
    SchemaVersion=NEEDED,
    RunMode=Key(choices=("QUEUED", "SUPERSEDED", "PARALLEL")),
    Compute=COMPUTE,
    Triggers=TRIGGERS,
    Actions=Key("map", required=True),
)

GROUP = _map(Actions=Key("map", required=True), DependsOn=Key("list", item=TEXT, most=MAX_DEPENDS_ON))

ACTION = _map(
    Identifier=NEEDED,
    Configuration=ANY,
    DependsOn=Key("list", item=TEXT, most=MAX_DEPENDS_ON),
    Environment=_map(
        Name=NEEDED,
        Connections=Key("list", item=_map(Name=NEEDED, Role=NEEDED), most=1),
    ),
    Compute=COMPUTE,
    Timeout=Key("whole"),
    Inputs=_map(
        Sources=Key("list", item=TEXT, most=1),
        Artifacts=TEXTS,
        Variables=Key("list", item=_map(Name=NEEDED, Value=Key(required="seen missing"))),
    ),
    Outputs=_map(
        Artifacts=Key("list", item=_map(Name=NEEDED, Files=replace(TEXTS, required=True))),
        Variables=TEXTS,
        Reports=ANY,
        AutoDiscoverReports=ANY,
    ),
    Caching=_map(FileCaching=ANY),
    Packages=_map(NpmConfiguration=ANY, ExportAuthorizationToken=TEXT),
    tolerated=("Permissions",),
)

GATE_KEYS = ("Identifier", "DependsOn", "Configuration")


@dataclass(frozen=True)
class Identifier:
    """One action of the catalogue: what it is, its major versions, its configuration, what else it asks for."""

    kind: Kind
    configuration: Key
    majors: tuple[str, ...] = ("1",)
    environment: bool = False
    one_input: bool = False
    max_timeout: int | None = MAX_TIMEOUT_OTHER
    region: str = ""
    places: Mapping[str, str] = field(default_factory=dict)


_STEPS = Key("list", required=True, item=_map(Run=NEEDED), most=MAX_STEPS)
_CONTAINER = _map(Registry=TEXT, Image=TEXT)
_BUILD = Key("map", True, {"Steps": _STEPS, "Container": _CONTAINER}, tolerated=("ActionRoleArn",))
_GITHUB = Key("map", True, {"Steps": Key("list", required=True, item=ANY, most=MAX_STEPS)})
_RENDER = Key(
    "map",
    True,
    {
        "task-definition": NEEDED,
        "container-definition-name": NEEDED,
        "image": NEEDED,
        "environment-variables": ANY,
    },
    tolerated=("container-name",),
)
_ECS = _configuration(
    "region cluster service task-definition",
    "force-new-deployment codedeploy-appspec codedeploy-application codedeploy-deployment-group "
    "codedeploy-deployment-description",
)
_CFN = _configuration(
    "name region template",
    "role-arn capabilities parameter-overrides no-execute-changeset fail-on-empty-changeset disable-rollback "
    "termination-protection timeout-in-minutes notification-arns monitor-alarm-arns "
    "monitor-timeout-in-minutes tags",
    "no-fail-on-empty-changeset Parameters",
)
_CDK = _configuration(
    "StackName",
    "Region Tags Context CdkCliVersion CdkRootPath CfnOutputVariables CloudAssemblyRootPath",
    "Parameters",
)

IDENTIFIERS: Mapping[str, Identifier] = {
    "aws/build": Identifier("build", _BUILD, max_timeout=MAX_TIMEOUT_BUILD),
    "aws/managed-test": Identifier("test", _BUILD, max_timeout=MAX_TIMEOUT_BUILD),
    "aws/github-actions-runner": Identifier("build", _GITHUB, max_timeout=None),
    "aws/ecs-render-task-definition": Identifier("render", _RENDER, one_input=True),
    "aws/ecs-deploy": Identifier(
        "deploy",
        _ECS,
        environment=True,
        one_input=True,
        region="region",
        places={"cluster": "cluster", "service": "service"},
    ),
    "aws/cfn-deploy": Identifier("deploy", _CFN, environment=True, region="region", places={"service": "name"}),
    "aws/cdk-deploy": Identifier(
        "deploy",
        _CDK,
        ("1", "2"),
        environment=True,
        one_input=True,
        region="Region",
        places={"service": "StackName"},
    ),
    "aws/kubernetes-deploy": Identifier(
        "deploy",
        _configuration("Region Cluster Manifests", "Namespace"),
        environment=True,
        one_input=True,
        region="Region",
        places={"cluster": "Cluster", "service": "Manifests"},
    ),
    "aws/approval": Identifier("approval", Key("map", False, {"ApprovalsRequired": Key("whole")}), max_timeout=None),
    "aws/cdk-bootstrap": Identifier(
        "other", _configuration("", "Region CdkCliVersion", "Parameters"), ("1", "2"), environment=True
    ),
    "aws/lambda-invoke": Identifier(
        "other",
        _configuration(
            "Function",
            "AWSRegion RequestPayload RequestPayloadFile ContinueOnError LogType ResponseFilters OutputArtifact",
        ),
        environment=True,
    ),
    "aws/s3-publish": Identifier(
        "other", _configuration("SourcePath DestinationBucketName", "TargetPath"), environment=True
    ),
}


# Not in the guide, but AWS's own: its blueprints list it, and public files use it.
UNDOCUMENTED = frozenset({"aws/s3-deploy"})


def base_of(identifier: str) -> str:
    """Return an identifier without its version, such as ``aws/ecs-deploy``."""
    return identifier.split("@", 1)[0].strip()


def known_as(identifier: str) -> Identifier | None:
    """Look an identifier up in the catalogue; ``aws/build-beta`` counts as ``aws/build``."""
    return IDENTIFIERS.get(base_of(identifier).removesuffix("-beta"))


def kind_of(identifier: str) -> Kind:
    """Say what an action is by its identifier alone; unknown ones are "other"."""
    known = known_as(identifier)
    return known.kind if known else "other"
