"""Sensitivity: which assumption moves what plans come to, which would turn the answer, and what a wrong choice costs.

Every assumption is turned by itself, in the same worlds (``variants``), as far as its source says (``levers``). Not
here: the pictures (``simulation.plots``), two plans taken apart (``parts``).
"""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from simulation.analysis.levers import Lever, levers
from simulation.analysis.turning import WAYS, BreakEven, Differences, Search
from simulation.analysis.variants import COST, IMPACT, TIME, Turned, Variants
from simulation.arguments import check_confidence, check_workers, how_many, is_number
from simulation.draws import check_address
from simulation.results.statistics import Estimate
from simulation.scenario import Scenario
from waves import Plan
from waves.showing import Shown, counted

USUAL = 8192  # trials of each plan at each turn
UNITS = {IMPACT: "fleet-minutes", TIME: "minutes", COST: "minutes"}


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

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """The assumptions that change nothing: turned either way, no difference from the first plan moves."""
        base = {key: self.base.difference(key[0], 0, key[1]).value for ends in self.ends[:1] for key in ends[0]}
        return tuple(
            lever.name
            for lever, ends in zip(self.levers, self.ends, strict=True)
            if all(_same(found[key].value, value) for found in ends for key, value in base.items())
        )

    @cached_property
    def untold(self) -> tuple[str, ...]:
        """The turns after which a difference is not known, as a plan never ships, or hardly ever: `lag, high`."""
        return tuple(
            f"{lever.name}, {way}"
            for lever, ends in zip(self.levers, self.ends, strict=True)
            for way, found in zip(WAYS, ends, strict=True)
            if not all(math.isfinite(each.value) for each in found.values())
        )

    @property
    def silent(self) -> list[str]:
        """Say which assumptions change nothing, and after which turns nothing is known: a sentence each, if any."""
        said = []
        if self.idle:
            said.append(f"Turned either way, {_listed(self.idle)} changes no difference between the plans")
        if self.untold:
            said.append(f"Nothing is known of {_listed(self.untold)}: a plan never ships then, or hardly ever")
        return said

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


def _same(one: float, other: float) -> bool:
    return one == other or math.isclose(one, other, rel_tol=1e-12) or (math.isnan(one) and math.isnan(other))


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


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
    worlds = Variants(dict(plans), scenario, **own)  # type: ignore[arg-type]
    search = Search(worlds, worlds.under(scenario), list(plans))
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
