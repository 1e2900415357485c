"""What the board says: figures with their intervals, differences from today, what a move did.

The page without a kernel says the same in its script (``still.js``), to which a test holds it. Not here: the numbers
(``answers``), what the board looks like (``hands.js``).
"""

import math
from typing import Any

from simulation.boards.answers import Answer
from simulation.boards.figures import FIGURES, Figure
from simulation.results.figures import amount, estimated
from simulation.results.numerals import digits_of, minutes_of, number, percent
from simulation.results.statistics import Estimate
from waves import Fleet, Plan
from waves.showing import counted

LONGEST = 60  # letters of a name that is read out


def figure_rows(answer: Answer, *, is_today: bool) -> list[dict[str, Any]]:
    """Return a row for each figure: its words, its texts, and its numbers for the bars, None where there is none."""
    return [_row(figure, answer, is_today) for figure in FIGURES]


def _row(figure: Figure, answer: Answer, is_today: bool) -> dict[str, Any]:
    own, base = answer.figures[figure.name], answer.today[figure.name]
    apart = answer.differences[figure.name]
    value, interval = estimated(*own, figure.unit)
    return {
        "name": figure.name, "words": figure.words, "hint": figure.hint, "group": figure.group, "unit": figure.unit,
        "value": value, "interval": interval, "today": amount(base.value, figure.unit),
        "difference": "" if is_today else difference(apart, figure.unit),
        "sign": "same" if is_today else sign(apart),
        "numbers": plain(own), "shadow": plain(base),
    }  # fmt: skip


def plain(found: Estimate) -> list[float | None]:
    """Return value and ends as JSON takes them: None for what is not finite."""
    return [float(each) if math.isfinite(each) else None for each in found]


def sign(apart: Estimate) -> str:
    """Return whether less of a figure, which is better, is sure: `better`, `worse`, `open`, `same` or `unknown`."""
    if math.isnan(apart.value):
        return "unknown"
    if apart.value == 0 and not (apart.low < 0 or apart.high > 0):
        return "same"
    if math.isnan(apart.low) or math.isnan(apart.high):
        return "unknown"
    return "better" if apart.high < 0 else "worse" if apart.low > 0 else "open"


def difference(apart: Estimate, unit: str) -> str:
    """Write a difference from today with its interval: `−12 min (−14 min to −9.8 min)`, `+2.1 points (+2 to +2.2)`."""
    kind = sign(apart)
    if math.isnan(apart.value):
        return "unknown"
    if kind == "same":
        return "as today"
    if kind == "unknown":
        return f"{signed_amount(apart.value, unit)} (interval unknown)"
    digits = max(digits_of(abs(end), abs(apart.value), number) for end in (apart.low, apart.high))
    low, high = (signed_amount(end, unit, digits, bare=True) for end in (apart.low, apart.high))
    return f"{signed_amount(apart.value, unit, digits)} ({low} to {high})"


def signed_amount(value: float, unit: str, digits: int = 2, *, bare: bool = False) -> str:
    """Write a difference with its sign and unit, which is left out of a bare one; shares in percentage points."""
    mark = "+" if value > 0 else "−" if value < 0 else ""
    if unit == "minutes":
        return f"{mark}{minutes_of(abs(value), digits)}"
    points = unit in ("probability", "share of traffic")
    text = number(abs(value) * (100 if points else 1), digits)
    return f"{mark}{text}" if bare else f"{mark}{text}\u00a0{'points' if points else unit}"


def rollouts(trials: int, more: bool) -> str:
    """Say how many rollouts the figures rest on."""
    return f"{trials:,} rollouts of each plan{'; more are on their way' if more else ''}"


def in_words(plan: Plan) -> str:
    """Say who is in which wave, and how long each bakes: `a (60 min) → b, c (30 min)`; how many, in a large fleet."""
    named = len(plan.regions) <= 12
    who = (", ".join(w.regions) if named else counted(len(w.regions), "region") for w in plan.waves)
    pairs = zip(who, plan.waves, strict=True)
    return " → ".join(f"{each} ({minutes_of(wave.bake_minutes)})" for each, wave in pairs)


def share_of(fleet: Fleet, *regions: str) -> str:
    """Write the share of the fleet's traffic that some regions have."""
    return percent(sum(fleet.shares[name] for name in regions))


def short(name: str) -> str:
    """Return a name of a length that can be read out."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def place(region: str, wave: int | None, waves: int) -> str:
    """Say where a region is: `us-east-1 is in wave 2 of 3`."""
    return f"{short(region)} is in no wave" if wave is None else f"{short(region)} is in wave {wave + 1} of {waves}"


def outcome(rows: list[dict[str, Any]], broken: int) -> str:
    """Say in one breath what an arrangement comes to, for those who do not see the bars."""
    said = [f"{row['words']} {row['value']}{_against(row)}" for row in rows if row["name"] in SAID]
    said += [f"{counted(broken, 'rule')} broken"] if broken else []
    return ("; ".join(said) + ".").replace("\u00a0", " ")


SAID = ("impact_minutes_mean", "end_minutes_given_shipped_mean")


def _against(row: dict[str, Any]) -> str:
    words = {"better": "less than today", "worse": "more than today", "open": "perhaps as today", "same": "as today"}
    return f", {words.get(row['sign'], 'how sure is unknown')}"
