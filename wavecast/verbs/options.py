"""The options that several verbs share. Not here: what a verb does with them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from wavecast.plans import Reading
from wavecast.terminal import SEEDS, TRIALS, Number, Whole

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Named(click.ParamType):
    """A pair written as ``NAME=VALUE``."""

    name = "pair"

    def __init__(self, example: str = "ACTION=REGION, such as Deploy=us-east-1", *, number: bool = False) -> None:
        self.example, self.number = example, number

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Take it apart, or fail with what is missing."""
        name, _, text = str(value).rpartition("=")
        if not name or not text:
            self.fail(f"{value!r} is no {self.example}", param, ctx)
        return name, Number(0, max=1e9).convert(text, param, ctx) if self.number else text


scenario_option: Decorator = click.option(
    "--scenario", required=True, metavar="S", help="A scenario: a file, or a sample's name such as storefront."
)
trials_option: Decorator = click.option(
    "--trials", type=TRIALS, default=20_000, show_default=True, metavar="N", help="Rollouts of each plan."
)


def seed_option_of(seeds: Whole) -> Decorator:
    """Return the option of a seed for a verb that takes these."""
    return click.option(
        "--seed", type=seeds, default=0, show_default=True, metavar="N", help="The same seed gives the same worlds."
    )


seed_option = seed_option_of(SEEDS)
sampling_option: Decorator = click.option(
    "--sampling",
    type=click.Choice(["stratified", "crude"]),
    default="stratified",
    show_default=True,
    help="Bad changes tried more often than they come, and weighed; or changes as they come.",
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
    help="For pipelines and groupings: minutes that each wave bakes, in the place of what the file says and of the "
    "first plan's bakes.",
)
environment_option: Decorator = click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="E",
    help="For pipelines: the environment (CodePipeline: stage) the plan is about, or one of them; else the last.",
)
region_of_option: Decorator = click.option(
    "--region-of",
    "regions_of",
    multiple=True,
    type=Named(),
    metavar="ACTION=REGION",
    help="For pipelines: where an action or job deploys, if the file leaves it open. Several times for several.",
)
wait_timer_option: Decorator = click.option(
    "--wait-timer",
    "wait_timers",
    multiple=True,
    type=Named("ENVIRONMENT=MINUTES, such as production=30", number=True),
    metavar="ENV=MIN",
    help="For GitHub Actions: the wait timer of an environment, which no file says.",
)
approval_option: Decorator = click.option(
    "--approval",
    "approvals",
    multiple=True,
    metavar="ENV",
    help="For GitHub Actions: an environment with required reviewers, which no file says.",
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Write JSON; see docs/command.md.")
out_option: Decorator = click.option("--out", metavar="FILE", help="Draw the picture into a file: .svg or .png.")


def workflow_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of pipelines, and hand them to it together, as `reading`."""

    @wraps(command)
    def with_reading(
        *args: Any,
        bake_minutes: float | None,
        environments: tuple[str, ...],
        regions_of: tuple[tuple[str, str], ...],
        wait_timers: tuple[tuple[str, float], ...],
        approvals: tuple[str, ...],
        **options: Any,
    ) -> Any:
        for pairs, option in ((regions_of, "--region-of"), (wait_timers, "--wait-timer")):
            twice = next((name for n, (name, _) in enumerate(pairs) if name in dict(pairs[:n])), None)
            if twice is not None:
                what = "a region" if option == "--region-of" else "a wait timer"
                raise click.BadParameter(f"{twice} is given {what} twice", param_hint=f"'{option}'")
        reading = Reading(
            bake_minutes=bake_minutes,
            environments=environments or None,
            regions_of=dict(regions_of) or None,
            wait_timers=dict(wait_timers) or None,
            approvals=approvals or None,
        )
        return command(*args, reading=reading, **options)

    wrapped: Callable[..., Any] = with_reading
    for decorate in (approval_option, wait_timer_option, region_of_option, environment_option, bake_option):
        wrapped = decorate(wrapped)
    return wrapped
