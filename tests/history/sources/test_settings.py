"""How a deployment was configured: the same columns from an answer now, and out of `raw` by migration."""

import json
from typing import Any

import pytest

from history.keeping.migrations import MIGRATIONS
from history.keeping.store import Store
from history.records import ServiceDeployment as Row
from history.records import columns
from history.sources import Malformed
from history.sources._settings import configured

PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"], "timeoutConfiguration": {"timeoutInMinutes": 30}}
HOOK = {"targetType": "AWS_LAMBDA", "hookTargetArn": "arn:aws:lambda:x", "lifecycleStages": ["TEST"], "roleArn": "r"}
SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "canary": {"canaryConfiguration": {"canaryPercent": 5, "canaryBakeTimeInMinutes": 10}},
    "linear": {"linearConfiguration": {"stepPercent": 12.5, "stepBakeTimeInMinutes": 6}},
    "switches": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
        "alarms": {"alarmNames": ["a"], "enable": False, "rollback": True},
    },
    "hooks": {"lifecycleHooks": [PAUSE, {**HOOK, "hookDetails": {"token": "secret"}}]},
}
NEW = list(configured({}, ""))


def test_what_a_deployment_waits_for_and_watches_is_read():
    canary, linear = (configured(SETTINGS[name], "call") for name in ("canary", "linear"))
    assert (canary["canary_percent"], canary["canary_bake_minutes"]) == (5.0, 10)
    assert (linear["linear_step_percent"], linear["linear_step_bake_minutes"]) == (12.5, 6)
    switches = configured(SETTINGS["switches"], "call")
    assert [switches[n] for n in NEW if n.endswith(("enabled", "rollback"))] == [True, False, False, True]
    hooks = json.loads(configured(SETTINGS["hooks"], "call")["hooks"])
    assert [hook["targetType"] for hook in hooks] == ["PAUSE", "AWS_LAMBDA"]
    assert "secret" not in json.dumps(hooks) and "roleArn" not in hooks[1]


def test_another_type_than_aws_documents_is_malformed():
    with pytest.raises(Malformed, match="canaryBakeTimeInMinutes should be a whole number"):
        configured({"canaryConfiguration": {"canaryBakeTimeInMinutes": "10"}}, "describe_service_deployments")


def test_the_migration_reads_out_of_raw_what_a_fetch_reads(tmp_path):
    """A store of version 1 has it in `raw` alone; a raw that is no JSON keeps its row."""
    path = tmp_path / "old.sqlite"
    old = [each for each in columns(Row) if each.name not in NEW]
    with Store(path, migrations=MIGRATIONS[:1]) as store, store._transaction() as connection:
        for name, settings in [*SETTINGS.items(), ("broken", None)]:
            raw = "no JSON" if settings is None else json.dumps({"deploymentConfiguration": settings})
            known = {"arn": name, "raw": raw}
            values = [known.get(each.name, None if each.optional else 0 if each.kind != "text" else "") for each in old]
            names, marks = ", ".join(each.name for each in old), ", ".join("?" * len(old))
            connection.execute(f"INSERT INTO service_deployments ({names}) VALUES ({marks})", values)
    with Store(path) as store:
        found = store.select(f"SELECT arn, {', '.join(NEW)} FROM service_deployments")
    told = {name: dict(zip(NEW, values, strict=True)) for name, *values in found}
    assert told.keys() == {*SETTINGS, "broken"}
    for name, settings in SETTINGS.items():
        expected = configured(settings, "call")
        assert json.loads(told[name].pop("hooks")) == json.loads(expected.pop("hooks"))
        assert told[name] == expected
    assert told["broken"] == {**dict.fromkeys(NEW), "hooks": "[]"}
