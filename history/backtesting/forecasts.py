"""What a scenario, or draws of a fit, foretell of a rollout that reaches its first deployment.

Each scenario of several gives as many rollouts: so what the fit is unsure of is in the spread. Not here: what came
(`truth`), what one foretells without a model (`naive`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation import SHIPPED, Draws, Rollout, Scenario, run_all, setting
from waves import Plan

Floats = NDArray[np.float64]
NEVER_BEGAN = ("build_failed", "rejected")  # a record of deployments does not tell of these
HALTS = 120  # halted rollouts that are rolled out region by region
_Part = tuple[Floats, Floats, list[tuple[int, int]]]  # of one scenario: minutes, halts, and which trials those are


@dataclass(frozen=True, eq=False)
class Forecast:
    """Rollouts that may be, all as likely.

    Attributes
    ----------
    end_minutes, halted : (n,)
        Of each; `halted` is 1 or 0.
    share_at_halt : (k,)
        Of some of those that were halted; none where nobody asked.
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


def forecasts(
    plans: Mapping[str, Plan], scenarios: Sequence[Scenario], trials: int, seed: int, halted: Collection[str]
) -> dict[str, Forecast]:
    """Foretell a rollout of each of several plans.

    Parameters
    ----------
    plans
        Which they go by, by any name.
    scenarios
        One, or draws of a fit.
    trials
        How many rollouts of each plan, of all scenarios together.
    seed
        From 0 to 2⁶⁴ − 1.
    halted
        Of which plans it is asked how far a halted one had come: that takes the model in SimPy.
    """
    each = -(-trials // len(scenarios))
    parts: dict[str, list[_Part]] = {name: [] for name in plans}
    for number, scenario in enumerate(scenarios):
        some = run_all([*plans.values()], scenario, trials=each, seed=seed, first=number * each, sampling="crude")
        for name, outcomes in zip(plans, some, strict=True):
            frame = outcomes.frame
            frame = frame[~frame["outcome"].isin(NEVER_BEGAN)]
            stopped = ~frame["outcome"].isin(SHIPPED).to_numpy()
            marked = [(number, int(trial)) for trial in frame.index[stopped]]
            parts[name].append((frame["end_minutes"].to_numpy(dtype=float), stopped.astype(float), marked))
    found = {}
    for name, plan in plans.items():
        ends, halts, marks = zip(*parts[name], strict=True)
        marked = [mark for own in marks for mark in own] if name in halted else []
        shares = _shares(plan, scenarios, seed, marked[:: max(len(marked) // HALTS, 1)], each)
        which = np.repeat(np.arange(len(scenarios)), [len(own) for own in ends])
        found[name] = Forecast(np.concatenate(ends), np.concatenate(halts), shares, which)
    return found


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
