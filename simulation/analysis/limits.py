"""Limits: what a plan may cost or risk, and whether it keeps within them.

A limit holds only where its whole interval does, and is broken only where its whole interval is: what the trials leave
open is taken for neither. Not here: how a report or a gate words it (``verdict``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from simulation.arguments import MOST
from simulation.results.named import is_figure, no_figure
from simulation.results.unended import Unended

SURELY = (1 + 1.2816 / 1.96) ** 2  # the estimate moves by 1.28 standard errors, 1.96 of which are the interval
MUCH = 0.1  # of rollouts that the horizon leaves open, from where on more trials alone would not tell
SHARES = ("probability_", "share_exposed", "peak_share")  # figures that are probabilities or shares begin so
Word = Literal["holds", "broken", "undecided"]


@dataclass(frozen=True)
class Limit:
    """A bound for one figure of the summary."""

    figure: str
    side: Literal["at_most", "at_least"]
    value: float

    def __str__(self) -> str:
        """Word the limit: `share_exposed_p95 at most 0.5`."""
        return f"{self.figure} {self.side.replace('_', ' ')} {self.value:g}"


@dataclass(frozen=True)
class Judgement:
    """A limit held against an estimate.

    Attributes
    ----------
    trials
        How many there were; None where nobody said.
    needed
        About how many it takes until the figure has an interval; NaN where it has one, or nobody said.
    verdict
        `holds`: the whole interval is within the limit. `broken`: all of it is beyond. `undecided`: the interval
        straddles it, or there is none, or it would with what the horizon leaves open.
    least, most
        How far the interval would go with that; its own ends where the horizon leaves nothing open.
    cut_off
        Why the horizon leaves the limit undecided, and what to do; empty where it does not.
    """

    limit: Limit
    estimate: float
    low: float
    high: float
    unit: str
    verdict: Word
    trials: int | None = None
    needed: float = math.nan
    least: float = math.nan
    most: float = math.nan
    cut_off: str = ""

    @property
    def takes(self) -> int | None:
        """About how many trials it would take to decide it; None where it is decided, or nobody can tell.

        An interval shrinks with the root of the trials, and the estimate moves with them: these are as many as decide
        it in nine of ten runs if the figure is what it seems. Where there is no interval yet, ten times as many are a
        beginning.
        """
        if self.verdict != "undecided" or self.cut_off:
            return None
        if math.isfinite(self.needed):
            return int(self.needed)
        if not self.trials or self.absent:
            return None
        room = abs(self.limit.value - self.estimate)
        half = (self.high - self.estimate) if self.limit.value > self.estimate else (self.estimate - self.low)
        times = 10.0 if math.isnan(half) else (half / room) ** 2 * SURELY if room > 0 else math.inf
        return int(float(f"{min(self.trials * times, 1e12):.2g}")) if times < 1e7 else None

    @property
    def absent(self) -> bool:
        """Whether no rollout has the figure, and none can, such as a bad change's impact where no fault is listed."""
        return bool(self.trials) and math.isnan(self.estimate) and math.isnan(self.needed)

    @property
    def remedy(self) -> str:
        """What to do where it is undecided."""
        if self.verdict != "undecided":
            return ""
        if self.cut_off:
            return f"; {self.cut_off}"
        if self.absent:
            return "; the scenario has nothing that leads to it, so leave the limit out"
        if self.takes is None:
            return "; run more trials"
        if self.takes > MOST:
            return f"; about {self.takes:,} trials would tell, more than a report takes: move the limit or the plan"
        return f"; run about {self.takes:,} trials"

    def __str__(self) -> str:
        """Word the judgement in one line."""
        interval = f"{self.low:.4g} to {self.high:.4g}"
        return f"{self.verdict}: {self.limit} {self.unit}: {self.estimate:.4g} ({interval}){self.remedy}"


def parse_limits(wanted: Mapping[str, Any], figures: Mapping[str, Any]) -> list[Limit]:
    """Read limits from plain mappings, such as `{"share_exposed_p95": {"at_most": 0.5}}`.

    Parameters
    ----------
    wanted
        From a figure's name to `at_most`, `at_least`, or both.
    figures
        The figures there are; its keys count.

    Raises
    ------
    ValueError
        With one line for every fault.
    """
    limits, faults = [], []
    for figure, bounds in wanted.items():
        fault = _no_figure(figure, figures)
        if fault:
            faults.append(f"limits: {fault}")
        elif not isinstance(bounds, Mapping) or not bounds or set(bounds) - {"at_most", "at_least"}:
            faults.append(f"limits: {figure}: {bounds!r} is no limit; write {{at_most: 0.5}} or {{at_least: 0.9}}")
        else:
            for side, value in bounds.items():
                if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
                    faults.append(f"limits: {figure}: {side} is {value!r}; give a number")
                elif math.isinf(value):
                    faults.append(f"limits: {figure}: {side} is {value!r}; give a finite number, or leave it out")
                elif value < 0 or (value > 1 and figure.startswith(SHARES)):
                    faults.append(f"limits: {figure}: {side} is {value:g}; {_range(figure, value)}")
                else:
                    limits.append(Limit(figure, side, float(value)))
            faults += _apart(figure, limits)
    if faults:
        raise ValueError("\n".join(faults))
    return limits


def _no_figure(figure: Any, figures: Mapping[str, Any]) -> str:
    """Say why a name is no figure; empty where it is one."""
    try:
        if is_figure(figure, figures):
            return ""
    except ValueError as error:
        return str(error)
    return no_figure(figure, figures)


def _apart(figure: str, limits: list[Limit]) -> list[str]:
    """Say where a figure's bounds leave nothing between them."""
    bounds = {limit.side: limit.value for limit in limits if limit.figure == figure}
    least, most = bounds.get("at_least", -math.inf), bounds.get("at_most", math.inf)
    if least <= most:
        return []
    return [f"limits: {figure}: at_least is {least:g} and at_most {most:g}; nothing is both, so exchange them"]


def _range(figure: str, value: float) -> str:
    if not figure.startswith(SHARES):
        return "no figure is below 0"
    near = f", so perhaps {value / 100:g}" if 1 < value <= 100 else ""
    return f"probabilities and shares are from 0 to 1{near}"


def judge(
    summary: pd.DataFrame, limits: list[Limit], trials: int | None = None, unended: Unended | None = None
) -> list[Judgement]:
    """Hold limits against a summary.

    Parameters
    ----------
    summary
        As `Outcomes.summary` gives it.
    limits
        As `parse_limits` gives them.
    trials
        How many trials the summary is of, to say how many more it takes.
    unended
        What the horizon leaves open of the figures: a limit that this could break does not hold, and one that this
        could keep is not broken. Nothing, if left out.
    """
    judgements = []
    for limit in limits:
        estimate, low, high = (float(summary[column][limit.figure]) for column in ("estimate", "low", "high"))
        unit = str(summary["unit"][limit.figure])
        needed = float(summary["trials_it_takes"][limit.figure]) if "trials_it_takes" in summary else math.nan
        reach = low, high
        if unended is not None and unended.share > 0:
            reach = unended.reach.get(limit.figure, reach)
        found, cut = _with_the_open(limit, (estimate, low, high), reach, unended)
        judgements.append(Judgement(limit, estimate, low, high, unit, found, trials, needed, *reach, cut))
    return judgements


def _with_the_open(
    limit: Limit, found: tuple[float, float, float], reach: tuple[float, float], unended: Unended | None
) -> tuple[Word, str]:
    """Judge a limit with what the horizon leaves open; and say where that is why it is undecided."""
    told = _verdict(limit, *found)
    if unended is None or not unended.share > 0 or _same(reach, found[1:]):
        return told, ""
    open_ = told == "undecided" or _verdict(limit, math.nan, *reach) != told
    why = told != "undecided" or unended.share >= MUCH
    return ("undecided", str(unended) if why else "") if open_ else (told, "")


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a == b or math.isnan(a) and math.isnan(b) for a, b in zip(one, other, strict=True))


def _verdict(limit: Limit, estimate: float, low: float, high: float) -> Word:
    sign = 1.0 if limit.side == "at_most" else -1.0
    best, worst = (low, high) if limit.side == "at_most" else (high, low)
    if sign * best > sign * limit.value or (math.isinf(estimate) and sign * estimate > sign * limit.value):
        return "broken"  # a mean without end has no interval, and needs none
    return "holds" if sign * worst <= sign * limit.value else "undecided"
