"""Coverage for people: names instead of ids, and nothing that a terminal would obey."""

import json

import pytest
from click.testing import CliRunner

import history
from history.aws.answers import Malformed
from history.aws.errors import fate_of
from history.keeping.store import Store
from history.records import Workflow
from history.units import Step, Unit
from tests.aws_stand_in import Fault, StandIn, names
from tests.history.conftest import now
from wavecast.verbs.coverage import coverage

NASTY = "release\x1b[2J\n000000000000  us-east-1  ecs  shop/all  2020-01-01 00:00  2030-01-01 00:00  ok\u202e"


def test_workflows_are_shown_by_their_names(story, setting):
    with StandIn(story) as aws:
        config = setting(aws)
        history.fetch(config, now=now(story))
    frame = history.coverage(config.store_path)
    shown = history.coverage_table(frame)
    for flow in story.workflows:
        assert flow.name in shown and flow.id not in shown
    own = frame[frame["stream"] == "codecatalyst"]
    assert set(zip(own["part"], own["name"], strict=True)) == {(each.id, each.name) for each in story.workflows}


def test_a_fault_in_a_workflow_is_told_by_its_name(story, setting):
    with StandIn(story, [Fault("missing_key", operation="ListWorkflowRuns")]) as aws:
        report = history.fetch(setting(aws), now=now(story))
    (unit,) = [each for each in report.units if each.unit.region == names.PROJECT]
    assert "deploy-storefront: " in unit.detail or "deploy-broken: " in unit.detail
    assert not [flow.id for flow in story.workflows if flow.id in unit.detail]


@pytest.fixture
def nasty(tmp_path):
    """A store of a part whose name is made to mislead, and of a workflow of that name."""
    path = tmp_path / "history.sqlite"
    unit, flows = Unit("1", "us-east-1", "alarms"), Unit("acme", "shop", "codecatalyst")
    nothing = dict.fromkeys(("repository", "branch", "path", "run_mode", "status", "created_at", "updated_at"))
    flow = Workflow(space="acme", project="shop", id="w", name=NASTY, **nothing, version=1, finished=True, raw="{}")
    with Store(path) as store:
        run = store.begin_run([unit, flows], at=5)
        store.commit(run, unit, Step(NASTY, covered=(0, 5)), observed_at=5)
        store.commit(run, flows, Step("w", [flow], covered=(0, 5)), observed_at=5)
        store.end_unit(run, unit, "denied", fate_of(Malformed(NASTY)).detail, 1, 5)
    return path


def test_a_name_that_would_move_the_cursor_stands_there_as_an_escape(nasty):
    result = CliRunner().invoke(
        coverage, ["--store", str(nasty)], standalone_mode=False, help_option_names=["-h", "--help"]
    )
    assert len(result.stdout.splitlines()) == 3
    assert result.stdout.replace("\n", "").isprintable()
    assert result.stdout.count("release\\x1b[2J") == 3  # two names, and a detail
    assert history.coverage(nasty)["part"].tolist()[0] == NASTY  # the data are as they are
    report = history.Report((history.UnitReport(history.Unit("1", NASTY, "ecs"), "ok", detail=NASTY),))
    assert str(report).replace("\n", "").isprintable() and str(report.units[0]).isprintable()
    assert json.loads(json.dumps(report.as_dict()))["units"][0]["region"] == NASTY
