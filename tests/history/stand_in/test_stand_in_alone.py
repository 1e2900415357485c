"""The stand-in by itself, as people start it: its clock, its faults, its end.

Not here: what it answers (`test_stand_in`), what its faults do (`test_stand_in_faults`).
"""

import datetime as dt
import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import pytest

import history
from tests.aws_stand_in import KINDS, Fault, History, StandIn
from tests.aws_stand_in import __main__ as stand_in
from tests.history.aws_clients import at, connect, make
from tests.history.conftest import REGIONS, now, select


@pytest.fixture
def behind():
    """A history whose clock stands ten days behind that of the machine, as with `--ahead 240`."""
    return History.make(11, regions=REGIONS, deployments=60, days=30).at(-10 * 24 * 60)


def test_its_answers_are_dated_by_the_clock_of_the_story_and_of_the_region():
    story = make(deployments=60, skew_minutes=5.0).at(-60.0)
    with StandIn(story) as aws:
        for region in story.regions:
            answer = connect(aws, "ecs", region).list_clusters()["ResponseMetadata"]["HTTPHeaders"]
            assert parsedate_to_datetime(answer["date"]) == at(story.clock(region)).replace(microsecond=0)
        aws.script(Fault("skew", service="sts", seconds=900))
        error = pytest.raises(connect(aws, "sts").exceptions.ClientError, connect(aws, "sts").get_caller_identity)
        answer = error.value.response["ResponseMetadata"]["HTTPHeaders"]
        right = at(story.clock("eu-north-1")).replace(microsecond=0)
        assert parsedate_to_datetime(answer["date"]) - right == dt.timedelta(minutes=15)


def test_nothing_is_lost_where_its_clock_is_behind_and_goes_fast(behind, setting):
    """The machine's clock stands at the end all the time; each fetch is complete, and so is their sum."""
    end = now(behind, minutes=10 * 24 * 60)
    with StandIn(behind) as aws:
        often, once = setting(aws, "often"), setting(aws, "once")
        for _ in range(5):
            assert history.fetch(often, now=end).exit_code == 0
            aws.mutate(minutes=2 * 24 * 60)
        for config in (often, once):
            assert history.fetch(config, now=end).exit_code == 0
    for table, key in (
        ("service_deployments", "arn, status"),
        ("alarm_changes", "id"),
        ("workflow_runs", "id, status"),
        ("pipeline_executions", "id, status"),
        ("pipeline_actions", "id, status"),
    ):
        sql = f"SELECT {key} FROM {table} ORDER BY {key}"
        assert select(often, sql) == select(once, sql), table
        assert len(select(once, sql)) > 10


def test_a_store_kept_while_its_clock_goes_fast_is_that_of_the_truth(behind, setting, tmp_path):
    """`--ahead 240 --speed 1200`, a fetch a minute: the store against the truth.json that was written at the start."""
    end = now(behind, minutes=10 * 24 * 60)
    with StandIn(behind) as aws:
        stand_in.write(aws, tmp_path / "told")
        config = setting(aws)
        for _ in range(12):
            assert history.fetch(config, now=end).exit_code == 0
            aws.mutate(minutes=1200)
        assert history.fetch(config, now=end).exit_code == 0
    truth = json.loads((tmp_path / "told" / "truth.json").read_text(encoding="utf-8"))
    told = {arn for rollout in truth["rollouts"] for arn in rollout["deployments"]} | set(truth["no_rollout"])
    begun = {each.arn for each in behind.deployments if each.created <= behind.now}
    assert {arn for (arn,) in select(config, "SELECT arn FROM service_deployments")} == told & begun
    assert len(told & begun) > 0.9 * len(told) > 50
    (since,) = select(config, "SELECT min(from_at) FROM coverage WHERE stream = 'alarms'")[0]
    changes = [each for own in behind.alarms.values() for each in own if each.kind == "StateUpdate"]
    rang = sorted((each.at * 1000, each.alarm) for each in changes if since <= each.at * 1000 <= behind.now * 1000)
    assert select(config, "SELECT at, alarm FROM alarm_changes ORDER BY at, alarm") == rang
    assert any(rollout["alarm_region"] for rollout in truth["rollouts"]) and len(rang) > 10


ALARMS = "SELECT alarm, at FROM alarm_changes"


def sourced(file):
    """Return what a file of `export NAME=VALUE` lines sets."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export "))


def stored(path, sql):
    """Ask a store for rows."""
    with history.Store(path) as store:
        return store.select(sql)


@contextmanager
def started(root, folder, *arguments):
    """A stand-in of its own process, which does not outlive a test that fails."""
    command = [sys.executable, "-m", "tests.aws_stand_in", "--deployments", "30", "--out", str(folder / "out")]
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.long
def test_what_the_commands_store_while_the_clock_goes_fast_is_the_truth(root, tmp_path):
    """Both commands as documented, ten days in half a minute: what a fetch misses stays away, however many follow."""
    arguments = ("--seed", "5", "--deployments", "60", "--days", "30", "--ahead", "240", "--speed", "28800")
    with started(root, tmp_path, *arguments, "--minutes", "10") as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("# in another shell"))
        out = tmp_path / "out"
        environment = {"PYTHONPATH": str(root), "PATH": os.environ["PATH"]} | sourced(out / "environment.sh")
        config, again = out / "fetch.yaml", out / "again.yaml"
        again.write_text(config.read_text(encoding="utf-8").replace("history.sqlite", "again.sqlite"), encoding="utf-8")

        def fetch(of):
            command = [sys.executable, "-m", "wavecast", "fetch", "--config", str(of)]
            done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]

        truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
        told = {arn for rollout in truth["rollouts"] for arn in rollout["deployments"]} | set(truth["no_rollout"])
        counts = [0]
        while len(counts) < 25 and counts[-1] < len(told):
            fetch(config)
            found = {arn for (arn,) in stored(out / "history.sqlite", "SELECT arn FROM service_deployments")}
            counts.append(len(found))
        fetch(again)
        fetch(config)
        process.terminate()
    assert found == told and 0 < counts[1] < counts[-1], counts
    changes, whole = ({row for row in stored(out / name, ALARMS)} for name in ("history.sqlite", "again.sqlite"))
    assert changes >= whole and len(whole) > 10


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_it_leaves_no_certificate_behind_however_it_is_ended(root, tmp_path, how):
    with started(root, tmp_path, "--minutes", "2") as process:
        assert process.stdout is not None and process.stderr is not None
        next(line for line in process.stdout if line.startswith("# in another shell"))
        assert list((tmp_path / "temporary").glob("aws-stand-in-*"))
        process.send_signal(how)
        assert process.communicate(timeout=120)[1] == "stopped\n"
        assert process.returncode == 0
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--regions", "mars-1"], "regions ['mars-1'] are not in the plan"),
        (["--accounts", "1234"], "give 12 digits each"),
        (["--port", "99999"], "port must be 0-65535"),
    ],
)
def test_wishes_that_cannot_be_are_one_line_and_exit_code_2(arguments, words, tmp_path, capsys):
    assert stand_in.main(["--deployments", "30", "--out", str(tmp_path), *arguments]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and words in err and err.startswith("aws-stand-in: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [("rain", "is no kind of fault"), ("hang:secs=3", "use operation, service"), ("hang:seconds=x", "is not a number")],
)
def test_a_fault_that_is_none_says_what_there_is(text, words, capsys):
    with pytest.raises(SystemExit) as ended:
        stand_in.options(["--fault", text])
    assert ended.value.code == 2 and words in capsys.readouterr().err


def test_the_docs_name_every_fault_and_every_key_of_one(root):
    page = (root / "docs" / "history.md").read_text(encoding="utf-8")
    text = page.split("\n## A stand-in for AWS\n")[1].split("\n## ")[0]
    keys = (*stand_in.TEXTS, *stand_in.COUNTS, *stand_in.NUMBERS)
    assert not [each for each in (*KINDS, *keys) if f"`{each}`" not in text]


def test_the_faults_in_the_docs_are_faults(root):
    page = (root / "docs" / "history.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.strip().startswith("make aws-stand-in ARGS=")]
    assert len(lines) > 2
    for line in lines:
        words = line.split('"')[1].split()
        assert words == ["--help"] or stand_in.options(words)


def test_make_hands_its_arguments_on(root):
    asked = ["make", "--dry-run", "aws-stand-in", "ARGS=--fault throttle_bucket:rate=5"]
    told = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "-m tests.aws_stand_in --fault throttle_bucket:rate=5\n" in told


def test_the_command_it_names_is_found_in_a_fresh_shell(root, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "executable", str(root / ".venv" / "bin" / "python"))
    found = (root / ".venv" / "bin" / "wavecast").exists()
    assert stand_in.command() == (".venv/bin/wavecast" if found else "wavecast")


@pytest.mark.parametrize("hours", [0, 24 * 40])
def test_it_announces_what_a_first_fetch_stores_and_the_report_says_why_that_is_not_all(hours, setting):
    story = History.make(7, regions=REGIONS, deployments=300, days=120).at(-60.0 * hours)
    with StandIn(story) as aws:
        config = setting(aws)
        report = history.fetch(config, now=now(story))
    stored = select(config, "SELECT count(*) FROM service_deployments")[0][0]
    assert stored < len(story.deployments)
    told = stand_in.announcement(story)
    assert f"a first fetch stores {stored}, those of the last 90 days: ECS keeps no more" in told
    to_come = sum(each.created > story.now for each in story.deployments)
    assert f"{len(story.deployments)} synthetic deployments" in told
    assert (f", {to_come} of them yet to come;" in told) == (to_come > 0) and (to_come > 0) >= (hours > 0)
    assert f"known from {now(story, minutes=-90 * 24 * 60):%Y-%m-%d} on, as AWS keeps 90 days" in str(report)
