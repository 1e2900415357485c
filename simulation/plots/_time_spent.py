"""Where the time goes: how long shipping takes on average, as stacked bars, one a plan.

Not here: how long it takes how often (``_distributions``).
"""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simulation.analysis.time_spent import time_spent as minutes_spent
from simulation.plots.charts import duration_axis, name_rows, origin, rule_rows
from simulation.plots.style import INK, MARGIN, MUTED, PURPLE, SMALL, SOUND, WIDTH, WORK, YELLOW, Picture, styled
from simulation.plots.words import titled, width_of
from simulation.results.numerals import minutes_of, percent
from simulation.results.outcomes import Outcomes

LEFT = 1.95  # inches
LONG = WIDTH - LEFT - 0.45
HEAD, FOOT, KEY = 0.1, 0.5, 0.32
LOOKS = {  # what it is called, colour, hatch, colour of the text on it
    "build": ("build", WORK, "", "white"),
    "handover": ("handover", "#C4CBD2", "", INK),
    "approval": ("approval", PURPLE, "", INK),
    "closed_window": ("closed window", "#FFFFFF", "///", INK),
    "deploy": ("deploy", SOUND, "", INK),
    "bake": ("bake", YELLOW, "", INK),
}


def time_spent(outcomes: Mapping[str, Outcomes]) -> Picture:
    """Draw where the time goes until a change has shipped, on average, as stacked bars, one a plan.

    Parameters
    ----------
    outcomes
        By the plan's name.

    Returns
    -------
    Picture
        A matplotlib figure; the parts of a bar add up to the mean of `end_minutes` of the rollouts that shipped.

    Raises
    ------
    ValueError
        Where there are no outcomes.
    """
    if not outcomes:
        raise ValueError("there are no outcomes to draw; give those of at least one plan")
    means = {name: mean_parts(each) for name, each in outcomes.items()}
    with styled():
        tall = 0.42 * len(means)
        picture = Picture(
            _title(means), f"{origin(outcomes)}. Means over the rollouts that shipped.", KEY + HEAD + tall + FOOT
        )
        _key(picture, means)
        axes = picture.place(LEFT, KEY + HEAD, LONG, tall)
        rule_rows(axes, len(means))
        unit = duration_axis(axes.xaxis, [sum(parts.values()) for parts in means.values()])
        _bars(axes, means)
        name_rows(axes, list(means), LEFT - MARGIN - 0.12)
        axes.set_xlabel(f"{unit} from the push to the last bake's end", loc="left")
    return picture


def mean_parts(outcomes: Outcomes) -> dict[str, float]:
    """Return the mean minutes of each part over the rollouts that shipped; nothing where none did."""
    shares, shipped = outcomes.shares, outcomes.shipped
    if not shares[shipped].sum() > 0:
        return {}
    own = shares[shipped] / shares[shipped].sum()
    found = minutes_spent(outcomes)[shipped]
    return {str(part): float(own @ found[part].to_numpy()) for part in found}


def _bars(axes: Axes, means: Mapping[str, Mapping[str, float]]) -> None:
    whole = axes.get_xlim()[1]
    for row, parts in enumerate(means.values()):
        left = 0.0
        for part, wide in parts.items():
            _, colour, hatch, ink = LOOKS[part]
            edge = _edge(part)
            axes.barh(row, wide, 0.68, left=left, color=colour, hatch=hatch, edgecolor=edge, linewidth=0.6, zorder=2)
            label = minutes_of(wide)
            if wide and wide / whole * LONG > width_of(label, 7.5) + 0.06:
                axes.text(left + wide / 2, row, label, size=7.5, color=ink, ha="center", va="center_baseline", zorder=3,
                          bbox={"facecolor": colour, "edgecolor": "none", "pad": 2.5} if hatch else None)  # fmt: skip
            left += wide


def _edge(part: str) -> str:
    # Yellow turns to a dark olive where a page is read in the dark: its edge is what is seen of it there.
    return WORK if LOOKS[part][2] else MUTED if part == "bake" else "white"


def _key(picture: Picture, means: Mapping[str, Mapping[str, float]]) -> None:
    shown = [part for part in LOOKS if any(parts.get(part, 0.0) > 0 for parts in means.values())]
    patches = [
        Patch(facecolor=LOOKS[part][1], hatch=LOOKS[part][2], edgecolor=_edge(part), linewidth=0.6) for part in shown
    ]
    tall = picture.get_figheight()
    place = (MARGIN / WIDTH, (tall - picture.head) / tall)
    picture.legend(patches, [LOOKS[part][0] for part in shown], loc="upper left", bbox_to_anchor=place, ncols=6,
                   borderaxespad=0, labelcolor=INK, handlelength=1.3, handleheight=0.9, columnspacing=1.6,
                   fontsize=SMALL)  # fmt: skip


def _title(means: Mapping[str, Mapping[str, float]]) -> str:
    name, parts = max(means.items(), key=lambda each: sum(each[1].values()))
    total = sum(parts.values())
    if total == 0:
        return "No rollout ships"
    most = max(parts, key=lambda part: parts[part])
    word = {"deploy": "deploying", "bake": "bakes", "build": "the build", "closed_window": "closed windows",
            "approval": "waiting for approvals", "handover": "handovers"}[most]  # fmt: skip
    under = "" if len(means) == 1 else f" under {titled(name)}"
    return f"Shipping takes {minutes_of(total)}{under}; {percent(parts[most] / total)} of it goes to {word}"
