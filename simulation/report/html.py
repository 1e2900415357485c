"""HTML for the report: every text that is put in is escaped, so that no name of a plan or a region can bring markup.

Not here: what is said (``sentences``, ``tables``).
"""

import html
from collections.abc import Iterable, Sequence


class Html(str):
    """HTML that a notebook shows as it is."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __add__(self, other: str) -> "Html":
        return Html(str(self) + text(other))


def text(value: object) -> str:
    """Escape a text; what is `Html` already stays."""
    return str(value) if isinstance(value, Html) else html.escape(str(value))


def element(tag: str, *children: object, style: str = "") -> Html:
    """Return an element around its children."""
    attribute = f' style="{html.escape(style)}"' if style else ""
    return Html(f"<{tag}{attribute}>{''.join(map(text, children))}</{tag}>")


def paragraph(*children: object) -> Html:
    """Return a paragraph."""
    return element("p", *children)


def bullets(items: Iterable[object]) -> Html:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], *, numbers: bool = True) -> Html:
    """Return a table; its first column is text, the others are numbers, flush right, unless said otherwise."""
    side = "text-align:right" if numbers else "text-align:left"

    def line(tag: str, cells: Sequence[object]) -> Html:
        styles = ("text-align:left", *[side] * (len(cells) - 1))
        return element("tr", *(element(tag, cell, style=s) for cell, s in zip(cells, styles, strict=True)))

    body = element("tbody", *(line("td", row) for row in rows))
    return element("table", element("thead", line("th", head)), body)
