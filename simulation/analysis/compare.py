"""Plans against each other in the same worlds: estimates side by side, and paired differences.

Not here: single figures (``outcomes``), one bad change through two plans (``duel``), pictures (``plots``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.arguments import Workers, check_confidence
from simulation.results.figures import PAIRED
from simulation.results.outcomes import Outcomes
from simulation.results.statistics import FEW, half_width, influence, over
from simulation.running.run import run_named
from simulation.scenario import Scenario
from waves import Plan
from waves.showing import Shown, counted


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Several plans in the same worlds; the first is the baseline.

    Attributes
    ----------
    outcomes
        By the plan's name, in the order given.
    scenario, seed, trials
        What they share.
    confidence
        The confidence of every interval.
    """

    outcomes: dict[str, Outcomes]
    scenario: Scenario
    seed: int
    trials: range
    confidence: float = field(default=0.95)

    @property
    def baseline(self) -> str:
        """The name of the first plan."""
        return next(iter(self.outcomes))

    @cached_property
    def summaries(self) -> dict[str, pd.DataFrame]:
        """Each plan's `summary`, by its name."""
        return {name: outcomes.summary(self.confidence) for name, outcomes in self.outcomes.items()}

    @property
    def table(self) -> pd.DataFrame:
        """Every figure of every plan: rows figures, columns (plan, estimate | low | high)."""
        return pd.concat({name: s[["estimate", "low", "high"]] for name, s in self.summaries.items()}, axis=1)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Plan minus baseline, trial by trial in the same worlds; rows (plan, figure).

        Columns `difference`, `low`, `high` and `unit`. The ends are NaN where fewer than 10 trials differ, and for
        times also where fewer than 10 shipped under one of the two: a width from so few would be a guess. That in
        `minutes_to_ship` is infinite where nothing ships under one of the two.
        """
        base = self.outcomes[self.baseline]
        rows = {
            (name, figure): (*_difference(base, outcomes, figure, self.confidence), unit)
            for name, outcomes in self.outcomes.items()
            if name != self.baseline
            for figure, unit in PAIRED.items()
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["plan", "figure"])
        return pd.DataFrame(list(rows.values()), index=index, columns=["difference", "low", "high", "unit"])

    def _glance(self) -> str:
        return f"{', '.join(self.outcomes)}; {counted(len(self.trials), 'rollout')} each, seed {self.seed}"

    def _repr_html_(self) -> str:
        return self.differences.to_html(float_format=lambda value: f"{value:.4g}")

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw blast radius and time of each plan side by side, with intervals."""
        from simulation.plots import compare as picture
        from simulation.plots import offered

        return offered(picture(self.outcomes))


def _parts(outcomes: Outcomes, figure: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a figure as a ratio of two means: what is above and below the line in each trial."""
    frame, shipped = outcomes.frame, outcomes.shipped.astype(float)
    end = frame["end_minutes"].to_numpy()
    if figure == "minutes_to_ship":
        return outcomes.spent, shipped
    if figure == "end_minutes_given_shipped_mean":
        return end * shipped, shipped
    if figure == "probability_shipped":
        return shipped, np.ones(len(end))
    column = figure.removeprefix("probability_").removesuffix("_mean")
    return frame[column].to_numpy(dtype=float), np.ones(len(end))


def _difference(a: Outcomes, b: Outcomes, figure: str, confidence: float) -> tuple[float, float, float]:
    (above0, below0), (above, below) = _parts(a, figure), _parts(b, figure)
    value = over(above.mean(), below.mean(), figure) - over(above0.mean(), below0.mean(), figure)
    differing = np.count_nonzero((above != above0) | (below != below0))
    if min(differing, np.count_nonzero(below0), np.count_nonzero(below)) < FEW or not np.isfinite(value):
        return value, np.nan, np.nan
    half = half_width(influence(above, below) - influence(above0, below0), confidence)
    return value, value - half, value + half


def compare(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    precision: Mapping[str, float] | None = None,
    workers: Workers = 1,
    progress: bool = False,
) -> Comparison:
    """Roll several plans out in the same worlds and compare them with the first.

    Parameters
    ----------
    plans
        By name; the first is the baseline.
    scenario, trials, seed, precision, workers, progress
        As for `run`; a precision is reached for every plan.
    confidence
        Of every interval, such as 0.95.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        For no plans, or trials, a seed, a precision or a confidence out of range.
    BrokenExecutor
        Where a worker of the executor died and the executor cannot replace it.
    """
    if not plans:
        raise ValueError("there are no plans to compare; give at least one")
    if not isinstance(plans, Mapping) or not all(isinstance(plan, Plan) for plan in plans.values()):
        raise ValueError("plans must be a mapping from names to plans, such as {'today': plan}")
    confidence = check_confidence(confidence)
    found = run_named(
        plans, scenario, trials=trials, seed=seed, first=0, engine="compiled", precision=precision, workers=workers,
        progress=progress,
    )  # fmt: skip
    return Comparison(dict(zip(plans, found, strict=True)), scenario, found[0].seed, found[0].trials, confidence)
