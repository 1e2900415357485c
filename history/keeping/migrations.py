"""The store's tables as SQL, version by version. A migration that was released is never edited: add one behind it.

`history.records` says the same in Python; a test holds the two together. A source may bring tables of its own, which
are made as its records say; once they were released, another column of theirs is a migration, too.
"""

import sqlite3
from collections.abc import Sequence

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
    canary_percent = json_extract(raw, '$.deploymentConfiguration.canaryConfiguration.canaryPercent'),
    canary_bake_minutes = json_extract(raw, '$.deploymentConfiguration.canaryConfiguration.canaryBakeTimeInMinutes'),
    linear_step_percent = json_extract(raw, '$.deploymentConfiguration.linearConfiguration.stepPercent'),
    linear_step_bake_minutes =
        json_extract(raw, '$.deploymentConfiguration.linearConfiguration.stepBakeTimeInMinutes'),
    breaker_enabled = json_extract(raw, '$.deploymentConfiguration.deploymentCircuitBreaker.enable'),
    breaker_rollback = json_extract(raw, '$.deploymentConfiguration.deploymentCircuitBreaker.rollback'),
    alarms_enabled = json_extract(raw, '$.deploymentConfiguration.alarms.enable'),
    alarms_rollback = json_extract(raw, '$.deploymentConfiguration.alarms.rollback'),
    hooks = coalesce((
        SELECT json_group_array(json_patch('{}', json_object(
            'hookTargetArn', json_extract(value, '$.hookTargetArn'),
            'lifecycleStages', json_extract(value, '$.lifecycleStages'),
            'targetType', json_extract(value, '$.targetType'),
            'timeoutConfiguration', json_extract(value, '$.timeoutConfiguration'))))
        FROM json_each(raw, '$.deploymentConfiguration.lifecycleHooks')), '[]')
    WHERE json_valid(raw);
ALTER TABLE alarm_changes ADD COLUMN period_seconds INTEGER;
UPDATE alarm_changes SET
    period_seconds = json_extract(json_extract(raw, '$.HistoryData'), '$.newState.stateReasonData.period')
    WHERE json_valid(raw) AND json_valid(json_extract(raw, '$.HistoryData'))
    AND typeof(json_extract(json_extract(raw, '$.HistoryData'), '$.newState.stateReasonData.period')) = 'integer';
ALTER TABLE pipeline_actions ADD COLUMN cluster TEXT;
ALTER TABLE pipeline_actions ADD COLUMN service TEXT;
UPDATE pipeline_actions SET
    cluster = json_extract(raw, '$.input.configuration.ClusterName'),
    service = json_extract(raw, '$.input.configuration.ServiceName')
    WHERE json_valid(raw);
ALTER TABLE table_deployments ADD COLUMN cluster TEXT;
ALTER TABLE table_deployments ADD COLUMN task_definition TEXT;
ALTER TABLE table_deployments ADD COLUMN kind TEXT;
ALTER TABLE table_deployments ADD COLUMN pushed_at INTEGER;
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2)


def version(connection: sqlite3.Connection) -> int:
    """Give the version of the tables in a store; 0 where there are none yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring a store's tables to the newest version, each migration in a transaction of its own.

    Two processes may do so at once: whoever comes second finds the work done.
    """
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


_SQL = {"text": "TEXT", "integer": "INTEGER", "boolean": "INTEGER", "instant": "INTEGER", "number": "REAL"}


def own_table(kind: type[Record]) -> str:
    """Give the SQL that makes a table for records of which no migration knows, where there is none yet."""
    lines = [f"{each.name} {_SQL[each.kind]}{'' if each.optional else ' NOT NULL'}" for each in columns(kind)]
    return f"CREATE TABLE IF NOT EXISTS {kind.TABLE} ({', '.join(lines)}, PRIMARY KEY ({', '.join(kind.KEY)})) STRICT"
