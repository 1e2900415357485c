"""How often the intervals of `rare` hold, and what it needs for a precision: the tables of docs/rare-events.md.

`python -m benchmarks.rare` repeats the scenarios of its tests (``tests.simulation.rare_events.test_rare_coverage``) at
a confidence of 90 % and counts; `--precision` takes each figure to a half-width of 2 %. Neither depends on the machine.
Not here: what a rollout costs (``gains --cost``), the figures of reports (``coverage``).
"""

import argparse
from collections.abc import Iterator, Sequence

from simulation import Scenario, exact, rare, sample
from tests.simulation.rare_events.test_rare import IN_THREE
from tests.simulation.rare_events.test_rare_coverage import (
    BLIND,
    CLOSED,
    CRUDE,
    MIXED,
    crude,
    intervals,
    missed,
)
from waves import Plan
from waves import sample as sample_plan

LONG = 60_000_000  # crude rollouts of what there is no closed form for
SEVERAL = ("probability_failover_hit", "probability_escaped", "probability_false_alarm", "impact_minutes_mean")
TWO, HALF = "probability_regions_exposed_at_least_2", "probability_share_exposed_at_least_0.5"
THIRTY = "probability_impact_minutes_at_least_30"
EVERYWHERE = (TWO, "probability_escaped", "impact_minutes_mean")
SINGLE = ("probability_deploy_failed", "probability_false_alarm")
STOREFRONT = (
    TWO, HALF, "probability_failover_hit", "probability_escaped", THIRTY, "impact_minutes_mean", "share_exposed_mean",
    *SINGLE,
)  # fmt: skip


def held(seeds: int) -> Iterator[str]:
    """Yield the table of how many of so many intervals held, a scenario of the tests at a time."""
    yield "| What is asked | Figure | Truth from | Held, % | Too low, % | Too high, % |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for cases, source in ((CLOSED, "closed form"), (CRUDE, "crude run")):
        for name, (plan, scenario, *_) in cases.items():
            for n, (figure, estimates) in enumerate(intervals(cases[name], seeds).items()):
                truth = exact(plan, scenario)[figure] if cases is CLOSED else crude(name, LONG)[figure].value
                low, high = sum(own.high < truth for own in estimates), sum(own.low > truth for own in estimates)
                counts = (seeds - missed(estimates, truth), low, high)
                parts = " | ".join(f"{100 * count / seeds:.1f}" for count in counts)
                yield f"| {'' if n else name} | `{figure}` | {source} | {parts} |"


def precise() -> Iterator[str]:
    """Yield the table of what a half-width of 2 % takes."""
    yield "| What can go wrong | Figure | Estimate | Rollouts | Gain |\n| --- | --- | ---: | ---: | ---: |"
    everywhere = "one defect everywhere"
    scenes: dict[str, tuple[Plan, Scenario, Sequence[str]]] = {
        "the storefront": (sample_plan("six-region-three-wave"), sample("storefront"), STOREFRONT),
        everywhere: (IN_THREE, CLOSED[everywhere][1], EVERYWHERE),
        "everywhere, by label, and false alarms": (IN_THREE, MIXED, SEVERAL),
        "blind, by region, and broken deployments": (IN_THREE, BLIND, SEVERAL),
    }
    for name, (plan, scenario, figures) in scenes.items():
        for n, figure in enumerate(figures):
            found = rare(plan, scenario, figure, precision=0.02, trials=20_000_000)
            cells = f"{found.estimate.value:.2g} | {found.trials:,} | {found.gain:,.0f}"
            yield f"| {'' if n else name} | `{figure}` | {cells} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rare", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="estimates of each figure; 500 if left out")
    parser.add_argument("--precision", action="store_true", help="what 2 % takes, in the place of how often they hold")
    asked = parser.parse_args()
    for line in precise() if asked.precision else held(asked.seeds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
