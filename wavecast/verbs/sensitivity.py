"""`wavecast sensitivity`: which assumption would turn the answer. Not here: how it is worked out (``simulation``)."""

import math
from typing import TYPE_CHECKING, Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import Number, Refusal, Whole, check_picture, save_picture, say, say_json, table, warn
from wavecast.verbs.options import (
    confidence_option,
    json_option,
    out_option,
    scenario_option,
    seed_option,
    workflow_options,
)
from wavecast.verbs.run import short
from waves.showing import counted

if TYPE_CHECKING:
    import pandas as pd

    from simulation import Parts, Sensitivity

ROWS = 8  # assumptions a plan in the terminal; --json has all

HELP = """Turn each assumption by itself: which would change the answer, where, and what a wrong choice costs.

Every assumption goes to the ends of its interval, where the scenario's sources give one, else to half and double, in
the same worlds. For each plan against the first: the price of a fleet-minute, in minutes of waiting, at which both cost
the same, and how that moves; where an assumption makes both as good as each other; and how much of the difference
between the first two is grouping, order and bake.

\b
Examples:
  wavecast sensitivity six-region-three-wave all-at-once two-halves --scenario storefront
  wavecast sensitivity plan.yaml all-at-once --scenario s.yaml --price 600 --out tornado.svg

\b
Exit codes:
  0  fine
  2  input that cannot be read, a region that the fleet does not have, fewer than two plans
"""


@click.command(help=HELP)
@click.argument("plans", metavar="PLAN PLAN...", nargs=-1, required=True)
@scenario_option
@click.option(
    "--price",
    type=Number(0, 1e9, min_open=True),
    metavar="MIN",
    help="Minutes of waiting that a fleet-minute is worth: compares costs, too.",
)
@click.option(
    "--trials",
    type=Whole(1, 1_000_000),
    default=8192,
    show_default=True,
    metavar="N",
    help="Rollouts of each plan at each turn.",
)
@seed_option
@confidence_option
@workflow_options
@json_option
@out_option
def sensitivity(
    plans: tuple[str, ...],
    scenario: str,
    price: float | None,
    trials: int,
    seed: int,
    confidence: float,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    if len(plans) < 2:
        raise Refusal("sensitivity: there is one plan; name at least two, the first is the baseline")
    check_picture(out)
    named, world = read_inputs(plans, scenario, **reading)
    warn(remarks(named.values(), world))
    import simulation

    found = simulation.sensitivity(
        named, world, price=price, trials=trials, seed=seed, confidence=confidence, workers=-1
    )
    save_picture(found, out)
    apart = _apart(found, trials, seed, confidence)
    if as_json:
        say_json(_as_dict(found, apart))
        return 0
    turned = (
        f"{counted(len(found.levers), 'assumption')} turned, {counted(trials, 'rollout')} of each plan at each turn"
    )
    say(f"{turned}, scenario {world.name}, seed {seed}\n")
    for name in list(named)[1:]:
        say(_told(found, name) + "\n")
    say(_flips(found))
    say("\n" + _regrets(found))
    say(f"\n{apart.sentence}." if apart else "")
    return 0


def _apart(found: "Sensitivity", trials: int, seed: int, confidence: float) -> "Parts | None":
    """Take the difference between the first two plans apart, where they have the same regions."""
    import simulation

    first, second = list(found.plans.items())[:2]
    if set(first[1].regions) != set(second[1].regions):
        return None
    one, other = (plan.replace(name=name) for name, plan in (first, second))
    return simulation.waves_or_minutes(
        one, other, found.scenario, trials=max(trials, 8192), seed=seed, confidence=confidence
    )


def _told(found: "Sensitivity", name: str) -> str:
    from simulation.results.numerals import minutes_of

    price = float(found.worth["price"][name])
    figure = "worth" if math.isfinite(price) else "impact_minutes_mean"
    if figure == "worth":
        less = "less" if float(found.worth["impact_minutes_mean"][name]) > 0 else "more"
        span = " to ".join(minutes_of(float(found.worth[end][name])) for end in ("low", "high"))
        head = f"is worth it while a fleet-minute costs {less} than {minutes_of(price)} of waiting ({span})"
    else:
        head = f"{_priceless(found, name)}; what each assumption does to the impact"
    rows = [
        (str(row.Index), *(short(value) for value in (row.at_low, row.at_high)), str(row.unit))
        for row in found.moved(name, figure).head(ROWS).itertuples()
    ]
    what = "price at which both cost the same" if figure == "worth" else "difference"
    body = table(("assumption", f"{what}, low", "high", "unit"), rows, left=(0, 3))
    return f"{name} against {found.baseline} {head}\n\n{body}"


def _priceless(found: "Sensitivity", name: str) -> str:
    """Say why there is no price of a fleet-minute at which a plan costs what the first does."""
    apart = [float(found.worth[figure][name]) for figure in ("impact_minutes_mean", "minutes_to_ship")]
    if not all(map(math.isfinite, apart)):
        return "has no price that is known, as one of the two never ships, or hardly ever"
    if not any(apart):
        return "comes to the same"
    return (
        "has no such price, as one of the two is better in both" if all(apart) else "differs in harm or in time alone"
    )


def _flips(found: "Sensitivity") -> str:
    if not found.breaks:
        none = "No assumption within ten times up or down makes another plan as good as the first."
        return "\n".join([none, *(f"{each}." for each in found.silent)])
    lines = [f"{each.sentence(found.baseline)}{'' if each.within else ' (beyond its range)'}" for each in found.breaks]
    return "\n".join([*lines, *(f"{each}." for each in found.silent)])


def _regrets(found: "Sensitivity") -> str:
    """Lay out what a choice costs over the best one: as the scenario is, and at the worst turn."""
    from simulation.analysis.turning import CALLED

    rows = [
        (
            name, CALLED[figure], short(row.regret), short(row.low), short(row.high), short(row.worst),
            str(row.worst_assumption), str(row.unit),
        )
        for (name, figure), row in zip(found.regret.index, found.regret.itertuples(), strict=True)
    ]  # fmt: skip
    head = ("what a choice costs", "", "over the best", "low", "high", "at worst", "where", "unit")
    return table(head, rows, left=(0, 1, 6, 7))


def _as_dict(found: "Sensitivity", apart: "Parts | None") -> dict[str, Any]:
    return {
        "scenario": {"name": found.scenario.name, "digest": found.scenario.digest},
        "baseline": found.baseline,
        "trials": found.trials,
        "seed": found.seed,
        "confidence": found.confidence,
        "price": found.price,
        "assumptions": _records(found.assumptions.reset_index()),
        "worth": _records(found.worth.reset_index()),
        "tornado": _records(found.tornado.reset_index()),
        "break_even": _records(found.break_even),
        "regret": _records(found.regret.reset_index()),
        "idle": list(found.idle),
        "untold": list(found.untold),
        "parts": _records(apart.table.reset_index()) if apart else None,
    }


def _records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    from simulation.analysis.verdict import plain

    return [
        {str(key): plain(value) if isinstance(value, float) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]
