"""How rollouts end: the seven outcomes as stacked bars, by plan, and enlarged those that do not simply complete.

Not here: what an outcome costs (``_compare``).
"""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simulation.columns import OUTCOMES
from simulation.plots.charts import name_rows, origin, rule_rows, share_axis
from simulation.plots.style import (
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    PURPLE,
    SMALL,
    SOUND,
    VERMILION,
    WIDTH,
    WORK,
    YELLOW,
    Picture,
    styled,
)  # fmt: skip
from simulation.plots.words import percent, titled, width_of
from simulation.results.outcomes import Outcomes

LEFT, WHOLE, BETWEEN = 1.95, 2.4, 0.45  # inches
LARGE = WIDTH - LEFT - WHOLE - BETWEEN - 0.25
HEAD, FOOT, KEY = 0.36, 0.5, 0.52
LOOKS = {  # colour, hatch, colour of the text on it
    "completed": (SOUND, "", INK),
    "escaped": (VERMILION, "", "white"),
    "caught": (ORANGE, "", INK),
    "false_alarm": (YELLOW, "", INK),
    "deploy_failed": (PURPLE, "", INK),
    "rejected": ("#C4CBD2", "", INK),
    "build_failed": (WORK, "", "white"),
}


def outcome_shares(outcomes: Mapping[str, Outcomes]) -> Picture:
    """Draw how often rollouts end in which way, as stacked bars, one a plan.

    Parameters
    ----------
    outcomes
        By the plan's name.

    Returns
    -------
    Picture
        A matplotlib figure; to the right, enlarged, the rollouts that did not simply complete.

    Raises
    ------
    ValueError
        Where there are no outcomes.
    """
    if not outcomes:
        raise ValueError("there are no outcomes to draw; give those of at least one plan")
    with styled():
        shares = {name: _shares(each) for name, each in outcomes.items()}
        tall = 0.42 * len(shares)
        picture = Picture(_title(shares), _caption(outcomes), KEY + HEAD + tall + FOOT)
        _key(picture, shares)
        whole = picture.place(LEFT, KEY + HEAD, WHOLE, tall)
        large = picture.place(LEFT + WHOLE + BETWEEN, KEY + HEAD, LARGE, tall)
        most = max(1 - share["completed"] for share in shares.values())
        _bars(whole, shares, OUTCOMES, WHOLE, 1.0)
        _bars(large, shares, OUTCOMES[1:], LARGE, most)
        name_rows(whole, list(shares), LEFT - MARGIN - 0.12)
        for axes, head in ((whole, "All rollouts"), (large, "Enlarged: those that did not simply complete")):
            axes.text(0, 1 + 0.1 / tall, head, transform=axes.transAxes, weight="bold")
            axes.set_xlabel("of the rollouts", loc="left")
    return picture


def _shares(outcomes: Outcomes) -> dict[str, float]:
    ended = outcomes.frame["outcome"]
    return {outcome: outcomes.fraction((ended == outcome).to_numpy()) for outcome in OUTCOMES}


def _bars(
    axes: Axes, shares: Mapping[str, Mapping[str, float]], parts: tuple[str, ...], inches: float, most: float
) -> None:
    rule_rows(axes, len(shares))
    share_axis(axes.xaxis, [most / 1.08], whole=most == 1.0)
    if most == 0:
        axes.text(
            0.5,
            0.5,
            "every rollout completed",
            transform=axes.transAxes,
            color=MUTED,
            ha="center",
            va="center_baseline",
            backgroundcolor="white",
        )
        axes.set_xticks([])
    for row, share in enumerate(shares.values()):
        left = 0.0
        for outcome in parts:
            colour, hatch, ink = LOOKS[outcome]
            wide = share[outcome]
            axes.barh(row, wide, 0.68, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.6, zorder=2)
            label = percent(wide)
            if wide and wide / (most or 1) * inches > width_of(label, 7.5) + 0.06:
                axes.text(left + wide / 2, row, label, size=7.5, color=ink, ha="center", va="center_baseline", zorder=3)
            left += wide


def _key(picture: Picture, shares: Mapping[str, Mapping[str, float]]) -> None:
    patches, labels = [], []
    for outcome in OUTCOMES:
        found = [share[outcome] for share in shares.values()]
        low, high = percent(min(found)), percent(max(found))
        patches.append(Patch(facecolor=LOOKS[outcome][0]))
        labels.append(f"{outcome.replace('_', ' ')}  {low if low == high else f'{low} to {high}'}")
    tall = picture.get_figheight()
    place = (MARGIN / WIDTH, (tall - picture.head) / tall)
    picture.legend(patches, labels, loc="upper left", bbox_to_anchor=place, ncols=4, borderaxespad=0, labelcolor=INK,
                   handlelength=1.3, handleheight=0.9, columnspacing=1.6, fontsize=SMALL)  # fmt: skip


def _title(shares: Mapping[str, Mapping[str, float]]) -> str:
    shipped = {name: share["completed"] + share["escaped"] for name, share in shares.items()}
    escaped = {name: share["escaped"] for name, share in shares.items()}
    least, most = min(shipped, key=lambda name: shipped[name]), max(shipped, key=lambda name: shipped[name])
    if len(shares) == 1:
        return f"{percent(shipped[most])} of the rollouts ship; in {percent(escaped[most])} a defect escapes"
    worst = max(escaped, key=lambda name: escaped[name])
    low, high = percent(shipped[least]), percent(shipped[most])
    ships = f"{low} ({titled(least)}) to {high} ({titled(most)}) of the rollouts ship"
    if low == high:
        ships = f"Under every plan {low} of the rollouts ship" if shipped[most] else "No rollout ships"
    if escaped[worst] == 0:
        return f"{ships}; no defect escapes"
    return f"{ships}; defects escape most often, in {percent(escaped[worst])}, under {titled(worst)}"


def _caption(outcomes: Mapping[str, Outcomes]) -> str:
    return f"{origin(outcomes)}. Escaped: complete, with a defect unseen by then. Shipped: completed or escaped."
