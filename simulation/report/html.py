"""HTML for the report: every text that is put in is escaped, so that no name of a plan or a region can bring markup.

Not here: what is said (``sentences``, ``tables``), elements and tables themselves (``waves.showing``).
"""

from collections.abc import Iterable
from typing import Any

from waves.showing import Html, cards, element, table, text

__all__ = ["Html", "bullets", "cards", "element", "paragraph", "spot", "table", "text"]


def paragraph(*children: object) -> Html:
    """Return a paragraph."""
    return element("p", *children)


def bullets(items: Iterable[object]) -> Html:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items))


def spot() -> Any:
    """Keep a place in a notebook's outputs, and return what fills it later on: by its `update`, with whatever is shown.

    So what takes long can be shown above what takes a moment, and be waited for at the end.
    """
    from IPython.display import display  # which only notebooks need

    return display(Html(""), display_id=True)
