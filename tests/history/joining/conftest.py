"""What the tests of the join share: tables by hand, and stand-in histories that were really collected."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import history
from history.joining.join import join
from history.joining.tables import as_tables
from tests.aws_stand_in import History, StandIn, names
from tests.aws_stand_in.__main__ import config, write_incidents
from waves.files.documents import write_yaml

START = pd.Timestamp("2026-03-02T10:00", tz="UTC")
ACCOUNT = "111122223333"


def at(minutes: float) -> pd.Timestamp:
    """An instant, in minutes since a Monday morning."""
    return START + pd.Timedelta(minutes=minutes)


def row(region: str, digest: str | None, start: float, end: float | None = None, **more: Any) -> dict[str, Any]:
    """One row of a table of deployments: minutes since `START`; it succeeded after five, unless it says otherwise."""
    status = more.pop("status", "succeeded")
    finished = None if status == "in_progress" else at(start + 5 if end is None else end)
    return {
        "id": f"{region}-{digest}-{start}",
        "service": "shop",
        "region": region,
        "status": status,
        "started_at": at(start),
        "finished_at": finished,
        "digest": digest,
        "observed_at": at(100_000),
        **{
            key: at(value) if key in ("rollback_started_at", "alarm_at", "pushed_at") else value
            for key, value in more.items()
        },
    }


def joined(
    rows: list[dict[str, Any]], incidents: list[dict[str, Any]] | None = None, **options: Any
) -> history.Rollouts:
    """Join a table of deployments by hand."""
    frames = {"table_deployments": pd.DataFrame(rows)}
    if incidents is not None:
        frames["incidents"] = pd.DataFrame(incidents)
    return join(as_tables(frames), **options)


def sets(rollouts: history.Rollouts) -> list[list[str]]:
    """The ids of the deployments that each rollout shipped, in order."""
    own = rollouts.deployments[rollouts.deployments["kind"] != "rollback"]
    return [list(own.loc[own["rollout"] == name, "id"]) for name in rollouts.frame.index]


def collected(story: History, folder: Path, monkeypatch: pytest.MonkeyPatch, *, metrics: bool = False) -> Path:
    """Fetch a history from the stand-in with the real collector, and import its incidents."""
    now = dt.datetime.fromtimestamp(story.now / 1000, dt.UTC)
    with StandIn(story) as aws:
        for variable, value in aws.environment().items():
            monkeypatch.setenv(variable, value)
        content = config(aws, metrics=metrics)
        content["codecatalyst"] = [{"space": names.SPACE, "project": names.PROJECT}]
        write_yaml(content, folder / "fetch.yaml")
        own = history.Config.read(folder / "fetch.yaml")
        assert history.fetch(own, now=now).exit_code == 0
        write_incidents(story, folder)
        history.import_table(own.store_path, folder / "incidents.csv", "incidents", now=now)
    return own.store_path
