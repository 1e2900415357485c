"""`wavecast backtest`: forecasts of a history's own past, held against it. Not here: how (``history.backtesting``)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import read_fleet, read_scenario
from wavecast.terminal import (
    Number,
    Refusal,
    Whole,
    check_page,
    check_picture,
    fault,
    progress,
    save_picture,
    say,
    say_json,
)
from wavecast.verbs.options import json_option, out_option, scenario_option, seed_option
from wavecast.verbs.rollouts import join_options, read_plans, read_rollouts

if TYPE_CHECKING:
    from history import Backtest

HELP = """Hold what a history would have foretold against what came, week by week.

At each origin, a Monday or every so many rollouts, the history is cut, a scenario is fitted to what was known by then,
and what is pushed until the next is foretold: minutes to the end, halted or not, how far it had come. It says in how
many weeks the interval held, how many halts were to be expected, and whether the last value or the past's quantiles
would have done as well. --plan says by which plan rollouts go; failed deployments are tried as often as they were.

\b
Examples:
  wavecast backtest --store h.sqlite --scenario storefront --plan six-region-three-wave
  wavecast backtest --store h.sqlite --scenario s.yaml --every 20 --page backtest.html
  wavecast backtest --store h.sqlite --scenario s.yaml --as-it-is

\b
Exit codes:
  0  rollouts were foretold
  1  there are none, or too few
  2  input that cannot be read, a file that cannot be written
"""


class Every(click.ParamType):
    """A week, or a number of rollouts."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | int:
        """Read it, or fail with what it may be."""
        text = str(value)
        if text == "week":
            return text
        if text.isascii() and text.isdigit() and 0 < int(text[:9]) == int(text):
            return int(text)
        self.fail(f"{text!r} is neither week nor a number of rollouts, such as 20", param, ctx)


@click.command(help=HELP)
@join_options
@scenario_option
@click.option("--every", type=Every(), default="week", show_default=True, metavar="week|N",
              help="From one origin to the next: a week, or so many rollouts.")  # fmt: skip
@click.option("--least", type=Whole(2, 1_000_000), default=30, show_default=True, metavar="N",
              help="Rollouts before the first origin.")  # fmt: skip
@click.option("--most", type=Whole(1, 100_000), default=60, show_default=True, metavar="N",
              help="Forecasts of so many periods, evenly spread, where there are more.")  # fmt: skip
@click.option("--level", type=Number(0, 1, min_open=True, max_open=True), default=0.9, show_default=True, metavar="P",
              help="Of the intervals.")  # fmt: skip
@click.option("--trials", type=Whole(100, 1_000_000), default=4_000, show_default=True, metavar="N",
              help="Rollouts of each forecast.")  # fmt: skip
@click.option("--as-it-is", is_flag=True, help="Fit nothing: hold the scenario itself against history.")
@seed_option
@json_option
@out_option
@click.option("--page", metavar="FILE", help="Write a page that needs nothing else into a file: .html.")
def backtest(
    store: str,
    fleet: str | None,
    plans: tuple[str, ...],
    places: tuple[str, ...],
    renamed: tuple[str, ...],
    scenario: str,
    every: str | int,
    least: int,
    most: int,
    level: float,
    trials: int,
    as_it_is: bool,
    seed: int,
    as_json: bool,
    out: str | None,
    page: str | None,
) -> int:
    """See HELP."""
    import history

    check_picture(out)
    check_page(page, "--page")
    world = read_scenario(scenario)
    if fleet is not None and read_fleet(fleet).names != world.fleet.names:
        raise Refusal(f"--fleet {fleet}: its regions are not those of scenario {world.name}; give the scenario's fleet")
    rollouts = read_rollouts(store, fleet, plans, places, renamed, known=world.fleet)
    if not len(rollouts):
        fault(f"{store}: there are no rollouts in it")
        return 1
    own: dict[str, Any] = {"fit": None} if as_it_is else {}
    found = history.backtest(
        rollouts, world, used=read_plans(plans), every=every, least=least, most=most, level=level, trials=trials,
        seed=seed, progress=progress(), **own,
    )  # fmt: skip
    if as_json:
        say_json(found.as_dict())
    else:
        say(str(found))
    if found.scored:  # at last: what was worked out is not lost where a file cannot be written
        save_picture(found, out)
        _save(found, page)
    return 0 if found.scored else 1


def _save(found: "Backtest", path: str | None) -> None:
    from wavecast.reporting.backtest import backtest_page

    if path is not None:
        Path(path).write_text(backtest_page(found), encoding="utf-8")
        click.echo(f"wrote {path}", err=True)
