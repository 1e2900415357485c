"""CloudWatch: which metrics there are, and their data. Not here: the load itself (`load`)."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.aws_stand_in import load, names
from tests.aws_stand_in.errors import ApiError
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations.question import Question, milliseconds
from tests.aws_stand_in.paging import Page, walk
from tests.aws_stand_in.things import DAY, MINUTE

NAMESPACE = "AWS/ApplicationELB"
REQUESTS, ERRORS = "RequestCount", "HTTPCode_Target_5XX_Count"
KEPT = {60: 15, 300: 63, 3600: 455}  # seconds of a period → days
INVALID = "InvalidParameterValue"


def balancer(seed: int, service: str, cluster: str) -> str:
    """The load balancer of a service in a cluster, as the dimension of its metrics names it."""
    own = service if cluster == names.CLUSTER else f"{service}-{cluster}"
    return f"app/{own}/{names.code(seed, own, 'balancer', length=16)}"


def list_metrics(question: Question) -> Page:
    """Every metric of the region: by load balancer, and by load balancer and zone."""
    found = []
    for name, service, site in _balancers(question):
        for metric in (REQUESTS, ERRORS):
            own = [{"Name": "LoadBalancer", "Value": name}]
            zones = [{"Name": "AvailabilityZone", "Value": f"{question.region}a"}]
            found += [(metric, own, service, site), (metric, [*own, *zones], service, site)]
    wanted = {each["Name"]: each.get("Value") for each in question.get("Dimensions") or []}

    def show(each: Any) -> dict[str, Any] | None:
        metric, dimensions, *_ = each
        own = {one["Name"]: one["Value"] for one in dimensions}
        if question.get("MetricName", metric) != metric or question.get("Namespace", NAMESPACE) != NAMESPACE:
            return None
        if any(name not in own or value not in (None, own[name]) for name, value in wanted.items()):
            return None
        return {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}

    size = min(500, question.largest or 500)
    return walk(found, show, key="Metrics", size=size, start=question.start, token_name="NextToken")


def _balancers(question: Question) -> Iterator[tuple[str, str, str]]:
    history = question.history
    for site, (region, cluster) in history.cells.items():
        for service, account in history.services.items():
            if (account, region) == (question.account, question.region):
                yield balancer(history.seed, service, cluster), service, site


def get_metric_data(question: Question) -> Page:
    """The sums of the periods that were asked for; what is zero is left out, as CloudWatch does for errors.

    A page holds so many data points, dealt out series by series; a series that goes on is PartialData.
    """
    history = question.history
    start, until = milliseconds(question.get("StartTime")) or 0, milliseconds(question.get("EndTime")) or 0
    if start >= until:
        raise ApiError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    places = {name: (service, site) for name, service, site in _balancers(question)}
    points: list[tuple[str, int, int]] = []
    ids = [each["Id"] for each in question.get("MetricDataQueries")]
    for each in question.get("MetricDataQueries"):
        points += [(each["Id"], at, value) for at, value in _series(question, each, places, start, until)]
    size = min(question.get("MaxDatapoints") or 100_800, question.largest or 100_800)
    first = question.start or 0
    own, following = points[first : first + size], first + size if first + size < len(points) else None
    last = {name: place for place, (name, *_) in enumerate(points)}
    items = []
    for name in ids:
        mine = [(at, value) for one, at, value in own if one == name]
        over = following is None or last.get(name, -1) < following
        items.append(
            {
                "Id": name,
                "Label": "strange" if history.strange(name) else name,
                "Timestamps": [when(at) for at, _ in mine],
                "Values": [float(value) for _, value in mine],
                "StatusCode": "Complete" if over else "PartialData",
            }
        )
    return Page("MetricDataResults", items, first, following, "NextToken")


def _series(
    question: Question, query: dict[str, Any], places: dict[str, tuple[str, str]], start: int, until: int
) -> list[tuple[int, int]]:
    stat = query["MetricStat"]
    own = {each["Name"]: each["Value"] for each in stat["Metric"].get("Dimensions", [])}
    place, period = places.get(own.get("LoadBalancer", "")), stat["Period"]
    if place is None or list(own) != ["LoadBalancer"] or stat["Stat"] != "Sum" or period not in KEPT:
        return []
    now = question.history.clock(question.region)
    oldest = now - KEPT[period] * DAY
    sums: Counter[int] = Counter()
    begin = max(start, oldest) // (period * 1000) * (period * 1000)
    for at, requests, failed in load.minutes(question.history, *place, begin, min(until, now // MINUTE * MINUTE)):
        sums[at // (period * 1000) * (period * 1000)] += (
            requests if stat["Metric"]["MetricName"] == REQUESTS else failed
        )
    return sorted((at, value) for at, value in sums.items() if value)
