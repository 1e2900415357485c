"""The rules of each action, group and trigger that go beyond keys and types; dependencies are in `_dependencies`."""

import math
from typing import Any

from waves.files.documents import Where, closest, shown
from waves.pipelines.codecatalyst._cron import faults_of
from waves.pipelines.codecatalyst.entries import Entry, is_group, resolved
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.schema import (
    ACCOUNT,
    ACTION,
    ARTIFACT,
    BAKE_HINT,
    GATE_KEYS,
    GROUP,
    IDENTIFIER,
    IDENTIFIERS,
    MAX_ACTIONS,
    MAX_NAME,
    MIN_TIMEOUT,
    NAME,
    REGION,
    REGION_HINT,
    UNDOCUMENTED,
    Identifier,
    base_of,
    known_as,
)
from waves.pipelines.keys import NEAR, Report, check_map, check_value, missing
from waves.pipelines.trees import map_of, text_of

_TRIO = ("codedeploy-appspec", "codedeploy-application", "codedeploy-deployment-group")


def check_top(report: Report, value: dict[str, Any]) -> None:
    """Check the workflow's name and version, and its triggers."""
    name, version = text_of(value.get("Name")), text_of(value.get("SchemaVersion"))
    if name and not NAME.fullmatch(name):
        _bad_name(report, ("Name",), name)
    if len(name) > MAX_NAME:
        what = f"the workflow's name has {len(name)} characters; at most {MAX_NAME} are allowed"
        report.error(("Name",), what, "name-too-long")
    if version and version != "1.0":
        report.error(("SchemaVersion",), f"SchemaVersion is {shown(version)}; write '1.0'", "schema-version")
    triggers = value.get("Triggers")
    for i, trigger in enumerate(triggers if isinstance(triggers, list) else []):
        _check_trigger(report, ("Triggers", i), map_of(trigger))


def _bad_name(report: Report, where: Where, name: str) -> None:
    what = f"the name {shown(name)} may have only letters, digits, '-' and '_'"
    report.error(where, what, "name-characters")


def _check_trigger(report: Report, where: Where, trigger: Any) -> None:
    kind = text_of(trigger.get("Type")).upper()
    if kind == "SCHEDULE" and not missing(trigger, "Expression"):
        expression = text_of(trigger["Expression"])
        for fault in faults_of(expression):
            report.error((*where, "Expression"), f"the schedule {shown(expression)} {fault}", "schedule-expression")
    for owner, key in (("SCHEDULE", "Expression"), ("PULLREQUEST", "Events")):
        if kind == owner and missing(trigger, key):
            report.error(where, f"a {owner} trigger lacks the required key {key!r}", "missing-key")
        elif kind in ("PUSH", "PULLREQUEST", "SCHEDULE") and kind != owner and key in trigger:
            report.warn((*where, key), f"{key!r} has no meaning in a {kind} trigger", "trigger-key")


def check_entries(report: Report, actions: dict[str, Any]) -> None:
    """Check every entry below `Actions`: groups, actions, and what is neither."""
    if not actions:
        report.error(("Actions",), "the workflow has no actions", "missing-key")
    for name, body in actions.items():
        where: Where = ("Actions", name)
        if isinstance(body, dict) and is_group(body):
            _check_group(report, where, name, body)
        else:
            _check_action(report, where, name, body)


def _check_group(report: Report, where: Where, name: str, body: dict[str, Any]) -> None:
    if not NAME.fullmatch(name):
        _bad_name(report, where, name)
    if missing(body, "Actions"):
        report.error(where, f"the group {name!r} has no actions", "empty-group")
        body = {key: value for key, value in body.items() if key != "Actions"} | {"Actions": {}}
    check_map(report, where, body, GROUP)
    for inner, action in map_of(body["Actions"]).items():
        below = (*where, "Actions", inner)
        if isinstance(action, dict) and is_group(action):
            what = f"{inner!r} is a group inside the group {name!r}; groups do not nest"
            report.error(below, what, "nested-group")
        else:
            _check_action(report, below, inner, action)


def _check_action(report: Report, where: Where, name: str, body: Any) -> None:
    if not NAME.fullmatch(name):
        _bad_name(report, where, name)
    if isinstance(body, dict) and "Actions" in body:
        what = f"{name!r} has both Identifier and Actions; an action has no actions of its own"
        report.error(where, what, "group-or-action")
        body = {key: value for key, value in body.items() if key != "Actions"}
    check_map(report, where, body, ACTION)
    if isinstance(body, dict):
        entry = Entry(name, None, where, body)
        known = _check_identifier(report, entry)
        if known:
            _check_known(report, entry, known)
        _check_hints(report, entry)


def _check_identifier(report: Report, entry: Entry) -> Identifier | None:
    text, base, where = entry.identifier, base_of(entry.identifier), (*entry.where, "Identifier")
    if not text:
        return None
    known = known_as(text)
    match = IDENTIFIER.fullmatch(text)
    own = base in UNDOCUMENTED or (known and base not in IDENTIFIERS)
    if own:
        report.warn(where, f"{shown(text)} is AWS's own, but not in the user guide", "unknown-identifier")
    elif known and not match:
        what = f"the identifier {shown(text)} has no version; write it as {base}@v{known.majors[-1]}"
        report.warn(where, what, "unknown-identifier")
    elif not known:
        # AWS and others add actions: a near miss may be one of them.
        near = closest(base, IDENTIFIERS, 0.88)
        hint = f"; did you mean {near!r}?" if near else "; its configuration is not checked"
        report.warn(where, f"{shown(text)} is not in the user guide's catalogue{hint}", "unknown-identifier")
    elif match and match["major"] not in known.majors:
        majors = " and ".join(f"v{major}" for major in known.majors)
        report.warn(where, f"{shown(text)}: the user guide knows {majors} of {base}", "unknown-identifier")
    return known


def _check_known(report: Report, entry: Entry, known: Identifier) -> None:
    configuration = entry.body.get("Configuration")
    if known.kind == "approval":
        _check_gate(report, entry)
    elif base_of(entry.identifier) == "aws/ecs-render-task-definition" and "container-name" in entry.configuration:
        stand_in = {"container-definition-name": "stands for container-name", **entry.configuration}
        check_value(report, (*entry.where, "Configuration"), stand_in, known.configuration)
    elif isinstance(configuration, dict) and isinstance(configuration.get("Parameters"), dict):
        # AWS's older blueprints wrote one more level, and so does one of the guide's own examples.
        below = (*entry.where, "Configuration", "Parameters")
        report.warn(
            below, "the key 'Parameters' is not in the user guide; put what is below it one level up", "unknown-key"
        )
        check_value(report, below, configuration["Parameters"], known.configuration)
    elif configuration is not None:
        check_value(report, (*entry.where, "Configuration"), configuration, known.configuration)
    elif known.configuration.required:
        what = f"{entry.name} lacks the required key 'Configuration'"
        report.error((*entry.where, "Configuration"), what, "missing-key")
    if known.environment and missing(entry.body, "Environment"):
        what = f"{entry.name} ({entry.identifier}) lacks the required key 'Environment'"
        report.error(entry.where, what, "missing-environment")
    _check_timeout(report, entry, known)
    _check_inputs(report, entry, known)
    _check_region(report, entry, known)
    _check_trio(report, entry)


def _check_gate(report: Report, entry: Entry) -> None:
    where: Where = (*entry.where, "Configuration", "ApprovalsRequired")
    for key in entry.body:
        if key in (ACTION.keys or {}) and key not in GATE_KEYS:
            report.warn((*entry.where, key), f"{key!r} has no meaning in an approval", "gate-key")
    configuration = entry.body.get("Configuration")
    check_value(report, where[:-1], configuration, IDENTIFIERS["aws/approval"].configuration)
    asked = text_of(entry.configuration.get("ApprovalsRequired"))
    if asked.isdigit() and asked not in ("1", "2"):
        report.error(where, f"ApprovalsRequired is {shown(asked)}; it is 1 or 2", "approvals-required")


def _check_timeout(report: Report, entry: Entry, known: Identifier) -> None:
    text, where = text_of(entry.body.get("Timeout")), (*entry.where, "Timeout")
    if not (text.isascii() and text.isdigit()):
        return
    minutes = int(text)
    if known.max_timeout and minutes > known.max_timeout:
        what = f"Timeout is {minutes} minutes; {entry.identifier} allows at most {known.max_timeout}"
        report.error(where, what, "timeout")
    elif minutes < MIN_TIMEOUT:
        report.warn(where, f"Timeout is {minutes} minutes; the least is {MIN_TIMEOUT}", "timeout")


def _check_inputs(report: Report, entry: Entry, known: Identifier) -> None:
    inputs = map_of(entry.body.get("Inputs"))
    count = sum(len(v) for k in ("Sources", "Artifacts") if isinstance(v := inputs.get(k), list))
    if known.one_input and count > 1:
        what = f"{entry.name} has {count} inputs; {entry.identifier} takes one, a source or an artifact"
        report.warn((*entry.where, "Inputs"), what, "one-input")


def _check_region(report: Report, entry: Entry, known: Identifier) -> None:
    region = entry.filled(entry.configuration.get(known.region)) if known.region else ""
    # What is not filled in is no name: that is `region-unknown`, where the workflow is read as waves.
    if region and resolved(region) and not REGION.fullmatch(region):
        what = f"{shown(region)} is no region code such as us-east-1"
        report.warn((*entry.where, "Configuration", known.region), what, "region-name")


def _check_trio(report: Report, entry: Entry) -> None:
    if base_of(entry.identifier) != "aws/ecs-deploy":
        return
    there = [key for key in _TRIO if not missing(entry.configuration, key)]
    lacking = [key for key in _TRIO if key not in there]
    if there and lacking:
        what = f"{' and '.join(map(repr, there))} without {' and '.join(map(repr, lacking))}; give all three or none"
        report.error((*entry.where, "Configuration", there[0]), what, "codedeploy-trio")


def _check_hints(report: Report, entry: Entry) -> None:
    rows = map_of(entry.body.get("Inputs")).get("Variables")
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        name, value = (text_of(map_of(row).get(key)) for key in ("Name", "Value"))
        where = (*entry.where, "Inputs", "Variables", i)
        if name == BAKE_HINT and minutes_of(value) is None:
            what = f'{BAKE_HINT} is {shown(value)}; write the minutes of the bake as a number, such as "30"'
            report.error(where, what, "bake-hint")
        elif name == REGION_HINT:
            _check_region_hint(report, where, entry, value)
        elif name != BAKE_HINT and (near := closest(name, (BAKE_HINT, REGION_HINT), 0.85)):
            what = f"the variable {shown(name)} is no hint for the plan; did you mean {near!r}?"
            report.warn(where, what, "hint-without-effect")


def _check_region_hint(report: Report, where: Where, entry: Entry, value: str) -> None:
    region, known = entry.filled(value), known_as(entry.identifier)
    stated = entry.filled(entry.configuration.get(known.region)) if known and known.region else ""
    if not region or len(region.split()) > 1 or "," in region:
        what = f'{REGION_HINT} is {shown(value)}; write the code of one region, such as "us-east-1"'
        report.error(where, what, "region-hint")
    elif resolved(region) and resolved(stated) and stated not in ("", region):
        what = f"{REGION_HINT} is {shown(region)}, but the action's own configuration says {shown(stated)}; remove one"
        report.error(where, what, "region-hint")
    elif resolved(region) and not REGION.fullmatch(region):
        report.warn(where, f"{shown(region)} is no region code such as us-east-1", "region-name")


def minutes_of(text: str) -> float | None:
    """Read minutes from a text: a number, finite and not negative; else None."""
    try:
        minutes = float(text)
    except ValueError:
        return None
    return minutes if math.isfinite(minutes) and minutes >= 0 else None


def check_whole(report: Report, graph: Graph, value: dict[str, Any]) -> None:
    """Check what concerns all actions together: quotas, names, compute, account ids."""
    count = len(graph.actions)
    if count > MAX_ACTIONS:
        report.error(("Actions",), f"the workflow has {count} actions; at most {MAX_ACTIONS} are allowed", "too-many")
    seen: dict[str, Where] = {}
    for name, where in [*graph.groups.items(), *((a.name, a.where) for a in graph.actions)]:
        if name in seen:
            line = report.document.finding(seen[name], "", "").line
            what = f"the name {name!r} stands twice in the workflow, first on line {line}"
            report.warn(where, what, "action-name-twice")
        seen.setdefault(name, where)
    if not missing(value, "Compute"):
        for entry in (e for e in graph.actions if not missing(e.body, "Compute")):
            what = f"{entry.name} has Compute, and so has the workflow; give it at one of them"
            report.warn((*entry.where, "Compute"), what, "compute-twice")
    _check_accounts(report)


def check_artifacts(report: Report, graph: Graph) -> None:
    """Check the names of artifacts, and that each one taken is made."""
    seen: set[str] = set()
    for where, name in (row for entry in graph.actions for row in entry.artifacts_out):
        if not ARTIFACT.fullmatch(name):
            what = f"the artifact {shown(name)} may have only letters, digits and '_'"
            report.error(where, what, "artifact-name")
        if name in seen:
            report.warn(where, f"the artifact {shown(name)} is put out twice in the workflow", "artifact-twice")
        seen.add(name)
    for where, name in (row for entry in graph.actions for row in entry.artifacts_in):
        if name not in seen and "${" not in name:
            near = closest(name, seen, NEAR)
            hint = f"; did you mean {near!r}?" if near else "; add it to the Outputs of the action that makes it"
            report.error(where, f"no action puts out the artifact {shown(name)}{hint}", "unknown-artifact")


def _check_accounts(report: Report) -> None:
    for where, text in report.document.plain.items():
        if not ACCOUNT.fullmatch(text):
            continue
        base = "in base eight" if text.startswith("0") else "as a number"
        what = f"the account id {text} is not quoted and may be read {base}; write it in quotes"
        if where[-1] == "Name" and "Connections" in where and text.startswith("0"):
            report.error(where, what, "account-id")
        else:
            report.warn(where, what, "account-id")
