"""An executed notebook as one readable, printable HTML page that needs nothing else.

Not here: running it (``notebook``).
"""

import html
from pathlib import Path
from typing import Any

from wavecast.reporting import parts

STYLE = """
:root { color-scheme: light dark; --ink: #1B1F24; --soft: #5B6570; --line: #DDE2E7; --paper: #fff; --box: #F4F6F8; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink);
  background: var(--paper); max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 1rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin: 2.4rem 0 0.6rem; }
img { max-width: 100%; height: auto; } code { overflow-wrap: break-word; }
p, ul { max-width: 52rem; }
a { color: #0072B2; }
pre { background: var(--box); padding: 0.6rem 1rem; overflow-x: auto; font-size: 0.82rem; line-height: 1.4; }
table { border-collapse: collapse; font-size: 0.86rem; line-height: 1.35; margin: 0.8rem 0; width: 100%; }
th, td { padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
th { border-bottom: 2px solid var(--soft); vertical-align: bottom; }
td:first-child { min-width: 4.5rem; }
.dataframe, .dataframe th, .dataframe td { border-width: 0 0 1px; } .dataframe tr { text-align: left !important; }
td small { color: var(--soft); }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.85rem; overflow-wrap: anywhere; }
.stopped { border-left: 0.5rem solid #D55E00; padding: 0.6rem 1rem; background: var(--box); overflow-wrap: anywhere; }
@media screen and (max-width: 600px) {
  body { padding: 1rem 0.8rem 3rem; } h1 { font-size: 1.4rem; }
  .jp-OutputArea-output, .output_subarea, .wavecast-picture { overflow-x: auto; }
  .wavecast-picture img { max-width: none; width: 44rem !important; }
  table { display: block; overflow-x: auto; font-size: 0.8rem; } th, td { padding: 0.25rem 0.4rem; }
  .wavecast-cards, .wavecast-cards tbody, .wavecast-cards tr { display: block; }
  .wavecast-cards thead { display: none; }
  .wavecast-cards tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  .wavecast-cards td { display: grid; grid-template-columns: 38% 1fr; column-gap: 0.6rem; border: 0; }
  .wavecast-cards td > * { grid-column: 2; } .wavecast-cards td br { display: none; }
  .wavecast-cards td::before { content: attr(data-head); color: var(--soft); }
  .wavecast-cards td:first-child { display: block; font-weight: bold; font-size: 0.9rem; }
  .wavecast-cards td:first-child::before { content: none; }
}
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #E4E8EC; --soft: #9AA5B0; --line: #343C45; --paper: #14181D; --box: #1E242B; }
  a { color: #56B4E9; }
  img { filter: invert(0.92) hue-rotate(180deg); }
}
@media print {
  @page { size: A4; margin: 14mm 12mm; }
  :root { color-scheme: light; }
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  h2 { break-after: avoid; } img, tr, li, .stopped { break-inside: avoid; }
  img { width: auto !important; max-height: 19cm; } thead { display: table-header-group; }
}
"""
PRIORITY = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]


def page(notebook: Path, *, title: str, footer: str = "", stopped: str = "") -> str:
    """Turn an executed notebook into a page: what it shows, without inputs, prompts, warnings or progress.

    Parameters
    ----------
    notebook
        As papermill left it.
    title
        Of the page; escaped here, as are the two others.
    footer
        A line at the end.
    stopped
        Why the notebook stopped half-way, shown at the top.
    """
    import nbformat

    return page_of(nbformat.read(notebook, as_version=4), title=title, footer=footer, stopped=stopped)


def page_of(found: Any, *, title: str, footer: str = "", stopped: str = "") -> str:
    """Turn a notebook that was read into a page; for the parameters see `page`."""
    cells = [_tidy(cell) for cell in found.cells if not _papermills(cell)]
    found.cells = [cell for cell in cells if cell.cell_type != "code" or cell.outputs]
    why = f"<strong>The report stopped half-way.</strong> {html.escape(stopped)}"
    notice = f'<p class="stopped">{why}</p>' if stopped else ""
    return document(f"{notice}{parts.with_contents(_body(parts.with_code(found)))}", title=title, footer=footer)


def document(body: str, *, title: str, footer: str = "") -> str:
    """Return a whole page around a body of HTML; title and footer are escaped here."""
    foot = f"<footer>{html.escape(footer)}</footer>" if footer else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}{parts.STYLE}</style>\n</head>\n"
        f"<body>\n{body}{foot}\n</body>\n</html>\n"
    )


def _body(notebook: Any) -> str:
    from nbconvert.exporters.html import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.config.NbConvertBase.display_data_priority = PRIORITY
    body, _ = exporter.from_notebook_node(notebook)
    return str(body)


def _papermills(cell: Any) -> bool:
    """Return whether papermill put the cell in, to say where the notebook stopped: the page says so itself."""
    return bool({"papermill-error-cell-tag", "injected-parameters"} & set(cell.metadata.get("tags", [])))


def _tidy(cell: Any) -> Any:
    """Leave what a cell shows: no streams, which are warnings and progress, and no tracebacks."""
    if cell.cell_type == "code":
        cell.outputs = [each for each in cell.outputs if each.output_type in ("display_data", "execute_result")]
    return cell
