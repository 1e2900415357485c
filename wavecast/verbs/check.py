"""`wavecast check`: every fault of files of pipelines, plans, fleets, scenarios and rules at once.

Not here: the rules (``waves``, ``simulation.scenario``).
"""

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import PIPELINES, Kind, find, mistaken, read_fleet, read_scenario, recognise
from wavecast.plans import Reading, read_plan, remarks, without_effect
from wavecast.rules import held, read_rules
from wavecast.terminal import Refusal, say, say_json
from wavecast.verbs.options import workflow_options
from waves import Finding, Fleet, InputError, Plan, Rules, idle_findings, plan_findings, rule_findings
from waves import check as check_pipeline
from waves.files.documents import one_line

if TYPE_CHECKING:
    from simulation import Scenario

# What keeps a file from being read at all, in the place of something wrong in it.
UNREADABLE = frozenset({"cannot-read", "not-a-file", "not-utf8", "too-large", "control-character"})

HELP = """Check files: pipelines, plans, fleets, scenarios and rules, told apart by their content.

A pipeline is a CodeCatalyst workflow (for those it stands in for the console's Validate button), a GitHub Actions
workflow, or a CodePipeline pipeline: the JSON of get-pipeline, or a CloudFormation template. Every finding at once, one
a line: path:line:column: error|warning: message [rule]. What keeps a pipeline from being read as a plan is a warning,
and with --as-plan, or with any other option that is about the plan, an error.

With --fleet, or where one of the files is a fleet or a scenario (or a scenario and its own fleet), pipelines and plans
are also held against it: regions that it does not have, failover partners in one wave, a first wave with more traffic
than the rest, more regions in a wave than AWS's rule for fanning out allows, regions left out; with a --scenario also
approvals of which it does not say how long they take, calendars without the times at which people push, waves that wait
for their windows past the horizon, a timeout below the median deployment, and an on_alarm that leaves regions to people
without a manual_recovery. A file of rules is held against it, too: where no plan for the fleet can keep its rules
together, the smallest set that clashes is named.

With --rules, pipelines and plans are also held against the rules of a file: what they break is an error. Its limits
are for reports and gates.

\b
Examples:
  wavecast check .codecatalyst/workflows/*.yaml
  wavecast check .github/workflows/deploy.yml pipeline.json
  wavecast check release.yaml --as-plan --environment prod --bake-minutes 30
  wavecast check fleet.yaml plan.yaml scenario.yaml
  wavecast check plan.yaml --fleet fleet.yaml --rules rules.yaml
  wavecast check rules.yaml --fleet fleet.yaml
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
@click.option("--scenario", metavar="S", help="A scenario, as all other verbs take it: in the place of --fleet.")
@click.option("--rules", metavar="FILE", help="A file of rules (or a sample) that pipelines and plans must keep.")
@click.option("--as-plan", is_flag=True, help="Pipelines have to be plans: what keeps one from it is an error.")
@workflow_options
@click.option(
    "--json", "as_json", is_flag=True, help="Write an object: files (path, kind), against, findings, errors, warnings."
)
def check(
    files: tuple[str, ...],
    fleet: str | None,
    scenario: str | None,
    rules: str | None,
    as_plan: bool,
    reading: Reading,
    as_json: bool,
) -> int:
    """See HELP."""
    if fleet is not None and scenario is not None:
        raise Refusal("--fleet and --scenario: a scenario has its fleet; give one of the two")
    known = _held_against(fleet) if scenario is None else read_scenario(scenario)
    asked, against = None if rules is None else read_rules(rules), scenario or fleet
    beside = _beside(files) if against is None else None
    given = {key: value for key, value in reading.items() if value is not None}
    as_plan = as_plan or known is not None or asked is not None or bool(given)
    kinds, findings = [], []
    for name in files:
        kind, found = findings_of(name, known or (beside and beside[1]), asked, as_plan=as_plan, **given)
        kinds.append({"path": name, "kind": kind})
        findings += [finding for finding in found if finding not in findings]
    if asked is not None:
        own = _fleet_of(known or (beside and beside[1]))
        findings += [each for each in held(asked, own) if each not in findings]
        if not asked.rules.asked:
            findings.append(asked.remark((), "it has limits only, which a report judges; add `rules:`", "no-effect"))
        elif not {each["kind"] for each in kinds} & {*PIPELINES, "plan", None}:
            idle = "--rules is for pipelines and plans, and there is none"
            findings.append(Finding(files[0], 1, 1, "error", idle, "no-effect"))
    told = {each["kind"] for each in kinds if each["kind"]}
    if all(each["kind"] for each in kinds) and (idle := without_effect(reading, told)):
        findings.append(Finding(files[0], 1, 1, "error", idle, "no-effect"))
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if as_json:
        listed = [finding.as_dict() for finding in findings]
        held_to = against if beside is None else beside[0]
        say_json({"files": kinds, "against": held_to, "findings": listed, "errors": errors, "warnings": warnings})
    else:
        for finding in findings:
            say(str(finding))
        checked, found_e, found_w = (
            _count(n, t) for n, t in ((len(files), "file"), (errors, "error"), (warnings, "warning"))
        )
        others = f", the others against {one_line(beside[0])}" if beside else ""
        click.echo(f"{checked} checked{others}: {found_e}, {found_w}", err=True)
    return _code(findings)


def _held_against(name: str | None) -> "Fleet | Scenario | None":
    if name is None:
        return None
    kind = recognise(find(name, "fleet", "scenario"))[1]
    return read_scenario(name) if kind == "scenario" else read_fleet(name)


def _beside(files: tuple[str, ...]) -> "tuple[str, Fleet | Scenario] | None":
    """Return what the other files are about: the one scenario among them, else the one fleet; with several, nothing."""
    found: dict[str, list[tuple[str, Fleet | Scenario]]] = {"scenario": [], "fleet": []}
    if len(files) < 2:
        return None
    for name in files:
        with contextlib.suppress(InputError):  # which its own check tells
            path = find(name, "plan", "scenario", "fleet", "rules")
            kind = recognise(path)[1]
            if kind in found:
                found[kind].append((name, read_scenario(path) if kind == "scenario" else read_fleet(path)))
    scenarios, fleets = found.values()
    if len(scenarios) > 1 or len({_fleet_of(each) for _, each in (*scenarios, *fleets)}) != 1:
        return None
    return (scenarios or fleets)[0]


def findings_of(
    name: str | os.PathLike[str],
    fleet: "Fleet | Scenario | None" = None,
    rules: Rules | None = None,
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
        What to hold a pipeline, a plan or rules against; a scenario shows more than its fleet.
    rules
        What a pipeline or a plan must keep.
    as_plan
        Whether a pipeline has to be a plan.
    **reading
        What `Plan.read_pipeline` takes, for pipelines.

    Returns
    -------
    kind : {"codecatalyst", "codepipeline", "github-actions", "plan", "fleet", "scenario", "rules"} or None
        What it is; None where that cannot be told.
    findings : list of Finding
        In the order of the file.
    """
    kind: Kind | None = None
    try:
        path = find(name, "plan", "scenario", "fleet", "rules")
        document, kind = recognise(path)
        if kind in PIPELINES:
            return kind, _pipeline(path, fleet, rules, as_plan, reading)
        if kind == "plan":
            return kind, _together(read_plan(path), fleet, rules)
        if kind == "fleet":
            read_fleet(path)
        elif kind == "scenario":
            from simulation.doubts import idle

            return kind, idle(read_scenario(path))
        elif kind == "rules":
            return kind, held(read_rules(path), _fleet_of(fleet))
        else:
            raise mistaken(document, None, "a pipeline, plan, fleet, scenario or rules")
    except InputError as error:
        return kind, list(error.findings)
    return kind, []


def _fleet_of(known: "Fleet | Scenario | None") -> Fleet | None:
    return known if known is None or isinstance(known, Fleet) else known.fleet


def _together(plan: Plan, known: "Fleet | Scenario | None", rules: Rules | None) -> list[Finding]:
    """Say what a plan shows together with its fleet, its scenario, its rules."""
    fleet = _fleet_of(known)
    found = {*idle_findings(plan), *(() if rules is None else rule_findings(plan, rules, fleet))}
    if fleet is None or known is None:
        return sorted(found)
    found |= {*plan_findings(plan, fleet)}
    if isinstance(known, Fleet):
        return sorted(found)
    from simulation.doubts import refusals

    return sorted({*found, *refusals(plan, known), *remarks([plan], known)})


def _pipeline(
    path: str, fleet: "Fleet | Scenario | None", rules: Rules | None, as_plan: bool, reading: dict[str, Any]
) -> list[Finding]:
    found = check_pipeline(path, as_plan=as_plan, **reading)
    errors = {finding.rule for finding in found if finding.severity == "error"}
    if (fleet is None and rules is None) or not errors <= {"bake-unknown"}:
        return found
    # Bakes that nobody states are reported by now, and do not matter to the rest.
    unstated = any(finding.rule == "bake-unknown" for finding in found)
    try:
        plan = Plan.read_pipeline(path, **({"bake_minutes": 0} if unstated else {}) | reading)
    except InputError:
        if as_plan:
            raise
        return found  # it need not be a plan, and why it is none is a warning by now
    return sorted({*found, *_together(plan, fleet, rules)})


def _count(n: int, thing: str) -> str:
    return f"{n or 'no'} {thing}{'' if n == 1 else 's'}"


def _code(findings: list[Finding]) -> int:
    errors = [finding for finding in findings if finding.severity == "error"]
    if any(finding.rule in UNREADABLE for finding in errors):
        return 2
    return 1 if errors else 0
