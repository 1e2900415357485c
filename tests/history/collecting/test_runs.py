"""Run after run: records that appear and change, clocks that jump, AWS that is slow, two runs at once."""

import contextlib
import datetime as dt
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

import history
from history.aws.transport import Wire
from history.collecting.lock import turn
from history.keeping.store import Store
from tests.aws_stand_in import Fault, History, StandIn, names
from tests.history.conftest import REGIONS, now, outcomes, select

ECS_ONLY = {"alarms": None, "pipelines": None}


def only_ecs(setting, aws, name="history", **changes):
    config = setting(aws, name, account=ECS_ONLY, **changes)
    return config.model_copy(update={"codecatalyst": ()})


@pytest.fixture
def moving():
    """A history of its own, whose clock the test moves; it stands a week before the end."""
    return History.make(11, regions=REGIONS, deployments=60, days=30).at(-7 * 24 * 60)


def test_runs_while_things_happen_leave_what_one_run_at_the_end_leaves(moving, setting, canonical):
    """New records, and all that were unfinished: the rows of a single late run, but for when they were seen."""
    with StandIn(moving) as aws:
        often, once = setting(aws, "often"), setting(aws, "once")
        for _ in range(3):
            assert history.fetch(often, now=now(moving)).exit_code == 0
            aws.mutate(minutes=56 * 60 + 14)
        assert history.fetch(often, now=now(moving)).exit_code == 0
        assert history.fetch(once, now=now(moving)).exit_code == 0
    for table in history.TABLES:
        if table.name in ("ledger", "coverage"):
            continue
        columns = ", ".join(column.name for column in table.columns if column.name != "observed_at")
        sql = f"SELECT {columns} FROM {table.name} ORDER BY {', '.join(table.key)}"
        assert select(often, sql) == select(once, sql), table.name
    unfinished = "SELECT count(*) FROM service_deployments WHERE finished = 0"
    assert select(often, unfinished) == select(once, unfinished)
    assert select(often, "SELECT DISTINCT until_at FROM coverage") == select(
        once, "SELECT DISTINCT until_at FROM coverage"
    )


def test_an_unfinished_deployment_older_than_the_overlap_is_asked_for_again(moving, setting):
    running = next(each for each in moving.deployments if each.finished and each.finished - each.started > 120_000)
    moving.at(dt.datetime.fromtimestamp(running.started / 1000 + 60, dt.UTC))
    with StandIn(moving) as aws:
        config = only_ecs(setting, aws, overlap_minutes=1.0)
        history.fetch(config, now=now(moving))
        sql = f"SELECT status, finished FROM service_deployments WHERE arn = '{running.arn}'"
        assert select(config, sql) == [("IN_PROGRESS", 0)]
        aws.mutate(minutes=3 * 24 * 60)
        history.fetch(config, now=now(moving))
        assert select(config, sql) == [(running.status, 1)]


@pytest.mark.parametrize("jump", [-400, 3000])
def test_a_clock_that_jumps_loses_nothing(moving, setting, jump, monkeypatch):
    """One run with a clock that is weeks wrong, then the right one again: all deployments, as AWS's clock is right."""
    monkeypatch.setattr("history.aws.transport._server_time", lambda text: moving.now * 1000)
    with StandIn(moving) as aws:
        config = only_ecs(setting, aws)
        history.fetch(config, now=now(moving))
        aws.mutate(minutes=24 * 60)
        wrong = now(moving, minutes=jump * 60)
        assert set(outcomes(history.fetch(config, now=wrong)).values()) <= {"ok", "empty"}
        aws.mutate(minutes=5 * 24 * 60)
        real = now(moving)
        history.fetch(config, now=real)
    began = [each.arn for each in moving.deployments if each.created <= moving.now]
    assert [row[0] for row in select(config, "SELECT arn FROM service_deployments ORDER BY arn")] == sorted(began)


def test_a_cursor_never_passes_the_clock_of_aws(setting, monkeypatch):
    """The stand-in's answers carry today's date: a run that believes to be in 2099 must not move cursors there."""
    story = History.make(3, regions=REGIONS, deployments=12, days=5)
    with StandIn(story) as aws:
        config = only_ecs(setting, aws)
        history.fetch(config, now=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
        latest = select(config, "SELECT max(until_at) FROM coverage")[0][0]
    assert latest <= dt.datetime.now(dt.UTC).timestamp() * 1e6 + 1e6


def test_a_run_beside_another_asks_nobody_and_says_who_is_at_work(story, setting):
    with StandIn(story) as aws:
        config = setting(aws)
        with turn(config.store_path):
            with pytest.raises(history.StoreBusy, match=rf"process {os.getpid()} on .* since 2.*Z; nothing was asked"):
                history.fetch(config, now=now(story))
            assert not aws.requests
            assert select(config, "SELECT count(*) FROM runs") == [(0,)]
        assert history.fetch(config, now=now(story)).exit_code == 0


def test_a_process_that_is_killed_gives_up_its_turn(tmp_path, root):
    code = "import sys, time, pathlib; from history.collecting.lock import turn\n"
    code += "with turn(pathlib.Path(sys.argv[1])): print('mine', flush=True); time.sleep(60)"
    store = tmp_path / "history.sqlite"
    with subprocess.Popen([sys.executable, "-c", code, str(store)], cwd=root, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"mine\n"
        with pytest.raises(history.StoreBusy, match=f"process {other.pid} on"), turn(store):
            raise AssertionError("two turns at once")
        other.kill()
    with turn(store):
        with closing(sqlite3.connect(f"{store}.lock")) as connection:
            (who,) = connection.execute("SELECT who FROM holder").fetchone()
        assert who.startswith(f"process {os.getpid()} on")


def test_two_runs_at_once_leave_what_one_leaves(story, setting, canonical, reference, monkeypatch):
    """Where the lock does not hold, as on some network file systems, the store does."""
    monkeypatch.setattr("history.collecting.fetch.turn", lambda store: contextlib.nullcontext())
    with StandIn(story) as aws:
        config = setting(aws)
        reports = []
        runs = [
            threading.Thread(target=lambda: reports.append(history.fetch(config, now=now(story)))) for _ in range(2)
        ]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert [report.exit_code for report in reports] == [0, 0]
    assert sum(unit.new for report in reports for unit in report.units) == sum(
        select(config, f"SELECT count(*) FROM {table.name}")[0][0]
        for table in history.TABLES
        if table.name not in ("ledger", "coverage")
    )
    assert canonical(config.store_path) == reference(config, canonical)


def test_behind_a_slow_bucket_every_run_makes_progress_and_in_the_end_nothing_is_lost_or_doubled(setting, canonical):
    """A backfill whose deadline is far too short for all of it, from a bucket that is nearly empty."""
    story = History.make(5, regions=REGIONS[:1], deployments=150, days=80)
    bucket = Fault("throttle_bucket", service="ecs", rate=12.0, burst=5.0)
    with StandIn(story, [bucket]) as aws:
        config = only_ecs(setting, aws, deadline_minutes=2.0 / 60, attempts=6, requests_per_second=10.0)
        seen: list[int] = []
        codes: list[int] = []
        while (not codes or codes[-1]) and len(codes) < 25:
            codes.append(history.fetch(config, now=now(story)).exit_code)
            seen.append(select(config, "SELECT count(*) FROM service_deployments")[0][0])
        aws.script()
        clean = only_ecs(setting, aws, "clean")
        history.fetch(clean, now=now(story))
    assert codes[0] == 3 and codes[-1] == 0
    assert seen == sorted(seen) and len(set(seen)) > 1
    assert canonical(config.store_path) == canonical(clean.store_path)


def test_runs_that_all_end_early_do_not_all_end_before_the_same_services(setting):
    """Each run can ask about two services only; in the end every one of them has had its turn."""
    story = History.make(5, regions=REGIONS[:1], deployments=40, days=20, services=6)
    with StandIn(story) as aws:
        config = only_ecs(setting, aws, attempts=1)
        known = "SELECT DISTINCT part FROM coverage"
        for _ in range(40):
            aws.script(Fault("http500", operation="ListServiceDeployments", after=2))
            assert outcomes(history.fetch(config, now=now(story)))[REGIONS[0], "ecs"] == "unreachable"
            if len(select(config, known)) == len(story.services):
                break
        assert len(select(config, known)) == len(story.services) >= 6


def test_an_answer_that_drips_is_cut_at_the_deadline(story, setting):
    with StandIn(story, [Fault("slow_drip", operation="ListServiceDeployments", seconds=600.0)]) as aws:
        config = only_ecs(setting, aws, deadline_minutes=1.5 / 60, read_timeout_seconds=5.0)
        began = dt.datetime.now()
        report = history.fetch(config, now=now(story))
        assert (dt.datetime.now() - began).total_seconds() < 300
    assert set(outcomes(report).values()) == {"unreachable"}
    assert all("out of time" in unit.detail for unit in report.units)


def test_records_that_change_between_pages_and_pages_that_come_twice_are_neither_lost_nor_doubled(moving, setting):
    faults = [Fault("duplicate_page"), Fault("changing_between_pages", service="codecatalyst", minutes=20)]
    with StandIn(moving, faults, largest_page=7) as aws:
        config = setting(aws)
        start = now(moving)
        assert history.fetch(config, now=start).exit_code == 0
        began = [each.arn for each in moving.deployments if each.created <= start.timestamp() * 1000]
        found = {row[0] for row in select(config, "SELECT arn FROM service_deployments")}
        runs = {row[0] for row in select(config, "SELECT id FROM workflow_runs")}
    assert set(began) <= found
    assert {run.id for run in moving.runs if run.started <= start.timestamp() * 1000} <= runs


def test_a_scan_that_was_cut_short_goes_on_where_it_was(setting):
    """CodeCatalyst has no filter of time: the pages that were read are kept, and the next run reads the rest."""
    story = History.make(5, regions=REGIONS[:1], deployments=60, days=60)
    cut = Fault("http500", operation="ListWorkflowRuns", after=3)
    with StandIn(story, [cut], largest_page=5) as aws:
        config = setting(aws).model_copy(update={"accounts": ()})
        assert outcomes(history.fetch(config, now=now(story)))[names.PROJECT, "codecatalyst"] == "unreachable"
        assert select(config, "SELECT count(*) FROM workflow_runs") == [(10,)]
        aws.script()
        aws.forget()
        history.fetch(config, now=now(story))
        wanted = [run for run in story.runs if run.started <= story.now]
        assert select(config, "SELECT count(*) FROM workflow_runs") == [(len(wanted),)]
        assert sum(call.operation == "ListWorkflowRuns" for call in aws.requests) <= len(wanted) / 5 + 3


def test_values_that_no_model_lists_are_kept(setting):
    story = History.make(5, regions=REGIONS[:1], deployments=40, days=20, unknown=0.5)
    with StandIn(story) as aws:
        config = setting(aws)
        assert history.fetch(config, now=now(story)).exit_code == 0
    known = {"SUCCESSFUL", "IN_PROGRESS", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS"}
    assert {row[0] for row in select(config, "SELECT status FROM service_deployments")} - known


def test_a_region_marked_as_switched_off_is_listed_never_asked_and_not_partial(story, setting):
    with StandIn(story) as aws:
        config = only_ecs(setting, aws, disabled_regions=["ap-east-1"])
        report = history.fetch(config, now=now(story))
        assert not [call for call in aws.requests if call.region == "ap-east-1"]
    assert (report.exit_code, outcomes(report)["ap-east-1", "ecs"]) == (0, "disabled")


def test_credentials_of_another_account_collect_nothing(story, setting, monkeypatch):
    with StandIn(History.make(3, accounts=("111122223333", "444455556666"), regions=REGIONS, deployments=12)) as aws:
        config = only_ecs(setting, aws)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA444455556666")
        report = history.fetch(config, now=now(story))
    assert set(outcomes(report).values()) == {"denied"}
    assert "belong to account 444455556666, the config says 111122223333" in report.units[0].detail
    assert select(config, "SELECT count(*) FROM service_deployments") == [(0,)]


def test_a_role_is_assumed_in_the_account_it_belongs_to(setting):
    accounts = ("111122223333", "444455556666")
    two = History.make(3, accounts=accounts, regions=REGIONS, deployments=30, days=30, services=2)
    with StandIn(two) as aws:
        role = {"id": accounts[1], "role": f"arn:aws:iam::{accounts[1]}:role/reader", **ECS_ONLY}
        config = setting(aws, account=role).model_copy(update={"codecatalyst": ()})
        report = history.fetch(config, now=now(two))
    assert report.exit_code == 0
    arns = [each.arn for each in two.deployments if each.created <= two.now and each.account == accounts[1]]
    assert arns and [row[0] for row in select(config, "SELECT arn FROM service_deployments ORDER BY arn")] == sorted(
        arns
    )


def test_a_role_that_is_assumed_in_drips_is_given_up_in_time(setting, monkeypatch):
    monkeypatch.setattr("history.aws.clients.STS_SECONDS", 1.5)
    accounts = ("111122223333", "444455556666")
    two = History.make(3, accounts=accounts, regions=REGIONS, deployments=12, days=30, services=2)
    with StandIn(two, [Fault("slow_drip", operation="AssumeRole", seconds=600.0)]) as aws:
        role = {"id": accounts[1], "role": f"arn:aws:iam::{accounts[1]}:role/reader", **ECS_ONLY}
        config = setting(aws, account=role, read_timeout_seconds=5.0).model_copy(update={"codecatalyst": ()})
        began = dt.datetime.now()
        report = history.fetch(config, now=now(two))
        assert (dt.datetime.now() - began).total_seconds() < 300
    assert set(outcomes(report).values()) == {"unreachable"}


def test_no_credentials_at_all_is_exit_code_4_with_both_ways_to_a_token(story, setting, monkeypatch):
    with StandIn(story) as aws:
        config = setting(aws)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_BEARER_TOKEN_CODECATALYST"):
            monkeypatch.delenv(name)
        report = history.fetch(config, now=now(story))
        assert not aws.requests
    assert (report.exit_code, set(outcomes(report).values())) == (4, {"expired"})
    assert "AWS_BEARER_TOKEN_CODECATALYST" in report.units[-1].detail and "aws sso login" in report.units[-1].detail


def test_at_most_so_many_requests_a_second(story, setting):
    with StandIn(story) as aws:
        config = only_ecs(setting, aws, requests_per_second=20.0)
        history.fetch(config, now=now(story))
        for region in REGIONS:
            times = [call.time for call in aws.requests if call.region == region and call.service == "ecs"]
            assert len(times) / (times[-1] - times[0] + 0.05) < 25


def test_a_full_disk_in_a_run_leaves_a_store_that_the_next_run_completes(
    story, setting, canonical, reference, monkeypatch
):
    with StandIn(story) as aws:
        config = setting(aws)
        opened = Store._open

        def small(self, migrations):
            opened(self, migrations)
            pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
            self._connection.execute(f"PRAGMA max_page_count = {pages + 10}")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "_open", small)
            with pytest.raises(history.StoreError, match="full"):
                history.fetch(config, now=now(story))
        assert history.fetch(config, now=now(story)).exit_code == 0
    assert canonical(config.store_path) == reference(config, canonical)


def test_a_client_has_at_most_so_many_requests_under_way(setting, monkeypatch):
    story = History.make(5, regions=REGIONS[:1], deployments=300, days=5)
    under_way, most, lock = [0], [0], threading.Lock()
    send = Wire.send

    def counting(self, request):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        try:
            return send(self, request)
        finally:
            with lock:
                under_way[0] -= 1

    monkeypatch.setattr(Wire, "send", counting)
    with StandIn(story) as aws:
        assert history.fetch(only_ecs(setting, aws, threads=3), now=now(story)).exit_code == 0
    assert 2 <= most[0] <= 3  # batches of details, some at once


@pytest.mark.parametrize("wrong", [{"skew_minutes": 20.0}, {"late": 1.0}, {"skew_minutes": 20.0, "late": 0.5}])
def test_regions_with_wrong_clocks_and_lists_that_lag_lose_nothing(setting, wrong):
    """Runs end in the middle of it all, each right after some deployment began: the next one finds what was not told.

    Clocks are off by up to 20 minutes, lists lag by up to 45: the overlap of two hours is meant for both.
    """
    story = History.make(17, regions=REGIONS, deployments=40, days=20, **wrong)
    end = story.now
    moments = sorted(each.created - story.offsets[each.region] + 60_000 for each in story.deployments[5::9])
    lagging = ahead = 0
    with StandIn(story.at(dt.datetime.fromtimestamp(moments[0] / 1000, dt.UTC))) as aws:
        config = only_ecs(setting, aws)
        for moment in (*moments, end + 24 * 60 * 60_000):
            aws.mutate(minutes=(moment - story.now) / 60_000)
            assert set(outcomes(history.fetch(config, now=now(story))).values()) <= {"ok", "empty"}
            began = {each.arn for each in story.deployments if each.created - story.offsets[each.region] <= moment}
            found = {arn for (arn,) in select(config, "SELECT arn FROM service_deployments")}
            lagging += len(began - found)
            ahead += sum(each.arn in found and each.created > moment for each in story.deployments)
    assert bool(lagging) == ("late" in wrong) and bool(ahead) == ("skew_minutes" in wrong)  # else it proves nothing
    assert found == began == {each.arn for each in story.deployments}
