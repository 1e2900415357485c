"""The truth behind the stand-in's answers: what real clients read is what the model's rollouts were.

Not here: protocols and refusals (`test_stand_in`), faults (`test_stand_in_faults`).
"""

import csv
import datetime as dt
import functools
from collections import Counter, defaultdict
from typing import Any

import pytest

import history as collector
import simulation
from tests.aws_stand_in import StandIn, names
from tests.aws_stand_in.__main__ import write
from tests.builders import sample_plan
from tests.history.aws_clients import (
    KINDS,
    MILLISECOND,
    ONE,
    PLACE,
    PLAN,
    SCENARIO,
    SEED,
    at,
    connect,
    everything,
    make,
    service_of,
)

LITTLE, LONG = simulation.Constant(value=0.5), simulation.Constant(value=100_000.0)


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_CODECATALYST", "not-a-secret")


@pytest.fixture(scope="module")
def history():
    return make()


@pytest.fixture(scope="module")
def aws(history):
    with StandIn(history) as aws:
        yield aws


@functools.cache
def revisions(aws, region):
    """Every deployment of the first account's service in a region, with details, and its target revision."""
    ecs = connect(aws, "ecs", region)
    brief = everything(
        ecs.list_service_deployments, "serviceDeployments", service=service_of(aws.history), cluster="shop"
    )
    found: list[dict[str, Any]] = []
    target: dict[str, dict[str, Any]] = {}
    for start in range(0, len(brief), 20):
        part = brief[start : start + 20]
        details = ecs.describe_service_deployments(serviceDeploymentArns=[d["serviceDeploymentArn"] for d in part])
        found += details["serviceDeployments"]
        arns = [d["targetServiceRevisionArn"] for d in part]
        described = ecs.describe_service_revisions(serviceRevisionArns=arns)
        assert not details["failures"] + described["failures"]
        target |= {r["serviceRevisionArn"]: r for r in described["serviceRevisions"]}
    return [(d, target[d["targetServiceRevision"]["arn"]]) for d in found]


def test_deployments_took_place_exactly_when_the_models_own_trace_says(aws, history):
    """Each attempt of a rollout, traced anew with the public model, is a deployment with those times to 1 ms."""
    served = {(d["startedAt"], d["finishedAt"]) for d, _ in revisions(aws, "us-west-2") if "finishedAt" in d}
    compared = 0
    for before, rollout, after in zip(history.truth, history.truth[1:], history.truth[2:], strict=False):
        apart = not any(each.overlaps for each in (before, rollout, after)) and rollout.account == ONE
        if apart and rollout.again_of is None and rollout.ended < history.now - 48 * 3_600_000:
            trace = simulation.trace(PLAN, SCENARIO, seed=SEED, trial=rollout.trial, sampling="crude")
            (story,) = [story for story in trace.regions if story.region == "us-west-2"]
            for start, end, ok in story.attempts:
                if ok or trace.halt == float("inf"):
                    times = tuple(at(rollout.pushed) + dt.timedelta(minutes=minute) for minute in (start, end))
                    near = [s for s in served if all(abs(a - b) <= MILLISECOND for a, b in zip(s, times, strict=True))]
                    assert len(near) == 1
                    compared += 1
    assert compared > 20


def test_the_regions_of_a_rollout_share_digest_and_commit_and_all_share_the_sidecar(aws, history):
    shipped, sidecars, without = defaultdict(set), set(), 0
    for region in ("eu-north-1", "us-west-2"):
        for deployment, revision in revisions(aws, region):
            images = {image["containerName"]: image for image in revision["containerImages"]}
            sidecars.add(images[names.SIDECAR]["imageDigest"])
            truth = history.by_arn[deployment["serviceDeploymentArn"]]
            without += "imageDigest" not in images["app"]
            if truth.purpose in ("release", "retry"):
                shipped[truth.rollout].add(images["app"]["image"].rsplit(":", 1)[-1])
                rollout = history.truth[truth.rollout]
                assert images["app"].get("imageDigest", rollout.digest) == rollout.digest
    assert len(sidecars) == 1
    assert without > 0
    assert all(commits == {history.truth[number].commit} for number, commits in shipped.items())
    definitions = {revision["taskDefinition"].rsplit(":", 1)[-1] for _, revision in revisions(aws, "eu-north-1")}
    assert len(definitions) == len(revisions(aws, "eu-north-1"))


def test_each_deployment_replaces_what_the_last_successful_one_had_brought(aws):
    oldest_first = revisions(aws, "us-west-2")[::-1]
    current = oldest_first[0][0]["sourceServiceRevisions"][0]["arn"]
    for deployment, _ in oldest_first:
        assert deployment["sourceServiceRevisions"][0]["arn"] == current
        if deployment["status"] == "SUCCESSFUL":
            current = deployment["targetServiceRevision"]["arn"]


def test_a_failed_attempt_has_a_tripped_breaker_and_a_rollback_block(aws, history):
    failed = [d for d, _ in revisions(aws, "us-west-2") if d["status"] == "ROLLBACK_SUCCESSFUL"]
    tripped = [d for d in failed if history.by_arn[d["serviceDeploymentArn"]].failures]
    assert tripped
    for deployment in tripped:
        assert deployment["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 13, "threshold": 13}
        assert deployment["startedAt"] < deployment["rollback"]["startedAt"] < deployment["finishedAt"]
        assert deployment["rollback"]["serviceRevisionArn"] == deployment["sourceServiceRevisions"][0]["arn"]


def test_alarms_that_halted_a_rollout_are_in_the_alarm_history_at_that_instant(aws, history):
    """The metric alarm rises when the model's alarm does, the composite one over it within five seconds."""
    checked = 0
    for rollout in history.truth:
        if rollout.alarm_source == "evidence" and rollout.again_of is None:
            cloudwatch = connect(aws, "cloudwatch", rollout.alarm_region, rollout.account)
            trace = simulation.trace(PLAN, SCENARIO, seed=SEED, trial=rollout.trial, sampling="crude")
            when = at(rollout.pushed) + dt.timedelta(minutes=trace.halt)
            asked = {"StartDate": when - MILLISECOND, "EndDate": when + dt.timedelta(seconds=5), "AlarmTypes": KINDS}
            found = everything(cloudwatch.describe_alarm_history, "AlarmHistoryItems", "NextToken", **asked)
            rises = [each for each in found if each["HistorySummary"] == "Alarm updated from OK to ALARM"]
            assert [each["AlarmType"] for each in rises] == ["CompositeAlarm", "MetricAlarm"]
            assert abs(rises[1]["Timestamp"] - when) <= MILLISECOND
            checked += 1
    assert checked >= 3


def test_what_was_in_flight_at_an_alarm_is_rolled_back_in_the_same_deployment():
    """It begins after the model's reaction and ends with its roll-back; only where the alarm rang it is named."""
    quick = {"lag": simulation.Constant(value=1.0), "evidence": simulation.Constant(value=1.0), "report": LONG}
    faults = [fault.model_copy(update={"probability": 0.5, "onset": LITTLE}) for fault in SCENARIO.faults[1:2]]
    scenario = SCENARIO.model_copy(update={**quick, "faults": tuple(faults), "rollback_failure_probability": 0.0})
    plan = sample_plan("all-at-once")
    history = make(deployments=300, scenario=scenario, plan=plan, parallel=0.0, redeploys=0.0)
    checked: Counter[str] = Counter()
    with StandIn(history) as aws:
        for rollout in history.truth:
            trace = simulation.trace(plan, scenario, seed=SEED, trial=rollout.trial, sampling="crude")
            stories = {story.region: story for story in trace.regions}
            for truth in (history.by_arn[arn] for arn in rollout.deployments):
                story = stories[truth.region]
                if truth.failures or truth.rollback_at is None or truth.finished > history.now:
                    continue
                ecs = connect(aws, "ecs", truth.region, truth.account)
                (found,) = ecs.describe_service_deployments(serviceDeploymentArns=[truth.arn])["serviceDeployments"]
                assert story.rollback is not None
                begin, end = (at(rollout.pushed) + dt.timedelta(minutes=minute) for minute in story.rollback)
                assert abs(found["rollback"]["startedAt"] - begin) <= MILLISECOND
                assert (found["status"], abs(found["finishedAt"] - end) <= MILLISECOND) == ("ROLLBACK_SUCCESSFUL", True)
                rang = story.alarm_minute is not None
                assert (
                    bool(found["alarms"]["triggeredAlarmNames"]) == rang == (found["alarms"]["status"] == "TRIGGERED")
                )
                checked["where it rang" if rang else "elsewhere"] += 1
    assert checked["where it rang"] > 3 and checked["elsewhere"] > 3


def test_without_alarm_types_cloudwatch_tells_of_metric_alarms_only(aws):
    call = connect(aws, "cloudwatch").describe_alarm_history
    only = everything(call, "AlarmHistoryItems", "NextToken")
    both = everything(call, "AlarmHistoryItems", "NextToken", AlarmTypes=KINDS)
    assert Counter(each["AlarmType"] for each in only) == {"MetricAlarm": len(only)}
    assert {each["AlarmType"] for each in both} == set(KINDS)
    updates = everything(call, "AlarmHistoryItems", "NextToken", HistoryItemType="StateUpdate")
    assert updates == [each for each in only if each["HistoryItemType"] == "StateUpdate"]


def test_a_codecatalyst_run_encloses_what_it_deployed_and_some_were_superseded(aws, history):
    runs = everything(connect(aws, "codecatalyst").list_workflow_runs, "items", **PLACE)
    by_id = {run["id"]: run for run in runs}
    for rollout in history.truth:
        run = by_id[rollout.run]
        releases = [history.by_arn[arn] for arn in rollout.deployments]
        assert all(run["startTime"] < at(each.started) for each in releases)
        if "endTime" in run:
            assert run["status"] == ("SUCCEEDED" if rollout.outcome in ("completed", "escaped") else "FAILED")
            finished = [each.finished for each in releases if each.status == "SUCCESSFUL" and each.purpose == "release"]
            assert all(at(each) <= run["endTime"] for each in finished if rollout.outcome == "completed")
    assert Counter(run["status"] for run in runs)["SUPERSEDED"] > 0


def test_codepipeline_has_the_times_of_each_deployment_as_an_action(aws, history):
    pipeline = {"pipelineName": f"deploy-{service_of(history)}"}
    actions = everything(connect(aws, "codepipeline").list_action_executions, "actionExecutionDetails", **pipeline)
    by_external = {action["output"]["executionResult"].get("externalExecutionId"): action for action in actions}
    for deployment, _ in revisions(aws, "us-west-2"):
        truth = history.by_arn[deployment["serviceDeploymentArn"]]
        if truth.purpose in ("release", "retry") and truth.status != "STOPPED":
            action = by_external[truth.arn.rsplit("/", 1)[-1]]
            assert (action["startTime"], action["input"]["region"]) == (deployment["startedAt"], "us-west-2")
            assert action["lastUpdateTime"] == deployment["finishedAt"]
    executions = everything(
        connect(aws, "codepipeline").list_pipeline_executions, "pipelineExecutionSummaries", **pipeline
    )
    assert {"Succeeded", "Failed", "InProgress"} <= {execution["status"] for execution in executions}
    assert {"STANDARD", "ROLLBACK"} == {execution["executionType"] for execution in executions}
    one = connect(aws, "codepipeline").list_action_executions(
        **pipeline, filter={"pipelineExecutionId": executions[3]["pipelineExecutionId"]}
    )["actionExecutionDetails"]
    assert {action["pipelineExecutionId"] for action in one} == {executions[3]["pipelineExecutionId"]}


def test_deployments_that_a_newer_one_overtook_were_stopped_when_it_began():
    history = make(parallel=0.2)
    overtaken = [d for d in history.deployments if "newer" in d.reason]
    assert overtaken
    for before in overtaken:
        own = history.by_service[before.service, before.region]
        after = own[own.index(before) + 1]
        assert before.finished == after.created
        assert after.sources == [*before.sources, before.target]


def test_some_rollouts_ship_an_earlier_digest_again(history):
    again = [rollout for rollout in history.truth if rollout.again_of is not None]
    assert again
    for rollout in again:
        first = history.truth[rollout.again_of]
        assert (first.digest, first.service) == (rollout.digest, rollout.service)
        assert first.pushed < rollout.pushed


def test_what_runs_at_the_end_of_the_history_is_in_progress_and_ends_when_the_clock_goes_on():
    history = make(deployments=120)
    with StandIn(history) as aws:
        ecs, service = connect(aws, "ecs"), service_of(history)
        codecatalyst = connect(aws, "codecatalyst")
        own = history.by_service[service, "eu-north-1"]
        last = next(each for each in reversed(own) if each.purpose == "release" and each.status == "SUCCESSFUL")
        history.now = last.started + 1000
        arn = {"serviceDeploymentArns": [last.arn]}
        (running,) = ecs.describe_service_deployments(**arn)["serviceDeployments"]
        assert (running["status"], running["lifecycleStage"]) == ("IN_PROGRESS", "SCALE_UP")
        assert "finishedAt" not in running and running["updatedAt"] == at(history.now)
        run = history.truth[last.rollout].run
        assert codecatalyst.get_workflow_run(**PLACE, id=run)["status"] == "IN_PROGRESS"
        current = ecs.describe_services(cluster="shop", services=[service])["services"][0]
        assert current["currentServiceDeployment"] == last.arn
        aws.mutate(minutes=14 * 24 * 60)
        (over,) = ecs.describe_service_deployments(**arn)["serviceDeployments"]
        assert (over["status"], over["finishedAt"]) == (last.status, at(last.finished))
        assert codecatalyst.get_workflow_run(**PLACE, id=run)["status"] in ("SUCCEEDED", "FAILED")


def test_what_begins_later_is_not_there_yet():
    history = make(deployments=120)
    with StandIn(history) as aws:
        first = history.by_service[service_of(history), "eu-north-1"][0]
        history.now = first.created - 1
        ecs = connect(aws, "ecs")
        asked = {"service": first.service, "cluster": "shop"}
        assert ecs.list_service_deployments(**asked)["serviceDeployments"] == []
        assert ecs.describe_service_deployments(serviceDeploymentArns=[first.arn])["failures"]
        history.now = first.created
        (pending,) = ecs.list_service_deployments(**asked)["serviceDeployments"]
        assert pending["status"] == "PENDING" and "startedAt" not in pending


def test_values_that_no_model_lists_come_only_when_asked_for():
    history = make(deployments=120)
    with StandIn(history) as aws:
        ecs, asked = connect(aws, "ecs"), {"service": service_of(history), "cluster": "shop"}
        known = ecs.meta.service_model.shape_for("ServiceDeploymentStatus").enum
        found = everything(ecs.list_service_deployments, "serviceDeployments", **asked)
        assert {each["status"] for each in found} <= set(known)
        aws.mutate(unknown=0.5)
        found = everything(ecs.list_service_deployments, "serviceDeployments", **asked)
        assert {each["status"] for each in found} - set(known) == {"PAUSED_FOR_REVIEW"}
        assert "HIBERNATING" in {
            each["status"] for each in connect(aws, "codecatalyst").list_workflow_runs(**PLACE)["items"]
        }


def test_a_changed_record_is_told_as_it_was_changed():
    history = make(deployments=60)
    with StandIn(history) as aws:
        last = history.by_service[service_of(history), "eu-north-1"][0]
        aws.mutate(change={last.arn: {"status": "MYSTERY", "statusReason": "changed"}})
        found = connect(aws, "ecs").describe_service_deployments(serviceDeploymentArns=[last.arn])
        assert found["serviceDeployments"][0]["status"] == "MYSTERY"


def test_clocks_of_regions_are_wrong_when_asked_and_the_truth_knows_by_how_much():
    right, wrong = make(deployments=120), make(deployments=120, skew_minutes=5.0)
    offsets = wrong.truth_document()["clock_offsets_milliseconds"]
    assert len(set(offsets.values())) == 6 and max(map(abs, offsets.values())) <= 300_000
    for a, b in zip(
        right.deployments, sorted(wrong.deployments, key=lambda d: d.created - offsets[d.region]), strict=True
    ):
        assert (b.arn, b.started - offsets[b.region]) == (a.arn, a.started)


def test_late_deployments_are_listed_minutes_after_they_began():
    history = make(deployments=120, late=1.0)
    with StandIn(history) as aws:
        last = history.by_service[service_of(history), "eu-north-1"][-1]
        asked, ecs = {"service": last.service, "cluster": "shop", "maxResults": 1}, connect(aws, "ecs")
        history.now = last.created + 4 * 60_000
        (newest,) = ecs.list_service_deployments(**asked)["serviceDeployments"]
        assert newest["serviceDeploymentArn"] != last.arn
        history.now = last.created + 46 * 60_000
        (newest,) = ecs.list_service_deployments(**asked)["serviceDeployments"]
        assert newest["serviceDeploymentArn"] == last.arn


def test_aws_forgets_deployments_after_90_days_and_alarms_after_30():
    history = make(days=200.0)
    history.deployment_days, history.alarm_days = 90.0, 30.0
    with StandIn(history) as aws:
        ecs, asked = connect(aws, "ecs"), {"service": service_of(history), "cluster": "shop"}
        found = everything(ecs.list_service_deployments, "serviceDeployments", **asked)
        assert found and min(each["createdAt"] for each in found) >= at(history.now) - dt.timedelta(days=90)
        own = history.by_service[asked["service"], "eu-north-1"]
        assert len(found) < len(own)
        assert ecs.describe_service_deployments(serviceDeploymentArns=[own[0].arn])["failures"]
        alarms = everything(connect(aws, "cloudwatch").describe_alarm_history, "AlarmHistoryItems", "NextToken")
        assert all(each["Timestamp"] >= at(history.now) - dt.timedelta(days=30) for each in alarms)


def test_the_same_wishes_make_the_same_history_and_another_seed_another():
    assert make(deployments=60).deployments == make(deployments=60).deployments
    history = make(deployments=60)
    assert history.truth_document()["synthetic"] is True
    assert {len(history.deployments) >= 60, set(history.services.values()) == {ONE, "444455556666"}} == {True}


def test_a_part_of_the_regions_can_be_had_and_a_strange_one_is_refused():
    history = make(deployments=40, regions=["us-east-1", "eu-north-1"])
    assert {deployment.region for deployment in history.deployments} == {"us-east-1", "eu-north-1"}
    with pytest.raises(ValueError, match="mars-1"):
        make(regions=["mars-1"])


def test_incidents_are_what_hurt_somebody_and_the_collector_takes_them(tmp_path):
    history = make(deployments=900)
    with StandIn(history) as aws:
        write(aws, tmp_path)
    incidents = history.incidents()
    assert len(incidents) == len([rollout for rollout in history.truth if rollout.harm]) > 3
    known = [each for each in incidents if each["started"] <= at(history.now)]
    store, now = tmp_path / "store.sqlite", at(history.now)
    taken = collector.import_table(store, tmp_path / "incidents.csv", "incidents", now=now)
    assert taken == (len(known), 0)


def test_the_stand_in_writes_down_no_incident_before_it_happened(tmp_path):
    whole = make(deployments=900)
    middle = sorted(each["started"] for each in whole.incidents())[len(whole.incidents()) // 2]
    history = whole.at((middle - at(whole.now)).total_seconds() / 60)
    incidents = history.incidents()
    started, mitigated = (
        {each["rollout"] for each in incidents if each[key] <= at(history.now)} for key in ("started", "mitigated")
    )
    with StandIn(history) as aws:
        write(aws, tmp_path)
    with open(tmp_path / "incidents.csv", encoding="utf-8", newline="") as file:
        rows = {row["id"].removeprefix("incident-"): row for row in csv.DictReader(file)}
    assert 0 < len(started) < len(incidents)
    assert rows.keys() == started
    assert {rollout for rollout, row in rows.items() if row["mitigated_at"]} == mitigated


def test_an_account_id_is_12_digits():
    with pytest.raises(ValueError, match="12 digits"):
        make(accounts=["1234"])
