"""`wavecast fit`: a scenario from a history. Not here: how it is found (``history.fit``), the page (``reporting``)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import read_fleet, read_scenario
from wavecast.terminal import Refusal, fault, say, say_json
from wavecast.verbs.options import Decorator, json_option, seed_option
from wavecast.verbs.rollouts import join_options, read_plans, read_rollouts
from waves import InputError
from waves.files.documents import write_yaml

if TYPE_CHECKING:
    from history import Fitted

HELP = """Learn a scenario from a history: durations, waits, failures, bad changes, false alarms.

The base gives fleet, traffic and everything that history cannot tell, which is named with the reason. Every value that
was learnt says in the file how many observations it is made from, of when, and within which interval it lies; all
verbs read it, and `wavecast sensitivity` turns each assumption just so far. --plan says under which plan rollouts
really went: without it nobody can tell handovers from bakes.

\b
Examples:
  wavecast fit --store history.sqlite --scenario base.yaml --plan shop=release.yaml \\
    --out fitted.yaml
  wavecast fit --store data/history --scenario storefront --plan six-region-three-wave \\
    --out fitted.yaml --page fit.html
  wavecast fit --store history.sqlite --scenario base.yaml --as-of 2026-05-01T00:00:00Z --json

\b
Exit codes:
  0  something was learnt
  1  there are no rollouts, or nothing can be learnt of them
  2  input that cannot be read, a file that cannot be written
"""
OUT = "Write the scenario into a file: .yaml."
as_of_option: Decorator = click.option(
    "--as-of", "as_of", metavar="INSTANT", help="Read nothing that happened later: ISO 8601 with a zone."
)

incidents_option: Decorator = click.option(
    "--incidents", type=click.Choice(["complete", "partial"]),
    help="Whether every bad change has an incident; if left out, yes where there is any.",
)  # fmt: skip


@click.command(help=HELP)
@join_options
@click.option("--scenario", "base", required=True, metavar="S", help="The base: a file, or a sample's name.")
@as_of_option
@incidents_option
@seed_option
@click.option("--out", metavar="FILE", help=OUT)
@click.option("--page", metavar="FILE", help="Write a page of pictures, which needs nothing else: .html.")
@json_option
def fit(
    store: str,
    fleet: str | None,
    plans: tuple[str, ...],
    places: tuple[str, ...],
    renamed: tuple[str, ...],
    base: str,
    as_of: str | None,
    incidents: str | None,
    seed: int,
    out: str | None,
    page: str | None,
    as_json: bool,
) -> int:
    """See HELP."""
    import history

    _check(out, "--out", (".yaml", ".yml"))
    _check(page, "--page", (".html", ".htm"))
    world = read_scenario(base)
    for option, path in (("--out", out), ("--page", page)):
        for other, read in (("--scenario", base), ("--store", store)):
            if path is not None and Path(read).exists() and Path(path).exists() and Path(path).samefile(read):
                raise Refusal(f"{option} {path}: this is what {other} names, and would be lost; name another file")
    if fleet is not None and read_fleet(fleet).names != world.fleet.names:
        raise Refusal(f"--fleet {fleet}: its regions are not those of scenario {world.name}; give the scenario's fleet")
    rollouts = read_rollouts(store, fleet, plans, places, renamed, known=world.fleet)
    used: dict[str, Any] = read_plans(plans)
    try:
        found = history.fit(rollouts, world, used=used, seed=seed, as_of=as_of, incidents=incidents)
    except InputError:  # which is a ValueError, and words itself
        raise
    except ValueError as error:
        if str(error).startswith("as_of"):
            raise Refusal(f"--as-of {as_of}: give an instant with a zone, such as 2026-05-01T00:00:00Z") from None
        fault(f"fit: {error}")
        return 1
    if as_json:
        say_json(found.as_dict())
    else:
        say(str(found))
    if found.learnt:
        _write(found, out, page)
    return 0 if found.learnt else 1


def _check(path: str | None, option: str, endings: tuple[str, ...]) -> None:
    """Refuse a file's path before the work is done."""
    if path is None:
        return
    if not path.lower().endswith(endings):
        raise Refusal(f"{option} {path}: it ends in {' or '.join(endings)}")
    if not Path(path).parent.is_dir():
        raise Refusal(f"{option} {path}: there is no folder {str(Path(path).parent)!r}; make it first")
    if Path(path).is_dir():
        raise Refusal(f"{option} {path}: this is a folder; name a file")


def _write(found: "Fitted", out: str | None, page: str | None) -> None:
    if out is not None:
        write_yaml(found.scenario.as_dict(), out)
        click.echo(f"wrote {out}", err=True)
    if page is not None:
        from wavecast.reporting.fit import fit_page

        Path(page).write_text(fit_page(found), encoding="utf-8")
        click.echo(f"wrote {page}", err=True)
