"""The compiled engine from outside: announce a first compilation, cut trials into runs, call the kernel.

Not here: the compiled code (``kernel``), the arrays it reads (``packing``), merging many blocks (``sweep``).
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba.core import event
from numpy.typing import NDArray

from simulation.engine import kernel, layout
from simulation.engine.packing import base_room, room

RUN = 512  # trials worked on at once: their draws fit the cache


class _Announcer(event.Listener):
    """Says, once a process, that the compiler works on the kernel: it does so only where no cache on disk will do."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, event: Any) -> None:
        if not self.said and event.data["dispatcher"].py_func.__module__.startswith(__package__):
            self.said = True
            print("compiling the engine, once for this checkout: one or two minutes …", file=sys.stderr, flush=True)

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Announcer())


class Desk:
    """Where one worker works: packed plans, and room for the trials worked on at once."""

    def __init__(self, worlds: layout.Worlds, plans: layout.Plans) -> None:
        self.worlds, self.plans = worlds, plans
        self.approvals = plans.approval.any(axis=0)
        self.shape = (len(plans.waves), 3, plans.order.shape[1])
        self._rooms: dict[int, tuple[Any, ...]] = {}

    def runs(self, trials: range) -> Iterator[tuple[range, tuple[Any, ...]]]:
        """Cut trials into runs, each with its room."""
        for start in range(trials.start, trials.stop, RUN):
            run = range(start, min(start + RUN, trials.stop))
            if len(run) not in self._rooms:
                self._rooms[len(run)] = room(self.worlds, self.plans, len(run))
            yield run, self._rooms[len(run)]

    def tally(
        self, trials: range, bins: NDArray[np.int64], counts: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], ...]:
        """Return sums, products and regional sums of one block; add to the histograms."""
        plans = len(self.plans.waves)
        sums, cross = np.zeros((plans, layout.SUMS)), np.zeros((plans, layout.CROSS))
        regional = np.zeros(self.shape)
        for run, (block, scratch, u, v) in self.runs(trials):
            kernel.run_tallies(
                self.worlds, self.plans, block, scratch, u, v, run.start, self.approvals,
                base_room(len(run)), sums, cross, regional, bins, counts,
            )  # fmt: skip
        return sums, cross, regional

    def frames(self, trials: range, out: NDArray[np.float64], at: int) -> NDArray[np.float64]:
        """Write every row of every plan from a place on, shape (plans, columns, trials); return the regional sums."""
        regional = np.zeros(self.shape)
        for run, (block, scratch, u, v) in self.runs(trials):
            kernel.run_frames(
                self.worlds, self.plans, block, scratch, u, v, run.start, self.approvals,
                out, at + run.start - trials.start, regional,
            )  # fmt: skip
        return regional
