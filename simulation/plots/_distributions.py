"""Whole distributions: how likely more harm than so much is, and how long the shipped rollouts take.

Not here: means and quantiles with intervals (``_compare``).
"""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from simulation.plots.charts import amount_axis, colour, draw_key, duration_axis, key_height, line, origin, share_axis
from simulation.plots.style import FAINT, MUTED, SMALL, WIDTH, Picture, styled
from simulation.plots.words import minutes_of, number, percent, span
from simulation.results.outcomes import Outcomes

LEFT, BETWEEN, TALL = 0.85, 0.62, 2.7  # inches
PANEL = (WIDTH - LEFT - 2 * BETWEEN - 0.25) / 3
HEAD, FOOT = 0.36, 0.55
FEW = 10  # rollouts; what fewer of them show is not to be trusted
LOWEST = 1e-7  # the least probability that is drawn
POINTS = 1500  # of a curve at most, so that a picture of many rollouts stays small


def distributions(outcomes: Mapping[str, Outcomes]) -> Picture:
    """Draw how likely a rollout costs or exposes more than so much, and how long the shipped ones take.

    Parameters
    ----------
    outcomes
        By the plan's name.

    Returns
    -------
    Picture
        A matplotlib figure: two exceedance curves with logarithmic probabilities, and the distribution of `end_minutes`
        of the rollouts that shipped.

    Raises
    ------
    ValueError
        Where there are no outcomes.
    """
    if not outcomes:
        raise ValueError("there are no outcomes to draw; give those of at least one plan")
    with styled():
        key = key_height(outcomes)
        picture = Picture(_title(outcomes), _caption(outcomes), key + HEAD + TALL + FOOT)
        marks = {name: Line2D([], [], color=colour(i), linestyle=line(i), linewidth=1.8)
                 for i, name in enumerate(outcomes)}  # fmt: skip
        draw_key(picture, marks, 0.0)
        places = [picture.place(LEFT + i * (PANEL + BETWEEN), key + HEAD, PANEL, TALL) for i in range(3)]
        _exceedance(places[0], outcomes, "impact_minutes")
        _exceedance(places[1], outcomes, "share_exposed")
        _times(places[2], outcomes)
        heads = ("It costs more than …", "It exposes more than …", "Shipped: complete within …")
        for axes, head in zip(places, heads, strict=True):
            axes.text(0, 1 + 0.1 / TALL, head, transform=axes.transAxes, weight="bold")
    return picture


def exceedance(
    values: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return P(X > v) at 0 and at each value v, in order; both of one shape, at most 1,500 long.

    Parameters
    ----------
    values
        One a rollout, shape (n,), each at least 0; infinity is greater than any v.
    shares
        How much each rollout counts, shape (n,); they sum to 1.
    """
    order = np.argsort(values, kind="stable")
    ordered, along = values[order], np.append(np.cumsum(shares[order][::-1])[::-1], 0.0)
    at = np.unique(np.concatenate([[0.0], ordered[np.isfinite(ordered)]]))
    above = along[np.searchsorted(ordered, at, side="right")]
    if len(at) > POINTS:
        # Evenly in the logarithm of the probability, as it is drawn; the first and the last always.
        wanted = np.geomspace(1.0, max(above[above > 0].min() / above[0], 1e-12), POINTS - 2) * above[0]
        kept = np.unique(np.concatenate([[0, len(at) - 1], np.searchsorted(-above, -wanted).clip(0, len(at) - 1)]))
        at, above = at[kept], above[kept]
    return at, above


def _exceedance(axes: Axes, outcomes: Mapping[str, Outcomes], column: str) -> None:
    curves = [exceedance(each.frame[column].to_numpy(dtype=float), each.shares) for each in outcomes.values()]
    trials = max(len(each.trials) for each in outcomes.values())
    rarest = min((float(above[above > 0].min()) for _, above in curves if above[0] > 0), default=1 / trials)
    values = [float(value) for at, _ in curves for value in (at[1:2].tolist() + at[-1:].tolist())]
    if column == "impact_minutes":
        axes.set_xlabel(f"fleet-minutes{amount_axis(axes.xaxis, values)}", loc="left")
    else:
        share_axis(axes.xaxis, [1.0], whole=True)
        axes.set_xlabel("share of the fleet's traffic", loc="left")
    axes.set_ylabel("probability a rollout does (logarithmic)" if column == "impact_minutes" else "")
    axes.set_yscale("log")
    floor = 0.6 * max(min(rarest, 1 / trials), LOWEST)
    axes.set_ylim(floor, 1.15)
    axes.yaxis.set_major_locator(FixedLocator([10.0**-k for k in range(0, math.ceil(-math.log10(floor)))]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:g} %")
    axes.grid(True)
    right = axes.get_xlim()[1]
    few = min(max(_of_few(each, column) for each in outcomes.values()), 1.0)
    if few > floor:
        axes.axhspan(floor, few, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        low = floor * (few / floor) ** 0.06
        place = axes.get_yaxis_transform()
        axes.text(0.03, low, f"fewer than {FEW} rollouts", transform=place, size=7, color=MUTED, va="bottom", zorder=1)
    for i, (at, above) in enumerate(curves):
        ends = np.append(at, right), np.append(np.where(above > 0, above, np.nan), above[-1] or np.nan)
        axes.step(*ends, where="post", color=colour(i), linestyle=line(i), linewidth=1.8)
    if not any(above[0] > 0 for _, above in curves):
        axes.text(0.5, 0.5, f"none of {trials:,}\nrollouts does", transform=axes.transAxes, ha="center", color=MUTED)


def _of_few(outcomes: Outcomes, column: str) -> float:
    """Return how likely the few rollouts are that go farthest."""
    values = outcomes.frame[column].to_numpy(dtype=float)
    last = np.argsort(values, kind="stable")[-(FEW - 1) :]
    return float(outcomes.shares[last].sum())


def _times(axes: Axes, outcomes: Mapping[str, Outcomes]) -> None:
    ends = [_shipped(each) for each in outcomes.values()]
    shipped = [pair for pair in ends if len(pair[0])]
    high = max((float(end[np.searchsorted(along, 0.99)]) for end, along in shipped), default=1.0)
    axes.set_xlabel(f"{duration_axis(axes.xaxis, [high * 1.05])} since the push", loc="left")
    share_axis(axes.yaxis, [1.0], whole=True)
    axes.set_ylim(0, 1.02)
    axes.grid(True)
    for i, (end, along) in enumerate(ends):
        if len(end):
            p = np.linspace(0, 1, min(len(end), POINTS))
            at = end[np.searchsorted(along, p - 1e-12).clip(0, len(end) - 1)]
            axes.step(np.append(at, 1e12), np.append(p, 1.0), where="post", color=colour(i),
                      linestyle=line(i), linewidth=1.8)  # fmt: skip
    if not shipped:
        axes.text(0.5, 0.5, "no rollout shipped", transform=axes.transAxes, ha="center", color=MUTED, size=SMALL)


def _shipped(outcomes: Outcomes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how long those that shipped took, in order, and the share of them up to each."""
    order = np.argsort(outcomes.frame["end_minutes"].to_numpy(), kind="stable")
    order = order[outcomes.shipped[order]]
    along = np.cumsum(outcomes.shares[order])
    return outcomes.frame["end_minutes"].to_numpy()[order], along / along[-1] if len(along) else along


def _title(outcomes: Mapping[str, Outcomes]) -> str:
    costs = {n: each.fraction((each.frame["impact_minutes"] > 1).to_numpy()) for n, each in outcomes.items()}
    worst = max(float(each.frame["impact_minutes"].max()) for each in outcomes.values())
    if worst == 0:
        return f"No rollout cost anything; {_longest(outcomes)}"
    low, high = min(costs.values()), max(costs.values())
    by = ", by plan" if percent(low) != percent(high) else ""
    most = "hurts without end" if math.isinf(worst) else f"costs {number(worst)}"
    return f"{span(low, high)} of the rollouts cost more than a fleet-minute{by}; the worst {most}"


def _longest(outcomes: Mapping[str, Outcomes]) -> str:
    ends = [each.frame["end_minutes"].to_numpy()[each.shipped] for each in outcomes.values()]
    longest = max((float(end.max()) for end in ends if len(end)), default=math.nan)
    return "none shipped" if math.isnan(longest) else f"the longest took {minutes_of(longest)}"


def _caption(outcomes: Mapping[str, Outcomes]) -> str:
    cut = "The longest 1 % of the times may lie beyond the right edge."
    return f"{origin(outcomes)}. A curve that stops has no rollout beyond. {cut}"
