"""What an arrangement comes to: few trials at once, more while nobody waits, the same as one run of them all.

Trials come in slices; a slice is a run from where the last one ended, so that after all slices the outcomes are those
of one `run`, to the byte. Figures are worked out anew only once there are four times as many, which halves intervals: a
look at many trials takes longer than a slice. Not here: the figures themselves (``figures``), moves (``state``).
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from simulation.boards.figures import differences, estimates
from simulation.results.outcomes import Outcomes
from simulation.results.statistics import Estimate
from simulation.running.run import run_all
from simulation.scenario import Scenario
from waves import Plan

COARSE = 2048  # trials at once: intervals of a few percent within some hundredths of a second
SLICE = 0.015  # seconds that a further slice may take, about: a move that comes in between waits no longer
LOOK = 4  # times as many trials make another look
LARGEST = 16_384  # trials in a slice
KEPT = 24  # plans whose trials are kept: some megabytes each


@dataclass(frozen=True)
class Answer:
    """The figures of a plan, and how they differ from today's.

    Attributes
    ----------
    trials
        Of each of both plans.
    figures, today, differences
        By the figure's name.
    """

    trials: int
    figures: dict[str, Estimate]
    today: dict[str, Estimate]
    differences: dict[str, Estimate]


class Answers:
    """What plans come to in the same worlds, today's beside each.

    Parameters
    ----------
    scenario, today
        What is asked about.
    trials
        How many, in the end.
    seed, confidence
        As for `compare`.
    """

    def __init__(self, scenario: Scenario, today: Plan, *, trials: int, seed: int, confidence: float) -> None:
        self.scenario, self.today, self.most = scenario, today, trials
        self.seed, self.confidence = seed, confidence
        self._known: OrderedDict[str, Outcomes] = OrderedDict()
        self._answers: OrderedDict[tuple[str, int], Answer] = OrderedDict()
        self._bases: dict[int, tuple[Outcomes, dict[str, Estimate]]] = {}  # today's, by trials: what each move needs
        self._digests: OrderedDict[int, tuple[Plan, str]] = OrderedDict()
        self._pace = 20_000.0  # trials a second of a plan; measured from the first on

    def of(self, plan: Plan) -> Answer:
        """Return what a plan comes to by now: from few trials, where it was not asked about before."""
        self._extend(plan, min(COARSE, self.most))
        key = self._digest(plan), self.shown(plan)
        if key not in self._answers:
            base, today = self._base(key[1])
            own = first(self._known[key[0]], key[1])
            figures = today if plan is self.today else estimates(own, self.confidence)
            self._answers[key] = Answer(key[1], figures, today, differences(base, own, self.confidence))
            keep(self._answers, 2 * KEPT)
        return self._answers[key]

    def sharpen(self, plan: Plan) -> bool:
        """Run some more trials of a plan; return whether there are any left."""
        done = self.trials(plan)
        slice_ = int(min(max(self._pace * SLICE, COARSE), LARGEST)) // COARSE * COARSE
        if done < self.most:
            self._extend(plan, min(done + slice_, self._next(done), self.most))
        return self.trials(plan) < self.most

    def trials(self, plan: Plan) -> int:
        """Return how many trials of a plan were run."""
        found = self._known.get(self._digest(plan))
        return len(found.trials) if found else 0

    def shown(self, plan: Plan) -> int:
        """Return on how many trials of a plan its answer rests: all that were run at the last look."""
        done = self.trials(plan)
        return done if done == self.most else self._next(done) // LOOK

    def outcomes(self, plan: Plan) -> Outcomes:
        """Return the outcomes of a plan so far."""
        return self._known[self._digest(plan)]

    @staticmethod
    def _next(trials: int) -> int:
        """Return at how many trials the next look is."""
        look = COARSE
        while look <= trials:
            look *= LOOK
        return look

    def _base(self, trials: int) -> tuple[Outcomes, dict[str, Estimate]]:
        if trials not in self._bases:
            self._extend(self.today, trials)
            base = first(self.outcomes(self.today), trials)
            self._bases[trials] = base, estimates(base, self.confidence)
        return self._bases[trials]

    def _extend(self, plan: Plan, trials: int) -> None:
        digest = self._digest(plan)
        before = self._known.pop(digest, None)
        done = len(before.trials) if before else 0
        if done < trials:
            began = time.perf_counter()
            (more,) = run_all([plan], self.scenario, trials=trials - done, seed=self.seed, first=done)
            self._pace = (trials - done) / max(time.perf_counter() - began, 1e-6)
            before = more if before is None else joined(before, more)
        assert before is not None
        self._known[digest] = before
        keep(self._known, KEPT)

    def _digest(self, plan: Plan) -> str:
        """Return a plan's digest, worked out once: it takes longer than a look at its figures."""
        known = self._digests.get(id(plan))
        if known is None:
            known = self._digests[id(plan)] = plan, plan.digest  # the plan is kept, so that its id stays its own
            keep(self._digests, 4 * KEPT)
        return known[1]


def keep(known: OrderedDict[Any, Any], most: int) -> None:
    """Drop what was kept longest, down to so many."""
    while len(known) > most:
        known.popitem(last=False)


def joined(one: Outcomes, two: Outcomes) -> Outcomes:
    """Return the outcomes of some trials and of those that follow them as those of one run."""
    assert one.trials.stop == two.trials.start
    frame = pd.concat([one.frame, two.frame])
    frame.index = pd.RangeIndex(one.trials.start, two.trials.stop, name="trial")
    harmed = None if one.harmed is None or two.harmed is None else np.concatenate([one.harmed, two.harmed])
    return replace(
        one, trials=range(one.trials.start, two.trials.stop), frame=frame, regional=one.regional + two.regional,
        defective=np.concatenate([one.defective, two.defective]), harmed=harmed,
    )  # fmt: skip


def first(outcomes: Outcomes, trials: int) -> Outcomes:
    """Return the first trials of some outcomes, for figures of rows: sums by region stay those of all."""
    if len(outcomes.trials) == trials:
        return outcomes
    harmed = None if outcomes.harmed is None else outcomes.harmed[:trials]
    return replace(
        outcomes, trials=outcomes.trials[:trials], frame=outcomes.frame.iloc[:trials],
        defective=outcomes.defective[:trials], harmed=harmed,
    )  # fmt: skip
