"""`wavecast scenario`: a scenario from three numbers that people have. Not here: how it is solved (``simulation``)."""

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import Number, Refusal, say, say_json, warn
from wavecast.verbs.options import json_option, seed_option, workflow_options
from waves.files.documents import write_yaml, yaml_text

HELP = """Make a scenario from how often a change fails, how soon that is noticed, and how soon it is over.

With --from-dora the base's probabilities of defects, its times to detect and its times to restore are scaled until the
plan that was in use shows the three numbers; the base gives the rest. Both times are medians in minutes from the first
harm, over the changes that hurt, were noticed and restored. What cannot be reached is refused.

\b
Examples:
  wavecast scenario storefront --from-dora --change-failure-rate 0.08 \\
      --time-to-detect 12 --time-to-restore 45 \\
      --plan six-region-three-wave > scenario.yaml
  wavecast scenario base.yaml --from-dora --change-failure-rate 0.15 \\
      --time-to-detect 30 --time-to-restore 240 \\
      --plan release.yaml --out scenario.yaml

\b
Exit codes:
  0  fine
  2  input that cannot be read, numbers that no scenario on this base shows
"""


@click.command(help=HELP)
@click.argument("base", metavar="BASE")
@click.option("--from-dora", is_flag=True, help="From a change failure rate, a time to detect and a time to restore.")
@click.option(
    "--change-failure-rate",
    "rate",
    type=Number(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="The share of the changes that hurt production.",
)
@click.option(
    "--time-to-detect", "detect", type=Number(0, 1e9, min_open=True), metavar="MIN", help="The median, minutes."
)
@click.option("--time-to-restore", "restore", type=Number(0, 1e9, min_open=True), metavar="MIN", help="The median.")
@click.option(
    "--plan", "plan", metavar="P", help="The plan that was in use: a file, a pipeline, a grouping or a sample."
)
@seed_option
@workflow_options
@click.option("--out", metavar="FILE", help="Write the scenario into a file; else to standard output.")
@json_option
def scenario(
    base: str,
    from_dora: bool,
    rate: float | None,
    detect: float | None,
    restore: float | None,
    plan: str | None,
    seed: int,
    reading: Reading,
    out: str | None,
    as_json: bool,
) -> int:
    """See HELP."""
    if not from_dora:
        raise Refusal("scenario: say what to make it from: --from-dora with three numbers and the --plan in use")
    if rate is None or detect is None or restore is None or plan is None:
        given = {"change-failure-rate": rate, "time-to-detect": detect, "time-to-restore": restore, "plan": plan}
        missing = [f"--{name}" for name, value in given.items() if value is None]
        raise Refusal(f"scenario: --from-dora needs {', '.join(missing)}, too")
    named, world = read_inputs([plan], base, **reading)
    warn(remarks(named.values(), world))
    import simulation

    (observed,) = named.values()
    try:
        found = simulation.from_dora(
            world, change_failure_rate=rate, time_to_detect=detect, time_to_restore=restore, observed_under=observed,
            seed=seed,
        )  # fmt: skip
    except ValueError as error:
        raise Refusal(str(error)) from None
    if as_json:
        say_json(found.as_dict())
    elif out is None:
        say(yaml_text(found.as_dict()).rstrip("\n"))
    if out is not None:
        write_yaml(found.as_dict(), out)
        click.echo(f"wrote {out}", err=True)
    return 0
