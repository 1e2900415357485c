"""A line below a notebook's cell that changes in place: a terminal's line would stay there as a heap of errors.

Not here: what it says (``search``).
"""

import sys
import time
from typing import Any

OFTEN = 0.2  # seconds between two of its texts, at least


class Line:
    """A line below a cell, as long as what it tells of goes on."""

    def __init__(self) -> None:
        from IPython.display import display

        self._handle: Any = display({"text/plain": "", "text/html": ""}, raw=True, display_id=True)
        self._last = 0.0

    def say(self, words: str) -> None:
        """Show a text, unless one was shown just now."""
        if time.monotonic() - self._last >= OFTEN:
            self._last = time.monotonic()
            self._show(words)

    def clear(self) -> None:
        """Leave nothing to be seen."""
        self._show("")

    def _show(self, words: str) -> None:
        self._handle.update({"text/plain": words, "text/html": f"<small>{words}</small>" if words else ""}, raw=True)


def in_notebook() -> Line | None:
    """Return a line below the cell that runs; None where there is no notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return Line() if getattr(shell, "kernel", None) is not None else None
