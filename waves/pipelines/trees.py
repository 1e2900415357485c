"""How to look into trees of any shape: what is not shaped as it should be is taken for empty.

What has the wrong shape is reported by `check`, against the tables of `keys`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from waves.files.documents import Where


def map_of(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """Return a scalar as text and anything else as an empty one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else ""


def names_at(where: Where, value: Any) -> list[tuple[Where, str]]:
    """Return the texts of a list, or a single text, with the place of each."""
    if isinstance(value, list):
        return [((*where, i), text_of(item)) for i, item in enumerate(value) if text_of(item)]
    return [(where, text_of(value))] if text_of(value) else []


def texts_in(value: Any) -> Iterator[str]:
    """Give every text of a tree, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for below in value.values() if isinstance(value, dict) else value:
            yield from texts_in(below)
