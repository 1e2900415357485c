"""What a pipeline deploys, for the writers: the service, its image, its task definition, what regions build."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from waves.files.documents import shown
from waves.pipelines.steps import REGION

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*")
_PATH = re.compile(r"[A-Za-z0-9._/{}-]+")
_BRANCH = re.compile(r"[A-Za-z0-9._/-]+")


@dataclass(frozen=True)
class Target:
    """What a written pipeline deploys.

    Attributes
    ----------
    service, cluster, container : str
        The ECS service, its cluster, and the container that gets the image; the same names in every region.
    repository : str
        The ECR repository of the image.
    account : str
        The AWS account, twelve digits.
    primary : str
        The region in which the image is built; the plan's first one if left out.
    task_definition : str
        The file in the source; with ``{region}`` in its name there is one for each region.
    replicated : bool
        Whether ECR replicates the image into every region, so that each pulls its own copy.
    builds : mapping of str to str
        From a region to the command that builds what only this region has; kept apart from the common build.
    branch : str
        The branch whose pushes start the pipeline.
    alarm : str
        The CloudWatch alarm that is watched in every region; ``SERVICE-errors`` if left out.
    source : str
        The repository, as ``owner/name``; CodePipeline fetches it through a connection.
    connection : str
        The ARN of that connection; a parameter of the template if left out.
    """

    service: str = "app"
    cluster: str = "app"
    container: str = "app"
    repository: str = "app"
    account: str = "111122223333"
    primary: str = ""
    task_definition: str = "deploy/task-definition.json"
    replicated: bool = False
    builds: Mapping[str, str] = field(default_factory=dict)
    branch: str = "main"
    alarm: str = ""
    source: str = "owner/name"
    connection: str = ""

    def __post_init__(self) -> None:
        for name, pattern, what in (
            ("service", _NAME, "a name of letters, digits, - and _"),
            ("cluster", _NAME, "a name of letters, digits, - and _"),
            ("container", _NAME, "a name of letters, digits, - and _"),
            ("repository", _REPOSITORY, "an ECR repository in small letters, such as shop/web"),
            ("account", re.compile(r"[0-9]{12}"), "an account id of twelve digits"),
            ("task_definition", _PATH, "a path such as deploy/task-definition.json or deploy/{region}.json"),
            ("branch", _BRANCH, "a branch such as main"),
            ("source", re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+"), "a repository as owner/name"),
        ):
            value = getattr(self, name)
            if not pattern.fullmatch(value) or len(value) > 200:
                raise ValueError(f"{name} is {shown(value)}; give {what}")
        if re.search(r"[{}]", self.task_definition.replace("{region}", "")):
            raise ValueError(f"task_definition is {shown(self.task_definition)}; give a path, with {{region}} at most")
        if self.primary and not REGION.fullmatch(self.primary):
            raise ValueError(f"primary is {shown(self.primary)}; give an AWS region such as us-east-1")
        if self.alarm and not re.fullmatch(r"[A-Za-z0-9._/-]{1,200}", self.alarm):
            raise ValueError(f"alarm is {shown(self.alarm)}; give an alarm's name of letters, digits, . _ / and -")
        if self.connection and not re.fullmatch(r"arn:aws[a-z-]*:code[a-z-]+:[A-Za-z0-9:/_-]{1,200}", self.connection):
            raise ValueError(f"connection is {shown(self.connection)}; give the ARN of a connection")
        for region, command in self.builds.items():
            if not command.strip() or len(command) > 900 or "\n" in command:
                raise ValueError(
                    f"the build of {region} is {shown(command)}; give one line of shell, at most 900 letters"
                )

    @property
    def alarm_name(self) -> str:
        """The alarm that is watched."""
        return self.alarm or f"{self.service}-errors"

    @property
    def per_region(self) -> bool:
        """Whether each region has a task definition of its own."""
        return "{region}" in self.task_definition

    def definition(self, region: str) -> str:
        """Return the task definition's file of a region, or with an expression in the place of one."""
        return self.task_definition.replace("{region}", region)

    def registry(self, region: str) -> str:
        """Return the registry of a region, or with an expression in the place of one."""
        return f"{self.account}.dkr.ecr.{region}.amazonaws.com"
