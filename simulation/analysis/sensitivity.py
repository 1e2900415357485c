"""Sensitivity: which assumption moves what plans come to, which would turn the answer, and what a wrong choice costs.

Every assumption is turned by itself, in the same worlds (``variants``), as far as its source says (``levers``). Not
here: the pictures (``simulation.plots``), two plans taken apart (``parts``).
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from scipy.optimize import brentq

from simulation.analysis.dora import times_of
from simulation.analysis.levers import TOGETHER, Lever, levers
from simulation.analysis.variants import COST, IMPACT, TIME, Turned, Worlds
from simulation.arguments import check_confidence, check_workers, how_many, is_number
from simulation.draws import check_address
from simulation.results.figures import amount
from simulation.results.numerals import number
from simulation.results.statistics import Estimate
from simulation.scenario import Scenario
from waves import Plan
from waves.showing import Shown, counted

USUAL = 8192  # trials of each plan at each turn
REACH = 10.0  # times up and down within which a break-even is looked for
UNITS = {IMPACT: "fleet-minutes", TIME: "minutes", COST: "minutes"}
CALLED = {IMPACT: "in harm", TIME: "in time to ship", COST: "in cost"}
WAYS = ("low", "high")
FINE = 2e-3  # how exactly a break-even is found, as a part of its factor

Differences = dict[tuple[int, str], Estimate]  # from a plan's place and a figure


@dataclass(frozen=True)
class BreakEven:
    """Where one assumption makes a plan as good as the first.

    Attributes
    ----------
    plan, figure
        Which plan, and in what.
    lever
        The assumption.
    factor, low, high
        How many times what the scenario says, with its interval; an end of 0 or infinity was not found within reach.
    size, size_low, size_high
        The same in the assumption's own unit: a probability, a constant, a median; NaN where it has none.
    unit
        Of the size.
    first_is_better
        Whether the first plan is the better one as the scenario is.
    """

    plan: str
    figure: str
    lever: Lever
    factor: float
    low: float
    high: float
    size: float
    size_low: float
    size_high: float
    unit: str
    first_is_better: bool

    @property
    def within(self) -> bool:
        """Whether it lies where the assumption may well be."""
        return self.lever.low <= self.factor <= self.lever.high

    def sentence(self, first: str) -> str:
        """Say it: `three waves beat all at once in cost until time to detect exceeds 47 min (41 min to 55 min)`."""
        better, worse = (first, self.plan) if self.first_is_better else (self.plan, first)
        turn = "exceeds" if self.factor > 1 else "falls below"
        if math.isnan(self.size):
            where = f"{number(self.factor)} times what it is ({_span(self.low, self.high, number)})"
        else:
            where = f"{self._amount(self.size)} ({_span(self.size_low, self.size_high, self._amount)})"
        return f"{better} beats {worse} {CALLED[self.figure]} until {self.lever.name} {turn} {where}"

    def _amount(self, value: float) -> str:
        share = self.unit.startswith(("probability", "share"))
        return amount(value, "probability" if share else self.unit).strip()


def _span(low: float, high: float, write: Callable[[float], str]) -> str:
    if low == 0.0:
        return f"up to {write(high)}"
    return f"{write(low)} to {write(high)}" if high < math.inf else f"{write(low)} or more"


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Shown):
    """What plans come to as each assumption is turned by itself; the first plan is the baseline.

    Attributes
    ----------
    plans, scenario, seed, trials, confidence
        What was run; `trials` of each plan at each turn.
    price
        Minutes of waiting that a fleet-minute is worth; None where none was given.
    levers
        The assumptions.
    base
        The plans as the scenario is.
    ends
        By assumption, the differences from the first plan where it is low and where it is high.
    breaks
        The break-evens that were found, those within the range of their assumption first.
    """

    plans: dict[str, Plan]
    scenario: Scenario
    seed: int
    trials: int
    confidence: float
    price: float | None
    levers: tuple[Lever, ...]
    base: Turned
    ends: tuple[tuple[Differences, Differences], ...]
    worths: tuple[tuple[dict[int, Estimate], dict[int, Estimate]], ...]
    regrets: dict[tuple[str, str], tuple[float, str]]
    breaks: tuple[BreakEven, ...]

    @property
    def baseline(self) -> str:
        """The name of the first plan."""
        return next(iter(self.plans))

    @property
    def figures(self) -> tuple[str, ...]:
        """What plans are compared in: harm, time and, with a price, both together."""
        return (IMPACT, TIME) if self.price is None else (IMPACT, TIME, COST)

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """The assumptions: `value`, the factors `low` and `high` by which each is turned, and where those come from."""
        rows = [(each.value(self.scenario), each.low, each.high, each.source) for each in self.levers]
        index = pd.Index([each.name for each in self.levers], name="assumption")
        return pd.DataFrame(rows, index=index, columns=["value", "low", "high", "source"])

    @cached_property
    def tornado(self) -> pd.DataFrame:
        """The differences from the first plan with each assumption low and high; rows (plan, figure, assumption).

        Columns `at_low`, `at_low_low`, `at_low_high`, the same of `at_high`, `swing` (how far apart the two are) and
        `unit`; within a plan and a figure the greatest swing first. The figure `worth` is the price of a fleet-minute,
        in minutes of waiting, at which the two plans cost the same.
        """
        rows: dict[tuple[str, str, str], tuple[Any, ...]] = {}
        for n, name in list(enumerate(self.plans))[1:]:
            for figure in self.figures:
                found = [(low[n, figure], high[n, figure]) for low, high in self.ends]
                rows |= self._rows(name, figure, found, UNITS[figure])
            rows |= self._rows(name, "worth", [(low[n], high[n]) for low, high in self.worths], "minutes")
        columns = ["at_low", "at_low_low", "at_low_high", "at_high", "at_high_low", "at_high_high", "swing", "unit"]
        index = pd.MultiIndex.from_tuples(list(rows), names=["plan", "figure", "assumption"])
        return pd.DataFrame(list(rows.values()), index=index, columns=columns)

    def moved(self, plan: str, figure: str) -> pd.DataFrame:
        """Return the tornado's rows of one plan and figure, by assumption, the greatest swing first."""
        own = (self.tornado.index.get_level_values(0) == plan) & (self.tornado.index.get_level_values(1) == figure)
        return self.tornado[own].droplevel(["plan", "figure"])

    def _rows(
        self, plan: str, figure: str, found: list[tuple[Estimate, Estimate]], unit: str
    ) -> dict[tuple[str, str, str], tuple[Any, ...]]:
        def swing(n: int) -> float:
            apart = abs(found[n][1].value - found[n][0].value)
            return apart if math.isfinite(apart) else -1.0

        order = sorted(range(len(found)), key=lambda n: -swing(n))
        return {
            (plan, figure, self.levers[n].name): (*found[n][0], *found[n][1], max(swing(n), 0.0), unit) for n in order
        }

    @cached_property
    def break_even(self) -> pd.DataFrame:
        """Where an assumption makes a plan as good as the first: one row each.

        Columns `plan`, `figure`, `assumption`, `factor`, `low`, `high`, `size`, `size_low`, `size_high`, `unit` and
        `within`: see `BreakEven`.
        """
        rows = [
            (b.plan, b.figure, b.lever.name, b.factor, b.low, b.high, b.size, b.size_low, b.size_high, b.unit, b.within)
            for b in self.breaks
        ]
        columns = ["plan", "figure", "assumption", "factor", "low", "high", "size", "size_low", "size_high", "unit"]
        return pd.DataFrame(rows, columns=[*columns, "within"])

    @cached_property
    def regret(self) -> pd.DataFrame:
        """What choosing a plan costs over the best choice, as the scenario is and at the worst turn of an assumption.

        Rows (plan, figure); columns `regret`, `low`, `high`, `worst`, `worst_assumption` and `unit`. A regret of 0 with
        ends of 0 is the best plan's own.
        """
        rows = {}
        for figure in self.figures:
            for n, name in enumerate(self.plans):
                best = min(range(len(self.plans)), key=lambda k: self.base.influence(k, figure)[0])
                own = self.base.difference(n, best, figure) if n != best else Estimate(0.0, 0.0, 0.0)
                rows[name, figure] = (*own, *self.regrets[name, figure], UNITS[figure])
        index = pd.MultiIndex.from_tuples(list(rows), names=["plan", "figure"])
        return pd.DataFrame(
            list(rows.values()), index=index, columns=["regret", "low", "high", "worst", "worst_assumption", "unit"]
        )

    @cached_property
    def worth(self) -> pd.DataFrame:
        """The price of a fleet-minute, in minutes of waiting, at which each plan costs what the first does.

        Rows plans; columns `price`, `low`, `high` (NaN where one of the two is better in both) and `difference` in
        harm and time.
        """
        rows = {
            name: (
                *self.base.worth(n, 0),
                self.base.difference(n, 0, IMPACT).value,
                self.base.difference(n, 0, TIME).value,
            )
            for n, name in list(enumerate(self.plans))[1:]
        }
        columns = ["price", "low", "high", IMPACT, TIME]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("plan")

    @property
    def sentences(self) -> list[str]:
        """Say what would turn the answer: one sentence a break-even."""
        return [each.sentence(self.baseline) for each in self.breaks]

    def _glance(self) -> str:
        turned = counted(len(self.levers), "assumption")
        return f"{', '.join(self.plans)}; {turned} turned, {counted(self.trials, 'rollout')} each, seed {self.seed}"

    def plot(self, plan: str | None = None, figure: str | None = None):  # type: ignore[no-untyped-def]
        """Draw the tornado of one plan against the first: the second plan, and their price, if left out."""
        from simulation.plots import offered
        from simulation.plots import tornado as picture

        return offered(picture(self, plan, figure))


def sensitivity(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    price: float | None = None,
    trials: int | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    workers: int = 1,
) -> Sensitivity:
    """Turn each assumption by itself and see how plans compare with the first, in the same worlds.

    Parameters
    ----------
    plans
        By name, at least two; the first is the baseline.
    scenario
        Its `sources` say how far an assumption is turned: to the ends of its interval, where it has one, else to half
        and double. Probabilities go up to 1.
    price
        Minutes of waiting that a fleet-minute is worth: then plans are compared by cost, too, which is the time to ship
        and the price times the impact of a change.
    trials
        Of each plan at each turn; 8,192 if left out.
    seed
        The same seed gives the same worlds.
    confidence
        Of every interval.
    workers
        How many threads to use, −1 for as many as there are cores.

    Returns
    -------
    Sensitivity
        With `tornado`, `break_even`, `regret`, `worth`.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        For fewer than two plans, or numbers out of range.
    """
    if not isinstance(plans, Mapping) or len(plans) < 2:
        raise ValueError("sensitivity compares plans; give at least two, by name")
    if price is not None and not (is_number(price) and 0 < price < math.inf):
        raise ValueError(f"price is {price!r}; give minutes of waiting that a fleet-minute is worth, above 0")
    count, confidence = how_many(trials, None, USUAL), check_confidence(confidence)
    check_address(seed, range(count))
    own = {"trials": count, "seed": int(seed), "confidence": confidence, "price": price}
    worlds = Worlds(dict(plans), scenario, **own)  # type: ignore[arg-type]
    search = _Search(worlds, worlds.under(scenario), list(plans))
    turned = levers(scenario)
    threads = check_workers(workers)
    if not isinstance(threads, int):
        raise ValueError("workers is an executor; sensitivity takes a number of threads")
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(search.turn, turned))
    breaks = sorted((b for each in found for b in each.breaks), key=lambda b: (not b.within, abs(math.log(b.factor))))
    return Sensitivity(
        dict(plans), scenario, int(seed), count, confidence, price, tuple(turned), search.base,
        tuple(each.ends for each in found), tuple(each.worths for each in found), search.regrets(found), tuple(breaks),
    )  # fmt: skip


@dataclass(frozen=True)
class _Turn:
    """What came of one assumption turned."""

    lever: Lever
    ends: tuple[Differences, Differences]
    worths: tuple[dict[int, Estimate], dict[int, Estimate]]
    values: tuple[dict[tuple[int, str], float], dict[tuple[int, str], float]]
    breaks: list[BreakEven]


class _Search:
    """Turns assumptions, and looks for those at which two plans are as good as each other."""

    def __init__(self, worlds: Worlds, base: Turned, names: list[str]) -> None:
        self.worlds, self.base, self.names = worlds, base, names
        self.figures = (IMPACT, TIME) if worlds.price is None else (IMPACT, TIME, COST)
        self.pairs = [(n, figure) for n in range(1, len(names)) for figure in self.figures]

    def differences(self, turned: Turned) -> Differences:
        return {(n, figure): turned.difference(n, 0, figure) for n, figure in self.pairs}

    def turn(self, lever: Lever) -> _Turn:
        """Turn one assumption down and up, and look for break-evens."""
        path = _Path(self, lever)
        low, high = path.turned(lever.low), path.turned(lever.high)
        others = range(1, len(self.names))
        worths = {n: low.worth(n, 0) for n in others}, {n: high.worth(n, 0) for n in others}
        each = [(n, figure) for n in range(len(self.names)) for figure in self.figures]
        values = tuple({key: turned.influence(*key)[0] for key in each} for turned in (low, high))
        ends = path.at(lever.low), path.at(lever.high)
        return _Turn(lever, ends, worths, values, list(path.breaks()))  # type: ignore[arg-type]

    def regrets(self, found: list[_Turn]) -> dict[tuple[str, str], tuple[float, str]]:
        """Return by plan and figure the greatest regret at any turn, and where it is."""
        worst = {}
        for figure in self.figures:
            own = {(n, figure): self.base.influence(n, figure)[0] for n in range(len(self.names))}
            turns = [(own, "as it is")]
            turns += [
                (v, f"{t.lever.name}, {w}") for t in found for v, w in zip(t.values, ("low", "high"), strict=True)
            ]
            for n, name in enumerate(self.names):
                regret = [(v[n, figure] - min(v[k, figure] for k in range(len(self.names))), w) for v, w in turns]
                worst[name, figure] = max(regret, key=lambda pair: pair[0])
        return worst


class _Path:
    """One assumption along its factors; whatever was worked out is kept."""

    def __init__(self, search: _Search, lever: Lever) -> None:
        self.search, self.lever = search, lever
        self.known: dict[float, Differences] = {1.0: search.differences(search.base)}
        self.most = REACH
        size = lever.size(search.worlds.scenario, 1.0)
        top = lever.size(search.worlds.scenario, REACH)
        if size > 0 and top < REACH * size:  # a probability that reaches 1
            self.most = max(top / size, 1.0)

    def turned(self, factor: float) -> Turned:
        """Roll the plans out with the assumption so many times as large."""
        return self.search.worlds.under(self.lever.at(self.search.worlds.scenario, factor))

    def at(self, factor: float) -> Differences:
        """Return the differences at a factor."""
        if factor not in self.known:
            self.known[factor] = self.search.differences(self.turned(factor))
        return self.known[factor]

    def breaks(self) -> Iterator[BreakEven]:
        """Yield the break-even nearest to what the scenario says, for each plan and figure that has one."""
        points = sorted({1.0, self.lever.low, self.lever.high, 1 / REACH, self.most})
        for factor in points:
            self.at(factor)
        for plan, figure in self.search.pairs:
            roots = self._roots(points, plan, figure, 0)
            if roots and self.at(1.0)[plan, figure].value != 0.0:
                found = self._around(min(roots, key=lambda f: abs(math.log(f))), points, plan, figure)
                if found.low > 0 or found.high < math.inf:  # else nothing is known of it
                    yield found

    def _roots(self, points: list[float], plan: int, figure: str, end: int) -> list[float]:
        """Return where the difference, or an end of its interval, is nought: one factor for each change of its sign."""
        found = []
        for a, b in itertools.pairwise(points):
            one, other = (self.at(f)[plan, figure][end] for f in (a, b))
            if math.isfinite(one) and math.isfinite(other) and one * other < 0:
                ends = math.log(a), math.log(b)
                found.append(
                    math.exp(brentq(lambda x: self.at(math.exp(x))[plan, figure][end], *ends, xtol=FINE, rtol=FINE))
                )
        return found

    def _around(self, factor: float, points: list[float], plan: int, figure: str) -> BreakEven:
        """Return the break-even at a factor, with its interval: the factors at which the difference may be nought."""
        ends = [f for end in (1, 2) for f in self._roots(points, plan, figure, end)]
        near = 1 + 3 * FINE  # no root is known more exactly
        low = max((min(f, factor) for f in ends if f <= factor * near), default=0.0)
        high = min((max(f, factor) for f in ends if f >= factor / near), default=math.inf)
        size, size_low, size_high = (self._size(f) for f in (factor, low, high))
        unit = "minutes" if self.lever.name in TOGETHER else self.lever.unit
        better = self.at(1.0)[plan, figure].value > 0
        name = self.search.names[plan]
        return BreakEven(name, figure, self.lever, factor, low, high, size, size_low, size_high, unit, better)

    def _size(self, factor: float) -> float:
        if math.isnan(factor) or factor == 0.0 or math.isinf(factor):
            return factor
        if self.lever.name in TOGETHER:
            return times_of(self.turned(factor), 0)[list(TOGETHER).index(self.lever.name) + 1]
        return self.lever.size(self.search.worlds.scenario, factor)
