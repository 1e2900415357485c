"""What a search wants to know of many plans: a few figures of each, and how sure their differences are.

Any two plans are scored in the same worlds. Each has a vector by figure, a number a trial, whose squares add up to the
variance of the figure; the squares of the difference of two such vectors to that of the difference of two plans. Not
here: rollouts and what is kept of them (``engine.scoring``), which plans are kept (``front``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import Workers
from simulation.engine import layout, scoring
from simulation.engine.fingerprint import check_edition, edition
from simulation.engine.packing import pack_worlds
from simulation.engine.worker import Desk, Numbers, numbered
from simulation.rare_events.sampling import Sampling
from simulation.running.jobs import handed_out
from simulation.scenario import Scenario
from simulation.searching.packed import Packing
from simulation.searching.shapes import Shapes

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Flags = NDArray[np.bool_]
ROLLOUTS = 2**21  # of a batch, about: what is kept of them is some 32 megabytes
FEWEST, MOST = 16, 1024  # plans in a batch
EVEN = 8  # batches of what is scored at once, where there are enough plans: so that no core waits long for another
AHEAD = 4  # batches

RISKS = {
    "impact_minutes_mean": layout.C_IMPACT,
    "share_exposed_mean": layout.C_SHARE,
    "peak_share_mean": layout.C_PEAK,
    "regions_exposed_mean": layout.C_REGIONS,
    "probability_share_exposed_at_least_0.5": scoring.HALF,
}
TIMES = ("end_minutes_given_shipped_mean", "minutes_to_ship")
OBJECTIVES = (*RISKS, *TIMES)


class Scores(NamedTuple):
    """Figures of some plans: estimates, shape (plans, figures), and vectors, shape (plans, figures, trials)."""

    value: Floats
    vector: Vectors

    def of(self, which: "NDArray[np.int64] | Flags") -> "Scores":
        """Return those of some of the plans."""
        return Scores(self.value[which], self.vector[which])


@dataclass(frozen=True)
class Terms:
    """In which worlds plans are scored, and what is asked of them: of any plan the same.

    Attributes
    ----------
    scenario, sampling, seed
        The worlds.
    risks, time
        Figures of which less is better.
    resolution
        The part of a figure by which what is as good as another may be worse.
    """

    scenario: Scenario
    sampling: Sampling
    seed: int
    risks: tuple[str, ...]
    time: str
    resolution: float

    @property
    def figures(self) -> tuple[str, ...]:
        """All of them, the time last."""
        return (*self.risks, self.time)


@dataclass(frozen=True)
class Heat:
    """Some plans in some trials against some rivals, for any worker.

    Attributes
    ----------
    firm
        Which of the plans only a rival beats that is as good without any resolution.
    sure
        By how many standard errors of their difference a rival must be as good to beat a plan.
    """

    worlds: layout.Worlds
    packing: Packing
    terms: Terms
    shapes: Shapes
    firm: Flags
    trials: range
    rivals: Scores
    sure: float
    edition: str

    def run(self) -> tuple[Flags, Scores]:
        """Roll the plans out; return which of them no rival beats, and the scores of those."""
        check_edition(self.edition)
        found = self._scores()
        lost = ~np.isfinite(found.value[:, -1]) & np.isfinite(self.rivals.value[:, -1]).any()  # what never ships
        for which, most in ((~self.firm, 1.0 + self.terms.resolution), (self.firm, 1.0)):
            own, beaten = found if which.all() else found.of(which), np.zeros(int(which.sum()), dtype=np.bool_)
            scoring.beaten(own.value, own.vector, self.rivals.value, self.rivals.vector, self.sure, most, beaten)
            lost[which] |= beaten
        return ~lost, found.of(~lost)

    def _scores(self) -> Scores:
        terms, trials = self.terms, self.trials
        wanted = np.array([RISKS[risk] for risk in terms.risks], dtype=np.int64)
        out = np.empty((len(self.shapes), len(wanted) + 2, len(trials)), dtype=np.float32)
        desk, given = _Scorer(self.worlds, self.packing.pack(self.shapes)), _given(terms.sampling, terms.seed, trials)
        desk.keep(numbered(trials), given, wanted, terms.time == "minutes_to_ship", out)
        codes, weights = terms.sampling.codes(trials), terms.sampling.probabilities
        counts = np.bincount(codes, minlength=len(weights)).astype(np.float64)
        value = np.empty((len(out), len(terms.figures)))
        scoring.centre(out, codes, counts, weights, np.empty(len(weights)), value)
        return Scores(value, out[:, :-1])


class _Scorer(Desk):
    """A desk that keeps a few numbers a trial."""

    def keep(
        self, trials: Numbers, given: layout.Given | None, wanted: NDArray[np.int64], tries: bool, out: Vectors
    ) -> None:
        """Write what is wanted of each plan in each trial, shape (plans, wanted + 2, trials)."""
        regional = np.zeros(self.shape[1:])
        for own, run, desk in self.runs(trials):
            block, scratch = self._drawn(run, desk, given, own.start)
            scoring.keep_scores(
                self.worlds, self.plans, block, scratch, run, wanted, tries, regional, out, own.start, self.extras
            )  # fmt: skip


@lru_cache(maxsize=8)
def _given(sampling: Sampling, seed: int, trials: range) -> layout.Given | None:
    return sampling.given(seed, trials)


def against(
    shapes: Shapes,
    firm: Flags,
    rivals: Scores,
    packing: Packing,
    terms: Terms,
    trials: range,
    workers: Workers,
    sure: float,
) -> Iterator[tuple[Shapes, Flags, Scores]]:
    """Score plans in some trials against rivals, and yield them batch by batch as they are done, in their order.

    Those that are firm only a rival beats that is as good without any resolution.

    Yields
    ------
    tuple
        The plans, which of them no rival beats, and the scores of those.
    """
    size = _size(len(shapes), len(trials))
    worlds, own = pack_worlds(terms.scenario, terms.seed), edition()
    parts = (slice(at, at + size) for at in range(0, len(shapes), size))
    heats = (Heat(worlds, packing, terms, shapes.of(part), firm[part], trials, rivals, sure, own) for part in parts)
    with handed_out(heats, workers, AHEAD) as results:
        for heat, (alive, found) in results:
            yield heat.shapes, alive, found


def _size(plans: int, trials: int) -> int:
    most = min(max(ROLLOUTS // trials, FEWEST), MOST)
    batches = max(-(-plans // most), EVEN)
    return min(max(-(-plans // batches), FEWEST), most)


def no_scores(terms: Terms, trials: range) -> Scores:
    """Return the scores of no plans."""
    figures = len(terms.figures)
    return Scores(np.zeros((0, figures)), np.zeros((0, figures, len(trials)), dtype=np.float32))


def joined(parts: Sequence[Scores]) -> Scores:
    """Put scores in the same trials together."""
    return Scores(*(np.concatenate(each) for each in zip(*parts, strict=True)))
