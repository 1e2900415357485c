"""The stand-in by itself: `python -m tests.aws_stand_in`, for people who try the kit without an account.

It prints the environment variables to set and a config for `wavecast fetch`, and writes both, with the truth, into a
folder. Not here: the server.
"""

import argparse
import csv
import datetime as dt
import io
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from history.instants import DAY
from history.sources import Ecs
from tests.aws_stand_in import KINDS, Fault, History, StandIn, names
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations.metrics import balancer
from waves.files.documents import write_yaml

STEP_SECONDS = 0.5
TEXTS = ("operation", "service", "account", "region")  # of a fault
COUNTS = ("nth", "after", "first", "seed")
NUMBERS = ("probability", "rate", "burst", "seconds", "minutes", "share")
FAULTS = f"what goes wrong; may be given again. Kinds: {', '.join(KINDS)}. Keys: {', '.join(TEXTS + COUNTS + NUMBERS)}"


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
    add("--metrics", action="store_true", help="have requests and failures collected, too: some 10,000 a deployment")
    add("--forget", action="store_true", help="forget as AWS does: deployments after 90 days, alarms after 30")
    add("--fault", type=fault, action="append", default=[], metavar="KIND[:KEY=VALUE,…]", help=FAULTS)
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
        if key not in (*TEXTS, *COUNTS, *NUMBERS):
            known = ", ".join((*TEXTS, *COUNTS, *NUMBERS))
            raise argparse.ArgumentTypeError(f"{key!r} is no part of a fault: {text}; use {known}")
        try:
            values[key] = value if key in TEXTS else int(value) if key in COUNTS else float(value)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{key}={value}: {value!r} is not a number: {text}") from None
    try:
        return Fault(kind, **values)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def config(aws: StandIn, *, metrics: bool = False) -> dict[str, Any]:
    """What `wavecast fetch` needs to collect all of it; metrics are many, and only collected if asked for."""
    first, *others = aws.history.accounts
    everything = {
        "regions": list(aws.history.regions),
        "ecs": {"clusters": ["*", f"!{names.EMPTY_CLUSTER}"], "services": ["*"]},
        "alarms": ["*"],
        "pipelines": ["*"],
        **({"metrics": load_balancers(aws.history)} if metrics else {}),
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


def load_balancers(history: History) -> list[dict[str, Any]]:
    """Each service's load balancers: one a cluster, by every name that the service ever had."""
    clusters = list(dict.fromkeys(cluster for _, cluster in history.cells.values()))
    return [
        {
            "service": name,
            **({"cluster": cluster} if len(clusters) > 1 else {}),
            "dimensions": {"LoadBalancer": [balancer(history.seed, history.first_names[name], cluster)]},
        }
        for name in history.called
        for cluster in clusters
    ]


def write(aws: StandIn, folder: Path, *, metrics: bool = False) -> str:
    """Write environment, config, truth and incidents into a folder; return the lines that set the environment."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in aws.environment().items())
    (folder / "environment.sh").write_text(lines, encoding="utf-8")
    write_yaml(config(aws, metrics=metrics), folder / "fetch.yaml")
    truth = json.dumps(aws.history.truth_document(), indent=1)
    (folder / "truth.json").write_text(truth + "\n", encoding="utf-8")
    write_incidents(aws.history, folder)
    return lines


def write_incidents(history: History, folder: Path) -> None:
    """Write what a diligent team has written down by now, as `wavecast import` takes it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "digest", "started_at", "detected_at", "mitigated_at", "regions", "note"])
    now = when(history.now)
    for incident in history.incidents():
        if incident["started"] <= now:
            times = [incident[key] for key in ("started", "detected", "mitigated")]
            known = [at.isoformat() if at and at <= now else "" for at in times]
            row = [incident["digest"], *known, ";".join(incident["regions"]), incident["note"]]
            writer.writerow([f"incident-{incident['rollout']}", *row])
    target, made = folder / "incidents.csv", folder / "incidents.csv.new"
    made.write_text(text.getvalue(), encoding="utf-8", newline="")
    made.replace(target)


def command() -> str:
    """How a fresh shell in this folder calls the kit's command: it is beside this Python, if anywhere."""
    own = Path(sys.executable).with_name("wavecast")
    if not own.exists():
        return "wavecast"
    return shlex.quote(os.path.relpath(own) if own.is_relative_to(Path.cwd()) else str(own))


@contextmanager
def terminable() -> Iterator[None]:
    """Take SIGTERM and a closed terminal for Ctrl-C, so that nothing is left behind."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def make(chosen: argparse.Namespace) -> History:
    """Make the history that was asked for."""
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
    return history


def announcement(history: History) -> str:
    """How many deployments there are, and how many of them a first fetch asks for."""
    keeps = Ecs.retention or 0
    begun = [each for each in history.deployments if each.created <= history.now]
    asked = sum(each.created * 1000 >= history.now * 1000 - keeps for each in begun)
    text = f"{len(history.deployments)} synthetic deployments in {len(history.truth)} rollouts"
    to_come = (
        f", {len(history.deployments) - len(begun)} of them yet to come"
        if len(begun) < len(history.deployments)
        else ""
    )
    return f"{text}{to_come}; a first fetch stores {asked}, those of the last {keeps // DAY} days: ECS keeps no more"


def serve(chosen: argparse.Namespace, history: History) -> None:
    """Serve until the time is over; the clock goes on, and the incidents with it."""
    ports = {"port": chosen.port, "codecatalyst_port": chosen.codecatalyst_port}
    with StandIn(history, chosen.fault, seconds=60.0 * chosen.minutes, **ports) as aws:
        print(write(aws, chosen.out, metrics=chosen.metrics), end="")
        where = shlex.quote(str(chosen.out))
        print(f"# {announcement(history)}, seed {chosen.seed}")
        fetch = f"{command()} fetch --config {where}/fetch.yaml"
        print(f"# in another shell: . {where}/environment.sh && {fetch}", flush=True)
        before = time.monotonic()
        while not aws.stopped:
            # No waiting for it: a signal in there can leave its lock taken, and then the end never ends.
            time.sleep(STEP_SECONDS)
            now = time.monotonic()
            aws.mutate(minutes=(now - before) / 60 * chosen.speed)
            write_incidents(history, chosen.out)
            before = now


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C, SIGTERM, or until the time is over."""
    chosen = options(arguments)
    try:
        with terminable():
            serve(chosen, make(chosen))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    except (ValueError, OverflowError, OSError) as error:
        print(f"aws-stand-in: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
