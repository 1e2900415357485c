"""The picture of a back test: where in their forecasts values lay, period by period, and scores beside naive ones."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator
from scipy import stats

from history.backtesting.naive import NAIVE
from history.backtesting.truth import TARGETS
from simulation.plots.charts import name_rows, rule_rows
from simulation.plots.style import BLUE, FAINT, INK, MUTED, SMALL, VERMILION, Picture, styled

if TYPE_CHECKING:
    from history.backtesting.result import Backtest

BINS = 10
LEFT, WIDE, TALL, ROOM = 0.55, 3.2, 1.75, 0.75  # inches
SHORT = {"end_minutes": "minutes to the end", "halted": "halted or not", "share_at_halt": "traffic at the halt"}

WHOLE = {"end_minutes": "the minutes", "halted": "the chance of a halt"}


def drawn(test: "Backtest") -> Picture:
    """Draw a back test."""
    with styled():
        title = f"{test.sentence[0].upper()}{test.sentence[1:]}"
        if not test.scored:
            return Picture(title, "", 0.1)
        picture = Picture(title, _caption(test), 2 * (TALL + ROOM) + 0.1)
        _places(picture.place(LEFT, 0.35, WIDE, TALL), test)
        _over_time(picture.place(LEFT + WIDE + 0.75, 0.35, 4.1, TALL), test)
        if _comparable(test):
            _scores(picture.place(LEFT + 1.55, 0.35 + TALL + ROOM + 0.15, 6.5, TALL - 0.35), test)
        return picture


def _places(axes: Axes, test: "Backtest") -> None:
    """Draw how many values lay in each tenth of their forecast."""
    pit = test.of(test.main)["pit"].to_numpy(dtype=float)
    counts, edges = np.histogram(pit, bins=BINS, range=(0, 1))
    low, high = stats.binom(len(pit), 1 / BINS).interval(0.95)
    for end in (low, high):
        axes.axhline(end, color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)), zorder=4)
    out = (counts < low) | (counts > high)
    axes.bar(edges[:-1], counts, width=1 / BINS, align="edge", edgecolor="white",
             color=[VERMILION if each else BLUE for each in out])  # fmt: skip
    axes.axhline(len(pit) / BINS, color=INK, linewidth=1.0)
    axes.set_xlim(0, 1)
    axes.set_xlabel("place in the forecast, 0 to 1", loc="left")
    axes.set_title(f"Rollouts in each tenth of {WHOLE[test.main]} foretold", size=SMALL + 0.5, pad=8)


def _over_time(axes: Axes, test: "Backtest") -> None:
    """Draw where the mean of each period lay, and whether its interval held."""
    own = test.periods[test.periods["target"] == test.main]
    edge = (1 - test.level) / 2
    axes.axhspan(edge, 1 - edge, color=FAINT, zorder=0)
    held = own["held"].to_numpy(dtype=bool)
    days = own["origin"].dt.tz_localize(None).to_numpy()
    axes.plot(days[held], own["pit"][held], "o", color=BLUE, markersize=4.5, linestyle="none")
    axes.plot(days[~held], own["pit"][~held], "s", color=VERMILION, markersize=5, linestyle="none")
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([edge, 0.5, 1 - edge])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=6))
    what = "Mean minutes" if test.timed else "Halts"
    axes.set_title(f"{what} of each {_period(test)}: their place in the forecast", size=SMALL + 0.5, pad=8)


def _period(test: "Backtest") -> str:
    return "week" if isinstance(test.every, str) else "period"


def _comparable(test: "Backtest") -> list[str]:
    """Return the targets of which the past's quantiles have a score that is not 0."""
    return [target for target in TARGETS if len(test.of(target)) and test.of(target)["past_score"].mean() > 0]


def _scores(axes: Axes, test: "Backtest") -> None:
    """Draw each score beside those of the naive forecasts, the past's quantiles being 100 %."""
    targets = _comparable(test)
    looks = {"model": (BLUE, "o"), "last": (MUTED, "D"), "past": (INK, "|")}
    rule_rows(axes, len(targets))
    for place, target in enumerate(targets):
        own = test.of(target)
        base = float(own["past_score"].mean())
        for who, (ink, mark) in looks.items():
            column = "score" if who == "model" else f"{who}_score"
            value = 100 * float(own[column].mean()) / base
            axes.plot([value], [place], mark, color=ink, markersize=7 if mark != "|" else 14, markeredgewidth=1.6,
                      clip_on=False, label=_named(who) if place == 0 else None)  # fmt: skip
    name_rows(axes, [SHORT[target] for target in targets], 1.8)
    axes.set_xlim(left=0)
    axes.set_xlabel("mean score, % of that of the past's quantiles; less is better", loc="left")
    axes.set_title("Scores", size=SMALL + 0.5, pad=20)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=3, borderaxespad=0.2, handletextpad=0.4)


def _named(who: str) -> str:
    assert who == "model" or who in NAIVE
    return {"model": "the model", "last": "the last value", "past": "the quantiles of the past"}[who]


def _caption(test: "Backtest") -> str:
    how = "fitted at each origin" if test.fitted else "as it is"
    return (
        f"{test.scored:,} rollouts foretold from {test.origins:,} origins, {test.trials:,} rollouts a forecast. "
        "Between the dashed lines lie 95 % of bars if the forecasts are right. Grey: the "
        f"{test.level * 100:g} % interval. Red square or bar: outside. Scenario {test.scenario.name} "
        f"({test.scenario.digest}) {how}, seed {test.seed}. Scores: pinball loss; of halted or not, Brier."
    )
