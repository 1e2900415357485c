"""Writes data/history/: a sample history, collected from the stand-in AWS by the real `wavecast fetch` and `export`.

It is synthetic, and says so. The clock is that of the story, which ends in the past: one run every three weeks, as from
cron, since AWS forgets. Not here: the story itself (`tests.aws_stand_in`).
"""

import csv
import datetime as dt
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from tests.aws_stand_in import History, StandIn
from tests.aws_stand_in import __main__ as stand_in
from tests.aws_stand_in.dirt import Dirt
from tests.aws_stand_in.history import when
from tests.aws_stand_in.things import DAY
from wavecast.main import main
from waves.files.documents import write_yaml

FOLDER = Path(__file__).resolve().parent.parent / "data" / "history"
SEED = 20260609
UNTIL = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
ACCOUNTS = ("111122223333", "444455556666")  # the documentation's
DEPLOYMENTS, DAYS, SERVICES = 2180, 360.0, 2
# What no pipeline does, and alarms that ring again and again: a little, as everywhere.
DIRT = Dirt(configurations=0.03, forced=0.05, people_back=0.015, flapping=0.3)
REDEPLOYS = 0.015  # of rollouts; one that ships an older version again takes back the one before
RUNS, BETWEEN_DAYS = 21, 21.0  # so often that nothing is forgotten in between
# One name for good: the sample made anew is the same files.
SNAPSHOT = f"{UNTIL:%Y%m%dT%H%M%S}000000Z-{SEED:08d}"


def story() -> History:
    """Return what happened; the clock stands at its end."""
    history = History.make(
        SEED,
        accounts=ACCOUNTS,
        deployments=DEPLOYMENTS,
        days=DAYS,
        services=SERVICES,
        until=UNTIL,
        redeploys=REDEPLOYS,
        dirt=DIRT,
    )
    history.deployment_days, history.alarm_days = 90.0, 30.0
    return history


def truth(history: History) -> dict[str, Any]:
    """Return the truth as the file holds it: the rollouts, and how much of each kind there is to collect.

    It is counted in the story, not in what was collected. Of alarms, what changed from `since` on was asked for.
    """
    end, since = history.wishes.until, min(rollout.pushed for rollout in history.truth) - DAY
    changes = [change for own in history.alarms.values() for change in own if change.kind == "StateUpdate"]
    counts = {
        "service_deployments": sum(each.created <= end for each in history.deployments),
        "alarm_changes": sum(since <= change.at <= end for change in changes),
        "workflows": len(history.workflows),
        "workflow_runs": sum(each.started <= end for each in history.runs),
        "pipeline_executions": sum(each.started <= end for each in history.executions),
        "pipeline_actions": sum(action.started <= end for each in history.executions for action in each.actions),
        "incidents": len(incidents(history)),
    }
    return {**history.truth_document(), "until": UNTIL.isoformat(), "counts": counts}


def incidents(history: History) -> list[dict[str, str]]:
    """Return what a diligent team had written down by the end of the story, as `wavecast import` takes it."""
    end = when(history.wishes.until)
    found = []
    for each in history.incidents():
        if each["started"] <= end:
            times = {key: each[key] for key in ("started", "detected", "mitigated")}
            known = {f"{key}_at": t.isoformat() if t and t <= end else "" for key, t in times.items()}
            regions = ";".join(each["regions"])
            row = {"id": f"incident-{each['rollout']}", "digest": each["digest"], **known, "regions": regions}
            found.append({**row, "note": each["note"]})
    return found


def wavecast(*arguments: str | Path) -> None:
    """Run a verb; stop where it fails."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        if ended.code:
            raise


def collect(history: History, folder: Path) -> None:
    """Fetch run after run up to the end of the story, then import the incidents."""
    store = folder / "history.sqlite"
    with (
        StandIn(history.at(-(RUNS - 1) * BETWEEN_DAYS * 24 * 60)) as aws,
        aws.alone(folder),
        mock.patch("history.collecting.fetch.clock", lambda: history.now * 1000),
        mock.patch("history.importing.tables.clock", lambda: history.now * 1000),
    ):
        write_yaml(stand_in.config(aws), folder / "fetch.yaml")
        for run in range(RUNS):
            if run:
                aws.mutate(minutes=BETWEEN_DAYS * 24 * 60)
            wavecast("fetch", "--config", folder / "fetch.yaml")
        wavecast("import", "incidents", FOLDER / "incidents.csv", "--store", store)
    wavecast("export", "--store", store, "--to", folder / "out")


def publish(folder: Path) -> None:
    """Take over the snapshot that counts, under its name for good."""
    for old in FOLDER.glob("*Z-*"):
        shutil.rmtree(old)
    current = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    shutil.copytree(folder / current["snapshot"], FOLDER / SNAPSHOT)
    current["snapshot"] = SNAPSHOT
    (FOLDER / "current.json").write_text(json.dumps(current, indent=2) + "\n", encoding="utf-8")


def written(document: dict[str, Any]) -> str:
    """Return the truth as JSON with one rollout a line."""
    head = {key: value for key, value in document.items() if key != "rollouts"}
    lines = ",\n".join(json.dumps(rollout, separators=(",", ":")) for rollout in document["rollouts"])
    return json.dumps(head, indent=1).removesuffix("\n}") + f',\n "rollouts": [\n{lines}\n]}}\n'


def make() -> None:
    """Write all of it but README.md."""
    history = story()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "truth.json").write_text(written(truth(history)), encoding="utf-8")
    rows = incidents(history)
    with open(FOLDER / "incidents.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        collect(history, Path(folder))
        publish(Path(folder) / "out")


if __name__ == "__main__":
    make()
