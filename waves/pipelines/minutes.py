"""Minutes that a file states in words of its own: the BAKE_MINUTES hint, and plain sleeps of a shell."""

import math
import re
from collections.abc import Iterable

_UNITS = {"": 1 / 60, "s": 1 / 60, "m": 1.0, "h": 60.0, "d": 1440.0}
_SLEEP = re.compile(r"\s*sleep\s+([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)\s*(?:[;#&|].*)?")


def minutes_of(text: str) -> float | None:
    """Read minutes from a text: a number, finite and not negative; else None."""
    try:
        minutes = float(text)
    except ValueError:
        return None
    return minutes if math.isfinite(minutes) and minutes >= 0 else None


def slept(lines: Iterable[str]) -> float | None:
    """Add up the sleeps that stand alone on their lines, in minutes; None where there is none."""
    found = [match for line in lines if (match := _SLEEP.fullmatch(line))]
    return sum(float(match[1]) * _UNITS[match[2]] for match in found) if found else None
