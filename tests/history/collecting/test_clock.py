"""No cursor passes the service's own clock in the very window that it stands for, nor what it still remembers."""

import datetime as dt

import pytest

import history
from history.instants import DAY
from history.sources import Alarms, CodeCatalyst, CodePipeline, Ecs
from tests.aws_stand_in import History, StandIn
from tests.history.conftest import REGIONS, now, outcomes, select

STREAMS = {kind.stream: kind for kind in (Ecs, Alarms, CodePipeline, CodeCatalyst)}
TEN_DAYS = 10 * 24 * 60


@pytest.fixture
def moving():
    """A history whose clock stands ten days before its end, and which AWS forgets as it does."""
    story = History.make(11, regions=REGIONS[:1], deployments=40, days=110).at(-TEN_DAYS)
    story.deployment_days, story.alarm_days = 90.0, 30.0
    return story


def only(stream, setting, aws, **changes):
    """A config that collects one stream."""
    kind = STREAMS[stream]
    account = {each.key: None for each in STREAMS.values() if each.key and each is not kind} if kind.key else {}
    config = setting(aws, stream, account=account, **changes)
    return config.model_copy(update={"codecatalyst": ()} if kind.key else {"accounts": ()})


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("wrong", [TEN_DAYS, -TEN_DAYS])
def test_coverage_ends_with_the_services_clock_and_begins_with_its_memory(stream, wrong, moving, setting):
    """Whichever way this machine's clock is wrong by ten days."""
    with StandIn(moving) as aws:
        config = only(stream, setting, aws)
        assert set(outcomes(history.fetch(config, now=now(moving, minutes=wrong))).values()) <= {"ok", "empty"}
        found = select(config, "SELECT from_at, until_at FROM coverage")
    remembered = STREAMS[stream].retention
    assert found
    assert all(until <= moving.now * 1000 + 1_000_000 for _, until in found)
    assert remembered is None or all(begin >= moving.now * 1000 - remembered for begin, _ in found)


@pytest.mark.parametrize("wrong", [0, TEN_DAYS])
def test_no_change_of_an_alarm_is_lost_while_the_clock_runs_ahead(moving, setting, wrong):
    """Run after run with the same wrong clock; in the end all changes that CloudWatch still had at the first run."""
    with StandIn(moving) as aws:
        config = only("alarms", setting, aws, overlap_minutes=1.0)
        known_from = moving.now * 1000 - 30 * DAY
        for _ in range(6):
            assert history.fetch(config, now=now(moving, minutes=wrong)).exit_code == 0
            aws.mutate(minutes=TEN_DAYS / 6)
        assert history.fetch(config, now=now(moving, minutes=wrong)).exit_code == 0
        found = select(config, "SELECT at, alarm FROM alarm_changes ORDER BY at, alarm")
    changes = [each for own in moving.alarms.values() for each in own if each.kind == "StateUpdate"]
    happened = sorted((each.at * 1000, each.alarm) for each in changes if known_from <= each.at * 1000)
    assert len(happened) >= 8
    assert [row for row in found if row[0] >= known_from] == [row for row in happened if row[0] <= moving.now * 1000]


def test_a_clock_that_was_set_back_still_asks_for_what_is_unfinished(moving, setting):
    """What is unfinished is what was not seen in this run; no clock is asked for that."""
    running = next(each for each in moving.deployments if each.finished and each.finished - each.started > 120_000)
    moving.at(dt.datetime.fromtimestamp(running.started / 1000 + 60, dt.UTC))
    with StandIn(moving) as aws:
        config = only("ecs", setting, aws, overlap_minutes=1.0)
        history.fetch(config, now=now(moving, minutes=TEN_DAYS))
        aws.mutate(minutes=24 * 60)
        history.fetch(config, now=now(moving))
        sql = f"SELECT status FROM service_deployments WHERE arn = '{running.arn}'"
        assert select(config, sql) == [(running.status,)]


@pytest.mark.parametrize("stream", STREAMS)
def test_an_answer_without_a_time_of_its_own_moves_no_cursor(stream, moving, setting, monkeypatch):
    monkeypatch.setattr("history.aws.transport._server_time", lambda text: None)
    with StandIn(moving) as aws:
        config = only(stream, setting, aws)
        report = history.fetch(config, now=now(moving))
        assert report.exit_code == 3
        assert [unit for unit in report.units if "says no time of its own" in unit.detail]
        assert select(config, "SELECT * FROM coverage") == []
