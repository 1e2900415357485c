"""A few figures of several plans, side by side: an estimate with its interval each, nothing else.

Not here: the overview of all that matters (``_compare``), a figure along what is varied (``_curves``).
"""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from simulation.plots.charts import (
    amount_axis,
    colour,
    dot,
    duration_axis,
    hollow,
    marker,
    name_rows,
    origin,
    rule_rows,
    share_axis,
)
from simulation.plots.style import MARGIN, WIDTH, Picture, styled
from simulation.results.figures import called
from simulation.results.outcomes import Outcomes
from simulation.results.statistics import Estimate

LEFT, BETWEEN, ROW, HEAD, FOOT = 2.5, 0.45, 0.34, 0.34, 0.5  # inches


def figures(
    outcomes: Mapping[str, Outcomes], names: Sequence[str], *, title: str = "", confidence: float = 0.95
) -> Picture:
    """Draw some figures of plans, a panel a figure and a row a plan.

    Parameters
    ----------
    outcomes
        By the plan's name.
    names
        The figures, as `Outcomes.estimate` knows them; two fit well.
    title
        What to see; what the first figure is called, if left out.
    confidence
        Of the intervals, such as 0.95.

    Raises
    ------
    ValueError
        Where there are no outcomes or no figures, or for a name that is no figure.
    """
    if not outcomes or not names:
        raise ValueError("there is nothing to draw; give the outcomes of a plan, and a figure")
    found = {name: [each.estimate(name, confidence) for each in outcomes.values()] for name in names}
    rows = [estimate for figure in found.values() for estimate, _ in figure]
    caption = f"{origin(outcomes)}. Whiskers: {confidence * 100:g} % intervals."
    caption += " Hollow: too few trials for an interval." if hollow(rows) else ""
    with styled():
        tall = max(ROW * len(outcomes), 0.6)
        picture = Picture(title or called(names[0]).capitalize(), caption, HEAD + tall + FOOT)
        wide = (WIDTH - LEFT - MARGIN - 0.15 - BETWEEN * (len(names) - 1)) / len(names)
        for n, (name, each) in enumerate(found.items()):
            axes = picture.place(LEFT + n * (wide + BETWEEN), HEAD, wide, tall)
            estimates, unit = [estimate for estimate, _ in each], each[0][1]
            rule_rows(axes, len(outcomes))
            axes.set_xlabel(measured(axes, estimates, unit), loc="left")
            axes.text(0, 1 + 0.1 / tall, called(name).capitalize(), transform=axes.transAxes, weight="bold")
            for row, estimate in enumerate(estimates):
                dot(axes, row, estimate, marker(row), colour(row))
            if n == 0:
                name_rows(axes, list(outcomes), LEFT - MARGIN - 0.12)
    return picture


def measured(axes: Axes, estimates: Sequence[Estimate], unit: str, *, upwards: bool = False) -> str:
    """Give one of two axes the ticks of a unit; return what to write to it."""
    axis, values = (axes.yaxis if upwards else axes.xaxis), [part for each in estimates for part in each]
    if unit == "minutes":
        return duration_axis(axis, values)
    if unit == "probability" or "share" in unit:
        share_axis(axis, values)
        return unit if unit != "share of traffic" else "share of the fleet's traffic"
    return f"{unit}{amount_axis(axis, values)}"
