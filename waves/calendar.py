"""When a deployment may start, when people push and when they are there: windows, freezes, and their sorted intervals.

A `Window` is written in local time; `spans` lays it out as instants. Not here: local times themselves
(``local_time``), what waits for a window (``simulation``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema, model_validator

from waves.files.findings import shown
from waves.local_time import DAY, EPOCH, MINUTE, clock, instant, instant_of, wall, zone
from waves.nouns import Part, Text, quantity

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[int, int]  # instants, in seconds since 1970: [from, to)
AROUND = 2 * DAY  # windows that begin so long before a layout may reach into it


def _zone(value: Any) -> Any:
    if isinstance(value, str):
        zone(value)
    return value


def _zone_or_region(value: Any) -> Any:
    return value if value == "region" else _zone(value)


def _moment(value: Any) -> str:
    local = wall(value)
    return str(local.date()) if local.time() == datetime.min.time() else local.isoformat(sep=" ", timespec="minutes")


def _hours(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f'{shown(value)} is no pair of times; give two quoted times, such as ["10:00", "16:00"]')
    first, last = clock(value[0]), clock(value[1])
    if first == last:
        raise ValueError(f"the hours begin and end at {value[0]}; give two different times, or leave them out: all day")
    return tuple(value)


def _days(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("there are no days; name some, such as [mon, tue], or leave them out: every day")
        wrong = next((day for day in value if day not in DAYS), None)
        if wrong is not None:
            raise ValueError(f"{shown(wrong)} is not a day; use {', '.join(DAYS)}")
        return tuple(day for day in DAYS if day in value)
    return value


ZoneName = Annotated[Text, BeforeValidator(_zone)]
Moment = Annotated[
    str, BeforeValidator(_moment), WithJsonSchema({"type": "string", "examples": ["2026-12-19", "2026-12-19 18:00"]})
]
Hours = Annotated[
    tuple[str, str],
    BeforeValidator(_hours),
    PlainSerializer(list),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}),
]
Days = Annotated[tuple[Day, ...], BeforeValidator(_days), PlainSerializer(list)]


class Period(Part):
    """From one local date or time to another; a date is its midnight, so `to` is the first day that is out again."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    begin: Moment = quantity(..., "The first date, or the date and time.", alias="from")
    to: Moment = quantity(..., "The first date, or the date and time, after it.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if wall(self.to) <= wall(self.begin):
            raise ValueError(f"from {self.begin} to {self.to} is no time at all; give a later `to`")
        return self

    def span(self, zone_name: str) -> Span:
        """Return it as instants, in a zone."""
        return instant_of(wall(self.begin), zone_name), instant_of(wall(self.to), zone_name)


class Window(Part):
    """Some hours of some days of the week, in a time zone."""

    days: Days | None = quantity(None, "Days of the week: mon, tue, wed, thu, fri, sat, sun; every day if left out.")
    hours: Hours | None = quantity(
        None,
        'Two quoted local times, "00:00" to "24:00"; if the second is not later, to the next day. All day if left out.',
    )
    zone: ZoneName = quantity(..., "The time zone, an IANA name such as `Europe/Berlin`.")

    @property
    def always(self) -> bool:
        """Whether it is open at any time."""
        return self.days in (None, DAYS) and self.hours in (None, ("00:00", "24:00"))

    def spans(self, start: int, end: int, zone_name: str | None = None) -> list[Span]:
        """Return when it is open, as sorted spans without touch, from the first that reaches past `start` to `end`.

        Parameters
        ----------
        start, end
            Instants, in seconds since 1970.
        zone_name
            Which zone, where that is not its own.
        """
        name = zone_name or self.zone
        if self.always:
            return [(start - AROUND, end)]
        opens, closes = (clock(text) for text in self.hours or ("00:00", "24:00"))
        closes += 1440 if closes <= opens else 0
        found = []
        day = EPOCH + timedelta(days=(start - AROUND) // DAY)
        while (midnight := (day - EPOCH) // timedelta(seconds=1)) < end + AROUND:
            if self.days is None or DAYS[day.weekday()] in self.days:
                found.append(
                    (
                        instant_of(day + timedelta(minutes=opens), name),
                        instant_of(day + timedelta(minutes=closes), name),
                    )
                )
            day = EPOCH + timedelta(seconds=midnight + DAY)
        return [(a, min(b, end)) for a, b in joined(found) if b > start and a < end]


class Calendar(Window):
    """When deployments may start: windows, without freezes."""

    zone: Annotated[Text, BeforeValidator(_zone_or_region)] = quantity(
        ..., "The time zone, an IANA name such as `Europe/Berlin`, or `region`: each region's own."
    )
    freezes: tuple[Period, ...] = quantity((), "Spans in which no deployment starts, in the calendar's zone.")

    def open(self, start: int, end: int, zone_name: str | None = None) -> list[Span]:
        """Return when deployments may start: `spans`, without the freezes."""
        name = zone_name or self.zone
        return without(self.spans(start, end, name), [freeze.span(name) for freeze in self.freezes])


class Pushes(Window, Period):
    """When people push: at any of the allowed minutes alike."""

    @cached_property
    def allowed(self) -> list[Span]:
        """The allowed spans, sorted, without touch."""
        begin, end = self.span(self.zone)
        return [(max(a, begin), b) for a, b in self.spans(begin, end) if b > max(a, begin)]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.allowed:
            raise ValueError(
                f"from {self.begin} to {self.to} there is no allowed minute; give a longer span or more days"
            )
        return self


class At(Part):
    """One instant at which people push."""

    at: Text = quantity(..., "The instant, with an offset or a zone: `2026-11-24 10:00 Europe/Berlin`.")

    @cached_property
    def allowed(self) -> list[Span]:
        """The instant, as a span of no length."""
        return [(instant(self.at), instant(self.at))]

    @model_validator(mode="after")
    def _known(self) -> Self:
        instant(self.at)
        return self

    @property
    def zone(self) -> str:
        """The name of its zone; UTC where it has an offset only."""
        name = self.at.rpartition(" ")[2]
        return name if "/" in name or name.isalpha() else "UTC"


def _pushes(value: Any) -> Any:
    if isinstance(value, At | Pushes) or value is None:
        return value
    if isinstance(value, Mapping):
        return At.model_validate(value) if set(value) == {"at"} else Pushes.model_validate(value)
    if isinstance(value, datetime):
        value = value.isoformat()
    instant(value)
    return At(at=value)


PushTimes = Annotated[
    At | Pushes,
    BeforeValidator(_pushes),
    PlainSerializer(lambda p: p.at if isinstance(p, At) else p.model_dump(exclude_none=True)),
    WithJsonSchema({"anyOf": [{"type": "string"}, Pushes.model_json_schema()]}),
]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans sorted, those that touch as one, those of no length left out."""
    found: list[Span] = []
    for a, b in sorted(span for span in spans if span[0] < span[1]):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], b))
        else:
            found.append((a, b))
    return found


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return sorted spans with holes cut out of them."""
    left = list(spans)
    for begin, end in holes:
        left = [part for a, b in left for part in ((a, min(b, begin)), (max(a, end), b)) if part[0] < part[1]]
    return left


def minutes(spans: Iterable[Span], epoch: int) -> list[tuple[float, float]]:
    """Return spans in minutes since an instant."""
    return [((a - epoch) / MINUTE, (b - epoch) / MINUTE) for a, b in spans]
