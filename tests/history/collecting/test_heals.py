"""What could not be had yesterday is asked for again: details that were missing, and what goes on after its end."""

import datetime as dt

import pytest

import history
from tests.aws_stand_in import Fault, History, StandIn
from tests.history.conftest import REGIONS, now, select

TABLES = ("service_deployments", "service_revisions", "service_images")


@pytest.fixture
def small():
    return History.make(5, regions=REGIONS[:1], deployments=30, days=20)


@pytest.mark.parametrize("operation", ["DescribeServiceRevisions", "DescribeServiceDeployments"])
@pytest.mark.parametrize("runs", [1, 2])
def test_what_was_answered_missing_heals(operation, runs, small, setting):
    """Deployments listed and not described, and revisions: asked for at each run, until ECS has them."""
    with StandIn(small, [Fault("missing", operation=operation, share=0.5)]) as aws:
        config, clean = setting(aws), setting(aws, "clean")
        for number in range(runs):
            assert history.fetch(config, now=now(small, minutes=number)).exit_code == 0
        table = "service_deployments" if operation.endswith("Deployments") else "service_revisions"
        waiting = f"SELECT count(*) FROM {table} WHERE finished = 0 AND lost = 0"
        before = select(config, waiting)[0][0]
        aws.script()
        history.fetch(config, now=now(small, minutes=runs))
        history.fetch(clean, now=now(small))
    assert before > select(config, waiting)[0][0] == select(clean, waiting)[0][0]
    for table in TABLES:
        names = [column.name for each in history.TABLES if each.name == table for column in each.columns]
        sql = f"SELECT {', '.join(name for name in names if name != 'observed_at')} FROM {table} ORDER BY 1, 2"
        assert select(config, sql) == select(clean, sql), table


def test_what_stays_missing_is_lost_in_the_end_and_no_longer_asked_for(small, setting):
    with StandIn(small, [Fault("missing", operation="DescribeServiceRevisions", share=0.5)]) as aws:
        config = setting(aws)
        history.fetch(config, now=now(small))
        history.fetch(config, now=now(small, minutes=119))
        sql = "SELECT count(*) FROM service_revisions WHERE lost = 1"
        assert select(config, sql) == [(0,)]
        history.fetch(config, now=now(small, minutes=121))
        assert select(config, sql)[0][0] > 5
        aws.forget()
        history.fetch(config, now=now(small, minutes=130))
        assert not [call for call in aws.requests if call.operation == "DescribeServiceRevisions"]


def test_an_old_answer_without_details_never_replaces_one_with_them(small, setting):
    """Details once had stay, though ECS says the next day that they are missing."""
    with StandIn(small) as aws:
        config = setting(aws)
        history.fetch(config, now=now(small))
        before = select(config, "SELECT * FROM service_deployments ORDER BY arn")
        aws.script(Fault("missing", operation="DescribeServiceDeployments"))
        history.fetch(config.model_copy(update={"overlap_minutes": 80_000.0}), now=now(small, minutes=1))
        assert select(config, "SELECT * FROM service_deployments ORDER BY arn") == before


def test_a_failed_execution_that_is_retried_later_is_read_again_beyond_the_first_page(setting):
    """A stage is retried a day later: the execution has the same id and start, and is no longer on the first page."""
    story = History.make(5, regions=REGIONS[:1], deployments=120, days=60)
    executions = [each for each in story.executions if each.ended <= story.now]
    failed = next(each for each in executions[5:] if each.status == "Failed" and each.actions)
    with StandIn(story, largest_page=5) as aws:
        config = setting(aws).model_copy(update={"codecatalyst": ()})
        history.fetch(config, now=now(story))
        sql = f"SELECT status, finished, updated_at FROM pipeline_executions WHERE id = '{failed.id}'"
        assert select(config, sql)[0][:2] == ("Failed", 1)
        retry(story, failed)
        for _ in range(2):  # and the second run asks for no more than usual
            aws.forget()
            assert history.fetch(config, now=now(story)).exit_code == 0
            asked = sum(call.operation == "ListPipelineExecutions" for call in aws.requests)
    assert select(config, sql) == [("Succeeded", 1, failed.ended * 1000)]
    assert asked <= 2


def retry(story, execution):
    """A day later somebody retries the last action of an execution, and it succeeds."""
    import dataclasses

    last = execution.actions[-1]
    begun = story.now
    again = dataclasses.replace(last, id=f"{last.id[:-4]}beef", started=begun, ended=begun + 60_000, status="Succeeded")
    again.error = ""
    execution.actions.append(again)
    execution.status, execution.ended = "Succeeded", begun + 61_000
    story.actions_by_pipeline[execution.pipeline].append((execution, again))
    story.at(dt.datetime.fromtimestamp(begun / 1000 + 3600, dt.UTC))
