"""What did happen: collected from ECS, CloudWatch, CodeCatalyst, CodePipeline and tables, kept for ever, read out.

Everything public is here; the files behind it may move. "Could not look" is never "nothing happened": every unit of a
run has one of eight outcomes, and `coverage` says from when to when each part is known.
"""

from history._coverage import coverage, coverage_table
from history._export import TABLES, Exported, export, read_export
from history._fetch import fetch, planned
from history._outcomes import CODECATALYST_HELP, OUTCOMES
from history._place import ExportError
from history._report import Report, UnitReport, columns
from history._steps import Unit
from history._turn import StoreBusy
from history.config import Account, CodeCatalystProject, Config
from history.store import Store, StoreError, StoreFailed
from history.tables import DeploymentRow, IncidentRow, import_table

__all__ = [
    "CODECATALYST_HELP",
    "OUTCOMES",
    "TABLES",
    "Account",
    "CodeCatalystProject",
    "Config",
    "DeploymentRow",
    "ExportError",
    "Exported",
    "IncidentRow",
    "Report",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreFailed",
    "Unit",
    "UnitReport",
    "columns",
    "coverage",
    "coverage_table",
    "export",
    "fetch",
    "import_table",
    "planned",
    "read_export",
]
