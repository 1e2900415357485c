"""From when to when each unit is known, and what the last look at it came to. Not here: the records themselves."""

import os
from contextlib import closing

import pandas as pd

from history.collecting.report import columns
from history.reading.export import _open

_SQL = """
SELECT units.account, units.region, units.stream, coverage.part,
       (SELECT name FROM workflows WHERE (space, project, id) = (units.account, units.region, coverage.part)),
       coverage.from_at, coverage.until_at,
       last.outcome, (SELECT started_at FROM runs WHERE id = units.run), last.detail,
       (SELECT count(*) FROM malformed_records AS odd
        WHERE (odd.account, odd.region, odd.stream) = (units.account, units.region, units.stream))
FROM (SELECT account, region, stream, max(run) AS run FROM ledger GROUP BY account, region, stream) AS units
JOIN ledger AS last USING (run, account, region, stream)
LEFT JOIN coverage USING (account, region, stream)
ORDER BY units.account, units.region, units.stream, 5, coverage.part, coverage.from_at
"""
NAMES = (
    "account",
    "region",
    "stream",
    "part",
    "name",
    "from_at",
    "until_at",
    "outcome",
    "looked_at",
    "detail",
    "malformed",
)


def coverage(store: str | os.PathLike[str]) -> pd.DataFrame:
    """Say from when to when each part of each unit is known.

    Parameters
    ----------
    store
        The store's file.

    Returns
    -------
    DataFrame
        One row an interval: a part with two rows has a gap between them, of which nothing is known, and a unit that
        was never looked at in full has a row without times. `name` is what people call the part, where the service
        knows it by an id. `outcome` is that of the last run, or `cut short`; `looked_at` is when that run began.
        `malformed` counts the answers of the unit that could not be kept as rows. Times are UTC.

    Raises
    ------
    StoreError
        Where the store cannot be read.
    """
    with closing(_open(store)) as connection:
        frame = pd.DataFrame(connection.execute(_SQL).fetchall(), columns=list(NAMES))
    for name in ("from_at", "until_at", "looked_at"):
        frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", utc=True)
    frame["name"] = frame["name"].fillna(frame["part"]).fillna("")
    frame["part"] = frame["part"].fillna("")
    frame["outcome"] = frame["outcome"].fillna("cut short")
    return frame


def coverage_table(frame: pd.DataFrame) -> str:
    """Lay `coverage` out for a terminal."""
    rows = [["account", "region", "stream", "part", "known from (UTC)", "known until (UTC)", "last outcome", "remark"]]
    for row in frame.to_dict("records"):
        times = [_minute(row["from_at"]), _minute(row["until_at"])]
        remark = f"{row['malformed']} malformed, kept raw" if row["malformed"] and not row["detail"] else row["detail"]
        name = row["name"] or "-"
        rows.append([row["account"], row["region"], row["stream"], name, *times, row["outcome"], remark])
    return columns(rows)


def _minute(when: pd.Timestamp) -> str:
    return "-" if pd.isna(when) else f"{when:%Y-%m-%d %H:%M}"
