"""One region's rollout as a lane: its traffic on the new version as a band, and below it what the pipeline does there.

Timeline and duel draw their lanes with this. Not here: the axes, titles and halt lines around them.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import blended_transform_factory

from simulation.analysis.trace import RegionStory, Span, Trace
from simulation.happenings import Event, Signal, every, first
from simulation.plots.style import (
    APPROVAL,
    EXPOSED,
    INK,
    MUTED,
    PAPER,
    ROLLBACK,
    SMALL,
    SOUND,
    WIDTH,
    WORK,
    Picture,
    blend,
    hurting,
)  # fmt: skip
from simulation.plots.timescale import Timescale
from simulation.plots.words import fit, percent, width_of
from simulation.traffic import Path, level

LEFT, RIGHT = 2.05, 0.72  # inches beside the lanes: region names, wave names
INCHES = WIDTH - LEFT - RIGHT
TEXT_SIZE = 8.5
MOST = 36  # lanes that can be told apart on a screen
BAND, STRIP = 0.62, 0.17  # of a lane's height: the band of traffic, the strip of the pipeline below it


@dataclass(frozen=True)
class Lanes:
    """Where lanes lie: the axes, the time, and how many inches a lane and the axis have."""

    axes: Axes
    scale: Timescale
    row: float
    inches: float


def instants(trace: Trace) -> Iterator[float]:
    """Yield every instant at which something on a rollout's picture begins, changes or ends."""
    yield trace.end
    yield from (each.minute for each in trace.rollout.events)
    if math.isfinite(trace.halt):
        yield trace.halt
    for story in trace.regions:
        for span in (*story.closed, *story.queued, story.bake, story.harm, story.rollback):
            yield from span or ()
        for start, _, until, _ in story.pieces:
            yield start
            if math.isfinite(until):
                yield until


def clipped(pieces: Path, low: float, high: float) -> Path:
    """Return the part of x(t) between two instants."""
    kept = []
    for piece in pieces:
        a, b = max(piece[0], low), min(piece[2], high)
        if a < b:
            last = level(piece, b) if math.isfinite(b) else piece[3]
            kept.append((a, level(piece, a), b, last))
    return kept


def chosen(*traces: Trace) -> frozenset[str]:
    """Return the regions that have a lane: all of them, or where they are many those of which there is most to see.

    What alarms comes first, then what hurts, the more the sooner, then what carries most traffic.
    """
    shares = traces[0].scenario.fleet.shares
    rank: dict[str, tuple[float, ...]] = {}
    for story in (story for trace in traces for story in trace.regions):
        hurt = story.severity * (min(story.harm[1], 1e9) - story.harm[0]) if story.harm else 0.0
        own = (float(story.alarm_minute is not None), shares[story.region] * hurt, shares[story.region])
        rank[story.region] = max(rank.get(story.region, own), own)
    first = sorted(rank, key=lambda name: rank[name], reverse=True)  # stable: ties in plan order
    return frozenset(first[:MOST])


def stories_of(trace: Trace, names: Collection[str]) -> list[RegionStory]:
    """Return what happened in the regions that have a lane, in plan order."""
    return [story for story in trace.regions if story.region in names]


def undrawn(names: Collection[str], *traces: Trace) -> str:
    """Say what the lanes leave out; nothing where they leave out nothing."""
    count = len({story.region for trace in traces for story in trace.regions})
    if count <= len(names):
        return ""
    what = "those that alarm, that hurt most, then those with most traffic"
    return f"{len(names)} of {count:,} regions are drawn: {what}. "


def draw_lanes(lanes: Lanes, trace: Trace, names: Collection[str], *, remarks: bool = True) -> None:
    """Draw the regions of a rollout, the first on top, and a line between waves."""
    stories = stories_of(trace, names)
    failed = {
        (each.region, each.minute) for each in every(trace.rollout.events, Event.ATTEMPT_FAILS, Event.DEPLOYMENT_FAILS)
    }
    for row, story in enumerate(stories):
        _draw(lanes, trace, story, row, failed, remarks)
        if row and story.wave != stories[row - 1].wave:
            lanes.axes.axhline(row, color=MUTED, linewidth=0.8, zorder=1)
    lanes.axes.set_ylim(len(stories), 0)
    lanes.axes.set_yticks([])
    lanes.axes.spines["left"].set_visible(False)


def _draw(
    lanes: Lanes, trace: Trace, story: RegionStory, row: int, failed: set[tuple[str, float]], remarks: bool
) -> None:
    axes, scale = lanes.axes, lanes.scale
    base = row + 0.1 + BAND
    axes.fill_between([_built(trace, scale), scale.width], base, base - BAND, color=PAPER, linewidth=0, zorder=0.5)
    for low, high, colour in _phases(story, trace.rollout.horizon):
        _band(lanes, clipped(story.pieces, low, high), base, colour)
    if remarks and story.harm:
        _severity(lanes, trace, story, base)
    for start, end, good in story.attempts:
        broken = not good and (story.region, end) in failed
        _bar(lanes, start, end, base, WORK, hatch="" if good else "xxxx" if broken else "")
        if broken:
            x = float(scale.place(end))
            axes.plot(
                x, base + 0.03 + STRIP / 2, "X", color=INK, markersize=_mark(lanes), markeredgecolor="white", zorder=5,
                clip_on=False,
            )  # fmt: skip
    _bars(lanes, story.closed, base, blend(MUTED, 0.5), hatch="||||")
    _bars(lanes, story.queued, base, blend(MUTED, 0.85), hatch="----")
    if story.bake and not story.failed:
        _bar(lanes, *story.bake, base, blend(WORK, 0.28))
    if story.rollback:
        _bar(lanes, *story.rollback, base, ROLLBACK, hatch="\\\\\\\\" if story.by_hand else "////")
    if story.failed and remarks:
        _stays(lanes, trace, story, base)
    for low, high in approvals(trace, story.wave):
        _bar(lanes, low, high, base, blend(APPROVAL, 0.55), hatch="....")
    if story.alarm_minute is not None:
        x = float(scale.place(story.alarm_minute))
        axes.plot(x, base - BAND / 2, "D", color="white", markersize=_mark(lanes), markeredgecolor=INK,
                  markeredgewidth=1.6, zorder=7)  # fmt: skip


def _built(trace: Trace, scale: Timescale) -> float:
    happened = first(trace.rollout.events, Event.BUILT)
    built = happened.minute if happened else trace.end
    return float(scale.place(built))


def _phases(story: RegionStory, horizon: float) -> Iterator[tuple[float, float, str | tuple[float, float, float]]]:
    """Yield the stretches of a lane with their colours: sound, or defective before it hurts, while, and after."""
    if story.severity == 0:
        yield 0.0, math.inf, SOUND
        return
    begin, until = story.harm or (math.inf, math.inf)
    until = math.inf if until == horizon else until  # the book closes; the harm does not end
    yield 0.0, begin, EXPOSED
    yield begin, until, hurting(story.severity)
    yield until, math.inf, EXPOSED


def _band(lanes: Lanes, pieces: Path, base: float, colour: str | tuple[float, float, float]) -> None:
    if pieces:
        times = lanes.scale.place(np.array([t for a, _, b, _ in pieces for t in (a, b)]))
        heights = base - BAND * np.array([x for _, x, _, y in pieces for x in (x, y)])
        lanes.axes.fill_between(times, base, heights, color=colour, linewidth=0, zorder=2)


def _severity(lanes: Lanes, trace: Trace, story: RegionStory, base: float) -> None:
    """Write how severe the harm is, into the longest free part of the band, where that has room for it."""
    assert story.harm is not None
    size = min(SMALL, lanes.row * BAND * 72 * 0.62)
    text = f"{percent(story.severity)} fail"
    full = [p for p in clipped(story.pieces, *story.harm) if min(p[1], p[3]) >= 0.99]
    if not full:
        return
    first, last = full[0][0], full[-1][2]
    lines = [t for cut in lanes.scale.cuts for t in cut] + [trace.end, trace.halt]
    places = lanes.scale.place(np.array(sorted([first, last, *(t for t in lines if first < t < last)])))
    widths = np.diff(places)
    widths[np.isin(places[:-1], lanes.scale.place(np.array([low for low, _ in lanes.scale.cuts])))] = 0.0
    best = int(np.argmax(widths))
    if widths[best] / lanes.scale.width * lanes.inches > width_of(text, size) + 0.2:
        colour = "white" if story.severity > 0.45 else INK
        lanes.axes.text(places[best] + widths[best] / 2, base - BAND / 2, text, size=size, color=colour, ha="center",
                        va="center_baseline", zorder=4)  # fmt: skip


def _stays(lanes: Lanes, trace: Trace, story: RegionStory, base: float) -> None:
    """Write that a region whose deployment failed keeps the old version: behind its last attempt, or before all."""
    size, width = min(SMALL, lanes.row * BAND * 72 * 0.62), lanes.scale.width
    wanted = (width_of("keeps the old version", size) + 0.2) / lanes.inches * width
    end = float(lanes.scale.place(story.attempts[-1][1])) if story.attempts else 0.0
    begin = float(lanes.scale.place(story.attempts[0][0])) if story.attempts else 0.0
    behind = width - end > wanted
    if behind or begin - _built(trace, lanes.scale) > wanted:
        lanes.axes.text(
            end + width * 0.01 if behind else begin - width * 0.01, base - BAND / 2, "keeps the old version",
            size=size, color=MUTED, ha="left" if behind else "right", va="center_baseline", zorder=4,
        )  # fmt: skip


def _bar(
    lanes: Lanes, low: float, high: float, base: float, colour: str | tuple[float, float, float], hatch: str = ""
) -> None:
    _bars(lanes, [(low, high)], base, colour, hatch)


def _bars(
    lanes: Lanes, spans: Sequence[Span], base: float, colour: str | tuple[float, float, float], hatch: str = ""
) -> None:
    """Draw what a region does in some spans of time, as one artist: who waits day by day has hundreds."""
    places = np.array([lanes.scale.place(np.array(span)) for span in spans]).reshape(-1, 2)
    wide = np.maximum(places[:, 1] - places[:, 0], lanes.scale.width * 0.0015)  # what takes no time shall still be seen
    bars = list(zip(places[:, 0].tolist(), wide.tolist(), strict=True))
    lanes.axes.broken_barh(bars, (base + 0.03, STRIP), facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0,
                           zorder=2)  # fmt: skip


def _mark(lanes: Lanes) -> float:
    return min(7.5, lanes.row * 72 * 0.32)


_SEEN = {
    Signal.EVIDENCE: "the alarm",
    Signal.CHECK: "the check alarms",
    Signal.REVIEWER: "the reviewer sees it",
    Signal.CUSTOMERS: "customers report",
    Signal.NOTHING: "a false alarm",
}


def halted_by(trace: Trace) -> str:
    """Say what halted a rollout that was halted."""
    alarm = first(trace.rollout.events, Event.ALARM)
    return _SEEN[Signal(alarm.remark)] if alarm else "the deployment failed"


def approvals(trace: Trace, wave: int) -> list[tuple[float, float]]:
    """Return from when until when a wave (from 1) waited for its approval."""
    events = trace.rollout.events
    asked = [each.minute for each in every(events, Event.APPROVAL_ASKED) if each.wave == wave - 1]
    began = [each.minute for each in every(events, Event.WAVE_STARTS) if each.wave == wave - 1]
    return [(asked[0], began[0] if began else trace.end)] if asked else []


def name_lanes(lanes: Lanes, trace: Trace, names: Collection[str], *, left: float, right: bool = True) -> None:
    """Write the regions with their shares to the left of the lanes, and the waves to the right."""
    axes, stories = lanes.axes, stories_of(trace, names)
    size = min(TEXT_SIZE, lanes.row * 72 * 0.68)
    shares = trace.scenario.fleet.shares
    for row, story in enumerate(stories):
        share = percent(shares[story.region])
        name = fit(story.region, left - 0.62, size)
        place: dict[str, Any] = {
            "xycoords": axes.get_yaxis_transform(),
            "textcoords": "offset points",
            "va": "center_baseline",
            "ha": "right",
        }
        axes.annotate(name, (0, row + 0.47), (-42, 0), size=size, color=INK, **place)
        axes.annotate(share, (0, row + 0.47), (-5, 0), size=size, color=MUTED, **place)
    for wave in dict.fromkeys(story.wave for story in stories) if right else ():
        rows = [row for row, story in enumerate(stories) if story.wave == wave]
        edge = blended_transform_factory(axes.transAxes, axes.transData)
        axes.plot(
            [1.012, 1.012], [rows[0] + 0.12, rows[-1] + 0.88], color=MUTED, linewidth=1.2, transform=edge, clip_on=False
        )
        axes.annotate(f"wave {wave}", (1.012, (rows[0] + rows[-1] + 1) / 2), (5, 0), xycoords=edge, size=size,
                      textcoords="offset points", va="center_baseline", color=MUTED)  # fmt: skip


def draw_key(picture: Picture, entries: Mapping[str, Any], left: float, top: float) -> None:
    """Explain what the picture's colours and marks mean, from the `entries` of its rollouts."""
    order = [label for label in Key if label in entries]
    handles = [entries[label] for label in order]
    tall = picture.get_figheight()
    picture.legend(
        handles, order, loc="upper left", bbox_to_anchor=(left / WIDTH, (tall - picture.head - top) / tall), ncols=5,
        borderaxespad=0, handlelength=1.5, handleheight=0.9, columnspacing=1.3, handletextpad=0.5, labelcolor=MUTED,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
    )  # fmt: skip


class Key(StrEnum):
    """What the key of a rollout's picture explains, in the order in which it does."""

    SERVES = "serves the new version"
    DEFECT = "serves the defect, no harm yet"
    HURTS = "hurts (stronger: more requests fail)"
    ALARM = "the alarm"
    DEPLOYS = "deploys"
    FAILS = "deployment fails"
    BAKES = "bakes"
    APPROVAL = "waits for approval"
    SLOT = "waits for a slot"
    WINDOW = "waits for its window"
    ROLLS_BACK = "rolls back"
    BY_HAND = "people recover it"
    STOPS = "the pipeline stops"
    AGAIN = "the plan above, again"


def key_rows(entries: Mapping[str, Any]) -> int:
    """Return how many rows the key takes."""
    return math.ceil(len(entries) / 5)


def entries(trace: Trace, names: Collection[str]) -> dict[str, Any]:
    """Return what the key of a rollout's picture must explain: labels, each with its mark."""
    found: dict[str, Any] = {}
    failed = {
        (each.region, each.minute) for each in every(trace.rollout.events, Event.ATTEMPT_FAILS, Event.DEPLOYMENT_FAILS)
    }
    for story in stories_of(trace, names):
        bad = story.severity > 0
        if story.pieces and not bad:
            found[Key.SERVES] = Patch(color=SOUND)
        if story.pieces and bad and (story.harm is None or story.harm[0] > story.pieces[0][0]):
            found[Key.DEFECT] = Patch(color=EXPOSED)
        if story.harm:
            found[Key.HURTS] = (Patch(color=hurting(0.1)), Patch(color=hurting(0.5)), Patch(color=hurting(1.0)))
        if story.alarm_minute is not None:
            found[Key.ALARM] = Line2D(
                [], [], linestyle="", marker="D", color="white", markeredgecolor=INK, markeredgewidth=1.6
            )
        for _, end, good in story.attempts:
            broken = not good and (story.region, end) in failed
            found[Key.FAILS if broken else Key.DEPLOYS] = (
                (Patch(facecolor=WORK, hatch="xxxx", edgecolor="white", linewidth=0),
                 Line2D([], [], linestyle="", marker="X", color=INK, markeredgecolor="white", markersize=7))
                if broken else Patch(color=WORK)
            )  # fmt: skip
        if story.bake and not story.failed:
            found[Key.BAKES] = Patch(color=blend(WORK, 0.28))
        if approvals(trace, story.wave):
            found[Key.APPROVAL] = Patch(facecolor=blend(APPROVAL, 0.55), hatch="....", edgecolor="white", linewidth=0)
        if story.queued:
            found[Key.SLOT] = Patch(facecolor=blend(MUTED, 0.85), hatch="----", edgecolor="white", linewidth=0)
        if story.closed:
            found[Key.WINDOW] = Patch(facecolor=blend(MUTED, 0.5), hatch="||||", edgecolor="white", linewidth=0)
        if story.rollback:
            label, hatch = (Key.BY_HAND, "\\\\\\\\") if story.by_hand else (Key.ROLLS_BACK, "////")
            found[label] = Patch(facecolor=ROLLBACK, hatch=hatch, edgecolor="white", linewidth=0)
    return found
