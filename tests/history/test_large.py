"""Large histories and hard throttling: nothing lost, nothing doubled. Minutes each."""

import collections

import pytest

import history
from tests.aws_stand_in import Fault, History, StandIn
from tests.history.conftest import REGIONS, now, select

ECS_ONLY = {"alarms": None, "pipelines": None}


def only_ecs(setting, aws, story, **changes):
    account = {"id": story.accounts[0], "regions": story.regions, **ECS_ONLY}
    return setting(aws, account=account, **changes).model_copy(update={"codecatalyst": ()})


def agrees(config, story):
    oldest = story.now - 90 * 86_400_000  # AWS keeps no more
    began = [each for each in story.deployments if oldest <= each.created <= story.now]
    found = select(config, "SELECT region, arn FROM service_deployments ORDER BY arn")
    assert found == sorted(((each.region, each.arn) for each in began), key=lambda row: row[1])
    revisions = {each.target.arn for each in began}
    assert revisions <= {row[0] for row in select(config, "SELECT arn FROM service_revisions")}
    return collections.Counter(region for region, _ in found)


@pytest.mark.long
def test_fifty_thousand_deployments_behind_a_bucket_of_twenty_a_second(setting):
    story = History.make(7, deployments=50_000, days=55)
    with StandIn(story, [Fault("throttle_bucket", rate=20.0, burst=20.0)]) as aws:
        config = only_ecs(setting, aws, story, attempts=8, deadline_minutes=10.0, read_timeout_seconds=30.0)
        codes: list[int] = []
        while (not codes or codes[-1]) and len(codes) < 4:
            codes.append(history.fetch(config, now=now(story)).exit_code)
    assert codes[-1] == 0
    found = agrees(config, story)
    assert len(found) == 6 and found.total() >= 49_000


@pytest.mark.long
def test_a_throttle_that_strikes_every_second_request_loses_and_doubles_nothing(setting):
    story = History.make(7, regions=REGIONS, deployments=120, days=30)
    with StandIn(story, [Fault("throttle_random", probability=0.5, seed=3)]) as aws:
        config = only_ecs(setting, aws, story, attempts=8, deadline_minutes=5.0)
        codes: list[int] = []
        while (not codes or codes[-1]) and len(codes) < 6:
            codes.append(history.fetch(config, now=now(story)).exit_code)
    assert codes[-1] == 0
    assert len(agrees(config, story)) == 2
