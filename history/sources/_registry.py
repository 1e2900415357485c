"""Which sources there are: every file of this folder is looked through, so that one more file is one more source."""

import importlib
import pkgutil
from pathlib import Path

from history.records import Record
from history.sources._source import Source
from history.sources.alarms import Alarms
from history.sources.codepipeline import CodePipeline
from history.sources.ecs import Ecs
from history.sources.metrics import Metrics


def _found() -> tuple[type[Source], ...]:
    found: list[type[Source]] = [
        Ecs,
        Alarms,
        CodePipeline,
        Metrics,
    ]  # in the order of the docs; others by their files' names
    for name in sorted(each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if not name.startswith("_"):
            inside = vars(importlib.import_module(f"history.sources.{name}")).values()
            found += [kind for kind in inside if isinstance(kind, type) and issubclass(kind, Source) and kind.key]
    return tuple(dict.fromkeys(found))


SOURCES = _found()  # all that are asked for an account and a region
OWN_TABLES: tuple[type[Record], ...] = tuple(dict.fromkeys(table for kind in SOURCES for table in kind.tables))
