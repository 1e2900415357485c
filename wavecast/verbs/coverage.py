"""`wavecast coverage`: from when to when each unit is known. Not here: how that is known (``history``)."""

import json
from pathlib import Path

import click

HELP = """Say from when to when each part of each unit is known, and what the last look at it came to.

Outside these times nothing is known: that there is no failure in the store does not mean there was none.

\b
Exit codes:
  0  there is something known
  1  nothing is known at all
  2  the store cannot be read
"""


@click.command(help=HELP)
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store (a file that fetch made).")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def coverage(store: Path, as_json: bool) -> int:
    """See HELP."""
    import history

    try:
        frame = history.coverage(store)
    except history.StoreError as error:
        click.echo(f"wavecast: {error}", err=True)
        return 2
    if as_json:
        click.echo(json.dumps(json.loads(frame.to_json(orient="records", date_format="iso", date_unit="us")), indent=2))
    else:
        click.echo(history.coverage_table(frame))
    if frame["until_at"].notna().any():
        return 0
    click.echo(
        "wavecast: nothing was fetched into this store yet; of imported tables nobody knows from when on", err=True
    )
    return 1
