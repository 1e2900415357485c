"""`wavecast rollouts`: which regional deployments were one rollout. Not here: how that is found (``history``)."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import read_fleet
from wavecast.plans import read_plan
from wavecast.terminal import Refusal, check_picture, fault, save_picture, say, warn
from wavecast.verbs.options import Decorator, json_option, out_option
from waves import did_you_mean

if TYPE_CHECKING:
    from history import Rollouts
    from waves import Fleet, Plan

HELP = """Say which regional deployments of a history were one rollout, in which waves, with what outcome.

They are counted by week and service, with how sure that is, and what was left out and why. `--json` has each rollout,
its regions and waves. An outcome says what became of the deployments; it never says that a change was sound.

\b
Examples:
  wavecast rollouts --store history.sqlite
  wavecast rollouts --store history.yaml --fleet fleet.yaml
  wavecast rollouts --store history.sqlite --plan shop=release.yaml --out year.svg
  wavecast rollouts --store data/history --rollout storefront-20260302T1005-1a2b3c4d --out one.svg

\b
Exit codes:
  0  there are rollouts
  1  there are none
  2  the history cannot be read, or a place in it is no region of the fleet
"""
PLACE = "A place that the fleet does not name: region, account/region or account/region/cluster"


def _pairs(values: tuple[str, ...], option: str, what: str) -> dict[str, str]:
    """Read `NAME=VALUE` pairs."""
    found: dict[str, str] = {}
    for value in values:
        name, sign, other = value.partition("=")
        if not sign or not name or not other:
            raise Refusal(f"{option} {value}: give {what}")
        if found.setdefault(name, other) != other:
            raise Refusal(f"{option} {name} is given twice, as {found[name]} and as {other}; give it once")
    return found


def read_rollouts(
    store: str, fleet: str | None, plans: tuple[str, ...], places: tuple[str, ...], renamed: tuple[str, ...],
    *, known: "Fleet | None" = None,
) -> "Rollouts":  # fmt: skip
    """Join a history as the options of a verb say, over a known fleet where none is named; a fault is exit code 2."""
    import history

    used = read_plans(plans)
    try:
        found = history.rollouts(
            store,
            fleet=known if fleet is None else read_fleet(fleet),
            plans=used,
            places=_pairs(places, "--place", "PLACE=REGION, such as us-east-1/shop-b=us-east-1-b"),
            renamed=_pairs(renamed, "--renamed", "NEW=OLD, such as new-shop=shop"),
        )
    except (history.StoreError, history.ExportError, history.UnmappedPlaces) as error:
        raise Refusal(str(error)) from None
    _check_services(store, used, sorted({*found.frame["service"].astype(str), *found.left_out["service"].astype(str)}))
    return found


def _check_services(store: str, used: "dict[str, Plan]", services: list[str]) -> None:
    """Refuse a plan of a service that the history does not have: it would say nothing."""
    strangers = [name for name in used if name != "*" and name not in services]
    if strangers and services:
        known = f"; it has {', '.join(services[:5])}{', …' if len(services) > 5 else ''}"
        lines = (
            f"--plan {name}=…: {store} has no such service{did_you_mean(name, services) or known}" for name in strangers
        )
        raise Refusal("\n".join(lines))


def read_plans(values: tuple[str, ...]) -> "dict[str, Plan]":
    """Read plans: of all services, or SERVICE=PLAN."""
    found: dict[str, Plan] = {}
    for value in values:
        service, sign, plan = value.partition("=")
        found["*" if not sign else service] = read_plan(plan if sign else value)
    warn(note for plan in found.values() for note in plan.notes)
    return found


def _option(name: str, shown: str, text: str, *, several: str = "", required: bool = False) -> "Decorator":
    names = (name, several) if several else (name,)
    return click.option(*names, metavar=shown, help=text, multiple=bool(several), required=required)


def join_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a history is joined."""
    for option in reversed(
        (
            _option(
                "--store",
                "FILE",
                "A store, the folder or S3 address of an export, or the config of a fetch (YAML).",
                required=True,
            ),
            _option(
                "--fleet", "FLEET", "Whose regions the places are; left out: the scenario's, or every place is one."
            ),
            _option("--plan", "[SERVICE=]PLAN", "The plan that rollouts went by; may be given again.", several="plans"),
            _option("--place", "PLACE=REGION", f"{PLACE}; may be given again.", several="places"),
            _option("--renamed", "NEW=OLD", "A service's new name, and the old one.", several="renamed"),
        )
    ):
        command = option(command)
    return command


@click.command(help=HELP)
@join_options
@click.option("--rollout", metavar="ID", help="With --out: draw this one; all of them if left out.")
@json_option
@out_option
def rollouts(
    store: str,
    fleet: str | None,
    plans: tuple[str, ...],
    places: tuple[str, ...],
    renamed: tuple[str, ...],
    rollout: str | None,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    check_picture(out)
    found = read_rollouts(store, fleet, plans, places, renamed)
    if rollout is not None and rollout not in found.frame.index:
        raise Refusal(f"--rollout {rollout}: {found.nearest(rollout)}")
    if out is not None:
        _save(found, rollout, out)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, allow_nan=False))
    else:
        say(str(found))
    if not len(found):
        fault(f"{store}: there are no rollouts in it")
    return 0 if len(found) else 1


def _save(found: "Rollouts", rollout: str | None, out: str) -> None:
    class Drawn:
        def plot(self) -> object:
            return found.plot(rollout)

    save_picture(Drawn(), out)
