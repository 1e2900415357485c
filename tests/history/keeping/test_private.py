"""Others' secrets in answers: never stored; taken out of stores that have them, and off the disk."""

import json
import sqlite3
from contextlib import closing

import botocore.session
import pytest

import history
from history.keeping.migrations import MIGRATIONS
from history.keeping.store import Store
from history.privacy import private, public, without_signatures
from history.records import ServiceDeployment
from history.sources import SOURCES, CodeCatalyst
from tests.aws_stand_in import Fault, History, StandIn
from tests.history.conftest import REGIONS, now, select

CANARY = "CanaryOfSomebodyElse0123"
# Free forms that hold nothing: a structure without members, of which the client keeps nothing.
EMPTY = {"ListWorkflowRuns.items.statusReasons", "GetWorkflowRun.statusReasons"}


def free_forms(shape, path, dropped, seen=()):
    """The members of an answer that may hold whatever people write, and are not dropped."""
    if dropped == {} and path.count(".") > 1:
        return set()
    if shape.type_name == "map" or shape.metadata.get("document") or shape.metadata.get("sensitive"):
        return {path}
    if shape.type_name == "list":
        return free_forms(shape.member, path, dropped, seen)
    if shape.type_name != "structure" or shape.name in seen:
        return set()
    inside = dropped or {}
    deeper = [
        free_forms(member, f"{path}.{name}", inside.get(name), (*seen, shape.name))
        for name, member in shape.members.items()
        if inside.get(name) != {}
    ]
    return set().union(*deeper) if shape.members else {path}


@pytest.mark.parametrize("kind", (*SOURCES, CodeCatalyst), ids=lambda kind: kind.stream)
def test_every_member_that_can_hold_anything_is_dropped(kind):
    """By AWS's own models: whoever comes with a newer client and a new map has to look at it."""
    model = botocore.session.get_session().get_service_model(kind.service)
    for operation in (name.partition(":")[2] for name in kind.operations):
        answer = model.operation_model(operation).output_shape
        for name, member in answer.members.items():
            item = member.member if member.type_name == "list" else member
            found = free_forms(item, f"{operation}.{name}", kind.private or None)
            assert found - EMPTY == set()


def plant(story, aws):
    """Secrets of others wherever people may write them."""
    environment = [{"name": "API_KEY", "value": CANARY, "type": "PLAINTEXT"}]
    change = {}
    for action in (action for each in story.executions for action in each.actions):
        kind = {"category": action.category, "owner": "AWS", "provider": action.provider, "version": "1"}
        change[action.id] = {
            "input": {
                "actionTypeId": kind,
                "region": action.region,
                "configuration": {"OAuthToken": CANARY, "EnvironmentVariables": json.dumps(environment)},
                "resolvedConfiguration": {"UserParameters": CANARY},
            },
            "output": {
                "outputVariables": {"Session": CANARY},
                "executionResult": {
                    "externalExecutionUrl": f"https://bot:{CANARY}@example.com/a?X-Amz-Signature={CANARY}"
                },
            },
        }
    for each in story.deployments:
        hook = {"hookTargetArn": "arn:aws:lambda:x", "hookDetails": {"webhook": CANARY}}
        change[each.arn] = {"deploymentConfiguration": {"strategy": "BLUE_GREEN", "lifecycleHooks": [hook]}}
        log = {"logDriver": "splunk", "options": {"splunk-token": CANARY}}
        change[each.target.arn] = {"serviceConnectConfiguration": {"enabled": True, "logConfiguration": log}}
    aws.mutate(change=change)


@pytest.mark.parametrize(
    "faults",
    [
        (),
        [
            Fault("odd_values", share=0.5, operation="[!L]*"),
            Fault("odd_values", share=0.5, operation="ListActionExecutions"),
        ],
    ],
    ids=["sound", "odd"],
)
def test_no_secret_of_others_reaches_the_store_or_an_export(faults, setting, tmp_path):
    """Nor what is kept raw because it is malformed."""
    story = History.make(5, regions=REGIONS[:1], deployments=20, days=20)
    with StandIn(story, faults) as aws:
        plant(story, aws)
        config = setting(aws)
        history.fetch(config, now=now(story))
    kept = "SELECT count(*) FROM pipeline_actions WHERE json_extract(raw, '$.input.region') <> ''"
    assert faults or select(config, kept)[0][0] > 50
    history.export(config.store_path, tmp_path / "out", format="csv")
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path.name


def test_members_are_dropped_through_lists_and_by_names_that_tell():
    answer = {"a": [{"b": 1, "c": 2}], "b": {"apiKey": 3, "d": [{"ClientSecret": 4, "e": 5}]}}
    assert public(answer, private("a.b")) == {"a": [{"c": 2}], "b": {"d": [{"e": 5}]}}
    address = f"see https://bot:{CANARY}@example.com/x?a=1&X-Amz-Signature={CANARY}&b=2 and http://example.com"
    cleaned = without_signatures(address)
    assert cleaned == "see https://***@example.com/x?a=1&X-Amz-Signature=***&b=2 and http://example.com"


ACTION = {"account": "1", "region": "us-east-1", "pipeline": "p", "execution": "e", "status": "Failed", "started_at": 1}
LISTED = dict.fromkeys(("arn", "account", "region", "cluster", "service", "status"), "x") | {
    "source_revisions": "r1 r2",
    "alarm_names": "[]",
    "triggered_alarms": "[]",
    "target_revision": "r3",
    "created_at": 5,
    "described": 0,
}


def insert(path, table, **values):
    """Write a row as the first version had it."""
    row = {"version": 5, "finished": 1, "observed_at": 1, "raw": "{}", **values}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
        )
    connection.close()


@pytest.fixture
def old(tmp_path):
    """A store of the first version, with secrets in it."""
    path = tmp_path / "old.sqlite"
    Store(path, migrations=MIGRATIONS[:1]).close()
    for number in range(40):
        given = {"configuration": {"OAuthToken": CANARY * 40}, "region": "us-east-1"}
        insert(path, "pipeline_actions", **ACTION, id=f"a{number}", raw=json.dumps({"input": given, "n": number}))
    insert(path, "service_deployments", **LISTED)
    assert CANARY.encode() in path.read_bytes()
    return path


def remains(path):
    return [each.name for each in path.parent.glob(f"{path.name}*") if CANARY.encode() in each.read_bytes()]


def test_a_migration_takes_secrets_out_and_off_the_disk_and_says_where_else_they_are(old):
    with Store(old) as store:
        assert remains(old) == []
        (notice,) = store.take_notices()
        assert "pipeline_actions" in notice and "snapshots that were exported before" in notice and "remove" in notice
        assert store.take_notices() == []
        raw = json.loads(store.select("SELECT raw FROM pipeline_actions WHERE id = 'a7'")[0][0])
        assert raw == {"input": {"region": "us-east-1"}, "n": 7}
    assert remains(old) == []


def test_while_somebody_reads_the_old_store_nothing_is_wiped_and_the_next_to_open_it_does(old):
    with sqlite3.connect(old) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM pipeline_actions").fetchone()
        with Store(old, patience=0.2) as store:
            assert "not yet wiped" in store.take_notices()[-1]
    reader.close()
    with Store(old) as store:
        assert store.take_notices() == [] and remains(old) == []


def test_a_migration_asks_again_for_what_was_never_asked_for_again(old):
    with Store(old) as store:
        assert store.unfinished(ServiceDeployment) == [("x",)]
        revisions = store.select("SELECT arn, service, finished, version FROM service_revisions ORDER BY arn")
    assert revisions == [(arn, "x", 0, 0) for arn in ("r1", "r2", "r3")]


def test_a_store_without_such_answers_is_migrated_without_a_word(tmp_path):
    Store(tmp_path / "h.sqlite", migrations=MIGRATIONS[:1]).close()
    insert(tmp_path / "h.sqlite", "service_deployments", **LISTED)
    with Store(tmp_path / "h.sqlite") as store:
        assert store.take_notices() == []


def test_an_export_after_the_migration_removes_the_snapshots_that_hold_them(old, tmp_path):
    """Else the one before would be kept for its readers."""
    before = tmp_path / "out" / "20260101T000000000000Z-0123abcd"
    before.mkdir(parents=True)
    (before / "pipeline_actions.csv").write_text(CANARY)
    (tmp_path / "out" / "current.json").write_text(json.dumps({"snapshot": before.name, "format": "csv", "rows": {}}))
    Store(old).close()
    history.export(old, tmp_path / "out")
    assert not before.exists()
    second = history.export(old, tmp_path / "out")
    assert len([each for each in (tmp_path / "out").iterdir() if each.is_dir()]) == 2, second
