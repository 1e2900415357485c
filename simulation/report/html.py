"""HTML for the report: every text that is put in is escaped, so that no name of a plan or a region can bring markup.

Not here: what is said (``sentences``, ``tables``), elements and tables themselves (``waves.showing``).
"""

from collections.abc import Iterable, Sequence

from waves.showing import Html, element, table, text

__all__ = ["Html", "bullets", "cards", "element", "paragraph", "table", "text"]


def paragraph(*children: object) -> Html:
    """Return a paragraph."""
    return element("p", *children)


def bullets(items: Iterable[object]) -> Html:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items))


def cards(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table of text that a narrow screen shows row by row, each cell under its column's head."""

    def line(cells: Sequence[object]) -> Html:
        own = zip(head, cells, strict=True)
        named = [element("td", cell, style="text-align:left", **{"data-head": name}) for name, cell in own]
        return element("tr", *named)

    heads = element("tr", *(element("th", each, style="text-align:left") for each in head))
    return element("table", element("thead", heads), element("tbody", *map(line, rows)), **{"class": "wavecast-cards"})
