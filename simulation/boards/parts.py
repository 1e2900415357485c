"""The board's script and style as files of the package. Not here: the page they are put into (``page``)."""

from functools import cache
from pathlib import Path


@cache
def read(name: str) -> str:
    """Return a file beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def hands() -> str:
    """Return what both boards share: the script that draws and is moved by hand, without a model."""
    return "".join(read(name) for name in ("patch.js", "faces.js", "hands.js"))
