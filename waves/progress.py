"""The line that shows a terminal how far something is. Not here: what it tells (each place that has such a line)."""

import os
import sys
from typing import Any

import tqdm as bars

SIZE = {
    "ncols": 79,
    "nrows": 23,
}  # of a terminal that does not know its own: bars take that for no room, and are silent


def tqdm(*args: Any, **options: Any) -> Any:
    """Return a bar as tqdm's own, on standard error; it is seen, too, where the terminal does not know its size.

    So it is in what `script` records, in some containers, and on a serial line.

    Parameters
    ----------
    *args, **options
        As for `tqdm.tqdm`.
    """
    return bars.tqdm(*args, **({} if _sized() else SIZE), **options)


def _sized() -> bool:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError, AttributeError):
        return True  # no terminal, so that there is nothing to mend
