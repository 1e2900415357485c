"""Pipeline files: find out what each is, check, read, write and rearrange it.

What a system's file means is in its folder; how a plan is made of what is read, in `waves.plan`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waves.files.documents import Document, Finding, InputError, did_you_mean, parse_yaml, read_yaml, shown, write_text
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Regrouped, regrouped
from waves.pipelines.steps import BakeMinutes, Hints
from waves.pipelines.system import System
from waves.pipelines.systems import SYSTEMS
from waves.pipelines.target import Target
from waves.pipelines.written import Written

if TYPE_CHECKING:
    from waves.plan import Plan


def system_of(value: Any) -> System | None:
    """Return the system whose file these values are, or None."""
    return next((system for system in SYSTEMS.values() if system.recognises(value)), None)


def system_named(name: str) -> System:
    """Return a system by its name.

    Raises
    ------
    ValueError
        Where there is none; it lists those there are.
    """
    if name not in SYSTEMS:
        known = ", ".join(SYSTEMS)
        raise ValueError(f"there is no system {shown(name)}{did_you_mean(name, SYSTEMS) or f'; there are {known}'}")
    return SYSTEMS[name]


def recognised(path: str | os.PathLike[str], system: str | None = None) -> tuple[Document, System]:
    """Read a pipeline file, and say of which system it is.

    Parameters
    ----------
    path
        The file.
    system
        The system's name; found out from what the file holds if left out.

    Raises
    ------
    InputError
        Where it cannot be read, or is no pipeline that is known here.
    """
    if system is not None:
        found = system_named(system)
        document = read_yaml(path, dialect=found.dialect)
        _check_json(path)
        return document, found
    # The dialect of templates takes whatever the others do: tags, aliases, JSON.
    value = read_yaml(path, dialect="template")
    known = system_of(value.value)
    if known is None:
        keys = "CodeCatalyst has SchemaVersion and Actions, GitHub Actions on and jobs, CodePipeline stages"
        what = f"this is no pipeline that is known here: {keys}, or a resource AWS::CodePipeline::Pipeline"
        raise InputError([value.finding((), what, "wrong-kind")])
    _check_json(path)
    return (value if known.dialect == "template" else read_yaml(path, dialect=known.dialect)), known


def _check_json(path: str | os.PathLike[str]) -> None:
    """Refuse a .json file that is none: YAML takes commas, comments and quotes that nothing else will."""
    name = os.fspath(path)
    if not name.lower().endswith(".json"):
        return
    try:
        json.loads(Path(path).read_bytes().decode("utf-8-sig"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        what = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}; JSON has no comments, no comma behind the"
        message = f"{what} last item, and double quotes only"
        raise InputError([Finding(name, error.lineno, error.colno, "error", message, "json-syntax")]) from None
    except (ValueError, RecursionError) as error:
        raise InputError([Finding(name, 1, 1, "error", f"this is not JSON: {error}", "json-syntax")]) from None


def _no_number(name: str) -> None:
    raise ValueError(f"it has no number {name}")


def read_pipeline(path: str | os.PathLike[str], system: str | None = None, hints: Hints | None = None) -> Reading:
    """Read a pipeline file as waves.

    Raises
    ------
    InputError
        With every fault that forbids a plan.
    """
    document, found = recognised(path, system)
    hints = hints or Hints()
    errors = [finding for finding in found.check(document, hints) if finding.severity == "error"]
    if errors:
        raise InputError(errors)
    reading = found.read(document, hints)
    if reading.faults:
        raise InputError(reading.findings)
    return reading


def check(
    path: str | os.PathLike[str],
    system: str | None = None,
    *,
    as_plan: bool = False,
    bake_minutes: BakeMinutes = None,
    environments: Sequence[str] | None = None,
    regions_of: Mapping[str, str] | None = None,
    wait_timers: Mapping[str, float] | None = None,
    approvals: Sequence[str] | None = None,
) -> list[Finding]:
    """Check a pipeline file: a CodeCatalyst or GitHub Actions workflow, or a CodePipeline pipeline.

    Parameters
    ----------
    path
        The file.
    system
        The system's name; found out from what the file holds if left out.
    as_plan
        Whether it has to be a plan: then what keeps it from being one is an error, and not a warning.
    bake_minutes, environments, regions_of, wait_timers, approvals
        As for `Plan.read_pipeline`.

    Returns
    -------
    list of Finding
        Every error and warning, in the order of the file. What cannot be read gives the reader's findings.
    """
    hints = Hints(bake_minutes, environments, regions_of or {}, wait_timers or {}, approvals or ())
    try:
        document, found = recognised(path, system)
    except InputError as error:
        return list(error.findings)
    findings = found.check(document, hints)
    if as_plan and not any(finding.severity == "error" for finding in findings):
        faults = found.read(document, hints).faults
        softened = {replace(fault, severity="warning") for fault in faults}
        findings = sorted({*faults, *(finding for finding in findings if finding not in softened)})
    return findings


def write(plan: "Plan", path: str | os.PathLike[str], *, to: str, target: Target | None = None) -> Written:
    """Write a plan as a complete pipeline: build once, render, deploy, bakes, approvals, in the plan's order.

    Parameters
    ----------
    plan
        Its regions are AWS regions.
    path
        The file; CodePipeline becomes JSON where it ends in ``.json``, and a CloudFormation template elsewhere.
    to : {"codecatalyst", "codepipeline", "github-actions"}
        The system.
    target
        What is deployed: the service, its image, its task definition.

    Returns
    -------
    Written
        Its text, and what the system cannot say of the plan; a comment in the file says that, too.

    Raises
    ------
    InputError
        Where the system cannot run the plan as it stands, or the file cannot be written.
    ValueError
        Where there is no such system, or the target lacks what the file needs.
    """
    written = pipeline_text(plan, to, target or Target(), as_json=os.fspath(path).lower().endswith(".json"))
    write_text(written.text, path)
    return written


def pipeline_text(plan: "Plan", to: str, target: Target, *, as_json: bool = False) -> Written:
    """Return what `write` writes; it has been read back, and gives the plan that `Written.said` tells of."""
    system = system_named(to)
    if as_json and system.name != "codepipeline":
        raise ValueError(f"{system.name} is written as YAML; give the file an ending of .yaml")
    stray = next((region for region in target.builds if region not in plan.regions), None)
    if stray is not None:
        raise ValueError(f"a build is given for {shown(stray)}, which the plan does not have")
    written = system.write(plan, target, as_json)
    if written.said.refusals:
        raise plan.input_error(written.said.refusals)
    document = parse_yaml(written.text, f"<{to}>.{'json' if as_json else 'yaml'}", dialect=system.dialect)
    reading = system.read(document, Hints())
    faults = [f for f in system.check(document, Hints()) if f.severity == "error"] + reading.faults
    if faults or [layer.regions for layer in reading.layers] != [wave.regions for wave in plan.waves]:
        # It would be a fault of the writer; nothing wrong is ever written.
        reason = f": {faults[0].message} [{faults[0].rule}]" if faults else ""
        raise plan.input_error([((), f"the plan cannot be written for {system.name}{reason}", "cannot-say")])
    return written


def regroup(
    path: str | os.PathLike[str],
    plan: "Plan",
    *,
    system: str | None = None,
    hints: Hints | None = None,
    save: bool = True,
) -> Regrouped:
    """Rearrange the regions of an existing pipeline file into the waves of a plan.

    Only ordering lines and whole region blocks, with their comments, move; every other byte stays. With the plan that
    the file already has, not one byte changes.

    Parameters
    ----------
    path
        The file.
    plan
        Has the regions that the file deploys to.
    system
        The system's name; found out from what the file holds if left out.
    hints
        What the caller says because the file cannot.
    save
        Whether the file is written.

    Raises
    ------
    InputError
        Where the file cannot be read as waves, has other regions than the plan, or a form that cannot be rearranged.
    """
    document, found = recognised(path, system)
    text = Path(path).read_bytes().decode("utf-8")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    result = regrouped(found, document, text.removeprefix(mark), plan, hints or Hints())
    result = replace(result, before=mark + result.before, text=mark + result.text)
    if save and result.text != result.before:
        write_text(result.text, path)
    return result
