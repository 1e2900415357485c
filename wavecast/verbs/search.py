"""`wavecast search`: which plans are worth discussing. Not here: how they are found (``simulation.searching``)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import read_scenario
from wavecast.plans import Reading, read_inputs, remarks
from wavecast.rules import read_rules
from wavecast.terminal import Number, Refusal, check_picture, progress, save_picture, say, say_json, table, warn
from wavecast.verbs.options import (
    confidence_option,
    json_option,
    out_option,
    scenario_option,
    seed_option,
    workflow_options,
)

if TYPE_CHECKING:
    from simulation import PlanFront, Scenario
    from waves import Plan

HELP = """Find the plans that are worth discussing: for any other, one of them is about as good in each figure.

With up to seven regions, or more that are alike, every grouping in every order is looked at with each of the bakes, and
then other bakes wave by wave; with more, plans are varied from generation to generation. PLAN is the one of today:
approvals, strategies and calendar of all others are its own. Interrupted (Ctrl-C), the best so far is told.

\b
Examples:
  wavecast search six-region-three-wave --scenario storefront
  wavecast search plan.yaml --scenario s.yaml --rules rules.yaml --bakes 0,30,120 --plans found/

\b
Exit codes:
  0    fine
  1    no plan keeps the rules
  2    input that cannot be read, a region that the fleet does not have
  130  interrupted: what was found by then is told
"""


class Bakes(click.ParamType):
    """Minutes, separated by commas."""

    name = "minutes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Read each, or fail with the one that is none."""
        number = Number(0, max=1e9)
        return tuple(number.convert(each.strip(), param, ctx) for each in str(value).split(","))


@click.command(help=HELP)
@click.argument("plan", metavar="[PLAN]", required=False)
@scenario_option
@click.option("--rules", metavar="FILE", help="Rules that every plan must keep.")
@click.option(
    "--bakes",
    type=Bakes(),
    default="0,30,60,120",
    show_default=True,
    metavar="MIN,MIN…",
    help="The bakes to choose from.",
)
@click.option(
    "--resolution",
    type=Number(0, 1, max_open=True),
    default=0.05,
    show_default=True,
    metavar="PART",
    help="Differences of this part of a figure do not matter.",
)
@click.option("--plans", "folder", metavar="FOLDER", help="Write the plans that are found there, a file each.")
@seed_option
@confidence_option
@workflow_options
@json_option
@out_option
def search(
    plan: str | None,
    scenario: str,
    rules: str | None,
    bakes: Sequence[float],
    resolution: float,
    folder: str | None,
    seed: int,
    confidence: float,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    check_picture(out)
    if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
        raise Refusal(f"--plans {folder}: is a file; name a folder")
    today, world = _inputs(plan, scenario, reading)
    kept = read_rules(rules) if rules is not None else None
    import simulation

    try:
        found = simulation.search(
            world,
            today=today,
            rules=kept,
            bake_minutes=bakes,
            resolution=resolution,
            seed=seed,
            confidence=confidence,
            workers=-1,
            progress=progress(),
        )
    except simulation.NoPlan as error:
        click.echo(f"search: {error}", err=True)
        return 1
    save_picture(found, out)
    if folder is not None:
        _write(found, Path(folder))
    if as_json:
        say_json(_as_dict(found))
    else:
        _tell(found, seed)
    return 0 if found.finished else 130


def _inputs(plan: str | None, scenario: str, reading: Reading) -> "tuple[Plan | None, Scenario]":
    if plan is None:
        return None, read_scenario(scenario)
    named, world = read_inputs([plan], scenario, **reading)
    warn(remarks(named.values(), world))
    return next(iter(named.values())), world


def _tell(found: "PlanFront", seed: int) -> None:
    from simulation.results.figures import called
    from simulation.searching.found import bakes, in_words, written

    say("\n".join(found.sentences) + "\n")
    head = ("plan", *(called(figure) for figure in found.objectives), "waves", "bakes")
    rows = [
        (name, *(_cell(*written(*each)) for each in found.known[name].items()), in_words(plan), bakes(plan))
        for name, plan in found.plans.items()
    ]
    say(table(head, rows, left=(0, len(head) - 2, len(head) - 1)))
    saved = 1 - found.rollouts / found.whole  # below 0 where there are so few plans that hardly any is let go
    fewer = f", {saved:.0%} fewer than without a race" if saved > 0 else ""
    say(
        f"\n{found.looked_at:,} plans looked at in {found.rollouts:,} rollouts{fewer}; "
        f"what is told comes from {len(found.comparison.trials):,} more of each, of seed {seed + 1}."
    )


def _cell(value: str, interval: str) -> str:
    return f"{value.removesuffix(' fleet-minutes')} ({interval})"


def _write(found: "PlanFront", folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, plan in found.plans.items():
        path = folder / f"{name.replace(' ', '-')}.yaml"
        plan.write(path)
    click.echo(f"wrote {len(found.plans)} plans to {folder}", err=True)


def _as_dict(found: "PlanFront") -> dict[str, Any]:
    from simulation.analysis.verdict import plain

    return {
        "finished": found.finished,
        "every": found.every,
        "looked_at": found.looked_at,
        "rollouts": found.rollouts,
        "resolution": found.resolution,
        "sentences": found.sentences,
        "plans": {
            name: {
                "waves": [list(wave.regions) for wave in plan.waves],
                "bake_minutes": [wave.bake_minutes for wave in plan.waves],
                "figures": {
                    figure: {"estimate": plain(each.value), "low": plain(each.low), "high": plain(each.high)}
                    for figure, each in found.known[name].items()
                },
            }
            for name, plan in found.plans.items()
        },
    }
