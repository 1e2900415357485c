"""`wavecast report`: the notebook, its page and its verdict, and an exit code.

Not here: what the report says (``notebooks/report.ipynb``, ``simulation.report``), how the verdict is judged
(``simulation.gate``).
"""

import contextlib
import importlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from wavecast.inputs import find
from wavecast.plans import Reading, read_plans
from wavecast.reporting.earlier import take_away
from wavecast.reporting.notebook import Stop, execute, load_papermill
from wavecast.reporting.page import page, page_of
from wavecast.reporting.parameters import declared, typed
from wavecast.terminal import SEEDS, TRIALS, Refusal, fault, progress, say, warn
from wavecast.verbs.options import workflow_options
from waves import DATA, InputError, is_grouping

NOTEBOOK = DATA.parent / "notebooks" / "report.ipynb"

HELP = """Write the report: what plans cost and risk, side by side; with limits, whether the first keeps them.

Runs notebooks/report.ipynb and leaves report.html (one file, nothing else needed), verdict.json and the executed
report.ipynb in the folder --out. Everything left out is as the notebook declares it.

\b
Examples:
  wavecast report
  wavecast report --plan workflow.yaml --plan all-at-once --scenario scenario.yaml --trials 10000
  wavecast report --plan plan.yaml --rules rules.yaml --out build/friday
  wavecast report --history h.sqlite --scenario scenario.yaml --plan plan.yaml --plan all-at-once
  wavecast report -p confidence 0.99 -p objective 0.999

\b
A file of rules says what plans must keep, and what they may cost, by figure of the summary:
  rules: {max_first_wave_share: 0.1, partners_apart: true}
  limits: {share_exposed_p95: {at_most: 0.25}, probability_shipped: {at_least: 0.75}}

\b
Exit codes:
  0  the first plan keeps every limit, or none were set, which it says
  1  a limit is broken or undecided
  2  input that cannot be read, an unknown parameter, a value of another type
  5  the report itself failed; what there is of it is in report.html
  130  interrupted by Ctrl-C (143 by SIGTERM): there is no page and no verdict
"""


class Fresh(click.Command):
    """A report that is refused leaves no verdict of an earlier one where its own would have stood."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; keep them as they stand."""
        ctx.meta["named"] = [part for each in args for part in (each, *each.split("=", 1)) if part]
        with _taking_away(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Make the report."""
        with _taking_away(ctx):
            return super().invoke(ctx)


@contextlib.contextmanager
def _taking_away(ctx: click.Context) -> Iterator[None]:
    """Where a report is refused, take away the verdicts in the folders that its arguments name, even by `--ouut`."""
    try:
        yield
    except (click.ClickException, InputError):
        named = ctx.meta["named"]
        take_away([*named, *([] if {"--out", "out"} & set(named) else ["build"])])
        raise


@click.command(cls=Fresh, help=HELP)
@click.option("-p", "given", type=(str, str), multiple=True, metavar="NAME VALUE", help="A parameter of the notebook.")
@click.option("--plan", "plans", multiple=True, metavar="P", help="A plan, workflow or sample; the first is judged.")
@click.option("--scenario", metavar="S", help="A scenario or a sample.")
@click.option("--history", metavar="STORE", help="Fit the scenario to a store or an export first, and test the fit.")
@click.option("--trials", type=TRIALS, metavar="N", help="Rollouts of each plan.")
@click.option("--seed", type=SEEDS, metavar="N", help="The same seed gives the same worlds.")
@workflow_options
@click.option("--rules", metavar="FILE", help="Rules for the plans, limits for the first: a file, or a sample.")
@click.option("--no-sensitivity", is_flag=True, help="Leave out what would turn the answers: some seconds less.")
@click.option("--no-board", is_flag=True, help="Leave out the board on which regions can be moved: some seconds, 2 MB.")
@click.option("--out", default="build", show_default=True, metavar="DIR", help="Where to leave it; made if need be.")
@click.option("--notebook", type=click.Path(path_type=Path), default=NOTEBOOK, metavar="FILE", hidden=True)
def report(
    given: tuple[tuple[str, str], ...],
    plans: tuple[str, ...],
    scenario: str | None,
    history: str | None,
    trials: int | None,
    seed: int | None,
    reading: Reading,
    rules: str | None,
    no_sensitivity: bool,
    no_board: bool,
    out: str,
    notebook: Path,
) -> int:
    """See HELP."""
    load_papermill()
    options = {
        "plans": list(plans) or None,
        "scenario": scenario,
        "history": history,
        "trials": trials,
        "seed": seed,
        **_as_parameters(reading),
        "rules": rules,
        "sensitivity": False if no_sensitivity else None,
        "board": False if no_board else None,
        "out": out,
    }
    parameters = _parameters(given, {name: value for name, value in options.items() if value is not None}, notebook)
    _look_at(parameters)
    folder = _folder(str(parameters["out"]))
    if progress():
        click.echo(f"wavecast: running {os.path.relpath(notebook)} …", err=True)
    # While the kernel works, this process has nothing to do but get ready for what comes next.
    ahead = threading.Thread(target=_get_ready, daemon=True)
    ahead.start()
    try:
        with _told_to_end():
            stop = execute(notebook, folder / "report.ipynb", parameters)
    except KeyboardInterrupt as error:
        return _interrupted(folder, error)
    ahead.join()
    return _finish(folder, stop)


class _Ended(KeyboardInterrupt):
    """SIGTERM, told as Ctrl-C is: so the kernel ends, too."""


@contextlib.contextmanager
def _told_to_end() -> Iterator[None]:
    """Let SIGTERM interrupt; where it is ignored, or somebody else's, it stays so."""

    def end(*_: object) -> None:
        raise _Ended

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupted(folder: Path, error: KeyboardInterrupt) -> int:
    """Say what is left of a report that was interrupted, which is no verdict; return the exit code."""
    (folder / "verdict.json").unlink(missing_ok=True)
    left = folder / "report.ipynb"
    rest = f"; left is {left}, the notebook without its outputs" if left.exists() else ""
    by = " by SIGTERM" if isinstance(error, _Ended) else ""
    fault(f"interrupted{by}: there is no page and no verdict{rest}; run it again")
    return 143 if isinstance(error, _Ended) else 130


def _look_at(parameters: dict[str, Any]) -> None:
    """Refuse before a kernel starts what can be told without a model; the notebook refuses the rest, limits too."""
    plans = parameters.get("plans", [])
    if parameters.get("rules"):
        find(parameters["rules"], "rules")
    if "scenario" in parameters:
        find(parameters["scenario"], "scenario")
    files = [name for name in plans if not is_grouping(name) or os.path.lexists(name)]
    if files or not plans and "plans" in parameters:
        found = read_plans(files, **_reading(parameters))
        warn(note for plan in found.values() for note in plan.notes)


def _as_parameters(reading: Reading) -> dict[str, Any]:
    """Return a reading as plain values, as the notebook takes them."""
    plain: dict[str, Any] = {"environments": list, "approvals": list, "regions_of": dict, "wait_timers": dict}
    return {name: plain.get(name, float)(value) for name, value in reading.items() if value is not None}


def _reading(parameters: dict[str, Any]) -> Reading:
    """Return the notebook's parameters as a reading; it takes what is empty for what is left out."""
    given = {name: parameters.get(name) for name in Reading.__annotations__}
    empty: tuple[Any, ...] = ([], {})
    return Reading(**{name: None if value in empty else value for name, value in given.items()})  # type: ignore[typeddict-item]


def _get_ready() -> None:
    from nbformat import v4

    shown = v4.new_output("execute_result", {"text/html": "<p></p>"})
    # The first page takes five times as long as any other: templates and patterns are compiled.
    page_of(v4.new_notebook(cells=[v4.new_markdown_cell("#"), v4.new_code_cell(outputs=[shown])]), title="")
    importlib.import_module("simulation")


def _parameters(given: tuple[tuple[str, str], ...], options: dict[str, Any], notebook: Path) -> dict[str, Any]:
    types = declared(notebook)
    named = typed(given, types)
    twice = [name for name in options if name in named and name != "out"]
    if twice:
        raise Refusal("\n".join(f"{name}: given by -p and by an option of its own; give it once" for name in twice))
    unknown = [name for name in options if name not in types]
    if unknown:
        raise Refusal("\n".join(f"{notebook}: the notebook declares no parameter {name!r}" for name in unknown))
    return options | named


def _folder(out: str) -> Path:
    """Make the folder, and take away what an earlier report left: it must not be taken for this one's."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("verdict.json", "report.html", "report.ipynb"):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(f"--out {out}: cannot be written: {error.strerror}") from None
    return folder


def _finish(folder: Path, stop: Stop | None) -> int:
    """Write the page, judge the verdict, and say where and what; return the exit code."""
    import simulation

    path = folder / "verdict.json"
    if stop is None and not path.exists():
        stop = Stop(0, "NoVerdict", "the notebook ended before it wrote verdict.json")
    if stop is not None:
        path.unlink(missing_ok=True)
        return _failed(folder, stop)
    found = simulation.read_verdict(path)
    code, _ = simulation.gate(found)
    _write_page(folder, f"Wave report: {found['judged']}", _footer(found))
    say(f"{folder / 'report.html'}")
    if not found["limits"]:  # nobody asked for a judgement; a gate does
        say(f"Not judged: {found['sentence']}.")
        return 0
    say(f"{'Passed' if code == 0 else 'Not passed'}: {found['sentence']}.")
    return code


def _footer(verdict: dict[str, Any]) -> str:
    plans = ", ".join(f"{name} ({plan['digest']})" for name, plan in verdict["plans"].items())
    scenario = f"{verdict['scenario']['name']} ({verdict['scenario']['digest']})"
    basis = f"Seed {verdict['seed']}, {verdict['trials']:,} trials. Plans: {plans}. Scenario: {scenario}."
    return f"Made {verdict['made']} by wavecast {verdict['kit']}. {basis}"


def _failed(folder: Path, stop: Stop) -> int:
    if stop.error == "InputError":  # what the notebook was given cannot be read; the lines are findings
        for line in stop.message.splitlines():
            fault(line)
        return 2
    _write_page(folder, "Wave report (stopped half-way)", stopped=str(stop))
    fault(f"the report failed in {stop}" if stop.cell else f"the report failed: {stop}")
    if (folder / "report.html").exists():
        fault(f"what there is of it: {folder / 'report.html'}")
    return 5


def _write_page(folder: Path, title: str, footer: str = "", stopped: str = "") -> None:
    executed = folder / "report.ipynb"
    if executed.exists():
        text = page(executed, title=title, footer=footer, stopped=stopped)
        (folder / "report.html").write_text(text, encoding="utf-8")
