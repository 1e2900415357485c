"""The table of rules for CodePipeline: what each asks for, and where that comes from.

Sources: "api" is the CodePipeline API reference, "guide" the user guide, by the name of its page; "ours" is this
project's own reading of a pipeline as waves. What every file is asked for stands in `waves.pipelines.rules`.
"""

from collections.abc import Mapping

_QUOTAS = "guide: Quotas in AWS CodePipeline"
_STRUCTURE = "guide: CodePipeline pipeline structure reference"
_ACTIONS = "guide: Action structure reference"
_RULES = "guide: Rule structure reference"

RULES: Mapping[str, tuple[str, str]] = {
    "artifact-stores": (
        "A pipeline has artifactStore, or artifactStores with one for each region of its actions.",
        "guide: Add a cross-Region action",
    ),
    "artifact-twice": ("Every output artifact has its own name in the whole pipeline.", "api: OutputArtifact"),
    "deployment-unseen": ("What deploys by a build, a function or a command states its region.", "ours"),
    "missing-key": ("A required key is there and not empty.", "api"),
    "name-characters": ("Names have letters, digits and . @ - _ only, at most 100.", "api: ActionDeclaration"),
    "name-twice": ("Every stage, and every action of a stage, has its own name.", _STRUCTURE),
    "pipeline-type": ("Stage conditions belong to pipelines of type V2.", "guide: Pipeline types"),
    "rollback-scope": ("onFailure ROLLBACK takes back its own stage only.", "guide: Configure stage rollback"),
    "run-order": ("Run orders go from 1 to 999.", "api: ActionDeclaration"),
    "same-service": ("No two actions side by side deploy to one service.", "ours"),
    "several-pipelines": ("A plan comes from one pipeline.", "ours"),
    "source-first": ("Source actions stand in the first stage, and nothing else does.", _STRUCTURE),
    "timeout": ("DeploymentTimeout is whole minutes, from 1 to 60.", "guide: Amazon ECS deploy action reference"),
    "too-few": ("A pipeline has at least two stages.", _STRUCTURE),
    "too-many": ("The pipeline keeps within the quotas.", _QUOTAS),
    "unknown-artifact": ("An input artifact is the output of an action before it.", "api: InputArtifact"),
    "unknown-provider": ("Providers are those of the user guide.", f"{_ACTIONS}; {_RULES}"),
    "wait-time": ("The WaitTime of an alarm is whole minutes.", "guide: CloudWatchAlarm"),
    "window": ("A DeploymentWindow is weekly hours; it is a check at entry.", "guide: DeploymentWindow"),
}
