"""CloudWatch metrics: requests, and those that failed, of each service by region, around its deployments.

Only that time is asked for, as every series costs money. CloudWatch keeps periods of a minute for 15 days, and of five
minutes for 63. Not here: which deployments there were (`history.sources.ecs` found them).
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from history.aws.answers import Malformed
from history.instants import DAY, MINUTE, SECOND, instant, micros
from history.keepable import keepable
from history.privacy import written
from history.records import Record, ServiceMetric
from history.sources._answers import maybe, need
from history.sources._patterns import Patterned, Patterns
from history.sources._source import Around, Calls, Deployed, Known, Parts, misread
from waves.files.documents import ModelFaults
from waves.nouns import Part, Text, quantity

LISTING, READING = "list_metrics", "get_metric_data"
FINE, COARSE = 60, 300  # seconds
FINE_DAYS = 15  # GetMetricData (API reference): data of a minute are kept so long, of five minutes for 63 days
QUERIES = 500  # the most in one call
Numbers = dict[int, float | None]


def _one_of_each(services: "tuple[ServiceMetrics, ...]") -> "tuple[ServiceMetrics, ...]":
    parts = [each.part for each in services]
    if twice := next((part for place, part in enumerate(parts) if part in parts[:place]), ""):
        raise ValueError(f"metrics of {twice!r} stand here twice; join them under one")
    return services


class ServiceMetrics(Part):
    """Which CloudWatch metrics count a service's requests, and those that failed."""

    service: Text = quantity(..., "The service, as ECS or a table calls it.")
    cluster: Text | None = quantity(None, "Its cluster, where it runs in several of one region.")
    dimensions: dict[Text, Patterns] = quantity(
        ..., "Patterns by dimension, all of the metric's: LoadBalancer, or LoadBalancer and TargetGroup.", min_length=1
    )
    namespace: Text = quantity("AWS/ApplicationELB", "The metrics' namespace.")
    requests: Text = quantity("RequestCount", "The metric that counts all requests.")
    errors: Text = quantity("HTTPCode_Target_5XX_Count", "The metric that counts those that failed.")
    before_minutes: Annotated[float, Strict(), Field(ge=0, le=10_080)] = quantity(
        60.0, "From so long before a deployment.", unit="minutes", source="assumed"
    )
    after_minutes: Annotated[float, Strict(), Field(gt=0, le=10_080)] = quantity(
        180.0, "Until so long after its end.", unit="minutes", source="assumed"
    )

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.requests == self.errors:
            text = f"requests and errors are both {self.errors}; name the metric that counts failed ones"
            raise ModelFaults([(("errors",), text, "same-metric")])
        return self

    @property
    def part(self) -> str:
        """What the part is called: the service, or cluster/service."""
        return f"{self.cluster}/{self.service}" if self.cluster else self.service

    def is_of(self, deployed: Deployed) -> bool:
        """Return whether a deployment is the service's."""
        return deployed.service == self.service and self.cluster in (None, deployed.cluster)


@dataclass
class Series:
    """One series of one metric that is asked for, and what came of it: instant → count, None for what is no count."""

    metric: dict[str, Any]
    name: str
    values: Numbers = field(default_factory=dict)


class Metrics(Around):
    """Requests and failures of the services that the config names.

    Parameters
    ----------
    wanted : sequence of ServiceMetrics
        One for each service, or each of its clusters.
    """

    key: ClassVar[str] = "metrics"
    wanted: ClassVar[Any] = Annotated[tuple[ServiceMetrics, ...], Field(min_length=1), AfterValidator(_one_of_each)]
    about: ClassVar[str] = "CloudWatch metrics of requests and failures around deployments; left out: none."
    stream: ClassVar[str] = "metrics"
    service: ClassVar[str] = "cloudwatch"
    operations: ClassVar[tuple[str, ...]] = ("cloudwatch:ListMetrics", "cloudwatch:GetMetricData")
    retention: ClassVar[int | None] = 63 * DAY
    settles: ClassVar[int] = 15 * MINUTE  # what comes in later than that is not waited for

    def __init__(self, wanted: Sequence[ServiceMetrics], known: Known) -> None:
        self._wanted = {each.part: each for each in wanted}
        self._found: dict[str, list[list[dict[str, str]]]] = {}

    def parts(self, calls: Calls) -> Parts:
        """Find the metrics that match; a service with none is no part, as nothing is known of it."""
        odd: list[Record] = []
        notes = []
        for part, each in self._wanted.items():
            self._found[part] = list(_matching(calls, each, odd))
            if not self._found[part]:
                shown = ", ".join(f"{name} {Patterned.text(own)}" for name, own in each.dimensions.items())
                notes.append(f"{part}: CloudWatch lists no {each.requests} of {each.namespace} with {shown}")
        return Parts([part for part, found in self._found.items() if found], odd, notes)

    def around(self, part: str, deployed: Iterable[Deployed]) -> list[tuple[int, int]]:
        """Return from when to when each deployment of the service is of interest, microseconds.

        Those of every region are: a region goes on being watched while a rollout is on its way to others.
        """
        each = self._wanted[part]
        before, after = (round(minutes * MINUTE) for minutes in (each.before_minutes, each.after_minutes))
        return [(one.start - before, (one.end or one.start + DAY) + after) for one in deployed if each.is_of(one)]

    def window(self, calls: Calls, part: str, after: int, before: int | None) -> list[Record]:
        """Return the periods of a window in which there was a request."""
        now = calls.server_time
        if now is None:
            raise Malformed(f"{READING}: the answer says no time of its own (no Date)")
        seconds = FINE if now - after < (FINE_DAYS * DAY - 60 * MINUTE) else COARSE
        period = seconds * SECOND
        end = now if before is None else before
        start, end = after // period * period, -(-end // period) * period
        each = self._wanted[part]
        odd: list[Record] = []
        series = [
            Series({"Namespace": each.namespace, "MetricName": name, "Dimensions": dimensions}, name)
            for dimensions in self._found[part]
            for name in (each.requests, each.errors)
        ]
        for first in range(0, len(series), QUERIES):
            _read(calls, series[first : first + QUERIES], seconds, (start, end), odd)
        return [*odd, *_rows(calls, each, series, seconds, now)]


def _matching(calls: Calls, wanted: ServiceMetrics, odd: list[Record]) -> Iterator[list[dict[str, str]]]:
    """Yield the dimensions of the metrics of requests that a service's patterns take, each once."""
    patterned = {name: Patterned(own) for name, own in wanted.dimensions.items()}
    seen = set()
    pages = calls.pages(
        LISTING,
        "Metrics",
        token="NextToken",
        Namespace=wanted.namespace,
        MetricName=wanted.requests,
        Dimensions=[{"Name": name} for name in wanted.dimensions],
    )
    for item in (item for page in pages for item in page):
        try:
            own = _dimensions(item)
        except Malformed as error:
            odd.append(misread(calls, LISTING, item, str(error)))
            continue
        key = tuple(sorted(own.items()))
        if own.keys() == patterned.keys() and key not in seen and all(patterned[n](v) for n, v in own.items()):
            seen.add(key)
            yield [{"Name": name, "Value": value} for name, value in key]


def _dimensions(item: Any) -> dict[str, str]:
    found = {}
    for each in need(item, "Dimensions", list, LISTING):
        name, value = need(each, "Name", str, LISTING), need(each, "Value", str, LISTING)
        if not keepable(name + value):
            raise Malformed(f"{LISTING}: a dimension holds half a character")
        found[name] = value
    return found


def _read(calls: Calls, series: Sequence[Series], seconds: int, window: tuple[int, int], odd: list[Record]) -> None:
    """Read some series over a window, page by page."""
    by_id = {f"m{number}": each for number, each in enumerate(series)}
    queries = [
        {"Id": name, "MetricStat": {"Metric": each.metric, "Period": seconds, "Stat": "Sum"}, "ReturnData": True}
        for name, each in by_id.items()
    ]
    pages = calls.pages(
        READING,
        "MetricDataResults",
        token="NextToken",
        MetricDataQueries=queries,
        StartTime=instant(window[0]),
        EndTime=instant(window[1]),
        ScanBy="TimestampAscending",
    )
    told: dict[str, str] = {}
    for item in (item for page in pages for item in page):
        name = need(item, "Id", str, READING)
        if name not in by_id:
            raise Malformed(f"{READING}: a result has the id {name[:40]!r}, which nobody asked for")
        told[name] = _take(calls, by_id[name], item, seconds, window, odd)
    for name, each in by_id.items():
        # PartialData says that more is to come: after the last page it must not.
        if (status := told.get(name, "nothing")) != "Complete":
            raise Malformed(f"{READING}: the answer about {each.name} is {status[:40]}, and should be Complete")


def _take(calls: Calls, series: Series, item: Any, seconds: int, window: tuple[int, int], odd: list[Record]) -> str:
    """Take the counts of one result; what is no count is kept raw, and known to be unknown."""
    times, values = need(item, "Timestamps", list, READING), need(item, "Values", list, READING)
    if len(times) != len(values):
        raise Malformed(f"{READING}: {len(times)} times and {len(values)} values of {series.name}")
    for when, value in zip(times, values, strict=True):
        at = micros(when) if isinstance(when, dt.datetime) else None
        if at is None or not window[0] <= at < window[1] or at % (seconds * SECOND):
            raise Malformed(f"{READING}: a time of {series.name} is none of the periods that were asked for")
        count = type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 2**53
        series.values[at] = float(value) if count else None
        if not count:
            what = {"metric": series.metric, "at": instant(at), "value": value}
            odd.append(misread(calls, ServiceMetric.TABLE, what, f"{READING}: a value of {series.name} is no count"))
    return maybe(item, "StatusCode", str, READING) or "Complete"


def _rows(
    calls: Calls, wanted: ServiceMetrics, series: Sequence[Series], seconds: int, now: int
) -> Iterator[ServiceMetric]:
    """Add up the series: what CloudWatch does not mention was zero, and what cannot be read makes the sum unknown."""
    for at in sorted({at for each in series for at in each.values}):
        requests, errors = (_sum(series, name, at) for name in (wanted.requests, wanted.errors))
        yield ServiceMetric(
            account=calls.unit.account,
            region=calls.unit.region,
            part=wanted.part,
            at=at,
            period_seconds=seconds,
            service=wanted.service,
            cluster=wanted.cluster,
            requests=requests,
            errors=errors,
            version=at,
            finished=at + seconds * SECOND + Metrics.settles <= now,
            raw=written({wanted.requests: requests, wanted.errors: errors}),
        )


def _sum(series: Sequence[Series], name: str, at: int) -> float | None:
    values = [each.values.get(at, 0.0) for each in series if each.name == name]
    return None if None in values else math.fsum(value for value in values if value is not None)
