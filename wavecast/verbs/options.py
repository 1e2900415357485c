"""The options that several verbs share. Not here: what a verb does with them."""

from collections.abc import Callable
from typing import Any

import click

from wavecast.terminal import SEEDS, TRIALS, Number

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

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
    help="For workflows: minutes that each wave bakes, in the place of their BAKE_MINUTES hints.",
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Write JSON; see docs/command.md.")
out_option: Decorator = click.option("--out", metavar="FILE", help="Draw the picture into a file: .svg or .png.")
