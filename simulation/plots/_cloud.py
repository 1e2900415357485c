"""All plans of a board at once: time against expected impact, a point a plan, with the plan of today marked.

Not here: how the plans are rolled out (``simulation.boards.table``).
"""

from typing import TYPE_CHECKING

import numpy as np

from simulation.plots.charts import amount_axis, colour, duration_axis
from simulation.plots.style import INK, MARGIN, MUTED, SMALL, WIDTH, Picture, styled
from simulation.results.figures import called
from simulation.searching.front import front

if TYPE_CHECKING:
    from simulation.boards.table import Table

TALL = 3.4  # inches
RISK, TIME = "impact_minutes_mean", "end_minutes_given_shipped_mean"


def cloud(table: "Table") -> Picture:
    """Draw what each plan of a board's table costs and risks.

    Parameters
    ----------
    table
        Of many plans in the same worlds.

    Returns
    -------
    Picture
        A matplotlib figure: mean time until complete to the right, expected impact upwards; a line below which no plan
        was found; the plan of today as a hollow diamond.
    """
    from simulation.boards.table import NAMES

    y, x = (table.numbers[NAMES.index(name), 0].reshape(-1) for name in (RISK, TIME))
    here = float(table.base[NAMES.index(TIME), 0]), float(table.base[NAMES.index(RISK), 0])
    seen = np.isfinite(x) & np.isfinite(y)
    x, y = x[seen], y[seen]
    with styled():
        picture = Picture(
            "Every plan of the board: what is gained by waiting, and where today's plan stands",
            f"{len(x):,} plans, {table.trials:,} rollouts each in the same worlds; scenario {table.scenario.name}, "
            f"seed {table.seed}. On the line nothing gains in one without losing in the other",
            TALL + 0.7,
        )
        axes = picture.place(0.95, 0.1, WIDTH - 0.95 - MARGIN - 0.1, TALL)
        hours = duration_axis(axes.xaxis, [*x.tolist(), here[0]])
        log = amount_axis(axes.yaxis, [*y.tolist(), here[1]])
        axes.set_xlabel(f"{called(TIME)}, {hours}", loc="left")
        axes.set_ylabel(f"{called(RISK)}, fleet-minutes{log}")
        axes.grid(True)
        axes.plot(x, y, ".", color=MUTED, markersize=2.5, alpha=0.35, rasterized=True, zorder=2, markeredgewidth=0)
        best = front(np.stack([y, x], axis=1), 0.0)
        axes.plot(x[best], y[best], color=colour(0), linewidth=1.4, marker="o", markersize=3, zorder=3)
        axes.plot([here[0]], [here[1]], "D", color=INK, markersize=7, markerfacecolor="white", zorder=4)
        axes.annotate("today", here, xytext=(7, 5), textcoords="offset points", size=SMALL, color=INK, zorder=5)
    return picture
