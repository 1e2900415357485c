"""Where the time of many rollouts goes: build, handover, approval, closed windows, deployments, bakes.

A second pass of the compiled engine over the same trials, so that whoever does not ask pays nothing. Not here: one
rollout's (``simulation.spending``), the picture (``plots``).
"""

import numpy as np
import pandas as pd

from simulation.engine import layout
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk
from simulation.rare_events.sampling import BLOCK, sampling_of
from simulation.results.outcomes import Outcomes
from simulation.setting import setting
from simulation.spending import PARTS


def time_spent(outcomes: Outcomes) -> pd.DataFrame:
    """Return where the minutes of each rollout went, up to the end of its pipeline.

    Parameters
    ----------
    outcomes
        Of `run`, or one plan's of a comparison.

    Returns
    -------
    DataFrame
        One row a trial, in the order of `outcomes.frame`; a column for each of `build`, `handover`, `approval`,
        `closed_window`, `deploy` and `bake`, in minutes. A row sums to its `end_minutes`, to rounding. While a wave
        deploys, a minute counts as `closed_window` where no region deploys: all that are left wait for their windows.

    Raises
    ------
    ValueError
        For outcomes of which something was known beforehand (a tape).
    """
    if outcomes.tape is not None:
        raise ValueError("time_spent plays trials again, and these were replayed from a tape; give outcomes of run()")
    sampling, trials = sampling_of(outcomes.scenario, outcomes.sampling), outcomes.trials
    plans = pack_plans([setting(outcomes.plan, outcomes.scenario)])
    # No short cut for trials in which nothing goes wrong: it does not say where the time goes.
    whole = plans._replace(plain=np.zeros_like(plans.plain))
    desk = Desk(pack_worlds(outcomes.scenario, outcomes.seed), whole, parts=True)
    found = np.empty((layout.PARTS, len(trials)))
    for at in range(0, len(trials), BLOCK):
        block = trials[at : at + BLOCK]
        order = at + np.argsort(sampling.codes(block), kind="stable")
        for _, own, numbers, given in sampling.parted(outcomes.seed, block):
            found[:, order[own]] = desk.spent(numbers, given, own.start)
    return pd.DataFrame(found.T, columns=list(PARTS), index=outcomes.frame.index)
