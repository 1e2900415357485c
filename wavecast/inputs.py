"""What people name on the command line, in a notebook or for a report: a file, or a sample that comes with the kit.

A file is recognised by its content: a pipeline of another system, a plan, a fleet, a scenario or rules. Not here: what
is in them (``waves``, ``simulation``), what the verbs do with it.
"""

import difflib
import os
import re
from typing import TYPE_CHECKING, Literal, cast

from waves import (
    DATA,
    SYSTEMS,
    Finding,
    Fleet,
    InputError,
    Plan,
    Rules,
    did_you_mean,
    is_grouping,
    read_yaml,
    system_of,
)
from waves.by_name import listed as groupings_listed
from waves.files.documents import Dialect, Document
from waves.groupings import GROUPINGS

if TYPE_CHECKING:
    from simulation import Scenario

Kind = Literal["codecatalyst", "codepipeline", "github-actions", "plan", "fleet", "scenario", "rules"]
PIPELINES: frozenset[Kind] = frozenset(("codecatalyst", "codepipeline", "github-actions"))

# The keys of a scenario stand here, and not in its class alone, because importing that takes seconds; a test compares.
_KEYS: dict[Kind, frozenset[str]] = {
    "codecatalyst": frozenset({"Name", "SchemaVersion", "RunMode", "Triggers", "Compute", "Actions"}),
    "plan": frozenset(Plan.model_fields),
    "fleet": frozenset(Fleet.model_fields),
    "rules": frozenset(Rules.model_fields),
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
            "complaint",
            "failed_deploy",
            "pushes",
            "reaction_off_hours",
            "staffed",
            "fix",
            "sources",
        )
    ),  # fmt: skip
}
_FOLDERS: dict[Kind, str] = {
    "codecatalyst": "workflows", "plan": "plans", "fleet": "fleets", "scenario": "scenarios", "rules": "rules"
}  # fmt: skip


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
    if text.endswith((".yaml", ".yml", ".json")) or os.sep in text:
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
        there = [entry.name for entry in os.scandir(folder or ".") if entry.name.endswith((".yaml", ".yml", ".json"))]
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
        return _tolerated(path, error)
    return document, kind_of(document.value)


def _tolerated(path: str, error: InputError) -> tuple[Document, Kind | None]:
    """Read a pipeline's file: what our own may not have, such as anchors or tags, it may."""
    others: list[InputError] = []
    dialects: tuple[Dialect, ...] = ("workflow", "template")
    for dialect in dialects:
        try:
            document = read_yaml(path, dialect=dialect)
        except InputError as other:
            others.append(other)
            continue
        kind = kind_of(document.value)
        if kind in PIPELINES and (kind == "codecatalyst") == (dialect == "workflow"):
            return document, kind
    if others and _like_a_workflow(path):
        raise others[0] from None
    raise error


def _like_a_workflow(path: str) -> bool:
    if not os.path.isfile(path):  # whoever opens a pipe waits for somebody to write
        return False
    try:
        with open(path, "rb") as file:
            return re.search(rb"^(SchemaVersion|Actions)\s*:", file.read(65_536), re.MULTILINE) is not None
    except (OSError, ValueError):
        return False


def kind_of(value: object) -> Kind | None:
    """Say what a file is by the keys of its top level, misspelt ones included."""
    if not isinstance(value, dict) or not value:
        return None
    system = system_of(value)
    if system is not None:
        return cast("Kind", system.name)
    if isinstance(value.get("Resources"), dict):
        return None  # a template without a pipeline; a scenario has "sources", which is near
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
        keys = (
            "a CodeCatalyst workflow has SchemaVersion and Actions, one of GitHub Actions on and jobs, a pipeline "
            "stages, or in a template a resource AWS::CodePipeline::Pipeline, a plan waves, "
            "a fleet regions, a scenario fleet and faults, rules rules and limits"
        )
        what = (
            "its keys are those of nothing known here" if isinstance(document.value, dict) else "it has no keys at all"
        )
        message = f"this is not {wanted}: {what}; {keys}"
    else:
        what = SYSTEMS[kind].title if kind in SYSTEMS else "a file of rules" if kind == "rules" else f"a {kind}"
        message = f"this is {what}; name {wanted}"
    return InputError([document.finding((), message, "wrong-kind")])
