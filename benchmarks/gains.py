"""How many times as many trials crude sampling takes for the same standard error, figure by figure: a table.

`python -m benchmarks.gains` rolls four plans of the storefront out. Variances do not depend on the machine;
`python -m benchmarks.gains --cost` says what a trial by strata costs beside a crude one, and a `compare` of four
plans. Not here: whether intervals hold (``coverage``), what a trial costs beside the SimPy model (``engines``).
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from simulation import Outcomes, compare, rare, run_all, sample, sweep
from simulation.rare_events.sampling import BLOCK, Sampling, sampling_of
from waves import Plan, all_at_once, one_at_a_time, sizes
from waves import sample as sample_plan

FIGURES = (
    "impact_minutes_mean", "share_exposed_mean", "probability_escaped", "probability_failover_hit", "minutes_to_ship",
)  # fmt: skip


def plans() -> dict[str, Plan]:
    """Return the four plans, the baseline first."""
    fleet = sample("storefront").fleet
    return {
        "three waves": sample_plan("six-region-three-wave"),
        "one at a time": one_at_a_time(fleet, bake_minutes=30),
        "2 and 4": sizes(fleet, [2, 4], bake_minutes=30),
        "all at once": all_at_once(fleet, bake_minutes=60),
    }


def gain(values: NDArray[np.float64], design: Sampling) -> float:
    """Return crude sampling's variance over that of strata, from whole blocks of one number a trial."""
    codes = design.codes(range(len(values)))
    parts = [values[codes == code] for code in range(len(design.strata))]
    mean = sum(p * part.mean() for p, part in zip(design.probabilities, parts, strict=True))
    crude = sum(p * ((part - mean) ** 2).mean() for p, part in zip(design.probabilities, parts, strict=True))
    ours = sum(p**2 * part.var() / n for p, part, n in zip(design.probabilities, parts, design.counts, strict=True))
    return float(crude / BLOCK / ours)


def at_most(values: NDArray[np.float64], design: Sampling) -> float:
    """Return the gain of the best division of trials among strata of what goes wrong alone, without grades."""
    codes, shares = design.codes(range(len(values))), design.weights
    weights, whats = shares[codes] / shares[codes].sum(), [each.what for each in design.strata]
    mean, spread = float((weights * values).sum()), 0.0
    for what in dict.fromkeys(whats):
        own = np.isin(codes, [code for code, each in enumerate(whats) if each == what])
        part = weights[own] / weights[own].sum()
        spread += weights[own].sum() * ((part * values[own] ** 2).sum() - (part * values[own]).sum() ** 2) ** 0.5
    return float((weights * (values - mean) ** 2).sum() / spread**2)


def gains(found: list[Outcomes], figure: str, *, apart: bool) -> list[float]:
    """Return a figure's gain under each plan, or that of its difference from the first plan's."""
    design = sampling_of(found[0].scenario)
    values = [each.rows.influence(figure)[1] for each in found]
    return [gain(each, design) for each in ([each - values[0] for each in values[1:]] if apart else values)]


def seconds(call: Callable[[int], object]) -> float:
    """Return the processor time of a call that is given a seed: the median of five, after one to warm up."""
    taken = []
    for seed in range(6):
        begun = time.process_time()
        call(seed)
        taken.append(time.process_time() - begun)
    return median(taken[1:])


def cost() -> None:
    """Print what strata cost, in processor time of one core."""
    scenario, (name, plan) = sample("storefront"), next(iter(plans().items()))
    for how in ("stratified", "crude"):
        each = seconds(lambda seed, how=how: sweep({name: plan}, scenario, trials=400_000, seed=seed, sampling=how))  # type: ignore[misc]
        print(f"a {how} sweep of one plan, a second: {400_000 / each:,.0f} rollouts")
    spent: list[int] = []  # its pilots too
    each = seconds(
        lambda seed: spent.append(rare(plan, scenario, "probability_escaped", trials=600_000, seed=seed).trials)
    )
    print(f"rare, a second: {median(spent) / each:,.0f} rollouts")
    each = seconds(lambda seed: (found := compare(plans(), scenario, seed=seed)).summaries | {"": found.differences})
    print(f"compare of four plans at the default trials, with summaries and differences: {each:.2f} s")
    print(f"ten million additions in a loop of Python: {seconds(_additions):.2f} s")


def _additions(start: int) -> int:
    for _ in range(10_000_000):
        start += 1
    return start


def main() -> None:
    """Print the table, or what strata cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gains", description=__doc__)
    parser.add_argument("--blocks", type=int, default=100, help="of 4,096 trials; 100 if left out")
    parser.add_argument("--cost", action="store_true", help="what strata cost, in the place of what they save")
    asked = parser.parse_args()
    if asked.cost:
        cost()
        return
    found = run_all(list(plans().values()), sample("storefront"), trials=asked.blocks * BLOCK, seed=6)
    print(f"| Figure of the storefront | {' | '.join(plans())} |\n| --- | {' | '.join(['---:'] * len(found))} |")
    for figure in FIGURES:
        print(f"| `{figure}` | {' | '.join(f'{each:.2g}' for each in gains(found, figure, apart=False))} |")
        print(f"| minus that of three waves | | {' | '.join(f'{g:.2g}' for g in gains(found, figure, apart=True))} |")
    first, *_, last = (each.rows.influence(FIGURES[0])[1] for each in found)
    best = at_most(last - first, sampling_of(found[0].scenario))
    print(f"\nall at once minus three waves, `{FIGURES[0]}`, without grades: no division saves more than {best:.3g}")


if __name__ == "__main__":
    main()
