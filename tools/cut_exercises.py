"""Cuts the notebooks to work in from those with solutions, so that text and solution of an exercise cannot drift.

`notebooks/solutions/` is the source. A cell tagged `solution` is left out; where it was code, an empty one stands in
its place. Run it after every change there: `python -m tools.cut_exercises`, or `make docs`.
"""

from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SOURCES = NOTEBOOKS / "solutions"
STUB = "# Your turn.\n"


def cut(solved: Any) -> Any:
    """Return a notebook without its solutions.

    Parameters
    ----------
    solved
        The notebook; it stays as it is.
    """
    book = nbformat.from_dict({**solved, "cells": []})
    for cell in solved.cells:
        if "solution" not in cell.metadata.get("tags", []):
            book.cells.append(cell)
        elif cell.cell_type == "code":
            book.cells.append(nbformat.v4.new_code_cell(STUB, id=cell.id.replace("solution", "yours")))
    return book


def exercises() -> dict[Path, str]:
    """Return the text of each notebook to work in, by where it belongs."""
    return {
        NOTEBOOKS / source.name: nbformat.writes(cut(nbformat.read(source, as_version=4))) + "\n"
        for source in sorted(SOURCES.glob("*.ipynb"))
    }


if __name__ == "__main__":
    for place, text in exercises().items():
        place.write_text(text, encoding="utf-8")
