"""One figure of several plans along what is varied: a curve a plan, with its intervals.

Not here: what is varied, and how (``simulation.lessons``).
"""

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from simulation.plots._figures import measured
from simulation.plots.charts import colour, draw_key, key_height, line, marker
from simulation.plots.style import MARGIN, WIDTH, Picture, styled
from simulation.plots.words import number, percent
from simulation.results.figures import called

if TYPE_CHECKING:
    from simulation.lessons.varied import Curves

TALL, LEFT, FOOT = 2.6, 0.85, 0.5  # inches


def curves(found: "Curves", *, title: str = "") -> Picture:
    """Draw a figure of plans along what is varied.

    Parameters
    ----------
    found
        From `simulation.lessons.varied`.
    title
        What to see; what the figure is called, if left out.
    """
    with styled():
        marks = {
            name: Line2D([], [], color=colour(n), marker=marker(n), linestyle=line(n), markersize=5)
            for n, name in enumerate(found.values)
        }
        key = key_height(marks)
        caption = f"{found.trials:,} rollouts of each plan at each point, seed {found.seed}. "
        caption += f"Bands: {found.confidence * 100:g} % intervals."
        picture = Picture(title or called(found.figure).capitalize(), caption, key + TALL + FOOT + 0.12)
        draw_key(picture, marks, 0.0)
        axes = picture.place(LEFT, key + 0.1, WIDTH - LEFT - MARGIN - 0.15, TALL)
        estimates = [each for values in found.values.values() for each in values.values()]
        axes.set_ylabel(measured(axes, estimates, found.unit, upwards=True))
        axes.set_ylim(bottom=0)
        first, last = min(found.at), max(found.at)
        axes.set_xlim(first, last if last > first else first + 1.0)
        axes.set_xlabel(found.along, loc="left")
        write = percent if "part of" in found.along or "share" in found.along else number
        axes.xaxis.set_major_formatter(lambda value, _: write(value))
        axes.grid(True)
        for n, values in enumerate(found.values.values()):
            at, middle = list(values), [each.value for each in values.values()]
            low, high = ([getattr(each, end) for each in values.values()] for end in ("low", "high"))
            axes.fill_between(at, low, high, color=colour(n), alpha=0.18, linewidth=0)
            axes.plot(at, middle, color=colour(n), marker=marker(n), linestyle=line(n), markersize=5, clip_on=False)
    return picture
