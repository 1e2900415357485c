"""At which instants a back test stands: every Monday, or every so many rollouts. Not here: what it does there."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simulation.arguments import whole

WEEK = "week"
Period = tuple[pd.Timestamp, pd.Timestamp]


def spread(every: Sequence[Period], most: int) -> list[Period]:
    """Return at most so many periods, evenly spread, the first and the last among them."""
    if len(every) <= most:
        return list(every)
    return [every[n] for n in np.unique(np.linspace(0, len(every) - 1, most).round().astype(int))]


def origins(pushed: "pd.Series[Any]", every: str | int, least: int) -> Iterator[Period]:
    """Yield each origin, and the one after it: what is pushed between them is foretold.

    Parameters
    ----------
    pushed
        When each rollout was pushed, UTC, in any order.
    every
        `week` (Mondays, 00:00 UTC), or so many rollouts.
    least
        How many rollouts there must be before the first origin.

    Raises
    ------
    ValueError
        For another period.
    """
    if isinstance(every, str) and every != WEEK:
        raise ValueError(f"every is {every!r}; use {WEEK!r} or a number of rollouts, such as 20")
    times = pushed.sort_values(ignore_index=True)
    if isinstance(every, int):
        at = [times[n] for n in range(least, len(times), whole("every", every, 1))]
    elif len(times) > least:
        day = times[least - 1].tz_convert("UTC").normalize()
        first = day + pd.Timedelta(days=7 - day.day_of_week)
        at = list(pd.date_range(first, times.iloc[-1], freq="7D"))
    else:
        at = []
    yield from zip(at, [*at[1:], times.iloc[-1] + pd.Timedelta(microseconds=1)] if at else [], strict=True)
