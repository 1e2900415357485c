"""A back test: origin by origin, cut the history, fit, foretell the next rollouts, and hold that against what came.

Not here: the cut (`history.joining.as_of`), the steps (`forecasts`, `truth`, `naive`, `scores`), the result (`result`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from history.arguments import check_given, plans_given
from history.backtesting.forecasts import Forecast, forecasts
from history.backtesting.naive import NAIVE, Naive
from history.backtesting.origins import WEEK, origins, spread
from history.backtesting.result import Backtest
from history.backtesting.scores import BINARY, Floats, interval, place, scores
from history.backtesting.truth import TARGETS, Told, told, under
from history.fitting import Fitted
from history.fitting import fit as fit_
from history.fitting.attempts import attempts
from history.fitting.past import Past
from history.joining import Rollouts
from history.joining.as_of import as_of, only
from history.replaying.used import as_tried
from simulation import Scenario
from simulation.arguments import check_confidence, whole
from waves import Plan
from waves.progress import tqdm

Fit = Callable[[Rollouts, Scenario, Mapping[str, Plan], int], Sequence[Scenario]]
LEAST, TRIALS, LEVEL, DRAWS, MOST = 30, 4_000, 0.9, 20, 60
MINUTES = "end_minutes"
TOGETHER = 1_000  # periods that may be, for the interval of a period's mean
FORECASTERS = ("model", *NAIVE)
NEVER = "the scenario never lets one begin: no build of it succeeds"
STRIDE = 1_000_003  # between the seeds of origins


@dataclass
class _Run:
    """One back test under way."""

    rollouts: Rollouts
    scenario: Scenario
    used: Mapping[str, Plan]
    fit: Fit | None
    timed: bool
    level: float
    trials: int
    seed: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    later: int = 0
    halts: Floats = field(default_factory=lambda: np.zeros(TOGETHER))  # of all periods together, as they may be

    @property
    def targets(self) -> list[str]:
        """What can be scored: minutes only where the history tells how long deployments took."""
        return [target for target in TARGETS if self.timed or target != MINUTES]

    def add(self, number: int, origin: pd.Timestamp, until: pd.Timestamp) -> None:
        """Foretell what was pushed from an origin on until the next, and hold it against what came."""
        pushed = _pushed(self.rollouts)
        coming = self.rollouts.frame.index[(pushed >= origin) & (pushed < until)]
        if not len(coming):
            self.empty += 1
            return
        cut = as_of(self.rollouts, origin)
        known = told(cut, self.scenario, self.used)
        came = under(known, only(self.rollouts, coming), self.scenario, known.plans)
        self.left_out.update(came.left_out.values())
        if not len(came.table) or not len(known.table):
            return
        seed = (self.seed + STRIDE * number) % 2**64
        scenarios = [self.scenario] if self.fit is None else list(self.fit(cut, self.scenario, self.used, seed))
        foretold = self._foretold(known, came, scenarios, seed)
        came = self._begun(known, came, foretold)
        if not len(came.table):
            return
        order = cut.frame["started_at"].sort_values(kind="stable").index
        naive = Naive(known.table.loc[[name for name in order if name in known.table.index]])
        self._rows(origin, known, came, foretold, naive)
        self._period(origin, until, known, came, foretold, len(scenarios), seed)

    def _begun(self, known: Told, came: Told, foretold: Mapping[str, Forecast]) -> Told:
        """Leave out what the scenario never lets begin; count what was set back after its end."""
        begins = [len(foretold[known.plans[str(service)].digest].halted) > 0 for service in came.table["service"]]
        table = came.table[begins]
        if len(table) < len(came.table):
            self.left_out[NEVER] += len(came.table) - len(table)
        back = self.rollouts.frame.loc[table.index, "outcome"].eq("rolled_back").to_numpy()
        self.later += int((back & (table["halted"] == 0).to_numpy()).sum())
        return replace(came, table=table)

    def _foretold(
        self, known: Told, came: Told, scenarios: Sequence[Scenario], seed: int
    ) -> dict[str, Forecast]:  # fmt: skip
        """Return the forecast of each plan, by its digest."""
        names = sorted(set(came.table["service"]))
        halted = came.table.loc[came.table["share_at_halt"].notna(), "service"]
        plans = {known.plans[service].digest: known.plans[service] for service in names}
        return forecasts(plans, scenarios, self.trials, seed, {known.plans[service].digest for service in halted})

    def _rows(
        self, origin: pd.Timestamp, known: Told, came: Told, foretold: Mapping[str, Forecast], naive: Naive
    ) -> None:
        for name, values in came.table.iterrows():
            service = str(values["service"])
            own = foretold[known.plans[service].digest]
            for target in self.targets:
                value = float(values[target])
                ensembles = dict(zip(FORECASTERS, (own.of(target), *naive.values(target, service)), strict=True))
                if np.isnan(value) or not all(len(each) for each in ensembles.values()):
                    continue
                row = {"rollout": name, "service": service, "origin": origin, "target": target, "value": value}
                self.rows.append(row | self._scored(str(name), target, value, ensembles))

    def _scored(self, name: str, target: str, value: float, ensembles: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for who, values in ensembles.items():
            wide, score = scores(value, values, target, self.level)
            low, high = interval(values, self.level)
            middle = float(values.mean() if target in BINARY else np.median(values))
            told_ = {"middle": middle, "low": low, "high": high, "held": bool(low <= value <= high),
                     "interval_score": wide, "score": score}  # fmt: skip
            found |= {key if who == "model" else f"{who}_{key}": each for key, each in told_.items()}
        return found | {"pit": place(ensembles["model"], value, f"{name} {target}", self.seed)}

    def _period(
        self, origin: pd.Timestamp, until: pd.Timestamp, known: Told, came: Told, foretold: Mapping[str, Forecast],
        count: int, seed: int,
    ) -> None:  # fmt: skip
        """Hold the mean of the period's minutes, and how many were halted, against the same of periods that may be."""
        rng = np.random.default_rng([seed % 2**32, seed >> 32])
        plans = [known.plans[str(service)].digest for service in came.table["service"]]
        draws = {MINUTES: np.zeros(TOGETHER), "halted": np.zeros(TOGETHER)}
        for digest in sorted(set(plans)):
            for world in range(count):
                so, picked = np.arange(world, TOGETHER, count), foretold[digest].of_world(world)
                some = picked[rng.integers(0, len(picked), (len(so), plans.count(digest)))]
                for target, own in draws.items():
                    own[so] += getattr(foretold[digest], target)[some].sum(axis=1)
        draws[MINUTES] /= len(plans)
        self.halts = self.halts + rng.permutation(draws["halted"])
        for target, own in draws.items():
            if target not in self.targets:
                continue
            values, value = np.sort(own), float(came.table[target].mean() if target == MINUTES else
                                                came.table[target].sum())  # fmt: skip
            low, high = interval(values, self.level)
            self.periods.append({
                "origin": origin, "until": until, "target": target, "rollouts": len(plans), "value": value,
                "middle": float(np.median(values)), "low": low, "high": high, "held": bool(low <= value <= high),
                "pit": place(values, value, f"{origin.isoformat()} {target}", self.seed),
            })  # fmt: skip


def posterior(rollouts: Rollouts, scenario: Scenario, used: Mapping[str, Plan], seed: int) -> Sequence[Scenario]:
    """Return draws of what `history.fit` learns of a past.

    Parameters
    ----------
    rollouts, scenario, used, seed
        What was known, what history cannot tell, the plans that are known, and the seed.
    """
    return fit_(rollouts, scenario, seed=seed, used=used, draws=100).posterior(DRAWS)


def backtest(
    rollouts: Rollouts,
    scenario: Scenario | Fitted,
    *,
    used: Plan | Mapping[str, Plan] | None = None,
    every: str | int = WEEK,
    least: int = LEAST,
    most: int = MOST,
    level: float = LEVEL,
    trials: int = TRIALS,
    seed: int = 0,
    progress: bool = False,
    fit: Fit | None = posterior,
) -> Backtest:
    """Hold what was foretold against what came, again and again.

    At each origin the history is cut: what ends later is open, what comes later is not there (event time, whenever it
    was collected). Of what is left a scenario is fitted, or the scenario is taken as it is, and every rollout that is
    pushed before the next origin is foretold: its minutes to the end, whether it is halted, and how far it had come.

    Parameters
    ----------
    rollouts : Rollouts
        What `history.rollouts` joined.
    scenario : Scenario or Fitted
        What history cannot tell; of a fit, its base, as the fit has seen what is to be foretold.
    used : Plan or mapping of str to Plan, optional
        The plan that rollouts go by, or that of each service (`*`: of all others); where it is left out, that of most
        of the service's rollouts before the origin, as it was. Failed deployments are tried as often as they were.
    every : str or int
        `week`, or so many rollouts.
    least : int
        How many rollouts there must be before the first origin.
    most : int
        How many periods are foretold at most; of more, so many, evenly spread.
    level : float
        Of the intervals.
    trials : int
        Rollouts of each forecast.
    seed : int
        From 0 to 2⁶⁴ − 1.
    progress : bool
        Whether to show a progress bar on standard error.
    fit : callable, optional
        From rollouts, scenario, plans and a seed to scenarios: 20 draws of `history.fit`; None: the scenario as it is.

    Returns
    -------
    Backtest

    Raises
    ------
    ValueError
        For a period, a level, a number or a seed out of range; for rollouts, a scenario or plans that are none.
    """
    base, plans = scenario.base if isinstance(scenario, Fitted) else scenario, plans_given(used)
    check_given(rollouts, base)
    _check(level, least, most, trials, seed)
    run = _Run(rollouts, base, plans, fit, _timed(rollouts, base, plans), level, trials, int(seed))
    todo = spread(all_origins := list(origins(_pushed(rollouts), every, least)), most)
    for number, spans in enumerate(tqdm(todo, unit="origin", disable=not progress, leave=False)):
        run.add(number, *spans)
    return Backtest(
        frame=pd.DataFrame(run.rows), periods=pd.DataFrame(run.periods), left_out=run.left_out, scenario=base,
        every=every, least=least, level=level, trials=trials, seed=int(seed), fitted=fit is not None,
        origins=len(todo), possible=len(all_origins), timed=run.timed, empty=run.empty, later=run.later,
        halts=interval(np.sort(run.halts), level), retries=_retries(rollouts, plans),
        known=told(rollouts, base, plans).table, source=rollouts.source,
    )  # fmt: skip


def _timed(rollouts: Rollouts, base: Scenario, plans: Mapping[str, Plan]) -> bool:
    """Return whether the history tells how long deployments took."""
    return not attempts(Past(rollouts, base, plans)).undated.all() if len(rollouts) else True


def _retries(rollouts: Rollouts, plans: Mapping[str, Plan]) -> dict[str, tuple[Plan, int]]:
    tried = as_tried(rollouts, plans) if len(rollouts) else plans
    said = {service: plans.get(service, plans.get("*", plan)) for service, plan in tried.items()}
    return {name: (said[name], plan.retries) for name, plan in tried.items() if plan.retries > said[name].retries}


def _pushed(rollouts: Rollouts) -> "pd.Series[Any]":
    return rollouts.frame["pushed_at"].fillna(rollouts.frame["started_at"])


def _check(level: float, least: int, most: int, trials: int, seed: int) -> None:
    check_confidence(level)
    whole("least", least, 2), whole("most", most, 1), whole("trials", trials, 100)
    if not 0 <= whole("seed", seed, 0) < 2**64:
        raise ValueError(f"seed is {seed}; give a whole number from 0 to 2**64 - 1")
