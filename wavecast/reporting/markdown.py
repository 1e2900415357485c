"""Markdown as code hosts render it, from text that others named: nothing in it steers the page, or calls anybody.

Not here: what is said (``review``).
"""

import html
import re
from collections.abc import Iterable, Sequence

from waves.files.documents import one_line

NAME, SENTENCE = 80, 400  # characters of a name, and of a sentence with names in it
MARKUP = re.compile(r"([\\`*_\[\]#!|~$])")
LEADING = re.compile(r"^(\d*)([-+.)])")  # a list, where a line begins with it
LINKS = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)  # a host links them, escaped or not
NOWHERE = "\u200b"


def code(name: str) -> str:
    """Return a name as code: as it is, in one line, cut where it is long. A table's cell would end at a `|` in it."""
    text = _cut(one_line(name), NAME) or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def plain(sentence: str) -> str:
    """Return a sentence in which names may stand, with whatever would be markup, a link or a call escaped."""
    text = html.escape(LINKS.sub(NOWHERE, _cut(one_line(sentence.replace("\u00a0", " ")), SENTENCE)), quote=False)
    return LEADING.sub(r"\1\\\2", MARKUP.sub(r"\\\1", text))


def bullets(lines: Iterable[str], most: int) -> str:
    """Return a list; what is beyond the most is counted."""
    found = list(lines)
    shown = found[:most] if len(found) <= most + 1 else [*found[:most], f"and {len(found) - most:,} more"]
    return "\n".join(f"- {line}" for line in (found if len(found) == most + 1 else shown))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; numbers flush right. Cells are Markdown already."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
