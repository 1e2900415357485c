"""The figures on the board: what each is called there, and how it differs from today's in the same worlds.

They are those of `compare` on the same trials. A difference of quantiles has the ends that two intervals leave it,
each of half the doubt: wider than need be, and right whatever the two have to do with each other (Bonferroni).
Not here: which plans are asked about (``answers``), how numbers are written (``words``).
"""

import math
from dataclasses import dataclass

import numpy as np

from simulation.results.estimator import Bounds, Moments, mean
from simulation.results.extracts import SLACK, at_least
from simulation.results.figures import PAIRED
from simulation.results.outcomes import Outcomes
from simulation.results.rows import RowPair, Rows
from simulation.results.statistics import Estimate
from simulation.results.summary import difference

HALF = "probability_share_exposed_at_least_0.5"
LEAST = 0.5  # of the traffic
END = "end_minutes_given_shipped"


@dataclass(frozen=True)
class Figure:
    """One line of the board.

    Attributes
    ----------
    name
        As `Outcomes.estimate` knows it.
    words, hint
        What the board calls it, and the same at length.
    unit
        Of its number.
    group
        `risk` or `time`.
    """

    name: str
    words: str
    hint: str
    unit: str
    group: str


FIGURES = (
    Figure(
        "impact_minutes_mean", "Expected impact", "impact of a change, mean, in minutes of the whole fleet",
        "fleet-minutes", "risk",
    ),
    Figure(
        "share_exposed_mean", "Traffic exposed, mean", "share of the traffic that a change exposes to a defect, mean",
        "share of traffic", "risk",
    ),
    Figure(
        HALF, "Half or more exposed", "chance that a change exposes half of the traffic or more", "probability", "risk"
    ),
    Figure(f"{END}_mean", "Time until complete, mean", "of the changes that ship", "minutes", "time"),
    Figure(f"{END}_p50", "Median", "half of the changes that ship are complete by then", "minutes", "time"),
    Figure(f"{END}_p95", "95th percentile", "of the changes that ship 95 % are complete by then", "minutes", "time"),
)  # fmt: skip
QUANTILES = {f"{END}_p50": 0.5, f"{END}_p95": 0.95}


def estimates(outcomes: Outcomes, confidence: float) -> dict[str, Estimate]:
    """Return each figure of a plan with its interval."""
    return {figure.name: _estimate(outcomes.rows, figure.name, confidence) for figure in FIGURES}


def _estimate(rows: Rows, name: str, confidence: float) -> Estimate:
    return rows.outcomes.estimate(name, confidence)[0]


def differences(base: Outcomes, other: Outcomes, confidence: float) -> dict[str, Estimate]:
    """Return each figure of a plan minus that of another, in the same worlds, with its interval."""
    pair = RowPair(base.rows, other.rows)
    found = {}
    for figure in FIGURES:
        if figure.name in QUANTILES:
            found[figure.name] = _of_quantiles(base.rows, other.rows, QUANTILES[figure.name], confidence)
        elif figure.name == HALF:
            found[figure.name] = _of_half(base.rows, other.rows, confidence)
        else:
            assert figure.name in PAIRED
            found[figure.name] = difference(pair, figure.name, confidence)
    return found


def _of_quantiles(base: Rows, other: Rows, p: float, confidence: float) -> Estimate:
    doubt = (1 + confidence) / 2
    one, two = (rows.quantile("end_minutes", "shipped", p, doubt) for rows in (base, other))
    before, now = (rows.column("end_minutes")[rows.outcomes.shipped] for rows in (base, other))
    if np.array_equal(before, now):
        return Estimate(0.0, 0.0, 0.0)
    return Estimate(two.value - one.value, two.low - one.high, two.high - one.low)


def _of_half(base: Rows, other: Rows, confidence: float) -> Estimate:
    values = [at_least(rows, "share_exposed", LEAST, 0.5).value for rows in (base, other)]
    so = [(rows.column("share_exposed") >= LEAST - SLACK).astype(np.float64) for rows in (base, other)]
    found = Moments.of_values(so[1] - so[0], base.codes, len(base.counts))
    error = mean(base.sample, found, confidence, reach(base, other))
    value = values[1] - values[0]
    if math.isnan(error.value):
        return Estimate(value, math.nan, math.nan)
    return Estimate(value, value + error.low - error.value, value + error.high - error.value)


def reach(base: Rows, other: Rows) -> Bounds:
    """Return by how much an indicator of half of the traffic can differ in each stratum."""
    own = [rows.known.column("share_exposed") for rows in (base, other)]
    most = np.maximum(*(bounds.high >= LEAST - SLACK for bounds in own if bounds is not None)).astype(np.float64)
    return Bounds(-most, most)
