"""Collecting from the stand-in: complete, incremental, and what goes wrong is never taken for "nothing happened"."""

import pytest

import history
from tests.aws_stand_in import Fault, StandIn, names
from tests.history.conftest import REGIONS, now, outcomes, select

FAULTY = REGIONS[0]  # where CodePipeline is, too


def expected_arns(story):
    return sorted(each.arn for each in story.deployments if each.created <= story.now)


def test_everything_that_happened_is_collected_and_agrees_with_the_truth(story, setting):
    with StandIn(story) as aws:
        config = setting(aws)
        report = history.fetch(config, now=now(story))
    assert report.exit_code == 0
    assert [row[0] for row in select(config, "SELECT arn FROM service_deployments ORDER BY arn")] == expected_arns(
        story
    )
    begun = {each.arn: each for each in story.deployments}
    for arn, created, started, status, finished, finished_at, digest in select(
        config,
        "SELECT d.arn, d.created_at, d.started_at, status, d.finished, finished_at, digest FROM service_deployments d"
        " JOIN service_images ON revision = target_revision AND container = 'app'",
    ):
        truth = begun[arn]
        assert (created, started) == (truth.created * 1000, truth.started * 1000)
        assert digest == (None if truth.target.tagged_only else truth.target.digest)
        if finished:
            assert (status, finished_at) == (truth.status, truth.finished * 1000)
    runs = [run.id for run in story.runs if run.started <= story.now]
    assert [row[0] for row in select(config, "SELECT id FROM workflow_runs ORDER BY id")] == sorted(runs)
    executions = [each.id for each in story.executions if each.started <= story.now]
    assert [row[0] for row in select(config, "SELECT id FROM pipeline_executions ORDER BY id")] == sorted(executions)


def test_a_second_run_asks_only_for_the_overlap_and_changes_nothing(story, setting, canonical):
    with StandIn(story) as aws:
        config = setting(aws)
        history.fetch(config, now=now(story))
        first, before = len(aws.requests), canonical(config.store_path)
        aws.forget()
        report = history.fetch(config, now=now(story))
        assert sum(unit.new + unit.changed for unit in report.units) == 0
        assert len(aws.requests) < first / 2
    assert canonical(config.store_path) == before


KINDS = {
    "throttle_random": "throttled",
    "http500": "unreachable",
    "http503": "unreachable",
    "reset": "unreachable",
    "short_body": "unreachable",
    "hang": "unreachable",
    "truncated": "malformed",
    "html": "malformed",
    "empty200": "malformed",
    "xml_for_json": "malformed",
    "missing_key": "malformed",
    "token_cycle": "malformed",
    "token_stuck": "malformed",
    "expired_token": "expired",
    "skew": "expired",
    "denied": "denied",
    "region_not_opted_in": "disabled",
}
LISTS = {"ecs": "ListServiceDeployments", "cloudwatch": "DescribeAlarmHistory", "codepipeline": "ListActionExecutions"}


def strikes(kind):
    """A fault on one list of each service, in one region; CodeCatalyst has none that could be switched off."""
    lists = [Fault(kind, service=service, operation=operation, region=FAULTY) for service, operation in LISTS.items()]
    own = [] if kind == "region_not_opted_in" else [Fault(kind, service="codecatalyst", operation="ListWorkflowRuns")]
    return lists + own


def struck_by(kind):
    """The outcome of each unit that is struck."""
    regional = {(FAULTY, stream): KINDS[kind] for stream in ("ecs", "alarms", "codepipeline")}
    return {**regional, (names.PROJECT, "codecatalyst"): "ok" if kind == "region_not_opted_in" else KINDS[kind]}


# That somebody says nothing is told by patience alone, and on a busy machine others may need more of it.
PATIENCE = {"hang": (1.5, 6.0, 24.0)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_told_as_what_it_is_costs_the_others_nothing_and_leaves_no_trace(
    kind, story, setting, canonical, reference
):
    """Outcome class, exit code, bounded requests, cursors unmoved, and the same rows after a clean re-run."""
    struck, spared = struck_by(kind), kind == "region_not_opted_in"
    for seconds in PATIENCE.get(kind, (60.0,)):
        with StandIn(story, strikes(kind)) as aws:
            config = setting(aws, f"after-{seconds:g}", attempts=1 if kind == "hang" else 2, deadline_minutes=10.0)
            hurried = config.model_copy(update={"read_timeout_seconds": seconds})
            report = history.fetch(hurried, now=now(story))
            found = outcomes(report)
            assert {unit: found[unit] for unit in struck} == struck
            others = {found[unit] for unit in found.keys() - struck.keys()}
            if "unreachable" in others and seconds != PATIENCE.get(kind, (seconds,))[-1]:
                continue
            assert others <= {"ok", "empty"}
            assert not [unit for unit in report.units if "out of time" in unit.detail]
            assert report.exit_code == (4 if KINDS[kind] == "expired" else 3)
            assert len([call for call in aws.requests if call.outcome not in ("ok", "")]) <= 40
            cursors = select(config, f"SELECT part FROM coverage WHERE region IN ('{FAULTY}', '{names.PROJECT}')")
            more = select(config, "SELECT id FROM workflows") if spared else []
            assert sorted(cursors) == sorted([("executions of deploy-storefront",), *more])  # what was not struck
            aws.script()
            patient = config.model_copy(update={"read_timeout_seconds": 60.0})
            assert history.fetch(patient, now=now(story)).exit_code == 0
            break
    assert canonical(config.store_path) == reference(patient, canonical)
