"""Plans under one scenario turned this way and that, in the same worlds: what each comes to, and their differences.

Strata stay those of the scenario as it is, with the weights that they have as turned: so no figure jumps because trials
were allotted anew. Not here: which assumptions are turned (``levers``), what is told of it (``sensitivity``).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulation.analysis.compare import Comparison
from simulation.columns import OUTCOMES, SHIPPED
from simulation.engine import layout
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Codes, Desk, numbered
from simulation.rare_events.factors import Factor
from simulation.rare_events.known import Known
from simulation.rare_events.sampling import Sampling, cells_of, sampling_of
from simulation.results.estimator import ENDLESS, Bounds, Moments, Sample, mean
from simulation.results.statistics import FEW, Estimate
from simulation.running.rows import empty_rows
from simulation.scenario import Scenario
from simulation.setting import Setting, setting, settings_of
from waves import Plan, all_at_once

Floats = NDArray[np.float64]
IMPACT, TIME, COST = "impact_minutes_mean", "minutes_to_ship", "cost"
FAR = 1000.0  # times the price at which two plans cost the same, beyond which nobody looks for the ends
SHIPS = np.array([name in SHIPPED for name in OUTCOMES])


@dataclass(frozen=True)
class Measured:
    """What the trials of one plan come to; each of shape (n,).

    Attributes
    ----------
    impact
        Fleet-minutes.
    spent, ships
        Minutes until it shipped or until the next try; 1 where it shipped.
    """

    impact: Floats
    spent: Floats
    ships: Floats


@dataclass(frozen=True, eq=False)
class Turned:
    """Some plans under one scenario.

    Attributes
    ----------
    settings, measured
        By the plan's place.
    design, codes
        How worlds were sampled, and the stratum of each trial.
    price
        Minutes of waiting that a fleet-minute is worth, for the cost; None where that is not asked.
    confidence
        Of every interval.
    built
        By the plan's place, whether the build did not fail; each of shape (n,).
    harmed, detected, recovered
        By the plan's place, the instants of the first harm (0 without), the first true alarm and the last recovery (NaN
        without), in minutes since the push; each of shape (n,).
    """

    settings: list[Setting]
    measured: list[Measured]
    design: Sampling
    codes: NDArray[np.int64]
    price: float | None
    confidence: float
    built: list[NDArray[np.bool_]]
    harmed: list[Floats]
    detected: list[Floats]
    recovered: list[Floats]

    @cached_property
    def sample(self) -> Sample:
        """The strata."""
        counts = np.bincount(self.codes, minlength=len(self.design.strata))
        return Sample(self.design.probabilities, counts)

    @cached_property
    def weight(self) -> Floats:
        """How much each trial counts, shape (n,); the sum is 1."""
        own = self.sample.probabilities / np.maximum(self.sample.trials, 1)
        found = own[self.codes]
        return found / found.sum()

    @ENDLESS
    def influence(self, plan: int, figure: str) -> tuple[float, Floats]:
        """Return a figure of a plan, and what each trial adds to its error."""
        if (plan, figure) not in self._influences:
            self._influences[plan, figure] = self._influence(plan, figure)
        return self._influences[plan, figure]

    @cached_property
    def _influences(self) -> dict[tuple[int, str], tuple[float, Floats]]:
        return {}

    def _influence(self, plan: int, figure: str) -> tuple[float, Floats]:
        own = self.measured[plan]
        if figure == IMPACT:
            return float(self.weight @ own.impact), own.impact
        if figure == COST:
            (time, each), (impact, every) = self.influence(plan, TIME), self.influence(plan, IMPACT)
            return time + (self.price or 0.0) * impact, each + (self.price or 0.0) * every
        chance = float(self.weight @ own.ships)
        if chance == 0.0:
            return math.inf, np.zeros(len(own.ships))
        value = float(self.weight @ own.spent) / chance
        return value, (own.spent - value * own.ships) / chance

    def difference(self, plan: int, base: int, figure: str) -> Estimate:
        """Estimate a figure of one plan minus that of another, trial by trial; no ends where too few trials differ."""
        key = plan, base, figure
        if key not in self._differences:
            self._differences[key] = self.combination({plan: 1.0, base: -1.0}, figure)
        return self._differences[key]

    @cached_property
    def _differences(self) -> dict[tuple[int, int, str], Estimate]:
        return {}

    @ENDLESS
    def combination(self, weights: Mapping[int, float], figure: str) -> Estimate:
        """Estimate a sum of a figure's multiples over plans, trial by trial; the weights sum to nought."""
        parts = [(weight, *self.influence(plan, figure)) for plan, weight in weights.items()]
        value = sum(weight * own for weight, own, _ in parts)
        if not math.isfinite(value) or (figure != IMPACT and self._few(weights)):
            return Estimate(value, math.nan, math.nan)
        apart = np.sum([weight * each for weight, _, each in parts], axis=0)
        found = Moments.of_values(apart, self.codes, len(self.design.strata))
        if figure != IMPACT:
            found = replace(found.even(), nonzero=self.differing(weights))
        error = mean(self.sample, found, self.confidence, self._bounds(weights) if figure == IMPACT else None)
        return Estimate(value, value + error.low - error.value, value + error.high - error.value)

    def worth(self, plan: int, base: int) -> Estimate:
        """Estimate the price of a fleet-minute, in minutes of waiting, at which two plans cost the same.

        The interval is Fieller's: all prices at which the difference of their costs may be nought. NaN where one plan
        is better in both, so that there is no such price.
        """
        impact, time = self.difference(plan, base, IMPACT), self.difference(plan, base, TIME)
        if not impact.value * time.value < 0 or not math.isfinite(time.value):
            return Estimate(math.nan, math.nan, math.nan)
        value = -time.value / impact.value
        if math.isnan(time.low) or math.isnan(impact.low):
            return Estimate(value, math.nan, math.nan)
        costs = _Costs(self, plan, base)
        return Estimate(value, *(costs.end(value, sign) for sign in (-1, 1)))

    def _few(self, plans: Iterable[int]) -> bool:
        return bool(min(self.measured[each].ships.sum() for each in plans) < FEW)

    def differing(self, plans: Iterable[int]) -> NDArray[np.int64]:
        """Return by stratum in how many trials plans differ from the first of them."""
        one, *others = (self.measured[each] for each in plans)
        differ = np.zeros(len(self.codes), dtype=np.bool_)
        for other in others:
            differ |= (one.spent != other.spent) | (one.ships != other.ships) | (one.impact != other.impact)
        return np.bincount(self.codes, weights=differ, minlength=len(self.design.strata)).astype(np.int64)

    def _bounds(self, weights: Mapping[int, float]) -> Bounds:
        own = [Known(self.settings[each], self.design).column("impact_minutes") for each in weights]
        reach = sum(map(abs, weights.values())) / 2
        most = np.multiply(np.max([each.high for each in own if each is not None], axis=0), reach)
        return Bounds(-most, most)


class _Costs:
    """The difference of two plans' costs at any price of a fleet-minute, whose moments are polynomials of the price."""

    def __init__(self, turned: Turned, plan: int, base: int) -> None:
        (time, spent), (time_of_base, spent_of_base) = (turned.influence(each, TIME) for each in (plan, base))
        (impact, harm), (impact_of_base, harm_of_base) = (turned.influence(each, IMPACT) for each in (plan, base))
        self.time, self.spent = time - time_of_base, spent - spent_of_base
        self.impact, self.harm = impact - impact_of_base, harm - harm_of_base
        self.turned, strata = turned, len(turned.design.strata)
        self.of_time, self.of_impact = (
            replace(Moments.of_values(each, turned.codes, strata).even(), nonzero=turned.differing((plan, base)))
            for each in (self.spent, self.harm)
        )
        about = (self.spent - self.of_time.mean[turned.codes]) * (self.harm - self.of_impact.mean[turned.codes])
        self.both = np.bincount(turned.codes, weights=about, minlength=strata).astype(np.float64)

    def end(self, value: float, sign: int) -> float:
        """Return the price farthest from a value, down or up, at which the costs of the plans may still be the same."""
        from scipy.optimize import brentq  # it takes long to import, and few commands need it

        far = math.log(value) + sign * math.log(FAR)
        if self._surely(math.log(value)) <= 0:
            return value  # nothing is left to chance
        if self._surely(far) >= 0:
            return math.inf if sign > 0 else 0.0
        return math.exp(brentq(self._surely, math.log(value), far, xtol=1e-3))

    def _surely(self, log_price: float) -> float:
        price = math.exp(log_price)
        found = replace(
            self.of_time,
            mean=self.of_time.mean + price * self.of_impact.mean,
            squares=self.of_time.squares + 2 * price * self.both + price**2 * self.of_impact.squares,
            least=float((self.spent + price * self.harm).min(initial=0.0)),
        )
        error, value = mean(self.turned.sample, found, self.turned.confidence), self.time + price * self.impact
        return min(value + error.high - error.value, error.value - error.low - value)


class Variants:
    """Some plans and some trials, to be rolled out under variants of one scenario."""

    def __init__(
        self,
        plans: Mapping[str, Plan],
        scenario: Scenario,
        *,
        trials: int,
        seed: int,
        confidence: float,
        price: float | None = None,
    ) -> None:
        self.plans, self.scenario, self.trials, self.seed = plans, scenario, range(trials), seed
        self.confidence, self.price = confidence, price
        self.design = sampling_of(scenario)
        self._compiled: Codes = {}

    def shorter(self, trials: int) -> "Variants":
        """Return the same of so many trials, if there are more."""
        own = {"seed": self.seed, "confidence": self.confidence, "price": self.price}
        return Variants(self.plans, self.scenario, trials=min(trials, len(self.trials)), **own)  # type: ignore[arg-type]

    def columns(self, scenario: Scenario) -> tuple[list[Setting], Sampling, NDArray[np.float64]]:
        """Roll every plan out under a variant: the settings, the strata, and columns of shape (plans, columns, n)."""
        settings, design = settings_of(self.plans, scenario), self._design(scenario)
        found = empty_rows(len(settings), self.trials)
        desk = Desk(pack_worlds(scenario, self.seed), pack_plans(settings), compiled=self._compiled)
        desk.frames(numbered(self.trials), found, given=design.given(self.seed, self.trials))  # of sums by stratum none
        return settings, design, found

    def under(self, scenario: Scenario) -> Turned:
        """Roll every plan out under a variant of the scenario."""
        settings, design, columns = self.columns(scenario)
        measured = [_measured(each, scenario.fix.mean) for each in columns]
        codes = design.codes(self.trials)
        built = [each[layout.C_OUTCOME] != OUTCOMES.index("build_failed") for each in columns]
        dates = ([each[c] for each in columns] for c in (layout.C_HARMED, layout.C_DETECTED, layout.C_RECOVERED))
        return Turned(settings, measured, design, codes, self.price, self.confidence, built, *dates)

    def _design(self, scenario: Scenario) -> Sampling:
        """Return the strata as they are, with the weights of a variant; strata anew where it has other things."""
        if scenario is self.scenario:
            return self.design
        parts, _, _ = cells_of(scenario, all_at_once(scenario.fleet))
        return weighed(self.design, parts, scenario) or sampling_of(scenario)


def weighed(design: Sampling, parts: list[Factor], scenario: Scenario) -> Sampling | None:
    """Return a design with the weights that its strata have in another scenario; None where those are not alike."""
    own, known = ([each.weights for each in some] for some in (parts, design.factors))
    alike = [(each.kind, each.label, each.where, len(w)) for each, w in zip(parts, own, strict=True)]
    if alike != [(each.kind, each.label, each.where, len(w)) for each, w in zip(design.factors, known, strict=True)]:
        return None
    strata = []
    for stratum in design.strata:
        weights = np.ones(len(stratum.cells))
        for each, level in zip(own, stratum.cells.T, strict=True):
            weights = weights * each[level]
        total = math.fsum(weights)
        shares = weights / total if total > 0 else stratum.shares
        grade = stratum.grade and stratum.grade.under(scenario)
        strata.append(replace(stratum, weight=total * (grade.weight if grade else 1.0), shares=shares, grade=grade))
    if abs(sum(each.weight for each in strata) - 1.0) > 1e-9:
        return None  # a cell that could not be is there now
    return replace(design, factors=tuple(parts), strata=tuple(strata))


def _measured(columns: NDArray[np.float64], fix: float) -> Measured:
    ships = SHIPS[columns[layout.C_OUTCOME].astype(np.int64)]
    end, recovered = columns[layout.C_END], columns[layout.C_RECOVERED]
    spent = np.where(ships, end, np.fmax(end, recovered) + fix)
    return Measured(columns[layout.C_IMPACT], spent, ships.astype(np.float64))


def of_comparison(comparison: Comparison) -> Turned:
    """Return the plans of a comparison as it has them, for what only differences of cost say."""
    outcomes = list(comparison.outcomes.values())
    design = sampling_of(comparison.scenario, comparison.sampling)
    frames = [each.frame for each in outcomes]
    measured = [
        Measured(frame["impact_minutes"].to_numpy(dtype=float), each.spent, each.shipped.astype(np.float64))
        for frame, each in zip(frames, outcomes, strict=True)
    ]
    dates = [[frame[c].to_numpy(dtype=float) for frame in frames] for c in ("detected_minutes", "recovered_minutes")]
    return Turned(
        [setting(each.plan, comparison.scenario) for each in outcomes], measured, design,
        design.codes(comparison.trials), None, comparison.confidence,
        [(frame["outcome"] != "build_failed").to_numpy() for frame in frames],
        [np.zeros(len(each.frame)) if each.harmed is None else each.harmed for each in outcomes],
        *dates,
    )  # fmt: skip
