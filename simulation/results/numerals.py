"""Numbers as people write them: with the digits that count, in percent, in minutes and hours.

Not here: text that must be measured to fit a picture (``plots.words``), the names of figures (``figures``).
"""

import math
from collections.abc import Callable, Iterable

LONG = 100  # days, from which on hours say nothing
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 2) -> str:
    """Write a number with about two digits that count, or as many as wanted: 0.034, 4.1, 41, 1,234, 0.00057."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if value == 0 or size >= 10 ** (digits - 1) - 0.05:
        text = f"{value:,.0f}"
    elif size >= 0.95:
        text = _plain(value, digits - 1 - (size >= 9.95))
    elif size >= 0.99e-5:
        text = _plain(value, digits - 1 - math.floor(math.log10(size * 1.0001)))
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{float(mantissa):g}·10" + str(int(exponent)).translate(RAISED)
        text = text.removeprefix("1·")
    return text.replace("-", "−")


def _plain(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float) -> str:
    """Write a difference with its sign; zero has none."""
    return f"+{number(value)}" if value > 0 else number(value)


def percent(share: float, digits: int = 2) -> str:
    """Write a share in percent; what is not 0 or 100 % never reads so.

    With more digits than two it is written out: 0.034 %, 25.1 %.
    """
    if math.isnan(share):
        return "unknown"
    value = round(share * 100, 9)  # sums of shares are off in the last places
    if digits > 2:
        return f"{number(value, digits)}\u00a0%"
    if 0 < value < 0.1:
        return "<\u00a00.1\u00a0%"
    if 99.9 < value < 100:
        return ">\u00a099.9\u00a0%"
    rounded = round(value) if 9.95 <= value <= 99.4 or value in (0, 100) else round(value, 1)
    return f"{rounded:g}\u00a0%"


def minutes_of(value: float, digits: int = 2) -> str:
    """Write a duration in minutes as people say it: 45 min, 3 h 20 min, 13 d 22 h, 1,218 days.

    With more digits than two: 78.6 min, 13 d 22 h 20 min, 1,217.8 days.
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞"
    if value < 9.95:
        return f"{number(value, digits)}\u00a0min"
    whole = round(value)
    if whole < 120:
        return f"{whole if digits == 2 else round(value, 1):g}\u00a0min"
    if whole >= LONG * 1440:
        return f"{value / 1440:,.{0 if digits == 2 else 1}f}\u00a0days"
    days, rest = divmod(whole, 1440)
    hours, minutes = divmod(rest, 60)
    if days and digits == 2:
        hours += minutes >= 30
        days, hours, minutes = days + hours // 24, hours % 24, 0
    parts = [f"{count}\u00a0{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return "\u00a0".join(parts)


def apart(low: float, high: float, write: Callable[..., str] = number, least: int = 2) -> str:
    """Write a range, `78.6 to 79.4`: with another digit where two tell its ends not apart, as one where none does.

    Parameters
    ----------
    low, high
        The ends.
    write
        `number`, `percent` or `minutes_of`.
    least
        So many digits at least.
    """
    digits = max(least, digits_of(low, high, write))
    a, b = write(low, digits), write(high, digits)
    return a if a == b else f"{a} to {b}"


def digits_of(low: float, high: float, write: Callable[..., str] = number) -> int:
    """Return how many digits a range takes: three where two tell its ends not apart."""
    return 3 if low < high and write(low, 2) == write(high, 2) else 2


def alike(values: Iterable[float]) -> Callable[..., str]:
    """Return what writes numbers of one list with as many decimals each: 0.0108, 0.0078, 0.0008.

    As many as give those within a tenth of the greatest two digits that count.

    Parameters
    ----------
    values
        The list, of either sign; what is not finite has no say.
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    least = min((size for size in sizes if size >= max(sizes) / 10), default=1.0)
    places = 1 - math.floor(math.log10(least * 1.0001))
    if places > 6:  # such amounts are written by powers of ten
        return number

    def write(value: float, digits: int = 2) -> str:
        if not math.isfinite(value):
            return number(value, digits)
        text = f"{value:,.{max(places, 0)}f}"
        return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")

    return write


def span(low: float, high: float) -> str:
    """Write a range of shares: 3 % to 8 %, or one of them where they read the same."""
    return apart(low, high, percent)


def several(count: int, thing: str) -> str:
    """Write a count with its noun: 1 region, 2 regions."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
