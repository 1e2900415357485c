"""What an action's steps plainly say that they do: a suggestion for people, never a guess of ours.

A shell step that runs ``aws ecs update-service --region eu-west-1`` most likely deploys to eu-west-1. Nothing is made
of that but a sentence in a finding; the plan takes only what the workflow declares (`deployments`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from waves.pipelines.codecatalyst.entries import Entry, fill
from waves.pipelines.codecatalyst.schema import REGION
from waves.pipelines.trees import map_of, text_of

_DEPLOYS = re.compile(
    r"(?<![\w./-])(?:"
    r"aws\s+(?:--[\w-]+[=\s]\S+\s+)*(?:"
    r"ecs\s+(?:update-service|create-service)|deploy\s+create-deployment|lambda\s+update-function-code|"
    r"cloudformation\s+(?:deploy|create-stack|update-stack|execute-change-set|create-stack-instances)|"
    r"elasticbeanstalk\s+update-environment|apprunner\s+start-deployment|amplify\s+start-(?:deployment|job))"
    r"|dotnet\s+(?:lambda|ecs|eb)\s+deploy-[a-z]+|(?:sam|cdk|sst|serverless|sls|eb|chalice)\s+deploy"
    r"|copilot\s+(?:svc\s+)?deploy|amplify\s+(?:push|publish)"
    r"|amplify\s+pipeline-deploy|(?:npm\s+run|yarn(?:\s+run)?|pnpm(?:\s+run)?|projen|make)\s+deploy[\w:-]*"
    r"|(?:terraform|tofu)\s+(?:-\S+\s+)*apply|pulumi\s+up|helm\s+(?:upgrade|install)"
    r"|kubectl\s+(?:-\S+\s+)*(?:apply|set\s+image|rollout\s+restart)"
    r")(?![\w-])"
)
_SCRIPT = re.compile(r"(?:bash\s+|sh\s+|source\s+)?((?:\.{0,2}/)?(?:[\w.-]+/)*[\w-]*deploy[\w-]*\.sh)(?=\s|$)")
_USES = re.compile(
    r"(?:aws-actions/(?:amazon-ecs-deploy-task-definition|aws-cloudformation-github-deploy)|serverless/github-action)"
    r"(?=@|$)"
)
_IDENTIFIER = re.compile(r"/(?:\S*-)?(?:deploy|provision)\b")
_FLAG = re.compile(r"--region[=\s]+[\"']?([^\s\"']+)")
_ASSIGNED = re.compile(r"(?:^|\s)(?:export\s+)?([A-Za-z_]\w*)=[\"']?([^\s\"';]+)")
_ENDS = re.compile(r"&&|\|\||[;|\n]")
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION", "CDK_DEFAULT_REGION", "CDK_DEPLOY_REGION")
_REGION_KEYS = ("region", "Region", "AWSRegion", "AwsRegion", "aws-region", "AWS_REGION")


@dataclass(frozen=True)
class Hint:
    """One thing that an action does and that looks like a deployment.

    Attributes
    ----------
    what : str
        The command, or the identifier.
    region : str
        Where it says it goes; empty where nothing says so.
    """

    what: str
    region: str


def hints_of(entry: Entry) -> list[Hint]:
    """Find what in an action looks like a deployment, each thing once, in the order of its steps."""
    found = [*_by_identifier(entry), *_by_steps(entry)]
    return list(dict.fromkeys(found))


def region_said(entry: Entry) -> str:
    """Return the first region that an action's steps or variables name, or an empty text."""
    said = [*(hint.region for hint in hints_of(entry)), fill(_region(entry.variables), entry.variables)]
    return next((region for region in said if REGION.fullmatch(region)), "")


def hints_in(script: str, variables: Mapping[str, str]) -> list[Hint]:
    """Find the commands of a shell script that look like deployments.

    Parameters
    ----------
    script : str
        One or more lines.
    variables : mapping of str to str
        What the shell finds in its environment; assignments of the script itself come on top.
    """
    known, found = dict(variables), []
    for command in _commands(script):
        known |= {name: fill(value, known) for name, value in _ASSIGNED.findall(command)}
        match = _DEPLOYS.search(command) or _SCRIPT.match(command)
        if match and not re.match(r"echo|printf", command):
            flag = _FLAG.search(command)
            region = fill(flag[1], known) if flag else _region(known)
            found.append(Hint(" ".join(match[0].split()), region if REGION.fullmatch(region) else ""))
    return found


def _commands(script: str) -> Iterator[str]:
    for command in _ENDS.split(script.replace("\\\n", " ")):
        if (text := command.strip()) and not text.startswith("#"):
            yield text


def _region(variables: Mapping[str, str]) -> str:
    return next((fill(variables[name], variables) for name in _REGION_VARIABLES if name in variables), "")


def _by_steps(entry: Entry) -> Iterator[Hint]:
    steps = entry.steps
    given = [region for step in steps for region in _regions(map_of(step.get("with")))]
    variables = entry.variables | ({"AWS_REGION": given[0]} if given else {})
    script = "\n".join(text_of(step.get("Run", step.get("run"))) for step in steps)
    yield from hints_in(script, variables)
    for step in steps:
        if match := _USES.match(text_of(step.get("uses"))):
            region = _region(variables)
            yield Hint(match[0], region if REGION.fullmatch(region) else "")


def _by_identifier(entry: Entry) -> Iterator[Hint]:
    # Labs' Terraform action may only look: its mode is one of test, plan and apply.
    looks = text_of(entry.configuration.get("TerraformOperationMode")) in ("test", "plan")
    if entry.kind == "other" and not looks and _IDENTIFIER.search(entry.identifier.split("@")[0]):
        regions = [entry.filled(region) for region in _regions(entry.configuration)]
        region = regions[0] if regions else fill(_region(entry.variables), entry.variables)
        yield Hint(entry.identifier, region if REGION.fullmatch(region) else "")


def _regions(values: Mapping[str, object]) -> list[str]:
    return [text_of(values[key]) for key in _REGION_KEYS if text_of(values.get(key))]
