"""How much of an answer is recorded, constrained or imputed, and where a plan goes beyond what history saw.

Counted are the numbers that a plan asks for in every rollout: the build, each gate, each deployment, and for each
region what is wrong with it and who notices. Not here: the answer's figures (`answer`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from history.replaying.latents import exposed
from history.replaying.records import Records
from simulation import Scenario
from waves import Plan
from waves.showing import listed

KINDS = ("recorded", "constrained", "imputed")


@dataclass
class Shares:
    """What the records know, counted: by gate and by region.

    Attributes
    ----------
    rollouts
        How many.
    gates, waits
        By gate: in how many its handover, and its approval, is recorded.
    waiting
        By gate: in how many a halt cut it short.
    deployed, flying, exposed
        By region: in how many a deployment's minutes are recorded, or a halt cut it short; in how many it was exposed.
    """

    rollouts: int = 0
    gates: dict[int, int] = field(default_factory=dict)
    waits: dict[int, int] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)
    deployed: dict[str, int] = field(default_factory=dict)
    flying: dict[str, int] = field(default_factory=dict)
    exposed: dict[str, int] = field(default_factory=dict)

    def add(self, records: Records) -> None:
        """Count some records."""
        self.rollouts += len(records)
        for g in range(len(records.plan.waves)):
            _more(self.gates, g, np.sum(~np.isnan(records.handover[g])))
            _more(self.waits, g, np.sum(~np.isnan(records.wait[g])))
            _more(self.waiting, g, np.sum(~np.isnan(records.waited) & (records.begun == g)))
        reach = exposed(records, len(records.started))
        for name, r in records.places.items():
            _more(self.deployed, name, np.sum((records.failed[:, r] == 0).any(axis=0)))
            _more(self.flying, name, np.sum(~np.isnan(records.in_flight[r])))
            _more(self.exposed, name, np.sum(reach[r]))

    def of(self, plans: Mapping[str, Plan]) -> dict[str, dict[str, float]]:
        """Return by plan the three shares, which sum to 1."""
        return {name: self._of(plan) for name, plan in plans.items()}

    def _of(self, plan: Plan) -> dict[str, float]:
        recorded, constrained, needed = float(self.rollouts), 0.0, float(self.rollouts)  # the build
        for g, wave in enumerate(plan.waves):
            for asked, own in ((g > 0, self.gates), (wave.approval, self.waits)):
                if asked:
                    recorded, needed = recorded + own.get(g, 0), needed + self.rollouts
                    constrained += self.waiting.get(g, 0)
        for name in plan.regions:
            recorded, needed = recorded + self.deployed.get(name, 0), needed + 2 * self.rollouts
            constrained += self.flying.get(name, 0) + self.exposed.get(name, 0)
        if not needed:
            return dict.fromkeys(KINDS, float("nan"))
        found = {"recorded": recorded / needed, "constrained": min(constrained / needed, 1 - recorded / needed)}
        return {**found, "imputed": 1.0 - sum(found.values())}


def _more(counts: dict[Any, int], key: int | str, count: float) -> None:
    counts[key] = counts.get(key, 0) + int(count)


@dataclass(frozen=True)
class Reach:
    """Up to where history saw regions: the earliest wave in which each was ever deployed, from 1."""

    earliest: Mapping[str, int]

    @classmethod
    def of(cls, groups: Iterable[Records], scenario: Scenario) -> "Reach":
        """Return that of some groups of records."""
        found: dict[str, int] = {}
        for records in groups:
            for number, wave in enumerate(records.plan.waves, start=1):
                for name in wave.regions:
                    if name in records.places and (~np.isnan(records.started[records.places[name]])).any():
                        found[name] = min(found.get(name, number), number)
        return cls({name: found[name] for name in scenario.fleet.names if name in found})

    def sentences(self, name: str, plan: Plan) -> Sequence[str]:
        """Say where a plan goes beyond what history saw."""
        found = []
        never = [region for region in plan.regions if region not in self.earliest]
        if never:
            found.append(
                f"{name}: no rollout of the history ever reached {listed(never)}; how long it takes there, and what "
                "a bad change does, is the scenario's word, and all the rest can still be said"
            )
        sooner = [
            (region, number, self.earliest[region])
            for number, wave in enumerate(plan.waves, start=1)
            for region in wave.regions
            if region in self.earliest and number < self.earliest[region]
        ]
        if sooner:
            which = listed([region for region, _, _ in sooner])
            first = min(earliest for _, _, earliest in sooner)
            found.append(
                f"{name}: an extrapolation, as {which} {'come' if len(sooner) > 1 else 'comes'} sooner than in any "
                f"rollout of the history (there not before wave {first}): what a bad change does there first, no "
                "record says directly"
            )
        return found
