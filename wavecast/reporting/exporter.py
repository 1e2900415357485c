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
        return page_of(copy, title="Wave report"), resources
