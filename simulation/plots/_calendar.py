"""One rollout on the calendar: days from left to right, closed windows shaded, a lane a region with what it waits for.

Not here: the same rollout on one clock, with its harm (``_timeline``).
"""

import math
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simulation.analysis.trace import RegionStory, Trace
from simulation.plots.charts import name_rows, rule_rows
from simulation.plots.lanes import approvals
from simulation.plots.style import (
    APPROVAL,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    ROLLBACK,
    SMALL,
    WIDTH,
    WORK,
    YELLOW,
    Picture,
    blend,
    styled,
)
from simulation.plots.words import minutes_of
from simulation.windows import bounds, shut
from waves.local_time import zone

LEFT, ROW, FOOT, KEY = 1.75, 0.3, 0.5, 0.3  # inches
DAY = 1440.0  # minutes
LONGEST = 60  # days that are drawn
HIDDEN = 0.004  # of the width: what is shorter is drawn as long
KINDS: dict[str, dict[str, Any]] = {  # what a region does, in the order of the key, and how that is drawn
    "deploying": {"facecolor": WORK, "edgecolor": WORK},
    "deployment fails": {"facecolor": WORK, "edgecolor": "white", "hatch": "xxxx"},
    "baking": {"facecolor": YELLOW, "edgecolor": MUTED},
    "waiting for approval": {"facecolor": blend(APPROVAL, 0.55), "edgecolor": "white", "hatch": "...."},
    "waiting for a slot": {"facecolor": blend(MUTED, 0.85), "edgecolor": "white", "hatch": "----"},
    "on the way back": {"facecolor": ROLLBACK, "edgecolor": "white", "hatch": "////"},
}


def calendar(trace: Trace) -> Picture:
    """Draw one rollout on the days it takes: each region's closed windows, its deployment, bake, waits and way back.

    Parameters
    ----------
    trace
        From `simulation.trace`, of a scenario that says when people push.

    Raises
    ------
    ValueError
        Where the scenario does not say when people push.
    """
    if trace.scenario.pushes is None:
        raise ValueError("the scenario does not say when people push; give it `pushes`, or draw the timeline")
    where = zone(trace.scenario.pushes.zone)
    pushed = _pushed(trace, where)
    backs = [story.rollback[1] for story in trace.regions if story.rollback]
    end = min(max([trace.end, 60.0, *backs]), LONGEST * DAY)
    with styled():
        stories = trace.regions
        tall = ROW * len(stories)
        cut = f"Only the first {LONGEST} days are drawn. " if trace.end > end else ""
        picture = Picture(_title(trace, pushed), cut + _caption(trace, where), KEY + tall + FOOT)
        axes = picture.place(LEFT, KEY, WIDTH - LEFT - MARGIN - 0.1, tall)
        rule_rows(axes, len(stories))
        axes.set_xlim(0, end * 1.01)
        _days(axes, pushed, end)
        _key(picture, {kind for story in stories for kind in _lane(axes, trace, story, end)})
        name_rows(axes, [story.region for story in stories], LEFT - MARGIN - 0.1)
        axes.set_xlabel(f"days in {where.key}, midnight to midnight", loc="left")
    return picture


def _pushed(trace: Trace, where: ZoneInfo) -> datetime:
    epoch = bounds(trace.scenario)[0]
    return (datetime.fromtimestamp(epoch, UTC) + timedelta(minutes=trace.rollout.push)).astimezone(where)


def _days(axes: Axes, pushed: datetime, end: float) -> None:
    """Write each day above its beginning; of many, some."""
    midnight = pushed.replace(hour=0, minute=0, second=0, microsecond=0)
    count = math.ceil(end / DAY) + 1
    every = max(1, math.ceil(count / 8))
    ticks, names = [0.0], [f"{pushed:%a %H:%M}"]
    for n in range(1, count + 1):
        day = (midnight + timedelta(days=n)).replace(tzinfo=pushed.tzinfo)
        at = (day.astimezone(UTC) - pushed.astimezone(UTC)).total_seconds() / 60
        if at > end:
            break
        axes.axvline(at, color=FAINT, linewidth=0.8, zorder=1.5)
        if n % every == 0 and at > 0.09 * end:
            ticks.append(at)
            names.append(f"{day:%a %d %b}")
    axes.set_xticks(ticks, names)
    axes.grid(False)


def _lane(axes: Axes, trace: Trace, story: RegionStory, end: float) -> list[str]:
    """Draw a region: its closed windows, and what it does and waits for; return which of `KINDS` there are."""
    site, push = trace.rollout.setting.sites[story.position], trace.rollout.push
    closed = [(low, high - low) for low, high in shut(site.windows, push, 0.0, end)]
    axes.broken_barh(closed, (story.position - 0.41, 0.82), color=FAINT, zorder=1)
    attempts = [("deploying" if good else "deployment fails", (begin, until)) for begin, until, good in story.attempts]
    others = {
        "waiting for approval": approvals(trace, story.wave),
        "waiting for a slot": story.queued,
        "baking": [story.bake] if story.bake and not story.failed else [],
        "on the way back": [story.rollback] if story.rollback else [],
        **{kind: [span for each, span in attempts if each == kind] for kind, _ in attempts},
    }
    drawn = {kind: [span for span in spans if span[0] < end] for kind, spans in others.items()}
    for kind, spans in drawn.items():
        bars = [(begin, max(min(until, end) - begin, HIDDEN * end)) for begin, until in spans]
        axes.broken_barh(bars, (story.position - 0.25, 0.5), zorder=2.5, linewidth=0.5, **KINDS[kind])
    return [kind for kind, spans in drawn.items() if spans]


def _key(picture: Picture, kinds: Collection[str]) -> None:
    drawn = {"window closed": {"facecolor": FAINT}, **{kind: KINDS[kind] for kind in KINDS if kind in kinds}}
    patches = [Patch(**{"linewidth": 0.5, **style}) for style in drawn.values()]
    tall = picture.get_figheight()
    picture.legend(patches, list(drawn), loc="upper left", ncols=7, borderaxespad=0,
                   bbox_to_anchor=(MARGIN / WIDTH, (tall - picture.head) / tall), labelcolor=INK, handlelength=1.3,
                   handleheight=0.9, columnspacing=1.3, fontsize=SMALL)  # fmt: skip


def _title(trace: Trace, pushed: datetime) -> str:
    done = (pushed.astimezone(UTC) + timedelta(minutes=trace.end)).astimezone(pushed.tzinfo)
    outcome = trace.row.outcome.replace("_", " ")
    begun = f"Pushed on {pushed:%A} at {pushed:%H:%M}"
    return f"{begun}, {outcome} on {done:%A} at {done:%H:%M}: {minutes_of(trace.end)}"


def _caption(trace: Trace, where: ZoneInfo) -> str:
    return (
        f"Plan {trace.plan.name}, scenario {trace.scenario.name} ({trace.scenario.digest}), seed {trace.seed}, trial "
        f"{trace.trial}, {trace.sampling} sampling. Times in {where.key}; windows are those of each region. What is "
        "too short to be seen is drawn a little longer."
    )
