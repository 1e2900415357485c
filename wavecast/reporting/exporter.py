"""The report's page as an exporter of nbconvert: `jupyter nbconvert --to wavecast build/report.ipynb`.

For those who run the notebook through papermill. nbconvert's own `--to html` makes a page that fetches scripts from
elsewhere. Not here: the page (``page``).
"""

from typing import Any

from nbconvert.exporters import Exporter

from wavecast.reporting.page import page_of


class Page(Exporter):
    """The page that `wavecast report` writes: inputs, prompts, warnings and scripts left out."""

    export_from_notebook = "Wavecast report"
    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Turn an executed notebook into a page.

        Parameters
        ----------
        nb
            The notebook.
        resources, **options
            As nbconvert hands them on.
        """
        copy, resources = super().from_notebook_node(nb, resources, **options)
        return page_of(copy, title=heading(copy)), resources


def heading(notebook: Any) -> str:
    """Return the first heading of a notebook."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    lines = (line for text in texts for line in text.splitlines())
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "Wave report")
