"""What the closed forms assume of a plan and a scenario (docs/model.md, rule 24), and whether it is so, field by field.

Not here: which figure needs which assumption (``exact``), the figures' arithmetic (``quantities``).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulation.closed_forms.quantities import Course
from simulation.describing import describe
from simulation.distributions import Exponential
from waves import Steps

SLACK = 1e-9  # minutes: a horizon that is meant to be T may differ from it in the last places


@dataclass(frozen=True)
class Assumption:
    """One assumption about a plan and a scenario.

    Attributes
    ----------
    name
        The field's name where it is about one field.
    holds
        Whether it is so.
    why
        The value found; where it does not hold, also what it would have to be.
    """

    name: str
    holds: bool
    why: str


Found = tuple[bool, str]
Test = Callable[[Any], bool]


def _single(value: Any, wanted: float | None = None) -> bool:
    low, high = value.support
    return bool(low == high and wanted in (None, low))


def _zero(value: Any) -> bool:
    return bool(value == 0)


def _in_every_region(field: str, test: Test, course: Course) -> Found:
    """Look at a field in every region of the plan: each value must pass the test, and all be the same."""
    values = [(site.name, course.value(field, site)) for site in course.sites]
    name, first = next(((n, v) for n, v in values if not test(v)), values[0])
    other = next(((n, v) for n, v in values if test(v) and v != first), None)
    if not test(first):
        return False, f"{field} is {describe(first)} in {name}"
    if other:
        return False, f"{field} is {describe(first)} in {name} and {describe(other[1])} in {other[0]}"
    return True, f"{field} is {describe(first)} in every region of the plan"


def _of_the_change(field: str, test: Test, course: Course) -> Found:
    value = getattr(course.setting.scenario, field)
    return test(value), f"{field} is {'left out' if value is None else describe(value)}"


def _of_the_faults(field: str, test: Test, course: Course) -> Found:
    wrong = next((fault for fault in course.faults if not test(getattr(fault, field))), None)
    if wrong is not None:
        return False, f"{field} of the fault {wrong.name!r} is {describe(getattr(wrong, field))}"
    listed = ", ".join(f"{describe(getattr(fault, field))} for {fault.name!r}" for fault in course.faults)
    return True, f"{field} is {listed}" if listed else "there is no fault"


def _handover(course: Course) -> Found:
    if len(course.setting.waves) == 1:
        return True, "there is one wave, so nothing is handed over"
    return _of_the_change("handover", partial(_single, wanted=0.0), course)


def _strategy(wanted: Callable[[Any], bool], course: Course) -> Found:
    for site in course.sites:
        if not wanted(site.strategy):
            return False, f"the deployment strategy of {site.name} is {_word(site.strategy)}"
    return True, "the deployment strategies are " + ", ".join(sorted({_word(s.strategy) for s in course.sites}))


def _word(strategy: Any) -> str:
    return "steps" if isinstance(strategy, Steps) else str(strategy)


def _in_every_wave(field: str, wrong: Callable[[Any], bool], right: str, course: Course) -> Found:
    for number, (wave, _) in enumerate(course.setting.waves, 1):
        if wrong(wave):
            return False, f"{field} of wave {number} is {describe(getattr(wave, field))}"
    return True, right


def _listed(course: Course) -> str:
    def where(fault: Any) -> str:
        return fault.where if isinstance(fault.where, str) else f"label {fault.where.label}"

    words = [f"{f.name!r} ({f.effect}, {where(f)})" for f in course.faults]
    return f"the faults that can hit the plan are {', '.join(words)}" if words else "no fault can hit the plan"


def _common(course: Course) -> Found:
    faults = course.faults
    ok = (
        len(faults) == 1
        and faults[0].effect == "defect"
        and len(course.reached_by(faults[0])) == len(course.sites)
        and (faults[0].where != "each_region" or len(course.sites) == 1)
    )
    return ok, _listed(course)


def _regional(course: Course) -> Found:
    faults = course.faults
    return bool(faults) and all(f.effect == "defect" and course.alone(f) for f in faults), _listed(course)


def _horizon(course: Course) -> Found:
    horizon = course.horizon
    fixed = [name for name in TIMES if not CHECKS[name][0](course)[0]]
    if fixed and horizon < float("inf"):
        return False, f"horizon_minutes is {horizon:g}, and T is not fixed ({', '.join(fixed)})"
    clean = "" if fixed else f", a clean rollout ends at T = {course.end:g}"
    # The book is open up to the horizon, and not at it: a wave that goes live there hurts nobody.
    long = horizon >= course.end - SLACK and horizon > course.live[-1] + SLACK
    return bool(fixed) or long, f"horizon_minutes is {horizon:g}{clean}"


def _calendar(course: Course) -> Found:
    found = next((w for w, calendar in enumerate(course.setting.plan.calendars, 1) if calendar), None)
    return found is None, "no wave has a calendar" if found is None else f"wave {found} has a calendar"


def _timeout(course: Course) -> Found:
    timeout = course.setting.plan.deploy_timeout_minutes
    long = max(course.value("deploy", site).support[1] for site in course.sites)  # type: ignore[attr-defined]
    if timeout is None:
        return True, "there is no timeout"
    return long <= timeout, f"deploy_timeout_minutes is {timeout:g}"


def _on_alarm(course: Course) -> Found:
    rule = course.setting.plan.on_alarm
    return rule == "rollback_all", f"on_alarm is {rule}"


_zero_everywhere = {
    "deploy_failure_probability": "0 in every region of the plan",
    "alarm_threshold": "0 in every region of the plan",
    "rollback_failure_probability": "0 in every region of the plan",
    "false_alarms_per_region_day": "0 in every region of the plan",
}
_constant_everywhere = dict.fromkeys(("deploy", "lag", "rollback"), "one constant in every region of the plan")

CHECKS: dict[str, tuple[Callable[[Course], Found], str]] = {
    "steps": (partial(_strategy, lambda s: not isinstance(s, Steps)), "blue_green or rolling"),
    "strategy": (partial(_strategy, lambda s: s == "blue_green"), "blue_green"),
    "max_parallel": (
        partial(
            _in_every_wave, "max_parallel", lambda w: w.at_once < len(w.regions),
            "every wave deploys all its regions at once",
        ),
        "left out, or no less than the wave's regions",
    ),
    "approval": (
        partial(_in_every_wave, "approval", lambda w: w.approval, "no wave asks for an approval"), "false",
    ),
    "calendar": (_calendar, "left out"),
    "deploy_timeout_minutes": (_timeout, "left out, or no less than d"),
    "bake_requests": (
        partial(_in_every_wave, "bake_requests", lambda w: w.bake_requests > 0, "no wave waits for requests"), "0",
    ),
    "build": (partial(_of_the_change, "build", partial(_single, wanted=0.0)), "0"),
    "build_failure_probability": (partial(_of_the_change, "build_failure_probability", _zero), "0"),
    "handover": (_handover, "0"),
    **{n: (partial(_in_every_region, n, _single), wanted) for n, wanted in _constant_everywhere.items()},
    **{n: (partial(_in_every_region, n, _zero), wanted) for n, wanted in _zero_everywhere.items()},
    "common_defect": (_common, "one defect, `where: everywhere`"),
    "blind_defect": (
        lambda course: (
            _common(course)[0] and _of_the_faults("detection_probability", _zero, course)[0],
            _listed(course) + ", " + _of_the_faults("detection_probability", _zero, course)[1],
        ),
        "one defect, `where: everywhere`, with detection_probability 0",
    ),
    "regional_defects": (_regional, "defects that hit single regions: `each_region`, or a label of one region each"),
    "no_faults": (lambda course: (not course.faults, _listed(course)), "no faults"),
    "severity": (partial(_of_the_faults, "severity", partial(_single, wanted=1.0)), "1"),
    "onset": (partial(_of_the_faults, "onset", partial(_single, wanted=0.0)), "0"),
    "detection_probability": (partial(_of_the_faults, "detection_probability", lambda v: v == 1), "1"),
    "validation_probability": (partial(_of_the_faults, "validation_probability", _zero), "0"),
    "report": (partial(_of_the_change, "report", lambda v: v is None), "left out"),
    "evidence": (
        partial(_in_every_region, "evidence", lambda v: isinstance(v, Exponential)),
        "exponential with the same mean in every region of the plan",
    ),
    "reaction": (partial(_of_the_change, "reaction", _single), "a constant"),
    "on_alarm": (_on_alarm, "rollback_all"),
    "horizon_minutes": (_horizon, "at least T and after the last wave goes live, or .inf"),
}  # fmt: skip

TIMES = (
    "steps",
    "max_parallel",
    "approval",
    "calendar",
    "deploy_timeout_minutes",
    "bake_requests",
    "build",
    "handover",
    "deploy",
    "deploy_failure_probability",
)


def assumptions_held(course: Course, names: Iterable[str]) -> list[Assumption]:
    """Look whether assumptions hold, in the order of `CHECKS`.

    Parameters
    ----------
    course
        The plan over the scenario.
    names
        Keys of `CHECKS`.
    """
    wanted = set(names)
    return [_judge(course, name) for name in CHECKS if name in wanted]


def _judge(course: Course, name: str) -> Assumption:
    test, wanted = CHECKS[name]
    holds, found = test(course)
    return Assumption(name, holds, found if holds else f"{found}; it would have to be {wanted}")
