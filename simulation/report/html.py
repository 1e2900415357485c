"""HTML for the report: every text that is put in is escaped, so that no name of a plan or a region can bring markup.

Not here: what is said (``sentences``, ``tables``), elements and tables themselves (``waves.showing``).
"""

from collections.abc import Iterable

from waves.showing import Html, cards, element, table, text

__all__ = ["Html", "bullets", "cards", "element", "paragraph", "table", "text"]


def paragraph(*children: object) -> Html:
    """Return a paragraph."""
    return element("p", *children)


def bullets(items: Iterable[object]) -> Html:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items))
