"""A survey by strata: trials divided among the strata, sampled by any workers, summed up with an interval.

Not here: how strata come about (``strata``), how tasks are handed out (``jobs``), when enough has been sampled and
what people see (``rare``).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulation.engine.fingerprint import check_edition, edition
from simulation.engine.layout import Plans, Worlds
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk
from simulation.rare_events.factors import Factor, Floats
from simulation.rare_events.strata import Cut, Stratum, sampled, stratify
from simulation.rare_events.targets import Target
from simulation.results.estimator import Bounds, Moments, Sample, between, chance, clopper_pearson, mean
from simulation.results.statistics import Estimate
from simulation.scenario import Scenario
from simulation.setting import settings_of
from waves import Plan

BLOCK = 4096  # trials of a stratum that are worked out and merged as one
LARGEST = 2**19  # rollouts in a task, at most: about a second, so that nobody waits long for an end
TASKS = 32  # a stage is cut into at least so many tasks, so that a few workers end at about the same time
LEAST = 32  # trials of each stratum, at the least
CLOSE = 1e-9  # to the root, as a part of it: trials are whole numbers
MARGIN = 1.1  # trials beyond those that the precision seems to ask for, because the pilot may be off


@dataclass
class Sums:
    """What the trials of each stratum add up to: how many, and as `sampled` returns it."""

    trials: NDArray[np.int64]  # (strata,)
    sums: Floats  # (strata, plans, events, 4)

    def plus(self, other: "Sums") -> "Sums":
        """Return both together."""
        return Sums(self.trials + other.trials, self.sums + other.sums)


@dataclass(frozen=True)
class Task:
    """Trials of one stratum for any worker.

    Attributes
    ----------
    worlds, plans, factors, events, seed
        The packed scenario and plans, what can go wrong, what is asked for, and the seed.
    number, stratum
        The stratum, and which of the sampled ones it is.
    trials
        Which, from the start of a block on.
    edition
        That of the code which made the task.
    """

    worlds: Worlds
    plans: Plans
    factors: tuple[Factor, ...]
    events: tuple[Target, ...]
    seed: int
    number: int
    stratum: Stratum
    trials: range
    edition: str

    def run(self) -> list[Floats]:
        """Return the sums of each block.

        Raises
        ------
        RuntimeError
            Where the worker has another edition of the code: its answers would not be those of the others.
        """
        check_edition(self.edition)
        desk = Desk(self.worlds, self.plans)
        blocks = (self.trials[at : at + BLOCK] for at in range(0, len(self.trials), BLOCK))
        return [sampled(desk, self.factors, self.stratum, self.events, self.seed, block) for block in blocks]


Work = Callable[[Iterable[Task]], Iterator[tuple[Task, list[Floats]]]]  # runs tasks, and yields them in their order


class Survey:
    """One run of `rare`: strata, the trials spent so far, and the arithmetic on their sums."""

    def __init__(self, plans: Mapping[str, Plan], scenario: Scenario, events: Sequence[Target], seed: int) -> None:
        settings = settings_of(plans, scenario)
        self.events, self.seed = tuple(events), seed
        self.cut: Cut = stratify(settings, events)
        self.packed = pack_worlds(scenario, seed), pack_plans(settings)
        self.strata: list[Stratum] = [each for each in self.cut.strata if not each.known]
        self.weights = np.array([each.weight for each in self.strata])
        self.low = np.array([each.low for each in self.strata]).reshape(-1, len(plans), len(events))
        self.high = np.array([each.high for each in self.strata]).reshape(-1, len(plans), len(events))
        known = [(each.weight * each.low, each.weight * each.low**2) for each in self.cut.strata if each.known]
        self.known = np.sum([first for first, _ in known], axis=0) + np.zeros((len(plans), len(events)))
        self.known_squares = np.sum([second for _, second in known], axis=0) + np.zeros((len(plans), len(events)))
        self.spent = 0

    def stage(self, counts: NDArray[np.int64], work: Work) -> Sums:
        """Sample so many trials of each stratum, on trial numbers of their own; merge their blocks in order."""
        tasks = self._tasks(counts, self.spent)
        self.spent += int(counts.sum())
        sums = np.zeros((len(counts), *self.low.shape[1:], 4))
        for task, blocks in work(tasks):
            for block in blocks:
                sums[task.number] += block
        return Sums(counts, sums)

    def _tasks(self, counts: NDArray[np.int64], start: int) -> Iterator[Task]:
        blocks = -(-int(counts.sum()) // BLOCK)
        size = max(min(LARGEST // (self.low.shape[1] * BLOCK), -(-blocks // TASKS)), 1) * BLOCK
        for h, count in enumerate(counts.tolist()):
            own = range(start, start + count)
            for at in range(0, count, size):
                yield Task(
                    *self.packed, self.cut.factors, self.events, self.seed, h, self.strata[h], own[at : at + size],
                    edition(),
                )  # fmt: skip
            start += count

    def means(self, found: Sums) -> Floats:
        """Return each figure, shape (plans, events)."""
        means = found.sums[..., 1] / found.trials[:, None, None]
        return self.known + np.einsum("h,hpe->pe", self.weights, np.where(self.low == self.high, self.low, means))

    def crude(self, found: Sums) -> Floats:
        """Return the variance of each figure's number in a single rollout without strata."""
        squares = found.sums[..., 2] / found.trials[:, None, None]
        squares = np.where(self.low == self.high, self.low**2, squares)
        return self.known_squares + np.einsum("h,hpe->pe", self.weights, squares) - self.means(found) ** 2

    def parts(self, found: Sums, confidence: float) -> tuple[Floats, Floats]:
        """Return a and b, shape (strata, plans, events): n trials leave a / n + b / n² of a figure's half-width².

        The first is the variance within the stratum; the second is what the interval adds for what was never seen.
        """
        nonzero, total, squares, _ = np.moveaxis(found.sums, 3, 0)
        n, often = found.trials[:, None, None], nonzero.sum(axis=0)
        usual = np.divide(squares.sum(axis=0), often, out=np.ones_like(often), where=often > 0)
        z, unseen = float(special.ndtri((1 + confidence) / 2)), -math.log((1 - confidence) / 2)
        weights = np.where(self.low == self.high, 0.0, self.weights[:, None, None]) ** 2
        a = z * z * weights * np.maximum(squares / n - (total / n) ** 2, 0.0)
        return a, unseen**2 * weights * usual

    def divided(self, found: Sums, confidence: float, precision: float | None, most: int) -> NDArray[np.int64]:
        """Return how many trials each stratum gets, at most so many in all, with no fewer than `LEAST` in any.

        They are those with the least sum for the precision asked for, or with the most precision for the sum. Without
        what was never seen, that is Neyman's allocation (1934), by weight × standard deviation; several figures count
        each by its own precision.
        """
        goal = (precision or 1.0) * self.means(found)
        unseen = goal <= 0
        # No number of trials is known to be enough for what was never seen.
        possible = precision is not None and not np.any(unseen & (self.low < self.high).any(axis=0))
        goal[unseen] = np.min(goal[~unseen], initial=math.inf) if not unseen.all() else 1.0
        a, b = (part / goal**2 for part in self.parts(found, confidence))
        a1, b1 = a.sum(axis=(1, 2)), b.sum(axis=(1, 2))

        def at(price: float) -> Floats:
            return LEAST + np.floor(_root(a1 * 10.0**-price, 2 * b1 * 10.0**-price))

        def enough(price: float) -> bool:
            n = at(price)[:, None, None]
            return possible and bool(np.all((a / n + b / n**2).sum(axis=0) <= 1 / MARGIN))

        price = max(_last(enough), -_last(lambda price: bool(at(-price).sum() <= most)))
        return at(price).astype(np.int64)

    def interval(self, found: Sums, p: int, e: int, confidence: float) -> Estimate:
        """Estimate a figure: the strata's intervals put together (Zou and Donner 2008, their method MOVER).

        Each stratum has an interval of its own, exact for probabilities; the distances of their ends from the estimates
        add up as squares, each side for itself. A stratum in which nothing was seen so widens the upper side; where the
        values of a mean are skewed, that widens the side of the long tail.
        """
        bounds = Bounds(self.low[:, p, e], self.high[:, p, e])
        nonzero, total, squares, cubes = found.sums[:, p, e].T
        count = np.where(bounds.known, 0, found.trials)
        # What is known in every figure has no trials: together it is one more stratum.
        rest = max(1.0 - float(self.weights.sum()), 0.0)
        sample = Sample(np.append(self.weights, rest), np.append(count, 0))
        known = float(self.known[p, e]) / rest if rest > 0 else 0.0
        bounds = Bounds(np.append(bounds.low, known), np.append(bounds.high, known))
        if self.events[e].yes_no:
            return chance(sample, np.append(nonzero, 0).astype(np.int64), confidence, bounds)
        sums = np.array([count, nonzero, total, squares, cubes])
        own = mean(sample, Moments.of_sums(np.column_stack([sums, np.zeros(5)])), confidence, bounds)
        if math.isnan(own.high):
            return self._bounded(found, p, e, own.value, confidence)
        # Where all that was seen is alike, a few may yet be none of it, such as harm that a false alarm ends.
        unseen = 1 - ((1 - confidence) / 2) ** (1 / np.maximum(found.trials, 1))
        less = np.where(self.low[:, p, e] == self.high[:, p, e], 0.0, total / found.trials - self.low[:, p, e])
        below = math.hypot(own.value - own.low, *(self.weights * unseen * less).tolist())
        return own._replace(low=max(own.value - below, 0.0))

    def _bounded(self, found: Sums, p: int, e: int, value: float, confidence: float) -> Estimate:
        """Return an interval of a mean of which too little was seen for a closer one: by the bounds that values have.

        Each stratum's end is the nearest that is sure: by how often anything is other than zero and what it can be at
        most, or by how much values between bounds vary.
        """
        nonzero, total, squares, _ = found.sums[:, p, e].T
        bounds = Bounds(self.low[:, p, e], self.high[:, p, e])
        _, most = clopper_pearson(nonzero, found.trials, confidence)
        own = Moments.of_sums(np.array([found.trials, nonzero, total, squares, np.zeros(len(total))]))
        apart = between(own, bounds, confidence)
        below = np.where(bounds.known, 0.0, np.minimum(own.mean - bounds.low, apart))
        above = np.where(bounds.known, 0.0, np.minimum(most * bounds.high - own.mean, apart))
        return Estimate(value, *(value + side * math.sqrt(((self.weights * each) ** 2).sum())
                                 for side, each in ((-1, below), (1, above))))  # fmt: skip


def _root(a: Floats, b: Floats) -> Floats:
    """Return the positive root of n³ = a n + b, by Newton's method from above, where it only falls."""
    n = np.sqrt(a) + np.cbrt(b)
    for _ in range(60):
        slope = 3 * n**2 - a
        step = np.divide(n**3 - a * n - b, slope, out=np.zeros_like(n), where=slope > 0)
        n = n - step
        if (np.abs(step) <= CLOSE * n).all():
            break
    return np.maximum(n, 0.0)


def _last(holds: Callable[[float], bool]) -> float:
    """Return the greatest power of ten up to which something holds, by bisection; it holds below that."""
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
