"""Slots and the queue for them: which region of a wave deploys next (docs/model.md, rules 8 and 25).

Not here: what a deployment does (``model``), when windows are open (``windows``).
"""

from collections.abc import Sequence

import simpy

from simulation.agenda import PIPELINE, Clock
from simulation.setting import Site
from simulation.windows import opening


class Slots:
    """The slots of one wave, and its regions in the order in which they get them.

    Parameters
    ----------
    clock
        At the start of the wave.
    count
        How many deploy at once.
    sites
        The wave's regions in plan order.
    push
        Minutes from the epoch to the push.
    """

    def __init__(self, clock: Clock, count: int, sites: Sequence[Site], push: float) -> None:
        self.clock, self.free, self.push = clock, count, push
        self.queue = sorted(sites, key=self._opens)  # those that open at one instant stay in plan order
        self.turns = {site.position: clock.event() for site in sites}
        self._serve_at(clock.now)

    def turn(self, site: Site) -> simpy.Event:
        """Return the event that a region's deployment has a slot and may start."""
        return self.turns[site.position]

    def leave(self) -> None:
        """Free a slot, for use at this instant."""
        self.free += 1
        if self.queue:
            self._serve_at(self.clock.now)

    def _opens(self, site: Site) -> float:
        return opening(site.windows, self.push, self.clock.now)

    def _serve_at(self, instant: float) -> None:
        # Of rank e, so after all that frees slots at this instant.
        self.clock.at(instant, PIPELINE).callbacks.append(self._serve)

    def _serve(self, _: simpy.Event) -> None:
        while self.free and self.queue:
            first = next((site for site in self.queue if self._opens(site) <= self.clock.now), None)
            if first is None:
                self._serve_at(min(self._opens(site) for site in self.queue))
                return
            self.queue.remove(first)
            self.free -= 1
            self.turn(first).succeed()
