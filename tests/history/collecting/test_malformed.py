"""What cannot be kept makes its record malformed, kept raw and counted; other records, parts, units and runs go on."""

import json
from collections import Counter

import pytest

import history
from tests.aws_stand_in import Fault, History, StandIn
from tests.aws_stand_in.odd import HALF, ODD
from tests.aws_stand_in.things import DAY
from tests.history.conftest import REGIONS, now, outcomes, select

TABLES = [table for table in history.TABLES if table.name not in ("ledger", "coverage")]


@pytest.fixture(scope="module")
def small():
    """Nobody moves its clock."""
    return History.make(5, regions=REGIONS[:1], deployments=30, days=20)


def happened(story):
    """How many things there are of each kind."""
    return {
        "service_deployments": sum(each.created <= story.now for each in story.deployments),
        "pipeline_executions": sum(each.started <= story.now for each in story.executions),
        "pipeline_actions": sum(a.started <= story.now for each in story.executions for a in each.actions),
        "workflow_runs": sum(each.started <= story.now for each in story.runs),
        "workflows": len(story.workflows),
        "alarm_changes": sum(
            each.kind == "StateUpdate" and story.now - 29 * DAY <= each.at <= story.now
            for own in story.alarms.values()
            for each in own
        ),
    }


def kept(config):
    """How many things of each kind the store knows of, as rows or raw."""
    rows = Counter({name: select(config, f"SELECT count(*) FROM {name}")[0][0] for name in happened_names(config)})
    return rows + Counter(row[0] for row in select(config, "SELECT in_table FROM malformed_records"))


def happened_names(config):
    return [table.name for table in TABLES if table.name != "malformed_records"]


@pytest.mark.parametrize(
    "value", [5.5, 2**70, True, "5", HALF, [5], float("nan"), -(2**63) - 1, {"minutes": 5}], ids=ascii
)
def test_an_odd_optional_value_costs_its_record_and_nothing_else(value, small, setting, monkeypatch):
    """Any value that is none, in the one answer about one deployment."""
    odd = small.deployments[3]
    put_into(monkeypatch, odd.arn, ("deploymentConfiguration", "bakeTimeInMinutes"), value)
    with StandIn(small) as aws:
        config = setting(aws)
        report = history.fetch(config, now=now(small))
        again = history.fetch(config, now=now(small))
    found = outcomes(report)
    assert found.pop((REGIONS[0], "ecs")) == "malformed" and set(found.values()) <= {"ok", "empty"}
    assert report.exit_code == 3
    (unit,) = [unit for unit in report.units if unit.malformed]
    assert unit.malformed == 1 and "1 malformed record, kept raw: " in unit.detail and "bake" in unit.detail
    assert again.exit_code == 0 and "1 malformed record, kept raw by an earlier run" in str(again)
    ((table, key, raw),) = select(config, "SELECT in_table, id, raw FROM malformed_records")
    assert (table, json.loads(key)) == ("service_deployments", [odd.arn])
    assert json.loads(raw)["serviceDeploymentArn"] == odd.arn
    assert select(config, "SELECT arn FROM service_deployments WHERE described = 0") == [(odd.arn,)]
    assert select(config, "SELECT count(*) FROM service_deployments") == [(len(small.deployments),)]
    frame = history.coverage(config.store_path)
    assert frame[frame["stream"] == "ecs"]["malformed"].max() == 1


def put_into(monkeypatch, arn, path, value):
    """Let a stand-in answer with an odd value in one place of one thing."""
    from tests.aws_stand_in import odd

    def item(item, seed, share, binary):
        return odd.put(item, path, value) if arn in json.dumps(item) and path[0] in item else item

    monkeypatch.setattr(odd, "_item", item)
    faults = [Fault("odd_values", operation="DescribeServiceDeployments")]
    start = StandIn.start
    monkeypatch.setattr(StandIn, "start", lambda self: (self.script(*faults), start(self))[1])


def test_what_was_malformed_heals_when_its_answer_can_be_read(small, setting):
    """Deployments and revisions are asked for again until their details are there."""
    with StandIn(small, [Fault("odd_values", service="ecs", operation="Describe*", seed=2)]) as aws:
        config = setting(aws)
        history.fetch(config, now=now(small))
        assert select(config, "SELECT count(*) FROM malformed_records WHERE finished = 0")[0][0] > 5
        aws.script()
        assert history.fetch(config, now=now(small)).exit_code == 0
        clean = setting(aws, "clean")
        history.fetch(clean, now=now(small))
    for table in ("service_deployments", "service_revisions"):
        keys = f"SELECT json_extract(id, '$[0]') FROM malformed_records WHERE in_table = '{table}' AND id LIKE '[%'"
        odd = [row[0] for row in select(config, keys)]
        sql = f"SELECT * FROM {table} WHERE arn IN (SELECT value FROM json_each('{json.dumps(odd)}')) ORDER BY arn"
        assert odd and select(config, sql) == select(clean, sql), table
    ended = "SELECT count(*) FROM malformed_records WHERE finished = 0 AND substr(id, 1, 1) = '['"
    assert select(config, ended) == [(0,)]


NAMES = ("list_clusters", "list_services", "list_pipelines", "workflows")
DETAILS = "[!L]*", "ListServiceDeployments", "List*Executions", "ListWorkflowRuns"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_odd_nothing_is_lost_and_the_store_can_be_read(seed, small, setting, tmp_path):
    """One value of every third item of every answer; each operation, each member, each odd value in its turn."""
    faults = [Fault("odd_values", seed=seed, share=0.34, operation=each) for each in (DETAILS if seed % 3 else ["*"])]
    with StandIn(small, faults) as aws:
        config = setting(aws)
        report = history.fetch(config, now=now(small))
        second = history.fetch(config, now=now(small))
    assert {unit.outcome for unit in (*report.units, *second.units)} <= {"ok", "empty", "malformed"}
    if not select(config, f"SELECT 1 FROM malformed_records WHERE in_table IN {NAMES}"):  # else parts are unknown
        found = kept(config)
        # Of items that are nothing but the same odd value there is one raw answer.
        same = [row[0] for row in select(config, "SELECT in_table FROM malformed_records WHERE raw NOT LIKE '{%'")]
        assert [name for name, count in happened(small).items() if found[name] < count and name not in same] == []
    for table in TABLES:
        assert select(config, f"SELECT count(*) FROM {table.name} WHERE NOT json_valid(raw)") == [(0,)], table.name
    history.export(config.store_path, tmp_path / "out")
    for table in TABLES:
        assert len(history.read_export(tmp_path / "out", table.name)) >= 0
    assert str(report).isprintable() or "\x1b" not in str(report)
    history.coverage_table(history.coverage(config.store_path))


def test_there_is_an_odd_value_for_each_way_to_be_odd():
    """So that the test above proves something."""
    assert {type(value) for value in ODD} == {float, int, bool, str, list, dict, type(None)}
