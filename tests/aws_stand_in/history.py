"""A history: everything that truly happened, indexed so that any page of it is found at once, and a clock.

What AWS would say at some instant depends on the clock (`now`): what begins later is not there yet, what ends later
is in progress. Not here: how it was made (`making`, `telling`), the answers (`operations`).
"""

import datetime as dt
import random
import re
import threading
from collections import defaultdict
from dataclasses import asdict
from typing import Any, Self

import simulation
import waves
from tests.aws_stand_in import names, telling
from tests.aws_stand_in.dirt import Dirt
from tests.aws_stand_in.making import Made, Wishes, make
from tests.aws_stand_in.things import MINUTE, Deployment, Execution, Revision, RolloutTruth

UNTIL = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)


class History:
    """What the stand-in serves; made by `History.make`.

    Attributes
    ----------
    truth
        The rollouts as the model made them, oldest first.
    deployments
        All ECS deployments, oldest first.
    now
        What AWS's clock shows, in milliseconds since 1970; `StandIn.mutate` moves it.
    unknown
        The share of records whose enums have a value that no model lists.
    deployment_days, alarm_days
        How long AWS remembers; None: for ever.
    """

    def __init__(
        self, made: Made, wishes: Wishes, regions: list[str], unknown: float, traffic: dict[str, float]
    ) -> None:
        self.wishes, self.seed, self.unknown = wishes, wishes.seed, unknown
        self.accounts = list(wishes.accounts)
        self.traffic = traffic  # requests a minute by region of the model
        self.truth: list[RolloutTruth] = made.rollouts
        self.told = made.told
        self.deployments: list[Deployment] = made.deployments
        self.services, self.offsets = made.services, made.offsets
        self.cells = {site: wishes.dirt.cells.get(site, (site, names.CLUSTER)) for site in regions}
        self.regions = list(dict.fromkeys(region for region, _ in self.cells.values()))
        new = {name: made.services[service] for service, (name, _) in made.renamed.items()}
        self.called = made.services | new  # every name that a service ever had → account
        old = {name: service for service, (name, _) in made.renamed.items()}
        self.first_names = {name: old.get(name, name) for name in self.called}
        self.workflows = telling.workflows(made, wishes)
        self.runs = telling.runs(made, wishes, self.workflows)
        self.executions = telling.executions(made, wishes)
        self.alarms = telling.alarms(made, wishes)
        self.now = wishes.until
        self.deployment_days: float | None = None
        self.alarm_days: float | None = None
        self.changed: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self._index(made)

    def _index(self, made: Made) -> None:
        self.by_arn = {deployment.arn: deployment for deployment in self.deployments}
        self.revisions: dict[str, tuple[Deployment | None, Revision]] = {}
        self.sites = {cell: site for site, cell in self.cells.items()}
        self.by_service: dict[tuple[str, str], list[Deployment]] = defaultdict(list)  # (service, site)
        for deployment in self.deployments:
            self.by_service[deployment.service, deployment.site].append(deployment)
            self.revisions[deployment.target.arn] = (deployment, deployment.target)
        self.revisions |= {revision.arn: (None, revision) for revision in made.first.values()}
        names_of = {service: [service] for service in made.services}
        for service, (name, _) in made.renamed.items():
            names_of[service].append(name)
        self.first = {
            (name, site): revision for (service, site), revision in made.first.items() for name in names_of[service]
        }
        self.by_pipeline: dict[str, list[Execution]] = defaultdict(list)
        for execution in self.executions:
            self.by_pipeline[execution.pipeline].append(execution)
        self.actions_by_pipeline = {
            pipeline: [(execution, action) for execution in own for action in execution.actions]
            for pipeline, own in self.by_pipeline.items()
        }
        self.workflow_names = {flow.id: flow.name for flow in self.workflows}
        self.runs_by_id = {run.id: run for run in self.runs}

    @classmethod
    def make(
        cls,
        seed: int = 7,
        *,
        accounts: tuple[str, ...] | list[str] = ("111122223333",),
        regions: list[str] | None = None,
        deployments: int = 600,
        days: float = 120.0,
        services: int | None = None,
        until: dt.datetime = UNTIL,
        scenario: simulation.Scenario | None = None,
        plan: waves.Plan | None = None,
        redeploys: float = 0.06,
        superseded: float = 0.05,
        parallel: float = 0.03,
        digestless: float = 0.02,
        late: float = 0.0,
        skew_minutes: float = 0.0,
        unknown: float = 0.0,
        dirt: Dirt | None = None,
    ) -> Self:
        """Make a history from our own model's draws; the same arguments always give the same one.

        Parameters
        ----------
        seed, until, days, deployments
            A whole number; the end of the history, at first also its `now`, which cuts each service's last rollout
            in two; about how many days it spans; at least how many ECS deployments it has, roll-backs included.
        accounts, services, regions
            Account ids, to which services are dealt out in turn; how many services, None for as many as the days
            need; a part of the plan's regions, None for all of them.
        scenario, plan
            What happens, and in which waves; the storefront in three waves, with one retry, if left out.
        redeploys, superseded, parallel
            The share of rollouts that ship an earlier digest again, that had a run superseded behind them, that
            were pushed while the one before still ran. ECS stops what a newer deployment of the same service
            overtakes; the pipeline of the overtaken rollout goes on all the same.
        digestless, late, unknown
            The share of revisions for which ECS knows no image digest, of deployments that lists show only minutes
            later, of records with enum values that no model lists.
        skew_minutes
            By how much the clocks of regions may be wrong, either way.
        dirt
            What else makes histories hard to join; none if left out.
        """
        if strangers := [account for account in accounts if not re.fullmatch(r"\d{12}", account)]:
            raise ValueError(f"accounts {strangers} are no account ids; give 12 digits each, as text")
        scenario = scenario or simulation.sample("storefront")
        plan = plan or waves.sample("six-region-three-wave").model_copy(update={"retries": 1})
        plan = _within(plan, regions)
        wishes = Wishes(
            seed=seed,
            accounts=tuple(accounts),
            deployments=deployments,
            days=days,
            services=services,
            until=round(until.timestamp() * 1000),
            redeploys=redeploys,
            superseded=superseded,
            parallel=parallel,
            digestless=digestless,
            late=late,
            skew_minutes=skew_minutes,
            dirt=dirt or Dirt(),
        )
        made = make(simulation.setting(plan, scenario), wishes)
        traffic = {region.name: float(region.traffic) for region in scenario.fleet.regions}
        return cls(made, wishes, list(plan.regions), unknown, traffic)

    def clock(self, region: str) -> int:
        """What a region's own clock shows."""
        return self.now + self.offsets.get(region, 0)  # of a region with cells: that of the region itself

    def at(self, when: dt.datetime | float) -> Self:
        """Set the clock: an instant, or minutes before (−) or after the end of the history; returns itself."""
        if isinstance(when, dt.datetime):
            self.now = round(when.timestamp() * 1000)
        else:
            self.now = self.wishes.until + round(when * MINUTE)
        return self

    def strange(self, identity: str) -> bool:
        """Whether a record is one of those with enum values that no model lists."""
        return int(names.code(self.seed, identity, "unknown", length=8), 16) < self.unknown * 16**8

    def incidents(self) -> list[dict[str, Any]]:
        """What a team has written down: each rollout that hurt anybody, detected or not, but for the dirt."""
        found = []
        dirt = self.wishes.dirt
        for rollout in self.truth:
            chance = random.Random(f"{self.seed}/{rollout.number}/incident")
            if rollout.harm and chance.random() >= dirt.missing_incidents:
                wrong = chance.random() < dirt.wrong_incidents
                named = self.truth[chance.randrange(len(self.truth))] if wrong else rollout
                begins, ends = zip(*rollout.harm.values(), strict=True)
                detected = rollout.detected_minutes
                found.append(
                    {
                        "rollout": str(rollout.number),
                        "digest": named.digest,
                        "started": when(min(begins)),
                        "detected": None if detected is None else when(rollout.pushed + round(detected * MINUTE)),
                        "mitigated": when(max(ends)),
                        "regions": list(rollout.harm),
                        "wrong": wrong,
                        "note": ", ".join(rollout.faults),
                    }
                )
        return found

    def truth_document(self) -> dict[str, Any]:
        """The truth as plain values, for a file."""
        return {
            "synthetic": True,
            "seed": self.seed,
            "made_by": "tests.aws_stand_in, from the model's draws over a sample scenario",
            "clock_offsets_milliseconds": self.offsets,
            "no_rollout": [each.arn for each in self.deployments if each.rollout < 0],
            "rollouts": [asdict(rollout) for rollout in self.truth],
        }


def when(instant: int) -> dt.datetime:
    """Turn milliseconds into an aware UTC datetime, exactly."""
    return _EPOCH + dt.timedelta(milliseconds=instant)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _within(plan: waves.Plan, regions: list[str] | None) -> waves.Plan:
    """Leave out of a plan what is not wanted; what the plan does not have is a mistake."""
    if regions is None:
        return plan
    if strangers := [region for region in regions if region not in plan.regions]:
        raise ValueError(f"regions {strangers} are not in the plan {plan.name!r}, which has {list(plan.regions)}")
    parts = []
    for wave in plan.waves:
        if own := tuple(region for region in wave.regions if region in regions):
            parts.append(wave.model_copy(update={"regions": own}))
    strategies = {region: each for region, each in plan.strategies.items() if region in regions}
    fields = {name: getattr(plan, name) for name in waves.Plan.model_fields}
    return waves.Plan(**{**fields, "waves": tuple(parts), "strategies": strategies})
