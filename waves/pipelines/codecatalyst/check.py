"""`check`: every finding of a workflow file at once, in the place of the console's *Validate* button.

The rules are in `rules`, the tables in `schema`; what makes waves of a workflow is in `stages`.
"""

import os

from waves.files.documents import Document, Finding, InputError, read_yaml
from waves.pipelines.codecatalyst._actions import check_artifacts, check_entries, check_top, check_whole
from waves.pipelines.codecatalyst._dependencies import check_dependencies
from waves.pipelines.codecatalyst._keys import Report, check_map
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.schema import WORKFLOW
from waves.pipelines.codecatalyst.shape import shape_findings

# Far above the quota; beyond it only the quota is worth reporting.
_MOST_ACTIONS = 1000


def check(path: str | os.PathLike[str]) -> list[Finding]:
    """Check a CodeCatalyst workflow file.

    Parameters
    ----------
    path : path-like
        The file; it need not lie in ``.codecatalyst/workflows``.

    Returns
    -------
    list of Finding
        Every error and warning, in the order of the file; none for a file that is in order. Each rule's id is in
        `RULES`. What cannot be read as YAML gives the reader's findings.
    """
    try:
        document = read_yaml(path, dialect="workflow")
    except InputError as error:
        return list(error.findings)
    return check_document(document)


def check_document(document: Document, graph: Graph | None = None) -> list[Finding]:
    """Check a workflow that was read already; see `check`."""
    report, value = Report(document), document.value
    if not document.path.endswith((".yml", ".yaml")):
        report.warn((), "CodeCatalyst reads only files that end in .yml or .yaml", "file-name")
    check_map(report, (), value, WORKFLOW)
    if isinstance(value, dict):
        graph = graph or Graph(document)
        check_top(report, value)
        if "Actions" in value and isinstance(value["Actions"], dict):
            check_entries(report, value["Actions"])
        check_whole(report, graph, value)
        if len(graph.actions) <= _MOST_ACTIONS:
            check_dependencies(report, graph)
            check_artifacts(report, graph)
    if not any(finding.severity == "error" for finding in report.findings) and graph:
        report.findings += shape_findings(document, graph)
    return sorted(set(report.findings))
