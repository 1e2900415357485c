"""What people name on the command line, in a notebook or for a report: a file, or a sample that comes with the kit.

A file is recognised by its content: a CodeCatalyst workflow, a plan, a fleet or a scenario. Not here: what is in them
(``waves``, ``simulation``), what the verbs do with it.
"""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from waves import DATA, Finding, Fleet, InputError, Plan, did_you_mean, is_grouping, read_yaml
from waves.files.documents import Document
from waves.groupings import GROUPINGS
from waves.groupings import listed as groupings_listed
from waves.groupings import named as grouping

if TYPE_CHECKING:
    from simulation import Scenario

Kind = Literal["workflow", "plan", "fleet", "scenario"]

# The keys of a scenario stand here, and not in its class alone, because importing that takes seconds; a test compares.
_KEYS: dict[Kind, frozenset[str]] = {
    "workflow": frozenset({"Name", "SchemaVersion", "RunMode", "Triggers", "Compute", "Actions"}),
    "plan": frozenset(Plan.model_fields),
    "fleet": frozenset(Fleet.model_fields),
    "scenario": frozenset(
        (
            "name",
            "fleet",
            "build",
            "build_failure_probability",
            "handover",
            "approval_wait",
            "rejection_probability",
            "deploy",
            "deploy_failure_probability",
            "faults",
            "alarm_threshold",
            "evidence",
            "lag",
            "report",
            "false_alarms_per_region_day",
            "reaction",
            "rollback",
            "rollback_failure_probability",
            "manual_recovery",
            "horizon_minutes",
            "regions",
            "sources",
        )
    ),  # fmt: skip
}
_FOLDERS: dict[Kind, str] = {"workflow": "workflows", "plan": "plans", "fleet": "fleets", "scenario": "scenarios"}


class Reading(TypedDict, total=False):
    """How workflows are read as plans; None, or left out, where nobody says.

    Attributes
    ----------
    bake_minutes
        The minutes that each wave bakes, in the place of the workflow's `BAKE_MINUTES` hints.
    environments
        The environments that the plan is about; the workflow's last stage if left out.
    regions_of
        From actions to the region that each deploys to, where the file leaves it open.
    """

    bake_minutes: float | None
    environments: Sequence[str] | None
    regions_of: Mapping[str, str] | None


def read_plan(name: str | os.PathLike[str], **reading: Unpack[Reading]) -> Plan:
    """Read a plan: a plan file, a CodeCatalyst workflow, or a sample.

    Parameters
    ----------
    name
        A path, or the name of a sample such as `six-region-three-wave`. What begins with `data/` and is not below the
        current folder is looked up in the kit.
    **reading
        For a workflow: `bake_minutes`, `environments` and `regions_of`, as for `Plan.from_codecatalyst`.

    Raises
    ------
    InputError
        With every fault of the file, or the names of the samples; also where something is given for workflows, and
        this is none.
    """
    plan, kind = _read_plan(name, reading)
    if idle := _idle(reading, {kind}):
        raise InputError([Finding(os.fspath(name), 1, 1, "error", idle, "no-effect")])
    return plan


def _read_plan(name: str | os.PathLike[str], reading: Reading) -> tuple[Plan, Kind]:
    path = find(name, "plan")
    document, kind = recognise(path)
    if kind == "workflow":
        return Plan.from_codecatalyst(path, **reading), kind
    if kind != "plan":
        raise mistaken(document, kind, "a plan or a workflow")
    return Plan.read(path), kind


def _idle(reading: Reading, kinds: Set[str]) -> str:
    """Say what of a reading has no effect on plans of such kinds; an empty text where all of it has."""
    taking = {"bake_minutes": {"workflow", "grouping"}, "environments": {"workflow"}, "regions_of": {"workflow"}}
    given = [key for key, value in reading.items() if value is not None and not taking[key] & kinds]
    if "bake_minutes" in given:
        return "its waves say themselves how long they bake; --bake-minutes is for workflows and groupings"
    names = {"environments": "--environment", "regions_of": "--region-of"}
    return f"{names[given[0]]} is for workflows, and there is none" if given else ""


def read_plans(
    names: Iterable[str | os.PathLike[str]], *, fleet: Fleet | None = None, **reading: Unpack[Reading]
) -> dict[str, Plan]:
    """Read several plans; each under its own name, or its file's where two have the same.

    Parameters
    ----------
    names
        Plan files, workflows, samples, and groupings of the fleet such as `all-at-once` or `1-2-3`.
    fleet
        What groupings group.
    **reading
        As for `read_plan`; `bake_minutes` is for groupings, too. Left out, they take everything but who is in which
        wave from the first that is a plan.

    Raises
    ------
    InputError
        With the faults of all of them.
    """
    plans: list[tuple[str, Plan | None]] = []
    kinds: set[str] = set()
    faults: list[Finding] = []
    for name in [os.fspath(each) for each in names]:
        try:
            plan, kind = (None, "grouping") if _groups(name) else _read_plan(name, reading)
            plans.append((name, plan))
            kinds.add(kind)
        except InputError as error:
            faults += error.findings
    if not plans and not faults:
        faults.append(Finding("plans", 1, 1, "error", "there is no plan; name at least one", "no-plan"))
    like, bake_minutes = next((plan for _, plan in plans if plan is not None), None), reading.get("bake_minutes")
    found: list[tuple[str, Plan]] = []
    for name, plan in plans:
        try:
            found.append((name, plan or _group(name, fleet, like, bake_minutes)))
        except InputError as error:
            faults += error.findings if like or bake_minutes is not None or not faults else ()
    if found and (idle := _idle(reading, kinds)):
        faults.append(Finding(found[0][0], 1, 1, "error", idle, "no-effect"))
    if faults:
        raise InputError(faults)
    return _named(found)


def _groups(name: str) -> bool:
    return is_grouping(name) and not os.path.lexists(name)


def _group(name: str, fleet: Fleet | None, like: Plan | None, bake_minutes: float | None) -> Plan:
    """Group a fleet by a grouping's name."""
    if fleet is None:
        find(name, "plan")  # which says what a grouping lacks
    try:
        return grouping(name, fleet, like=like, bake_minutes=bake_minutes)  # type: ignore[arg-type]
    except ValueError as error:
        option = "" if like or bake_minutes is not None else " (--bake-minutes)"
        raise InputError([Finding(name, 1, 1, "error", f"{error}{option}", "grouping")]) from None


def _named(plans: list[tuple[str, Plan]]) -> dict[str, Plan]:
    own = [plan.name for _, plan in plans]
    found: dict[str, Plan] = {}
    for path, plan in plans:
        name = plan.name if own.count(plan.name) == 1 else f"{plan.name} ({Path(path).stem})"
        unique, n = name, 2
        while unique in found:
            unique, n = f"{name} ({n})", n + 1
        found[unique] = plan
    return found


def read_scenario(name: str | os.PathLike[str]) -> "Scenario":
    """Read a scenario: a file, or a sample such as `storefront`.

    Raises
    ------
    InputError
        With every fault of the file or of its fleet's, or the names of the samples.
    """
    from simulation import Scenario

    path = find(name, "scenario")
    document, kind = recognise(path)
    if kind != "scenario":
        raise mistaken(document, kind, "a scenario")
    return Scenario.read(path)


def read_fleet(name: str | os.PathLike[str]) -> Fleet:
    """Read a fleet: a fleet file, a scenario's file, or a sample of either.

    Raises
    ------
    InputError
        With every fault of the file, or the names of the samples.
    """
    path = find(name, "fleet", "scenario")
    document, kind = recognise(path)
    if kind == "scenario":
        return read_scenario(path).fleet
    if kind != "fleet":
        raise mistaken(document, kind, "a fleet or a scenario")
    return Fleet.read(path)


def read_inputs(
    names: Iterable[str | os.PathLike[str]], scenario: str | os.PathLike[str], **reading: Unpack[Reading]
) -> "tuple[dict[str, Plan], Scenario]":
    """Read plans and a scenario, and hold each plan against the scenario's fleet.

    Parameters
    ----------
    names
        As for `read_plans`.
    scenario
        A file, or a sample's name.
    **reading
        As for `read_plan`.

    Raises
    ------
    InputError
        With the faults of all of them.
    """
    faults: list[Finding] = []
    plans: dict[str, Plan] = {}
    found: Scenario | None = None
    try:
        found = read_scenario(scenario)
    except InputError as error:
        faults += error.findings
    named = [os.fspath(name) for name in names]
    asked = [name for name in named if found or not _groups(name)]
    try:
        if asked or not named:
            plans = read_plans(asked, fleet=found.fleet if found else None, **reading)
    except InputError as error:
        faults += error.findings
    for plan in plans.values() if found else ():
        try:
            plan.require(found.fleet)  # type: ignore[union-attr]
        except InputError as error:
            faults += error.findings
    if faults or found is None:
        raise InputError(faults)
    return plans, found


def remarks(plans: Iterable[Plan], scenario: "Scenario") -> list[Finding]:
    """Return what people should know of plans under a scenario before they believe the figures: warnings.

    What a plan takes otherwise than it stands in its workflow, and approvals on which the scenario has no say.
    """
    found = [note for plan in plans for note in (*plan.notes, *_idle_approvals(plan, scenario))]
    return list(dict.fromkeys(found))


def _idle_approvals(plan: Plan, scenario: "Scenario") -> Iterator[Finding]:
    if "approval_wait" in scenario.model_fields_set or scenario.rejection_probability > 0:
        return
    for w, wave in enumerate(plan.waves):
        if wave.approval:
            message = (
                f"the approval of wave {w + 1} has no effect, as the scenario does not say how long one takes: give "
                "the scenario an approval_wait, in minutes (0 if that is meant)"
            )
            yield plan.remark(("waves", w, "approval"), message, "approval-without-wait", "warning")


def find(name: str | os.PathLike[str], *kinds: Kind) -> str:
    """Return the path of a file or of a sample.

    Parameters
    ----------
    name
        What was asked for.
    *kinds
        Which samples to look among, in this order.

    Raises
    ------
    InputError
        Where there is neither; it names the samples.
    """
    text = os.fspath(name)
    if os.path.lexists(text) or "\0" in text:
        return text
    if text.startswith("data/") and (DATA.parent / text).is_file():
        return str(DATA.parent / text)
    if "plan" in kinds and is_grouping(text):
        message = "this is a grouping of a fleet; only together with a scenario is it known what it groups"
        raise InputError([Finding(text, 1, 1, "error", message, "grouping")])
    samples = {path.stem: path for kind in reversed(kinds) for path in sorted((DATA / _FOLDERS[kind]).glob("*.yaml"))}
    if text in samples:
        return str(samples[text])
    if text.endswith((".yaml", ".yml")) or os.sep in text:
        message = f"no such file{_near(text)}"
    else:
        listed = ", ".join(samples)
        known, groupings = [*samples], ""
        if "plan" in kinds:
            known += GROUPINGS
            groupings = f"; groupings are {groupings_listed()}"
        message = f"neither a file nor a sample{did_you_mean(text, known) or f'; the samples are {listed}{groupings}'}"
    raise InputError([Finding(text, 1, 1, "error", message, "cannot-read")])


def _near(text: str) -> str:
    folder, wanted = os.path.split(text)
    try:
        there = [entry.name for entry in os.scandir(folder or ".") if entry.name.endswith((".yaml", ".yml"))]
    except OSError:
        return "; check the path"
    match = difflib.get_close_matches(wanted, there, n=1)
    return f"; did you mean {os.path.join(folder, match[0])!r}?" if match else "; check the path"


def recognise(path: str) -> tuple[Document, Kind | None]:
    """Read a file and say what it is, by its keys; None where they are nobody's.

    Raises
    ------
    InputError
        Where it cannot be read as YAML.
    """
    try:
        document = read_yaml(path)
    except InputError as error:
        # What our own files may not have, such as anchors, a workflow may.
        try:
            document = read_yaml(path, dialect="workflow")
        except InputError as other:
            raise (other if _like_a_workflow(path) else error) from None
        if kind_of(document.value) != "workflow":
            raise
    return document, kind_of(document.value)


def _like_a_workflow(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return re.search(rb"^(SchemaVersion|Actions)\s*:", file.read(65_536), re.MULTILINE) is not None
    except (OSError, ValueError):
        return False


def kind_of(value: object) -> Kind | None:
    """Say what a file is by the keys of its top level, misspelt ones included."""
    if not isinstance(value, dict) or not value:
        return None
    if {"SchemaVersion", "Actions"} & set(value):
        return "workflow"
    scores = {kind: sum(_score(key, known) for key in value) for kind, known in _KEYS.items()}
    if isinstance(value.get("regions"), list):
        scores["fleet"] += 0.5  # a scenario has regions, too, but by name
    best = max(scores, key=lambda kind: scores[kind])
    rivals = [kind for kind, score in scores.items() if score == scores[best]]
    return best if scores[best] > 0 and len(rivals) == 1 else None


def _score(key: str, known: frozenset[str]) -> float:
    if key == "name":
        return 0.0  # everything has one
    if key in known:
        return 1.0
    return 0.4 if difflib.get_close_matches(key[:200], known, n=1, cutoff=0.8) else 0.0


def mistaken(document: Document, kind: Kind | None, wanted: str) -> InputError:
    """Word the complaint about a file that is something else than was asked for."""
    if kind is None:
        keys = "a workflow has SchemaVersion and Actions, a plan waves, a fleet regions, a scenario fleet and faults"
        message = f"this is not {wanted}: its keys are those of nothing known here; {keys}"
    else:
        message = f"this is a {kind}; name {wanted}"
    return InputError([document.finding((), message, "wrong-kind")])
