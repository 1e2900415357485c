"""Numbers as people write them: with the digits that count, in percent, in minutes and hours.

Not here: text that must be measured to fit a picture (``plots.words``), the names of figures (``figures``).
"""

import math

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Write a number with about two digits that count: 0.034, 4.1, 41, 1,234."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 9.95 or value == 0:
        text = f"{value:,.0f}"
    elif size >= 0.95:
        text = f"{value:.1f}".removesuffix(".0")
    elif size >= 0.99e-3:
        text = f"{value:.2g}"
    else:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{float(mantissa):g}·10" + str(int(exponent)).translate(RAISED)
        text = text.removeprefix("1·")
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Write a share in percent; what is not 0 or 100 % never reads so."""
    if math.isnan(share):
        return "unknown"
    value = round(share * 100, 9)  # sums of shares are off in the last places
    if 0 < value < 0.1:
        return "<\u00a00.1\u00a0%"
    if 99.9 < value < 100:
        return ">\u00a099.9\u00a0%"
    rounded = round(value) if 9.95 <= value <= 99.4 or value in (0, 100) else round(value, 1)
    return f"{rounded:g}\u00a0%"


def minutes_of(value: float) -> str:
    """Write a duration in minutes as people say it: 45 min, 3 h 20 min, 13 d 22 h."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞"
    if value < 9.95:
        return f"{number(value)}\u00a0min"
    whole = round(value)
    if whole < 120:
        return f"{whole}\u00a0min"
    days, rest = divmod(whole, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        hours += minutes >= 30
        days, hours, minutes = days + hours // 24, hours % 24, 0
    parts = [f"{count}\u00a0{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return "\u00a0".join(parts)


def span(low: float, high: float) -> str:
    """Write a range of shares: 3 % to 8 %, or one of them where they read the same."""
    a, b = percent(low), percent(high)
    return a if a == b else f"{a} to {b}"


def several(count: int, thing: str) -> str:
    """Write a count with its noun: 1 region, 2 regions."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
