"""`wavecast import`: a sign of life, warnings, and the same words about stores as the other verbs.

Not here: the faults of tables (`test_tables_faults`).
"""

import datetime as dt

import pytest
from click.testing import CliRunner

import history
from history.units import Step
from tests.aws_stand_in import History, StandIn
from tests.aws_stand_in.__main__ import write_incidents
from tests.history.conftest import REGIONS, now
from wavecast.main import main
from wavecast.verbs.importing import Reading

INCIDENT = "digest,rollout,started_at\nsha256:aa,,2026-03-01T10:05:00Z\nsha256:bb,r1,2026-03-01T10:05:00Z\n"
DEPLOYMENT = """\
service,region,status,started_at,finished_at,digest,rollout
store,us-east-1,succeeded,2026-03-01T10:00:00Z,2026-03-01T10:06:00Z,sha256:aa,r0
"""


def run(*arguments):
    result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="wavecast")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def store(tmp_path):
    return tmp_path / "history.sqlite"


def test_an_incident_of_a_change_that_nothing_in_the_store_has_is_taken_with_a_warning(write, store):
    assert run("import", "deployments", write("d.csv", DEPLOYMENT), "--store", store)[0] == 0
    path = write("i.csv", INCIDENT)
    code, out, err = run("import", "incidents", path, "--store", store)
    assert (code, out) == (0, f"{path}: 2 new, 0 changed\n")
    first, second = err.splitlines()
    assert first.startswith(f"{path}:3:1: warning: digest 'sha256:bb': nothing in the store has it")
    assert second.startswith(f"{path}:3:1: warning: rollout 'r1': nothing in the store has it")


def test_incidents_that_come_before_any_deployment_are_no_reason_to_warn(write, store):
    assert run("import", "incidents", write("i.csv", INCIDENT), "--store", store)[::2] == (0, "")


def test_a_store_that_cannot_be_opened_is_one_line_in_the_words_of_the_other_verbs(write, store):
    store.write_text("no store, and long enough to be seen as none " * 20, encoding="utf-8")
    path = write("i.csv", INCIDENT)
    code, out, err = run("import", "incidents", path, path, "--store", store)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"wavecast: {store}: ")


def test_a_long_import_tells_how_far_it_is_and_a_short_one_nothing(write, store, monkeypatch):
    monkeypatch.setattr("history.importing.table_file._TOLD_EVERY", 1)
    path = write("i.csv", INCIDENT)
    assert run("import", "incidents", path, "--store", store)[2] == ""
    monkeypatch.setattr("wavecast.verbs.importing.LINE_EVERY_SECONDS", 0.0)
    lines = run("import", "incidents", path, "--store", store)[2].splitlines()
    assert lines[0] == f"{path}: 1 rows read (63% of the file)"  # 26 of 92 characters are the header, 32 the row
    assert lines[-1] == f"{path}: 2 rows go into the store (100% of the file)"


def test_on_a_terminal_a_bar_tells_how_far_an_import_is(tmp_path, capsys):
    reading = Reading(tmp_path / "d.csv", bar=True)
    reading(250_000, 0.25)
    reading.close()
    err = capsys.readouterr().err
    assert "d.csv" in err and "25%" in err and "250,000 rows read" in err


def test_progress_ends_with_all_rows_and_the_whole_file(write, store):
    told = []
    history.import_table(store, write("i.csv", INCIDENT), "incidents", progress=lambda *each: told.append(each))
    assert told == [(2, 1.0)]


@pytest.mark.parametrize(
    ("at", "known", "warned"),
    [
        ("2026-03-01T10:05:00Z", ["2026-01-01", "2026-04-01"], True),
        ("2026-03-01T10:05:00Z", ["2026-03-01", "2026-04-01"], False),  # what hurt may have been deployed before
        ("2026-03-01T10:05:00Z", ["2026-01-01", "2026-03-01"], False),  # nobody has looked since
        ("2026-03-01T10:05:00Z", [], True),  # nothing but tables: all that there is
    ],
)
def test_a_digest_is_called_unknown_only_where_the_collector_would_know_it(write, store, at, known, warned):
    """AWS forgets, and a run may be a while ago: then nobody can say that the digest is wrong."""
    assert run("import", "deployments", write("d.csv", DEPLOYMENT), "--store", store)[0] == 0
    unit = history.Unit("1", "us-east-1", "ecs")
    with history.Store(store) as opened:
        number = opened.begin_run([unit], at=1)
        if known:
            begin, end = (round(dt.datetime.fromisoformat(f"{each}T00:00:00Z").timestamp() * 1e6) for each in known)
            opened.commit(number, unit, Step("shop/storefront", covered=(begin, end)), observed_at=1)
    path = write("i.csv", f"digest,started_at\nsha256:bb,{at}\n")
    code, _, err = run("import", "incidents", path, "--store", store)
    assert (code, len(err.splitlines())) == (0, int(warned))


def test_the_documented_path_with_a_stand_in_warns_of_nothing(setting, write, tmp_path):
    """Deployments that ECS has forgotten, and digests that it never told, are no mistakes of those who write."""
    story = History.make(7, regions=REGIONS[:2], deployments=300, days=120, digestless=0.2)
    story.deployment_days, story.alarm_days = 90.0, 30.0
    with StandIn(story) as aws:
        config = setting(aws)
        assert history.fetch(config, now=now(story)).exit_code == 0
    write_incidents(story, tmp_path)
    old = [each for each in story.incidents() if each["started"] < now(story, minutes=-90 * 24 * 60)]
    assert old and len(old) < len(story.incidents())
    code, out, err = run("import", "incidents", tmp_path / "incidents.csv", "--store", config.store_path)
    assert (code, err) == (0, "") and f"{len(story.incidents())} new" in out
