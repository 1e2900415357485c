"""`wavecast replay`: recorded rollouts under other plans. Not here: how that is found (``history.replaying``)."""

from typing import Any

import click

from wavecast.inputs import read_fleet
from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import Refusal, Whole, check_picture, fault, progress, save_picture, say, say_json, warn
from wavecast.verbs.fit import incidents_option
from wavecast.verbs.options import json_option, out_option, scenario_option, seed_option, workflow_options
from wavecast.verbs.rollouts import join_options, read_plans, read_rollouts
from waves import InputError

HELP = """Say what recorded rollouts would have cost under other plans.

What history fixes is kept; what it only constrains is drawn in worlds that give what was recorded; the rest is the
scenario's. Each answer says how much of it is which, how sure it is, and what the history cannot tell. --plan says
under which plan rollouts really went.

\b
Examples:
  wavecast replay --store h.sqlite --scenario storefront --plan six-region-three-wave all-at-once
  wavecast replay --store h.sqlite --scenario s.yaml --plan shop=release.yaml new.yaml

\b
Exit codes:
  0  rollouts were replayed
  1  there are none to replay, or the scenario makes all of them impossible
  2  input that cannot be read
"""


@click.command(help=HELP)
@click.argument("others", metavar="PLAN...", nargs=-1, required=True)
@join_options
@scenario_option
@incidents_option
@click.option("--worlds", type=Whole(2, 1000), default=20, show_default=True, metavar="M",
              help="Worlds of each rollout.")  # fmt: skip
@seed_option
@workflow_options
@json_option
@out_option
def replay(
    others: tuple[str, ...],
    store: str,
    fleet: str | None,
    plans: tuple[str, ...],
    places: tuple[str, ...],
    renamed: tuple[str, ...],
    scenario: str,
    incidents: str | None,
    worlds: int,
    seed: int,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    import history

    check_picture(out)
    # Groupings bake as the plan that was really used, where one is named.
    lead = [plans[0].rpartition("=")[2]] if plans and plans[0].rpartition("=")[2] not in others else []
    named, world = read_inputs([*lead, *others], scenario, **reading)
    named = dict(list(named.items())[len(lead) :])
    warn(remarks(named.values(), world))
    if fleet is not None and read_fleet(fleet).names != world.fleet.names:
        raise Refusal(f"--fleet {fleet}: its regions are not those of scenario {world.name}; give the scenario's fleet")
    rollouts = read_rollouts(store, fleet, plans, places, renamed, known=world.fleet)
    used: dict[str, Any] = read_plans(plans)
    if not len(rollouts):
        fault(f"{store}: there are no rollouts in it")
        return 1
    try:
        found = history.replay(rollouts, named, world, used=used, incidents=incidents, worlds=worlds, seed=seed,
                               progress=progress())  # fmt: skip
    except InputError:  # which is a ValueError, and words itself
        raise
    except ValueError as error:
        fault(f"replay: {error}")
        return 1
    if found.replayed:
        save_picture(found, out)
    if as_json:
        say_json(found.as_dict())
    else:
        say(str(found))
    return 0 if found.replayed else 1
