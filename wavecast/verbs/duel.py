"""`wavecast duel`: the same bad change through two plans. Not here: many changes (``compare``)."""

from textwrap import fill
from typing import Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import WIDTH, Refusal, check_picture, fault, save_picture, say, say_json, table, warn
from wavecast.verbs.options import (
    json_option,
    out_option,
    sampling_option,
    scenario_option,
    seed_option,
    workflow_options,
)
from wavecast.verbs.run import short
from wavecast.verbs.trace import as_dict, trial_type

ROWS = {
    "outcome": "outcome",
    "fleet-minutes lost": "impact_minutes",
    "share of traffic exposed": "share_exposed",
    "regions exposed": "regions_exposed",
    "most traffic hurt at once": "peak_share",
    "pipeline stopped, minute": "end_minutes",
    "first true alarm, minute": "detected_minutes",
    "last recovery, minute": "recovered_minutes",
}
HELP = """Run the same bad change through two plans, on one clock.

Without --trial it is a typical one: of the changes that hurt under either plan, the one whose difference between the
plans is nearest the mean of all, whichever is named first. A single change is an example, not a prediction.

\b
Examples:
  wavecast duel all-at-once six-region-three-wave --scenario storefront
  wavecast duel plan.yaml workflow.yaml --scenario scenario.yaml --trial 42 --out duel.svg

\b
Exit codes:
  0  fine
  2  input that cannot be read; no bad change found among the trials
"""


@click.command(help=HELP)
@click.argument("first", metavar="PLAN")
@click.argument("second", metavar="PLAN")
@scenario_option
@seed_option
@click.option("--trial", type=trial_type, metavar="N", help="Which change; a typical bad one if left out.")
@sampling_option
@workflow_options
@json_option
@out_option
def duel(
    first: str,
    second: str,
    scenario: str,
    seed: int,
    trial: int | None,
    sampling: Any,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    check_picture(out)
    named, world = read_inputs([first, second], scenario, **reading)
    warn(remarks(named.values(), world))
    one, two = named.values()
    import simulation

    try:
        found = simulation.duel(one, two, world, seed=seed, trial=trial, sampling=sampling)
    except ValueError as error:  # no bad change among those searched
        raise Refusal(f"duel: {error}") from None
    for text in dict.fromkeys(each.warning for each in (found.first, found.second) if each.warning):
        fault(f"warning: {text}".replace("\u00a0", " "))
    save_picture(found, out)
    both = [as_dict(found.first), as_dict(found.second)]
    if as_json:
        say_json({"sentence": found.sentence, "first": both[0], "second": both[1]})
        return 0
    say(f"{found.sentence}.\n(scenario {world.name}, seed {seed}, trial {found.first.trial} ({sampling}))\n")
    if found.choice:
        say(f"{fill(found.choice.sentence, WIDTH)}.\n")
    rows = [(words, *(_cell(side["outcome"][column]) for side in both)) for words, column in ROWS.items()]
    say(table(("", *named), rows))
    return 0


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value.replace("_", " ")
    return short(float(value)) if isinstance(value, int | float) else "-"
