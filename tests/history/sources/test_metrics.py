"""CloudWatch metrics: around deployments alone, each period once and right, or known to be unknown."""

import json

import pytest

import history
from history.instants import MINUTE
from tests.aws_stand_in import Fault, History, StandIn, load
from tests.aws_stand_in.__main__ import load_balancers
from tests.aws_stand_in.things import DAY
from tests.history.conftest import REGIONS, now, outcomes, select
from waves import InputError

KNOWN = "SELECT region, from_at, until_at FROM coverage WHERE stream = 'metrics'"
ROWS = "SELECT region, service, at, period_seconds, requests, errors FROM service_metrics ORDER BY 1, 2, 3"


@pytest.fixture(scope="module")
def small():
    """Nobody moves its clock; old enough for both periods."""
    return History.make(5, regions=REGIONS, deployments=16, days=24, services=1)


@pytest.fixture
def fetched(small, setting):
    """Fetch with metrics; give the config and the report."""

    def fetch(aws, name="history", **changes):
        config = setting(
            aws, name, account={"metrics": load_balancers(small), "alarms": None, "pipelines": None}, **changes
        )
        return config, history.fetch(config, now=now(small))

    return fetch


def truth(story, region, service, at, seconds):
    """What was answered in a period (microseconds), minute by minute."""
    start = at // 1000
    minutes = list(load.minutes(story, service, region, start, start + seconds * 1000))
    return sum(each[1] for each in minutes), sum(each[2] for each in minutes)


def test_every_period_around_a_deployment_is_kept_once_with_its_true_counts(small, fetched):
    """Of a minute for what is younger than 15 days, of five for older; nothing far from any deployment."""
    with StandIn(small) as aws:
        config, report = fetched(aws)
    assert report.exit_code == 0, str(report)
    rows = select(config, ROWS)
    assert {row[3] for row in rows} == {60, 300} and len({row[:4] for row in rows}) == len(rows) > 2000
    for region, service, at, seconds, requests, errors in rows[:: 1 + len(rows) // 200]:
        assert (requests, errors) == truth(small, region, service, at, seconds)
        assert any(
            each.created * 1000 - 65 * MINUTE <= at <= each.finished * 1000 + 180 * MINUTE for each in small.deployments
        )
    for region, start, until in select(config, KNOWN):
        # There is a request in every minute here: what is called known has no hole.
        inside = [row[3] for row in rows if row[0] == region and start <= row[2] < until]
        assert abs(sum(inside) - (until - start) / 1e6) <= 600
    for each in small.deployments:
        if each.finished < small.now - DAY:
            assert any(
                start <= each.created * 1000 and each.finished * 1000 <= until
                for _, start, until in select(config, KNOWN)
            )


def test_a_deployment_that_is_found_later_is_asked_for_then_and_nothing_twice(small, fetched):
    with StandIn(small) as aws:
        config, _ = fetched(aws)
        before, asked = select(config, ROWS), len(aws.requests)
        assert history.fetch(config, now=now(small)).exit_code == 0
        data = [call for call in list(aws.requests)[asked:] if call.operation == "GetMetricData"]
    assert select(config, ROWS) == before
    spans = [(call.parameters["EndTime"] - call.parameters["StartTime"]).total_seconds() for call in data]
    assert sum(spans) < 2 * 10 * 3600  # what may still change, and nothing else


def test_the_last_minutes_are_not_yet_known(small, fetched):
    """CloudWatch goes on counting them."""
    with StandIn(small) as aws:
        config, _ = fetched(aws)
    until = select(config, "SELECT max(until_at) FROM coverage WHERE stream = 'metrics'")[0][0]
    assert until <= small.now * 1000 - 15 * MINUTE
    late = "SELECT count(*) FROM service_metrics WHERE finished = 1 AND at + period_seconds * 1000000 > ?"
    with history.Store(config.store_path) as store:
        assert store.select(late, (small.now * 1000 - 15 * MINUTE,)) == [(0,)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle_random", operation="GetMetricData", probability=0.2, seed=3),
        Fault("duplicate_page", operation="GetMetricData"),
        Fault("http500", operation="GetMetricData", probability=0.2, seed=2),
    ],
    ids=lambda fault: fault.kind,
)
def test_pages_and_faults_change_no_number(fault, small, fetched):
    """Small pages, and whatever AWS's client or the next run gets over: the same rows, sooner or later."""
    with StandIn(small) as aws:
        clean, _ = fetched(aws, "clean")
    with StandIn(small, [fault], largest_page=700) as aws:
        config, report = fetched(aws, attempts=3)
        assert set(outcomes(report).values()) <= {"ok", "empty", "throttled", "unreachable", "malformed"}
        aws.script()
        assert history.fetch(config, now=now(small)).exit_code == 0
    assert select(config, ROWS) == select(clean, ROWS)


@pytest.mark.parametrize("seed", range(4))
def test_an_odd_value_never_becomes_a_number(seed, small, fetched):
    """It makes its period unknown, or its window unread; every count that is kept is the true one."""
    with StandIn(small, [Fault("odd_values", operation="GetMetricData", seed=seed, share=0.2)]) as aws:
        config, report = fetched(aws)
        assert set(outcomes(report).values()) <= {"ok", "empty", "malformed"}
        for region, service, at, seconds, requests, errors in select(config, ROWS)[::37]:
            real = truth(small, region, service, at, seconds)
            assert requests in (None, real[0]) and errors in (None, real[1])
        aws.script()
        assert history.fetch(config, now=now(small)).exit_code == 0


def test_a_pattern_that_nothing_matches_is_told_and_nothing_is_called_known(small, setting):
    metrics = [{"service": "storefront", "dimensions": {"LoadBalancer": ["app/nobody/*"]}}]
    with StandIn(small) as aws:
        config = setting(aws, account={"metrics": metrics})
        report = history.fetch(config, now=now(small))
    assert report.exit_code == 0
    assert "CloudWatch lists no RequestCount of AWS/ApplicationELB with LoadBalancer app/nobody/*" in str(report)
    assert select(config, "SELECT count(*) FROM coverage WHERE stream = 'metrics'") == [(0,)]


def test_what_the_config_says_of_metrics_is_checked_at_the_door(write):
    def told(metrics):
        account = {"id": "111122223333", "regions": ["us-east-1"], "metrics": metrics}
        with pytest.raises(InputError) as error:
            history.Config.read(write("bad.yaml", {"accounts": [account]}))
        return str(error.value)

    one = {"service": "shop", "dimensions": {"LoadBalancer": ["app/shop/*"]}}
    assert "'shop' stand here twice" in told([one, one])
    assert "requests and errors are both RequestCount" in told([{**one, "errors": "RequestCount"}])
    assert "dimensions" in told([{"service": "shop"}])


def test_the_raw_answer_is_kept_beside_the_counts(small, fetched):
    with StandIn(small) as aws:
        config, _ = fetched(aws)
    raw, requests, errors = select(config, "SELECT raw, requests, errors FROM service_metrics LIMIT 1")[0]
    assert json.loads(raw) == {"RequestCount": requests, "HTTPCode_Target_5XX_Count": errors}
