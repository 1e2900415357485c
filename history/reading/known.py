"""What of a history is known from when to when, in sentences: a gap or a late begin is named, region by region.

Not here: the intervals themselves (`history.reading.coverage`).
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

DAY = pd.Timedelta(days=1)
STREAMS = {"ecs": "deployments", "alarms": "alarms", "codepipeline": "pipelines", "codecatalyst": "workflows"}
NOBODY = "nobody wrote down from when to when it is known: what it does not tell may have happened all the same"


def coverage_sentences(coverage: pd.DataFrame) -> list[str]:
    """Say from when to when each stream is known, and where it is not.

    Parameters
    ----------
    coverage : DataFrame
        As `coverage` or `read_export(…, "coverage")` gives it: `region`, `stream`, `part`, `from_at`, `until_at`; an
        export's instants may be microseconds.

    Returns
    -------
    list of str
        One a stream, without an end: "deployments: known from 2025-04-08 to 2026-06-01; us-west-2 unknown before
        2026-05-03".
    """
    known = coverage.dropna(subset=["from_at", "until_at"])
    known = known.assign(**{name: pd.to_datetime(known[name], utc=True) for name in ("from_at", "until_at")})
    if not len(known):
        return [NOBODY]
    return [_stream(str(name), own) for name, own in known.groupby("stream", sort=False)]


def _stream(name: str, own: pd.DataFrame) -> str:
    first, last = own["from_at"].min(), own["until_at"].max()
    holes = [hole for region, part in own.groupby("region") for hole in _holes(str(region), part, first, last)]
    said = f"{STREAMS.get(name, name)}: known from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return "; ".join([said, *dict.fromkeys(holes)])


def _holes(region: str, own: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> Iterator[str]:
    """Yield when some part of a region is not known, where that is for more than a day."""
    keys = [name for name in ("account", "part") if name in own]
    groups: Any = [each for _, each in own.groupby(keys)] if keys else [own]
    for part in groups:
        spans = part.sort_values("from_at")[["from_at", "until_at"]].itertuples(index=False)
        begin, until = next(spans)
        if begin - first > DAY:
            yield f"{region} unknown before {begin:%Y-%m-%d}"
        for start, end in spans:
            if start - until > DAY:
                yield f"{region} unknown from {until:%Y-%m-%d} to {start:%Y-%m-%d}"
            until = max(until, end)
        if last - until > DAY:
            yield f"{region} unknown after {until:%Y-%m-%d}"
