"""Plans laid out for the engine straight from how a search holds them: no plan that people read is made on the way.

Not here: the arrays' meaning (``engine.layout``), plans one by one (``engine.packing``).
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulation.engine import layout
from simulation.engine.packing import pack_plans
from simulation.scenario import Scenario
from simulation.searching.candidates import Candidates
from simulation.searching.shapes import Shapes
from simulation.setting import setting


class Packing:
    """What all plans of a search have in common, laid out once.

    Parameters
    ----------
    candidates
        Which plans.
    scenario
        With their fleet.
    """

    def __init__(self, candidates: Candidates, scenario: Scenario) -> None:
        self.candidates, self.scenario = candidates, scenario
        like = candidates.like
        self.slow = like is not None and any(calendar is not None for calendar in like.calendars)
        positions = scenario.fleet.positions
        self.regions = np.array([positions[name] for unit in candidates.units for name in unit])
        self.unit = np.repeat(np.arange(len(candidates.units)), [len(unit) for unit in candidates.units])
        self.bakes = np.array(candidates.bakes)
        self._approvals = dict[int, NDArray[np.bool_]]()

    def pack(self, shapes: Shapes) -> layout.Plans:
        """Lay plans out, of which those that begin alike follow each other."""
        if self.slow:  # a wave's windows hang on its number, on how many there are, and on the region
            return pack_plans([setting(plan, self.scenario) for plan in self.candidates.plans(shapes)])
        count, waves = len(shapes), shapes.waves
        most = int(waves.max())
        home = shapes.wave[:, self.unit].astype(np.int64)
        place = np.argsort(home, axis=1, kind="stable")
        order, home = self.regions[place], np.take_along_axis(home, place, axis=1)
        bounds = _bounds(home, most)
        within = np.arange(most) < waves[:, None]
        bakes = np.where(within, self.bakes[shapes.bake[:, :most]], 0.0)
        approval = np.zeros((count, most), dtype=np.bool_)
        for k in np.unique(waves).tolist():
            approval[waves == k, :k] = self._approval(k)
        shared = _shared(order, home, bounds, bakes, approval)
        common = self._common

        def same(field: NDArray[np.generic]) -> NDArray[np.generic]:
            return np.repeat(field, count, axis=0)

        return common._replace(
            order=order.astype(np.uint32),
            bounds=bounds.astype(np.uint32),
            waves=waves,
            bake_minutes=bakes,
            bake_requests=np.zeros_like(bakes),
            parallel=np.diff(bounds, axis=1),
            approval=approval,
            strategy=self._strategy[order],
            retries=same(common.retries),
            rollback_all=same(common.rollback_all),
            timeout=same(common.timeout),
            tolerated=same(common.tolerated),
            on_alarm=same(common.on_alarm),
            calendar=np.full(order.shape, layout.ANYTIME, dtype=np.int64),
            windowed=np.zeros_like(approval),
            plain=np.ones(count, dtype=np.bool_),
            approved=approval.any(axis=1),
            stepped=same(common.stepped),
            turn=np.arange(count),
            shared=shared,
        )

    def _approval(self, waves: int) -> NDArray[np.bool_]:
        """Return which waves of a plan of so many ask for an approval."""
        if waves not in self._approvals:
            units = np.minimum(np.arange(len(self.candidates.units)), waves - 1).astype(np.uint16)[None]
            plan = self.candidates.plans(Shapes(units, np.zeros_like(units)))[0]
            self._approvals[waves] = np.array([wave.approval for wave in plan.waves])
        return self._approvals[waves]

    @cached_property
    def _common(self) -> layout.Plans:
        units = np.zeros((1, len(self.candidates.units)), dtype=np.uint16)
        return pack_plans([setting(self.candidates.plans(Shapes(units, units))[0], self.scenario)])

    @cached_property
    def _strategy(self) -> NDArray[np.int64]:
        """The strategy of each region of the fleet, by number."""
        own = np.zeros(len(self.scenario.fleet.regions), dtype=np.int64)
        own[self._common.order[0]] = self._common.strategy[0]
        return own


def _bounds(home: NDArray[np.int64], waves: int) -> NDArray[np.int64]:
    """Return the first position of each wave, and behind the last: how many regions are in waves before."""
    count = np.zeros((len(home), waves + 1), dtype=np.int64)
    np.add.at(count, (np.arange(len(home))[:, None], home + 1), 1)
    return np.cumsum(count, axis=1)


def _shared(
    order: NDArray[np.int64],
    home: NDArray[np.int64],
    bounds: NDArray[np.int64],
    bakes: NDArray[np.float64],
    approval: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return 1 + how many of its first waves each plan has in common with the one before it; 0 for the first."""
    same = (order[1:] == order[:-1]) & (home[1:] == home[:-1])
    upto = np.where(same.all(axis=1), same.shape[1], same.argmin(axis=1))[:, None]
    whole = (bounds[1:, 1:] <= upto) & (bounds[:-1, 1:] <= upto)
    alike = whole & (bakes[1:] == bakes[:-1]) & (approval[1:] == approval[:-1])
    return np.concatenate([[0], 1 + np.logical_and.accumulate(alike, axis=1).sum(axis=1)])
