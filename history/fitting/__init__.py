"""The fit: from rollouts that were joined to a scenario, with intervals, and with what history cannot tell."""

from history.fitting.fit import fit
from history.fitting.prior import Prior
from history.fitting.result import Fitted

__all__ = ["Fitted", "Prior", "fit"]
