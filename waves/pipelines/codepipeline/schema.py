"""What a CodePipeline pipeline may hold, as tables: keys, values, providers, quotas. No rule is applied here.

Sources: CodePipeline API reference (PipelineDeclaration and what it is made of), user guide ("Action structure
reference", "Rule structure reference", "Quotas"). Names are those of the API; a CloudFormation template
writes them with a capital letter.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from waves.pipelines.keys import Key
from waves.pipelines.steps import StepKind

MAX_STAGES = 50
MAX_ACTIONS = 1000
MAX_IN_STAGE = 100
MAX_RUN_ORDER = 999
MAX_RULES = 5
MAX_ECS_MINUTES = 60
NAME = re.compile(r"[A-Za-z0-9.@_-]{1,100}")
# Words in the name of a stage or an action that say it is no production.
EARLY = re.compile(
    r"(?<![a-z])(dev|devel|development|test|testing|qa|uat|alpha|beta|gamma|stag|stage|staging|preprod|sandbox|nonprod|int)"
    r"(?![a-z])"
)
RESOURCE = "AWS::CodePipeline::Pipeline"

TEXT, NEEDED, ANY = Key(), Key(required=True), Key("any")


def _map(required: bool = False, **keys: Key) -> Key:
    return Key("map", required, keys)


def _list(item: Key, most: int | None = None, required: bool = False) -> Key:
    return Key("list", required, item=item, most=most)


_TYPE = _map(
    True,
    category=Key(required=True, choices=("Source", "Build", "Deploy", "Test", "Invoke", "Approval", "Compute")),
    owner=Key(required=True, choices=("AWS", "ThirdParty", "Custom")),
    provider=NEEDED,
    version=NEEDED,
)
_ACTION = _map(
    name=NEEDED,
    actionTypeId=_TYPE,
    runOrder=Key("whole"),
    configuration=ANY,
    commands=_list(TEXT, 50),
    outputArtifacts=_list(_map(name=NEEDED, files=_list(TEXT, 10))),
    inputArtifacts=_list(_map(name=NEEDED)),
    outputVariables=_list(TEXT, 15),
    roleArn=TEXT,
    region=TEXT,
    namespace=TEXT,
    timeoutInMinutes=Key("whole"),
    environmentVariables=_list(_map(name=NEEDED, value=NEEDED, type=Key(choices=("PLAINTEXT", "SECRETS_MANAGER"))), 10),
)
_RULE = _map(
    name=NEEDED,
    ruleTypeId=_map(
        True,
        category=Key(required=True, choices=("Rule",)),
        owner=Key(choices=("AWS",)),
        provider=NEEDED,
        version=TEXT,
    ),
    configuration=ANY,
    commands=_list(TEXT, 50),
    inputArtifacts=_list(_map(name=NEEDED)),
    roleArn=TEXT,
    region=TEXT,
    timeoutInMinutes=Key("whole"),
)


def _conditions(*results: str) -> Key:
    return _list(_map(result=Key(choices=results), rules=_list(_RULE, MAX_RULES)), 1)


_STAGE = _map(
    name=NEEDED,
    blockers=ANY,
    actions=_list(_ACTION, MAX_IN_STAGE, True),
    onFailure=_map(
        result=Key(choices=("ROLLBACK", "FAIL", "RETRY", "SKIP")),
        retryConfiguration=_map(retryMode=Key(choices=("FAILED_ACTIONS", "ALL_ACTIONS"))),
        conditions=_conditions("ROLLBACK", "FAIL", "RETRY", "SKIP"),
    ),
    onSuccess=_map(conditions=_conditions("ROLLBACK", "FAIL", "SKIP")),
    beforeEntry=_map(conditions=_conditions("FAIL", "SKIP")),
)
_STORE = _map(type=Key(required=True, choices=("S3",)), location=NEEDED, encryptionKey=ANY)

PIPELINE = _map(
    name=NEEDED,
    roleArn=NEEDED,
    artifactStore=_STORE,
    artifactStores=ANY,
    stages=_list(_STAGE, MAX_STAGES, True),
    version=Key("whole"),
    executionMode=Key(choices=("QUEUED", "SUPERSEDED", "PARALLEL")),
    pipelineType=Key(choices=("V1", "V2")),
    variables=_list(ANY, 50),
    triggers=_list(ANY, 50),
)


def capital(name: str) -> str:
    """Return a key as a CloudFormation template writes it."""
    return name[:1].upper() + name[1:]


def capitals(key: Key) -> Key:
    """Return a table with the keys that a CloudFormation template has."""
    keys = None if key.keys is None else {capital(name): capitals(below) for name, below in key.keys.items()}
    return replace(key, keys=keys, item=key.item and capitals(key.item))


# What CloudFormation has beyond the API; there the name may be left out, and the version does not exist.
_EXTRA = {"DisableInboundStageTransitions": ANY, "RestartExecutionOnUpdate": TEXT, "Tags": ANY, "Name": TEXT}
RESOURCE_KEYS = replace(
    capitals(PIPELINE), keys={k: v for k, v in (capitals(PIPELINE).keys or {}).items() if k != "Version"} | _EXTRA
)


@dataclass(frozen=True)
class Provider:
    """One action type: what its steps are, and what its configuration must and may hold."""

    kind: StepKind
    needed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    blue_green: bool = False


_CLOUDFORMATION = Provider(
    "deploy",
    ("ActionMode",),
    tuple(
        [
            "StackName",
            "Capabilities",
            "ChangeSetName",
            "RoleArn",
            "TemplatePath",
            "OutputFileName",
            "ParameterOverrides",
            "TemplateConfiguration",
        ]
    ),
)
_BLUE_GREEN = (
    "ApplicationName DeploymentGroupName TaskDefinitionTemplateArtifact AppSpecTemplateArtifact "
    "AppSpecTemplatePath TaskDefinitionTemplatePath "
    + " ".join(f"Image{i}ArtifactName Image{i}ContainerName" for i in range(1, 5))
).split()

_OTHERS: tuple[tuple[str, StepKind, str], ...] = (
    ("Source", "build", "S3 ECR CodeCommit CodeStarSourceConnection GitHub"),
    ("Build", "build", "CodeBuild ECRBuildAndPublish Jenkins CloudBees TeamCity"),
    ("Test", "test", "CodeBuild DeviceFarm Jenkins BlazeMeter GhostInspector Runscope"),
    ("Deploy", "deploy", "S3 CloudFormationStackSet CloudFormationStackInstances ElasticBeanstalk AppConfig OpsWorks"),
    ("Deploy", "deploy", "ServiceCatalog AlexaSkillsKit EC2 EKS XebiaLabs"),
    ("Invoke", "other", "Lambda StepFunctions Snyk CodePipeline InspectorScan"),
    ("Compute", "other", "Commands"),
)
PROVIDERS: Mapping[tuple[str, str], Provider] = {
    ("Deploy", "ECS"): Provider("deploy", ("ClusterName", "ServiceName"), ("FileName", "DeploymentTimeout")),
    ("Deploy", "CodeDeployToECS"): Provider("deploy", tuple(_BLUE_GREEN[:4]), tuple(_BLUE_GREEN[4:]), True),
    ("Deploy", "CloudFormation"): _CLOUDFORMATION,
    ("Deploy", "CodeDeploy"): Provider("deploy", ("ApplicationName", "DeploymentGroupName")),
    ("Approval", "Manual"): Provider(
        "approval", (), ("CustomData", "ExternalEntityLink", "NotificationArn", "ApprovalSummary")
    ),
    **{(category, name): Provider(kind) for category, kind, names in _OTHERS for name in names.split()},
}
# A change set that is only made, or a stack that is deleted, deploys nothing.
IDLE_MODES = ("CHANGE_SET_REPLACE", "DELETE_ONLY")
RULES_KNOWN = ("CloudWatchAlarm", "CodeBuild", "Commands", "DeploymentWindow", "LambdaInvoke", "VariableCheck")
