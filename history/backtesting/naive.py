"""What one foretells of the next rollout without any model: what the last one did, or the quantiles of all before.

Not here: how far off that is (`scores`), what a scenario foretells (`forecasts`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.backtesting.truth import TARGETS

Floats = NDArray[np.float64]
FEW = 10  # known values of a service, below which those of all services are taken
NAIVE = {"last": "what the service's last rollout did", "past": "the quantiles of all that its rollouts did before"}


class Naive:
    """The values that were known, latest last.

    Parameters
    ----------
    known : DataFrame
        What had become of rollouts, as `truth` tells it, in the order in which they began.
    """

    def __init__(self, known: pd.DataFrame) -> None:
        self.known = known
        self._by: dict[tuple[str, str], tuple[Floats, Floats]] = {}

    def values(self, target: str, service: str) -> tuple[Floats, Floats]:
        """Return the last value, and all before and with it, sorted; two empty arrays where there is none."""
        if (target, service) not in self._by:
            self._by[target, service] = self._values(target, service)
        return self._by[target, service]

    def _values(self, target: str, service: str) -> tuple[Floats, Floats]:
        assert target in TARGETS
        every = self.known[["service", target]].dropna()
        own = every.loc[every["service"] == service, target].to_numpy(dtype=float)
        pooled = every[target].to_numpy(dtype=float)
        last = own[-1:] if len(own) else pooled[-1:]
        return last, np.sort(own if len(own) >= FEW else pooled)
