"""Many rollouts: run them, hold their outcomes, sum them up.

Not here: one rollout (``model``, ``measure``), plans against each other (``analysis``), pictures (``plots``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from simulation._arguments import check_confidence, whole
from simulation._setting import Setting, setting
from simulation.compiled import frames
from simulation.draws import Draws, check_address
from simulation.measure import OUTCOMES, SHIPPED, Row, row
from simulation.model import Rollout
from simulation.scenario import Scenario
from simulation.statistics import Estimate, mean, proportion, quantile, ratio
from waves import Plan

BLOCK = 1024  # trials whose draws are made together and shared by all plans
Engine = Literal["compiled", "simpy"]
Raw = tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.bool_]]  # rows, regional sums, whether the change was bad
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes of many rollouts of one plan.

    Attributes
    ----------
    plan, scenario, seed
        What was run.
    trials
        The trials' numbers.
    frame
        One row a trial, with exactly the public columns; times in minutes since the push, shares of the fleet's
        traffic.
    regional
        Sums over the trials, by region in plan order, shape (3, regions): in how many a defect there ever served
        traffic, for how many minutes it hurt, and how many minutes of the whole fleet that cost.
    defective
        By trial: whether the change was bad in any region of the plan.
    """

    plan: Plan
    scenario: Scenario
    seed: int
    trials: range
    frame: pd.DataFrame = field(repr=False)
    regional: NDArray[np.float64] = field(repr=False)
    defective: NDArray[np.bool_] = field(repr=False)

    @cached_property
    def shipped(self) -> NDArray[np.bool_]:
        """By trial: whether the pipeline was complete."""
        return self.frame["outcome"].isin(SHIPPED).to_numpy()

    @property
    def regions(self) -> pd.DataFrame:
        """How often each region of the plan is hit, and for how long; one row a region, in plan order."""
        n = len(self.trials)
        hits, hurt, impact = self.regional
        chance = [proportion(int(k), n) for k in hits]
        columns = {
            "wave": [w + 1 for w, wave in enumerate(self.plan.waves) for _ in wave.regions],
            "traffic_share": [self.scenario.fleet.shares[name] for name in self.plan.regions],
            "exposed_probability": [c.value for c in chance],
            "exposed_low": [c.low for c in chance],
            "exposed_high": [c.high for c in chance],
            "hurt_minutes_given_exposed": np.divide(hurt, hits, out=np.full(len(hits), np.nan), where=hits > 0),
            "impact_minutes_mean": impact / n if n else np.full(len(hits), np.nan),
        }
        return pd.DataFrame(columns, index=pd.Index(self.plan.regions, name="region"))

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Sum the outcomes up: one row a figure, with its estimate, its interval and its unit.

        Means have Student's interval, quantiles that of order statistics, probabilities that of Clopper and Pearson,
        ratios that of the delta method. An end is NaN where the trials do not suffice for it.

        Parameters
        ----------
        confidence
            The confidence of the intervals.

        Raises
        ------
        ValueError
            For a confidence that is not between 0 and 1.
        """
        check_confidence(confidence)
        rows = {name: (*estimate, unit) for name, estimate, unit in self._figures(confidence)}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high", "unit"])
        return table.rename_axis("figure")

    def _figures(self, confidence: float) -> Iterator[tuple[str, Estimate, str]]:
        n, frame, shipped = len(self.trials), self.frame, self.shipped
        yield "probability_shipped", proportion(int(shipped.sum()), n, confidence), "probability"
        for outcome in OUTCOMES:
            hits = int((frame["outcome"] == outcome).sum())
            yield f"probability_{outcome}", proportion(hits, n, confidence), "probability"
        yield "probability_failover_hit", proportion(int(frame["failover_hit"].sum()), n, confidence), "probability"
        for column in ("share_exposed", "peak_share", "impact_minutes", "regions_exposed", "mixed_minutes"):
            yield from _spread(column, frame[column].to_numpy(dtype=float), UNITS[column], confidence)
        impact = frame["impact_minutes"].to_numpy()
        traffic = self.scenario.fleet.traffic
        failed = Estimate(*(traffic * figure for figure in mean(impact, confidence)))
        yield "failed_requests_mean", failed, "requests"
        yield from _spread("impact_minutes_given_defect", impact[self.defective], "fleet-minutes", confidence)
        end = frame["end_minutes"].to_numpy()
        yield from _spread("end_minutes_given_shipped", end[shipped], "minutes", confidence)
        # E[end | shipped] + (1 − P)/P · E[end | not shipped] is E[end] / P.
        yield "minutes_to_ship", ratio(end, shipped.astype(float), confidence), "minutes"
        for column in ("detected_minutes", "recovered_minutes"):
            values = frame[column].to_numpy()
            yield from _spread(column, values[~np.isnan(values)], "minutes", confidence)

    def _repr_html_(self) -> str:
        head = f"{len(self.trials):,} rollouts of <i>{_escape(self.plan.name)}</i>, seed {self.seed}"
        return f"<p>{head}</p>{self.summary().to_html(float_format=_short)}"


UNITS = {
    "share_exposed": "share of traffic",
    "peak_share": "share of traffic",
    "impact_minutes": "fleet-minutes",
    "regions_exposed": "regions",
    "mixed_minutes": "minutes",
}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(value: float) -> str:
    return f"{value:.4g}"


def _spread(name: str, values: NDArray[Any], unit: str, confidence: float) -> Iterator[tuple[str, Estimate, str]]:
    yield f"{name}_mean", mean(values, confidence), unit
    for label, p in QUANTILES.items():
        yield f"{name}_{label}", quantile(values, p, confidence), unit


def run(
    plan: Plan,
    scenario: Scenario,
    *,
    trials: int = 20_000,
    seed: int = 0,
    first: int = 0,
    engine: Engine = "compiled",
    progress: bool = False,
) -> Outcomes:
    """Roll a plan out many times.

    Parameters
    ----------
    plan, scenario
        What is rolled out, and what we don't know about it.
    trials
        How many rollouts, at least 1.
    seed
        From 0 to 2⁶⁴ − 1. The same seed gives the same worlds, whatever the plan.
    first
        The number of the first trial.
    engine
        `compiled`, or `simpy`: the model to read, some hundred times slower. They give the same outcomes.
    progress
        Whether to show a progress bar on standard error.

    Returns
    -------
    Outcomes
        With `frame`, `regions` and `summary()`.

    Raises
    ------
    InputError
        Where the plan has regions that the scenario's fleet does not have.
    ValueError
        For trials, a seed or an engine out of range.
    """
    return run_all([plan], scenario, trials=trials, seed=seed, first=first, engine=engine, progress=progress)[0]


def run_all(
    plans: Sequence[Plan],
    scenario: Scenario,
    *,
    trials: int = 20_000,
    seed: int = 0,
    first: int = 0,
    engine: Engine = "compiled",
    progress: bool = False,
) -> list[Outcomes]:
    """Roll several plans out in the same worlds; for the parameters see `run`."""
    trials, first = whole("trials", trials, 1), whole("first", first, 0)
    if engine not in get_args(Engine):
        raise ValueError(f"engine is {engine!r}; use one of {', '.join(get_args(Engine))}")
    numbers = range(first, first + trials)
    check_address(seed, numbers)
    seed = int(seed)
    settings = [setting(plan, scenario) for plan in plans]
    with tqdm(total=trials * len(plans), unit="rollout", disable=not progress, leave=False) as bar:
        if engine == "simpy":
            found = _simulate(settings, seed, numbers, bar.update)
        else:
            found = _compute(settings, seed, numbers, bar.update)
    return [_outcomes(s, seed, numbers, *each) for s, each in zip(settings, found, strict=True)]


def _simulate(settings: list[Setting], seed: int, trials: range, advance: Callable[[int], Any]) -> list[Raw]:
    """Run the SimPy model, all plans on the same draws."""
    found: list[Raw] = [
        (pd.DataFrame(), np.zeros((3, len(s.sites))), np.zeros(len(trials), dtype=bool)) for s in settings
    ]
    rows: list[list[Row]] = [[] for _ in settings]
    for start in range(trials.start, trials.stop, BLOCK):
        draws = Draws(settings[0].scenario, seed, range(start, min(start + BLOCK, trials.stop)))
        for s, own, (_, regional, defective) in zip(settings, rows, found, strict=True):
            for i, trial in enumerate(draws.trials, start=start - trials.start):
                rollout = Rollout(s, draws.world(trial))
                measured, harms = row(rollout)
                own.append(measured)
                defective[i] = any(rollout.defects)
                for harm in harms:
                    regional[:, harm.position] += (1.0, harm.minutes, harm.impact)
            advance(len(draws.trials))
    return [(pd.DataFrame(own, columns=Row._fields), *rest[1:]) for own, rest in zip(rows, found, strict=True)]


def _compute(settings: list[Setting], seed: int, trials: range, advance: Callable[[int], Any]) -> list[Raw]:
    """Run the compiled engine, all plans on the same draws."""
    columns, regional = frames(settings, seed, trials, advance)
    found: list[Raw] = []
    for n, s in enumerate(settings):
        frame = pd.DataFrame(dict(zip(Row._fields, columns[n], strict=False)))
        frame["outcome"] = np.array(OUTCOMES, dtype=object)[frame["outcome"].astype(int)]
        frame["regions_exposed"] = frame["regions_exposed"].astype(int)
        frame["failover_hit"] = frame["failover_hit"] > 0
        found.append((frame, regional[n, :, : len(s.sites)], columns[n, -1] > 0))
    return found


def _outcomes(setting: Setting, seed: int, trials: range, frame: pd.DataFrame, *rest: NDArray[Any]) -> Outcomes:
    frame.index = pd.RangeIndex(trials.start, trials.stop, name="trial")
    frame["outcome"] = pd.Categorical(frame["outcome"], categories=OUTCOMES)
    return Outcomes(setting.plan, setting.scenario, seed, trials, frame, *rest)
