"""What the store holds: one frozen class a table, its columns in order, its key.

Not here: the SQL (`history.keeping.migrations`, `history.keeping.store`) and where the records come from
(`history.sources`). Column types: text, whole numbers, numbers, yes/no, and instants in UTC microseconds. Lists
are JSON text.
"""

import dataclasses
import json
import types
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

from history.instants import Instant


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of one table.

    Attributes
    ----------
    version : int
        When the thing itself last changed, UTC microseconds: of two answers about it, the later is kept.
    finished : bool
        Whether it will change no more; what is unfinished is asked for again at every run.
    raw : str
        The whole answer as JSON.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]

    version: Instant
    finished: bool
    raw: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDeployment(Record):
    """One deployment of one ECS service. `described` is false where AWS listed it but no longer had its details."""

    TABLE: ClassVar[str] = "service_deployments"
    KEY: ClassVar[tuple[str, ...]] = ("arn",)

    arn: str
    account: str
    region: str
    cluster: str
    service: str
    status: str
    status_reason: str | None
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    stopped_at: Instant | None
    updated_at: Instant | None
    target_revision: str | None
    source_revisions: str
    lifecycle_stage: str | None
    strategy: str | None
    bake_minutes: int | None
    canary_percent: float | None
    canary_bake_minutes: int | None
    linear_step_percent: float | None
    linear_step_bake_minutes: int | None
    breaker_enabled: bool | None
    breaker_rollback: bool | None
    alarms_enabled: bool | None
    alarms_rollback: bool | None
    hooks: str
    rollback_reason: str | None
    rollback_started_at: Instant | None
    rollback_revision: str | None
    breaker_status: str | None
    breaker_failures: int | None
    breaker_threshold: int | None
    alarms_status: str | None
    alarm_names: str
    triggered_alarms: str
    described: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRevision(Record):
    """What an ECS service ran: its task definition; the images are in `service_images`."""

    TABLE: ClassVar[str] = "service_revisions"
    KEY: ClassVar[tuple[str, ...]] = ("arn",)

    arn: str
    account: str
    region: str
    cluster: str
    service: str
    task_definition: str | None
    created_at: Instant | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceImage(Record):
    """One container image of one service revision: the digest is what joins regions into rollouts."""

    TABLE: ClassVar[str] = "service_images"
    KEY: ClassVar[tuple[str, ...]] = ("revision", "container")

    revision: str
    container: str
    account: str
    region: str
    image: str | None
    digest: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChange(Record):
    """One change of state of one CloudWatch alarm. CloudWatch gives no id: `id` is a digest of the entry."""

    TABLE: ClassVar[str] = "alarm_changes"
    KEY: ClassVar[tuple[str, ...]] = ("account", "region", "id")

    account: str
    region: str
    id: str
    alarm: str
    alarm_type: str | None
    at: Instant
    state_from: str | None
    state_to: str | None
    summary: str | None
    period_seconds: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workflow(Record):
    """One CodeCatalyst workflow, as it was last listed."""

    TABLE: ClassVar[str] = "workflows"
    KEY: ClassVar[tuple[str, ...]] = ("space", "project", "id")

    space: str
    project: str
    id: str
    name: str
    repository: str | None
    branch: str | None
    path: str | None
    run_mode: str | None
    status: str | None
    created_at: Instant | None
    updated_at: Instant | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun(Record):
    """One run of a CodeCatalyst workflow. CodeCatalyst tells neither its commit nor the times of its actions."""

    TABLE: ClassVar[str] = "workflow_runs"
    KEY: ClassVar[tuple[str, ...]] = ("space", "project", "id")

    space: str
    project: str
    id: str
    workflow: str
    workflow_name: str | None
    status: str
    started_at: Instant
    ended_at: Instant | None
    updated_at: Instant | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PipelineExecution(Record):
    """One execution of a CodePipeline pipeline."""

    TABLE: ClassVar[str] = "pipeline_executions"
    KEY: ClassVar[tuple[str, ...]] = ("account", "region", "pipeline", "id")

    account: str
    region: str
    pipeline: str
    id: str
    status: str
    started_at: Instant
    updated_at: Instant | None
    trigger: str | None
    execution_mode: str | None
    execution_type: str | None
    source_revisions: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PipelineAction(Record):
    """One action in one CodePipeline execution; `action_region` is where it acted."""

    TABLE: ClassVar[str] = "pipeline_actions"
    KEY: ClassVar[tuple[str, ...]] = ("account", "region", "pipeline", "id")

    account: str
    region: str
    pipeline: str
    id: str
    execution: str
    stage: str | None
    action: str | None
    status: str
    action_region: str | None
    category: str | None
    provider: str | None
    cluster: str | None
    service: str | None
    started_at: Instant
    updated_at: Instant | None
    external_id: str | None
    error: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableDeployment(Record):
    """One deployment that somebody imported from a table; see `history.importing.tables`."""

    TABLE: ClassVar[str] = "table_deployments"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    service: str
    region: str
    status: str
    started_at: Instant
    finished_at: Instant | None
    digest: str | None
    rollout: str | None
    cluster: str | None
    task_definition: str | None
    kind: str | None
    pushed_at: Instant | None
    alarm_at: Instant | None
    rollback_started_at: Instant | None
    note: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Incident(Record):
    """One incident that somebody imported: a change was bad, whatever the deployment said."""

    TABLE: ClassVar[str] = "incidents"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    rollout: str | None
    digest: str | None
    started_at: Instant
    detected_at: Instant | None
    mitigated_at: Instant | None
    regions: str
    note: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMetric(Record):
    """What a service answered in one region in one period, by CloudWatch; a count that could not be read is None.

    `part` is the service, or cluster/service. A period without a row, of a time that is covered, had no request.
    """

    TABLE: ClassVar[str] = "service_metrics"
    KEY: ClassVar[tuple[str, ...]] = ("account", "region", "part", "at", "period_seconds")

    account: str
    region: str
    part: str
    at: Instant
    period_seconds: int
    service: str
    cluster: str | None
    requests: float | None
    errors: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MalformedRecord(Record):
    """One answer about one thing that cannot be kept as a row of its table: `raw` has it, `reason` says why.

    `id` is the JSON list of the thing's key, or a digest of the answer where that cannot be read. It is finished once
    a later answer about the thing could be kept, or where the thing itself has ended.
    """

    TABLE: ClassVar[str] = "malformed_records"
    KEY: ClassVar[tuple[str, ...]] = ("account", "region", "stream", "in_table", "id")

    account: str
    region: str
    stream: str
    in_table: str
    id: str
    reason: str


RECORDS: tuple[type[Record], ...] = (
    ServiceDeployment,
    ServiceRevision,
    ServiceImage,
    AlarmChange,
    Workflow,
    WorkflowRun,
    PipelineExecution,
    PipelineAction,
    TableDeployment,
    Incident,
    ServiceMetric,
    MalformedRecord,
)


def key_of(record: Record) -> tuple[Any, ...]:
    """Return the values of a record's key."""
    return tuple(getattr(record, name) for name in record.KEY)


def read_key(written: str) -> tuple[Any, ...]:
    """Read the key of a thing off the `id` of a malformed record; empty where it is only a digest."""
    return tuple(json.loads(written)) if written.startswith("[") else ()


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its name, its kind (`text`, `integer`, `number`, `boolean`, `instant`), whether it may be null."""

    name: str
    kind: str
    optional: bool


_KINDS: dict[Any, str] = {str: "text", int: "integer", float: "number", bool: "boolean"}
_LAST = ("version", "finished", "raw")


_COLUMNS: dict[type[Record], tuple[Column, ...]] = {}


def columns(kind: type[Record]) -> tuple[Column, ...]:
    """Return the columns of a table, in order, with those the store adds: `lost` and `observed_at`.

    Parameters
    ----------
    kind : type of Record
        One of `RECORDS`, or a source's own.
    """
    if kind not in _COLUMNS:
        _COLUMNS[kind] = _columns(kind)
    return _COLUMNS[kind]


def _columns(kind: type[Record]) -> tuple[Column, ...]:
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in dataclasses.fields(kind) if field.name not in _LAST]
    return (
        *(_column(name, hints[name]) for name in names),
        Column("version", "instant", False),
        Column("finished", "boolean", False),
        Column("lost", "boolean", False),
        Column("observed_at", "instant", False),
        Column("raw", "text", False),
    )


def _column(name: str, hint: Any) -> Column:
    options = get_args(hint) if isinstance(hint, types.UnionType) or type(None) in get_args(hint) else (hint,)
    (base,) = [option for option in options if option is not type(None)]
    optional = len(options) > 1
    if get_origin(base) is Annotated:
        return Column(name, "instant", optional)
    return Column(name, _KINDS[base], optional)
