"""What is known of a plan's rollouts in each stratum without sampling: where nothing is bad, nothing can be hurt.

Not here: the strata (``sampling``), how a combination reaches into a plan (``targets``), what is made of it
(``results``).
"""

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulation.rare_events.sampling import Sampling, cells_of
from simulation.rare_events.targets import Reach
from simulation.results.estimator import Bounds
from simulation.setting import Setting
from waves import all_at_once

NEEDS_A_DEFECT = ("escaped", "caught", "failover_hit", "exposed")


class Known:
    """Bounds of each figure's number in each stratum, for one plan; a crude sample is one stratum."""

    def __init__(self, setting: Setting, sampling: Sampling) -> None:
        self.setting, self.sampling = setting, sampling
        self.size = len(sampling.strata)

    @cached_property
    def _reach(self) -> tuple[Reach, NDArray[np.int64]]:
        """How far each combination reaches, and the stratum that each belongs to."""
        if self.sampling.method == "crude":
            plan = all_at_once(self.setting.scenario.fleet)
            parts, cells, _ = cells_of(self.setting.scenario, plan)
            return Reach(self.setting, parts, cells), np.zeros(len(cells), dtype=np.int64)
        strata = self.sampling.strata
        cells = np.concatenate([each.cells for each in strata])
        codes = np.repeat(np.arange(len(strata)), [len(each.cells) for each in strata])
        return Reach(self.setting, self.sampling.factors, cells), codes

    def _most(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.zeros(self.size)
        np.maximum.at(found, self._reach[1], values)
        return found

    @cached_property
    def builds_fail(self) -> Bounds:
        """Whether the build fails: never or always in most strata."""
        fails = self._reach[0].happens("build").astype(np.float64)
        return Bounds(1 - self._most(1 - fails), self._most(fails))

    def chance(self, name: str) -> Bounds:
        """Return bounds of an event: an outcome, `shipped`, `failover_hit` or `exposed`."""
        if name == "build_failed":
            return self.builds_fail
        high = 1 - self.builds_fail.low
        if name in NEEDS_A_DEFECT:
            high = self._most((self._reach[0].count > 0).astype(np.float64))
            if name == "failover_hit" and not self.setting.pairs:
                high = np.zeros(self.size)
        elif name in self._never:
            high = np.zeros(self.size)
        low = np.zeros(self.size)
        if name in ("completed", "shipped") and {"rejected", "false_alarm", "deploy_failed"} <= self._never:
            sound = self.chance("exposed").high == 0  # so nothing can stop it but its build
            low = np.where(sound, 1 - self.builds_fail.high, low)
        return Bounds(low, high)

    def has(self, column: str, which: str) -> bool:
        """Return whether any trial can have a value of a column among those that are `which`."""
        hurt = bool(self.chance("exposed").high.any())
        if which == "defective" or column == "detected_minutes":
            return hurt
        if column != "recovered_minutes":
            return True
        back = self.setting.plan.on_deploy_failure == "rollback_all" and "deploy_failed" not in self._never
        return hurt or back or "false_alarm" not in self._never

    @cached_property
    def _never(self) -> set[str]:
        """Which outcomes nothing in the scenario can lead to under this plan."""
        may = {"rejected": self._refusable, "false_alarm": self._noisy, "deploy_failed": self._failing}
        return {name for name, possible in may.items() if not possible}

    @property
    def _failing(self) -> bool:
        scenario = self.setting.scenario
        own = any(scenario.of(site.region, "deploy_failure_probability") > 0 for site in self.setting.sites)
        broken = any(fault.effect == "deploy_fails" and fault.probability > 0 for fault in scenario.faults)
        return own or broken or self.setting.plan.deploy_timeout_minutes is not None

    @property
    def _refusable(self) -> bool:
        asked = any(wave.approval for wave in self.setting.plan.waves)
        return asked and self.setting.scenario.rejection_probability > 0

    @property
    def _noisy(self) -> bool:
        rates = (self.setting.scenario.of(site.region, "false_alarms_per_region_day") for site in self.setting.sites)
        return any(rate > 0 for rate in rates)

    def column(self, name: str) -> Bounds | None:
        """Return bounds of a column that is rarely other than zero; None for other columns."""
        reach, low = self._reach[0], np.zeros(self.size)
        if name == "regions_exposed":
            return Bounds(low, self._most(reach.count))
        if name in ("share_exposed", "peak_share"):
            return Bounds(low, self._most(reach.most_share))
        if name == "impact_minutes":
            horizon = self.setting.scenario.horizon_minutes
            longest = horizon if math.isfinite(horizon) else math.inf
            share = self._most(reach.most_share)
            return Bounds(low, np.multiply(share, longest, out=np.zeros(self.size), where=share > 0))
        return None
