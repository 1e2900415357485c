"""Where the minutes of a rollout go: the parts that add up to `end_minutes`, read off its trace.

Not here: the same for many rollouts (``analysis.time_spent``).
"""

from simulation.happenings import Event
from simulation.model import Rollout

PARTS = ("build", "handover", "approval", "closed_window", "deploy", "bake")
_THEN = {  # what the pipeline does after an event
    Event.BUILT: "handover",
    Event.APPROVAL_ASKED: "approval",
    Event.WAVE_STARTS: "deploy",
    Event.BAKE_STARTS: "bake",
    Event.BAKE_ENDS: "handover",
}


def spent(rollout: Rollout) -> dict[str, float]:
    """Return the minutes of a traced rollout's pipeline by part; `deploy` is when any region deploys.

    From the start of a wave to the last end of its deployments every minute is `deploy`, or `closed_window` where
    nothing deploys, as whatever is left waits for its window.
    """
    minutes, doing, busy, since = dict.fromkeys(PARTS, 0.0), "build", 0, 0.0
    for each in rollout.events:
        if each.minute > rollout.end:
            break
        minutes["closed_window" if doing == "deploy" and not busy else doing] += each.minute - since
        doing, since = _THEN.get(each.event, doing), each.minute
        busy += each.event is Event.DEPLOYMENT_STARTS
        busy -= each.event in (Event.DEPLOYMENT_ENDS, Event.DEPLOYMENT_FAILS)
    return minutes
