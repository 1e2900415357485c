"""What helps to find one's way on a long page: its parts by name, and the code of a lesson, folded.

Not here: the page itself (``page``).
"""

import html
import itertools
import re
from typing import Any

MANY = 5  # parts from which on a page lists them
FOLDED = "folded"  # what a notebook's metadata say under `wavecast`, `code`
STYLE = """
nav { border-left: 3px solid var(--line); padding: 0.1rem 0 0.1rem 1rem; margin: 1.4rem 0; font-size: 0.92rem; }
nav ol { columns: 2 20rem; column-gap: 2rem; margin: 0; padding-left: 1.4rem; max-width: none; }
nav li { break-inside: avoid; padding: 0.1rem 0; }
details.code { margin: 0.4rem 0; } details.code summary { color: var(--soft); font-size: 0.85rem; cursor: pointer; }
@media print { nav { display: none; } details.code:not([open]) { display: none; } }
"""


def with_contents(body: str) -> str:
    """Return a page's body with a list of its parts before the first, where there are many."""
    names = re.findall(r"<h2>(.*?)</h2>", body, re.DOTALL)
    if len(names) < MANY:
        return body
    items = "".join(f'<li><a href="#part-{n}">{name}</a></li>' for n, name in enumerate(names, start=1))
    number = itertools.count(1)
    made = re.sub("<h2>", lambda _: f'<h2 id="part-{next(number)}">', body)
    return made.replace('<h2 id="part-1">', f'<nav aria-label="Contents"><ol>{items}</ol></nav><h2 id="part-1">', 1)


def with_code(notebook: Any) -> Any:
    """Return a notebook that shows the code of each cell before what that shows, where the notebook asks for it.

    It stands in the metadata, under `wavecast`: `{"code": "folded"}`.
    """
    if notebook.metadata.get("wavecast", {}).get("code") == FOLDED:
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.outputs:
                cell.outputs = [_folded(cell.source), *cell.outputs]
    return notebook


def _folded(source: str) -> Any:
    from nbformat.v4 import new_output

    text = html.escape(source.strip(), quote=False)
    shown = f'<details class="code"><summary>Code</summary><pre>{text}</pre></details>'
    return new_output("display_data", data={"text/html": shown})
