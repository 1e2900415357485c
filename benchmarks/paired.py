"""Is this checkout slower than another one? Both take turns at the same rollouts, and the ratio gets an interval.

Usage: python -m benchmarks.paired CHECKOUT [--turns 20] [--scale 0.2]

`CHECKOUT` is another one of this repository, such as `git worktree add ../before COMMIT` makes. A ratio above 1 says
that this one takes more processor time. Turns alternate, so that a machine that warms up, or that others work on, slows
both; each pair gives one ratio, and the interval is that of the mean of their logarithms.
"""

import argparse
import itertools
import math
import statistics
import subprocess
import sys
from pathlib import Path

from scipy import stats

LINES = ("compiled, one plan", "compiled, sweep of 64", "compiled, 64 plans with frames")
# Spoken by both checkouts, whatever else differs between them.
SERVER = """
import sys, time
from benchmarks import engines
scale = float(sys.argv[1])
lines = {}
for case in (engines.six_regions(), engines.thirty_regions()):
    lines |= {f"{case.name}: {line.name}": line for line in engines.lines(case, scale)}
for line in sys.stdin:
    run = lines[line.strip()].run
    begin = time.process_time()
    run()
    print(time.process_time() - begin, flush=True)
"""


class Checkout:
    """One of the two, at work in a process of its own."""

    def __init__(self, path: Path, scale: float) -> None:
        command = [sys.executable, "-c", SERVER, str(scale)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=path, text=True, env={"PYTHONPATH": str(path)}, **pipes)  # type: ignore[call-overload]

    def seconds(self, line: str) -> float:
        """Return the processor time that one turn takes."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self) -> None:
        """Let the process go."""
        self.process.stdin.close()
        self.process.wait()


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
    given = parser.parse_args()
    here = Path(__file__).resolve().parent.parent
    both = [Checkout(path, given.scale) for path in (here, given.checkout.resolve())]
    print(f"{'this checkout ÷ the other, processor time':<52} {'ratio':>7}  95 % interval")
    for case, line in itertools.product(("6 regions, 3 waves", "30 regions, 8 waves"), LINES):
        name = f"{case}: {line}"
        for one in both:
            one.seconds(name)
        pairs = [tuple(one.seconds(name) for one in both) for _ in range(given.turns)]
        ratio, low, high = interval([ours / theirs for ours, theirs in pairs])
        print(f"{name:<52} {ratio:>7.3f}  {low:.3f} to {high:.3f}", flush=True)
    for one in both:
        one.end()


if __name__ == "__main__":
    main()
