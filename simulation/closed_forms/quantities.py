"""The course of a rollout whose times are constants, in the letters of docs/exact.md: what closed forms are made of.

Not here: whether the closed forms hold for a plan and a scenario (``assumptions``), which figures there are
(``forms``). Nothing here is checked: a `Course` looks a value up when it is asked for it, and what it answers means
nothing where the assumption behind that does not hold.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from simulation.closed_forms.survival import Survival
from simulation.draws import MINUTES_A_DAY
from simulation.scenario import Fault
from simulation.setting import Setting, Site


@dataclass(frozen=True)
class Course:
    """What the closed forms are made of, in the letters of docs/exact.md.

    Attributes
    ----------
    setting
        The plan and the scenario, laid together.
    """

    setting: Setting

    @property
    def sites(self) -> tuple[Site, ...]:
        """The plan's regions, in plan order."""
        return self.setting.sites

    def value(self, field: str, site: Site) -> object:
        """Return the value that a field of the scenario has in a region."""
        return self.setting.scenario.of(site.region, field)

    def _constant(self, field: str) -> float:
        return float(self.value(field, self.sites[0]).support[0])  # type: ignore[attr-defined]

    @cached_property
    def deploy(self) -> float:
        """The minutes d in which every region deploys."""
        return self._constant("deploy")

    @cached_property
    def live(self) -> tuple[float, ...]:
        """The instants L_j at which the waves take their traffic, if nothing halts them."""
        bakes = [wave.bake_minutes for wave, _ in self.setting.waves]
        # In the engine's order of additions: L + b, then + d.
        return tuple(accumulate(bakes[:-1], lambda at, bake: at + bake + self.deploy, initial=self.deploy))

    @cached_property
    def end(self) -> float:
        """The minutes T that a clean rollout takes."""
        return self.live[-1] + self.setting.waves[-1][0].bake_minutes

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The share ω_j of the fleet's traffic that each wave adds."""
        return tuple(sum(site.share for site in sites) for _, sites in self.setting.waves)

    @cached_property
    def totals(self) -> tuple[float, ...]:
        """V_j = ω_1 + … + ω_j."""
        return tuple(accumulate(self.shares))

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many regions each wave has."""
        return tuple(len(sites) for _, sites in self.setting.waves)

    @property
    def horizon(self) -> float:
        """The minutes H after which the book is closed."""
        return self.setting.scenario.horizon_minutes

    @cached_property
    def rate(self) -> float:
        """λ: alarms a minute where the whole fleet hurts, so λ·(hurting share) elsewhere."""
        return self.setting.scenario.fleet.traffic / self.value("evidence", self.sites[0]).mean  # type: ignore[attr-defined]

    @cached_property
    def lag(self) -> float:
        """The minutes δ from enough evidence to the alarm."""
        return self._constant("lag")

    @cached_property
    def recovery(self) -> float:
        """The minutes ρ from the alarm to the end of the roll-back."""
        return float(self.setting.scenario.reaction.support[0]) + self._constant("rollback")

    @property
    def fix(self) -> float:
        """The mean minutes from the end of a rollout that did not ship to the next try."""
        return float(self.setting.scenario.fix.mean)

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that can hit the plan; those of probability 0 only where there are no others."""
        scenario = self.setting.scenario
        found = [f for f in scenario.faults if any(scenario.hits(f, site.region) for site in self.sites)]
        return tuple([fault for fault in found if fault.probability > 0] or found)

    def reached_by(self, fault: Fault) -> tuple[Site, ...]:
        """Return the plan's regions that a fault can hit."""
        return tuple(site for site in self.sites if self.setting.scenario.hits(fault, site.region))

    def alone(self, fault: Fault) -> bool:
        """Return whether each draw of a fault concerns one region of the plan alone."""
        return fault.where == "each_region" or len(self.reached_by(fault)) == 1

    @property
    def chance(self) -> float:
        """The probability p of the first fault; 0 where there is none."""
        return self.faults[0].probability if self.faults else 0.0

    @cached_property
    def clean(self) -> float:
        """The probability that no fault hits the plan."""
        draws = [len(self.reached_by(f)) if f.where == "each_region" else 1 for f in self.faults]
        return math.prod((1 - fault.probability) ** n for fault, n in zip(self.faults, draws, strict=True))

    @cached_property
    def alarms(self) -> Survival:
        """The chance S(t) that a defect common to all regions has raised no alarm by t, pipeline unhalted till then."""
        starts = tuple(at + self.lag for at in self.live)
        return Survival(tuple(self.rate * share for share in self.shares), starts)

    @cached_property
    def blind(self) -> Survival:
        """S(t) = 1: nothing sees the defect."""
        return Survival((), ())

    @cached_property
    def false_alarms(self) -> Survival:
        """The chance that no false alarm has come by t."""
        back = {"rolling": self.deploy}  # a rolling region serves from the start of its ramp
        rates = (float(self.value("false_alarms_per_region_day", s)) / MINUTES_A_DAY for s in self.sites)  # type: ignore[arg-type]
        return Survival(tuple(rates), tuple(self.live[s.wave] - back.get(str(s.strategy), 0.0) for s in self.sites))

    def mean_share(self, survival: Survival) -> float:
        """Return E[exposed share | defect] = Σ ω_j S(L_j), which is Σ V_j (S_{j−1} − S_j) + V_k S_k."""
        return sum(share * survival.at(at) for share, at in zip(self.shares, self.live, strict=True))

    def impact(self, survival: Survival, horizon: float, recovery: float) -> float:
        """Return E[impact | defect] of step exposure, recovery after each alarm, the book closed at a horizon.

        Wave j hurts at t if no alarm came by L_j, and none by t − ρ: ω_j ∫ P(that) dt over L_j … H, all added up.
        """
        total = 0.0
        for share, at in zip(self.shares, self.live, strict=True):
            frozen = max(min(recovery, horizon - at), 0.0) * survival.at(at)
            total += share * (frozen + survival.area(at, horizon - recovery))
        return total

    def in_wave(self, j: int) -> float:
        """Return P(alarm while a wave is the newest | defect); the last one's ends with the pipeline."""
        after = (*self.live[1:], self.end)[j]
        return self.alarms.at(self.live[j]) * -math.expm1(
            self.alarms.cumulated(self.live[j]) - self.alarms.cumulated(after)
        )

    def shipped(self, survival: Survival) -> float:
        """Return P(shipped): the change is good, or nothing sees by T that it is bad."""
        return (1 - self.chance) + self.chance * survival.at(self.end)

    @property
    def share_at_alarm(self) -> float:
        """Return E[share on the change at an alarm before T; 0 without one | defect] = Σ V_j (S_{j−1} − S_j)."""
        return sum(total * self.in_wave(j) for j, total in enumerate(self.totals))

    @property
    def added_by_lag(self) -> float:
        """Return E[share-time from evidence to alarm; 0 where the evidence is not complete by T | defect].

        Wave j hurts through the lag where no alarm came by L_j and the evidence is complete by t ≥ L_j: what is left
        after taking away the rollouts with none by T, which is δ V_k S(T + δ).
        """
        lagging = sum(
            share * self.alarms.area(at, at + self.lag) for share, at in zip(self.shares, self.live, strict=True)
        )
        return lagging - self.lag * self.totals[-1] * self.alarms.at(self.end + self.lag)

    @property
    def ramps(self) -> float:
        """Return what rolling adds to step exposure: ω d/2, as x rises from 0 to 1 over the deployment."""
        return sum(site.share for site in self.sites if site.strategy == "rolling") * self.deploy / 2

    @cached_property
    def chances(self) -> tuple[float, ...]:
        """The probability p_r of a defect in each region of the plan, in plan order, the regions independent."""
        spared = (math.prod(1 - f.probability for f in self.faults if s in self.reached_by(f)) for s in self.sites)
        return tuple(1 - chance for chance in spared)

    def unseen(self, t: float, site: Site) -> float:
        """Return the chance that a defect of one region alone has raised no alarm there by t."""
        return math.exp(-self.rate * site.share * max(t - self.live[site.wave] - self.lag, 0.0))

    def quiet(self, t: float) -> float:
        """Return N(t) = P(no alarm by t) = Π_r [1 − p_r + p_r exp(−λ w_r (t − δ − L_r)⁺)], defects independent."""
        return math.prod(1 - p + p * self.unseen(t, s) for p, s in zip(self.chances, self.sites, strict=True))

    def exposed_on_average(self, weight: Callable[[Site], float]) -> float:
        """Return E[Σ weight over exposed regions]: region r is bad, and independently nothing halted before L_r."""
        quiet = [self.quiet(at) for at in self.live]
        return sum(weight(s) * p * quiet[s.wave] for p, s in zip(self.chances, self.sites, strict=True))

    @cached_property
    def exposed_counts(self) -> NDArray[np.float64]:
        """P(exactly n regions exposed) for n = 0, 1, …, defects independent by region; shape (regions + 1,).

        Generating functions: with G_j(t) = Π over the regions of waves 1 … j of [1 − p_r + p_r z · unseen_r(t)], the
        rollouts that stop in wave j are those alive at L_j but not at L_{j+1}:
        Σ_{j<k} [G_j(L_j) − G_j(L_{j+1})] + G_k(L_k).
        """
        total = np.zeros(len(self.sites) + 1)
        for j, at in enumerate(self.live):
            within = [(p, s) for p, s in zip(self.chances, self.sites, strict=True) if s.wave <= j]
            alive = _product((1 - p, p * self.unseen(at, s)) for p, s in within)
            total[: len(alive)] += alive
            if j + 1 < len(self.live):
                total[: len(alive)] -= _product((1 - p, p * self.unseen(self.live[j + 1], s)) for p, s in within)
        return total

    def at_least_exposed(self, count: int) -> float:
        """Return P(so many regions exposed, or more), defects independent by region."""
        return float(self.exposed_counts[count:][::-1].sum())  # the least first


def _product(factors: Iterable[tuple[float, float]]) -> NDArray[np.float64]:
    """Return the coefficients of Π (a + b z), lowest first."""
    found = np.ones(1)
    for a, b in factors:
        found = np.convolve(found, (a, b))
    return found
