"""The set-ups in which closed forms hold, and an independent reading of them: a NumPy Monte Carlo and the published
formulas, both written from the text and not through the package's engines or its arithmetic.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation import Scenario
from tests.builders import plan, shares
from waves import Fleet

Z = 4.892  # the two-sided normal quantile at 1e-6
BAD = {"name": "bad release", "probability": 0.1}


def scenario(of: Fleet, rate: float = 2.0, **fields: Any) -> Scenario:
    """The golden scenario unless said otherwise: alarms at λ = 2, d = .5, p = .1, ρ = .25, an endless horizon."""
    standard: dict[str, Any] = {
        "fleet": of,
        "deploy": 0.5,
        "faults": [BAD],
        "evidence": {"exponential": {"mean": of.traffic / rate}},
        "reaction": 0.05,
        "rollback": 0.2,
        "horizon_minutes": math.inf,
    }
    return Scenario.model_validate({**standard, **fields})


GOLDEN_FLEET = shares(0.05, 0.25, 0.70, failover={1: 2})
GOLDEN_PLAN = plan("r1", "r2", "r3", bake=(2, 1, 1))


class Letters(NamedTuple):
    """A set-up in the letters of the formulas."""

    shares: tuple[float, ...]
    bakes: tuple[float, ...]
    d: float = 0.5
    rate: float = 2.0
    p: float = 0.1
    rho: float = 0.25


def published(x: Letters) -> dict[str, float]:
    """The published formulas for a common defect, with q_j and S_j as they stand there; no lag, endless horizon."""
    k, total = len(x.shares), np.cumsum(x.shares)
    dwell = [b + x.d for b in x.bakes[:-1]] + [x.bakes[-1]]
    live = [x.d * (j + 1) + sum(x.bakes[:j]) for j in range(k)]
    q = [math.exp(-x.rate * total[j] * dwell[j]) for j in range(k)]
    s = [1.0, *np.cumprod(q)]  # s[j] is S_j
    drop = [s[j] - s[j + 1] for j in range(k)]
    seen = [s[j] * (1 - q[j]) / (x.rate * total[j]) for j in range(k)]
    clean = k * x.d + sum(x.bakes)
    held = sum(total * drop)
    detect = sum(seen[j] - s[j] * dwell[j] * q[j] + (live[j] - live[0]) * s[j] * (1 - q[j]) for j in range(k))
    return {
        "probability_all_exposed_given_defect": s[k - 1],
        "probability_escaped_given_defect": s[k],
        "share_exposed_given_defect_mean": held + s[k] * total[-1],
        "peak_share_given_defect_mean": held + s[k] * total[-1],
        "impact_minutes_given_defect_mean": 1 / x.rate + x.rho * (held + s[k] * total[-1]),
        "impact_minutes_until_alarm_or_end_given_defect_mean": (1 - s[k]) / x.rate,
        "impact_minutes_added_by_rollback_given_defect_mean": x.rho * held,
        "end_minutes_given_shipped_mean": clean,
        "duration_minutes_mean": (1 - x.p) * clean + x.p * (x.d + sum(seen)) + x.p * (1 - s[k]) * x.rho,
        "minutes_to_detect_given_caught_mean": detect / (1 - s[k]),
        **{f"probability_alarm_in_wave_{j + 1}_given_defect": drop[j] for j in range(k)},
    }


def published_lag(x: Letters, delta: float) -> dict[str, float]:
    """The published forms with an alarm lag of at most the shortest dwell, the rollout going on meanwhile."""
    k, total = len(x.shares), np.cumsum(x.shares)
    dwell = [b + x.d for b in x.bakes[:-1]] + [x.bakes[-1]]
    assert delta <= min(dwell)
    a = x.rate * total
    s = [1.0, *np.cumprod([math.exp(-a[j] * dwell[j]) for j in range(k)])]
    held = sum(total[j] * (s[j] - s[j + 1]) for j in range(k))
    growth = [math.exp(a[j] * delta) - 1 for j in range(k)]
    peak = held + sum(x.shares[j + 1] * s[j + 1] * growth[j] for j in range(k - 1))
    extra = sum(x.shares[j + 1] * s[j + 1] * (growth[j] - a[j] * delta) / a[j] for j in range(k - 1))
    return {
        "peak_share_of_detected_given_defect_mean": peak,
        "impact_minutes_added_by_lag_given_defect_mean": delta * held + extra,
    }


def by_monte_carlo(x: Letters, *, horizon: float, lag: float, trials: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Play a common defect directly: draw the bad share-time that must be seen, and walk the waves until it is.

    Returns one value a trial by the name of the figure that is its mean.
    """
    k, total = len(x.shares), np.cumsum(x.shares)
    live = np.array([x.d * (j + 1) + sum(x.bakes[:j]) for j in range(k)])
    clean = live[-1] + x.bakes[-1]
    left = np.random.default_rng(seed).exponential(1 / x.rate, trials)
    evident = np.full(trials, np.nan)
    for j in range(k):
        span = live[j + 1] - live[j] if j + 1 < k else math.inf
        here = np.isnan(evident) & (left <= total[j] * span)
        evident[here] = live[j] + left[here] / total[j]
        left = left - total[j] * span
    alarm = evident + lag
    alarm[alarm > horizon] = math.inf
    exposed = live[None, :] < alarm[:, None]
    until = np.minimum(alarm + x.rho, horizon)
    hurt = np.where(exposed, np.clip(until[:, None] - live[None, :], 0, None), 0.0)
    caught = alarm < clean
    return {
        "share_exposed_given_defect_mean": exposed @ np.array(x.shares),
        "probability_all_exposed_given_defect": exposed[:, -1].astype(float),
        "probability_escaped_given_defect": (~caught).astype(float),
        "impact_minutes_given_defect_mean": hurt @ np.array(x.shares),
        "duration_minutes_given_defect_mean": np.where(caught, alarm + x.rho, clean),
        "detected_minutes_given_caught_mean": alarm[caught],
        "detected_minutes_mean": alarm[alarm < math.inf],
    }
