"""The time axis of one rollout: minutes since the push, with long quiet stretches cut out and said to be.

Not here: what is drawn along it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from simulation.plots.style import FAINT, MUTED
from simulation.plots.words import minutes_of, number, width_of

STEPS = (0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 7200, 14400, 43200, 144000, 525600)
QUIET = 4.0  # a stretch without an event is cut where it is so many times longer than all the others together


@dataclass(frozen=True)
class Timescale:
    """Where instants lie on the axis.

    Attributes
    ----------
    end
        The last instant shown, in minutes.
    cuts
        (from, until) of each stretch that is cut out.
    gap
        How much of the axis a cut takes, in the minutes of the rest.
    endless
        Whether something goes on for ever.
    """

    end: float
    cuts: tuple[tuple[float, float], ...] = ()
    gap: float = 0.0
    endless: bool = False

    def place(self, minutes: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the place of an instant, or of many; infinity lies at the right edge."""
        places = np.minimum(np.asarray(minutes, dtype=float), self.end)
        moved = places.copy()
        for low, high in self.cuts:
            inside = np.clip((places - low) / (high - low), 0.0, 1.0)
            moved -= inside * (high - low - self.gap)
        return moved

    @property
    def width(self) -> float:
        """The place of the right edge."""
        return float(self.place(self.end))

    @property
    def unit(self) -> float:
        """Minutes in the unit of the axis: 1, 60 or 1440."""
        longest = max(b - a for a, b in self.stretches)
        return 1.0 if longest <= 400 else 60.0 if longest <= 6000 else 1440.0

    @property
    def stretches(self) -> list[tuple[float, float]]:
        """The stretches between the cuts."""
        ends = [0.0, *(instant for cut in self.cuts for instant in cut), self.end]
        return list(zip(ends[::2], ends[1::2], strict=True))

    @property
    def label(self) -> str:
        """What to write under the axis."""
        unit = {1.0: "minutes", 60.0: "hours", 1440.0: "days"}[self.unit]
        cut = " and ".join(minutes_of(b - a) for a, b in self.cuts)
        endless = "; what touches the right edge goes on without end" if self.endless else ""
        return f"{unit} since the push" + (f"; hatched: {cut} without any change, cut out" if cut else "") + endless

    def ticks(self, inches: float) -> tuple[list[float], list[str]]:
        """Return instants to mark, and their labels, for an axis of a length."""
        instants: list[float] = []
        labels: list[str] = []
        for i, (low, high) in enumerate(self.stretches):
            room = inches * (high - low) / self.width
            if i:
                instants.append(self.cuts[i - 1][1])
                labels.append(minutes_of(instants[-1]))
                low += (width_of(labels[-1], 8) + 0.1) * self.width / inches
                if room < 1.5:
                    continue
            step = next((s for s in STEPS if s >= self.unit / 2 and (high - low) / s <= max(room / 0.62, 1)), STEPS[-1])
            marks = [step * k for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
            instants += marks
            labels += [number(mark / self.unit) for mark in marks]
        return instants, labels


def timescale(instants: Iterable[float]) -> Timescale:
    """Make the axis for what happened.

    Parameters
    ----------
    instants
        When anything on the picture begins, changes or ends; minutes, infinity for what never ends.
    """
    wanted = set(instants)
    endless = math.inf in wanted
    finite = sorted({t for t in wanted if math.isfinite(t)} | {0.0})
    span = finite[-1] or 1.0
    cuts: list[tuple[float, float]] = []
    rest = span
    for low, high in sorted(pairwise(finite), key=lambda pair: pair[0] - pair[1])[:2]:
        others = rest - (high - low)
        if high - low > QUIET * others > 0:
            cuts.append((low, high))
            rest = others
    margin = 0.08 * rest
    kept = [(low + margin, high - margin) for low, high in sorted(cuts)]
    return Timescale(span + (margin if endless else 0.012 * rest), tuple(kept), 0.05 * rest, endless)


def draw_scale(axes: Axes, scale: Timescale, inches: float, *, labelled: bool = True) -> None:
    """Give axes the scale: limits, ticks, a faint grid, and the marks of the cuts."""
    axes.set_xlim(0, scale.width)
    instants, labels = scale.ticks(inches)
    axes.set_xticks([float(scale.place(t)) for t in instants], labels if labelled else [""] * len(labels))
    axes.grid(axis="x", color=FAINT)
    axes.tick_params(axis="x", length=3 if labelled else 0)
    if labelled:
        axes.set_xlabel(scale.label, loc="left")
    for low, _ in scale.cuts:
        left = float(scale.place(low))
        axes.axvspan(left, left + scale.gap, facecolor="white", edgecolor=MUTED, hatch="////", linewidth=0, zorder=6)
