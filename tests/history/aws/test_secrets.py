"""Canary credentials in environment, tokens and addresses: never in the store, exports, logs, tracebacks, outputs."""

import logging
import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

import history
from history.aws.secrets import clean
from history.collecting.config import Account, Config
from history.sources import CodeCatalystProject
from tests.aws_stand_in import Fault, History, StandIn
from tests.history.conftest import REGIONS, now

SECRET, SESSION, BEARER, PROXY = (
    "CanarySecretKey0123456789",
    "CanarySessionToken01234",
    "CanaryBearer0123456",
    "canaryproxypass",
)
CANARIES = (SECRET, SESSION, BEARER, PROXY)


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


@pytest.fixture
def canaries(monkeypatch):
    """Plant them; call it after the stand-in has set its environment."""

    def plant():
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
        monkeypatch.setenv("AWS_BEARER_TOKEN_CODECATALYST", BEARER)

    return plant


@pytest.mark.parametrize("fault", [None, "html", "expired_token"])
def test_no_canary_in_the_store_the_export_the_log_at_debug_or_the_report(
    fault, setting, canaries, caplog, capfd, tmp_path
):
    accounts = ("111122223333",)
    story = History.make(3, accounts=accounts, regions=REGIONS[:1], deployments=12, days=5)
    faults = [Fault(fault, operation="[!GA]*")] if fault else []
    with StandIn(story, faults) as aws:
        role = {"role": f"arn:aws:iam::{accounts[0]}:role/reader"}  # STS answers with secrets of its own
        config = setting(aws, account=role, attempts=1)
        canaries()
        with caplog.at_level(logging.DEBUG):
            report = history.fetch(config, now=now(story))
    log = caplog.text
    assert "botocore" in log and "Sending http request" in log  # else this test would prove nothing
    assert "SecretAccessKey>***<" in log
    history.export(config.store_path, tmp_path / "out", format="csv")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.endswith("-wal") or path.suffix == ".sqlite" for path in files)
    everything = log + str(report) + repr(report) + report._repr_html_() + repr(config) + "".join(capfd.readouterr())
    assert found_in(everything) == []
    assert [path.name for path in files if found_in(path.read_bytes().decode("latin-1"))] == []


def test_an_address_or_proxy_with_a_password_is_told_without_it(setting, story, canaries, monkeypatch):
    with StandIn(story) as aws:
        config = setting(aws, attempts=1)
        canaries()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://canary:{PROXY}@127.0.0.1:1")
        report = history.fetch(config, now=now(story))
    assert {unit.outcome for unit in report.units if unit.unit.stream != "codecatalyst"} == {"unreachable"}
    assert found_in(str(report)) == [] and "***@" in str(report)


def test_a_traceback_of_an_error_of_this_program_has_no_canary(setting, story, canaries, root, tmp_path):
    """Even where the program itself is at fault, in another process, with all that Python then prints."""
    script = (
        "import sys, datetime, history, logging\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "history.sources.Ecs.window = lambda *a: 1 / 0\n"
        "history.fetch(history.Config.read(sys.argv[1]), now=datetime.datetime.fromisoformat(sys.argv[2]))\n"
    )
    with StandIn(story) as aws:
        setting(aws)
        canaries()
        result = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "history.yaml"), now(story).isoformat()],
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "ZeroDivisionError" in result.stderr
    assert found_in(result.stdout + result.stderr) == []


@pytest.mark.parametrize(
    "text",
    [
        f"Could not connect to https://canary:{PROXY}@example.com/",
        f"{{'Authorization': b'Bearer {BEARER}'}}",
        f"x-amz-security-token: {SESSION}",
        f"<SecretAccessKey>{SECRET}</SecretAccessKey>",
        f'{{"secretAccessKey": "{SECRET}"}}',
    ],
)
def test_secrets_are_known_by_their_surroundings_too(text):
    assert found_in(clean(text)) == []


def test_a_config_has_no_field_for_a_secret():
    fields = [name for kind in (Config, Account, CodeCatalystProject) for name in kind.model_fields]
    assert "external_id" in fields
    assert not [name for name in fields for word in ("secret", "password", "token", "key") if word in name]


NOTEBOOK = (
    "import logging, os, sys, datetime, history\n"
    "logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)\n"
    "config = history.Config.read(os.environ['SAMPLE_CONFIG'])\n"
    "now = datetime.datetime.fromisoformat(os.environ['SAMPLE_NOW'])",
    "report = history.fetch(config, now=now)\nreport",
    "print(report, repr(config))\nconfig",
    "os.environ['AWS_ENDPOINT_URL'] = os.environ['SAMPLE_PROXY']\nhistory.fetch(config, now=now)",
    "history.sources.Ecs.window = lambda *a: 1 / 0\n"
    "os.environ['AWS_ENDPOINT_URL'] = os.environ['SAMPLE_GOOD']\n"
    "history.fetch(config, now=now)",
)


def test_the_outputs_of_a_notebook_have_no_canary(setting, canaries, monkeypatch, root, tmp_path):
    """Log at DEBUG, the report as text and HTML, an address with a password, and a traceback of this program."""
    story = History.make(3, regions=REGIONS[:1], deployments=12, days=5)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in NOTEBOOK])
    with StandIn(story) as aws:
        config = setting(aws, account={"role": "arn:aws:iam::111122223333:role/reader"}, attempts=1)
        canaries()
        monkeypatch.setenv("PYTHONPATH", str(root))
        monkeypatch.setenv("SAMPLE_CONFIG", str(tmp_path / "history.yaml"))
        monkeypatch.setenv("SAMPLE_NOW", now(story).isoformat())
        monkeypatch.setenv("SAMPLE_GOOD", aws.endpoint_url)
        monkeypatch.setenv("SAMPLE_PROXY", f"http://canary:{PROXY}@127.0.0.1:1")
        NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute(cwd=str(tmp_path))
    outputs = [nbformat.writes(nbformat.v4.new_notebook(cells=[cell])) for cell in notebook.cells]
    assert config.store_path.exists()
    assert "Sending http request" in outputs[1] and "SecretAccessKey>***<" in outputs[1]  # else it would prove nothing
    assert "text/html" in outputs[1] and "111122223333" in outputs[2]
    assert "unreachable" in outputs[3] and "***@" in outputs[3]
    assert "ZeroDivisionError" in outputs[4] and '"output_type": "error"' in outputs[4]
    assert found_in("".join(outputs)) == []
