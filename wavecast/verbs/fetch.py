"""`wavecast fetch`: collect what really happened. Not here: how (``history``)."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from history import Config, Report, UnitReport

HELP = """Collect deployments, alarms, pipelines and workflow runs into the store of a config.

Each unit (one stream of one region of one account) is worked off by itself and has its own outcome; what cannot be
looked at now is left for the next run. Made for cron: run it often, AWS forgets.

\b
Exit codes:
  0    complete
  2    the config or the store cannot be read
  3    partial: some units could not be looked at in full, or the store failed on the way;
       or another fetch is under way
  4    credentials are missing or expired
  130  interrupted
"""


@click.command(help=HELP)
@click.option("--config", "path", required=True, type=click.Path(path_type=Path), help="The plan of collection (YAML).")
@click.option("--dry-run", is_flag=True, help="Show what would be called, and call nobody.")
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
def fetch(path: Path, dry_run: bool, as_json: bool) -> int:
    """See HELP."""
    import history

    config = history.Config.read(path)
    try:
        if dry_run:
            return _show(config, as_json)
        with _progress() as progress:
            report = history.fetch(config, progress=progress)
    except history.StoreError as error:
        click.echo(f"wavecast: {error}", err=True)
        return 3 if isinstance(error, history.StoreBusy | history.StoreFailed) else 2
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else str(report))
    for notice in report.notices:
        click.echo(f"wavecast: note: {notice}", err=True)
    _advise(report)
    return report.exit_code


def _show(config: "Config", as_json: bool) -> int:
    from history import columns, planned

    rows = planned(config)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return 0
    head = ["account", "region", "stream", "with", "since", "calls"]
    click.echo(columns([head, *([row[name] for name in head] for row in rows)]))
    asked = "sts:AssumeRole where there is a role, and sts:GetCallerIdentity"
    click.echo(f"{len(rows)} units. Before each account: {asked}. Nothing was called.")
    return 0


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Show a bar on a terminal, and plain lines elsewhere."""
    bar = Progress(bar=sys.stderr.isatty())
    try:
        yield bar
    finally:
        bar.close()


class Progress:
    """Tells standard error what has become of each unit.

    Parameters
    ----------
    bar : bool
        A bar; else one plain line a unit, as cron mails it.
    """

    def __init__(self, *, bar: bool) -> None:
        self._wanted = bar
        self._bar: Any = None  # tqdm ships no types

    def __call__(self, unit: "UnitReport", total: int) -> None:
        """Take note of a unit."""
        if not self._wanted:
            click.echo(str(unit), err=True)
            return
        if self._bar is None:
            from waves.progress import tqdm

            self._bar = tqdm(total=total, unit="unit", file=sys.stderr, leave=False, mininterval=0)
        self._bar.set_postfix_str(f"{unit.unit}: {unit.outcome}", refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def _advise(report: "Report") -> None:
    """Say what to do about credentials, where that is the fault."""
    from history import CODECATALYST_HELP

    expired = [unit for unit in report.units if unit.outcome == "expired"]
    if any(unit.unit.stream == "codecatalyst" for unit in expired):
        click.echo(f"wavecast: {CODECATALYST_HELP}", err=True)
    if any(unit.unit.stream != "codecatalyst" for unit in expired):
        text = "renew the credentials of the profile or role that the config names (aws sso login --profile NAME)"
        click.echo(f"wavecast: AWS: {text}, see that this machine's clock is right, and fetch again", err=True)
