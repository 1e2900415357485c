"""The stand-in by itself: `python -m tests.aws_stand_in`, for people who try the kit without an account.

It prints the environment variables to set and a config for `wavecast fetch`, and writes both, with the truth, into a
folder. Not here: the server.
"""

import argparse
import csv
import datetime as dt
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from tests.aws_stand_in import KINDS, Fault, History, StandIn, names
from waves.documents import write_yaml

STEP_SECONDS = 0.5


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.aws_stand_in", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="of the plain endpoint; any free one if left out")
    add("--codecatalyst-port", type=int, default=0)
    add("--seed", type=int, default=7)
    add("--deployments", type=int, default=600, help="at least so many")
    add("--days", type=float, default=120.0, help="about how many days they span")
    add("--services", type=int, default=None, help="as many as the days need, if left out")
    add("--accounts", nargs="+", default=["111122223333", "444455556666"], metavar="ID")
    add("--regions", nargs="+", default=None, metavar="REGION", help="all six, if left out")
    add("--until", type=_instant, default=None, metavar="ISO", help="when the history ends; the last full hour")
    add("--ahead", type=float, default=0.0, metavar="HOURS", help="begin with the clock so long before the end")
    add("--speed", type=float, default=1.0, help="how fast AWS's clock goes; 0 stops it")
    add("--skew-minutes", type=float, default=0.0, help="how wrong the clocks of regions may be")
    add("--late", type=float, default=0.0, help="the share of deployments that lists show only minutes later")
    add("--unknown", type=float, default=0.0, help="the share of records with enum values that no model lists")
    add("--forget", action="store_true", help="forget as AWS does: deployments after 90 days, alarms after 30")
    add("--fault", type=fault, action="append", default=[], metavar="KIND[:KEY=VALUE,…]", help=", ".join(KINDS))
    add("--out", type=Path, default=Path("build/aws-stand-in"), help="where the files go")
    add("--minutes", type=float, default=240.0, help="it stops by itself after so long")
    return parser.parse_args(arguments)


def _instant(text: str) -> dt.datetime:
    when = dt.datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)


def fault(text: str) -> Fault:
    """Read a fault, such as `throttle_bucket:rate=20,region=us-east-1`."""
    kind, _, rest = text.partition(":")
    values: dict[str, Any] = {}
    for pair in filter(None, rest.split(",")):
        key, _, value = pair.partition("=")
        if key in ("operation", "service", "account", "region"):
            values[key] = value
        elif key in ("nth", "after", "first", "seed"):
            values[key] = int(value)
        elif key in ("probability", "rate", "burst", "seconds", "minutes"):
            values[key] = float(value)
        else:
            raise argparse.ArgumentTypeError(f"{key!r} is no part of a fault: {text}")
    try:
        return Fault(kind, **values)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def config(aws: StandIn) -> dict[str, Any]:
    """What `wavecast fetch` needs to collect all of it."""
    first, *others = aws.history.accounts
    everything = {
        "regions": list(aws.history.regions),
        "ecs": {"clusters": [names.CLUSTER], "services": ["*"]},
        "alarms": ["*"],
        "pipelines": ["*"],
    }
    accounts = [{"id": first, **everything}]
    accounts += [{"id": each, "role": f"arn:aws:iam::{each}:role/reader", **everything} for each in others]
    began = dt.datetime.fromtimestamp(min(rollout.pushed for rollout in aws.history.truth) / 1000, dt.UTC)
    return {
        "store": "history.sqlite",
        "since": (began - dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "endpoint_url": aws.endpoint_url,
        "codecatalyst_endpoint_url": aws.codecatalyst_url,
        "accounts": accounts,
        "codecatalyst": [{"space": names.SPACE, "project": names.PROJECT}],
    }


def write(aws: StandIn, folder: Path) -> str:
    """Write environment, config, truth and incidents into a folder; return the lines that set the environment."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in aws.environment().items())
    (folder / "environment.sh").write_text(lines, encoding="utf-8")
    write_yaml(config(aws), folder / "fetch.yaml")
    truth = json.dumps(aws.history.truth_document(), indent=1)
    (folder / "truth.json").write_text(truth + "\n", encoding="utf-8")
    with open(folder / "incidents.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "digest", "started_at", "detected_at", "mitigated_at", "regions", "note"])
        for incident in aws.history.incidents():
            times = [incident[key] and incident[key].isoformat() for key in ("started", "detected", "mitigated")]
            row = [incident["digest"], *times, ";".join(incident["regions"]), incident["note"]]
            writer.writerow([f"incident-{incident['rollout']}", *row])
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C, or until the time is over."""
    chosen = options(arguments)
    until = chosen.until or dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    history = History.make(
        chosen.seed,
        accounts=chosen.accounts,
        regions=chosen.regions,
        deployments=chosen.deployments,
        days=chosen.days,
        services=chosen.services,
        until=until,
        late=chosen.late,
        skew_minutes=chosen.skew_minutes,
        unknown=chosen.unknown,
    ).at(-60.0 * chosen.ahead)
    if chosen.forget:
        history.deployment_days, history.alarm_days = 90.0, 30.0
    seconds = 60.0 * chosen.minutes
    ports = {"port": chosen.port, "codecatalyst_port": chosen.codecatalyst_port}
    with StandIn(history, chosen.fault, seconds=seconds, **ports) as aws:
        print(write(aws, chosen.out), end="")
        where = shlex.quote(str(chosen.out))
        print(
            f"# {len(history.deployments)} synthetic deployments in {len(history.truth)} rollouts, seed {chosen.seed}"
        )
        print(f"# in another shell: . {where}/environment.sh && wavecast fetch --config {where}/fetch.yaml", flush=True)
        try:
            before = time.monotonic()
            while not aws.wait(STEP_SECONDS):
                now = time.monotonic()
                aws.mutate(minutes=(now - before) / 60 * chosen.speed)
                before = now
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
