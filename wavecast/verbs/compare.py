"""`wavecast compare`: plans against the first one, in the same worlds. Not here: one plan by itself (``run``)."""

from typing import TYPE_CHECKING, Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import Refusal, check_picture, progress, save_picture, say, say_json, table, warn
from wavecast.verbs.options import (
    confidence_option,
    json_option,
    out_option,
    sampling_option,
    scenario_option,
    seed_option,
    trials_option,
    workflow_options,
)
from wavecast.verbs.run import HEADLINES, as_dict, enough, short, warn_of_horizon
from waves.showing import counted

if TYPE_CHECKING:
    from simulation import Comparison

ABREAST = 4  # plans side by side in 80 columns

HELP = """Compare plans with the first one: the same changes through each, trial by trial.

A difference is the plan minus the first; paired, it is far sharper than two estimates side by side.

\b
Examples:
  wavecast compare six-region-three-wave all-at-once two-halves --scenario storefront
  wavecast compare workflow.yaml plan.yaml --scenario scenario.yaml --out compare.svg

\b
Exit codes:
  0  fine
  2  input that cannot be read, a region that the fleet does not have, fewer than two plans
"""


@click.command(help=HELP)
@click.argument("plans", metavar="PLAN PLAN...", nargs=-1, required=True)
@scenario_option
@trials_option
@seed_option
@confidence_option
@sampling_option
@workflow_options
@json_option
@out_option
def compare(
    plans: tuple[str, ...],
    scenario: str,
    trials: int,
    seed: int,
    confidence: float,
    sampling: Any,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    if len(plans) < 2:
        raise Refusal("compare: there is one plan; name at least two, the first is the baseline")
    check_picture(out)
    named, world = read_inputs(plans, scenario, **reading)
    warn(remarks(named.values(), world))
    import simulation

    found = simulation.compare(
        named, world, trials=trials, seed=seed, confidence=confidence, sampling=sampling, progress=progress()
    )
    warn_of_horizon(found.outcomes)
    save_picture(found, out)
    if as_json:
        say_json(as_dict(found.outcomes, confidence) | {"baseline": found.baseline, "differences": _differences(found)})
        return 0
    say(f"{counted(trials, 'rollout')} of each plan ({sampling}), scenario {world.name}, seed {seed}\n")
    names = list(named)
    for start in range(0, len(names), ABREAST):
        say(_side_by_side(found, names[start : start + ABREAST]) + "\n")
    say(f"Differences from {found.baseline}, in the same worlds ({confidence * 100:g} % intervals):\n")
    say(_paired(found))
    return 0


def _side_by_side(found: "Comparison", names: list[str]) -> str:
    estimates = [found.summaries[name]["estimate"] for name in names]
    rows = [(figure, *(short(float(column[figure])) for column in estimates)) for figure in HEADLINES]
    return table(("figure", *names), rows)


def _paired(found: "Comparison") -> str:
    lines = []
    for name in list(found.outcomes)[1:]:
        rows = [
            (str(row.Index), short(row.difference), short(row.low), short(row.high), str(row.unit))
            for row in found.differences.loc[name].itertuples()
        ]
        lines.append(table((name, "difference", "low", "high", "unit"), rows, left=(0, 4)))
    few = enough(found.differences)
    return "\n\n".join([*lines, *([f"({few})"] if few else [])])


def _differences(found: "Comparison") -> dict[str, dict[str, dict[str, object]]]:
    from simulation.analysis.verdict import plain

    return {
        name: {
            str(row.Index): {
                "difference": plain(row.difference),
                "low": plain(row.low),
                "high": plain(row.high),
                "unit": str(row.unit),
                "trials_it_takes": plain(row.trials_it_takes),
            }
            for row in found.differences.loc[name].itertuples()
        }
        for name in list(found.outcomes)[1:]
    }
