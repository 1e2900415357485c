"""How much memory does a sweep of thousands of plans take, and how much did it take in another checkout?

Usage: python -m benchmarks.memory [CHECKOUT ...] [--plans 4683] [--trials 8192]

The most that a fresh process holds while it sweeps the groupings of six regions, compilation left out: here crudely and
by strata, in other checkouts of this repository (``paired``) crudely, which all of them can. All read one scenario, the
last checkout's sample. Not here: what a long sweep adds to a short one (``scale``).
"""

import argparse
from pathlib import Path

from benchmarks.paired import HERE, Checkout, sample_of


def main() -> None:
    """Print the most memory of each checkout."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", type=Path, nargs="*", help="other checkouts of this repository")
    parser.add_argument("--plans", type=int, default=4683, help="how many groupings (default 4683, all there are)")
    parser.add_argument("--trials", type=int, default=8192, help="rollouts of each (default 8,192)")
    given = parser.parse_args()
    others = [path.resolve() for path in given.checkouts]
    scenario = sample_of([HERE.parent, *others][-1])
    ways = [(HERE.parent, "crude"), *((path, "crude") for path in others), (HERE.parent, "stratified")]
    print(f"sweep of {given.plans:,} plans, {given.trials:,} trials, most memory in MiB")
    for path, sampling in ways:
        one = Checkout(path, scenario)
        most = one.ask({"plans": given.plans, "trials": given.trials, "sampling": sampling})
        one.end()
        name = "this checkout" if path == HERE.parent else str(path)
        print(f"{name + ', ' + sampling:<60} {most:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
