"""`wavecast incident`: one incident typed by hand, under other plans. Not here: how (``history.incident``)."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.terminal import Number, Refusal, Whole, check_page, say, say_json, warn
from wavecast.verbs.options import Decorator, json_option, scenario_option, seed_option, workflow_options
from waves import InputError

if TYPE_CHECKING:
    from history import Incident

HELP = """Retell one incident, typed by hand, under other plans.

What is typed is kept: when the first deployment began, when the alarm halted it, which regions had traffic on the new
version by then, and in how many minutes all was back. When its regions were deployed to, and what was wrong with the
change, is drawn from the scenario, in worlds that give what was typed. Nothing is fetched from anywhere.

Minutes count from the push. Instants are ISO 8601 with a zone; without --pushed they count from --started.

\b
Examples:
  wavecast incident --plan six-region-three-wave --scenario storefront --started 9 --alarm 31 \\
    --regions eu-north-1 --rollback 12 --against all-at-once one-at-a-time --out incident.html
  wavecast incident --plan p.yaml --scenario s.yaml --started 2026-05-04T10:02:00Z \\
    --alarm 2026-05-04T10:25:00Z --regions eu-north-1 --against all-at-once

\b
Exit codes:
  0  the incident was retold
  1  the scenario makes it impossible: the reason, and what can still be said
  2  input that cannot be read
"""


def _option(name: str, shown: str, text: str, *, required: bool = False) -> Decorator:
    return click.option(name, metavar=shown, help=text, required=required)


@click.command(help=HELP)
@click.option("--plan", required=True, metavar="PLAN", help="Under which it really went.")
@scenario_option
@_option("--started", "WHEN", "When the first deployment began: minutes since the push, or an instant.", required=True)
@_option("--alarm", "WHEN", "When the alarm halted it: minutes since the push, or an instant.", required=True)
@_option("--regions", "A,B", "Those with traffic on the new version at the alarm, all others without.", required=True)
@click.option("--rollback", type=Number(0, min_open=True), metavar="MIN",
              help="Minutes from the alarm until the last region was back.")  # fmt: skip
@_option("--pushed", "WHEN", "The instant of the push.")
@_option("--alarm-region", "REGION", "Whose alarm it was; anybody's, customers included, if left out.")
@_option("--harm", "WHEN", "When requests began to fail: minutes since the push, or an instant.")
@_option("--hurt", "A,B", "In which of --regions they did, and in which not.")
@click.option("--against", "against", multiple=True, required=True, metavar="PLAN...",
              help="Other plans, one or more.")  # fmt: skip
@click.argument("others", metavar="", nargs=-1)
@click.option("--worlds", type=Whole(2, 100_000), default=400, show_default=True, metavar="M",
              help="Worlds that give what was typed.")  # fmt: skip
@seed_option
@workflow_options
@json_option
@click.option("--out", metavar="FILE", help="Write the page, which needs nothing else, into a file: .html.")
def incident(
    plan: str,
    scenario: str,
    started: str,
    alarm: str,
    regions: str,
    rollback: float | None,
    pushed: str | None,
    alarm_region: str | None,
    harm: str | None,
    hurt: str | None,
    against: tuple[str, ...],
    others: tuple[str, ...],
    worlds: int,
    seed: int,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    import history

    check_page(out)
    named, world = read_inputs([plan, *against, *others], scenario, **reading)
    warn(remarks(named.values(), world))
    (_, used), *rest = named.items()
    try:
        found = history.incident(
            used, world, dict(rest), started=started, alarm=alarm, regions=_listed(regions), rollback=rollback,
            pushed=pushed, alarm_region=alarm_region, harm=harm, hurt=None if hurt is None else _listed(hurt),
            worlds=worlds, seed=seed,
        )  # fmt: skip
    except InputError:  # which is a ValueError, and words itself
        raise
    except ValueError as error:
        raise Refusal("\n".join(f"--{_dashed(line)}" for line in str(error).splitlines())) from None
    if out is not None:
        _save(found, out)
    if as_json:
        say_json(found.as_dict())
    else:
        say(str(found))
    return 1 if found.impossible else 0


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _dashed(line: str) -> str:
    """Write a fault in the words of the options: `alarm_region: …` as `alarm-region: …`."""
    return line.replace("alarm_region", "alarm-region", 1)


def _save(found: "Incident", path: str) -> None:
    from wavecast.reporting.incident import incident_page

    Path(path).write_text(incident_page(found), encoding="utf-8")
    click.echo(f"wrote {path}", err=True)
