"""Pictures of why plans differ: the tornado of assumptions, and a difference taken apart.

Not here: the estimates themselves (``sensitivity``, ``parts``).
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from simulation.analysis.parts import FIGURES, Parts
from simulation.analysis.sensitivity import Sensitivity
from simulation.plots.charts import dot, finite, hollow, name_rows, rule_rows
from simulation.plots.style import BLUE, INK, MARGIN, MUTED, VERMILION, WIDTH, Picture, styled
from simulation.plots.words import fit, number, signed, titled

ROWS = 12  # assumptions that are drawn; the others move less
ROW, LEFT, FOOT = 0.27, 2.9, 0.45  # inches
WORDS = {
    "worth": "price of a fleet-minute at which both cost the same",
    "impact_minutes_mean": "impact of a change, mean",
    "minutes_to_ship": "time to ship",
    "cost": "cost: time to ship, and the impact at its price",
}


def tornado(found: Sensitivity, plan: str | None = None, figure: str | None = None) -> Picture:
    """Draw how one plan compares with the first as each assumption is turned, those that move most on top.

    Parameters
    ----------
    found
        From `simulation.sensitivity`.
    plan
        Which plan; the second if left out.
    figure
        `worth`, `impact_minutes_mean`, `minutes_to_ship` or `cost`; if left out, the price of a fleet-minute at which
        both cost the same, or the impact where there is none.

    Raises
    ------
    ValueError
        For a plan or a figure that was not compared.
    """
    plan = plan or list(found.plans)[1]
    own = found.worth["price"]
    figure = figure or ("worth" if plan in own.index and math.isfinite(float(own[plan])) else "impact_minutes_mean")
    table = found.tornado
    if (plan, figure) not in {(key[0], key[1]) for key in table.index}:
        raise ValueError(f"{figure!r} of {plan!r} was not compared; see the index of `tornado`")
    rows = [
        (str(row.Index), tuple(float(v) for v in row[1:7])) for row in found.moved(plan, figure)[:ROWS].itertuples()
    ]
    turned = {name: (low, high) for name, _, low, high, _ in found.assumptions.itertuples()}
    base = _base(found, plan, figure)
    scale = _scale(figure, finite([base, *(value for _, values in rows for value in (values[0], values[3]))]))
    with styled():
        tall = ROW * len(rows)
        title = _title(found, plan, figure, rows, base, scale)
        open_ = (
            " Hollow: too few trials for an interval."
            if hollow(v[at : at + 3] for _, v in rows for at in (0, 3))
            else ""
        )
        picture = Picture(title, _caption(found, plan, figure) + open_, tall + FOOT)
        axes = picture.place(LEFT, 0.0, WIDTH - LEFT - 0.75, tall)
        rule_rows(axes, len(rows))
        known = finite([base, *(v for _, values in rows for v in values)])
        _limits(axes, known, scale.size)
        axes.xaxis.set_major_formatter(lambda value, _: number(value / scale.size))
        axes.set_xlabel(f"{WORDS[figure]}, {scale.name}{' of waiting' if figure == 'worth' else ''}", loc="left")
        if math.isfinite(base):
            axes.axvline(base, color=INK, linewidth=1.1, zorder=2)
        name_rows(axes, [name for name, _ in rows], LEFT - MARGIN - 0.1)
        for row, (name, values) in enumerate(rows):
            _bar(axes, row, values, base, turned[name])
    return picture


class Scale(NamedTuple):
    """The one unit of a picture: how many of the figure's own it is, and its name."""

    size: float
    name: str


def _scale(figure: str, known: Sequence[float]) -> Scale:
    """Return fleet-minutes, or of the times the unit in which the farthest is read best."""
    most = max(map(abs, known), default=0.0)
    if figure == "impact_minutes_mean":
        return Scale(1.0, "fleet-minutes")
    return Scale(1.0, "minutes") if most <= 180 else Scale(60.0, "hours") if most <= 6000 else Scale(1440.0, "days")


def _base(found: Sensitivity, plan: str, figure: str) -> float:
    place = list(found.plans).index(plan)
    return found.base.worth(place, 0).value if figure == "worth" else found.base.difference(place, 0, figure).value


def _limits(axes: Axes, known: Sequence[float], size: float) -> None:
    low, high = min(known, default=0.0), max(known, default=1.0)
    room = (high - low) * 0.12 or 1.0  # for the factors beside the ends
    axes.set_xlim(low - room, high + room)
    ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values((low - room) / size, (high + room) / size)
    axes.xaxis.set_major_locator(FixedLocator([t * size for t in ticks if low - room <= t * size <= high + room]))


def _bar(axes: Axes, row: int, values: tuple[float, ...], base: float, turned: tuple[float, float]) -> None:
    """Draw from the base to where an assumption low and high leads, each end with its interval; factors beyond all."""
    told: dict[int, list[tuple[float, str]]] = {-1: [], 1: []}
    for (value, low, high), ink, mark, factor in (
        (values[:3], BLUE, "o", turned[0]), (values[3:], VERMILION, "s", turned[1])
    ):  # fmt: skip
        if math.isfinite(value) and math.isfinite(base):
            axes.barh(row, value - base, left=base, height=0.5, color=ink, alpha=0.3, zorder=1)
        dot(axes, row, (value, low, high), mark, ink, 5.0)
        if math.isfinite(value) and abs(value - base) > 0.02 * abs(axes.get_xlim()[1] - axes.get_xlim()[0]):
            told[1 if value > base else -1].append((abs(value - base), f"×{number(factor)}"))
    ends = finite(values)
    for side, factors in told.items():
        if factors:  # two on one side stand in the order of their marks
            words = ", ".join(text for _, text in sorted(factors, reverse=side < 0))
            axes.annotate(words, (max(ends) if side > 0 else min(ends), row), (5 * side, 0), textcoords="offset points",
                          size=7.5, color=MUTED, ha="left" if side > 0 else "right", va="center_baseline")  # fmt: skip


def _title(
    found: Sensitivity, plan: str, figure: str, rows: list[tuple[str, tuple[float, ...]]], base: float, scale: Scale
) -> str:
    """Say what the picture comes to, and how far one assumption moves it: to either side the one that does most."""
    names = f"{titled(plan)} against {titled(found.baseline)}"
    ends = [(value, name) for name, values in rows for value in (values[0], values[3]) if math.isfinite(value)]
    if not ends or not math.isfinite(base):
        return f"{names}: no assumption to turn"
    write: Callable[[float], str] = number if figure == "worth" else signed
    (low, least), (high, most) = min(ends), max(ends)
    left, right = write(low / scale.size), write(high / scale.size)
    span = f"from {left} to {right} ({most})" if least == most else f"from {left} ({least}) to {right} ({most})"
    size = f"{write(base / scale.size)} {scale.name}"
    if figure == "worth":
        worth = f"is worth it while a fleet-minute costs {_way(found, plan)} than {size} of waiting"
        return f"{names} {worth}; one assumption turned makes that {span}"
    return f"{names}, {WORDS[figure]}: {size}; one assumption turned makes that {span}"


def _way(found: Sensitivity, plan: str) -> str:
    """Say how cheap or dear harm must be: a plan that saves time and adds harm is worth it where harm is cheap."""
    return "less" if found.worth["impact_minutes_mean"][plan] > 0 else "more"


def _caption(found: Sensitivity, plan: str, figure: str) -> str:
    what = f"{plan} minus {found.baseline}" if figure != "worth" else f"{plan} and {found.baseline}"
    more = len(found.levers) - ROWS
    rest = f" The other {more} assumptions move less." if more > 0 else ""
    return (
        f"{what}, {found.trials:,} rollouts of each plan at each turn, in the same worlds; scenario "
        f"{found.scenario.name} ({found.scenario.digest}), seed {found.seed}. Each assumption turned by itself: blue "
        f"circle down, red square up, by the factor written. Whiskers: {found.confidence * 100:g} % intervals. The "
        f"line: as the scenario is.{rest}"
    )


def parts(found: Parts) -> Picture:
    """Draw what grouping, order, bake and the rest make of the difference between two plans, in time and in harm."""
    with styled():
        tall = 0.36 * (len(found.parts) + 1)
        picture = Picture(found.sentence, _told(found), tall + 0.42 + FOOT)
        for n, (figure, unit) in enumerate(FIGURES.items()):
            axes = picture.place(1.7 + n * 3.75, 0.34, 3.3, tall)
            names = [*found.parts, "whole"]
            rule_rows(axes, len(names))
            own = found.table.loc[figure][["difference", "low", "high"]].to_numpy(dtype=float)
            rows = [tuple(row) for row in own.tolist()]
            known = [0.0, *finite(v for row in rows for v in row)]
            room = (max(known) - min(known)) * 0.1 or 1.0
            axes.set_xlim(min(known) - room, max(known) + room)
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
            axes.xaxis.set_major_formatter(lambda value, _: signed(value))
            axes.axvline(0, color=INK, linewidth=1.1, zorder=2)
            axes.set_xlabel(unit, loc="left")
            axes.text(0, 1 + 0.1 / tall, WORDS[figure].capitalize(), transform=axes.transAxes, weight="bold")
            if n == 0:
                name_rows(axes, names, 1.5)
            for row, (name, estimate) in enumerate(zip(names, rows, strict=True)):
                ink = INK if name == "whole" else BLUE if estimate[0] < 0 else VERMILION
                axes.barh(row, estimate[0], height=0.5, color=ink, alpha=0.3, zorder=1)
                dot(axes, row, estimate, "D" if name == "whole" else "o", ink, 5.0)
    return picture


def _told(found: Parts) -> str:
    first, second = (fit(name, 3.0, 8.0) for name in found.names)
    return (
        f"{second} minus {first}, {found.trials:,} rollouts of each mixture of the two, in the same worlds; seed "
        f"{found.seed}. Order: the sequence of the regions. Grouping: how it is cut into waves, at equal bake in all. "
        "Bake: how long all waves bake. Rest: approvals, slots, strategies. Each is swapped in turn, and what they do "
        "only together is shared evenly over the orders of swapping (Shapley's value). Whiskers: intervals."
    )
