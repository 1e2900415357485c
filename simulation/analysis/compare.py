"""Plans against each other in the same worlds: estimates side by side, and paired differences.

Not here: single figures (``outcomes``), one bad change through two plans (``duel``), pictures (``plots``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from simulation.arguments import Workers, check_confidence
from simulation.rare_events.sampling import Method
from simulation.results.figures import PAIRED
from simulation.results.outcomes import Outcomes
from simulation.results.rows import RowPair
from simulation.results.service import Service, check_service
from simulation.results.summary import COLUMNS, differing, takes
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
    scenario, seed, trials, sampling
        What they share.
    confidence
        The confidence of every interval.
    service
        What is promised, and how often it changes; None where that was not asked.
    """

    outcomes: dict[str, Outcomes]
    scenario: Scenario
    seed: int
    trials: range
    confidence: float = field(default=0.95)
    sampling: Method = "crude"
    service: Service | None = None

    @property
    def baseline(self) -> str:
        """The name of the first plan."""
        return next(iter(self.outcomes))

    @cached_property
    def summaries(self) -> dict[str, pd.DataFrame]:
        """Each plan's `summary`, by its name."""
        return {name: outcomes.summary(self.confidence) for name, outcomes in self.outcomes.items()}

    def asked(self, figures: Iterable[str]) -> pd.DataFrame:
        """Return figures of the baseline by their names, as `Outcomes.estimate` knows them; rows as of a summary."""
        base, summary = self.outcomes[self.baseline], self.summaries[self.baseline]
        rows = {}
        for name in figures:
            if name in summary.index:
                rows[name] = tuple(summary.loc[name])
            else:
                estimate, unit = base.estimate(name, self.confidence, self.service)
                rows[name] = (*estimate, unit, takes(estimate, base.rows.sample))
        return pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("figure")

    @property
    def table(self) -> pd.DataFrame:
        """Every figure of every plan: rows figures, columns (plan, estimate | low | high)."""
        return pd.concat({name: s[["estimate", "low", "high"]] for name, s in self.summaries.items()}, axis=1)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Plan minus baseline, trial by trial in the same worlds; rows (plan, figure).

        Columns `difference`, `low`, `high`, `unit` and `trials_it_takes`. The ends are NaN where fewer than 10 trials
        differ or as few would make as much of the error, and for times also where fewer than 10 shipped under one of
        the two: a width from so few would be a guess, and the last column says about how many trials it takes. That in
        `minutes_to_ship` is infinite where nothing ships under one of the two.
        """
        base = self.outcomes[self.baseline].rows
        rows = {
            (name, figure): differing(RowPair(base, outcomes.rows), figure, unit, self.confidence)
            for name, outcomes in self.outcomes.items()
            if name != self.baseline
            for figure, unit in PAIRED.items()
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["plan", "figure"])
        return pd.DataFrame(list(rows.values()), index=index, columns=["difference", *COLUMNS[1:]])

    def _glance(self) -> str:
        return f"{', '.join(self.outcomes)}; {counted(len(self.trials), 'rollout')} each, seed {self.seed}"

    def _repr_html_(self) -> str:
        return self.differences.to_html(float_format=lambda value: f"{value:.4g}")

    def plot(self):  # type: ignore[no-untyped-def]
        """Draw blast radius and time of each plan side by side, with intervals."""
        from simulation.plots import compare as picture
        from simulation.plots import offered

        return offered(picture(self.outcomes))


def compare(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    sampling: Method = "stratified",
    precision: Mapping[str, float] | None = None,
    service: Service | None = None,
    workers: Workers = 1,
    progress: bool = False,
) -> Comparison:
    """Roll several plans out in the same worlds and compare them with the first.

    Parameters
    ----------
    plans
        By name; the first is the baseline.
    scenario, trials, seed, sampling, precision, workers, progress
        As for `run`; a precision is reached for every plan.
    confidence
        Of every interval, such as 0.95.
    service
        What is promised, and how often it changes: for `asked`, and for limits on error budgets.

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
    confidence, service = check_confidence(confidence), check_service(service)
    found = run_named(
        plans, scenario, trials=trials, seed=seed, first=0, engine="compiled", sampling=sampling, precision=precision,
        workers=workers, progress=progress,
    )  # fmt: skip
    outcomes = dict(zip(plans, found, strict=True))
    return Comparison(outcomes, scenario, found[0].seed, found[0].trials, confidence, sampling, service)
