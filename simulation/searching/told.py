"""What a search tells of the plans it found, from worlds that had no part in the choice.

A few plans at a time, so that what is kept of their rollouts does not grow with the front. Not here: words (``gains``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from simulation.analysis.compare import Comparison, compare
from simulation.arguments import Workers
from simulation.results.figures import PAIRED
from simulation.results.horizon import carried, outlasting
from simulation.results.rows import RowPair
from simulation.results.statistics import Estimate
from simulation.results.summary import difference
from simulation.searching.scores import Terms
from waves import Plan

TRIALS = 32_768  # of each plan
AT_ONCE = 8  # plans, beside the one of today: some hundred megabytes


@dataclass(frozen=True)
class Told:
    """Estimates of some plans in the same worlds.

    Attributes
    ----------
    trials, confidence
        Of each plan; of every interval.
    known
        By plan, each objective's estimate with its interval.
    apart
        By plan and objective, how far it is from the plan of today, trial by trial; none for what has no such interval.
    cut_off, carried
        By plan, which part of its rollouts the horizon cuts off, and which part of its mean impact it carries.
    """

    trials: int
    confidence: float
    known: dict[str, dict[str, Estimate]]
    apart: dict[tuple[str, str], Estimate]
    cut_off: dict[str, float]
    carried: dict[str, float]

    def renamed(self, names: Mapping[str, str]) -> "Told":
        """Return some of it, by names new from old."""
        known = {new: self.known[old] for new, old in names.items()}
        apart = {(new, figure): self.apart[old, figure] for new, old in names.items() for figure in self._of(old)}
        cut_off, carried = ({new: own[old] for new, old in names.items()} for own in (self.cut_off, self.carried))
        return Told(self.trials, self.confidence, known, apart, cut_off, carried)

    def beside(self, other: "Told") -> "Told":
        """Return what is known of these plans, and before them of others in the same worlds."""
        return replace(
            self,
            known={**other.known, **self.known},
            apart={**other.apart, **self.apart},
            cut_off={**other.cut_off, **self.cut_off},
            carried={**other.carried, **self.carried},
        )

    def _of(self, name: str) -> Iterator[str]:
        return (figure for figure in self.known[name] if (name, figure) in self.apart)


def _nobody(done: int, of: int) -> None:
    """Show nothing."""


def told(
    plans: Mapping[str, Plan],
    today: Mapping[str, Plan],
    terms: Terms,
    confidence: float,
    workers: Workers,
    shown: Callable[[int, int], None] = _nobody,
    partly: bool = False,
) -> Told:
    """Roll plans out in the worlds of the seed after that of the choice, and say what is known of them.

    Those that are rolled out together are some from everywhere among them.

    Parameters
    ----------
    plans
        By name.
    today
        The one to compare with, by its name; empty without one.
    terms, confidence, workers
        Of the search.
    shown
        Told how many plans are done, and of how many.
    partly
        Whether an interruption leaves it at the plans that are done, if any are, rather than with nothing.
    """
    whole = Told(TRIALS, confidence, {}, {}, {}, {})
    names = list(plans)
    batches = -(-len(names) // AT_ONCE)
    for at in range(batches):
        shown(max(len(whole.known) - len(today), 0), len(plans))
        some = {name: plans[name] for name in names[at::batches]}
        try:
            found = compare(
                {**today, **some}, terms.scenario, trials=TRIALS, seed=terms.seed + 1, confidence=confidence,
                workers=workers,
            )  # fmt: skip
        except KeyboardInterrupt:
            if not partly or not whole.known:
                raise
            break
        for name, outcomes in found.outcomes.items():
            whole.known[name] = {figure: outcomes.estimate(figure, confidence)[0] for figure in terms.figures}
            whole.cut_off[name] = outlasting(outcomes)
            whole.carried[name] = carried(outcomes).get("impact_minutes_mean", 0.0)
        for base in today:
            whole.apart.update(_apart(found, base, terms.figures))
    return whole


def _apart(found: Comparison, base: str, figures: Iterable[str]) -> dict[tuple[str, str], Estimate]:
    rows = {name: each.rows for name, each in found.outcomes.items()}
    return {
        (name, figure): difference(RowPair(rows[base], own), figure, found.confidence)
        for name, own in rows.items()
        if name != base
        for figure in figures
        if figure in PAIRED
    }
