"""Waves or minutes? How much of the difference between two plans is grouping, how much order, how much bake.

A plan is taken apart into the sequence of its regions (order), how that is cut into waves (grouping), how long it
bakes in all (bake) and everything else that differs (rest); the parts are swapped one by one, in the same worlds. What
they do only together is shared evenly: Shapley's value, the mean over all orders in which they can be swapped. Not
here: the picture (``simulation.plots``).
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from simulation.analysis.variants import IMPACT, TIME, Turned, Variants
from simulation.arguments import check_confidence, how_many
from simulation.draws import check_address
from simulation.results.figures import amount
from simulation.results.numerals import number
from simulation.results.statistics import Estimate
from simulation.scenario import Scenario
from waves import Plan, Wave
from waves.by_name import counterpart
from waves.showing import Shown

NAMES = {"rest": "approvals and the rest"}
PARTS = ("grouping", "order", "bake", "rest")
USUAL = 20_000
OF_THE_REST = ("bake_requests", "max_parallel", "approval", "calendar")  # of a wave
FIGURES = {TIME: "minutes", IMPACT: "fleet-minutes"}


@dataclass(frozen=True, eq=False, repr=False)
class Parts(Shown):
    """The difference between two plans, taken apart.

    Attributes
    ----------
    names
        Of the first plan and of the second, which is held against it.
    trials, seed
        What was run: of each mixture of the two.
    parts
        In what the two differ: some of grouping, order, bake and rest.
    whole
        By figure, the second plan minus the first.
    found
        By figure and part, what of it the part makes.
    ranges
        By figure and part, the least and the most that the part makes in any order of swapping.
    """

    names: tuple[str, str]
    trials: int
    seed: int
    parts: tuple[str, ...]
    whole: dict[str, Estimate]
    found: dict[tuple[str, str], Estimate]
    ranges: dict[tuple[str, str], tuple[float, float]]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Rows (figure, part), and the whole last; columns `difference`, `low`, `high`, `least`, `most` and `unit`."""
        rows = {}
        for figure, unit in FIGURES.items():
            for part in self.parts:
                rows[figure, part] = (*self.found[figure, part], *self.ranges[figure, part], unit)
            value = self.whole[figure].value
            rows[figure, "whole"] = (*self.whole[figure], value, value, unit)
        index = pd.MultiIndex.from_tuples(list(rows), names=["figure", "part"])
        columns = ["difference", "low", "high", "least", "most", "unit"]
        return pd.DataFrame(list(rows.values()), index=index, columns=columns)

    @property
    def sentence(self) -> str:
        """Say what makes the difference, in one sentence."""
        return f"Against {self.names[0]}, {self.names[1]} {'; '.join(self._said(figure) for figure in FIGURES)}"

    def _said(self, figure: str) -> str:
        whole, unit = self.whole[figure].value, FIGURES[figure]
        less, more = ("saves", "takes another") if figure == TIME else ("spares", "costs another")
        if not math.isfinite(whole) or not self.parts or whole == 0.0:
            return f"{'takes as long' if figure == TIME else 'costs as much'}" if whole == 0.0 else "cannot be compared"
        order = sorted(self.parts, key=lambda part: -abs(self.found[figure, part].value))
        words = [f"{NAMES.get(part, part)} {_signed(self.found[figure, part].value, unit)}" for part in order]
        return f"{less if whole < 0 else more} {amount(abs(whole), unit)} ({', '.join(words)})"

    def _glance(self) -> str:
        return self.sentence

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw what each part makes of the difference, in time and in harm."""
        from simulation.plots import offered
        from simulation.plots import parts as picture

        return offered(picture(self))


def _signed(value: float, unit: str) -> str:
    size = number(abs(value)) if unit == "fleet-minutes" else amount(abs(value), unit)
    return f"{'−' if value < 0 else '+'}{size}"


def waves_or_minutes(
    first: Plan,
    second: Plan,
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> Parts:
    """Take the difference between two plans apart: how much is grouping, how much order, how much bake.

    With another grouping a plan keeps its bakes' proportions, and bakes as long in all as the plan whose bake it takes:
    so the part of the grouping is what it makes at equal total bake.

    Parameters
    ----------
    first, second
        Two plans of the same regions.
    scenario
        What we don't know.
    trials
        Of each mixture of the two; 20,000 if left out.
    seed
        The same seed gives the same worlds.
    confidence
        Of every interval.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        For plans of different regions, or numbers out of range.

    References
    ----------
    Shapley 1953, *A value for n-person games*.
    """
    count, confidence = how_many(trials, None, USUAL), check_confidence(confidence)
    check_address(seed, range(count))
    only = sorted(set(first.regions) ^ set(second.regions))
    if only:
        raise ValueError(f"{only[0]} is in one of the plans only; give plans of the same regions")
    parts = tuple(part for part in PARTS if mixed(first, second, {part}) != mixed(first, second, set()))
    subsets = [frozenset(some) for n in range(len(parts) + 1) for some in itertools.combinations(parts, n)]
    plans = {" + ".join(sorted(some)) or "neither": mixed(first, second, some) for some in subsets}
    turned = Variants(plans, scenario, trials=count, seed=int(seed), confidence=confidence).under(scenario)
    place = {some: n for n, some in enumerate(subsets)}
    whole = {f: turned.difference(len(subsets) - 1, 0, f) if parts else Estimate(0.0, 0.0, 0.0) for f in FIGURES}
    found = {(f, part): turned.combination(_shapley(part, parts, place), f) for f in FIGURES for part in parts}
    ranges = {(f, part): _range(turned, part, parts, place, f) for f in FIGURES for part in parts}
    return Parts((first.name, second.name), count, int(seed), parts, whole, found, ranges)


def mixed(first: Plan, second: Plan, taken: set[str] | frozenset[str]) -> Plan:
    """Return the first plan with some parts of the second."""
    grouping, order, bake, rest = (second if part in taken else first for part in PARTS)
    regions, counts = iter(order.regions), grouping.shape
    waves, bakes = [], _bakes(grouping, bake)
    for n, count in enumerate(counts):
        like = rest.waves[counterpart(n, len(counts), len(rest.waves))]
        own = {field: getattr(like, field) for field in OF_THE_REST}
        waves.append(Wave(regions=tuple(itertools.islice(regions, count)), bake_minutes=bakes[n], **own))
    return rest.replace(name=first.name, waves=tuple(waves))


def _bakes(grouping: Plan, bake: Plan) -> list[float]:
    """Return how long the waves of one plan bake, to bake in all as long as another."""
    own, theirs = ([wave.bake_minutes for wave in plan.waves] for plan in (grouping, bake))
    if len(own) == len(theirs):
        return theirs
    if sum(own) > 0:
        return [minutes * sum(theirs) / sum(own) for minutes in own]
    return [sum(theirs) / len(own)] * len(own)


def _before(part: str, parts: tuple[str, ...]) -> Iterator[frozenset[str]]:
    """Yield which parts were swapped before one, for each order of them."""
    for order in itertools.permutations(parts):
        yield frozenset(order[: order.index(part)])


def _shapley(part: str, parts: tuple[str, ...], place: dict[frozenset[str], int]) -> dict[int, float]:
    """Return by plan how much it counts in the value of a part."""
    weights: dict[int, float] = {}
    for before in _before(part, parts):
        for some, sign in ((before | {part}, 1.0), (before, -1.0)):
            weights[place[some]] = weights.get(place[some], 0.0) + sign / math.factorial(len(parts))
    return weights


def _range(
    turned: Turned, part: str, parts: tuple[str, ...], place: dict[frozenset[str], int], figure: str
) -> tuple[float, float]:
    """Return the least and the most that a part makes in any order."""
    values = [
        turned.influence(place[before | {part}], figure)[0] - turned.influence(place[before], figure)[0]
        for before in _before(part, parts)
    ]
    return min(values), max(values)
