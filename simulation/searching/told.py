"""What a search tells of the plans it found, from worlds that had no part in the choice.

A few plans at a time, so that what is kept of their rollouts does not grow with the front. Not here: words (``gains``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from simulation.analysis.compare import Comparison, compare
from simulation.arguments import Workers
from simulation.results.figures import PAIRED
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
    """

    trials: int
    confidence: float
    known: dict[str, dict[str, Estimate]]
    apart: dict[tuple[str, str], Estimate]

    def renamed(self, names: Mapping[str, str]) -> "Told":
        """Return some of it, by names new from old."""
        known = {new: self.known[old] for new, old in names.items()}
        apart = {(new, figure): self.apart[old, figure] for new, old in names.items() for figure in self._of(old)}
        return Told(self.trials, self.confidence, known, apart)

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
    known, apart = dict[str, dict[str, Estimate]](), dict[tuple[str, str], Estimate]()
    names = list(plans)
    batches = -(-len(names) // AT_ONCE)
    for at in range(batches):
        shown(len(known), len(plans))
        some = {name: plans[name] for name in names[at::batches]}
        try:
            found = compare(
                {**today, **some}, terms.scenario, trials=TRIALS, seed=terms.seed + 1, confidence=confidence,
                workers=workers,
            )  # fmt: skip
        except KeyboardInterrupt:
            if not partly or not known:
                raise
            break
        for name, outcomes in found.outcomes.items():
            known[name] = {figure: outcomes.estimate(figure, confidence)[0] for figure in terms.figures}
        for base in today:
            apart |= _apart(found, base, terms.figures)
    return Told(TRIALS, confidence, known, apart)


def _apart(found: Comparison, base: str, figures: Iterable[str]) -> dict[tuple[str, str], Estimate]:
    rows = {name: each.rows for name, each in found.outcomes.items()}
    return {
        (name, figure): difference(RowPair(rows[base], own), figure, found.confidence)
        for name, own in rows.items()
        if name != base
        for figure in figures
        if figure in PAIRED
    }
