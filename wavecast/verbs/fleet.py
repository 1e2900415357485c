"""`wavecast fleet`: a fleet file from what a history shows. Not here: what a fleet is (``waves``)."""

from typing import Any

import click

from wavecast.terminal import fault, say, say_json
from wavecast.verbs.options import json_option
from wavecast.verbs.rollouts import join_options, read_rollouts
from waves.showing import counted

HELP = """Write a fleet file from the places that a history shows, in the order in which changes reach them.

Traffic comes from CloudWatch's metrics where `metrics` were collected: the mean of all services over the times around
deployments, so mostly of working hours. Elsewhere it is left to be filled in. Clusters of one AWS region are regions of
their own, with their place under `aws:`. Comments say which services were seen where.

\b
Examples:
  wavecast fleet --store history.sqlite > fleet.yaml

\b
Exit codes:
  0  written
  1  the history shows no places
  2  it cannot be read
"""


@click.command(help=HELP)
@join_options
@click.option("--name", default="seen", show_default=True, help="The fleet's name.")
@json_option
def fleet(
    store: str,
    fleet: str | None,
    plans: tuple[str, ...],
    places: tuple[str, ...],
    renamed: tuple[str, ...],
    name: str,
    as_json: bool,
) -> int:
    """See HELP."""
    import history

    found = read_rollouts(store, fleet, plans, places, renamed)
    content = history.seen_fleet(found, name=name)
    if as_json:
        say_json(content)
    elif content["regions"]:
        say(_yaml(content, found))
    if not content["regions"]:
        fault(f"{store}: {_why_empty(found)}")
        return 1
    return 0


def _why_empty(found: Any) -> str:
    left_out = len(found.left_out)
    if not left_out:
        return "it shows no places; fetch, or import a table of deployments"
    held = counted(left_out, "regional deployment")
    return f"of its {held} none is known to belong to a rollout, so it shows no places; wavecast rollouts says why"


def _yaml(content: dict[str, Any], found: Any) -> str:
    """Lay the file out by hand: what is missing must catch the eye, and keep the file from being used unread."""
    import history

    lines = [f"# From {found.source}: {counted(len(found.frame), 'rollout')}."]
    for service, row in history.seen_services(found).iterrows():
        where = f"clusters {row['clusters']}" if row["clusters"] else "from a table"
        lines.append(
            f"# {service}: {counted(row['rollouts'], 'rollout')}, {counted(row['regions'], 'region')}, {where}"
        )
    lines += [f"name: {_quoted(content['name'])}", "regions:"]
    for region in content["regions"]:
        traffic = region["traffic"]
        told = f" {_rounded(traffic)}   # measured" if traffic is not None else "   # fill in: requests a minute"
        lines += [f"  - name: {_quoted(region['name'])}", f"    traffic:{told}"]
        if region.get("zone"):
            lines.append(f"    zone: {region['zone']}")
        if region.get("aws"):
            aws = ", ".join(f"{key}: {_quoted(value)}" for key, value in region["aws"].items())
            lines.append(f"    aws: {{{aws}}}")
    return "\n".join(lines)


def _rounded(traffic: float) -> str:
    """Write requests a minute to four digits that count."""
    return f"{float(f'{traffic:.4g}'):,.10g}".replace(",", "")


def _quoted(text: str) -> str:
    """Write a text so that YAML takes it for one, whatever it looks like."""
    import json

    plain = (
        text.replace("-", "").replace("_", "").isalnum()
        and not text.isdigit()
        and text.lower() not in ("no", "yes", "on", "off", "true", "false", "null", "y", "n")
    )
    return text if plain and text[0].isalpha() else json.dumps(text, ensure_ascii=False)
