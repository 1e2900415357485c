"""Pictures in a notebook: `comparison.plot();` shows its picture as matplotlib's own plots do, semicolon or not.

A cell whose last line ends with a semicolon shows no value, so nothing would be seen. Not here: the picture itself
(``style``).
"""

import sys
from typing import Any

from simulation.plots.style import Picture

_waiting: list[Picture] = []


def offered(picture: Picture) -> Picture:
    """Hand a picture to the notebook's cell that asked for it; elsewhere, do nothing.

    It is shown when the cell has run, where the cell ends with a semicolon; else the cell's value shows it.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        _waiting.append(picture)
        if _show not in shell.events.callbacks["post_run_cell"]:
            shell.events.register("post_run_cell", _show)
    return picture


def _show(result: Any) -> None:
    from IPython.display import display

    pictures, silent = list(_waiting), str(result.info.raw_cell or "").rstrip().endswith(";")
    _waiting.clear()
    for picture in pictures if silent else ():
        display(picture)
