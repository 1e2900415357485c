"""Where history comes from: one file a source, behind the small interface of `history.sources._source`."""

from history.aws.answers import Malformed
from history.sources._registry import OWN_TABLES, SOURCES
from history.sources._source import Again, Around, Calls, Deployed, Page, Paged, Parts, Source, Windowed
from history.sources.alarms import Alarms
from history.sources.codecatalyst import CodeCatalyst, CodeCatalystProject
from history.sources.codepipeline import CodePipeline
from history.sources.ecs import Ecs, EcsServices
from history.sources.metrics import Metrics, ServiceMetrics

__all__ = [
    "OWN_TABLES",
    "SOURCES",
    "Again",
    "Alarms",
    "Around",
    "Calls",
    "CodeCatalyst",
    "CodeCatalystProject",
    "CodePipeline",
    "Deployed",
    "Ecs",
    "EcsServices",
    "Malformed",
    "Metrics",
    "Page",
    "Paged",
    "Parts",
    "ServiceMetrics",
    "Source",
    "Windowed",
]
