"""What an arrangement comes to: few trials at once, more while nobody waits, the same as one run of them all.

Trials come in slices; a slice is a run from where the last one ended, so that after all slices the outcomes are those
of one `run`, to the byte. Not here: the figures themselves (``figures``), moves (``state``).
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from simulation.boards.figures import differences, estimates
from simulation.results.outcomes import Outcomes
from simulation.results.statistics import Estimate
from simulation.running.run import run_all
from simulation.scenario import Scenario
from waves import Plan

COARSE = 2048  # trials at once: intervals of a few percent within some hundredths of a second
SLICE = 0.05  # seconds that a further slice may take, about: a move that comes in between waits no longer
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
        self._worth: dict[tuple[str, int], dict[str, Estimate]] = {}
        self._last: tuple[tuple[str, int], Answer] | None = None  # a move asks several times
        self._pace = 20_000.0  # trials a second of a plan; measured from the first on

    def of(self, plan: Plan) -> Answer:
        """Return what a plan comes to by now: from few trials, where it was not asked about before."""
        self._extend(plan, min(COARSE, self.most))
        self._extend(self.today, self.trials(plan))
        key = plan.digest, self.trials(plan)
        if self._last is None or self._last[0] != key:
            own, base = (self._first(each, key[1]) for each in (plan, self.today))
            apart = differences(base, own, self.confidence)
            self._last = key, Answer(key[1], self._estimates(own), self._estimates(base), apart)
        return self._last[1]

    def sharpen(self, plan: Plan) -> bool:
        """Run some more trials of a plan; return whether there are any left."""
        done = self.trials(plan)
        slice_ = int(min(max(self._pace * SLICE, COARSE), LARGEST)) // COARSE * COARSE
        if done < self.most:
            self._extend(plan, min(done + slice_, self.most))
        return self.trials(plan) < self.most

    def trials(self, plan: Plan) -> int:
        """Return how many trials of a plan were run."""
        found = self._known.get(plan.digest)
        return len(found.trials) if found else 0

    def outcomes(self, plan: Plan) -> Outcomes:
        """Return the outcomes of a plan so far."""
        return self._known[plan.digest]

    def _extend(self, plan: Plan, trials: int) -> None:
        before = self._known.pop(plan.digest, None)
        first = len(before.trials) if before else 0
        if first < trials:
            began = time.perf_counter()
            (more,) = run_all([plan], self.scenario, trials=trials - first, seed=self.seed, first=first)
            self._pace = (trials - first) / max(time.perf_counter() - began, 1e-6)
            before = more if before is None else joined(before, more)
        assert before is not None
        self._known[plan.digest] = before
        while len(self._known) > KEPT:
            oldest = next(digest for digest in self._known if digest != self.today.digest)
            del self._known[oldest]

    def _first(self, plan: Plan, trials: int) -> Outcomes:
        found = self._known[plan.digest]
        return found if len(found.trials) == trials else part(found, trials)

    def _estimates(self, outcomes: Outcomes) -> dict[str, Estimate]:
        key = outcomes.plan.digest, len(outcomes.trials)
        if key not in self._worth:
            self._worth = dict(list(self._worth.items())[-2 * KEPT :]) | {key: estimates(outcomes, self.confidence)}
        return self._worth[key]


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


def part(outcomes: Outcomes, trials: int) -> Outcomes:
    """Return the first trials of some outcomes, for figures of rows: sums by region stay those of all."""
    harmed = None if outcomes.harmed is None else outcomes.harmed[:trials]
    return replace(
        outcomes, trials=outcomes.trials[:trials], frame=outcomes.frame.iloc[:trials],
        defective=outcomes.defective[:trials], harmed=harmed,
    )  # fmt: skip
