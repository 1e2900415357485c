"""Why a rollout went as it did, in a few words: `slow leak, blind, found by customers after 9 h`.

Not here: running it (``trace``), many rollouts (``results``).
"""

import math

from simulation.analysis.trace import Trace
from simulation.happenings import Event, Signal
from simulation.results.numerals import minutes_of

FINDERS = {
    Signal.CUSTOMERS: "customers",
    Signal.EVIDENCE: "alarms",
    Signal.CHECK: "the check after a deployment",
    Signal.REVIEWER: "the reviewer",
}


def cause(trace: Trace) -> str:
    """Say which faults hurt in a rollout, whether alarms could see them, and who found them when.

    Times count from the first harm.
    """
    rollout, faults = trace.rollout, trace.scenario.faults
    stories = trace.regions
    hurt = [story for story in stories if story.harm is not None]
    bad = [rollout.defects[story.position] for story in (hurt or stories)]
    names = {
        f"{faults[defect.fault].name}{'' if defect.seen_by_alarms else ', blind'}": None
        for defect in bad
        if defect is not None
    }
    what = " and ".join(names) or "no defect"
    if not hurt:
        return f"{what}; {trace.row.outcome.replace('_', ' ')}, nobody hurt"
    return f"{what}, {_found(trace, min(story.harm[0] for story in hurt if story.harm))}"


def _found(trace: Trace, begin: float) -> str:
    if math.isnan(trace.row.detected_minutes):
        return "never found" if math.isinf(trace.halt) else "stopped before anybody found it"
    raised = (each.remark for each in trace.rollout.events if each.event == Event.ALARM)
    by = next((FINDERS[Signal(remark)] for remark in raised if remark in set(FINDERS)), "an alarm")
    later = minutes_of(max(trace.row.detected_minutes - begin, 0.0))
    return f"found by {by} after {later}".replace("\u00a0", " ")  # for tables and terminals
