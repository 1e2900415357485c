"""Pictures of what was joined: all rollouts as waves on time, and one as a timeline of its regions.

Not here: what simulated rollouts look like (`simulation.plots`), whose style this is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator

from simulation.plots.charts import draw_key, key_height
from simulation.plots.style import (
    FAINT,
    GREEN,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    PURPLE,
    ROLLBACK,
    SMALL,
    SOUND,
    TEXT,
    VERMILION,
    WIDTH,
    WORK,
    Picture,
    styled,
)
from simulation.plots.timescale import STEPS, Timescale, draw_scale, timescale
from simulation.plots.words import fit, minutes_of, number, several

if TYPE_CHECKING:
    from history.joining.result import Rollouts

MOST_SERVICES = 8
LEFT, RIGHT, ROW = 2.0, 0.4, 0.42  # inches
# Each outcome has a colour and a mark of its own.
MARKS = {
    "completed": (SOUND, "o", "completed"),
    "rolled_back": (VERMILION, "D", "rolled back"),
    "deploy_failed": (INK, "X", "deployment failed"),
    "build_failed": (MUTED, "p", "build failed"),
    "stopped": (PURPLE, "s", "stopped"),
    "overtaken": (ORANGE, "^", "overtaken by the next"),
    "incomplete": (GREEN, "v", "not in all regions"),
    "in_progress": (MUTED, "P", "in progress"),
    "unknown": (MUTED, "*", "unknown"),
}
ALARM: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 1.4, "markersize": 6}


def overview(rollouts: "Rollouts") -> Picture:
    """Draw each rollout at its date, its waves at the time they took to begin, a panel a service."""
    frame = rollouts.frame
    with styled():
        if not len(frame):
            picture = Picture("There are no rollouts to draw", f"History: {rollouts.source}", 0.2)
            return picture
        services = list(frame["service"].value_counts().index[:MOST_SERVICES])
        seen = [name for name in MARKS if (frame["outcome"] == name).any()]
        key = key_height(MARKS[name][2] for name in seen)
        tall = 1.9 if len(services) <= 3 else 1.35
        picture = Picture(
            _overview_title(rollouts), _overview_caption(rollouts, services), key + (tall + 0.3) * len(services) + 0.35
        )
        marks = {MARKS[name][2]: _mark(name) for name in seen}
        draw_key(picture, marks, 0.0)
        limits = frame["started_at"].min(), frame["started_at"].max()
        for row, service in enumerate(services):
            axes = picture.place(0.75, key + 0.28 + row * (tall + 0.3), WIDTH - 0.9, tall)
            _service(axes, rollouts, service, limits, last=row == len(services) - 1)
    return picture


def _mark(outcome: str) -> Line2D:
    colour, marker, _ = MARKS[outcome]
    return Line2D(
        [],
        [],
        color=colour,
        marker=marker,
        linestyle="none",
        markersize=6,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _overview_title(rollouts: "Rollouts") -> str:
    frame = rollouts.frame
    bad = int(frame["outcome"].isin(["rolled_back", "deploy_failed"]).sum())
    services = several(frame["service"].nunique(), "service")
    return f"{len(frame):,} rollouts of {services}: {bad:,} were rolled back or failed to deploy"


def _overview_caption(rollouts: "Rollouts", services: list[str]) -> str:
    more = rollouts.frame["service"].nunique() - len(services)
    hidden = f" {several(more, 'more service')} not drawn." if more else ""
    return (
        "Each column is a rollout at the date of its first start; each mark a wave, at the time after that at which it"
        f" began, the larger the more regions it has; a build that failed has none, and lies at 0.{hidden}"
        f" History: {Path(rollouts.source).name}."
    )


def _service(
    axes: Axes, rollouts: "Rollouts", service: str, limits: tuple[pd.Timestamp, pd.Timestamp], *, last: bool
) -> None:
    frame = rollouts.frame[rollouts.frame["service"] == service]
    waves = rollouts.waves[rollouts.waves["rollout"].isin(frame.index)]
    begin = waves["rollout"].astype(object).map(frame["started_at"])
    after = (waves["started_at"] - begin).dt.total_seconds().to_numpy() / 60.0
    outcome = waves["rollout"].astype(object).map(frame["outcome"]).to_numpy()
    top = max(float(np.nanquantile(after, 0.98)) * 1.1 if len(after) else 1.0, 30.0)
    shown = np.minimum(after, top)
    days = mdates.date2num(begin.dt.tz_localize(None))
    ends = pd.Series(shown).groupby(waves["rollout"].to_numpy()).max()
    axes.vlines(
        mdates.date2num(frame["started_at"].dt.tz_localize(None)),
        0,
        ends.reindex(frame.index),
        color=FAINT,
        linewidth=1.2,
        zorder=1,
    )
    for name, (colour, marker, _) in MARKS.items():
        here = outcome == name
        size = 14.0 + 9.0 * np.minimum(waves["regions"].to_numpy()[here], 12)
        axes.scatter(
            days[here],
            shown[here],
            s=size,
            c=colour,
            marker=marker,
            edgecolors="white",
            linewidths=0.5,
            zorder=3 if name != "completed" else 2,
        )
    unbuilt = frame.loc[frame["regions"] == 0, "started_at"].dt.tz_localize(None)
    colour, marker, _ = MARKS["build_failed"]
    axes.scatter(mdates.date2num(unbuilt), np.zeros(len(unbuilt)), s=32, c=colour, marker=marker, edgecolors="white")
    low, high = (mdates.date2num(each.tz_localize(None)) for each in limits)
    room = max((high - low) * 0.02, 0.5)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(-0.05 * top, top * 1.05)
    unit, word = (1.0, "minutes") if top <= 180 else (60.0, "hours") if top <= 6000 else (1440.0, "days")
    axes.yaxis.set_major_locator(MultipleLocator(next((s for s in STEPS if top / s <= 4), STEPS[-1])))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value / unit)))
    axes.set_ylabel(word)
    axes.set_title(fit(f"{service}: {several(len(frame), 'rollout')}", WIDTH - 1.2, TEXT, "bold"))
    axes.grid(True, axis="y")
    locator = mdates.AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    if not last:
        axes.tick_params(axis="x", labelbottom=False)


def timeline(rollouts: "Rollouts", rollout: str) -> Picture:
    """Draw one rollout: each region's deployments, roll-back and alarm on one clock, wave by wave."""
    row = rollouts.frame.loc[rollout]
    regions = rollouts.regions[rollouts.regions["rollout"] == rollout].sort_values(["wave", "started_at"])
    own = rollouts.deployments[rollouts.deployments["rollout"] == rollout]
    with styled():
        if not len(regions):
            return Picture(_sentence(row), _caption(rollouts, rollout, row), 0.2)
        scale = timescale(_instants(row, regions, own))
        marks = _timeline_marks(own, regions)
        key = key_height(marks)
        picture = Picture(_sentence(row), _caption(rollouts, rollout, row), key + ROW * len(regions) + 0.55)
        draw_key(picture, marks, 0.0)
        axes = picture.place(LEFT, key + 0.05, WIDTH - LEFT - RIGHT, ROW * len(regions))
        draw_scale(axes, scale, WIDTH - LEFT - RIGHT)
        if row["clock"] == "first start":
            axes.set_xlabel(scale.label.replace("since the push", "since the first start"), loc="left")
        _lanes(axes, scale, row, regions, own)
    return picture


def _minute(row: Any, when: Any) -> float:
    return float((pd.Timestamp(when) - pd.Timestamp(row["pushed_at"])).total_seconds() / 60.0)


def _instants(row: Any, regions: pd.DataFrame, own: pd.DataFrame) -> list[float]:
    times = [*own["started_at"], *own["finished_at"], *own["rollback_started_at"], *regions["alarm_at"]]
    found = [_minute(row, each) for each in times if not pd.isna(each)]
    return [max(each, 0.0) for each in found] + ([np.inf] if own["finished_at"].isna().any() else [])


def _timeline_marks(own: pd.DataFrame, regions: pd.DataFrame) -> dict[str, Line2D]:
    def bar(colour: str) -> Line2D:
        return Line2D([], [], color=colour, linewidth=7, solid_capstyle="butt")

    found = {"deployment": bar(WORK), "serves the new version": bar(SOUND)}
    if own["status"].isin(["failed", "stopped"]).any():
        found["deployment that failed or was stopped"] = Line2D(
            [], [], color=INK, marker="X", linestyle="none", markersize=7
        )
    if (own["kind"] == "rollback").any() or own["rollback_started_at"].notna().any():
        found["roll-back"] = bar(ROLLBACK)
    if regions["alarm_at"].notna().any():
        found["alarm"] = Line2D([], [], marker="D", linestyle="none", **ALARM)
    return found


@dataclass(frozen=True)
class Lane:
    """One region's lane: where it lies, and how instants lie on it; minutes are those of the rollout's clock."""

    axes: Axes
    scale: Timescale
    origin: pd.Timestamp
    number: int

    def minute(self, when: Any) -> float:
        """Return an instant in minutes, never before the clock began; infinity for none."""
        return float("inf") if pd.isna(when) else max((when - self.origin).total_seconds() / 60.0, 0.0)

    def band(self, start: float, end: float, low: float, high: float, colour: str, z: float) -> None:
        """Draw a band from minute to minute; however short, it can be seen."""
        left, right = float(self.scale.place(start)), float(self.scale.place(end))
        right = max(right, left + self.scale.width * 0.002)
        self.axes.fill_between([left, right], self.number + low, self.number + high, color=colour, lw=0, zorder=z)

    def mark(self, minute: float, height: float, marker: str, **options: Any) -> None:
        """Draw a mark."""
        place = float(self.scale.place(minute))
        self.axes.plot(place, self.number + height, marker, clip_on=False, **options)


def _lanes(axes: Axes, scale: Timescale, row: Any, regions: pd.DataFrame, own: pd.DataFrame) -> None:
    before = None
    for place, region in enumerate(regions.to_dict("records")):
        lane = Lane(axes, scale, row["pushed_at"], place)
        _region(lane, region, own[own["region"] == region["region"]])
        _name(lane, region, new_wave=region["wave"] != before)
        before = region["wave"]
    axes.set_ylim(len(regions), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _region(lane: Lane, region: Any, steps: pd.DataFrame) -> None:
    until = float("inf")
    for step in steps.to_dict("records"):
        start, end = lane.minute(step["started_at"]), lane.minute(step["finished_at"])
        back = step["kind"] == "rollback"
        until = min(until, start) if back else until
        lane.band(start, end, 0.56, 0.86, ROLLBACK if back else WORK, 3)
        if not pd.isna(step["rollback_started_at"]):
            lane.band(lane.minute(step["rollback_started_at"]), end, 0.56, 0.86, ROLLBACK, 3.5)
        if step["status"] in ("failed", "stopped"):
            lane.mark(end, 0.71, "X", color=INK, markersize=7, markeredgecolor="white", zorder=5)
    if region["status"] == "succeeded":
        lane.band(lane.minute(region["ended_at"]), until, 0.14, 0.52, SOUND, 2)
    if not pd.isna(region["alarm_at"]):
        lane.mark(lane.minute(region["alarm_at"]), 0.4, "D", zorder=7, **ALARM)


def _name(lane: Lane, region: Any, *, new_wave: bool) -> None:
    """Write the region's name, and before the first of a wave the wave's, with a line above it."""
    beside: dict[str, Any] = {
        "xycoords": lane.axes.get_yaxis_transform(),
        "textcoords": "offset points",
        "va": "center_baseline",
    }
    place = (0, lane.number + 0.5)
    label = fit(str(region["region"]), LEFT - MARGIN - 0.75, TEXT)
    lane.axes.annotate(label, place, (-8, 0), ha="right", size=TEXT, **beside)
    if new_wave:
        left = -(LEFT - MARGIN) * 72
        lane.axes.annotate(f"wave {region['wave']}", place, (left, 0), size=SMALL, color=MUTED, **beside)
        if lane.number:
            lane.axes.axhline(lane.number, color=MUTED, linewidth=0.8, zorder=1)


def _sentence(row: Any) -> str:
    word = MARKS[str(row["outcome"])][2]
    reached = f"{row['regions']} of {several(int(row['regions_expected']), 'region')}"
    halted = (
        f", {minutes_of(float(row['halt_minutes']))} after the clock began" if not pd.isna(row["halt_minutes"]) else ""
    )
    cause = f" ({row['halt_cause']})" if row["halt_cause"] else ""
    when = f"{pd.Timestamp(row['started_at']):%d %B %Y}"
    if not row["regions"]:
        return f"{row['service']}, {when}: {word}{halted}; nothing was deployed"
    return f"{row['service']}, {when}: {word}{cause}{halted}; {reached}, {several(int(row['waves']), 'wave')}"


def _caption(rollouts: "Rollouts", rollout: str, row: Any) -> str:
    return (
        f"Rollout {rollout}, {row['confidence']}: {row['reason']}. Waves: {row['waves_from']}. Alarm: {row['alarm']}."
        f" Minutes count from: {row['clock']}. History: {Path(rollouts.source).name}."
    )
