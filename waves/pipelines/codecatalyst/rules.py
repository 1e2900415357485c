"""The table of rules that `check` and `Workflow` report: what each asks for, and where that comes from.

Sources: "guide" is the CodeCatalyst user guide, by the name of its page; "seen" is what public pipelines do; "ours" is
this project's own reading of a workflow as waves.
"""

from collections.abc import Mapping

_DEFINITION = "guide: Workflow YAML definition"
_QUOTAS = "guide: Quotas for workflows in CodeCatalyst"
_DEPENDS = "guide: Sequencing actions"
_GROUPS = "guide: Grouping actions into action groups"
_GATES = "guide: Gating a workflow run"
_ECS = "guide: 'Deploy to Amazon ECS' action YAML"
_ACTION = "guide: the action's own YAML page"
_OURS = "ours"

RULES: Mapping[str, tuple[str, str]] = {
    "account-id": ("An account id is quoted; unquoted it is read as a number, with a leading zero as octal.", "seen"),
    "action-name-twice": ("Every action, gate and group has its own name in the whole workflow.", _DEFINITION),
    "alias": ("Anchors and aliases are not documented for workflow files.", _DEFINITION),
    "approval-beside": ("A gate runs before or after an action, never beside one.", _GATES),
    "approvals-required": ("An approval asks for 1 or 2 approvals.", "guide: 'Approval' gate YAML"),
    "artifact-name": (
        "An artifact's name has letters, digits and underscores only.",
        "guide: Defining an output artifact",
    ),
    "artifact-twice": (
        "Every output artifact has its own name in the whole workflow.",
        "guide: Defining an output artifact",
    ),
    "bake-hint": ("BAKE_MINUTES is a number of minutes, not negative.", _OURS),
    "bake-left-out": (
        "What follows a wave and is no test says how long it waits, with BAKE_MINUTES, if it does.",
        _OURS,
    ),
    "bake-minutes": ("Bake minutes that the caller gives are not negative and fit the waves.", _OURS),
    "bake-unknown": ("A test between waves needs its minutes, from a BAKE_MINUTES variable or from the caller.", _OURS),
    "cannot-read": ("The file exists and may be read.", _OURS),
    "codedeploy-trio": (
        "codedeploy-appspec, codedeploy-application and codedeploy-deployment-group come together.",
        _ECS,
    ),
    "complex-key": ("A key is a plain word.", _DEFINITION),
    "compute-twice": ("Compute stands at the workflow or at its actions, not at both.", "guide: Assigning a fleet"),
    "control-character": ("The file holds no control characters.", "YAML 1.2, 5.1"),
    "dependency-cycle": ("No action waits for itself, whatever the way round.", _DEPENDS),
    "dependency-level": ("Inside a group DependsOn names siblings, outside it names top-level entries.", _DEPENDS),
    "dependency-twice": ("DependsOn names each entry once.", _DEPENDS),
    "deployment-unseen": (
        "What a step says that it deploys, the workflow declares, with a DEPLOYS_REGION variable.",
        _OURS,
    ),
    "duplicate-key": ("A mapping holds each key once.", "YAML 1.2, 3.2.1.1"),
    "empty-file": ("The file holds a workflow.", _DEFINITION),
    "empty-group": ("A group has at least one action.", _GROUPS),
    "environment-left-out": (
        "Of several stages the last is the plan; those before it come before its first wave.",
        _OURS,
    ),
    "environment-unknown": ("The environments that the caller names are those of deployments.", _OURS),
    "file-name": ("The file's ending is .yml or .yaml, in small letters.", "guide: Workflow definition file"),
    "gate-key": ("An approval has only Identifier, DependsOn and Configuration.", "guide: 'Approval' gate YAML"),
    "group-or-action": (
        "An entry with an Identifier is an action, one with Actions is a group; none is both.",
        _GROUPS,
    ),
    "hint-without-effect": ("BAKE_MINUTES stands at an action that waits after a wave; hints are spelt right.", _OURS),
    "letter-case": ("Values are written in the documented case.", "seen"),
    "missing-environment": ("An action that deploys names its Environment.", _ACTION),
    "missing-key": ("A required key is there and not empty.", _ACTION),
    "name-characters": ("A name has letters, digits, hyphens and underscores only.", _DEFINITION),
    "name-too-long": ("The workflow's name has at most 100 characters.", _QUOTAS),
    "nested-group": ("A group holds actions, no other group.", _GROUPS),
    "no-deployment": ("A workflow that is read as waves deploys to at least one region.", _OURS),
    "not-a-file": ("The path names a file.", _OURS),
    "not-utf8": ("The file is UTF-8.", _DEFINITION),
    "not-wave-shaped": ("Each wave of deployments begins after all of the wave before has ended.", _OURS),
    "one-input": ("The action takes one input: a source or an artifact.", _ACTION),
    "region-hint": ("DEPLOYS_REGION is the code of one region, and does not contradict the configuration.", _OURS),
    "region-in-two-waves": ("A region is in one wave only.", _OURS),
    "region-name": ("A region has a code such as us-east-1.", "guide: Regional endpoints"),
    "region-of": ("The actions for which the caller gives a region are in the workflow, and in the plan.", _OURS),
    "region-unknown": ("Every deployment states its region, or the caller gives it.", _OURS),
    "scalar-for-list": ("Where the guide shows a list, a list stands, even of one item.", _DEFINITION),
    "schedule-expression": (
        "A schedule is six fields of cron in UTC, without cron(…) around them.",
        "guide: Triggers YAML",
    ),
    "schema-version": ("SchemaVersion is 1.0.", _DEFINITION),
    "second-document": ("Nothing follows a '---' separator; CodeCatalyst ignores it.", _DEFINITION),
    "self-dependency": ("No entry depends on itself, nor on its own group.", _DEPENDS),
    "tag": ("The file has no YAML tags.", _DEFINITION),
    "timeout": ("Timeout is whole minutes, from 5 to what the action's quota allows.", _QUOTAS),
    "too-deep": ("The file nests at most 64 levels.", _OURS),
    "too-large": ("The file has at most 256 KB.", _QUOTAS),
    "too-many": ("The workflow keeps within the quotas.", _QUOTAS),
    "too-many-nodes": ("The file holds at most 200,000 values, aliases expanded.", _OURS),
    "trigger-key": ("A trigger has only the keys of its type.", "guide: Triggers YAML"),
    "unknown-artifact": (
        "An input artifact is the output of another action.",
        "guide: Defining an input artifact",
    ),
    "unknown-dependency": ("DependsOn names an entry of the workflow.", _DEPENDS),
    "unknown-identifier": ("The action is one of those in the guide; AWS and others may have added more.", _DEFINITION),
    "unknown-key": ("Keys are spelt as in the guide: a near miss is an error, another key a warning.", _DEFINITION),
    "unknown-value": ("The value is one of those in the guide.", _DEFINITION),
    "wrong-type": ("A list, a mapping or a text stands where the guide has one.", _DEFINITION),
    "yaml-syntax": ("The file is YAML.", _DEFINITION),
}
