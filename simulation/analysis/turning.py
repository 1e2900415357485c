"""One assumption at a time turned along its factors, and where that makes two plans as good as each other.

Not here: which assumptions there are (``levers``), what is told of all of them (``sensitivity``).
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulation.analysis.dora import times_of
from simulation.analysis.levers import TOGETHER, Lever
from simulation.analysis.variants import COST, IMPACT, TIME, Turned, Variants
from simulation.results.figures import amount
from simulation.results.numerals import number
from simulation.results.statistics import Estimate

REACH = 10.0  # times up and down within which a break-even is looked for
CERTAIN = 0.9995  # a probability that is written as 100 %
NEARLY = 0.95  # how far a probability is turned up in looking for one
CALLED = {IMPACT: "in harm", TIME: "in time to ship", COST: "in cost"}
WAYS = ("low", "high")
FEW = 512  # trials by which it is seen whether that is worth looking for far away
CLEAR = 0.3  # the part of a difference that is left where it is not
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


def _apart(turned: Turned, plan: int, figure: str) -> float:
    return turned.influence(plan, figure)[0] - turned.influence(0, figure)[0]


def _zero(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq  # it takes long to import, and few commands need it

    return float(brentq(function, low, high, xtol=FINE, rtol=FINE))


def _span(low: float, high: float, write: Callable[[float], str]) -> str:
    if low == 0.0:
        return f"up to {write(high)}"
    return f"{write(low)} to {write(high)}" if high < math.inf else f"{write(low)} or more"


@dataclass(frozen=True)
class Turn:
    """What came of one assumption turned."""

    lever: Lever
    ends: tuple[Differences, Differences]
    worths: tuple[dict[int, Estimate], dict[int, Estimate]]
    values: tuple[dict[tuple[int, str], float], dict[tuple[int, str], float]]
    breaks: list[BreakEven]


class Search:
    """Turns assumptions, and looks for those at which two plans are as good as each other."""

    def __init__(self, worlds: Variants, base: Turned, names: list[str]) -> None:
        self.worlds, self.base, self.names = worlds, base, names
        self.few = worlds.shorter(FEW)
        self.base_of_few = self.few.under(worlds.scenario)
        self.figures = (IMPACT, TIME) if worlds.price is None else (IMPACT, TIME, COST)
        self.pairs = [(n, figure) for n in range(1, len(names)) for figure in self.figures]

    def differences(self, turned: Turned) -> Differences:
        """Return each plan minus the first, in each figure."""
        return {(n, figure): turned.difference(n, 0, figure) for n, figure in self.pairs}

    def turn(self, lever: Lever) -> Turn:
        """Turn one assumption down and up, and look for break-evens."""
        path = Path(self, lever)
        low, high = path.turned(lever.low), path.turned(lever.high)
        path.known |= {lever.low: self.differences(low), lever.high: self.differences(high)}
        others = range(1, len(self.names))
        worths = {n: low.worth(n, 0) for n in others}, {n: high.worth(n, 0) for n in others}
        each = [(n, figure) for n in range(len(self.names)) for figure in self.figures]
        values = tuple({key: turned.influence(*key)[0] for key in each} for turned in (low, high))
        ends = path.at(lever.low), path.at(lever.high)
        return Turn(lever, ends, worths, values, list(path.breaks()))  # type: ignore[arg-type]

    def regrets(self, found: list[Turn]) -> dict[tuple[str, str], tuple[float, str]]:
        """Return by plan and figure the greatest regret at any turn, and where it is."""
        worst = {}
        for figure in self.figures:
            own = {(n, figure): self.base.influence(n, figure)[0] for n in range(len(self.names))}
            turns = [(own, "as it is")]
            turns += [(v, f"{t.lever.name}, {w}") for t in found for v, w in zip(t.values, WAYS, strict=True)]
            for n, name in enumerate(self.names):
                regret = [(v[n, figure] - min(v[k, figure] for k in range(len(self.names))), w) for v, w in turns]
                worst[name, figure] = max(regret, key=lambda pair: pair[0])
        return worst


class Path:
    """One assumption along its factors; whatever was worked out is kept."""

    def __init__(self, search: Search, lever: Lever) -> None:
        self.search, self.lever = search, lever
        self.known: dict[float, Differences] = {1.0: search.differences(search.base)}
        self.most = REACH
        size = lever.size(search.worlds.scenario, 1.0)
        top = lever.size(search.worlds.scenario, REACH)
        if size > 0 and top < REACH * size:  # a probability that reaches 1
            self.most = max(top / size, 1.0)
        if lever.unit.startswith("probability") and top > NEARLY > size > 0:  # with 1 perhaps nothing ships any more
            self.most = NEARLY / size

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
        near, far = {1.0, self.lever.low, self.lever.high}, {1 / REACH, self.most}
        points = sorted(near | {each for each in far - near if self._may_turn(each)})
        for factor in points:
            self.at(factor)
        for plan, figure in self.search.pairs:
            roots = self._roots(points, plan, figure, 0)
            if roots and self.at(1.0)[plan, figure].value != 0.0:
                found = self._around(min(roots, key=lambda f: abs(math.log(f))), sorted(near | far), plan, figure)
                certain = self.lever.unit.startswith("probability") and found.size > CERTAIN  # reads like 1
                if (found.low > 0 or found.high < math.inf) and not certain:  # else nothing is known of it
                    yield found

    def _may_turn(self, far: float) -> bool:
        """Return whether an answer may be another one so far away, by a few trials: hardly ever is it worth many."""
        few, pairs = self.search.few, self.search.pairs
        turned, base = few.under(self.lever.at(few.scenario, far)), self.search.base_of_few
        for plan, figure in pairs:
            now = self.at(1.0)[plan, figure].value
            moved = _apart(turned, plan, figure) - _apart(base, plan, figure)  # in the same worlds
            if not (now + moved) * now > CLEAR * now**2:
                return True
        return False

    def _roots(self, points: list[float], plan: int, figure: str, end: int) -> list[float]:
        """Return where the difference, or an end of its interval, is nought: one factor for each change of its sign.

        Where it is not known on the way there, as hardly any trial differs or ships, there is none to be told.
        """

        def value(log_factor: float) -> float:
            found: float = self.at(math.exp(log_factor))[plan, figure][end]
            if not math.isfinite(found):
                raise ArithmeticError
            return found

        found = []
        for a, b in itertools.pairwise(points):
            one, other = (self.at(f)[plan, figure][end] for f in (a, b))
            if math.isfinite(one) and math.isfinite(other) and one * other < 0:
                with contextlib.suppress(ArithmeticError):
                    found.append(math.exp(_zero(value, *map(math.log, self._between(a, b, plan, figure, end)))))
        return found

    def _between(self, a: float, b: float, plan: int, figure: str, end: int) -> tuple[float, float]:
        """Return the two factors, of all between that are worked out by now, between which a difference is nought.

        Of several such pairs, the one nearest to what the scenario says.
        """
        known = sorted(factor for factor in self.known if a <= factor <= b)
        pairs = [
            (one, other)
            for one, other in itertools.pairwise(known)
            if self.at(one)[plan, figure][end] * self.at(other)[plan, figure][end] < 0
        ]
        return min(pairs, key=lambda pair: abs(math.log(pair[0] * pair[1])), default=(a, b))

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
