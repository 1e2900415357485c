"""Large histories and hard throttling: nothing lost, nothing doubled; the truth is the stand-in's."""

import collections
import time
import types

import pytest
from botocore import endpoint
from botocore.retries import bucket

import history
from tests.aws_stand_in import Fault, History, StandIn
from tests.history.conftest import REGIONS, now, select

HURRY = 200
ECS_ONLY = {"alarms": None, "pipelines": None}
IN_TURN = {"units_at_once": 1}  # so that a slow machine too asks one region more often than its bucket allows


def only_ecs(setting, aws, story, name="history", **changes):
    account = {"id": story.accounts[0], "regions": story.regions, **ECS_ONLY}
    return setting(aws, name, account=account, **changes).model_copy(update={"codecatalyst": ()})


def agrees(config, story):
    oldest = story.now - 90 * 86_400_000  # AWS keeps no more
    began = [each for each in story.deployments if oldest <= each.created <= story.now]
    found = select(config, "SELECT region, arn FROM service_deployments ORDER BY arn")
    assert found == sorted(((each.region, each.arn) for each in began), key=lambda row: row[1])
    revisions = {each.target.arn for each in began}
    assert revisions <= {row[0] for row in select(config, "SELECT arn FROM service_revisions")}
    return collections.Counter(region for region, _ in found)


def until_complete(config, story, runs):
    """Fetch until a run is complete, at most so often; the exit codes."""
    codes: list[int] = []
    while (not codes or codes[-1]) and len(codes) < runs:
        codes.append(history.fetch(config, now=now(story)).exit_code)
    return codes


def refused(aws, kind):
    """The share of requests that a fault struck."""
    return sum(call.outcome == kind for call in aws.requests) / len(aws.requests)


@pytest.mark.long
def test_fifty_thousand_deployments_behind_a_bucket_of_twenty_a_second(setting):
    story = History.make(7, deployments=50_000, days=55)
    with StandIn(story, [Fault("throttle_bucket", rate=20.0, burst=20.0)]) as aws:
        config = only_ecs(setting, aws, story, attempts=8, deadline_minutes=10.0, read_timeout_seconds=30.0, **IN_TURN)
        codes = until_complete(config, story, runs=4)
        assert {call.region for call in aws.requests if call.outcome == "throttle_bucket"} == set(story.regions)
    assert codes[-1] == 0
    found = agrees(config, story)
    assert len(found) == 6 and found.total() >= 49_000


@pytest.fixture
def hurried(monkeypatch):
    """The waits of botocore's retries are cut, and their clock is as fast: the same steps in less time.

    Adaptive retries settle on about one request a second behind such a throttle: 50,000 deployments would take hours.
    """
    now = bucket.Clock.current_time
    left = bucket.TokenBucket._sleep_amount
    monkeypatch.setattr(bucket.Clock, "current_time", lambda self: now(self) * HURRY)
    monkeypatch.setattr(bucket.TokenBucket, "_sleep_amount", lambda self, amount: left(self, amount) / HURRY)
    monkeypatch.setattr(endpoint, "time", types.SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / HURRY)))


@pytest.mark.usefixtures("hurried")
def test_a_throttle_that_strikes_every_second_request_loses_and_doubles_nothing(setting):
    story = History.make(7, deployments=2_000, days=55)
    with StandIn(story, [Fault("throttle_random", probability=0.5, seed=3)]) as aws:
        config = only_ecs(setting, aws, story, attempts=8, deadline_minutes=10.0)
        codes = until_complete(config, story, runs=6)
        assert 0.4 < refused(aws, "throttle_random") < 0.6  # else it proves nothing
    assert codes[-1] == 0
    found = agrees(config, story)
    assert len(found) == 6 and found.total() >= 1_900


@pytest.mark.long
@pytest.mark.usefixtures("hurried")
def test_run_by_run_fifty_thousand_deployments_come_through_such_a_throttle(setting, canonical):
    """Every run ends early: botocore has a budget for retries, used up after about 200 calls of one client.

    Each goes on where the one before was cut. Once the throttle has gone, one run more leaves what one that was never
    throttled leaves.
    """
    story = History.make(7, deployments=50_000, days=55)
    seen: list[int] = []
    with StandIn(story, [Fault("throttle_random", probability=0.5, seed=3)]) as aws:
        config = only_ecs(setting, aws, story, attempts=8, deadline_minutes=10.0, read_timeout_seconds=30.0)
        while len(seen) < 60 and (not seen or seen[-1] < 45_000):
            history.fetch(config, now=now(story))
            seen.append(select(config, "SELECT count(*) FROM service_deployments")[0][0])
        assert 0.4 < refused(aws, "throttle_random") < 0.6
        assert seen == sorted(seen) and seen[-1] >= 45_000
        aws.script()
        clean = only_ecs(setting, aws, story, name="clean", read_timeout_seconds=30.0)
        assert [history.fetch(each, now=now(story)).exit_code for each in (config, clean)] == [0, 0]
    agrees(config, story)
    assert canonical(config.store_path) == canonical(clean.store_path)


def test_a_bucket_of_twenty_a_second_loses_and_doubles_nothing(setting):
    """Two regions; the long test has six."""
    story = History.make(7, regions=REGIONS, deployments=2_000, days=55)
    with StandIn(story, [Fault("throttle_bucket", rate=20.0, burst=20.0)]) as aws:
        config = only_ecs(setting, aws, story, attempts=8, deadline_minutes=5.0, **IN_TURN)
        codes = until_complete(config, story, runs=4)
        regions = {call.region for call in aws.requests if call.outcome == "throttle_bucket"}
    assert codes[-1] == 0
    assert regions == set(agrees(config, story)) == set(story.regions)
