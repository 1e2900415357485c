"""`wavecast trace`: one rollout, event by event. Not here: the same change through two plans (``duel``)."""

from typing import TYPE_CHECKING, Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import Whole, check_picture, fault, save_picture, say, say_json, table, warn
from wavecast.verbs.options import (
    json_option,
    out_option,
    sampling_option,
    scenario_option,
    seed_option,
    workflow_options,
)

if TYPE_CHECKING:
    from simulation import Trace

MOST_TRIALS = 2**32 - 1
HELP = """Show one rollout: every event, in order.

Any trial of `run`, `compare` or a report can be seen again by its seed and number.

\b
Examples:
  wavecast trace six-region-three-wave --scenario storefront --seed 7 --trial 42
  wavecast trace plan.yaml --scenario scenario.yaml --trial 42 --out timeline.svg

\b
Exit codes:
  0  fine
  2  input that cannot be read, a region that the fleet does not have
"""

trial_type = Whole(0, MOST_TRIALS)


@click.command(help=HELP)
@click.argument("plan")
@scenario_option
@seed_option
@click.option("--trial", type=trial_type, default=0, show_default=True, metavar="N", help="The trial's number.")
@sampling_option
@workflow_options
@json_option
@out_option
def trace(
    plan: str, scenario: str, seed: int, trial: int, sampling: Any, reading: Reading, as_json: bool, out: str | None
) -> int:
    """See HELP."""
    check_picture(out)
    named, world = read_inputs([plan], scenario, **reading)
    warn(remarks(named.values(), world))
    import simulation

    found = simulation.trace(next(iter(named.values())), world, seed=seed, trial=trial, sampling=sampling)
    if found.warning:
        fault(f"warning: {found.warning}".replace("\u00a0", " "))
    save_picture(found, out)
    if as_json:
        say_json(as_dict(found) | {"events": _events(found)})
        return 0
    how = f"scenario {world.name}, seed {seed}, trial {trial} ({sampling})"
    pushed = f", {found.pushed}" if found.pushed else ""
    say(f"{found.sentence}\n({how}; minutes since the push{pushed})\n")
    rows = [
        (f"{event['minute']:.1f}", event["event"], event["region"], str(event["wave"] or ""), event["remark"])
        for event in _events(found)
    ]
    say(table(("minute", "event", "region", "wave", "remark"), rows, left=(1, 2, 4)))
    return 0


def _events(found: "Trace") -> list[dict[str, Any]]:
    frame = found.events
    waves = [None if missing else int(wave) for wave, missing in zip(frame["wave"], frame["wave"].isna(), strict=True)]
    rows: list[dict[str, Any]] = frame[["minute", "event", "region", "wave", "remark"]].to_dict(orient="records")  # type: ignore[assignment]
    return [row | {"wave": wave} for row, wave in zip(rows, waves, strict=True)]


def as_dict(found: "Trace") -> dict[str, Any]:
    """Return one rollout as plain values: what was run, and its outcome's columns."""
    from simulation.analysis.verdict import plain

    columns = {
        key: value if isinstance(value, str | bool | int) else plain(value)
        for key, value in found.row._asdict().items()
    }
    return {
        "plan": {"name": found.plan.name, "digest": found.plan.digest},
        "scenario": {"name": found.scenario.name, "digest": found.scenario.digest},
        "seed": found.seed,
        "trial": found.trial,
        "outcome": columns,
        "warnings": [found.warning.replace("\u00a0", " ")] if found.warning else [],
    }
