"""`wavecast export`: a snapshot of the store for notebooks and spreadsheets. Not here: how it is made (``history``)."""

import json
from pathlib import Path
from typing import Literal

import click

HELP = """Write all tables of a store as one snapshot that replaces the one before it at once.

A fetch may go on meanwhile, and so may readers. CSV is for spreadsheets: what they would take for a formula gets an
apostrophe in front.

\b
Exit codes:
  0  written
  2  the store cannot be read, or the target cannot be written; the snapshot before still counts
"""


@click.command(help=HELP)
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store (a file that fetch made).")
@click.option("--to", "target", required=True, help="A folder, or s3://bucket/folder.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Write what was written as JSON.")
def export(store: Path, target: str, form: Literal["parquet", "csv"], as_json: bool) -> int:
    """See HELP."""
    import history

    try:
        written = history.export(store, target, format=form)
    except (history.StoreError, history.ExportError) as error:
        click.echo(f"wavecast: {error}", err=True)
        return 2
    if as_json:
        content = {"target": written.target, "snapshot": written.snapshot, "rows": written.rows}
        click.echo(json.dumps(content, indent=2))
    else:
        for table, rows in written.rows.items():
            click.echo(f"{rows:>9,}  {table}")
        click.echo(f"snapshot {written.snapshot} in {written.target}")
    return 0
