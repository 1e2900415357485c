"""The table of rules for GitHub Actions: what each asks for, and where that comes from.

Sources: "docs" is GitHub Docs, by the name of its page; "action" the action's own `action.yml`; "ours" this project's
own reading of a workflow as waves. What every file is asked for stands in `waves.pipelines.rules`.
"""

from collections.abc import Mapping

_SYNTAX = "docs: Workflow syntax for GitHub Actions"

RULES: Mapping[str, tuple[str, str]] = {
    "always-runs": ("What deploys, waits or approves runs only where what it needs has succeeded.", "ours"),
    "bake-hint": ("BAKE_MINUTES is a number of minutes, not negative.", "ours"),
    "deployment-unseen": ("A deployment by a shell step states its region in DEPLOYS_REGION.", "ours"),
    "conditional": ("What deploys, waits or approves runs whatever happens; a condition is taken as true.", "ours"),
    "continue-on-error": ("What follows does not go on where a deployment has failed.", _SYNTAX),
    "dependency-cycle": ("No job waits for itself, whatever the way round.", _SYNTAX),
    "environment-settings": (
        "An environment's wait timer and reviewers stand in the repository's settings; the caller says them.",
        "docs: Managing environments for deployment",
    ),
    "fail-fast": ("Where a region fails, those that run go on, and those that wait do not start.", _SYNTAX),
    "file-name": ("The file's ending is .yml or .yaml, in small letters.", _SYNTAX),
    "job-or-call": ("A job has steps, or uses a workflow; not both.", _SYNTAX),
    "merge-key": ("No mapping takes the keys of another by '<<'.", "docs: Reusing workflow configurations"),
    "missing-key": ("A required key or input is there and not empty.", f"{_SYNTAX}; action"),
    "name-characters": ("A job id has letters, digits, - and _ only, and no digit first.", _SYNTAX),
    "never-runs": ("A job whose condition is false is no part of the plan, nor is what needs it.", _SYNTAX),
    "no-stability-wait": (
        "A deployment waits until the service is stable.",
        "action: amazon-ecs-deploy-task-definition",
    ),
    "self-dependency": ("No job needs itself.", _SYNTAX),
    "step-form": ("A step uses an action or runs a script.", _SYNTAX),
    "timeout": ("wait-for-minutes is at most 360.", "action: amazon-ecs-deploy-task-definition"),
    "too-many": ("A matrix makes at most 256 jobs.", _SYNTAX),
    "unknown-action": ("The AWS actions are spelt as they are published.", "action"),
    "unknown-dependency": ("needs names jobs of the workflow.", _SYNTAX),
    "workflow-called": ("A workflow that is called lies beside this one, or its region is given.", "ours"),
}
