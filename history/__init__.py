"""What did happen: collected from ECS, CloudWatch, CodeCatalyst, CodePipeline and tables, kept for ever, read out.

Everything public is here; the files behind it may move. "Could not look" is never "nothing happened": every unit of a
run has one of eight outcomes, and `coverage` says from when to when each part is known.
"""

from history.aws.errors import CODECATALYST_HELP, OUTCOMES
from history.backtesting.backtest import backtest
from history.backtesting.result import Backtest
from history.collecting.config import Account, Config
from history.collecting.fetch import fetch, planned
from history.collecting.lock import StoreBusy
from history.collecting.report import Report, UnitReport, columns
from history.fitting import Fitted, Prior, fit
from history.importing.tables import DeploymentRow, IncidentRow, import_table
from history.joining import Rollouts, UnmappedPlaces, rollouts, seen_fleet, seen_services
from history.keeping.file import StoreError
from history.keeping.store import Store, StoreFailed
from history.reading.coverage import coverage, coverage_table
from history.reading.export import TABLES, Exported, export, read_export
from history.reading.known import coverage_sentences
from history.reading.target import ExportError
from history.replaying.incident import incident
from history.replaying.replay import replay
from history.replaying.result import Replay
from history.replaying.retold import Incident
from history.replaying.used import plans_used
from history.sources import CodeCatalystProject
from history.units import Unit

__all__ = [
    "CODECATALYST_HELP",
    "OUTCOMES",
    "TABLES",
    "Account",
    "Backtest",
    "CodeCatalystProject",
    "Config",
    "DeploymentRow",
    "ExportError",
    "Exported",
    "Fitted",
    "Incident",
    "IncidentRow",
    "Prior",
    "Replay",
    "Report",
    "Rollouts",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreFailed",
    "Unit",
    "UnitReport",
    "UnmappedPlaces",
    "backtest",
    "columns",
    "coverage",
    "coverage_sentences",
    "coverage_table",
    "export",
    "fetch",
    "fit",
    "import_table",
    "incident",
    "planned",
    "plans_used",
    "read_export",
    "replay",
    "rollouts",
    "seen_fleet",
    "seen_services",
]


def __dir__() -> list[str]:
    """Return the public names: completion offers no files."""
    return __all__
