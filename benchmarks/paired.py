"""Is this checkout slower than another one? Both take turns at the same rollouts, and the ratio gets an interval.

Usage: python -m benchmarks.paired CHECKOUT [--turns 40] [--scale 0.15] [--scenario FILE] [--only TEXT]

`CHECKOUT` is another one of this repository, such as `git worktree add ../before COMMIT` makes; both read its sample
scenario, which the newer one can read, too, and sample it crudely. A ratio above 1 says that this checkout takes more
processor time. Turns alternate, so that a machine that warms up, or that others work on, slows both. Each pair gives
one ratio; said is their median, and the interval of the median that their order gives (with so many pairs, the ranks
between which it lies in 95 of 100 cases, whatever the ratios are spread like): a turn in which the system looks for
large pages of memory, or hands the core to somebody else, weighs no more than any other. What the benchmark itself
holds, such as thousands of plans, is kept from Python's collector of garbage.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from scipy import stats

HERE = Path(__file__).resolve().parent
LINES = ("one plan", "sweep of 64", "64 plans with frames")
CASES = ("6 regions, 3 waves", "30 regions, 8 waves")
NAMES = [f"{case}: {line}" for case in CASES for line in LINES]


class Checkout:
    """One of the two, at work in a process of its own (``either``)."""

    def __init__(self, path: Path, scenario: Path, scale: float = 1.0) -> None:
        command = [sys.executable, "-P", str(HERE / "either.py"), str(scenario), str(scale)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=path, text=True, env={"PYTHONPATH": str(path)}, **pipes)  # type: ignore[call-overload]

    def ask(self, question: Any) -> Any:
        """Return the answer to a question: to a line's name, the processor time that it takes."""
        self.process.stdin.write(f"{json.dumps(question)}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """Let the process go."""
        self.process.stdin.close()
        self.process.wait()


def sample_of(checkout: Path) -> Path:
    """Return a checkout's sample scenario."""
    return checkout / "data" / "scenarios" / "storefront.yaml"


def interval(ratios: list[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Return the median of ratios and its interval, by their order alone."""
    own = sorted(ratios)
    # The rank of the last that is below the true median is binomial: fair coins.
    below = int(stats.binom.ppf((1 - confidence) / 2, len(own), 0.5))
    below = max(below - 1, 0)
    return statistics.median(own), own[below], own[-1 - below]


def main() -> None:
    """Print the ratio of each line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="another checkout of this repository")
    parser.add_argument("--turns", type=int, default=40, help="pairs of turns a line (default 40)")
    parser.add_argument("--scale", type=float, default=0.15, help="seconds a turn, about (default 0.15)")
    parser.add_argument("--scenario", type=Path, help="a file that both can read (default: the other's sample)")
    parser.add_argument("--only", default="", help="lines with this text in their names alone")
    given = parser.parse_args()
    other = given.checkout.resolve()
    scenario = (given.scenario or sample_of(other)).resolve()
    both = [Checkout(path, scenario, given.scale) for path in (HERE.parent, other)]
    print(f"{'this checkout ÷ the other, processor time':<52} {'ratio':>7}  95 % interval")
    for name in (name for name in NAMES if given.only in name):
        for one in both:
            one.ask(name)
        pairs = [tuple(one.ask(name) for one in both) for _ in range(given.turns)]
        ratio, low, high = interval([ours / theirs for ours, theirs in pairs])
        print(f"{name:<52} {ratio:>7.3f}  {low:.3f} to {high:.3f}", flush=True)
    for one in both:
        one.end()


if __name__ == "__main__":
    main()
