"""A scenario from three numbers that people have: how often a change fails, how soon that is seen, how soon it is over.

Not here: what the scenario's fields do (``model``), fits to a history (``history``).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from simulation.analysis.levers import DETECTING, RESTORING, Lever, median
from simulation.analysis.variants import Turned, Variants
from simulation.arguments import how_many, is_number
from simulation.distributions import Family
from simulation.draws import check_address
from simulation.scenario import Scenario
from waves import Plan

USUAL = 50_000  # trials at each step
FEW = 30  # changes that hurt and were noticed, below which there is no median to speak of
FAR = 1000.0  # times up and down within which a scale is looked for
CLOSE = 2e-3  # how near to what was asked for the three must come, as parts of it
ROUNDS = 8
NAMES = ("change failure rate", "median time to detect", "median time to restore")


def times_of(turned: Turned, plan: int) -> tuple[float, float, float]:
    """Return the share of changes that hurt, and the median minutes from first harm to alarm and to recovery.

    Parameters
    ----------
    turned
        Plans rolled out.
    plan
        The place of one.

    Returns
    -------
    rate, detect, restore
        `rate` is that of the changes whose build did not fail. The medians are over those that hurt, were noticed by a
        true alarm and restored: what an incident's record holds. NaN where there are none.
    """
    harmed, seen, over = turned.harmed[plan], turned.detected[plan], turned.recovered[plan]
    own = turned.weight
    hurts = turned.measured[plan].impact > 0
    noticed = hurts & ~np.isnan(seen) & ~np.isnan(over)
    built = float(own[turned.built[plan]].sum())
    rate = float(own[hurts].sum()) / built if built else math.nan
    if noticed.sum() < FEW:
        return rate, math.nan, math.nan
    detect, restore = (_median((late - harmed)[noticed], own[noticed]) for late in (seen, over))
    return rate, detect, restore


def _median(values: Any, weights: Any) -> float:
    """Return a weighted median, between values by their weights, so that it moves as they do."""
    order = np.argsort(values, kind="stable")
    along = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(0.5 * weights.sum(), along, values[order]))


def from_dora(
    base: Scenario,
    *,
    change_failure_rate: float,
    time_to_detect: float,
    time_to_restore: float,
    observed_under: Plan,
    trials: int | None = None,
    seed: int = 0,
) -> Scenario:
    """Return a scenario under which a plan shows three numbers that were observed.

    The probabilities of all defects are multiplied by one factor, all that leads to an alarm (evidence, lag, complaint,
    report) by a second, all that restores (reaction, roll-back, manual recovery) by a third, until the plan shows the
    three; everything else is the base's.

    Parameters
    ----------
    base
        Gives the rest: which faults there are and in what proportion, how severe, how spread out the times are.
    change_failure_rate
        The share of the changes that hurt production, of those whose build did not fail.
    time_to_detect, time_to_restore
        The median minutes from the first harm to the first true alarm (somebody or something that noticed), and to the
        last recovery; over the changes that hurt, were noticed and restored.
    observed_under
        The plan that was in use when the three were observed.
    trials, seed
        Of the rollouts at each step; 50,000 if left out.

    Returns
    -------
    Scenario
        Its `sources` name the three numbers, with an estimate for each field that was solved for.

    Raises
    ------
    InputError
        Where the plan has regions that the fleet does not have.
    ValueError
        For numbers out of range, or that no factor reaches.
    """
    wanted = (change_failure_rate, time_to_detect, time_to_restore)
    _check(*wanted)
    count = how_many(trials, None, USUAL)
    check_address(seed, range(count))
    solving = _Solving(base, observed_under, count, int(seed))
    factors = solving.solve(wanted)
    return _told(solving.at(factors), base, wanted, observed_under.name)


def _check(rate: float, detect: float, restore: float) -> None:
    if not (is_number(rate) and 0 < rate < 1):
        raise ValueError(f"change_failure_rate is {rate!r}; give the share of changes that hurt, between 0 and 1")
    for name, value in (("time_to_detect", detect), ("time_to_restore", restore)):
        if not (is_number(value) and 0 < value < math.inf):
            raise ValueError(f"{name} is {value!r} minutes; give the median minutes from the first harm, above 0")
    if restore <= detect:
        raise ValueError(
            f"time_to_restore is {restore:g} minutes and time_to_detect {detect:g}: both count from the first harm, so "
            "give a longer time to restore"
        )


@dataclass(frozen=True)
class _Solving:
    """One plan over one scenario, scaled three ways, in the same worlds."""

    base: Scenario
    plan: Plan
    trials: int
    seed: int

    @cached_property
    def worlds(self) -> Variants:
        """The plan over the base: whatever is scaled, the same worlds."""
        return Variants({self.plan.name: self.plan}, self.base, trials=self.trials, seed=self.seed, confidence=0.95)

    def at(self, factors: tuple[float, float, float]) -> Scenario:
        """Return the scenario with the probabilities of defects, what detects and what restores scaled."""
        faults = tuple(
            fault.replace(probability=min(fault.probability * factors[0], 1.0)) if fault.effect == "defect" else fault
            for fault in self.base.faults
        )
        found = self.base.replace(faults=faults, sources={})
        for fields, factor in zip((DETECTING, RESTORING), factors[1:], strict=True):
            found = Lever("", fields, None, 1.0, 1.0, "").at(found, factor)
        return found

    def shown(self, factors: tuple[float, float, float]) -> tuple[float, float, float]:
        """Return the three numbers that the plan shows."""
        return times_of(self.worlds.under(self.at(factors)), 0)

    def solve(self, wanted: tuple[float, float, float]) -> tuple[float, float, float]:
        """Solve for one factor after the other, until all three fit."""
        factors = (1.0, 1.0, 1.0)
        for _ in range(ROUNDS):
            for n in range(3):
                factors = self._one(factors, n, wanted)
            shown = self.shown(factors)
            if all(abs(have / want - 1) < CLOSE for have, want in zip(shown, wanted, strict=True)):
                return factors
        off = [abs(have / want - 1) for have, want in zip(shown, wanted, strict=True)]
        worst = max(range(3), key=lambda n: math.inf if math.isnan(off[n]) else off[n])
        others = " and ".join(f"{NAMES[n]} {_amount(shown[n], n)}" for n in range(3) if n != worst)
        raise ValueError(
            f"a {NAMES[worst]} of {_amount(wanted[worst], worst)} cannot be reached together with the other two under "
            f"{self.plan.name}: {_amount(shown[worst], worst)} is the nearest, with {others}"
        )

    def _one(
        self, factors: tuple[float, float, float], n: int, wanted: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        """Return the factors with one of them such that its number is as wanted, the others as they are."""

        def with_own(log_factor: float) -> tuple[float, float, float]:
            own = math.exp(log_factor)
            return (own, *factors[1:]) if n == 0 else (factors[0], own, factors[2]) if n == 1 else (*factors[:2], own)

        def over(log_factor: float) -> float:
            have = self.shown(with_own(log_factor))[n]
            return math.nan if math.isnan(have) else math.log(max(have, 1e-300) / wanted[n])

        from scipy.optimize import brentq  # it takes long to import, and few commands need it

        ends = self._bracket(over, math.log(factors[n]), n, wanted)
        return with_own(ends[0] if ends[0] == ends[1] else brentq(over, *ends, xtol=1e-4, rtol=1e-4))

    def _bracket(self, over: Any, start: float, n: int, wanted: tuple[float, float, float]) -> tuple[float, float]:
        """Return two logarithms of factors between which a number passes what is wanted; it rises with its factor."""
        here = over(start)
        if math.isnan(here):
            raise ValueError(f"{self.plan.name} shows too few changes that hurt and are noticed to solve for: {HINT}")
        if abs(here) < CLOSE / 4:
            return start, start
        step, at, value = math.log(2.0) * (-1 if here > 0 else 1), start, here
        while abs(at + step) <= math.log(FAR):
            new = over(at + step)
            if math.isnan(new):
                break
            if new * value <= 0:
                return (at, at + step) if step > 0 else (at + step, at)
            at, value = at + step, new
        asked, reached = (_amount(each, n) for each in (wanted[n], wanted[n] * math.exp(value)))
        raise ValueError(
            f"a {NAMES[n]} of {asked} cannot be reached under {self.plan.name}: {reached} is as far as it goes"
        )


def _amount(value: float, n: int) -> str:
    return f"{100 * value:.3g} %" if n == 0 else f"{value:.4g} minutes"


HINT = "give the base more defects, or alarms that see them"


def _told(found: Scenario, base: Scenario, wanted: tuple[float, float, float], plan: str) -> Scenario:
    """Write down where the values come from."""
    rate, detect, restore = wanted
    times = f"seen after {detect:g} min, over after {restore:g} min"
    observed = f"solved: under {plan} {100 * rate:.3g} % of changes fail, {times}"
    sources: dict[str, Any] = {key: value for key, value in base.sources.items() if key != "faults"}
    for field in (*DETECTING, *RESTORING):
        value = getattr(found, field)
        if value is not None and value != getattr(type(base).model_fields[field], "default", None):
            sources[field] = {"source": observed, "estimate": _estimate(value)}
    for fault in found.faults:
        if fault.effect == "defect":
            sources[fault.name] = {"source": observed, "estimate": fault.probability}
        elif "faults" in base.sources:
            sources.setdefault(fault.name, base.sources["faults"])
    return found.replace(name=f"{base.name}, as observed", sources=sources)


def _estimate(value: Family) -> float:
    return float(f"{median(value):.6g}")
