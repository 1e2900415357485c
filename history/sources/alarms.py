"""CloudWatch: when metric and composite alarms changed their state. CloudWatch keeps that for 30 days."""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import Field

from history.instants import DAY, SECOND, instant
from history.privacy import Private, private
from history.records import AlarmChange, Record
from history.sources._answers import maybe, need, raw, when
from history.sources._patterns import Patterned, Patterns
from history.sources._source import Calls, Known, Parts, Windowed, read

PAGE = 100
TYPES = ("MetricAlarm", "CompositeAlarm")  # left out, composite alarms do not come
# DescribeAlarmHistory (API reference, "AlarmHistoryItem"): which contributor, by whatever its metric is divided.
PRIVATE = private("AlarmContributorAttributes")
_SUMMARY = re.compile(r"from (\w+) to (\w+)")


class Alarms(Windowed):
    """Changes of state of the alarms that match.

    Parameters
    ----------
    wanted : sequence of str
        Patterns of alarm names. Names without wildcards are asked for one by one; with wildcards, the history of
        all alarms is read and filtered here.
    """

    key: ClassVar[str] = "alarms"
    wanted: ClassVar[Any] = Annotated[Patterns, Field(min_length=1)]
    about: ClassVar[str] = "Patterns of CloudWatch alarm names; left out: none."
    stream: ClassVar[str] = "alarms"
    service: ClassVar[str] = "cloudwatch"
    operations: ClassVar[tuple[str, ...]] = ("cloudwatch:DescribeAlarmHistory",)
    retention: ClassVar[int | None] = 30 * DAY
    private: ClassVar[Private] = PRIVATE

    def __init__(self, wanted: Patterns, known: Known) -> None:
        self._patterned = Patterned(wanted)
        self._text = Patterned.text(wanted)

    def parts(self, calls: Calls) -> Parts:
        """Return one part a name, or one for all patterns: other patterns are another part, with its own past."""
        return Parts(list(self._patterned.exact or (self._text,)))

    def window(self, calls: Calls, part: str, after: int, before: int | None) -> list[Record]:
        """Return the changes of state in a window."""
        arguments: dict[str, Any] = {"AlarmName": part} if self._patterned.exact else {}
        arguments["StartDate"] = instant(after - SECOND)
        if before is not None:
            arguments["EndDate"] = instant(before + 2 * SECOND)
        found: list[Record] = []
        pages = calls.pages(
            "describe_alarm_history",
            "AlarmHistoryItems",
            token="NextToken",
            AlarmTypes=list(TYPES),
            HistoryItemType="StateUpdate",
            MaxRecords=PAGE,
            ScanBy="TimestampAscending",
            **arguments,
        )
        for item in (item for page in pages for item in page):
            changes = read(calls, AlarmChange, item, partial(_change, calls), key=("",), private=PRIVATE, ended=True)
            found += [each for each in changes if not isinstance(each, AlarmChange) or self._patterned(each.alarm)]
        return found


def _change(calls: Calls, item: dict[str, Any]) -> Iterator[AlarmChange]:
    what = "describe_alarm_history"
    name, at = need(item, "AlarmName", str, what), when(item, "Timestamp", what)
    text, summary = maybe(item, "HistoryData", str, what), maybe(item, "HistorySummary", str, what)
    before, after = _states(text, summary)
    kind = maybe(item, "AlarmType", str, what)
    told = "\n".join([name, kind or "", str(at), summary or "", text or ""])
    digest = hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()
    yield AlarmChange(
        account=calls.unit.account,
        region=calls.unit.region,
        id=digest[:32],
        alarm=name,
        alarm_type=kind,
        at=at,
        state_from=before,
        state_to=after,
        summary=summary,
        period_seconds=_period(text),
        version=at,
        finished=True,
        raw=raw(item, PRIVATE),
    )


def _period(text: str | None) -> int | None:
    """Read the period of the alarm's metric off the entry's data, where it is there: a composite alarm has none."""
    try:
        reason = json.loads(text or "{}")["newState"]["stateReasonData"]
        period = (json.loads(reason) if isinstance(reason, str) else reason)["period"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    whole = isinstance(period, int) and not isinstance(period, bool) and 0 < period <= 86_400
    return period if whole else None


def _states(text: str | None, summary: str | None) -> tuple[str | None, str | None]:
    """Read the states off the entry's data, or off its summary where the data cannot be read."""
    try:
        data = json.loads(text or "{}")
        states = data["oldState"]["stateValue"], data["newState"]["stateValue"]
        if all(isinstance(state, str) for state in states):
            return states
    except (ValueError, LookupError, TypeError, RecursionError):
        pass  # the summary says the same, for people
    match = _SUMMARY.search(summary or "")
    return (match[1], match[2]) if match else (None, None)
