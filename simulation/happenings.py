"""What can happen in a rollout, in the words of its trace: written by the model, read by traces and pictures.

Not here: what happens when (``model``), how it is told (``trace``) or drawn (``plots``).
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple


class Event(StrEnum):
    """One kind of event. The last ones end the pipeline, each as the outcome of its name."""

    BUILT = "built"
    WAVE_STARTS = "wave starts"
    BAKE_STARTS = "bake starts"
    BAKE_ENDS = "bake ends"
    APPROVAL_ASKED = "approval asked"
    WAITS = "waits for its window"
    DEPLOYMENT_STARTS = "deployment starts"
    RETRY_STARTS = "retry starts"
    ATTEMPT_FAILS = "attempt fails"
    DEPLOYMENT_FAILS = "deployment fails"
    TRAFFIC_MOVES = "traffic moves"
    DEPLOYMENT_ENDS = "deployment ends"
    HARM_BEGINS = "harm begins"
    ALARM = "alarm"
    ROLLBACK_STARTS = "roll-back starts"
    RECOVERY_STARTS = "recovery starts"
    ROLLED_BACK = "rolled back"
    RECOVERED_BY_HAND = "recovered by hand"
    COMPLETED = "completed"
    ESCAPED = "escaped"
    CAUGHT = "caught"
    FALSE_ALARM = "false alarm"
    DEPLOY_FAILED = "deploy failed"
    REJECTED = "rejected"
    BUILD_FAILED = "build failed"

    @classmethod
    def of_outcome(cls, outcome: str) -> "Event":
        """Return the event that ends a pipeline with an outcome, by the outcome's name."""
        return cls[outcome.upper()]


class Signal(StrEnum):
    """What raised an alarm; the remark of `Event.ALARM`."""

    EVIDENCE = "evidence"
    CHECK = "validation"
    REVIEWER = "reviewer"
    CUSTOMERS = "customers"
    NOTHING = "nothing"


class Happening(NamedTuple):
    """One line of a trace.

    Attributes
    ----------
    minute
        Minutes since the push.
    event
        What happened.
    region
        Where, by name; empty where it concerns none alone.
    wave
        From 0; −1 where it concerns none.
    remark
        What the event's kind does not say: the share of traffic, the fault, the `Signal`, or that a timeout ended it.
    """

    minute: float
    event: Event
    region: str
    wave: int
    remark: str


def first(happenings: Iterable[Happening], *events: Event) -> Happening | None:
    """Return the first happening of some kinds, or None."""
    return next(every(happenings, *events), None)


def every(happenings: Iterable[Happening], *events: Event) -> Iterator[Happening]:
    """Yield all happenings of some kinds, in order."""
    return (each for each in happenings if each.event in events)
