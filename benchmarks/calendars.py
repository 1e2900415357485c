"""What a calendar costs: a plan with one and the same plan without, in turns, under a scenario that knows pushes.

Usage: python -m benchmarks.calendars [--turns 20] [--trials 200000]

The ratio's interval is that of ``paired``. Both plans are sampled crudely, and only sums are kept.
"""

import argparse
import time

import simulation
import waves
from benchmarks.paired import interval


def main() -> None:
    """Print the ratio of processor time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=20, help="pairs of turns (default 20)")
    parser.add_argument("--trials", type=int, default=200_000, help="rollouts a turn (default 200,000)")
    given = parser.parse_args()
    for name in ("storefront-office-hours", "aws-pipeline"):
        scenario, plan = simulation.sample(name), waves.sample(name)

        def seconds(plan: waves.Plan, scenario: simulation.Scenario = scenario) -> float:
            begin = time.process_time()
            simulation.sweep({"plan": plan}, scenario, trials=given.trials, seed=1, sampling="crude")
            return time.process_time() - begin

        both = plan, plan.replace(calendar=None)
        for each in both:
            seconds(each)
        pairs = [tuple(seconds(each) for each in both) for _ in range(given.turns)]
        ratio, low, high = interval([with_one / without for with_one, without in pairs])
        print(f"{name:28} with its calendar ÷ without: {ratio:.3f}, 95 % interval {low:.3f} to {high:.3f}", flush=True)


if __name__ == "__main__":
    main()
