"""Staffed minutes: how many of a clock's minutes people were there for.

Not here: when people are there (`simulation.windows`).
"""

import numpy as np

from history.replaying.records import Floats
from simulation import Scenario
from simulation.windows import staffed


def staffed_minutes(scenario: Scenario, pushed: Floats, since: Floats, until: Floats) -> Floats:
    """Return the staffed minutes between two instants, all of them where the scenario has no staffed hours.

    Parameters
    ----------
    scenario
        Whose hours.
    pushed
        Minutes from the scenario's first allowed push to each rollout's; NaN, and so is the answer, where nobody knows.
    since, until
        Minutes since the push, in shapes that broadcast with `pushed`.
    """
    windows = staffed(scenario)
    if windows is None:
        return until - since
    begin, end = np.array(windows).T
    before = np.concatenate([[0.0], np.cumsum(end - begin)[:-1]])

    def by(t: Floats) -> Floats:
        at = np.maximum(np.searchsorted(begin, t, side="right") - 1, 0)
        return before[at] + np.clip(t - begin[at], 0.0, end[at] - begin[at])

    known = (pushed >= 0) & np.isfinite(since) & np.isfinite(until)
    since, until = (np.where(known, pushed + instant, 0.0) for instant in (since, until))
    return np.where(known, by(until) - by(since), np.nan)
