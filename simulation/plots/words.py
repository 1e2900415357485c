"""Words as pictures write them: measured, shortened, wrapped; with the numbers of ``numerals`` at hand.

Not here: where on a picture they go.
"""

import math
import re
from functools import cache

from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.textpath import text_to_path

from simulation.results.numerals import minutes_of, number, percent, several, signed, span

__all__ = [
    "balanced", "clean", "fit", "minutes_of", "number", "percent", "several", "signed", "span", "titled", "width_of",
    "wrapped",
]  # fmt: skip

FONT = "DejaVu Sans"
BREAKS = r"[^\S\u00a0]+"  # white space, but for the one that holds a number to its unit
ELLIPSIS = "…"
HINTED = 1.04  # on a screen, letters are moved to whole dots, which makes lines a little longer


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(fontManager.findfont(FontProperties(family=FONT))).get_charmap())


def clean(text: str) -> str:
    """Make a name safe to draw: one line, no formulas, and a box for what the font does not have."""
    drawn = ("□" if ord(c) not in _glyphs() else c for c in re.sub(BREAKS, " ", text).strip())
    return "".join(drawn).replace("$", r"\$")


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line is, in inches.

    Parameters
    ----------
    text
        The line, cleaned or not.
    size
        In points.
    weight
        `normal` or `bold`.
    """
    return _width(text.replace(r"\$", "$"), size, weight)


@cache
def _width(text: str, size: float, weight: str) -> float:
    if not text:
        return 0.0
    font = FontProperties(family=FONT, size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72 * HINTED


def fit(text: str, inches: float, size: float, weight: str = "normal") -> str:
    """Clean a name and shorten it in the middle, where region names differ least, until it fits."""
    text = clean(text)
    if width_of(text, size, weight) <= inches:
        return text
    raw = text.replace(r"\$", "$")
    for kept in range(len(raw) - 1, 0, -1):
        head, tail = math.ceil(kept / 2), kept // 2
        short = raw[:head].rstrip() + ELLIPSIS + (raw[-tail:] if tail else "")
        if width_of(short, size, weight) <= inches:
            return short.replace("$", r"\$")
    return ELLIPSIS


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines that fit; nothing gives no lines."""
    lines: list[str] = []
    for word in clean(text).split(" ") if text.strip() else ():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, weight) <= inches:
            lines[-1] = longer
        else:
            lines.append(fit(word, inches, size, weight))
    return lines


def balanced(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into as few lines as fit, of about the same length: no lone word in the last."""
    lines = wrapped(text, inches, size, weight)
    best = lines
    for tenths in range(9, 4, -1):
        narrower = wrapped(text, inches * tenths / 10, size, weight)
        if len(narrower) > len(lines):
            break
        best = narrower
    return best


def titled(name: str) -> str:
    """Shorten a name for a title, where it must leave room for the message."""
    return fit(name, 2.6, 13, "bold").replace(r"\$", "$")
