"""Plans as pictures: waves as columns of regions, sized by traffic, with bakes, approvals and failover partners.

Not here: what comes of a plan (``_compare``, ``_distributions``).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from simulation.plots.style import (
    APPROVAL,
    HURT,
    INK,
    MARGIN,
    MUTED,
    PAPER,
    SMALL,
    SOUND,
    WIDTH,
    Picture,
    bare,
    blend,
    styled,
)  # fmt: skip
from simulation.plots.words import clean, fit, minutes_of, number, percent, several, span, width_of
from waves import Fleet, Plan, Wave
from waves.calendar import DAYS

CELL, ROW, GAP, ASIDE = 1.6, 0.215, 0.8, 0.05  # inches: a region's box, the space of a bake, between columns
HEAD, WAVE_HEAD, BELOW = 0.44, 0.2, 0.2
TALL, BROAD = 8, 5  # a wave of more regions than that takes more columns, up to so many
MANY, FIRST, LAST = 16, 8, 3  # regions of a wave, and waves from the first and from the last, that are drawn
INNER = WIDTH - 2 * MARGIN
DARK = tuple(0.6 * part for part in blend(APPROVAL, 1.0))  # for text


@dataclass(frozen=True)
class Block:
    """Where a wave stands: its number from 0, and its top left corner, in inches from the plan's.

    `skipped` waves are left out from `number` on, where it is not 0.
    """

    number: int
    left: float
    top: float
    skipped: int = 0

    @property
    def last(self) -> int:
        """The number of the last wave that it stands for."""
        return self.number + max(self.skipped - 1, 0)


def plans(plans: Mapping[str, Plan], fleet: Fleet) -> Picture:
    """Draw plans, one below the other: waves from left to right, regions as boxes, bakes as the gaps between.

    Parameters
    ----------
    plans
        By name.
    fleet
        Whose traffic gives the boxes their size; the plans' regions must be in it.

    Returns
    -------
    Picture
        A matplotlib figure. Failover partners in one wave, and approvals, are marked.

    Raises
    ------
    InputError
        Where a plan has regions that the fleet does not have.
    """
    with styled():
        layouts = {}
        for name, plan in plans.items():
            plan.require(fleet)
            layouts[name] = list(_layout(plan))
        heights = [HEAD + _height(plan, layouts[name]) for name, plan in plans.items()]
        picture = Picture(_title(plans, fleet), _caption(plans, fleet), sum(heights) + 0.1)
        axes = picture.place(0, 0, WIDTH, sum(heights))
        bare(axes)
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(sum(heights), 0)
        top = 0.0
        for (name, plan), tall in zip(plans.items(), heights, strict=True):
            if top:
                axes.plot([MARGIN, WIDTH - MARGIN], [top + 0.02] * 2, color=MUTED, linewidth=0.6)
            _heading(axes, name, plan, fleet, top)
            for block in layouts[name]:
                _wave(axes, plan, fleet, block, top + HEAD)
            top += tall
    return picture


def _columns(count: int) -> tuple[int, int]:
    """Return in how many columns, of how many rows, a wave's regions stand."""
    rows = max(min(count, TALL), math.ceil(count / BROAD))
    return math.ceil(count / rows), rows


def _cells(wave: Wave) -> int:
    """Return how many boxes a wave takes: of many regions the last box stands for those that are not drawn."""
    return min(len(wave.regions), MANY)


def _wide(wave: Wave) -> float:
    return _columns(_cells(wave))[0] * (CELL + ASIDE) - ASIDE


def _numbers(plan: Plan) -> Iterator[tuple[int, int]]:
    """Yield the waves that are drawn, and how many are skipped from there on: of many, those in the middle."""
    count = len(plan.waves)
    if count <= FIRST + LAST + 1:
        yield from ((number_, 0) for number_ in range(count))
        return
    yield from ((number_, 0) for number_ in range(FIRST))
    yield FIRST, count - FIRST - LAST
    yield from ((number_, 0) for number_ in range(count - LAST, count))


def _layout(plan: Plan) -> Iterator[Block]:
    """Place the waves from left to right, in as many lines as they need."""
    left = GAP if plan.waves[0].approval else 0.0
    top = tallest = 0.0
    for number_, skipped in _numbers(plan):
        wide = CELL if skipped else _wide(plan.waves[number_])
        if left > GAP and left + wide + GAP > INNER:
            left, top, tallest = 0.0, top + tallest, 0.0
        block = Block(number_, left, top, skipped)
        yield block
        tallest = max(tallest, WAVE_HEAD + _rows(plan, block) * ROW + BELOW)
        left += wide + GAP


def _rows(plan: Plan, block: Block) -> int:
    return 1 if block.skipped else _columns(_cells(plan.waves[block.number]))[1]


def _height(plan: Plan, layout: list[Block]) -> float:
    return max(block.top + WAVE_HEAD + _rows(plan, block) * ROW for block in layout) + BELOW


def _heading(axes: Axes, name: str, plan: Plan, fleet: Fleet, top: float) -> None:
    facts = [_waves(plan), _bakes(plan)]
    if asked := sum(wave.approval for wave in plan.waves):
        facts.append(several(asked, "approval"))
    if any(plan.calendars):
        facts.append(_windows(plan))
    if left_out := len(fleet.regions) - len(plan.regions):
        facts.append(f"leaves out {several(left_out, 'region')}")
    text = fit(" · ".join(facts), INNER * 0.62, SMALL)
    label = fit(name, INNER - width_of(text, SMALL) - 0.25, 10.5, "bold")
    axes.text(MARGIN, top + 0.27, label, size=10.5, weight="bold")
    axes.text(MARGIN + width_of(label, 10.5, "bold") + 0.15, top + 0.27, text, size=SMALL, color=MUTED)


def _waves(plan: Plan) -> str:
    shape = plan.shape
    counts = ", ".join(map(str, shape)) if len(shape) <= 8 else f"{min(shape)} to {max(shape)}"
    counts = str(shape[0]) if len(set(shape)) == 1 else counts
    return f"{several(len(shape), 'wave')} of {counts}"


def _windows(plan: Plan) -> str:
    own = [calendar for calendar in plan.calendars if calendar]
    if len(own) < len(plan.waves) or any(calendar != own[0] for calendar in own):
        return f"{several(len(own), 'wave')} in windows"
    days, hours = own[0].days or DAYS, own[0].hours
    row = days == DAYS[DAYS.index(days[0]) :][: len(days)]
    said = "daily" if days == DAYS else f"{days[0]}–{days[-1]}" if row and len(days) > 2 else ", ".join(days)
    return f"{said} {hours[0]}–{hours[1]}" if hours else said


def _bakes(plan: Plan) -> str:
    return f"bakes of {minutes_of(sum(wave.bake_minutes for wave in plan.waves))} in all"


def _wave(axes: Axes, plan: Plan, fleet: Fleet, block: Block, origin: float) -> None:
    wave = plan.waves[block.number]
    left, top = MARGIN + block.left, origin + block.top
    if block.skipped:
        _skipped(axes, plan, fleet, block, (left, top))
        return
    columns, rows = _columns(_cells(wave))
    share = sum(fleet.shares[region] for region in wave.regions)
    head = f"wave {block.number + 1} · {percent(share)}"
    head += f" · {wave.at_once} at a time" if wave.at_once < len(wave.regions) else ""
    room = _wide(wave) + (GAP if columns == 1 else 0.0)
    axes.text(left, top + WAVE_HEAD - 0.06, fit(head, room, SMALL), size=SMALL, color=INK)
    partners = together(wave, fleet)
    longest = max(fleet.shares.values())
    drawn = drawn_regions(wave, fleet)
    for i, region in enumerate(drawn):
        x, y = left + i // rows * (CELL + ASIDE), top + WAVE_HEAD + i % rows * ROW
        _cell(axes, region, fleet.shares[region], longest, (x, y), partners.get(region, ""))
    if rest := len(wave.regions) - len(drawn):
        x, y = left + (MANY - 1) // rows * (CELL + ASIDE), top + WAVE_HEAD + (MANY - 1) % rows * ROW
        _rest(axes, f"and {rest:,} more", share - sum(fleet.shares[region] for region in drawn), (x, y))
    _gap(axes, plan, block.number, left + _wide(wave), top + WAVE_HEAD)
    if block.number == 0 and wave.approval:
        _approval(axes, MARGIN + GAP / 2, top + WAVE_HEAD)


def drawn_regions(wave: Wave, fleet: Fleet) -> list[str]:
    """Return the regions of a wave that have a box of their own: of many those with most traffic, in their order."""
    if len(wave.regions) <= MANY:
        return list(wave.regions)
    most = set(sorted(wave.regions, key=lambda region: fleet.shares[region], reverse=True)[: MANY - 1])
    return [region for region in wave.regions if region in most]


def _skipped(axes: Axes, plan: Plan, fleet: Fleet, block: Block, corner: tuple[float, float]) -> None:
    """Draw one box for the waves that are left out."""
    left, top = corner
    waves = plan.waves[block.number : block.last + 1]
    axes.text(left, top + WAVE_HEAD - 0.06, f"waves {block.number + 1} to {block.last + 1}", size=SMALL, color=INK)
    regions = [region for wave in waves for region in wave.regions]
    share = sum(fleet.shares[region] for region in regions)
    _rest(axes, several(len(regions), "region"), share, (left, top + WAVE_HEAD))
    _gap(axes, plan, block.last, left + CELL, top + WAVE_HEAD)


def _rest(axes: Axes, text: str, share: float, corner: tuple[float, float]) -> None:
    """Draw the box of what has none of its own: how many regions, and their traffic."""
    x, y = corner
    tall, size = ROW - 0.035, 7.5
    axes.add_patch(Rectangle((x, y), CELL, tall, facecolor="white", edgecolor=MUTED, linewidth=0.6, linestyle=":"))
    axes.text(x + 0.06, y + tall / 2, text, size=size, va="center_baseline", color=MUTED)
    axes.text(x + CELL - 0.04, y + tall / 2, percent(share), size=size, va="center_baseline", ha="right", color=MUTED)


def together(wave: Wave, fleet: Fleet) -> dict[str, str]:
    """Return the regions of a wave whose failover partner is in it too, each with its pair's mark."""
    pairs = [pair for pair in fleet.pairs if set(pair) <= set(wave.regions)]
    marks: dict[str, str] = {}
    for n, pair in enumerate(pairs, 1):
        for region in pair:
            marks.setdefault(region, f"⇄{n}" if 1 < len(pairs) <= 9 else "⇄")
    return marks


def _cell(axes: Axes, region: str, share: float, longest: float, corner: tuple[float, float], mark: str) -> None:
    """Draw a region's box: as wide a bar as its traffic, and over it its name and share."""
    x, y = corner
    tall, size = ROW - 0.035, 7.5
    axes.add_patch(Rectangle((x, y), CELL, tall, facecolor=PAPER, linewidth=0))
    colour = blend(HURT, 0.45) if mark else SOUND
    axes.add_patch(Rectangle((x, y), CELL * share / longest, tall, facecolor=colour, linewidth=0))
    label = percent(share)
    room = CELL - width_of(label, size) - 0.13
    if mark:
        axes.text(x + 0.04, y + tall / 2, mark, size=size + 1, weight="bold", color=HURT, va="center_baseline")
        room -= width_of(mark, size + 1, "bold") + 0.04
    name = fit(region, room, size)
    start = x + CELL - 0.09 - width_of(label, size) - room
    axes.text(start, y + tall / 2, name, size=size, va="center_baseline")
    axes.text(x + CELL - 0.04, y + tall / 2, label, size=size, va="center_baseline", ha="right", color=INK)


def _gap(axes: Axes, plan: Plan, number_: int, left: float, top: float) -> None:
    """Draw what follows a wave: its bake, the next one's approval, or the end."""
    wave, last = plan.waves[number_], number_ + 1 == len(plan.waves)
    middle, y = left + GAP / 2, top + ROW * 0.42
    style = "|-|,widthA=0,widthB=0.25" if last else "-|>"
    line = {"arrowstyle": style, "color": MUTED, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (left + GAP - 0.05, y), (left + 0.05, y), arrowprops=line)
    bake = fit(minutes_of(wave.bake_minutes), GAP - 0.14, SMALL) if wave.bake_minutes else "no bake"
    if wave.bake_requests and not wave.bake_minutes:
        bake = "until"
    axes.text(middle, y - 0.05, bake, size=SMALL, ha="center", va="bottom")
    below = y + 0.07
    if wave.bake_requests:
        text = f"{'and ' if wave.bake_minutes else ''}{number(wave.bake_requests)} req."
        axes.text(middle, below, fit(text, GAP - 0.06, 7), size=7, ha="center", va="top", color=MUTED)
        below += 0.14
    if not last and plan.waves[number_ + 1].approval:
        _approval(axes, middle, below - 0.07 - ROW * 0.42)


def _approval(axes: Axes, middle: float, top: float) -> None:
    axes.text(middle, top + ROW * 0.42 + 0.07, "◆ approval", size=7, ha="center", va="top", color=DARK)


def _title(plans: Mapping[str, Plan], fleet: Fleet) -> str:
    first = [sum(fleet.shares[region] for region in plan.waves[0].regions) for plan in plans.values()]
    risky = sum(any(together(wave, fleet) for wave in plan.waves) for plan in plans.values())
    carries = f"{span(min(first), max(first))} of the traffic"
    head = (
        f"{several(len(plans), 'plan')} for {several(len(fleet.regions), 'region')}: the first wave carries {carries}"
    )
    if not fleet.pairs:
        return head
    if len(plans) == 1:
        return f"{head}; it {'puts' if risky else 'does not put'} failover partners into one wave"
    return f"{head}; {risky or 'none'} {'puts' if risky < 2 else 'put'} failover partners into one wave"


def _caption(plans: Mapping[str, Plan], fleet: Fleet) -> str:
    largest = max(fleet.shares, key=lambda name: fleet.shares[name])
    parts = [f"A bar is a region's share of the traffic; the longest is {largest}, {percent(fleet.shares[largest])}."]
    parts.append("Between the waves: how long a wave is watched before the next; widths are not to scale in time.")
    if any(len(wave.regions) > MANY for plan in plans.values() for wave in plan.waves):
        parts.append(f"Of a wave of more than {MANY} regions, those with most traffic have a box.")
    if any(skipped for plan in plans.values() for _, skipped in _numbers(plan)):
        parts.append(f"Of many waves, the first {FIRST} and the last {LAST} are drawn.")
    if any(together(wave, fleet) for plan in plans.values() for wave in plan.waves):
        parts.append("⇄: failover partners in one wave.")
    return clean(" ".join(parts)).replace(r"\$", "$")
