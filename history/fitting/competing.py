"""What notices a bad change first, as competing risks: the share by each, and when (Aalen and Johansen 1978).

One minus Kaplan and Meier of each cause alone would say more than there is: it asks what the alarm would have seen had
nobody else been there. Not here: what that says of the evidence that alarms need (`detection`).
"""

import numpy as np
from numpy.typing import NDArray

from history.fitting.grids import Floats

CAUSES = ("alarm", "check", "customers")
NEVER = "never"  # nobody had noticed by then


def incidence(minutes: Floats, causes: NDArray[np.object_]) -> tuple[Floats, dict[str, Floats]]:
    """Return by when which share had been noticed by each.

    Parameters
    ----------
    minutes : (n,)
        From harm to whoever noticed it first, or for how long nobody had.
    causes : ndarray of object, (n,)
        Who: one of `CAUSES`, or `NEVER`.

    Returns
    -------
    at : (k,)
        The instants at which somebody did.
    shares : dict of str to ndarray
        By cause, (k,): the cumulative incidence. What is left of 1 had noticed nothing.
    """
    seen = causes != NEVER
    at = np.unique(minutes[seen])
    risk = len(minutes) - np.searchsorted(np.sort(minutes), at, side="left")
    events = {cause: np.bincount(np.searchsorted(at, minutes[causes == cause]), minlength=len(at)) for cause in CAUSES}
    total = np.sum(list(events.values()), axis=0) if len(at) else np.zeros(0)
    before = np.concatenate([[1.0], np.cumprod(1.0 - total / risk)[:-1]]) if len(at) else np.zeros(0)
    return at, {cause: np.cumsum(before * own / risk) for cause, own in events.items()}
