"""Plans that people name on the command line, in a notebook or for a report: files, pipelines, samples and groupings.

Not here: how a file is found and recognised (``inputs``), what the verbs do with a plan.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from wavecast.inputs import PIPELINES, Kind, find, mistaken, read_fleet, read_scenario, recognise
from waves import Finding, Fleet, InputError, Plan, idle_findings, is_grouping
from waves.by_name import named as grouping

if TYPE_CHECKING:
    from simulation import Scenario


class Reading(TypedDict, total=False):
    """How pipelines are read as plans; None, or left out, where nobody says.

    Attributes
    ----------
    bake_minutes
        The minutes that each wave bakes, in the place of what the file says.
    environments
        The environments that the plan is about; the last of them if left out.
    regions_of
        From actions or jobs to the region that each deploys to, where the file leaves it open.
    wait_timers, approvals
        For GitHub Actions: the wait timers and the reviewers of environments, which no file says.
    """

    bake_minutes: float | None
    environments: Sequence[str] | None
    regions_of: Mapping[str, str] | None
    wait_timers: Mapping[str, float] | None
    approvals: Sequence[str] | None


def read_plan(name: str | os.PathLike[str], **reading: Unpack[Reading]) -> Plan:
    """Read a plan: a plan file, a pipeline of another system, or a sample.

    Parameters
    ----------
    name
        A path, or the name of a sample such as `six-region-three-wave`. What begins with `data/` and is not below the
        current folder is looked up in the kit.
    **reading
        For a pipeline: what the file cannot say, as for `Plan.read_pipeline`.

    Raises
    ------
    InputError
        With every fault of the file, or the names of the samples; also where something is given for pipelines, and
        this is none.
    """
    plan, kind = _read_plan(name, reading)
    if idle := without_effect(reading, {kind}):
        raise InputError([Finding(os.fspath(name), 1, 1, "error", idle, "no-effect")])
    return plan


def _read_plan(name: str | os.PathLike[str], reading: Reading) -> tuple[Plan, Kind]:
    path = find(name, "plan")
    document, kind = recognise(path)
    if kind in PIPELINES:
        return Plan.read_pipeline(path, **reading), kind
    if kind != "plan":
        raise mistaken(document, kind, "a plan or a pipeline")
    return Plan.read(path), kind


def without_effect(reading: Reading, kinds: Set[str]) -> str:
    """Say what of a reading has no effect on plans of such kinds; an empty text where all of it has."""
    of_github = {"github-actions"}
    taking = {"bake_minutes": {*PIPELINES, "grouping"}, "wait_timers": of_github, "approvals": of_github}
    given = [key for key, value in reading.items() if value is not None and not taking.get(key, PIPELINES) & kinds]
    if "bake_minutes" in given and "plan" in kinds:
        return "its waves say themselves how long they bake; --bake-minutes is for pipelines and groupings"
    names = {"bake_minutes": "--bake-minutes", "environments": "--environment", "regions_of": "--region-of"}
    names |= {"wait_timers": "--wait-timer", "approvals": "--approval"}
    kind = "GitHub Actions" if given and taking.get(given[0]) == of_github else "pipelines"
    return f"{names[given[0]]} is for {kind}, and there is none" if given else ""


def read_plans(
    names: Iterable[str | os.PathLike[str]], *, fleet: Fleet | None = None, **reading: Unpack[Reading]
) -> dict[str, Plan]:
    """Read several plans; each under its own name, or its file's where two have the same.

    Parameters
    ----------
    names
        Plan files, pipelines, samples, and groupings of the fleet such as `all-at-once` or `1-2-3`.
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
    if found and (idle := without_effect(reading, kinds)):
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


def read_inputs(
    names: Iterable[str | os.PathLike[str]],
    scenario: str | os.PathLike[str],
    *,
    fleet: str | os.PathLike[str] = "",
    **reading: Unpack[Reading],
) -> "tuple[dict[str, Plan], Scenario]":
    """Read plans and a scenario, and hold each plan against the scenario.

    Parameters
    ----------
    names
        As for `read_plans`.
    scenario
        A file, or a sample's name.
    fleet
        A fleet's file or sample in the place of the scenario's own fleet.
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
        found = _with_fleet(read_scenario(scenario), fleet) if fleet else read_scenario(scenario)
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
        faults += unfit(plan, found)  # type: ignore[arg-type]
    if faults or found is None:
        raise InputError(faults)
    return plans, found


def unfit(plan: Plan, world: "Scenario") -> list[Finding]:
    """Return why no figures of a plan are made under a scenario: strange regions, or people who take no time."""
    from simulation.doubts import by_hand

    found = plan.strangers(world.fleet)
    return list(plan.input_error(found).findings) if found else by_hand(plan, world)


def _with_fleet(world: "Scenario", fleet: str | os.PathLike[str]) -> "Scenario":
    """Return a scenario with another fleet; what does not fit is said of the fleet's file."""
    own = read_fleet(fleet)
    try:
        return world.replace(fleet=own)
    except InputError as error:
        remedy = "change the fleet (a region's are written `labels: [a, b]`), or the scenario"
        where, remedy = os.fspath(fleet), f"scenario {world.name} speaks of it: {remedy}"
        found = [Finding(where, 1, 1, "error", f"{each.message}; {remedy}", each.rule) for each in error.findings]
        raise InputError(found) from None


def remarks(plans: Iterable[Plan], scenario: "Scenario") -> list[Finding]:
    """Return what people should know of plans under a scenario before they believe the figures: warnings.

    What a plan takes otherwise than it stands in its pipeline, and approvals on which the scenario has no say.
    """
    from simulation.doubts import doubts

    each = ((*plan.notes, *_idle(plan, scenario), *doubts(plan, scenario)) for plan in plans)
    found = [note for notes in each for note in notes]
    return list(dict.fromkeys(found))


def _idle(plan: Plan, scenario: "Scenario") -> Iterator[Finding]:
    if plan.origin == "<plan>":  # a grouping does as the plan beside it, which says so itself
        return
    yield from idle_findings(plan)
    if "approval_wait" in scenario.model_fields_set or scenario.rejection_probability > 0:
        return
    for w, wave in enumerate(plan.waves):
        if wave.approval:
            message = (
                f"the approval of wave {w + 1} has no effect, as the scenario does not say how long one takes: give "
                "the scenario an approval_wait, in minutes (0 if that is meant)"
            )
            yield plan.remark(("waves", w, "approval"), message, "approval-without-wait", "warning")
