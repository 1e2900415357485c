"""The verbs: what they print where, and their exit codes."""

import json
import sys

import pytest
from click.testing import CliRunner

import history
from tests.aws_stand_in import Fault, StandIn
from wavecast.verbs.coverage import coverage
from wavecast.verbs.export import export
from wavecast.verbs.fetch import Progress, fetch
from wavecast.verbs.importing import importing


def run(command, *arguments):
    # A command keeps the help option of its first call: give it the one that it has under `wavecast`.
    names = ["-h", "--help"]
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(command, words, standalone_mode=False, help_option_names=names)
    if result.exception:
        raise result.exception
    return result.return_value, result.stdout, result.stderr


@pytest.fixture
def today(story, monkeypatch):
    """This machine's clock shows the end of the history."""
    monkeypatch.setattr("history.collecting.fetch.clock", lambda: story.now * 1000)


def test_fetch_coverage_export_import_one_after_the_other(story, setting, write, tmp_path, today):
    with StandIn(story) as aws:
        config = setting(aws)
        code, out, err = run(fetch, "--config", tmp_path / "history.yaml")
    assert code == 0
    assert len(err.splitlines()) == 7 and "us-east-1 ecs: ok" in err  # plain lines, as cron has no terminal
    assert out.splitlines()[0].split()[:4] == ["outcome", "account", "region", "stream"]
    assert out.splitlines()[-1] == "Complete: all 7 units were looked at."

    code, out, _ = run(coverage, "--store", config.store_path)
    assert code == 0 and "shop/storefront" in out and "2026-11-02 12:00" in out
    code, out, _ = run(coverage, "--store", config.store_path, "--json")
    assert code == 0 and json.loads(out)[0]["account"] == "111122223333"

    code, out, _ = run(export, "--store", config.store_path, "--to", tmp_path / "out")
    assert code == 0 and "service_deployments" in out
    text = "digest,started_at\nsha256:aa,2026-03-01T10:05:00Z\n"
    code, out, _ = run(importing, "incidents", write("i.csv", text), "--store", config.store_path)
    assert (code, out.strip()) == (0, f"{tmp_path / 'i.csv'}: 1 new, 0 changed")


@pytest.mark.parametrize(("kind", "expected"), [("denied", 3), ("expired_token", 4)])
def test_exit_codes_tell_partial_from_credentials_and_say_what_to_do(story, setting, tmp_path, today, kind, expected):
    with StandIn(story, [Fault(kind, service="codecatalyst"), Fault(kind, service="ecs", region="us-east-1")]) as aws:
        setting(aws)
        code, out, err = run(fetch, "--config", tmp_path / "history.yaml", "--json")
    assert code == expected == json.loads(out)["exit_code"]
    assert ("AWS_BEARER_TOKEN_CODECATALYST" in err and "aws sso login" in err) == (expected == 4)


def test_a_dry_run_shows_every_unit_and_asks_nobody(story, setting, tmp_path):
    with StandIn(story) as aws:
        config = setting(aws, disabled_regions=["ap-east-1"])
        code, out, _ = run(fetch, "--config", tmp_path / "history.yaml", "--dry-run")
        assert not aws.requests
    assert code == 0 and "as far back as AWS keeps (90 days)" in out and "marked as switched off" in out
    assert "10 units" in out and not config.store_path.exists()


def test_what_cannot_be_read_is_one_line_and_exit_code_2(tmp_path, write):
    for command in (coverage, export):
        more = ["--to", tmp_path / "out"] if command is export else []
        code, _, err = run(command, "--store", tmp_path / "none.sqlite", *more)
        assert (code, len(err.splitlines())) == (2, 1)
    code, _, err = run(importing, "incidents", write("i.csv", "digest\n"), "--store", tmp_path / "h.sqlite")
    assert code == 2 and ":1:1: error: the column 'started_at' is missing" in err


def test_a_store_in_which_nothing_is_known_is_exit_code_1(tmp_path):
    history.Store(tmp_path / "h.sqlite").close()
    assert run(coverage, "--store", tmp_path / "h.sqlite")[0] == 1


def test_on_a_terminal_there_is_a_bar_and_no_lines(capsys, monkeypatch):
    bar = Progress(bar=True)
    bar(history.UnitReport(history.Unit("1", "us-east-1", "ecs"), "ok"), 2)
    bar.close()
    sys.stderr.flush()
    err = capsys.readouterr().err
    assert "1/2" in err and "new, " not in err
