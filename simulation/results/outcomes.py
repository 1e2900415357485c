"""The outcomes of many rollouts: rows, and what they sum up to.

Not here: running them (``run``), plans against each other (``analysis``), pictures (``plots``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.arguments import check_confidence
from simulation.columns import OUTCOMES, SHIPPED
from simulation.results.figures import UNITS
from simulation.results.statistics import Estimate, mean, proportion, quantile, ratio
from simulation.scenario import Scenario
from waves import Plan
from waves.showing import Shown, counted

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, eq=False, repr=False)
class Outcomes(Shown):
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
        confidence = check_confidence(confidence)
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
        # E[end | shipped] + (1 − P)/P · E[spent | not shipped] is E[spent] / P.
        yield "minutes_to_ship", ratio(self.spent, shipped.astype(float), confidence), "minutes"
        for column in ("detected_minutes", "recovered_minutes"):
            values = frame[column].to_numpy()
            yield from _spread(column, values[~np.isnan(values)], "minutes", confidence)

    @property
    def spent(self) -> NDArray[np.float64]:
        """By trial: minutes until the change has shipped or, where it has not, until the next try (rule 26)."""
        end, recovered = (self.frame[column].to_numpy(dtype=float) for column in ("end_minutes", "recovered_minutes"))
        return np.where(self.shipped, end, np.fmax(end, recovered) + self.scenario.fix.mean)

    def _glance(self) -> str:
        shipped = counted(int(self.shipped.sum()), "complete pipeline")
        return f"{counted(len(self.trials), 'rollout')} of {self.plan.name}, seed {self.seed}, {shipped}"

    def _repr_html_(self) -> str:
        head = f"{len(self.trials):,} rollouts of <i>{_escape(self.plan.name)}</i>, seed {self.seed}"
        return f"<p>{head}</p>{self.summary().to_html(float_format=_short)}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(value: float) -> str:
    return f"{value:.4g}"


def _spread(name: str, values: NDArray[Any], unit: str, confidence: float) -> Iterator[tuple[str, Estimate, str]]:
    yield f"{name}_mean", mean(values, confidence), unit
    for label, p in QUANTILES.items():
        yield f"{name}_{label}", quantile(values, p, confidence), unit
