"""`wavecast run`: what plans cost and risk, each by itself. Not here: plans against each other (``compare``)."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import fault, progress, say, say_json, table, warn
from wavecast.verbs.asked import Asked, Promised, asked_options, service_options, tell
from wavecast.verbs.asked import as_json as as_json_of
from wavecast.verbs.options import (
    confidence_option,
    json_option,
    sampling_option,
    scenario_option,
    seed_option,
    trials_option,
    workflow_options,
)
from waves.showing import counted

if TYPE_CHECKING:
    from simulation import Outcomes

HEADLINES = (
    "probability_shipped", "minutes_to_ship", "end_minutes_given_shipped_p50", "end_minutes_given_shipped_p95",
    "share_exposed_mean", "share_exposed_p95", "impact_minutes_mean", "impact_minutes_given_defect_p50",
    "impact_minutes_given_defect_p95", "failed_requests_mean", "probability_escaped", "probability_caught",
    "probability_false_alarm", "probability_deploy_failed", "probability_failover_hit",
)  # fmt: skip

HELP = """Roll plans out many times in simulation: how often each ships, how long it takes, what it exposes.

All plans see the same worlds, so that their numbers can be held side by side; `wavecast compare` gives the differences.

\b
Examples:
  wavecast run six-region-three-wave --scenario storefront
  wavecast run plan.yaml workflow.yaml --scenario scenario.yaml --trials 10000 --seed 7
  wavecast run plan.yaml --scenario storefront --worst 10 --exposure --strata
  wavecast run plan.yaml --scenario storefront --objective 0.999 --changes-a-month 40
  wavecast run plan.yaml --scenario storefront --json > outcomes.json

\b
Exit codes:
  0  fine
  2  input that cannot be read, a region that the fleet does not have
"""


@click.command(help=HELP)
@click.argument("plans", metavar="PLAN...", nargs=-1, required=True)
@scenario_option
@trials_option
@seed_option
@confidence_option
@sampling_option
@workflow_options
@asked_options
@service_options
@click.option("--all", "everything", is_flag=True, help="Every figure of the summary, not only the main ones.")
@json_option
def run(
    plans: tuple[str, ...],
    scenario: str,
    trials: int,
    seed: int,
    confidence: float,
    sampling: Any,
    reading: Reading,
    asked: Asked,
    promised: Promised,
    everything: bool,
    as_json: bool,
) -> int:
    """See HELP."""
    named, world = read_inputs(plans, scenario, **reading)
    warn(remarks(named.values(), world))
    import simulation

    service = promised.service  # refused before anything is run
    found = simulation.run_all(
        list(named.values()), world, trials=trials, seed=seed, sampling=sampling, progress=progress()
    )
    outcomes = dict(zip(named, found, strict=True))
    warn_of_horizon(outcomes)
    if as_json:
        found_json = as_dict(outcomes, confidence)
        for name, each in outcomes.items():
            found_json["plans"][name] |= as_json_of(each, asked, confidence, service)
        say_json(found_json)
        return 0
    for n, (name, each) in enumerate(outcomes.items()):
        say("\n" * (n > 0) + f"{name}: {counted(trials, 'rollout')} ({sampling}), scenario {world.name}, seed {seed}\n")
        say(summary(each, confidence, everything))
        say(regions(each))
        tell(each, asked, confidence, service)
    return 0


def warn_of_horizon(outcomes: "dict[str, Outcomes]") -> None:
    """Tell standard error which figures say how long the book is kept, rather than what a plan costs."""
    from simulation.analysis.verdict import warnings_of

    for text in warnings_of(outcomes):
        fault(f"warning: {text}")


def summary(outcomes: "Outcomes", confidence: float, everything: bool) -> str:
    """Lay out a summary: figure, estimate, interval, unit."""
    found = outcomes.summary(confidence)
    rows = found if everything else found.loc[list(HEADLINES)]
    cells = [
        (str(row.Index), short(row.estimate), short(row.low), short(row.high), str(row.unit))
        for row in rows.itertuples()
    ]
    lines = table(("figure", "estimate", "low", "high", "unit"), cells, left=(0, 4))
    few = enough(rows)
    return f"{lines}\n({_percent(confidence)} intervals, from low to high{few and f';{chr(10)}{few}'})\n"


def enough(rows: Any) -> str:
    """Say what a dash stands for, and about how many trials would suffice; nothing where all have an interval."""
    most = rows["trials_it_takes"].max()
    if most == most:
        return f"- where the trials do not suffice: about {most:,.0f} would"
    return "- where there is none" if rows[["low", "high"]].isna().any(axis=None) else ""


def _percent(confidence: float) -> str:
    return f"{confidence * 100:g} %"


def regions(outcomes: "Outcomes") -> str:
    """Lay out what each region meets."""
    rows = [
        (
            str(row.Index),
            str(row.wave),
            f"{row.traffic_share:.1%}",
            f"{row.exposed_probability:.2%}",
            short(row.hurt_minutes_given_exposed),
            short(row.impact_minutes_mean),
        )
        for row in outcomes.regions.itertuples()
    ]
    return table(("region", "wave", "traffic", "exposed", "minutes hurt, if exposed", "fleet-minutes lost, mean"), rows)


def short(number: Any) -> str:
    """Write a number with three digits that count; `-` for what is not known."""
    value = float(number)
    if value != value:
        return "-"
    text = f"{value:,.0f}" if 1000 <= abs(value) < float("inf") else f"{value:.3g}"
    return f"{Decimal(text):f}" if "e-0" in text else text  # 1.93e-05 is 0.0000193


def as_dict(outcomes: "dict[str, Outcomes]", confidence: float) -> dict[str, Any]:
    """Return plans' outcomes as plain values, as `--json` writes them."""
    from simulation.analysis.verdict import figures, warnings_of

    first = next(iter(outcomes.values()))
    return {
        "scenario": {"name": first.scenario.name, "digest": first.scenario.digest},
        "trials": len(first.trials),
        "seed": first.seed,
        "sampling": first.sampling,
        "confidence": confidence,
        "plans": {
            name: {
                "digest": each.plan.digest,
                "figures": figures(each.summary(confidence)),
                "regions": _regions(each),
            }
            for name, each in outcomes.items()
        },
        "warnings": warnings_of(outcomes),
    }


def _regions(outcomes: "Outcomes") -> list[dict[str, Any]]:
    from simulation.analysis.verdict import plain

    table = outcomes.regions.reset_index().to_dict(orient="records")
    return [
        {str(key): value if isinstance(value, str | int) else plain(value) for key, value in row.items()}
        for row in table
    ]
