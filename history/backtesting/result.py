"""What a back test gives: each forecast beside what came, how often intervals held, scores beside naive ones.

Not here: how it goes (`backtest`), its words (`summary`), its picture (`pictures`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from history.backtesting import pictures, summary
from history.backtesting.naive import NAIVE
from history.backtesting.scores import BINARY, Held
from history.backtesting.truth import TARGETS
from simulation import Scenario
from waves import Plan

if TYPE_CHECKING:
    from simulation.plots import Picture

FORECASTERS = ("model", *NAIVE)


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """Forecasts of a history's own past, held against it.

    Attributes
    ----------
    frame : DataFrame
        One row a (rollout, target) that was foretold: `origin`, `service`, `target`, `value` (what came); of the
        forecast `middle` (the median, or the chance), `low`, `high`, `held`, `pit` (0 to 1, among equals by chance),
        `interval_score`, `score` (pinball loss, or Brier); the same of each naive forecast, as `last_…` and `past_…`.
    periods : DataFrame
        One row a (period, target): the mean of `end_minutes`, and how many were `halted`, as above.
    left_out : Counter
        Why rollouts were not foretold or not scored, and how many each.
    scenario
        What history cannot tell, or what was held as it is.
    every, least, level, trials, seed
        As asked.
    fitted
        Whether a scenario was fitted at each origin.
    origins, possible, empty
        How many origins were taken, of how many there are, and in how many of their periods nothing was pushed.
    timed
        Whether the history tells how long deployments took; where it does not, minutes are not scored.
    later
        How many of those foretold were set back after their pipeline's end: they count as shipped.
    halts : (float, float)
        Between how many of those foretold were to be halted, at `level`, all periods together: each is foretold from
        what was known before it, so their sums are as far apart as those of independent periods.
    retries : dict of str to (Plan, int)
        By service: the plan that was said, and how often failed deployments were tried again, where it says fewer.
    known : DataFrame
        What became of every rollout of the history.
    source
        What was joined.
    """

    frame: pd.DataFrame = field(repr=False)
    periods: pd.DataFrame = field(repr=False)
    left_out: Counter[str]
    scenario: Scenario
    every: str | int
    least: int
    level: float
    trials: int
    seed: int
    fitted: bool
    origins: int
    possible: int
    timed: bool
    empty: int
    later: int
    halts: tuple[float, float]
    retries: Mapping[str, tuple[Plan, int]]
    known: pd.DataFrame = field(repr=False)
    source: str

    @property
    def scored(self) -> int:
        """How many rollouts were foretold and scored."""
        return int(self.frame["rollout"].nunique()) if len(self.frame) else 0

    @property
    def main(self) -> str:
        """The target that the sentence and the picture are of: minutes, or halts where nobody can tell minutes."""
        return "end_minutes" if self.timed else "halted"

    def of(self, target: str) -> pd.DataFrame:
        """Return the rows of a target."""
        return self.frame[self.frame["target"] == target] if len(self.frame) else self.frame

    def held(self, target: str = "end_minutes", *, periods: bool = False) -> Held:
        """Return how often the interval of a target held, by rollout or by period."""
        table = self.periods if periods else self.frame
        return Held.counted(table.loc[table["target"] == target, "held"] if len(table) else np.zeros(0, dtype=bool))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a target and forecaster: how often its interval held, with interval, and its mean scores.

        `coverage`, `low` and `high` are NaN for what is so or not, which has no interval; `score` is the pinball loss,
        or the Brier score; of both and of `interval_score` less is better.
        """
        rows = []
        for target, (_, unit) in TARGETS.items():
            own = self.of(target)
            for who in FORECASTERS if len(own) else ():
                pre = "" if who == "model" else f"{who}_"
                held = Held.counted(own[f"{pre}held"])
                ends = [np.nan] * 3 if target in BINARY else [held.count / held.of, held.low, held.high]
                means = [float(own[f"{pre}{name}"].mean()) for name in ("interval_score", "score")]
                rows.append((target, who, held.of, *ends, *means, "" if target in BINARY else unit))
        columns = ["target", "forecaster", "rollouts", "coverage", "low", "high", "interval_score", "score", "unit"]
        return pd.DataFrame(rows, columns=columns)

    def closer(self, target: str, than: str) -> Held:
        """Return in how many periods the model scored better than a naive forecast (`last` or `past`)."""
        own = self.of(target)
        by = own.groupby("origin")[["score", f"{than}_score"]].mean()
        return Held.counted(by["score"] < by[f"{than}_score"])

    @property
    def sentence(self) -> str:
        """The one sentence: in how many periods the interval held."""
        return summary.headline(self)

    @property
    def sentences(self) -> list[str]:
        """What the back test says, and what it cannot say, a sentence each."""
        return summary.sentences(self)

    def __repr__(self) -> str:
        return f"Backtest({self.scored:,} rollouts from {self.origins:,} origins, {self.sentence})"

    def __str__(self) -> str:
        return summary.text(self)

    def _repr_html_(self) -> str:
        return summary.html(self)

    def plot(self) -> "Picture":
        """Draw where in their forecasts values lay, period by period, and scores beside naive ones."""
        from simulation.plots import offered

        return offered(pictures.drawn(self))

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; None for what is not known."""
        return summary.as_dict(self)
