"""The options that several verbs share. Not here: what a verb does with them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from wavecast.inputs import Reading
from wavecast.terminal import SEEDS, TRIALS, Number

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Named(click.ParamType):
    """A pair written as ``NAME=VALUE``."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Take it apart, or fail with what is missing."""
        name, _, text = str(value).partition("=")
        if not name or not text:
            self.fail(f"{value!r} is no ACTION=REGION, such as Deploy=us-east-1", param, ctx)
        return name, text


scenario_option: Decorator = click.option(
    "--scenario", required=True, metavar="S", help="A scenario: a file, or a sample's name such as storefront."
)
trials_option: Decorator = click.option(
    "--trials", type=TRIALS, default=20_000, show_default=True, metavar="N", help="Rollouts of each plan."
)
seed_option: Decorator = click.option(
    "--seed", type=SEEDS, default=0, show_default=True, metavar="N", help="The same seed gives the same worlds."
)
confidence_option: Decorator = click.option(
    "--confidence",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    metavar="P",
    help="Of every interval.",
)
bake_option: Decorator = click.option(
    "--bake-minutes",
    type=Number(0, max=1e9),
    metavar="MIN",
    help="For workflows and groupings: minutes that each wave bakes, in the place of BAKE_MINUTES hints and of the "
    "first plan's bakes.",
)
environment_option: Decorator = click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="E",
    help="For workflows: the environment, or one of those, that the plan is about; their last stage if left out.",
)
region_of_option: Decorator = click.option(
    "--region-of",
    "regions_of",
    multiple=True,
    type=Named(),
    metavar="ACTION=REGION",
    help="For workflows: where an action deploys, if the file leaves it open. Several times for several actions.",
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Write JSON; see docs/command.md.")
out_option: Decorator = click.option("--out", metavar="FILE", help="Draw the picture into a file: .svg or .png.")


def workflow_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of workflows, and hand them to it together, as `reading`."""

    @wraps(command)
    def with_reading(
        *args: Any,
        bake_minutes: float | None,
        environments: tuple[str, ...],
        regions_of: tuple[tuple[str, str], ...],
        **options: Any,
    ) -> Any:
        twice = next((name for n, (name, _) in enumerate(regions_of) if name in dict(regions_of[:n])), None)
        if twice is not None:
            raise click.BadParameter(f"{twice} is given a region twice", param_hint="'--region-of'")
        reading = Reading(
            bake_minutes=bake_minutes, environments=environments or None, regions_of=dict(regions_of) or None
        )
        return command(*args, reading=reading, **options)

    return bake_option(environment_option(region_of_option(with_reading)))
