"""The tables that a join reads, from a store or from an export, without the answers as they came (`raw`).

Not here: what the rows mean (`history.joining.deployments`).
"""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.reading.export import _open, read_export
from history.records import (
    AlarmChange,
    Column,
    Incident,
    PipelineAction,
    PipelineExecution,
    Record,
    ServiceDeployment,
    ServiceImage,
    ServiceMetric,
    ServiceRevision,
    TableDeployment,
    WorkflowRun,
    columns,
)

READ: tuple[type[Record], ...] = (
    ServiceDeployment,
    ServiceRevision,
    ServiceImage,
    AlarmChange,
    WorkflowRun,
    PipelineExecution,
    PipelineAction,
    TableDeployment,
    Incident,
    ServiceMetric,
)
_UNUSED = {"raw", "version", "lost", "summary"}
_COVERAGE = ("account", "region", "stream", "part", "from_at", "until_at")
Micros = NDArray[np.float64]  # UTC microseconds since 1970, NaN where there is none: whole numbers up to 2**53


@dataclass(frozen=True)
class Tables:
    """The tables of a history, each a frame; instants are UTC microseconds as floats, NaN where there is none.

    Attributes
    ----------
    frames : dict of str to DataFrame
        By the name of the table; each has its columns, even where it is empty.
    source : str
        What to call the history in a message.
    """

    frames: dict[str, pd.DataFrame]
    source: str

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.frames[table]


def read_tables(source: str | os.PathLike[str]) -> Tables:
    """Read a store's file, or an export (a folder or an S3 address).

    Raises
    ------
    StoreError, ExportError
        Where it cannot be read.
    """
    exported = str(source).startswith("s3://") or Path(source).is_dir()
    read = _from_export if exported else _from_store
    return Tables(read(source), str(source))


def as_tables(frames: dict[str, pd.DataFrame], source: str = "<frames>") -> Tables:
    """Take frames that somebody has in memory; tables and columns that are missing are empty.

    Parameters
    ----------
    frames : dict of str to DataFrame
        By table, as `read_export` gives them; instants may be timestamps or microseconds.
    source : str
        What to call them in a message.
    """
    found = {kind.TABLE: _whole(frames.get(kind.TABLE), _wanted(kind)) for kind in READ}
    found["coverage"] = _whole(frames.get("coverage"), _coverage_columns())
    return Tables(found, source)


def _wanted(kind: type[Record]) -> list[Column]:
    return [column for column in columns(kind) if column.name not in _UNUSED]


def _coverage_columns() -> list[Column]:
    return [Column(name, "instant" if name.endswith("_at") else "text", False) for name in _COVERAGE]


def _from_store(source: str | os.PathLike[str]) -> dict[str, pd.DataFrame]:
    with closing(_open(source)) as connection:
        found = {}
        for table, wanted in _all():
            names = ", ".join(column.name for column in wanted)
            rows = pd.read_sql_query(f"SELECT {names} FROM {table}", connection)
            found[table] = _whole(rows, wanted)
    return found


def _from_export(source: str | os.PathLike[str]) -> dict[str, pd.DataFrame]:
    return {table: _whole(read_export(source, table), wanted) for table, wanted in _all()}


def _all() -> list[tuple[str, list[Column]]]:
    return [*((kind.TABLE, _wanted(kind)) for kind in READ), ("coverage", _coverage_columns())]


def _whole(frame: pd.DataFrame | None, wanted: list[Column]) -> pd.DataFrame:
    """Return exactly the wanted columns: an export from before a migration lacks some."""
    if frame is None:
        frame = pd.DataFrame()
    size = len(frame)
    made = {}
    for column in wanted:
        values = frame[column.name] if column.name in frame else pd.Series([None] * size, dtype=object)
        made[column.name] = instants(values) if column.kind == "instant" else values.array
    return pd.DataFrame(made, index=pd.RangeIndex(size), copy=False)


def instants(values: "pd.Series[Any]") -> Micros:
    """Return instants as microseconds since 1970, NaN where there is none."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        whole = values.dt.as_unit("us").astype("int64").to_numpy()
        return np.where(values.isna().to_numpy(), np.nan, whole.astype(np.float64))
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
