"""The one list of figures, and the one paired difference: whatever has rows or sums is summed up here.

A `Source` says what its trials come to in each stratum; what a figure is made of stands here once. Not here: the
arithmetic of estimates (``estimator``), what figures are called (``figures``).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd

from simulation.columns import OUTCOMES
from simulation.rare_events.known import Known
from simulation.rare_events.sampling import BLOCK
from simulation.results.estimator import (
    BEGINNING,
    Bounds,
    Counts,
    Floats,
    Moments,
    Sample,
    Tail,
    chance,
    mean,
    times,
)
from simulation.results.figures import UNITS
from simulation.results.quantiles import times_of_quantile
from simulation.results.statistics import FEW, Estimate
from simulation.results.tails import after_halts, in_harm
from simulation.scenario import Scenario

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
GIVEN = {  # figures of only some of the trials: the column, which trials, the unit
    "impact_minutes_given_defect": ("impact_minutes", "defective", "fleet-minutes"),
    "end_minutes_given_shipped": ("end_minutes", "shipped", "minutes"),
    "detected_minutes": ("detected_minutes", "dated", "minutes"),
    "recovered_minutes": ("recovered_minutes", "dated", "minutes"),
}
COLUMNS = ["estimate", "low", "high", "unit", "trials_it_takes"]
MARGIN = 1.5  # beyond what it seems to take, which few trials say badly
RATIOS = ("end_minutes_given_shipped_mean", "minutes_to_ship")  # over what ships


class Source(Protocol):
    """Trials of one plan, as rows or as sums."""

    @property
    def sample(self) -> Sample:
        """The strata."""

    @property
    def known(self) -> Known:
        """What is known of them."""

    @property
    def scenario(self) -> Scenario:
        """What was run."""

    @property
    def exposed(self) -> Floats:
        """In how many trials of each stratum each region of the plan is exposed, in its order; (strata, regions)."""

    def hits(self, event: str) -> Counts:
        """Return in how many trials of each stratum something was so: an outcome, `shipped` or `failover_hit`."""

    def moments(self, column: str, which: str) -> Moments:
        """Return what a column comes to in the trials that are `all`, `defective`, `shipped` or `dated`."""

    def quantile(self, column: str, which: str, p: float, confidence: float) -> Estimate:
        """Estimate a quantile of a column."""

    def over_shipped(self, figure: str) -> tuple[float, Moments]:
        """Return one of `RATIOS`, and what the trials add to its error."""


Estimator = Callable[[float], Estimate]  # from a confidence


def summed_up(source: Source, confidence: float) -> pd.DataFrame:
    """Lay every figure out: one row each, with `estimate`, `low`, `high`, `unit` and `trials_it_takes`."""
    found = {}
    for name, (unit, estimate) in figures(source).items():
        own = estimate(confidence)
        column, which, _ = GIVEN.get(name.rpartition("_")[0], ("", "", ""))
        never = math.isnan(own.value) and not source.known.has(column, which)
        needs = math.nan if never else takes(own, source.sample, partial(_more, source, name, confidence))
        found[name] = (*own, unit, needs)
    frame = pd.DataFrame.from_dict(found, orient="index", columns=COLUMNS)
    return frame.rename_axis("figure")


def takes(own: Estimate, sample: Sample, more: Callable[[], float] | None = None) -> float:
    """Return about how many trials it takes until an estimate has an interval; NaN where it has one, or none will do.

    Parameters
    ----------
    own, sample
        The estimate, and what it is of.
    more
        About how many times as many; ten times is a beginning where nobody can tell.
    """
    if not (math.isnan(own.low) or math.isnan(own.high)) or math.isinf(own.value):
        return math.nan
    found = more() if more else 1.0
    trials = sample.trials.sum() * (MARGIN * found if found > 1 else BEGINNING)
    # Less than a block has less than its few trials of the rarest stratum.
    return float(f"{max(trials, BLOCK if len(sample.trials) > 1 else 0):.2g}")


def _more(source: Source, name: str, confidence: float) -> float:
    """Return how many times as many trials a figure of a summary needs."""
    if name in RATIOS:
        return times(source.sample, source.over_shipped(name)[1], tails=_tails(source, name))
    column, _, statistic = name.rpartition("_")
    column, which, _ = GIVEN.get(column, (column, "all", ""))
    if statistic == "mean":
        column = "impact_minutes" if column == "failed_requests" else column
        known = source.known.column(column)
        return times(source.sample, source.moments(column, which), known, _tails(source, f"{column}_mean"))
    if statistic not in QUANTILES:
        return BEGINNING
    return times_of_quantile(source.sample, source.moments(column, which).count, QUANTILES[statistic], confidence)


def figures(source: Source) -> dict[str, tuple[str, Estimator]]:
    """Return every figure of a summary, by name: its unit, and how it is estimated to a confidence."""
    found: dict[str, tuple[str, Estimator]] = {}
    for event in ("shipped", *OUTCOMES, "failover_hit"):
        found[f"probability_{event}"] = "probability", partial(_chance, source, event)
    for column, unit in UNITS.items():
        found |= _spread(source, column, column, "all", unit)
    found["failed_requests_mean"] = "requests", partial(_failed_requests, source)
    for name in ("impact_minutes_given_defect", "end_minutes_given_shipped"):
        found |= _spread(source, name, *GIVEN[name])
    # E[end | shipped] + (1 − P)/P · E[spent | not shipped] is E[spent] / P.
    found["minutes_to_ship"] = "minutes", partial(_ratio, source, "minutes_to_ship")
    for name in ("detected_minutes", "recovered_minutes"):
        found |= _spread(source, name, *GIVEN[name])
    return found


def _chance(source: Source, event: str, confidence: float) -> Estimate:
    return chance(source.sample, source.hits(event), confidence, source.known.chance(event))


def _spread(source: Source, name: str, column: str, which: str, unit: str) -> dict[str, tuple[str, Estimator]]:
    found: dict[str, tuple[str, Estimator]] = {f"{name}_mean": (unit, partial(_mean, source, column, which))}
    for label, p in QUANTILES.items():
        found[f"{name}_{label}"] = unit, partial(source.quantile, column, which, p)
    return found


def _mean(source: Source, column: str, which: str, confidence: float) -> Estimate:
    known, tails = source.known.column(column), _tails(source, f"{column}_mean")
    return mean(source.sample, source.moments(column, which), confidence, known, tails=tails)


def _tails(source: Source, figure: str) -> list[Tail]:
    """Return what may be rare and long in a figure: what follows a halt, as far as strata do not see to it."""
    if figure == "impact_minutes_mean":
        return in_harm(source.known, source.exposed)
    if figure not in ("mixed_minutes_mean", "recovered_minutes_mean", "minutes_to_ship"):
        return []
    halted = source.moments("recovered_minutes", "dated").count
    if figure != "minutes_to_ship":
        return after_halts(source.known, halted)
    never = np.minimum(halted, source.sample.trials - source.hits("shipped"))
    over = 1 / value_of(source, "probability_shipped")  # the error of a ratio is one of what is above, over this
    return [Tail(over**2 * squares, over**3 * cubes) for squares, cubes in after_halts(source.known, never)]


def _failed_requests(source: Source, confidence: float) -> Estimate:
    traffic = source.scenario.fleet.traffic
    return Estimate(*(traffic * x for x in _mean(source, "impact_minutes", "all", confidence)))


def _ratio(source: Source, figure: str, confidence: float) -> Estimate:
    value, contributions = source.over_shipped(figure)
    if not math.isfinite(value) or source.hits("shipped").sum() < FEW:
        return Estimate(value, math.nan, math.nan)
    return _around(value, mean(source.sample, contributions, confidence, tails=_tails(source, figure)))


def _around(value: float, zero: Estimate) -> Estimate:
    """Return a value with the interval of an error whose mean is nought."""
    return Estimate(value, value + zero.low - zero.value, value + zero.high - zero.value)


class Pair(Protocol):
    """Two plans in the same worlds."""

    @property
    def base(self) -> Source:
        """The plan that the other is held against."""

    @property
    def other(self) -> Source:
        """The other."""

    def moments(self, figure: str) -> Moments:
        """Return what trials add to the error of a difference; `nonzero` counts those that differ."""


def differing(pair: Pair, figure: str, unit: str, confidence: float) -> tuple[float, float, float, str, float]:
    """Return a row of `differences`: the difference, its ends, its unit, and the trials that it takes."""
    own = difference(pair, figure, confidence)

    def more() -> float:
        return times(pair.base.sample, pair.moments(figure), _bounds(pair, figure), _tails_of(pair, figure))

    return (*own, unit, takes(own, pair.base.sample, more))


def difference(pair: Pair, figure: str, confidence: float) -> Estimate:
    """Estimate a figure of one plan minus that of another, trial by trial in the same worlds.

    The ends are NaN where fewer than 10 trials differ or as few would make as much of the error, and for times also
    where fewer than 10 shipped under one.
    """
    values = [value_of(source, figure) for source in (pair.base, pair.other)]
    value = values[1] - values[0]
    shipped = min(int(source.hits("shipped").sum()) for source in (pair.base, pair.other))
    if not math.isfinite(value) or (figure in RATIOS and shipped < FEW):
        return Estimate(value, math.nan, math.nan)
    bounds = _bounds(pair, figure)
    apart = _unpaired(*(_own(source, figure) for source in (pair.base, pair.other))) if bounds else None
    tails = _tails_of(pair, figure)
    return _around(value, mean(pair.base.sample, pair.moments(figure), confidence, bounds, apart, tails))


def _tails_of(pair: Pair, figure: str) -> list[Tail]:
    """Return what may be rare and long in a difference; of those between ratios nobody keeps skewness."""
    if figure in RATIOS:
        return []
    one, other = (each.known.setting for each in (pair.base, pair.other))
    alike = one.plan.on_alarm == other.plan.on_alarm and set(one.plan.regions) == set(other.plan.regions)
    if figure != "impact_minutes_mean" or not alike:
        return _tails(pair.base, figure) + _tails(pair.other, figure)
    # Where a region is exposed under both plans, the same people recover it in the same time.
    place = {site.name: n for n, site in enumerate(one.sites)}
    own = pair.base.exposed[:, [place[site.name] for site in other.sites]]
    return in_harm(pair.other.known, np.abs(pair.other.exposed - own))


def _unpaired(one: Moments, other: Moments) -> Floats:
    """Return by stratum the variance of a difference if it were not of the same worlds; infinite where little was seen.

    In the same worlds plans vary together, so a difference varies less than that.
    """
    enough = np.minimum(one.nonzero, other.nonzero) >= FEW
    ours, theirs = (each.squares / np.maximum(each.count - 1, 1) for each in (one, other))
    return np.where(enough, ours + theirs, np.inf)


def _own(source: Source, figure: str) -> Moments:
    """Return what a figure's number comes to under one plan."""
    name, kind = _split(figure)
    if kind == "mean":
        return source.moments(name, "all")
    hits, trials = source.hits(name).astype(np.float64), source.sample.trials
    return Moments.of_sums(np.array([trials, hits, hits, hits, hits]))


def value_of(source: Source, figure: str) -> float:
    """Return a figure of which there are differences, without its interval."""
    if figure in RATIOS:
        return source.over_shipped(figure)[0]
    name, kind = _split(figure)
    if kind == "chance":
        return chance(source.sample, source.hits(name), 0.5, source.known.chance(name)).value
    return mean(source.sample, source.moments(name, "all"), 0.5, source.known.column(name)).value


def _split(figure: str) -> tuple[str, str]:
    if figure.startswith("probability_"):
        return figure.removeprefix("probability_"), "chance"
    return figure.removesuffix("_mean"), "mean"


def _bounds(pair: Pair, figure: str) -> Bounds | None:
    """Return what a difference can come to in each stratum, where it is rarely other than zero."""
    name, kind = _split(figure)
    if figure in RATIOS or name == "shipped":
        return None
    known = (pair.base.known, pair.other.known)
    own = [each.chance(name) if kind == "chance" else each.column(name) for each in known]
    if own[0] is None or own[1] is None:
        return None
    most: Floats = np.maximum(own[0].high, own[1].high)
    return Bounds(-most, most)
