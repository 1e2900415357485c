"""Is this checkout slower than another one? Both take turns at the same rollouts, and the ratio gets an interval.

Usage: python -m benchmarks.paired CHECKOUT [--turns 20] [--scale 0.2] [--scenario FILE]

`CHECKOUT` is another one of this repository, such as `git worktree add ../before COMMIT` makes; both read its sample
scenario, which the newer one can read, too, and sample it crudely. A ratio above 1 says that this checkout takes more
processor time. Turns alternate, so that a machine that warms up, or that others work on, slows both; each pair gives
one ratio, and the interval is that of the mean of their logarithms.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from scipy import stats

HERE = Path(__file__).resolve().parent
LINES = ("one plan", "sweep of 64", "64 plans with frames")
CASES = ("6 regions, 3 waves", "30 regions, 8 waves")


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
    """Return the geometric mean of ratios and its interval."""
    logs = [math.log(ratio) for ratio in ratios]
    mean, spread = statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    reach = float(stats.t.ppf((1 + confidence) / 2, len(logs) - 1)) * spread
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


def main() -> None:
    """Print the ratio of each line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="another checkout of this repository")
    parser.add_argument("--turns", type=int, default=20, help="pairs of turns a line (default 20)")
    parser.add_argument("--scale", type=float, default=0.2, help="seconds a turn, about (default 0.2)")
    parser.add_argument("--scenario", type=Path, help="a file that both can read (default: the other's sample)")
    given = parser.parse_args()
    other = given.checkout.resolve()
    scenario = (given.scenario or sample_of(other)).resolve()
    both = [Checkout(path, scenario, given.scale) for path in (HERE.parent, other)]
    print(f"{'this checkout ÷ the other, processor time':<52} {'ratio':>7}  95 % interval")
    for name in (f"{case}: {line}" for case in CASES for line in LINES):
        for one in both:
            one.ask(name)
        pairs = [tuple(one.ask(name) for one in both) for _ in range(given.turns)]
        ratio, low, high = interval([ours / theirs for ours, theirs in pairs])
        print(f"{name:<52} {ratio:>7.3f}  {low:.3f} to {high:.3f}", flush=True)
    for one in both:
        one.end()


if __name__ == "__main__":
    main()
