"""How our objects show themselves: a line in a console, a small table in a notebook, their own names on completion.

Not here: pictures (``simulation.plots``), and what a report says (``simulation.report``).
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST = 200  # characters of a `repr`
ROWS = 30  # of a table in a notebook


class Html(str):
    """HTML that a notebook shows as it is."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Say in a line what a console would print whole, and a notebook keep a second time."""
        printer.text(f"<HTML of {len(self):,} characters>")

    def __add__(self, other: str) -> "Html":
        return Html(str(self) + text(other))


def text(value: object) -> str:
    """Escape a text; what is `Html` already stays."""
    return str(value) if isinstance(value, Html) else html.escape(str(value))


def element(tag: str, *children: object, style: str = "", **attributes: str) -> Html:
    """Return an element around its children; attributes are escaped, and what is empty is left out."""
    own = {"style": style, **attributes}
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in own.items() if value)
    return Html(f"<{tag}{written}>{''.join(map(text, children))}</{tag}>")


def words(sentence: str) -> Html:
    """Return a sentence as HTML; what stands between backticks is code."""
    return Html(re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(sentence)))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], *, numbers: bool = True) -> Html:
    """Return a table; its first column is text, the others are numbers, flush right, unless said otherwise."""
    side = "text-align:right" if numbers else "text-align:left"

    def line(tag: str, cells: Sequence[object]) -> Html:
        styles = ("text-align:left", *[side] * (len(cells) - 1))
        return element("tr", *(element(tag, cell, style=s) for cell, s in zip(cells, styles, strict=True)))

    body = element("tbody", *(line("td", row) for row in rows))
    return element("table", element("thead", line("th", head)), body)


def cards(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table of text that a narrow page shows row by row, each cell under its column's head."""

    def line(cells: Sequence[object]) -> Html:
        own = zip(head, cells, strict=True)
        named = [element("td", cell, style="text-align:left", **{"data-head": str(name)}) for name, cell in own]
        return element("tr", *named)

    heads = element("tr", *(element("th", each, style="text-align:left") for each in head))
    return element("table", element("thead", heads), element("tbody", *map(line, rows)), **{"class": "wavecast-cards"})


def glimpse(title: str, head: Sequence[object], rows: Sequence[Sequence[object]]) -> Html:
    """Return a title above the first rows of a table, with a line that says how many more there are."""
    left_out = len(rows) - ROWS
    shown = cards(head, rows[:ROWS] if left_out > 0 else rows)
    more = element("p", f"and {left_out:,} more") if left_out > 0 else Html()
    return element("p", element("b", title)) + shown + more


def counted(number: int, thing: str) -> str:
    """Return a number of things in words: `1 wave`, `3 waves`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Write names as one text: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


class SaysItAll(Exception):
    """An error whose message says it all: a notebook shows that alone, without the calls that led to it."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Shown:
    """What says of itself, in `_glance`, what one line has room for.

    A dataclass made of it needs ``repr=False``, or Python writes one that prints every table inside.
    """

    def _glance(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        line = " ".join(f"{type(self).__name__}: {self._glance()}".split())
        return f"<{line if len(line) <= LONGEST - 2 else line[: LONGEST - 3] + '…'}>"

    __str__ = __repr__

    def __dir__(self) -> list[str]:
        """Return what is ours: completion offers no helper of the libraries underneath."""
        return own_names(type(self))


def own_names(kind: type) -> list[str]:
    """Return the public names that classes of this kit give a kind, and its dunder names."""
    ours = {"waves", "simulation", "history", "wavecast"}
    found = {*getattr(kind, "model_fields", ()), *getattr(kind, "__dataclass_fields__", ())}
    for each in kind.__mro__:
        names: dict[str, Any] = dict(vars(each))
        own = each.__module__.split(".")[0] in ours
        found |= {name for name in names if (own and not name.startswith("_")) or name.startswith("__")}
    return sorted(name for name in found if not name.startswith("model_"))
