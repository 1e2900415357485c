"""`wavecast check`: every fault of pipeline, plan, fleet and scenario files at once.

Not here: the rules (``waves``, ``simulation.scenario``).
"""

import os
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import PIPELINES, Kind, find, mistaken, read_fleet, read_scenario, recognise
from wavecast.plans import Reading, read_plan, remarks, without_effect
from wavecast.terminal import say, say_json
from wavecast.verbs.options import workflow_options
from waves import Finding, Fleet, InputError, Plan, plan_findings
from waves import check as check_pipeline

if TYPE_CHECKING:
    from simulation import Scenario

# What keeps a file from being read at all, in the place of something wrong in it.
UNREADABLE = frozenset({"cannot-read", "not-a-file", "not-utf8", "too-large", "control-character"})

HELP = """Check files: pipelines, plans, fleets and scenarios, told apart by their content.

A pipeline is a CodeCatalyst workflow (for those it stands in for the console's Validate button), a GitHub Actions
workflow, or a CodePipeline pipeline: the JSON of get-pipeline, or a CloudFormation template. Every finding at once, one
a line: path:line:column: error|warning: message [rule]. What keeps a pipeline from being read as a plan is a warning,
and with --as-plan, or with any other option that is about the plan, an error.

With --fleet, pipelines and plans are also held against a fleet: regions that it does not have, failover partners in
one wave, a first wave with more traffic than the rest, more regions in a wave than AWS's rule for fanning out
allows, regions left out; with a scenario for F, approvals of which it does not say how long they take.

\b
Examples:
  wavecast check .codecatalyst/workflows/*.yaml
  wavecast check .github/workflows/deploy.yml pipeline.json
  wavecast check release.yaml --as-plan --environment prod --bake-minutes 30
  wavecast check plan.yaml --fleet fleet.yaml
  wavecast check scenario.yaml --json

\b
Exit codes:
  0  no errors (there may be warnings)
  1  an error
  2  a file that cannot be read
"""


@click.command(help=HELP)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--fleet", metavar="F", help="A fleet or scenario (file or sample) to hold pipelines and plans against.")
@click.option("--as-plan", is_flag=True, help="Pipelines have to be plans: what keeps one from it is an error.")
@workflow_options
@click.option(
    "--json", "as_json", is_flag=True, help="Write an object: files (path, kind), findings, errors, warnings."
)
def check(files: tuple[str, ...], fleet: str | None, as_plan: bool, reading: Reading, as_json: bool) -> int:
    """See HELP."""
    known = _held_against(fleet)
    given = {key: value for key, value in reading.items() if value is not None}
    as_plan = as_plan or known is not None or bool(given)
    kinds, findings = [], []
    for name in files:
        kind, found = findings_of(name, known, as_plan=as_plan, **given)
        kinds.append({"path": name, "kind": kind})
        findings += found
    told = {each["kind"] for each in kinds if each["kind"]}
    if all(each["kind"] for each in kinds) and (idle := without_effect(reading, told)):
        findings.append(Finding(files[0], 1, 1, "error", idle, "no-effect"))
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if as_json:
        listed = [finding.as_dict() for finding in findings]
        say_json({"files": kinds, "findings": listed, "errors": errors, "warnings": warnings})
    else:
        for finding in findings:
            say(str(finding))
        checked, found_e, found_w = (
            _count(n, t) for n, t in ((len(files), "file"), (errors, "error"), (warnings, "warning"))
        )
        click.echo(f"{checked} checked: {found_e}, {found_w}", err=True)
    return _code(findings)


def _held_against(name: str | None) -> "Fleet | Scenario | None":
    if name is None:
        return None
    kind = recognise(find(name, "fleet", "scenario"))[1]
    return read_scenario(name) if kind == "scenario" else read_fleet(name)


def findings_of(
    name: str | os.PathLike[str],
    fleet: "Fleet | Scenario | None" = None,
    *,
    as_plan: bool = False,
    **reading: Any,
) -> tuple[Kind | None, list[Finding]]:
    """Check one file.

    Parameters
    ----------
    name
        A path, or a sample's name.
    fleet
        What to hold a pipeline or a plan against; a scenario shows more than its fleet.
    as_plan
        Whether a pipeline has to be a plan.
    **reading
        What `Plan.read_pipeline` takes, for pipelines.

    Returns
    -------
    kind : {"codecatalyst", "codepipeline", "github-actions", "plan", "fleet", "scenario"} or None
        What it is; None where that cannot be told.
    findings : list of Finding
        In the order of the file.
    """
    kind: Kind | None = None
    try:
        path = find(name, "plan", "scenario", "fleet")
        document, kind = recognise(path)
        if kind in PIPELINES:
            return kind, _pipeline(path, fleet, as_plan, reading)
        if kind == "plan":
            return kind, _together(read_plan(path), fleet)
        if kind == "fleet":
            read_fleet(path)
        elif kind == "scenario":
            read_scenario(path)
        else:
            raise mistaken(document, None, "a pipeline, plan, fleet or scenario")
    except InputError as error:
        return kind, list(error.findings)
    return kind, []


def _together(plan: Plan, fleet: "Fleet | Scenario | None") -> list[Finding]:
    """Say what a plan and its fleet show together, or its scenario."""
    if fleet is None:
        return []
    if isinstance(fleet, Fleet):
        return plan_findings(plan, fleet)
    from simulation.doubts import refusals

    return sorted({*plan_findings(plan, fleet.fleet), *refusals(plan, fleet), *remarks([plan], fleet)})


def _pipeline(path: str, fleet: "Fleet | Scenario | None", as_plan: bool, reading: dict[str, Any]) -> list[Finding]:
    found = check_pipeline(path, as_plan=as_plan, **reading)
    errors = {finding.rule for finding in found if finding.severity == "error"}
    if fleet is None or not errors <= {"bake-unknown"}:
        return found
    # Bakes that nobody states are reported by now, and do not matter to the rest.
    plan = Plan.read_pipeline(path, **({"bake_minutes": 0} if errors else {}) | reading)
    return sorted({*found, *_together(plan, fleet)})


def _count(n: int, thing: str) -> str:
    return f"{n or 'no'} {thing}{'' if n == 1 else 's'}"


def _code(findings: list[Finding]) -> int:
    errors = [finding for finding in findings if finding.severity == "error"]
    if any(finding.rule in UNREADABLE for finding in errors):
        return 2
    return 1 if errors else 0
