"""`check`: every finding of a workflow file at once, in the place of the console's *Validate* button.

The rules are in `rules`, the tables in `schema`; what makes waves of a workflow is in `stages`.
"""

import os
from collections.abc import Mapping, Sequence

from waves.files.documents import Document, Finding, InputError, read_yaml
from waves.pipelines.codecatalyst._actions import check_artifacts, check_entries, check_top, check_whole
from waves.pipelines.codecatalyst._dependencies import check_dependencies
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.schema import WORKFLOW
from waves.pipelines.codecatalyst.stages import Stages
from waves.pipelines.keys import Report, check_map
from waves.pipelines.steps import BakeMinutes

# Far above the quota; beyond it only the quota is worth reporting.
_MOST_ACTIONS = 1000


def check(
    path: str | os.PathLike[str],
    *,
    as_plan: bool = False,
    bake_minutes: BakeMinutes = None,
    environments: Sequence[str] | None = None,
    regions_of: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Check a CodeCatalyst workflow file.

    Parameters
    ----------
    path : path-like
        The file; it need not lie in ``.codecatalyst/workflows``.
    as_plan : bool
        Whether the workflow has to be a plan: then what keeps it from being one is an error, and not a warning.
    bake_minutes, environments, regions_of
        As for `Workflow.stages`.

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
    graph = Graph(document)
    found = check_document(document, graph)
    if any(finding.severity == "error" for finding in found):
        return found
    stages = Stages(document, graph, bake_minutes=bake_minutes, environments=environments, regions_of=regions_of)
    return sorted({*found, *stages.findings("error" if as_plan else "warning")})


def check_document(document: Document, graph: Graph) -> list[Finding]:
    """Check a workflow that was read already, without asking whether it can be read as waves; see `check`."""
    report, value = Report(document), document.value
    if not document.path.endswith((".yml", ".yaml")):
        report.warn((), "CodeCatalyst reads only files that end in .yml or .yaml", "file-name")
    check_map(report, (), value, WORKFLOW)
    if isinstance(value, dict):
        check_top(report, value)
        if "Actions" in value and isinstance(value["Actions"], dict):
            check_entries(report, value["Actions"])
        check_whole(report, graph, value)
        if len(graph.actions) <= _MOST_ACTIONS:
            check_dependencies(report, graph)
            check_artifacts(report, graph)
    return sorted(set(report.findings))
