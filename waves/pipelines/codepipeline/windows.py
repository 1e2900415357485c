"""The crons of a DeploymentWindow rule: which weekly hours they stand for, and the cron of weekly hours.

Source: CodePipeline user guide, "DeploymentWindow": seconds, minutes, hours, day of month, month, day of week (1 is
Sunday), and perhaps a year. Only what a plan's calendar can say is read: days of the week, and hours on end.
"""

import re
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERED = {"1": "sun", "2": "mon", "3": "tue", "4": "wed", "5": "thu", "6": "fri", "7": "sat"}
_ANY = ("*", "?")


def window(cron: str, zone: str) -> dict[str, Any] | str:
    """Return the calendar that a cron stands for, or why there is none.

    Parameters
    ----------
    cron
        Six or seven fields.
    zone
        An IANA name, or empty for UTC.
    """
    fields = cron.split()
    if len(fields) not in (6, 7):
        return f"it has {len(fields)} fields, where there must be six or seven"
    seconds, minutes, hours, day, month, weekday = fields[:6]
    if day not in _ANY or month not in _ANY or (len(fields) == 7 and fields[6] not in _ANY):
        return "it names days of the month, months or years"
    if seconds not in ("*", "0-59", "?") or minutes not in ("*", "0-59", "*/1", "0/1"):
        return "it names single minutes"
    days, span = _days(weekday), _hours(hours)
    if days is None:
        return f"its days {weekday!r} are no days of the week"
    if span is None:
        return f"its hours {hours!r} are not one stretch of hours"
    found: dict[str, Any] = {"zone": zone or "UTC"}
    if len(days) < 7:
        found["days"] = days
    if span != (0, 24):
        found["hours"] = [f"{span[0]:02}:00", f"{span[1]:02}:00"]
    return found


def _days(text: str) -> list[str] | None:
    if text in _ANY:
        return list(DAYS)
    found: set[str] = set()
    for part in text.split(","):
        ends = [_day(end) for end in part.split("-")]
        if len(ends) > 2 or None in ends:
            return None
        first, last = DAYS.index(str(ends[0])), DAYS.index(str(ends[-1]))
        found |= {DAYS[(first + i) % 7] for i in range((last - first) % 7 + 1)}
    return [day for day in DAYS if day in found]


def _day(text: str) -> str | None:
    day = _NUMBERED.get(text, text.lower())
    return day if day in DAYS else None


def _hours(text: str) -> tuple[int, int] | None:
    if text == "*":
        return 0, 24
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", part)
        if not match:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if first > 23 or last > 23 or first > last:
            return None
        found |= set(range(first, last + 1))
    if not found or found != set(range(min(found), max(found) + 1)):
        return None
    return min(found), max(found) + 1


def cron(calendar: dict[str, Any]) -> str | None:
    """Return the cron of a calendar's days and hours, or None where a cron cannot say them."""
    start, end = calendar.get("hours", ("00:00", "24:00"))
    first, last = (re.fullmatch(r"([0-9]{2}):00", text) for text in (start, end))
    if not first or not last or int(last[1]) <= int(first[1]):
        return None
    days = calendar.get("days", DAYS)
    whole = len(set(days)) == 7
    spans = "*" if (first[1], last[1]) == ("00", "24") else f"{int(first[1])}-{int(last[1]) - 1}"
    return f"* * {spans} ? * {'*' if whole else ','.join(day.upper() for day in DAYS if day in days)}"
