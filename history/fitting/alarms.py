"""Alarms that meant nothing: their rate, from how long regions were watched.

Not here: which were false (`judged`).
"""

import numpy as np
from scipy import special

from history.fitting.grids import even
from history.fitting.judged import Judged, exposure
from history.fitting.learnt import Learnt, number
from history.fitting.past import Past
from history.fitting.prior import Prior

DAY = 1440.0


def false_alarms(past: Past, found: Judged, prior: Prior, count: int, rng: np.random.Generator) -> Learnt | str:
    """Return the rate of false alarms a day in one region, or why history does not tell it."""
    took, _ = exposure(past, found)
    days = float(took.sum()) / DAY
    if days <= 0:
        return "nobody looked at alarms while a rollout was watched"
    if not found.incidents:
        return "nobody says which alarms meant nothing, as incidents are missing: each that halted is taken as true"
    many = int(found.false.sum())
    rate = special.gammaincinv(prior.rate[0] + many, even(count, rng)) / (prior.rate[1] + days)
    when = past.started[found.known]
    source = f"alarms without an incident: {many:,} in {past.said(len(when), 'rollout', when)}"
    method = f"gamma, prior shape {prior.rate[0]:g}, over {days * 24:,.0f} hours of a region watched"
    return number(
        ("false_alarms_per_region_day",), np.maximum(rate, 1e-9), n=many, unit="alarms/day",
        source=source, method=method,
    )  # fmt: skip
