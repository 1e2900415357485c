"""The compiled engine from outside: announce a first compilation, cut trials into runs, call the kernel.

Not here: the compiled code (``kernel``), the arrays it reads (``packing``), merging many blocks (``sweep``).
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba.core import event
from numpy.typing import NDArray

from simulation.engine import kernel, layout, worlds
from simulation.engine.packing import base_room, extras, scratch_room
from simulation.engine.tape import play
from simulation.engine.taping import pack_tape
from simulation.tape import Tape

Numbers = NDArray[np.uint64]
Codes = dict[tuple[Any, bool], Callable[..., Any]]  # from a function, and whether without extras, to its code
RUN = 512  # trials worked on at once: their draws fit the cache


class _Announcer(event.Listener):
    """Says, once a process, that the compiler works on the kernel: it does so only where no cache on disk will do."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, event: Any) -> None:
        if not self.said and event.data["dispatcher"].py_func.__module__.startswith(__package__):
            self.said = True
            print("compiling the engine, once for this checkout: some twenty seconds …", file=sys.stderr, flush=True)

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Announcer())


class Desk:
    """Where one worker works: packed plans, and room for the trials worked on at once.

    Desks of one scenario turned this way and that may share what was `compiled` for the first of them.
    """

    def __init__(
        self,
        packed: layout.Worlds,
        plans: layout.Plans,
        tape: Tape | None = None,
        *,
        parts: bool = False,
        compiled: Codes | None = None,
    ) -> None:
        self.worlds, self.plans, self.parts = packed, plans, parts
        self.tape = pack_tape(tape) if tape else None
        self.attempts = tape.attempts if tape else 0
        self.extras = extras(packed, plans) or tape is not None and tape.attempts > 0 or None
        self.approvals = plans.approval.any(axis=0)
        self.shape = (len(plans.waves), layout.REGION_SUMS, plans.order.shape[1])
        self._rooms: dict[int, tuple[Any, ...]] = {}
        self._found: Codes = {} if compiled is None else compiled

    def runs(self, trials: Numbers) -> Iterator[tuple[slice, Numbers, tuple[Any, ...]]]:
        """Cut trials into runs: where each is, its trials, and its room."""
        for at in range(0, len(trials), RUN):
            run = trials[at : at + RUN]
            if len(run) not in self._rooms:
                self._rooms[len(run)] = scratch_room(self.worlds, self.plans, len(run), self.attempts, parts=self.parts)
            yield slice(at, at + len(run)), run, self._rooms[len(run)]

    def tally(
        self,
        trials: Numbers,
        bins: NDArray[np.int64],
        counts: NDArray[np.int32],
        given: layout.Given | None = None,
        since: int = 0,
    ) -> tuple[NDArray[np.float64], ...]:
        """Return sums, products and regional sums of some trials; add to the histograms.

        What goes wrong in the first of them is what is given at a place, here and below.
        """
        plans = len(self.plans.waves)
        sums, cross = np.zeros((plans, layout.SUMS)), np.zeros((plans, layout.CROSS))
        regional = np.zeros(self.shape)
        for own, run, desk in self.runs(trials):
            block, scratch = self._drawn(run, desk, given, since + own.start)
            base = base_room(len(run))
            self._call(
                kernel.keep_sums, self.worlds, self.plans, block, scratch, run, base, sums, cross, regional, bins,
                counts, self.extras,
            )  # fmt: skip
        return sums, cross, regional

    def frames(
        self,
        trials: Numbers,
        out: NDArray[np.float64],
        at: int = 0,
        given: layout.Given | None = None,
        since: int = 0,
        *,
        noise: bool = False,
    ) -> NDArray[np.float64]:
        """Write every row of every plan from a place on, into zeros (plans, columns, trials); return the regional sums.

        `noise` says whether refusals and false alarms are given, too. A desk's tape is for these trials, in this order.
        """
        regional = np.zeros(self.shape)
        for own, run, desk in self.runs(trials):
            block, scratch = self._drawn(run, desk, given, since + own.start, noise=noise)
            if self.tape:
                places, values = self.tape
                play(self.worlds, block, places, np.ascontiguousarray(values[:, own]))
            self._call(
                kernel.keep_rows, self.worlds, self.plans, block, scratch, run, out, at + own.start, regional,
                self.extras,
            )  # fmt: skip
        return regional

    def spent(self, trials: Numbers, given: layout.Given | None = None, since: int = 0) -> NDArray[np.float64]:
        """Return where the minutes of a desk's only plan go, shape (parts, trials); the desk keeps parts."""
        out, rows, regional = (
            np.empty((layout.PARTS, len(trials))),
            np.empty((1, layout.COLUMNS, RUN)),
            np.zeros(self.shape),
        )
        for own, run, desk in self.runs(trials):
            block, scratch = self._drawn(run, desk, given, since + own.start)
            kernel.keep_rows(self.worlds, self.plans, block, scratch, run, rows, 0, regional, self.extras)
            out[:, own] = scratch.spent.T
        return out

    def _call(self, function: Any, *arguments: Any) -> None:
        """Call compiled code, the first time as ever, then what was found: on one desk no argument changes its type.

        But for what is None without extras. Numba looks at each array's type at each call, for as long as ten rollouts
        take.
        """
        known = function, self.extras is None
        if known in self._found:
            self._found[known](*arguments)
            return
        function(*arguments)
        types = tuple(map(function.typeof_pyval, arguments)) if hasattr(function, "typeof_pyval") else ()
        compiled = getattr(function, "overloads", {}).get(types)
        self._found[known] = getattr(compiled, "entry_point", function)

    def _drawn(
        self, run: Numbers, desk: tuple[Any, ...], given: layout.Given | None, at: int, *, noise: bool = False
    ) -> tuple[layout.Block, layout.Scratch]:
        """Draw what all plans share; return where it is, and room to roll them out."""
        block, scratch, *rows = desk
        self._call(worlds.open_block, self.worlds, block, run, *rows, self.approvals)
        if given is not None:
            if noise:
                worlds.impose_noise(self.worlds, block, given, at)
            worlds.impose(self.worlds, block, given, at, run)
        return block, scratch


def numbered(trials: range) -> Numbers:
    """Return the numbers of trials as the engine takes them."""
    return np.arange(trials.start, trials.stop, dtype=np.uint64)
