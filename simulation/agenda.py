"""The clock of the SimPy model: events at an instant, ordered by rank where they tie. Nothing about rollouts here."""

from heapq import heappush
from typing import Any

import simpy

MOVE, TRUE_ALARM, FALSE_ALARM, FAILURE, PIPELINE = range(5)
SPACING = 1_000_000  # more than a plan has regions; SimPy's own priorities, 0 and 1, stay below every rank


class Clock(simpy.Environment):
    """A SimPy environment with ranks at one instant: traffic, true alarms, false alarms, failures, the pipeline."""

    def at(self, instant: float, rank: int, position: int = -1) -> simpy.Event:
        """Return an event to wait for.

        Parameters
        ----------
        instant
            When it happens, in minutes since the push.
        rank
            What goes first at one instant: `MOVE`, `TRUE_ALARM`, `FALSE_ALARM`, `FAILURE`, `PIPELINE`.
        position
            Within a rank, the region's position in the plan; the pipeline itself goes first.
        """
        event = simpy.Event(self)
        event._ok, event._value = True, None
        # Not `schedule`: it takes a delay, and now + (instant - now) may miss the instant in the last place and break
        # a tie.
        entry: Any = (instant, (rank + 1) * SPACING + position, next(self._eid), event)
        heappush(self._queue, entry)
        return event
