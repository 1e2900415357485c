"""`wavecast import`: take tables of deployments and incidents into the store. Not here: their schema (``history``)."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click

from wavecast.terminal import fault, progress

HELP = """Take CSV or Parquet files with deployments or incidents into a store.

Neither ECS nor an alarm can say that a "successful" change was bad: incidents do. A file is taken whole or not at
all; importing it again changes nothing. The columns are described in docs/history.md.

\b
Exit codes:
  0  taken, warnings included
  2  a file cannot be read, with its faults; or the store cannot be written
"""
LINE_EVERY_SECONDS = 10.0


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
        warnings: list[waves.Finding] = []
        try:
            with _reading(path) as reading:
                new, changed = history.import_table(store, path, kind, progress=reading, warn=warnings.append)
        except waves.InputError as error:
            for finding in error.findings:
                fault(str(finding))
            code = 2
        except history.StoreError as error:
            fault(str(error))
            return 2
        else:
            for finding in warnings:
                fault(str(finding))
            click.echo(f"{path}: {new} new, {changed} changed")
    return code


@contextmanager
def _reading(path: Path) -> "Iterator[Reading]":
    """Show a bar on a terminal, and plain lines elsewhere."""
    reading = Reading(path, bar=progress())
    try:
        yield reading
    finally:
        reading.close()


class Reading:
    """Tells standard error how far a long import is; a short one passes without a word.

    Parameters
    ----------
    path : Path
        The file.
    bar : bool
        A bar; else a plain line every `LINE_EVERY_SECONDS`.
    """

    def __init__(self, path: Path, *, bar: bool) -> None:
        self._path, self._wanted = path, bar
        self._told_at = time.monotonic()
        self._told = False
        self._bar: Any = None  # tqdm ships no types

    def __call__(self, rows: int, share: float) -> None:
        """Take note of how many rows have been read, and which share of the file that is."""
        read = f"{rows:,} rows read" if share < 1 else f"{rows:,} rows go into the store"
        if self._wanted:
            self._move(read, share)
        elif time.monotonic() - self._told_at >= LINE_EVERY_SECONDS or (self._told and share == 1):
            click.echo(f"{self._path}: {read} ({share:.0%} of the file)", err=True)
            self._told_at, self._told = time.monotonic(), True

    def _move(self, read: str, share: float) -> None:
        if self._bar is None:
            from waves.progress import tqdm

            form = "{desc} {percentage:3.0f}%|{bar}| {postfix} {elapsed}"
            self._bar = tqdm(total=1.0, desc=self._path.name, bar_format=form, file=sys.stderr, leave=False)
        self._bar.set_postfix_str(read, refresh=False)
        self._bar.update(share - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
