"""What people ask of outcomes besides figures: how much is exposed how rarely, the worst trials, what went wrong.

Not here: estimates (``estimator``), why a single trial went as it did (``cause``).
"""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simulation.arguments import is_number, whole
from simulation.results.estimator import Bounds, Floats, chance
from simulation.results.rows import Rows
from simulation.results.statistics import Estimate

if TYPE_CHECKING:
    from simulation.results.outcomes import Outcomes

LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # shares of traffic
SLACK = 1e-12  # shares are sums of shares
REACHED = ("regions_exposed", "share_exposed", "peak_share", "impact_minutes")


def at_least(rows: Rows, column: str, value: float, confidence: float) -> Estimate:
    """Estimate the probability that a column reaches a value."""
    so = rows.column(column) >= value - SLACK
    bounds = rows.known.column(column)
    assert bounds is not None
    reach = Bounds(np.zeros(len(bounds.high)), (bounds.high >= value - SLACK).astype(np.float64))
    return chance(rows.sample, rows.counted(so), confidence, reach)


def exposure(rows: Rows, shares: Sequence[float], confidence: float) -> pd.DataFrame:
    """Return how likely a change exposes at least so much of the traffic; see `Outcomes.exposure`."""
    if isinstance(shares, str) or not isinstance(shares, Iterable):
        raise ValueError(f"shares is {shares!r}; give a list of shares of traffic, such as [0.1, 0.5]")
    shares = list(shares)
    for share in shares:
        if not (is_number(share) and 0 < share <= 1):
            near = f"; perhaps {share / 100:g}" if is_number(share) and 1 < share <= 100 else ""
            raise ValueError(f"a share of traffic is {share!r}; give numbers above 0 and up to 1{near}")
    found = [at_least(rows, "share_exposed", float(share), confidence) for share in shares]
    table = pd.DataFrame(found, index=pd.Index(shares, name="share_exposed"), columns=["probability", "low", "high"])
    table.columns = pd.Index(["probability", "low", "high"])
    table["one_in"] = [1 / each.value if each.value > 0 else math.inf for each in found]
    return table


def worst(outcomes: "Outcomes", count: int, column: str) -> pd.DataFrame:
    """Return the trials that came out worst, with their cause; see `Outcomes.worst`."""
    count = whole("count", count, 1)
    if column not in REACHED:
        raise ValueError(f"there is no worst by {column!r}; use one of {', '.join(REACHED)}")
    values = outcomes.rows.column(column)
    order = np.lexsort((np.arange(len(values)), -values))[:count]
    order = order[values[order] > 0]
    beyond = [outcomes.fraction(values >= value) for value in values[order]]
    frame = outcomes.frame.iloc[order][["impact_minutes", "share_exposed", "outcome", "detected_minutes", "weight"]]
    frame = frame.assign(outcome=frame["outcome"].astype(str), one_in=[1 / each for each in beyond])
    return frame.assign(cause=[_cause(outcomes, int(trial)) for trial in frame.index])


def _cause(outcomes: "Outcomes", trial: int) -> str:
    from simulation.analysis.cause import cause  # it runs the trial again, by what is built on outcomes
    from simulation.analysis.trace import trace

    return cause(
        trace(
            outcomes.plan,
            outcomes.scenario,
            sampling=outcomes.sampling,
            seed=outcomes.seed,
            trial=trial,
            tape=outcomes.tape,
        )
    )


def strata(rows: Rows) -> pd.DataFrame:
    """Return what went wrong how often, and what came of it; see `Outcomes.strata`."""
    named, place = np.unique([each.what for each in rows.design.strata], return_inverse=True)
    weights, count = rows.sample

    def together(each: Floats) -> Floats:
        """Put the grades of what went wrong together, by how likely they are; none where one has no trial yet."""
        return np.bincount(place, weights=np.where(count > 0, each * weights, np.nan)) / probabilities

    probabilities, trials = np.bincount(place, weights=weights), np.bincount(place, weights=count).astype(np.int64)
    each = np.maximum(count, 1)
    half = rows.counted(rows.column("share_exposed") >= 0.5 - SLACK)
    impact = together(rows.moments("impact_minutes", "all").mean)
    total = float(np.nansum(probabilities * impact))
    columns = {
        "what_went_wrong": named,
        "probability": probabilities,
        "trials": trials,
        "shipped": together(rows.hits("shipped") / each),
        "exposes_half": together(half / each),
        "share_exposed_mean": together(rows.moments("share_exposed", "all").mean),
        "impact_minutes_mean": impact,
        "part_of_impact": probabilities * impact / total if total else np.where(np.isnan(impact), np.nan, 0.0),
    }
    order = np.argsort(-np.nan_to_num(columns["part_of_impact"]), kind="stable")
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)
