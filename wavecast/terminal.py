"""What every verb says to a terminal: tables, JSON, faults, where a picture may go.

Not here: which numbers are said (each verb's own file).
"""

import json
import math
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from waves.files.documents import Finding, one_line

WIDTH = 80
PICTURES = (".svg", ".png")
UNITS = {"MIN": " of minutes", "MIN,MIN…": " of minutes", "DAYS": " of days"}  # by the options' metavars


class Number(click.FloatRange):
    """A finite number within a range: NaN would pass for one, as it is neither below nor above."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or fail with what is wrong and what to give."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and _within(number, self)):
            near = f", perhaps {number / 100:g}" if self.max == 1 and 1 < number < 100 else ""
            unit = UNITS.get(str(param.metavar), "") if param is not None else ""
            self.fail(f"{_given(value)}; give a number{unit} {_range(self)}{near}", param, ctx)
        return number


class Whole(click.IntRange):
    """A whole number within a range."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or fail with what is wrong and what to give."""
        try:
            number = int(value)
        except ValueError:
            number = None
        if number is None or not _within(number, self):
            self.fail(f"{_given(value)}; give a whole number {_range(self)}", param, ctx)
        return number


def _given(value: Any) -> str:
    return str(value) if str(value).strip() else "an empty value"


def _within(number: float, bounds: click.FloatRange | click.IntRange) -> bool:
    low, high = bounds.min, bounds.max
    above = low is None or (number > low if bounds.min_open else number >= low)
    return above and (high is None or (number < high if bounds.max_open else number <= high))


def _range(bounds: click.FloatRange | click.IntRange) -> str:
    low, high = (_plain(end) for end in (bounds.min, bounds.max))
    if bounds.min_open and bounds.max_open:
        return f"between {low} and {high}"
    least = f"{'above' if bounds.min_open else 'from'} {low}"
    return f"{least} {'to below' if bounds.max_open else 'to'} {high}" if high else least


def _plain(end: float | None) -> str:
    return "" if end is None else f"{end:,}" if isinstance(end, int) else f"{end:,.15g}"


LAST_SEED = 2**64 - 1
SEEDS = Whole(0, LAST_SEED)
TRIALS = Whole(1, 10_000_000)


class Refusal(click.ClickException):
    """Input that cannot be used: one line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Write it as one line for each fault."""
        for line in self.message.splitlines():
            fault(line)


def fault(line: str) -> None:
    """Write one fault to standard error; in a finding the file comes first, as editors expect it."""
    finding = ": error: " in line or ": warning: " in line
    click.echo(one_line(line if finding else f"wavecast: {line}"), err=True)


def warn(findings: Iterable[Finding]) -> None:
    """Write findings to standard error, one a line."""
    for finding in findings:
        fault(str(finding))


def say(text: str) -> None:
    """Write lines to standard output; what a name holds cannot steer the terminal."""
    lines = text.replace("\u00a0", " ").split("\n")
    click.echo("\n".join(one_line(line) for line in lines))


def say_json(value: Any) -> None:
    """Write a value as strict JSON to standard output: numbers that are not known must be None by now."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


def progress() -> bool:
    """Return whether a progress bar is wanted: only where a person watches."""
    return sys.stderr is not None and sys.stderr.isatty()


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: Collection[int] = (0,)) -> str:
    """Lay out a table for a terminal.

    Parameters
    ----------
    head
        The columns' titles; broken into several lines where that makes the column narrower.
    rows
        One text a column.
    left
        The columns that are flush left; the others, numbers, are flush right.
    """
    body = [[str(cell) for cell in row] for row in rows]
    widths = [max((len(row[c]) for row in body), default=0) for c in range(len(head))]
    titles = [_broken(title, width) for title, width in zip(head, widths, strict=True)]
    widths = [max(width, *map(len, title)) for width, title in zip(widths, titles, strict=True)]
    tall = max(len(title) for title in titles)
    lines = [[([""] * (tall - len(title)) + title)[n] for title in titles] for n in range(tall)]
    lines += [["-" * width for width in widths], *body]
    return "\n".join(_line(line, widths, left) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], left: Collection[int]) -> str:
    pairs = enumerate(zip(cells, widths, strict=True))
    return "  ".join(cell.ljust(width) if c in left else cell.rjust(width) for c, (cell, width) in pairs).rstrip()


def _broken(title: str, width: int) -> list[str]:
    """Break a title at spaces and hyphens, to about the width of its column."""
    lines = [""]
    for word in title.replace("-", "- ").split():
        join = "" if lines[-1].endswith("-") or not lines[-1] else " "
        if lines[-1] and len(lines[-1] + join + word) > max(width, 12):
            lines.append(word)
        else:
            lines[-1] += join + word
    return lines


def check_picture(path: str | None) -> None:
    """Refuse a picture's path before the work is done.

    Raises
    ------
    Refusal
        Where its ending is not .svg or .png, or its folder is not there.
    """
    if path is None:
        return
    if not path.lower().endswith(PICTURES):
        raise Refusal(f"--out {path}: a picture ends in .svg or .png")
    check_file(path, "--out")


def check_page(path: str | None, option: str = "--out") -> None:
    """Refuse a page's path before the work is done.

    Raises
    ------
    Refusal
        Where its ending is not .html, or its folder is not there.
    """
    if path is None:
        return
    if not path.lower().endswith((".html", ".htm")):
        raise Refusal(f"{option} {path}: a page ends in .html")
    check_file(path, option)


def check_file(path: str, option: str) -> None:
    """Refuse a path at which no file can be written, before the work is done.

    Raises
    ------
    Refusal
        Where it is empty or a folder, or its folder is not there.
    """
    if not path:
        raise Refusal(f"{option} has an empty value; name a file")
    if not Path(path).parent.is_dir():
        raise Refusal(f"{option} {path}: there is no folder {os.fspath(Path(path).parent)!r}; make it first")
    if Path(path).is_dir():
        raise Refusal(f"{option} {path}: this is a folder; name a file")


def save_picture(result: Any, path: str | None) -> None:
    """Draw what has a `plot` into a file, and say where."""
    if path is not None:
        scale = {"dpi": 200} if path.lower().endswith(".png") else {}
        result.plot().savefig(path, format=Path(path).suffix[1:].lower(), **scale)
        click.echo(f"wrote {path}", err=True)
