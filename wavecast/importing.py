"""`wavecast import`: take tables of deployments and incidents into the store. Not here: their schema (``history``)."""

from pathlib import Path
from typing import Literal

import click

HELP = """Take CSV or Parquet files with deployments or incidents into a store.

Neither ECS nor an alarm can say that a "successful" change was bad: incidents do. A file is taken whole or not at
all; importing it again changes nothing. The columns are described in docs/history.md.

\b
Exit codes:
  0  taken
  2  a file cannot be read, with every fault in it; or the store cannot be written
"""


@click.command("import", help=HELP)
@click.argument("kind", type=click.Choice(["deployments", "incidents"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store; made where there is none.")
def importing(kind: Literal["deployments", "incidents"], files: tuple[Path, ...], store: Path) -> int:
    """See HELP."""
    import history
    import waves

    code = 0
    for path in files:
        try:
            new, changed = history.import_table(store, path, kind)
        except (waves.InputError, history.StoreError) as error:
            click.echo(str(error), err=True)
            code = 2
        else:
            click.echo(f"{path}: {new} new, {changed} changed")
    return code
