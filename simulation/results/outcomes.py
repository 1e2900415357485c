"""The outcomes of many rollouts: rows, and what they sum up to.

Not here: running them (``run``), plans against each other (``analysis``), pictures (``plots``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.arguments import check_confidence
from simulation.columns import SHIPPED
from simulation.rare_events.sampling import Method
from simulation.results.estimator import chance
from simulation.results.extracts import LEVELS, exposure, strata, worst
from simulation.results.named import estimated
from simulation.results.numerals import percent
from simulation.results.rows import Rows
from simulation.results.service import Service
from simulation.results.statistics import Estimate
from simulation.results.summary import summed_up
from simulation.scenario import Scenario
from simulation.tape import Tape
from waves import Plan
from waves.showing import Shown, counted


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
        traffic. Rows are not alike: `weight` says how many changes a row stands for, 1 on average, and whatever is
        counted or averaged must be weighted by it. Under crude sampling it is 1 throughout.
    regional
        Sums over the trials, by stratum and by region in plan order, shape (strata, 3, regions): in how many a defect
        there ever served traffic, for how many minutes it hurt, and how many minutes of the whole fleet that cost.
    defective
        By trial: whether the change was bad in any region of the plan.
    sampling
        How worlds were sampled, `stratified` or `crude`.
    tape
        What was known of the trials beforehand, or None.
    harmed
        By trial: when the change first hurt a region, in minutes since the push; 0 where it never did.
    """

    plan: Plan
    scenario: Scenario
    seed: int
    trials: range
    frame: pd.DataFrame = field(repr=False)
    regional: NDArray[np.float64] = field(repr=False)
    defective: NDArray[np.bool_] = field(repr=False)
    sampling: Method = "crude"
    tape: Tape | None = field(default=None, repr=False)
    harmed: NDArray[np.float64] | None = field(default=None, repr=False)

    @cached_property
    def shipped(self) -> NDArray[np.bool_]:
        """By trial: whether the pipeline was complete."""
        return self.frame["outcome"].isin(SHIPPED).to_numpy()

    @cached_property
    def rows(self) -> Rows:
        """The rows as a source of figures."""
        return Rows(self)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """By trial: how much it counts in a mean or a distribution; they sum to 1.

        The frame's weights, put right for a last block of trials that is not whole.
        """
        return self.rows.shares

    def fraction(self, so: NDArray[np.bool_]) -> float:
        """Return the share of changes for which something is so.

        Parameters
        ----------
        so
            Whether it is, trial by trial; shape (n,).
        """
        return float(self.shares[so].sum())

    @property
    def regions(self) -> pd.DataFrame:
        """How often each region of the plan is hit, and for how long; one row a region, in plan order."""
        sample = self.rows.sample
        hits, hurt, impact = np.moveaxis(self.regional.reshape(-1, 3, len(self.plan.regions)), 1, 0)
        own = (sample.probabilities / np.maximum(sample.trials, 1))[:, None]
        bounds = self.rows.known.chance("exposed")
        chances = [chance(sample, each.astype(np.int64), 0.95, bounds) for each in hits.T]
        hit, minutes, cost = ((own * each).sum(axis=0) for each in (hits, hurt, impact))
        columns = {
            "wave": [w + 1 for w, wave in enumerate(self.plan.waves) for _ in wave.regions],
            "traffic_share": [self.scenario.fleet.shares[name] for name in self.plan.regions],
            "exposed_probability": [c.value for c in chances],
            "exposed_low": [c.low for c in chances],
            "exposed_high": [c.high for c in chances],
            "hurt_minutes_given_exposed": np.divide(minutes, hit, out=np.full(len(hit), np.nan), where=hit > 0),
            "impact_minutes_mean": cost if len(self.trials) else np.full(len(hit), np.nan),
        }
        return pd.DataFrame(columns, index=pd.Index(self.plan.regions, name="region"))

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Sum the outcomes up: one row a figure, with its estimate, its interval and its unit.

        Means have Student's interval, quantiles that of order statistics, probabilities that of Clopper and Pearson,
        ratios that of the delta method, each by stratum. An end is NaN where the trials do not suffice for an honest
        one; `trials_it_takes` then says how many would, about.

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
        if confidence not in self._summaries:
            self._summaries[confidence] = summed_up(self.rows, confidence)
        return self._summaries[confidence].copy()

    @cached_property
    def _summaries(self) -> dict[float, pd.DataFrame]:
        return {}

    @property
    def spent(self) -> NDArray[np.float64]:
        """By trial: minutes until the change has shipped or, where it has not, until the next try (rule 26)."""
        end, recovered = (self.frame[column].to_numpy() for column in ("end_minutes", "recovered_minutes"))
        return np.where(self.shipped, end, np.fmax(end, recovered) + self.scenario.fix.mean)

    def _glance(self) -> str:
        ships = f"{percent(self.fraction(self.shipped))} of changes ship" if len(self.trials) else "nothing ran"
        return f"{counted(len(self.trials), 'rollout')} of {self.plan.name}, seed {self.seed}, {ships}"

    def estimate(self, figure: str, confidence: float = 0.95, service: Service | None = None) -> tuple[Estimate, str]:
        """Return one figure by its name, with its interval, and its unit.

        Parameters
        ----------
        figure
            One of the summary's; `probability_X_at_least_N` with X one of regions_exposed, share_exposed, peak_share
            and impact_minutes, such as `probability_share_exposed_at_least_0.5`; or, with a service, one of its
            figures, such as `error_budget_mean`.
        confidence
            The confidence of the interval.
        service
            What is promised, and how often it changes.

        Raises
        ------
        ValueError
            For a name that is no figure, with the nearest one.
        """
        return estimated(self.rows, figure, check_confidence(confidence), service)

    def exposure(self, shares: Sequence[float] = LEVELS, confidence: float = 0.95) -> pd.DataFrame:
        """Return how likely a change exposes at least so much of the traffic.

        Parameters
        ----------
        shares
            Shares of the fleet's traffic, above 0 and up to 1.
        confidence
            The confidence of the intervals.

        Returns
        -------
        DataFrame
            One row a share: `probability` with `low` and `high`, and `one_in` how many changes that is.

        Raises
        ------
        ValueError
            For a share out of range.
        """
        return exposure(self.rows, shares, check_confidence(confidence))

    def worst(self, count: int = 10, by: str = "impact_minutes") -> pd.DataFrame:
        """Return the trials that came out worst, worst first, each with its cause; `trace` opens them by number.

        Parameters
        ----------
        count
            How many, at most; those that hurt or exposed nobody are never among them.
        by
            `impact_minutes`, `share_exposed`, `peak_share` or `regions_exposed`.

        Returns
        -------
        DataFrame
            By trial: `impact_minutes`, `share_exposed`, `outcome`, `detected_minutes`, `weight`; `one_in` how many
            changes one is as bad or worse; `cause`, such as "slow leak, blind, found by customers after 9 h".
        """
        return worst(self, count, by)

    @property
    def strata(self) -> pd.DataFrame:
        """What went wrong, how likely that is (exactly), and what came of it; what costs most comes first.

        Columns `what_went_wrong`, `probability`, `trials`; and in those: `shipped` and `exposes_half` (at least half of
        the traffic), as shares of them, `share_exposed_mean`, `impact_minutes_mean`, and `part_of_impact`, the
        stratum's part of the mean impact of all changes. A crude sample is one stratum.
        """
        return strata(self.rows)

    def _repr_html_(self) -> str:
        head = f"{len(self.trials):,} rollouts of <i>{_escape(self.plan.name)}</i>, seed {self.seed}"
        return f"<p>{head}</p>{self.summary().to_html(float_format=_short)}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(value: float) -> str:
    return f"{value:.4g}"
