"""The store's tables as SQL, version by version. A migration that was released is never edited: add one behind it.

`history.records` says the same in Python; a test holds the two together. A source may bring tables of its own, which
are made as its records say; once they were released, another column of theirs is a migration, too.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from history.keepable import fits
from history.privacy import stored_without, written
from history.records import Record, columns

_VERSION_1 = """
CREATE TABLE service_deployments (
    arn TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, cluster TEXT NOT NULL,
    service TEXT NOT NULL, status TEXT NOT NULL, status_reason TEXT, created_at INTEGER NOT NULL,
    started_at INTEGER, finished_at INTEGER, stopped_at INTEGER, updated_at INTEGER, target_revision TEXT,
    source_revisions TEXT NOT NULL, lifecycle_stage TEXT, strategy TEXT, bake_minutes INTEGER,
    rollback_reason TEXT, rollback_started_at INTEGER, rollback_revision TEXT, breaker_status TEXT,
    breaker_failures INTEGER, breaker_threshold INTEGER, alarms_status TEXT, alarm_names TEXT NOT NULL,
    triggered_alarms TEXT NOT NULL, described INTEGER NOT NULL, version INTEGER NOT NULL,
    finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, observed_at INTEGER NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (arn)
) STRICT;
CREATE TABLE service_revisions (
    arn TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, cluster TEXT NOT NULL,
    service TEXT NOT NULL, task_definition TEXT, created_at INTEGER, version INTEGER NOT NULL,
    finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, observed_at INTEGER NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (arn)
) STRICT;
CREATE TABLE service_images (
    revision TEXT NOT NULL, container TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, image TEXT,
    digest TEXT, version INTEGER NOT NULL, finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
    observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (revision, container)
) STRICT;
CREATE TABLE alarm_changes (
    account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, alarm TEXT NOT NULL, alarm_type TEXT,
    at INTEGER NOT NULL, state_from TEXT, state_to TEXT, summary TEXT, version INTEGER NOT NULL,
    finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, observed_at INTEGER NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT;
CREATE TABLE workflows (
    space TEXT NOT NULL, project TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, repository TEXT,
    branch TEXT, path TEXT, run_mode TEXT, status TEXT, created_at INTEGER, updated_at INTEGER,
    version INTEGER NOT NULL, finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
    observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (space, project, id)
) STRICT;
CREATE TABLE workflow_runs (
    space TEXT NOT NULL, project TEXT NOT NULL, id TEXT NOT NULL, workflow TEXT NOT NULL, workflow_name TEXT,
    status TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, updated_at INTEGER,
    version INTEGER NOT NULL, finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
    observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (space, project, id)
) STRICT;
CREATE TABLE pipeline_executions (
    account TEXT NOT NULL, region TEXT NOT NULL, pipeline TEXT NOT NULL, id TEXT NOT NULL,
    status TEXT NOT NULL, started_at INTEGER NOT NULL, updated_at INTEGER, trigger TEXT, execution_mode TEXT,
    execution_type TEXT, source_revisions TEXT NOT NULL, version INTEGER NOT NULL, finished INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0, observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (account, region, pipeline, id)
) STRICT;
CREATE TABLE pipeline_actions (
    account TEXT NOT NULL, region TEXT NOT NULL, pipeline TEXT NOT NULL, id TEXT NOT NULL,
    execution TEXT NOT NULL, stage TEXT, action TEXT, status TEXT NOT NULL, action_region TEXT, category TEXT,
    provider TEXT, started_at INTEGER NOT NULL, updated_at INTEGER, external_id TEXT, error TEXT,
    version INTEGER NOT NULL, finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
    observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (account, region, pipeline, id)
) STRICT;
CREATE TABLE table_deployments (
    id TEXT NOT NULL, service TEXT NOT NULL, region TEXT NOT NULL, status TEXT NOT NULL,
    started_at INTEGER NOT NULL, finished_at INTEGER, digest TEXT, rollout TEXT, alarm_at INTEGER,
    rollback_started_at INTEGER, note TEXT, version INTEGER NOT NULL, finished INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0, observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE TABLE incidents (
    id TEXT NOT NULL, rollout TEXT, digest TEXT, started_at INTEGER NOT NULL, detected_at INTEGER,
    mitigated_at INTEGER, regions TEXT NOT NULL, note TEXT, version INTEGER NOT NULL,
    finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, observed_at INTEGER NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX unfinished_deployments ON service_deployments (account, region) WHERE finished = 0 AND lost = 0;
CREATE INDEX unfinished_workflow_runs ON workflow_runs (space, project) WHERE finished = 0 AND lost = 0;
CREATE INDEX unfinished_executions ON pipeline_executions (account, region, pipeline) WHERE finished = 0 AND lost = 0;
CREATE INDEX unfinished_actions ON pipeline_actions (account, region, pipeline) WHERE finished = 0 AND lost = 0;
CREATE TABLE runs (id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, ended_at INTEGER) STRICT;
CREATE TABLE ledger (
    run INTEGER NOT NULL REFERENCES runs (id), account TEXT NOT NULL, region TEXT NOT NULL, stream TEXT NOT NULL,
    outcome TEXT, detail TEXT NOT NULL DEFAULT '', requests INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0, new INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER,
    PRIMARY KEY (run, account, region, stream)
) STRICT;
CREATE TABLE coverage (
    account TEXT NOT NULL, region TEXT NOT NULL, stream TEXT NOT NULL, part TEXT NOT NULL,
    from_at INTEGER NOT NULL, until_at INTEGER NOT NULL,
    PRIMARY KEY (account, region, stream, part, from_at)
) STRICT;
CREATE TABLE scans (
    account TEXT NOT NULL, region TEXT NOT NULL, stream TEXT NOT NULL, part TEXT NOT NULL,
    token TEXT NOT NULL, begun_at INTEGER NOT NULL, horizon_at INTEGER, oldest_at INTEGER,
    disorder INTEGER NOT NULL,
    PRIMARY KEY (account, region, stream, part)
) STRICT;
CREATE TABLE windows (
    account TEXT NOT NULL, region TEXT NOT NULL, stream TEXT NOT NULL, part TEXT NOT NULL,
    width INTEGER NOT NULL,
    PRIMARY KEY (account, region, stream, part)
) STRICT;
"""

# How deployments were configured stood in `raw` alone: it is read out of what is there, as a fetch reads it now.
_VERSION_2 = """
ALTER TABLE service_deployments ADD COLUMN canary_percent REAL;
ALTER TABLE service_deployments ADD COLUMN canary_bake_minutes INTEGER;
ALTER TABLE service_deployments ADD COLUMN linear_step_percent REAL;
ALTER TABLE service_deployments ADD COLUMN linear_step_bake_minutes INTEGER;
ALTER TABLE service_deployments ADD COLUMN breaker_enabled INTEGER;
ALTER TABLE service_deployments ADD COLUMN breaker_rollback INTEGER;
ALTER TABLE service_deployments ADD COLUMN alarms_enabled INTEGER;
ALTER TABLE service_deployments ADD COLUMN alarms_rollback INTEGER;
ALTER TABLE service_deployments ADD COLUMN hooks TEXT NOT NULL DEFAULT '[]';
UPDATE service_deployments SET
    canary_percent = picked(raw, 'deploymentConfiguration.canaryConfiguration.canaryPercent', 'number'),
    canary_bake_minutes = picked(raw, 'deploymentConfiguration.canaryConfiguration.canaryBakeTimeInMinutes', 'integer'),
    linear_step_percent = picked(raw, 'deploymentConfiguration.linearConfiguration.stepPercent', 'number'),
    linear_step_bake_minutes =
        picked(raw, 'deploymentConfiguration.linearConfiguration.stepBakeTimeInMinutes', 'integer'),
    breaker_enabled = picked(raw, 'deploymentConfiguration.deploymentCircuitBreaker.enable', 'boolean'),
    breaker_rollback = picked(raw, 'deploymentConfiguration.deploymentCircuitBreaker.rollback', 'boolean'),
    alarms_enabled = picked(raw, 'deploymentConfiguration.alarms.enable', 'boolean'),
    alarms_rollback = picked(raw, 'deploymentConfiguration.alarms.rollback', 'boolean'),
    hooks = hooks_in(raw);
ALTER TABLE alarm_changes ADD COLUMN period_seconds INTEGER;
UPDATE alarm_changes SET
    period_seconds = picked(picked(raw, 'HistoryData', 'text'), 'newState.stateReasonData.period', 'integer');
ALTER TABLE pipeline_actions ADD COLUMN cluster TEXT;
ALTER TABLE pipeline_actions ADD COLUMN service TEXT;
UPDATE pipeline_actions SET
    cluster = picked(raw, 'input.configuration.ClusterName', 'text'),
    service = picked(raw, 'input.configuration.ServiceName', 'text');
ALTER TABLE table_deployments ADD COLUMN cluster TEXT;
ALTER TABLE table_deployments ADD COLUMN task_definition TEXT;
ALTER TABLE table_deployments ADD COLUMN kind TEXT;
ALTER TABLE table_deployments ADD COLUMN pushed_at INTEGER;
"""

# Answers that cannot be kept as rows have a table; what was never asked for again is unfinished; what others configured
# goes out of the raw answers.
_VERSION_3 = """
CREATE TABLE malformed_records (
    account TEXT NOT NULL, region TEXT NOT NULL, stream TEXT NOT NULL, in_table TEXT NOT NULL, id TEXT NOT NULL,
    reason TEXT NOT NULL, version INTEGER NOT NULL, finished INTEGER NOT NULL, lost INTEGER NOT NULL,
    observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (account, region, stream, in_table, id)
) STRICT;
CREATE INDEX unfinished_malformed ON malformed_records (account, region, stream) WHERE finished = 0;
CREATE INDEX unfinished_revisions ON service_revisions (account, region) WHERE finished = 0 AND lost = 0;
CREATE TABLE notices (text TEXT NOT NULL PRIMARY KEY) STRICT;
CREATE TABLE unwiped (table_name TEXT NOT NULL PRIMARY KEY) STRICT;
UPDATE service_deployments SET finished = 0 WHERE described = 0 AND finished = 1;
INSERT INTO service_revisions (arn, account, region, cluster, service, task_definition, created_at, version, finished,
    lost, observed_at, raw)
    SELECT mentioned.value, account, region, cluster, service, NULL, NULL, 0, 0, 0, observed_at, '{}'
    FROM service_deployments, json_each(words(target_revision, rollback_revision, source_revisions)) AS mentioned
    WHERE true ON CONFLICT DO NOTHING;
UPDATE pipeline_actions SET raw = stored_without(raw, {actions}) WHERE raw <> stored_without(raw, {actions});
INSERT INTO unwiped SELECT 'pipeline_actions' WHERE changes() > 0;
UPDATE pipeline_executions SET raw = stored_without(raw, ''), source_revisions = stored_without(source_revisions, '')
    WHERE raw <> stored_without(raw, '') OR source_revisions <> stored_without(source_revisions, '');
INSERT INTO unwiped SELECT 'pipeline_executions' WHERE changes() > 0;
UPDATE service_deployments SET raw = stored_without(raw, {deployments}) WHERE raw <> stored_without(raw, {deployments});
INSERT INTO unwiped SELECT 'service_deployments' WHERE changes() > 0;
UPDATE service_revisions SET raw = stored_without(raw, {revisions}) WHERE raw <> stored_without(raw, {revisions});
INSERT INTO unwiped SELECT 'service_revisions' WHERE changes() > 0;
UPDATE alarm_changes SET raw = stored_without(raw, {alarms}) WHERE raw <> stored_without(raw, {alarms});
INSERT INTO unwiped SELECT 'alarm_changes' WHERE changes() > 0;
INSERT INTO notices SELECT 'what others had configured, which may be secrets, was taken out of the raw answers of '
    || tables || ' in this store; snapshots that were exported before, and copies of the store,'
    || ' hold it still, in the files of those names: export anew, and remove them'
    FROM (SELECT group_concat(table_name, ', ') AS tables FROM unwiped) WHERE tables IS NOT NULL
"""
for _name, _paths in {
    "actions": "input.configuration input.resolvedConfiguration output.outputVariables",
    "deployments": "deploymentConfiguration.lifecycleHooks.hookDetails",
    "revisions": "serviceConnectConfiguration volumeConfigurations.managedEBSVolume.tagSpecifications",
    "alarms": "AlarmContributorAttributes",
}.items():
    _VERSION_3 = _VERSION_3.replace(f"{{{_name}}}", f"'{_paths}'")

_VERSION_4 = """
CREATE TABLE service_metrics (
    account TEXT NOT NULL, region TEXT NOT NULL, part TEXT NOT NULL, at INTEGER NOT NULL,
    period_seconds INTEGER NOT NULL, service TEXT NOT NULL, cluster TEXT, requests REAL, errors REAL,
    version INTEGER NOT NULL, finished INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
    observed_at INTEGER NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (account, region, part, at, period_seconds)
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
PRIVATE_SINCE = MIGRATIONS.index(_VERSION_3) + 1  # from this version on no answer in a store holds others' secrets


def version(connection: sqlite3.Connection) -> int:
    """Return the version of the tables in a store; 0 where there are none yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring a store's tables to the newest version, each migration in a transaction of its own.

    Two processes may do so at once: whoever comes second finds the work done.
    """
    connection.create_function("stored_without", 2, stored_without, deterministic=True)
    connection.create_function("words", 3, _words, deterministic=True)
    connection.create_function("picked", 3, _picked, deterministic=True)
    connection.create_function("hooks_in", 1, _hooks, deterministic=True)
    for number, script in enumerate(migrations, start=1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version(connection) < number:
                for statement in script.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _picked(text: str | None, path: str, kind: str) -> Any:
    """Return what a stored answer has in one place, if a column of a kind can keep it: for migrations."""
    value: Any = _loaded(text)
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if value is not None and fits(value, kind) else None


def _hooks(text: str | None) -> str:
    """Return what a deployment's hooks do and when, as a stored answer has them: for migrations."""
    settings = _loaded(text).get("deploymentConfiguration")
    hooks = settings.get("lifecycleHooks") if isinstance(settings, dict) else None
    kept = ("targetType", "hookTargetArn", "lifecycleStages", "timeoutConfiguration")
    found = [{name: each[name] for name in kept if each.get(name) is not None} for each in _dicts(hooks)]
    return written(found)


def _loaded(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _words(*texts: str | None) -> str:
    """Return the words of some texts as a JSON list, each once: for migrations."""
    return json.dumps(list(dict.fromkeys(word for text in texts for word in (text or "").split(" ") if word)))


def unwiped(connection: sqlite3.Connection) -> bool:
    """Return whether something that a migration took out may still be on the disk."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'unwiped'").fetchone()
    return bool(there and connection.execute("SELECT 1 FROM unwiped").fetchone())


def wipe(connection: sqlite3.Connection) -> None:
    """Take what a migration has replaced off the disk: rows that were overwritten stay in free pages and in the log.

    While others are at work on the store that cannot be; then the next one to open it does it.
    """
    if not unwiped(connection):
        return
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            connection.execute("DELETE FROM unwiped")


_SQL = {"text": "TEXT", "integer": "INTEGER", "boolean": "INTEGER", "instant": "INTEGER", "number": "REAL"}


def own_table(kind: type[Record]) -> str:
    """Return the SQL that makes a table for records of which no migration knows, where there is none yet."""
    lines = [f"{each.name} {_SQL[each.kind]}{'' if each.optional else ' NOT NULL'}" for each in columns(kind)]
    return f"CREATE TABLE IF NOT EXISTS {kind.TABLE} ({', '.join(lines)}, PRIMARY KEY ({', '.join(kind.KEY)})) STRICT"
