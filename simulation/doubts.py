"""What a scenario, or a plan and a scenario together, show that people should know before they believe the figures.

Not here: what is wrong in one of them alone (``waves.rules.practice``, ``scenario``), what refuses them (``setting``).
"""

from collections.abc import Iterator

import numpy as np

from simulation.scenario import Scenario
from simulation.setting import Setting, setting
from waves import Finding, InputError, Plan

Row = tuple[tuple[str | int, ...], str, str]
PARTS = 200  # pushes that are looked at, evenly over the allowed minutes


def refusals(plan: Plan, scenario: Scenario) -> list[Finding]:
    """Return why a plan and a scenario cannot be laid together at all: what `setting` would raise."""
    try:
        setting(plan, scenario)
    except InputError as error:
        return list(error.findings)
    return []


def idle(scenario: Scenario) -> list[Finding]:
    """Return what a scenario says to no effect: warnings (``no-effect``).

    Parameters
    ----------
    scenario
        Its findings have the lines of its file.
    """
    given, found = scenario.model_fields_set, []
    if "complaint" in given and scenario.report is None:
        message = (
            "complaint has no effect, as customers never complain without a report, the minutes from their complaints "
            "to somebody who acts: add such as `report: 15`"
        )
        found.append(scenario.remark(("complaint",), message, "no-effect", "warning"))
    if "reaction_off_hours" in given and scenario.staffed is None:
        message = (
            "reaction_off_hours has no effect, as the scenario does not say when people are there: add such as "
            '`staffed: {hours: ["09:00", "17:00"], zone: Europe/Berlin}`'
        )
        found.append(scenario.remark(("reaction_off_hours",), message, "no-effect", "warning"))
    return found


def doubts(plan: Plan, scenario: Scenario) -> list[Finding]:
    """Return what people should know of a plan under a scenario; nothing where `refusals` has something.

    Parameters
    ----------
    plan, scenario
        What is laid together.

    Returns
    -------
    list of Finding
        Warnings: a wave that must wait for its window past the horizon (``window-past-horizon``), a timeout below the
        median deployment (``timeout-below-median``). An error: a scope of alarms without the minutes that people take
        (``no-manual-recovery``).
    """
    try:
        laid = setting(plan, scenario)
    except InputError:
        return []
    return [plan.remark(*row, severity="warning") for row in (*_late(laid), *_hasty(laid))] + by_hand(plan, scenario)


def by_hand(plan: Plan, scenario: Scenario) -> list[Finding]:
    """Return an error where people recover what a scope of alarms leaves, and nobody says how long that takes."""
    if plan.on_alarm == "rollback_all":
        return []
    own = all("manual_recovery" in getattr(scenario.regions.get(name), "model_fields_set", ()) for name in plan.regions)
    if own or "manual_recovery" in scenario.model_fields_set:
        return []
    message = (
        f"after an alarm people recover what `{plan.on_alarm}` leaves, and the scenario does not say how long that "
        "takes: give it a manual_recovery, in minutes"
    )
    return [plan.remark(("on_alarm",), message, "no-manual-recovery")]


def _hasty(laid: Setting) -> Iterator[Row]:
    timeout = laid.plan.deploy_timeout_minutes
    for site in laid.sites if timeout else ():
        median = float(laid.scenario.of(site.region, "deploy").quantile(np.array([0.5]))[0])
        if median > timeout:  # type: ignore[operator]
            message = (
                f"an attempt fails after {timeout:g} minutes, and half of those in {site.name} take more than "
                f"{median:.3g}: more than half fail; raise the timeout"
            )
            yield ("deploy_timeout_minutes",), message, "timeout-below-median"
            return


def _late(laid: Setting) -> Iterator[Row]:
    """Say which waves begin past the horizon, or wait that long, even if all before them goes as fast as it can."""
    horizon, pushes = laid.scenario.horizon_minutes, laid.pushes
    late: dict[int, int] = {}
    for push in pushes.minutes((np.arange(PARTS) + 0.5) / PARTS) if pushes.total else [0.0]:
        now = laid.scenario.build.support[0]
        for g, (wave, sites) in enumerate(laid.waves):
            starts = [laid.opens(site, float(push), now) for site in sites]
            if max(starts) > horizon:
                late[g] = late.get(g, 0) + 1
                break
            quick = (laid.scenario.of(site.region, "deploy").support[0] for site in sites)
            now = max(start + minutes for start, minutes in zip(starts, quick, strict=True)) + wave.bake_minutes
    for g, count in late.items():
        often = "whenever people push" if count == (PARTS if pushes.total else 1) else "for some pushes"
        begins, remedy = "begins after", ""
        if laid.plan.calendars[g] is not None:
            begins, remedy = "has to wait for its window past", ", or widen the calendar"
        message = (
            f"wave {g + 1} {begins} the horizon of {horizon:g} minutes, {often}: what it does then is not counted, and "
            f"limits are undecided; raise horizon_minutes{remedy}"
        )
        yield ("waves", g), message, "window-past-horizon"
