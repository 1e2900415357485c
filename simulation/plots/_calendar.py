"""One rollout on the calendar: days from left to right, closed windows shaded, a lane a region.

Not here: the same rollout on one clock, with its harm (``_timeline``).
"""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simulation.analysis.trace import RegionStory, Trace
from simulation.plots.charts import name_rows, rule_rows
from simulation.plots.style import FAINT, INK, MARGIN, MUTED, SMALL, WIDTH, WORK, YELLOW, Picture, styled
from simulation.plots.words import minutes_of
from simulation.windows import bounds
from waves.local_time import zone

LEFT, ROW, FOOT, KEY = 1.75, 0.3, 0.5, 0.3  # inches
DAY = 1440.0  # minutes
LONGEST = 60  # days that are drawn
HIDDEN = 0.004  # of the width: what is shorter is drawn as long


def calendar(trace: Trace) -> Picture:
    """Draw one rollout on the days it takes: when each region's window is closed, and when it deploys and bakes.

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
    end = min(max(trace.end, 60.0), LONGEST * DAY)
    with styled():
        stories = trace.regions
        tall = ROW * len(stories)
        picture = Picture(_title(trace, pushed), _caption(trace, where), KEY + tall + FOOT)
        _key(picture)
        axes = picture.place(LEFT, KEY, WIDTH - LEFT - MARGIN - 0.1, tall)
        rule_rows(axes, len(stories))
        axes.set_xlim(0, end * 1.01)
        _days(axes, pushed, end)
        for story in stories:
            _lane(axes, trace, story, end)
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


def _lane(axes: Axes, trace: Trace, story: RegionStory, end: float) -> None:
    """Draw a region: where its window is closed, when it deploys, and its wave's bake."""
    site, push = trace.rollout.setting.sites[story.position], trace.rollout.push
    last = 0.0
    for opens, closes in (*(site.windows or ()), (math.inf, math.inf)):
        low, high = max(last, 0.0), min(opens - push, end)
        if site.windows and high > low:
            axes.barh(story.position, high - low, 0.82, left=low, color=FAINT, zorder=1)
        last = closes - push
        if last >= end:
            break
    least = HIDDEN * end
    if story.bake:
        axes.barh(story.position, max(story.bake[1] - story.bake[0], least), 0.5, left=story.bake[0], color=YELLOW,
                  edgecolor=MUTED, linewidth=0.5, zorder=2)  # fmt: skip
    for begin, until, good in story.attempts:
        axes.barh(story.position, max(min(until, end) - begin, least), 0.5, left=begin, zorder=3, color=WORK,
                  hatch="" if good else "////", edgecolor=WORK if good else "white", linewidth=0.5)  # fmt: skip


def _key(picture: Picture) -> None:
    patches = [Patch(facecolor=FAINT), Patch(facecolor=WORK), Patch(facecolor=YELLOW, edgecolor=MUTED, linewidth=0.5)]
    tall = picture.get_figheight()
    picture.legend(patches, ["window closed", "deploying", "baking"], loc="upper left", ncols=3, borderaxespad=0,
                   bbox_to_anchor=(MARGIN / WIDTH, (tall - picture.head) / tall), labelcolor=INK, handlelength=1.3,
                   handleheight=0.9, columnspacing=1.6, fontsize=SMALL)  # fmt: skip


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
