"""What a scenario, or draws of a fit, foretell of a rollout that reaches its first deployment.

Each scenario of several gives as many rollouts: so what the fit is unsure of is in the spread. Not here: what came
(`truth`), what one foretells without a model (`naive`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation import SHIPPED, Draws, Rollout, Scenario, run, setting
from waves import Plan

Floats = NDArray[np.float64]
NEVER_BEGAN = ("build_failed", "rejected")  # a record of deployments does not tell of these
HALTS = 120  # halted rollouts that are rolled out region by region


@dataclass(frozen=True, eq=False)
class Forecast:
    """Rollouts that may be, all as likely.

    Attributes
    ----------
    end_minutes, halted : (n,)
        Of each; `halted` is 1 or 0.
    share_at_halt : (k,)
        Of some of those that were halted.
    scenario : (n,)
        By which scenario each is.
    """

    end_minutes: Floats
    halted: Floats
    share_at_halt: Floats
    scenario: NDArray[np.int64]

    def of_world(self, number: int) -> NDArray[np.int64]:
        """Return which rollouts are those of a scenario; all, where none of its own began."""
        own = np.flatnonzero(self.scenario == number)
        return own if len(own) else np.arange(len(self.scenario))

    def of(self, target: str) -> Floats:
        """Return the values of a target, sorted."""
        return np.sort(getattr(self, target))


def forecast(plan: Plan, scenarios: Sequence[Scenario], trials: int, seed: int) -> Forecast:
    """Foretell a rollout of a plan.

    Parameters
    ----------
    plan
        Which it goes by.
    scenarios
        One, or draws of a fit.
    trials
        How many rollouts, of all scenarios together.
    seed
        From 0 to 2⁶⁴ − 1.
    """
    each = -(-trials // len(scenarios))
    ends, halts, which = [], [], []
    marked: list[tuple[int, int]] = []
    for number, scenario in enumerate(scenarios):
        frame = run(plan, scenario, trials=each, seed=seed, first=number * each, sampling="crude").frame
        frame = frame[~frame["outcome"].isin(NEVER_BEGAN)]
        halted = ~frame["outcome"].isin(SHIPPED).to_numpy()
        ends.append(frame["end_minutes"].to_numpy(dtype=float))
        halts.append(halted.astype(float))
        which.append(np.full(len(frame), number))
        marked += [(number, int(trial)) for trial in frame.index[halted]]
    shares = _shares(plan, scenarios, seed, marked[:: max(len(marked) // HALTS, 1)], each)
    return Forecast(np.concatenate(ends), np.concatenate(halts), shares, np.concatenate(which))


def _shares(
    plan: Plan, scenarios: Sequence[Scenario], seed: int, marked: Sequence[tuple[int, int]], each: int
) -> Floats:
    """Roll some trials out by the model in SimPy, which knows every region's path."""
    found = []
    for number in sorted({number for number, _ in marked}):
        laid = setting(plan, scenarios[number])
        draws = Draws(scenarios[number], seed, range(number * each, (number + 1) * each))
        for trial in (trial for own, trial in marked if own == number):
            found.append(_share(Rollout(laid, draws.world(trial))))
    return np.array(found, dtype=np.float64)


def _share(rollout: Rollout) -> float:
    """Return the traffic of the regions that had the new version by the halt."""
    stop = min(rollout.halt, rollout.end)
    sites = (site for site in rollout.setting.sites if site.position not in rollout.failed)
    paths = ((site.share, rollout.paths[site.position]) for site in sites)
    return sum((share for share, path in paths if path and path[-1][0] <= stop), 0.0)
