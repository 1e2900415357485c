"""What a history consists of: rollouts, deployments, revisions, alarms, runs and executions, as they truly were.

Instants are whole milliseconds since 1970 UTC, the resolution at which AWS answers. Not here: how they come about
(`stories`, `making`), how AWS tells of them at some instant (`operations`).
"""

from dataclasses import dataclass, field

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(slots=True)
class Revision:
    """One ECS service revision: a task definition and the images it was resolved to."""

    arn: str
    created: int
    commit: str
    digest: str
    tagged_only: bool  # ECS had not resolved the digest
    task_definition: str
    cluster: str = "shop"
    image: str = ""  # the repository of its image: the service's own, or the one it shares
    sidecar: str = ""  # the digest of the log router


@dataclass(slots=True)
class Deployment:
    """One ECS service deployment, with its end, whether or not that has come yet."""

    arn: str
    account: str
    region: str
    service: str
    cluster: str
    site: str  # the model's region
    rollout: int  # its number in the truth; -1 for what belongs to none
    purpose: str  # release, retry, roll-back, recovery, set-back (by people, hours later), configuration, forced
    kind: str  # change, retry, resume, rollback, redeploy, configuration: judged where it was deployed
    created: int
    started: int
    finished: int
    status: str
    reason: str
    target: Revision
    sources: list[Revision]
    strategy: str
    rollback_at: int | None = None
    rollback_reason: str = ""
    stopped: int | None = None
    failures: int = 0  # tasks that failed
    triggered: list[str] = field(default_factory=list)  # names of alarms
    visible: int = 0  # from when lists show it
    canary: tuple[float, int] | None = None  # percent, and minutes held
    action: str = ""  # the name of its action in the pipeline


@dataclass(slots=True)
class AlarmChange:
    """One entry of one alarm's history."""

    at: int
    alarm: str
    composite: bool
    kind: str  # StateUpdate, Action, ConfigurationUpdate
    before: str
    after: str
    reason: str
    cause: str  # why, in truth: evidence, nothing, noise, recovery, creation


@dataclass(slots=True)
class Run:
    """One run of a CodeCatalyst workflow."""

    id: str
    workflow: str
    started: int
    ended: int
    status: str
    rollout: int | None  # None: superseded before it deployed anything


@dataclass(slots=True)
class Action:
    """One action execution of CodePipeline."""

    id: str
    stage: str
    name: str
    category: str
    provider: str
    region: str
    started: int
    ended: int
    status: str
    external: str = ""
    error: str = ""
    configuration: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Execution:
    """One execution of a CodePipeline pipeline."""

    id: str
    pipeline: str
    started: int
    ended: int
    status: str
    commit: str
    rollout: int | None
    rollback_of: str = ""  # the execution gone back to
    actions: list[Action] = field(default_factory=list)


@dataclass(slots=True)
class Workflow:
    """One CodeCatalyst workflow, and the pipeline of the same name."""

    id: str
    name: str
    mode: str
    status: str
    created: int


@dataclass(slots=True)
class RolloutTruth:
    """One rollout as the model made it: what a join, a fit and a replay should find again.

    `minutes` count from the push, infinity and NaN as None; `harm` is region → (from, until), unseen by AWS.
    """

    number: int
    service: str
    account: str
    trial: int
    pushed: int
    ended: int
    commit: str
    digest: str
    again_of: int | None  # the rollout whose digest this one ships again
    overlaps: bool  # pushed before the one before had ended
    how: str  # pipeline; configuration, cloudformation: without a run
    dirt: list[str]  # what happened to it beyond the model
    outcome: str
    build_minutes: float
    detected_minutes: float | None
    recovered_minutes: float | None
    alarm_region: str
    alarm_source: str
    reaction_minutes: float | None
    faults: list[str]
    harm: dict[str, tuple[int, int]]
    severity: float
    impact_minutes: float
    run: str = ""
    execution: str = ""
    deployments: list[str] = field(default_factory=list)  # ARNs
