"""How severe bad changes were, where CloudWatch's metrics were collected: failed requests of those on the new version.

Not here: the sums by region (`history.joining`).
"""

import numpy as np

from history.fitting.defects import carriers
from history.fitting.detection import gathered
from history.fitting.grids import Floats
from history.fitting.judged import Judged
from history.fitting.learnt import Learnt, interval, short
from history.fitting.past import Past, minutes

ENOUGH = 5  # bad changes whose severity was measured, from which on their values take the place of the base's
SIGNIFICANT = 5.0  # standard errors by which more requests fail than before
LEAST, BLIND = 1e-4, 0.01


def measured(past: Past, found: Judged) -> Floats:
    """Return the severity of each rollout's change, (n,); NaN where nothing was measured or nothing failed.

    Of the regions that an incident names, or else that had traffic: the failed requests beyond the share that failed
    in the hour before, divided by the requests that the new version had served since harm began.
    """
    failed, served, noise = np.zeros((3, len(past.frame)))
    for rows, excess, requests, variance in _regions(past, found):
        failed += np.bincount(rows, excess, len(past.frame))
        served += np.bincount(rows, requests, len(past.frame))
        noise += np.bincount(rows, variance, len(past.frame))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = failed / served
        clear = failed > SIGNIFICANT * np.sqrt(np.maximum(noise, 1.0))
    return np.where((served > 0) & clear & (share > LEAST), np.minimum(share, 1.0), np.nan)


def _regions(past: Past, found: Judged):  # type: ignore[no-untyped-def]
    regions = past.rollouts.regions
    counts = ("requests", "failed_requests", "metrics_minutes", "requests_before", "failed_requests_before")
    if not set(counts) <= set(regions.columns):
        return
    all_, bad, took, before, bad_before = (np.asarray(regions[name], dtype=np.float64) for name in counts)
    rows = past.row(regions["rollout"])
    named = np.any(found.hurt, axis=1, keepdims=True)
    hurt = np.asarray((named & found.hurt) | (~named & found.reach), dtype=np.bool_)
    own = (past.place >= 0) & np.isfinite(all_) & np.isfinite(bad) & (all_ > 0) & (took > 0)
    own &= hurt[rows, np.maximum(past.place, 0)]
    if not own.any():
        return
    rows, all_, bad, took = rows[own], all_[own], bad[own], took[own]
    begin, end = minutes(regions["last_started_at"])[own], minutes(regions["ended_at"])[own]
    first = minutes(regions["started_at"])[own]
    succeeded = np.asarray(regions["status"], dtype=object)[own] == "succeeded"
    end = np.where(succeeded, end, begin + took / 2)
    harm = np.where(np.isnan(found.harm[rows]), begin, found.harm[rows])
    area, _ = gathered(begin - harm, end - harm, first + took - harm)
    told = (before[own] > 0) & np.isfinite(bad_before[own])
    many, usual = np.where(told, bad_before[own], 0.0), all_ / np.where(told, before[own], np.inf)
    # Counts are taken as Poisson's: of those that failed, and of those before, which stand for so many times as many.
    yield rows, bad - usual * many, all_ / took * area, bad + usual**2 * many


def severities(
    past: Past, found: Judged, values: Floats, count: int, rng: np.random.Generator
) -> tuple[list[Learnt], str]:
    """Return the severity of the base's defects, and what history cannot tell of it, in words."""
    known = np.sort(values[found.bad & ~np.isnan(values)])
    blind = int((found.sound & (values > BLIND)).sum())
    seen = f"; {blind:,} sound changes failed more than {BLIND:.0%} of their requests unseen" if blind else ""
    if len(known) < ENOUGH:
        why = (
            "the time to detect tells evidence divided by severity alone: severity stays the base's, and impact with it"
        )
        some = f" (metrics measured {len(known):,}, too few)" if len(known) else ""
        return [], f"{why}{some}{seen}"
    drawn = np.sort(known[_resampled(len(known), count, rng)], axis=1)
    middle, low, high = interval(np.median(drawn, axis=1))
    when = past.started[found.bad & ~np.isnan(values)]
    learnt = [
        Learnt(
            ("faults", fault.name, "severity"), "empirical", drawn, np.maximum(known, short(LEAST)), middle, low, high,
            len(known), "share of requests", f"metrics of {past.said(len(known), 'bad change', when)}",
            "values as they were, the same of all defects",
        )
        for fault in carriers(past)
    ]  # fmt: skip
    return learnt, f"which fault is how severe: metrics tell it of bad changes, all together{seen}"


def _resampled(n: int, count: int, rng: np.random.Generator) -> Floats:
    """Return Bayesian bootstraps as places, (count, n)."""
    weights = np.cumsum(rng.standard_exponential((count, n)), axis=1)
    at = (np.arange(n) + rng.random((count, n))) / n * weights[:, -1:]
    rows = [np.searchsorted(own, place) for own, place in zip(weights, at, strict=True)]
    return np.minimum(np.array(rows), n - 1)
