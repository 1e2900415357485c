"""The picture of one rollout: its timeline.

Not here: how a lane is drawn (``lanes``), two rollouts (``_duel``), many (``_compare``, ``_distributions``).
"""

import math

from matplotlib.axes import Axes

from simulation.analysis.trace import Trace
from simulation.happenings import Event, first
from simulation.plots.lanes import (
    INCHES,
    LEFT,
    RIGHT,
    Lanes,
    chosen,
    draw_key,
    draw_lanes,
    entries,
    halted_by,
    instants,
    key_rows,
    name_lanes,
    undrawn,
)
from simulation.plots.style import INK, MARGIN, MUTED, SMALL, Picture, styled
from simulation.plots.timescale import Timescale, draw_scale, timescale
from simulation.plots.words import minutes_of, number, several, width_of


def timeline(trace: Trace) -> Picture:
    """Draw one rollout: each region's deployment, traffic, bake, exposure, harm, alarm and roll-back, on one clock.

    Parameters
    ----------
    trace
        From `simulation.trace`.

    Returns
    -------
    Picture
        A matplotlib figure. A stretch without any change that would dwarf the rest is cut out of its time axis, which
        says so.
    """
    with styled():
        drawn = chosen(trace)
        count = len(drawn)
        row = 0.42 if count <= 12 else 0.3
        scale = timescale(instants(trace))
        notes = _stacked(scale, _notes(trace))
        key_entries = entries(trace, drawn)
        head, key = 0.2 * max(level for *_, level in notes) + 0.06, 0.24 * key_rows(key_entries)
        picture = Picture(sentence(trace), undrawn(drawn, trace) + _caption(trace), key + head + row * count + 0.5)
        draw_key(picture, key_entries, MARGIN, 0.0)
        lanes = Lanes(picture.place(LEFT, key + head, INCHES, row * count), scale, row, INCHES)
        draw_scale(lanes.axes, scale, INCHES)
        draw_lanes(lanes, trace, drawn)
        name_lanes(lanes, trace, drawn, left=LEFT - MARGIN)
        for place, text, side, level in notes:
            _mark(lanes.axes, place, text, side, 0.2 * level - 0.08)
        if not any(story.attempts for story in trace.regions):
            lanes.axes.text(0.5, 0.5, "nothing was deployed", transform=lanes.axes.transAxes, color=MUTED, ha="center",
                            va="center_baseline", backgroundcolor="white")  # fmt: skip
    return picture


def sentence(trace: Trace) -> str:
    """Say what became of a rollout: the title of its timeline."""
    row, end = trace.row, minutes_of(trace.end)
    regions = f"{row.regions_exposed} of {several(len(trace.regions), 'region')}"
    amount = number(row.impact_minutes)
    cost = f"{amount} fleet-minute{'' if amount == '1' else 's'} lost"
    lost = f"{regions} exposed, {cost}" if row.regions_exposed else "no region exposed to a defect"
    if math.isinf(row.impact_minutes):
        lost = f"{regions} exposed, harm without end"
    left = trace.rollout.tolerated
    but = f" but for {several(len(left), 'region')} that keep{'s' * (len(left) == 1)} the old version" if left else ""
    return {
        "completed": f"Completed after {end}{but}, with no defect in it",
        "escaped": f"A defect escaped: complete after {end}{but}, {lost}",
        "caught": f"A defect caught after {end}: {lost}",
        "false_alarm": f"A false alarm ended it after {end}: {lost}",
        "deploy_failed": f"A deployment failed after {end}: {lost}",
        "rejected": f"Rejected after {end}: {lost}",
        "build_failed": f"The build failed after {end}: no region was touched",
    }[row.outcome]


def _caption(trace: Trace) -> str:
    how = "" if trace.sampling == "stratified" else f", sampling={trace.sampling!r}"
    pushed = f"Pushed {trace.pushed}. " if trace.pushed else ""
    return pushed + (
        f"Plan {trace.plan.name}, scenario {trace.scenario.name} ({trace.scenario.digest}), seed {trace.seed}, "
        f"trial {trace.trial}, {trace.sampling} sampling. Percentages: shares of the fleet's traffic. "
        f"Again: simulation.trace(plan, scenario, seed={trace.seed}, trial={trace.trial}{how})"
    )


def _notes(trace: Trace) -> list[tuple[float, str]]:
    """Return what to write above the lanes, each with its minute, in order."""
    events, notes = trace.rollout.events, []
    if built := first(events, Event.BUILT):
        notes.append((built.minute, f"built, {minutes_of(built.minute)}"))
    if math.isfinite(trace.halt):
        notes.append((trace.halt, f"{halted_by(trace)}: all halts, {minutes_of(trace.halt)}"))
    if trace.end != trace.halt:
        notes.append((trace.end, f"{trace.row.outcome.replace('_', ' ')}, {minutes_of(trace.end)}"))
    horizon = trace.rollout.horizon
    if any(story.harm and story.harm[1] == horizon for story in trace.regions) and math.isfinite(horizon):
        notes.append((horizon, f"the book closes, {minutes_of(horizon)}"))
    return sorted(notes)


def _stacked(scale: Timescale, notes: list[tuple[float, str]]) -> list[tuple[float, str, str, int]]:
    """Give each note its place, the side of its line on which it stands, and a level, from 1, so that none overlap."""
    taken: list[list[tuple[float, float]]] = [[] for _ in notes]
    stacked = []
    for minute, text in notes:
        place = float(scale.place(minute))
        line, wide = place / scale.width * INCHES, width_of(text, SMALL) + 0.15
        side = "right" if line + wide > INCHES + RIGHT - 0.1 else "left"
        low, high = (line - wide, line + 0.1) if side == "right" else (line - 0.1, line + wide)
        level = next(i for i, spans in enumerate(taken) if all(high < a or b < low for a, b in spans))
        taken[level].append((low, high))
        stacked.append((place, text, side, level + 1))
    return stacked


def _mark(axes: Axes, place: float, text: str, side: str, above: float) -> None:
    """Draw a line through all lanes, and write at its head, so many inches above the axes, what happened."""
    top = 1 + above / axes.get_window_extent().height * axes.figure.dpi
    across = axes.get_xaxis_transform()
    axes.plot(
        [place, place],
        [0, top],
        color=INK,
        linewidth=1.0,
        linestyle=(0, (4, 2)),
        transform=across,
        clip_on=False,
        zorder=6.5,
    )
    axes.annotate(text, (place, top), (4 if side == "left" else -4, 0), xycoords=across, size=SMALL, ha=side,
                  textcoords="offset points", va="center_baseline", color=INK, zorder=9,
                  bbox={"facecolor": "white", "linewidth": 0, "pad": 0.8})  # fmt: skip
