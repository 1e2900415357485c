"""The picture of a duel: the same bad change through two plans, one above the other, on one clock.

Not here: how a lane is drawn (``lanes``), which change it is (``simulation.analysis``).
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from simulation.analysis.duel import Duel, pair
from simulation.analysis.trace import Trace
from simulation.columns import Harm, harms, paths
from simulation.plots.lanes import (
    INCHES,
    LEFT,
    Key,
    Lanes,
    chosen,
    clipped,
    draw_key,
    draw_lanes,
    entries,
    halted_by,
    instants,
    key_rows,
    name_lanes,
    stories_of,
    undrawn,
)  # fmt: skip
from simulation.plots.style import HURT, INK, MARGIN, MUTED, SMALL, WIDTH, Picture, blend, styled
from simulation.plots.timescale import Timescale, draw_scale, timescale
from simulation.plots.words import fit, minutes_of, several, width_of

CURVE, HEADING, BETWEEN = 1.3, 0.32, 0.12  # inches: a curve, the line above it, the space between two plans
AREA = 12.0  # points: the number written to the area
Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def duel(duel: Duel) -> Picture:
    """Draw the same bad change under two plans, one above the other, on one clock.

    Each half has the failing share of the fleet's requests over time, with the area under it, the fleet-minutes
    lost, written to it; below that the regions' lanes.

    Parameters
    ----------
    duel
        From `simulation.duel`.

    Returns
    -------
    Picture
        A matplotlib figure; its title is the duel's sentence, its caption carries seed and trial.
    """
    with styled():
        traces = (duel.first, duel.second)
        scale = timescale(instant for trace in traces for instant in instants(trace))
        curves = [failing(harms(trace.rollout, paths(trace.rollout))) for trace in traces]
        drawn = chosen(*traces)
        lines = [len(stories_of(trace, drawn)) for trace in traces]
        known = {**entries(duel.first, drawn), **entries(duel.second, drawn)}
        known[Key.STOPS] = Line2D([], [], color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
        if curves[0][1].any():
            known[Key.AGAIN] = Line2D([], [], color=INK, linewidth=1.0, linestyle=(0, (2, 1.5)))
        row = _row(max(lines))
        key = 0.24 * key_rows(known) + 0.04
        tall = [HEADING + CURVE + 0.06 + row * count for count in lines]
        picture = Picture(duel.sentence, undrawn(drawn, *traces) + duel.caption, key + sum(tall) + BETWEEN + 0.5)
        draw_key(picture, known, MARGIN, 0.0)
        highest = max(float(np.max(heights, initial=0.0)) for _, heights in curves) or 1.0
        words = pair(duel.first.row.impact_minutes, duel.second.row.impact_minutes)
        for i, (trace, top) in enumerate(zip(traces, (key, key + tall[0] + BETWEEN), strict=True)):
            _heading(picture, trace, top)
            axes = picture.place(LEFT, top + HEADING, INCHES, CURVE)
            axes.set_ylim(0, highest * 1.15)
            ghost = curves[0] if i and Key.AGAIN in known else None
            _curve(axes, scale, curves[i], ghost)
            _write_area(axes, scale, curves[i], ghost, f"{words[i]} fleet-minutes")
            below = picture.place(LEFT, top + HEADING + CURVE + 0.06, INCHES, row * lines[i])
            draw_scale(below, scale, INCHES, labelled=i == 1)
            lanes = Lanes(below, scale, row, INCHES)
            draw_lanes(lanes, trace, drawn, remarks=False)
            name_lanes(lanes, trace, drawn, left=LEFT - MARGIN)
            below.axvline(float(scale.place(trace.end)), color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=6.5)
        closes = duel.first.rollout.horizon
        if any(story.harm and story.harm[1] == closes < math.inf for trace in traces for story in trace.regions):
            below.set_xlabel(f"{scale.label}; the book closes at {minutes_of(closes)}", loc="left")
    return picture


def _row(count: int) -> float:
    return 0.24 if count <= 6 else 0.19 if count <= 12 else 0.15


def failing(found: list[Harm]) -> Curve:
    """Return the failing share of the fleet's requests over time; the area under it is the rollout's impact.

    Parameters
    ----------
    found
        The regions that were hit, from `simulation.columns.harms`.

    Returns
    -------
    tuple of arrays
        Minutes, and the share at each, of one shape; a jump is two points at one minute.
    """
    pieces = [(harm, piece) for harm in found for piece in clipped(harm.pieces, harm.begin, harm.until)]
    marks = sorted({t for _, piece in pieces for t in (piece[0], piece[2])})
    times: list[float] = []
    heights: list[float] = []
    for low, high in zip(marks, marks[1:], strict=False):
        for at in (low, high):
            over = [
                (harm.share * harm.severity, piece) for harm, piece in pieces if piece[0] <= low and high <= piece[2]
            ]
            times.append(at)
            heights.append(sum(weight * _at(piece, at) for weight, piece in over))
    if marks:
        times, heights = (
            [marks[0], *times, marks[-1]],
            [0.0, *heights, 0.0 if math.isfinite(marks[-1]) else heights[-1]],
        )
    return np.array(times), np.array(heights)


def _at(piece: tuple[float, float, float, float], minute: float) -> float:
    a, x, b, y = piece
    return x if x == y else x + (y - x) * (minute - a) / (b - a)


def _heading(picture: Picture, trace: Trace, top: float) -> None:
    waves = f"{several(len(trace.plan.waves), 'wave')}, {several(len(trace.regions), 'region')}"
    ending = f"{waves} · {trace.row.outcome.replace('_', ' ')} after {minutes_of(trace.end)}"
    if math.isfinite(trace.halt) and not any(story.alarm_minute is not None for story in trace.regions):
        ending += f" · {halted_by(trace)}" + (f", {minutes_of(trace.halt)}" if trace.halt != trace.end else "")
    if width_of(trace.plan.name, 10, "bold") > WIDTH - LEFT - MARGIN - width_of(ending, 9) - 0.15:
        ending = ending.removeprefix(f"{waves} · ")
    room = WIDTH - LEFT - MARGIN - width_of(ending, 9) - 0.15
    name = fit(trace.plan.name, room, 10, "bold")
    picture.write(LEFT, top + 0.2, name, size=10, weight="bold", va="baseline")
    picture.write(LEFT + width_of(name, 10, "bold") + 0.1, top + 0.2, ending, size=9, color=MUTED, va="baseline")


def _curve(axes: Axes, scale: Timescale, curve: Curve, ghost: Curve | None) -> None:
    """Draw the failing share as a filled curve, and that of the other plan as its outline."""
    draw_scale(axes, scale, INCHES, labelled=False)
    places = scale.place(curve[0])
    axes.fill_between(places, 0, curve[1], color=blend(HURT, 0.7), linewidth=0, zorder=2)
    axes.plot(places, curve[1], color=HURT, linewidth=1.4, zorder=3)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
    axes.set_ylabel("requests that fail,\n% of the fleet's", size=SMALL)
    if ghost:
        axes.plot(scale.place(ghost[0]), ghost[1], color=INK, linewidth=1.0, linestyle=(0, (2, 1.5)), zorder=4)


def _write_area(axes: Axes, scale: Timescale, curve: Curve, ghost: Curve | None, words: str) -> None:
    """Write the area under the curve where it fits, else into the free space nearest to it, with a line to it."""
    top = axes.get_ylim()[1]
    style: dict[str, Any] = {"size": AREA, "weight": "bold", "ha": "center", "va": "center_baseline", "zorder": 8}
    if not curve[1].any():
        axes.text(scale.width / 2, top / 2, words, color=MUTED, **style)
        return
    wide, high = (width_of(words, AREA, "bold") + 0.16) / INCHES * scale.width, 0.27 / CURVE * top
    samples = np.linspace(0, scale.width, 400)
    heights = _sampled(scale, curve, samples)
    starts = samples[samples + wide <= scale.width]
    if not len(starts):
        starts = samples[:1]
    windows = [(samples >= s) & (samples <= s + wide) for s in starts]
    cut = np.array([any(a < s + wide and s < b for a, b in _cuts(scale)) for s in starts])
    lowest = np.array([heights[w].min() for w in windows]) * ~cut
    best = int(lowest.argmax())
    if lowest[best] >= high * 1.15:
        axes.text(starts[best] + wide / 2, min(lowest[best] / 2, top / 2), words, color=INK, **style)
        return
    highest = np.array([heights[w].max() for w in windows])
    middle = float(samples[np.searchsorted(np.cumsum(heights), heights.sum() / 2)])
    crossed = np.array([_sampled(scale, ghost, samples[w]).any() for w in windows]) if ghost else np.zeros(len(starts))
    far = np.abs(starts + wide / 2 - middle) + wide * crossed + 9 * scale.width * (cut | (highest + 1.3 * high > top))
    pick = int(np.argmin(far))
    target = (middle, float(np.interp(middle, samples, heights)) / 2)
    place = (float(starts[pick]) + wide / 2, min(max(float(highest[pick]) + 0.8 * high, top / 2), top - high / 2))
    line = {"arrowstyle": "-", "color": INK, "linewidth": 0.9, "shrinkB": 0}
    halo = [withStroke(linewidth=3, foreground="white")]
    axes.annotate(words, target, place, color=INK, arrowprops=line, path_effects=halo, **style)


def _sampled(scale: Timescale, curve: Curve, samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(samples, scale.place(curve[0]), curve[1], left=0.0, right=0.0)


def _cuts(scale: Timescale) -> list[tuple[float, float]]:
    return [(float(scale.place(low)), float(scale.place(high))) for low, high in scale.cuts]
