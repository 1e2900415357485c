"""Rollouts in words and tables: by week and service, by kind, what was left out and why.

Not here: pictures (`history.joining.pictures`).
"""

import json
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from history.collecting.report import columns
from history.joining.outcomes import OUTCOMES
from waves.showing import counted, table

if TYPE_CHECKING:
    from history.joining.result import Rollouts


def weeks(rollouts: "Rollouts") -> pd.DataFrame:
    """Count rollouts by week (its Monday, UTC) and service."""
    frame = rollouts.frame
    day = frame["started_at"].dt.tz_localize(None).dt.floor("D")
    week = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    key = [week.rename("week"), frame["service"]]
    found = pd.DataFrame({"rollouts": frame.groupby(key).size()})
    for name in OUTCOMES:
        found[name] = (frame["outcome"] == name).groupby(key).sum()
    for name in ("certain", "likely", "possible"):
        found[name] = (frame["confidence"] == name).groupby(key).sum()
    found["alarm_unknown"] = (frame["alarm"] == "unknown").groupby(key).sum()
    found["incidents"] = frame["incident"].notna().groupby(key).sum()
    return found.astype(int)


def counts(rollouts: "Rollouts") -> pd.DataFrame:
    """Count regional deployments by kind and by why they were left out; the sum is all of them."""
    joined = rollouts.deployments["kind"].value_counts()
    rows = [("joined", str(kind), int(count)) for kind, count in joined.items() if count]
    left = rollouts.left_out["why"].value_counts()
    rows += [("left out", str(why), int(count)) for why, count in left.items() if count]
    return pd.DataFrame(rows, columns=["what", "which", "deployments"])


def text(rollouts: "Rollouts") -> str:
    """Lay out what was found for a terminal."""
    head = _head(rollouts)
    if not len(rollouts.frame) and not len(rollouts.left_out):
        return f"{head}\nThere are no regional deployments in it: fetch, or import a table of deployments."
    parts = [head, *(["", _week_table(rollouts)] if len(rollouts.frame) else []), "", columns(_counted(rollouts))]
    if rollouts.remarks:
        parts += ["", *rollouts.remarks[:20]]
        parts += [f"and {len(rollouts.remarks) - 20} more remarks"] if len(rollouts.remarks) > 20 else []
    return "\n".join(parts)


def as_dict(rollouts: "Rollouts") -> dict[str, Any]:
    """Return all of it as plain values."""
    frames = {
        "rollouts": rollouts.frame.reset_index(),
        "regions": rollouts.regions,
        "waves": rollouts.waves,
        "deployments": rollouts.deployments,
        "left_out": rollouts.left_out,
        "counts": counts(rollouts),
    }
    told = {
        name: json.loads(frame.to_json(orient="records", date_format="iso", date_unit="us"))
        for name, frame in frames.items()
    }
    return {"source": rollouts.source, **told, "remarks": list(rollouts.remarks)}


def _head(rollouts: "Rollouts") -> str:
    frame = rollouts.frame
    total = len(rollouts.deployments) + len(rollouts.left_out)
    clocks = ", ".join(f"{n:,} by {clock}" for clock, n in frame["clock"].value_counts().items())
    clock = f"; minutes count from: {clocks}" if clocks else ""
    return (
        f"{counted(len(frame), 'rollout')} out of {counted(total, 'regional deployment')} of {rollouts.source}{clock}"
    )


def _week_table(rollouts: "Rollouts") -> str:
    table = weeks(rollouts)
    shown = [name for name in table if name in ("rollouts",) or table[name].any()]
    rows = [["week", "service", *(str(name).replace("_", " ") for name in shown)]]
    for (week, service), row in zip(table.index, table[shown].itertuples(index=False), strict=True):
        rows.append([f"{week:%Y-%m-%d}", str(service), *(str(value) for value in row)])
    return columns(rows)


def _counted(rollouts: "Rollouts") -> list[list[str]]:
    rows = counts(rollouts).itertuples()
    return [
        ["deployments", "what", "which"],
        *([f"{row.deployments:,}", str(row.what), str(row.which)] for row in rows),
    ]


def html(rollouts: "Rollouts") -> str:
    """Show them in a notebook."""
    head, *rows = _counted(rollouts)
    remarks = "".join(f"<li>{escape(each)}</li>" for each in rollouts.remarks[:20])
    shown = f"<p>{escape(_head(rollouts))}</p>{table(head, rows, numbers=False)}"
    return shown + (f"<ul>{remarks}</ul>" if remarks else "")
