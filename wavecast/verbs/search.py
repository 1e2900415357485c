"""`wavecast search`: which plans are worth discussing. Not here: how they are found (``simulation.searching``)."""

import os
import re
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from wavecast.inputs import read_scenario
from wavecast.plans import Reading, read_inputs, remarks
from wavecast.rules import read_rules
from wavecast.terminal import (
    LAST_SEED,
    Number,
    Refusal,
    Whole,
    check_file,
    check_picture,
    fault,
    progress,
    save_picture,
    say,
    say_json,
    table,
    warn,
)
from wavecast.verbs.options import (
    confidence_option,
    json_option,
    out_option,
    scenario_option,
    seed_option_of,
    workflow_options,
)
from waves.showing import counted

if TYPE_CHECKING:
    from simulation import PlanFront, Scenario
    from waves import Plan

OURS = re.compile(r"(today|front-\d+)\.yaml")  # the files that --plans writes

HELP = """Find the plans that are worth discussing: for any other, one of them is about as good in each figure.

With up to eight regions, or more that are alike, every grouping in every order is looked at with each of the bakes, and
then other bakes wave by wave; with more, plans are varied from generation to generation. PLAN is the one of today:
approvals, strategies and calendar of all others are its own. Where closed forms hold it says by proof how far from the
best possible these are.

Interrupted (Ctrl-C, SIGTERM), the best so far is told; a second time, it ends at once. With --resume FILE the search is
kept in FILE as it goes, every half a minute, and the same command goes on from there.

Figures to search by: impact_minutes_mean, share_exposed_mean, peak_share_mean, regions_exposed_mean,
probability_share_exposed_at_least_0.5; and a time: end_minutes_given_shipped_mean, minutes_to_ship.

\b
Examples:
  wavecast search six-region-three-wave --scenario storefront
  wavecast search plan.yaml --scenario s.yaml --rules rules.yaml --bakes 0,30,120 --plans found/
  wavecast search plan.yaml --scenario s.yaml --objectives share_exposed_mean,minutes_to_ship
  wavecast search plan.yaml --scenario s.yaml --resume today.search

\b
Exit codes:
  0    fine
  1    no plan keeps the rules
  2    input that cannot be read, an unknown region, a search that is not this one
  130  interrupted by Ctrl-C (143 by SIGTERM): what was found by then is told
"""


class Objectives(click.ParamType):
    """Figures of which less is better, separated by commas."""

    name = "figures"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Read them, or fail with what is no such list."""
        from simulation.searching.search import objectives_of

        try:
            return objectives_of(value if isinstance(value, tuple) else [each.strip() for each in value.split(",")])
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Bakes(click.ParamType):
    """Minutes, separated by commas."""

    name = "minutes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Read each, or fail with the one that is none."""
        number = Number(0, max=1e9)
        return tuple(number.convert(each.strip(), param, ctx) for each in str(value).split(","))


@click.command(help=HELP)
@click.argument("plan", metavar="[PLAN]", required=False)
@scenario_option
@click.option("--rules", metavar="FILE", help="Rules that every plan must keep.")
@click.option(
    "--bakes",
    type=Bakes(),
    default="0,30,60,120",
    show_default=True,
    metavar="MIN,MIN…",
    help="The bakes to choose from.",
)
@click.option(
    "--resolution",
    type=Number(0, 1, max_open=True),
    default=0.05,
    show_default=True,
    metavar="PART",
    help="Differences of this part of a figure do not matter.",
)
@click.option(
    "--objectives",
    type=Objectives(),
    metavar="FIGURE,FIGURE…",
    help="Figures of which less is better, the last one a time; without, those of the mean impact, of half the traffic "
    "exposed, and of the time until complete.",
)
@click.option("--plans", "folder", metavar="FOLDER", help="Write the plans that are found there, a file each.")
@click.option("--resume", metavar="FILE", help="Keep the search in FILE, and go on from there where FILE is.")
@seed_option_of(Whole(0, LAST_SEED - 1))  # what is told comes from worlds of the seed after it
@confidence_option
@workflow_options
@json_option
@out_option
def search(
    plan: str | None,
    scenario: str,
    rules: str | None,
    bakes: Sequence[float],
    resolution: float,
    objectives: Sequence[str] | None,
    folder: str | None,
    resume: str | None,
    seed: int,
    confidence: float,
    reading: Reading,
    as_json: bool,
    out: str | None,
) -> int:
    """See HELP."""
    check_picture(out)
    _check(plan, out, folder, resume)
    today, world = _inputs(plan, scenario, reading)
    kept = read_rules(rules) if rules is not None else None
    import simulation
    from simulation.searching.search import USUAL

    if folder is not None:
        _make(folder)

    def run() -> "PlanFront":
        return simulation.search(
            world, today=today, rules=kept, bake_minutes=bakes, objectives=objectives or USUAL, resolution=resolution,
            seed=seed, confidence=confidence, workers=-1, progress=progress(), resume=resume,
        )  # fmt: skip

    try:
        found, code = _ended(run, resume)
    except simulation.NoPlan as error:
        click.echo(f"search: {error}", err=True)
        return 1
    save_picture(found, out)
    if folder is not None:
        _write(found, Path(folder))
    if as_json:
        say_json(_as_dict(found))
    else:
        _tell(found, seed)
    if code:
        gone = f"the same command goes on from {resume}" if resume else "with --resume FILE one can be gone on with"
        fault(f"the search was interrupted; {gone}")
    return code


def _check(plan: str | None, out: str | None, folder: str | None, resume: str | None) -> None:
    """Refuse files that would be written over one another, and what is no place for them, before the work is done."""
    if resume is not None:
        check_file(resume, "--resume")
        if out is not None and os.path.realpath(out) == os.path.realpath(resume):
            raise Refusal(f"--resume {resume}: this is --out, too; name another file")
    if folder is None:
        return
    if not folder:
        raise Refusal("--plans has an empty value; name a folder")
    if Path(folder).exists() and not Path(folder).is_dir():
        raise Refusal(f"--plans {folder}: is a file; name a folder")
    for what, path in (("the plan of today", plan), ("--resume", resume)):
        place = Path(os.path.realpath(path or ""))
        if path and OURS.fullmatch(place.name) and place.parent == Path(os.path.realpath(folder)):
            raise Refusal(f"--plans {folder}: {path}, {what}, may be written over there; name another folder")


def _make(folder: str) -> None:
    remedy = "name a folder that can be written"
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"--plans {folder}: cannot be made: {error.strerror}; {remedy}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refusal(f"--plans {folder}: cannot be written; {remedy}")


def _ended(run: "Callable[[], PlanFront]", resume: str | None) -> "tuple[PlanFront, int]":
    """Search, and return what was found with the exit code: that of a signal, where one interrupted it.

    Raises
    ------
    Refusal
        Where it is to go on with what is none, or another.
    click.exceptions.Exit
        Where it was interrupted before there was anything to tell, or once more while that was told.
    """
    from simulation.searching.keeping import NotThis

    with warnings.catch_warnings(), _stopped() as signals:
        warnings.showwarning = lambda message, *_: fault(f"warning: {message}")
        try:
            found = run()
        except NotThis as error:
            raise Refusal(f"--resume {error}") from error
        except OSError as error:
            if resume is None or str(error.filename) != str(Path(resume)):
                raise
            why = f"{error.strerror}; name a file that can be read and written"
            raise Refusal(f"--resume {resume}: {why}") from error
        except KeyboardInterrupt:
            _say_nothing_is_told(signals, resume)
            raise click.exceptions.Exit(128 + (signals or [signal.SIGINT])[0]) from None
    return found, 0 if found.finished else 128 + (signals or [signal.SIGINT])[0]


def _say_nothing_is_told(signals: list[int], resume: str | None) -> None:
    """Say how to go on where a search was interrupted without a word of what it found."""
    kept = resume is not None and os.path.exists(resume)
    again = f"goes on from {resume}" if kept else "begins anew"
    what = "it was ended before anything was told" if len(signals) > 1 else "nothing was found yet"
    fault(f"{what}; the same command {again}")


@contextmanager
def _stopped() -> Iterator[list[int]]:
    """Let Ctrl-C and SIGTERM interrupt alike, at once said; those that came are noted. What is ignored stays so."""
    came: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        again = "" if came else "; what was found so far is told in a moment (once more: it ends at once)"
        came.append(number)
        os.write(2, f"\nwavecast: interrupted{again}\n".encode())
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number, own in before.items():
            if own not in (signal.SIG_IGN, None):
                signal.signal(number, stop)
        yield came
    finally:
        for number, own in before.items():
            if own not in (signal.SIG_IGN, None):
                signal.signal(number, own)


def _inputs(plan: str | None, scenario: str, reading: Reading) -> "tuple[Plan | None, Scenario]":
    if plan is None:
        return None, read_scenario(scenario)
    named, world = read_inputs([plan], scenario, **reading)
    warn(remarks(named.values(), world))
    return next(iter(named.values())), world


def _tell(found: "PlanFront", seed: int) -> None:
    from simulation.results.figures import called
    from simulation.searching.found import bakes, in_words, written

    say("\n".join(found.sentences) + "\n")
    head = ("plan", *(called(figure) for figure in found.objectives), "waves", "bakes")
    rows = [
        (name, *(_cell(*written(*each)) for each in found.known[name].items()), in_words(plan), bakes(plan))
        for name, plan in found.plans.items()
    ]
    say(table(head, rows, left=(0, len(head) - 2, len(head) - 1)))
    saved = 1 - found.rollouts / found.whole  # below 0 where there are so few plans that hardly any is let go
    fewer = f", {saved:.0%} fewer than without a race" if saved > 0 else ""
    say(
        f"\n{counted(found.looked_at, 'plan')} looked at in {found.rollouts:,} rollouts{fewer}; "
        f"what is told comes from {found.told.trials:,} more of each, of seed {seed + 1}."
    )


def _cell(value: str, interval: str) -> str:
    return f"{value.removesuffix(' fleet-minutes')} ({interval})"


def _write(found: "PlanFront", folder: Path) -> None:
    files = {f"{name.replace(' ', '-')}.yaml": plan for name, plan in found.plans.items()}
    there = {each.name for each in folder.iterdir() if OURS.fullmatch(each.name)}
    for name, plan in files.items():
        plan.write(folder / name)
    replaced = f", {len(there & set(files))} of them in the place of files of that name" if there & set(files) else ""
    click.echo(f"wrote {counted(len(files), 'plan')} to {folder}{replaced}", err=True)
    if other := sorted(there - set(files)):
        some = ", ".join(other[:3]) + (f" and {len(other) - 3} more" if len(other) > 3 else "")
        fault(f"warning: {folder}: {some} did not come from this search; remove what is no longer wanted")


def _as_dict(found: "PlanFront") -> dict[str, Any]:
    from simulation.analysis.verdict import plain

    proved = found.distance

    return {
        "finished": found.finished,
        "every": found.every,
        "looked_at": found.looked_at,
        "rollouts": found.rollouts,
        "resolution": found.resolution,
        "sentences": found.sentences,
        "proof": {
            "of": None
            if proved.missing
            else "4 / (4 + lambda (T - d))"
            if proved.front is None
            else "all plans with these bakes",
            "missing": list(proved.missing),
            "plans": {name: {key: plain(value) for key, value in row.items()} for name, row in proved.table.iterrows()},
        },
        "plans": {
            name: {
                "waves": [list(wave.regions) for wave in plan.waves],
                "bake_minutes": [wave.bake_minutes for wave in plan.waves],
                "figures": {
                    figure: {"estimate": plain(each.value), "low": plain(each.low), "high": plain(each.high)}
                    for figure, each in found.known[name].items()
                },
            }
            for name, plan in found.plans.items()
        },
    }
