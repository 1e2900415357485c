"""The expression of a SCHEDULE trigger: six fields of cron, in UTC.

Source: the guide's page "Triggers YAML": the fields of Amazon EventBridge, without the ``cron(…)`` around them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WRAPPED = re.compile(r"\s*(cron|rate)\s*\(", re.IGNORECASE)


@dataclass(frozen=True)
class _Field:
    """One field: its name, its range, words for its numbers from the lowest on, and wildcards of its own."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    own: str = r"(?!)"

    def fault(self, text: str) -> str | None:
        """Say what is wrong with a field, or None."""
        for item in text.split(","):
            span, _, step = item.partition("/")
            if ("/" in item and not (step.isascii() and step.isdigit() and int(step))) or not self._spans(span):
                return f"has {item!r} in the place of the {self.name}; {self._wanted()}"
        return None

    def _spans(self, span: str) -> bool:
        if span == "*" or re.fullmatch(self.own, span.upper()):
            return True
        numbers = [self._number(part) for part in span.split("-")]
        return len(numbers) in (1, 2) and all(number is not None for number in numbers)

    def _number(self, text: str) -> int | None:
        if text.upper() in self.words:
            return self.low + self.words.index(text.upper())
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None
        return number if number is not None and self.low <= number <= self.high else None

    def _wanted(self) -> str:
        words = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
        return f"write {self.low} to {self.high}{words}, or *"


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of the month", 1, 31, (), r"\?|L|LW|[0-9]{1,2}W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 1, 7, _DAYS, r"\?|L|[1-7]L|[1-7]#[1-5]"),
    _Field("year", 1970, 2199),
)


def faults_of(expression: str) -> Iterator[str]:
    """Say what is wrong with an expression, as the rest of a sentence; nothing for one that is in order."""
    fields = expression.split()
    if match := _WRAPPED.match(expression):
        yield f"is wrapped in {match[1].lower()}(…); write the six fields alone, such as 0 6 * * ? *"
    elif len(fields) != len(_FIELDS):
        yield f"has {len(fields)} fields; cron in UTC has six"
    else:
        yield from (fault for f, text in zip(_FIELDS, fields, strict=True) if (fault := f.fault(text)))
        if fields[2] == fields[4] == "*":
            yield "has * for both the day of the month and the day of the week; write ? for one of them"
