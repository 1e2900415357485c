"""How often the trials that an undecided limit is told to take decide it: `python -m benchmarks.deciding`, a table.

A reader has a report whose limit is undecided and runs as many trials as it says, on the same seed. Counted are those
runs that decide rightly, wrongly, or not; once for the trials that are told where the estimate is the truth, and once
for those that each report tells, whose estimate is off. Not here: how a limit is judged (``simulation.analysis``).
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

from simulation import Judgement, Limit, judge, sample, sweep
from waves import sample as sample_plan

USUAL, LONG, FAR = 20_000, 4_194_304, 2**40  # trials of a report, of the truth, and the truth's seed
MOST = 2_000_000  # trials that anybody runs for one limit here


@dataclass(frozen=True)
class Case:
    """A limit so near to the truth that a report leaves it undecided; `apart` in parts of the truth."""

    figure: str
    side: str
    apart: float

    def limit(self, truth: float) -> Limit:
        """Return it, on the side on which it holds."""
        sign = 1 if self.side == "at_most" else -1
        return Limit(self.figure, self.side, truth * (1 + sign * self.apart))  # type: ignore[arg-type]


CASES = (
    Case("impact_minutes_mean", "at_most", 0.03),
    Case("probability_shipped", "at_least", 0.0035),
    Case("minutes_to_ship", "at_most", 0.007),
)


def report(limit: Limit, trials: int, seed: int) -> Judgement:
    """Hold a limit against so many trials of the storefront's three waves."""
    found = sweep({"it": sample_plan("six-region-three-wave")}, sample("storefront"), trials=trials, seed=seed)
    return judge(found.summaries["it"], [limit], trials)[0]


def measured(case: Case, seeds: int) -> Iterator[str]:
    """Yield a row of the table for each way to tell the trials."""
    long = report(Limit(case.figure, "at_most", 0.0), LONG, FAR)
    limit = case.limit(long.estimate)
    first = [report(limit, USUAL, seed) for seed in range(seeds)]
    half = median((each.high - each.low) / 2 for each in first)
    # As a report says it whose estimate is the truth, and whose interval is the usual one.
    usual = replace(first[0], estimate=long.estimate, low=long.estimate - half, high=long.estimate + half)
    told = replace(usual, verdict="undecided", needed=float("nan")).takes or MOST
    ways = {
        "the truth's": {seed: told for seed in range(seeds)},
        "each report's own": {
            seed: each.takes or MOST for seed, each in enumerate(first) if each.verdict == "undecided"
        },
    }
    for way, trials in ways.items():
        counts = Counter(report(limit, min(n, MOST), seed).verdict for seed, n in trials.items())
        parts = (f"{100 * counts[verdict] / len(trials):.0f}" for verdict in ("holds", "broken", "undecided"))
        few, many = min(trials.values()), max(trials.values())
        span = f"{few:,}" if few == many else f"{few:,} to {many:,}, median {median(trials.values()):,.0f}"
        yield f"| `{limit}` | {way} | {span} | {len(trials)} | {' | '.join(parts)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deciding", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="reports of each limit; 200 if left out")
    parser.add_argument("--only", choices=[case.figure for case in CASES], help="one limit")
    asked = parser.parse_args()
    print("| Limit | Trials told by | Trials | Runs | hold, % | broken, % | undecided, % |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for case in CASES:
        if asked.only in (None, case.figure):
            for line in measured(case, asked.seeds):
                print(line, flush=True)


if __name__ == "__main__":
    main()
