"""How much traffic a first region must serve to show a fault while it bakes.

Not here: putting it first (``waves.by_traffic``), what a plan then comes to (``sensitivity``, ``compare``).
"""

import math

import numpy as np

from simulation.arguments import is_number
from simulation.scenario import Scenario

POINTS = 4096  # a net of points, so no luck is in it


def least_traffic(scenario: Scenario, bake_minutes: float, *, chance: float = 0.5) -> float:
    """Return the traffic from which on a region's alarms see a defect while the region bakes, as often as is asked.

    A region that serves t requests a minute needs its onset, evidence / (severity × t) and the alarms' lag to see a
    defect. The answer is a quantile of evidence / (severity × (bake − onset − lag)) over the defects that alarms can
    see, weighed by how likely they are. All of the region's traffic is taken to be on the new version from the first
    minute of the bake; what single regions have of their own is left out.

    Parameters
    ----------
    scenario
        Its defects, evidence, lag and alarm threshold.
    bake_minutes
        How long the first wave bakes.
    chance
        How many of the defects that alarms can see shall be seen in the bake; above 0 and below 1.

    Returns
    -------
    float
        Requests a minute, for `waves.by_traffic(fleet, least_traffic=…)` and `by-traffic:…` on a command line;
        infinite where no traffic suffices, as the bake is shorter than the lag.

    Raises
    ------
    ValueError
        For numbers out of range, or where no defect can be seen by an alarm.
    """
    if not is_number(bake_minutes) or not 0 < bake_minutes < math.inf:
        raise ValueError(f"bake_minutes is {bake_minutes!r}; give minutes above 0")
    if not is_number(chance) or not 0 < chance < 1:
        raise ValueError(f"chance is {chance!r}; give a share above 0 and below 1")
    from scipy.stats import qmc

    net = (qmc.Sobol(4, scramble=False).random(POINTS) + 0.5 / POINTS).T
    needed, weights = [], []
    for fault in scenario.faults:
        likely = fault.probability * fault.detection_probability
        if fault.effect != "defect" or likely == 0:
            continue
        severity = fault.severity.quantile(net[0])
        left = bake_minutes - fault.onset.quantile(net[1]) - scenario.lag.quantile(net[2])
        evidence = scenario.evidence.quantile(net[3])
        heard = severity >= scenario.alarm_threshold
        own = np.full(POINTS, math.inf)
        np.divide(evidence, severity * left, out=own, where=left > 0)
        needed.append(own[heard])
        weights.append(np.full(heard.sum(), likely))
    if not sum(map(len, needed)):
        raise ValueError("the scenario has no defect that an alarm can see; give one a detection_probability above 0")
    return _quantile(np.concatenate(needed), np.concatenate(weights), chance)


def _quantile(values: np.ndarray, weights: np.ndarray, chance: float) -> float:
    order = np.argsort(values, kind="stable")
    along = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(along, chance * along[-1])])
