"""`wavecast VERB`: the group of verbs, and how whatever goes wrong becomes a line and an exit code.

Not here: what the verbs do (one file each), what a gate passes (``simulation.gate``).
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from wavecast.terminal import fault
from waves import InputError
from waves.by_name import listed

VERBS = {  # by name: the file with a command of that name
    "check": "check",
    "run": "run",
    "compare": "compare",
    "trace": "trace",
    "duel": "duel",
    "search": "search",
    "sensitivity": "sensitivity",
    "board": "board",
    "report": "report",
    "review": "review",
    "gate": "gate",
    "write": "write",
    "regroup": "regroup",
    "fetch": "fetch",
    "coverage": "coverage",
    "export": "export",
    "import": "importing",
    "rollouts": "rollouts",
    "scenario": "scenario",
    "fit": "fit",
    "replay": "replay",
    "backtest": "backtest",
    "incident": "incident",
    "fleet": "fleet",
}
HELP = f"""Which regions go in which wave, and how long do we wait in between?

A PLAN is a plan file, a pipeline of CodeCatalyst, CodePipeline or GitHub Actions, the sample six-region-three-wave, or
a grouping of the scenario's fleet: {listed()}.
Groupings bake and do all else as the first plan that is a file, or bake --bake-minutes. A scenario is a file or
a sample: storefront, storefront-replicated.

\b
Examples:
  wavecast check .codecatalyst/workflows/*.yaml --fleet fleet.yaml
  wavecast compare six-region-three-wave all-at-once --scenario storefront
  wavecast report --plan plan.yaml --scenario scenario.yaml --rules rules.yaml

\b
Exit codes:
  0    fine, warnings included
  1    an error found, a limit broken, or nothing to judge (NaN, no data)
  2    input that cannot be read, an unknown parameter
  3    partial
  4    credentials
  5    the report itself failed
  130  interrupted

Results go to standard output, progress and complaints to standard error.
"""
PIPE_CLOSED = 141  # what a shell reports for a program that SIGPIPE ended


class Verbs(click.Group):
    """Imports a verb's file only when it is asked for, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order of the work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb's command, or None where there is none of that name."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"wavecast.verbs.{VERBS[cmd_name]}")
        command: click.Command = getattr(module, VERBS[cmd_name])
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help where no verb is named: there is nothing to do, so it is no success."""
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb. A reader that has left, as `head` does, ends it quietly; click would take that for an error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError:
            _forget_output()
            raise click.exceptions.Exit(PIPE_CLOSED) from None

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **options: Any
    ) -> NoReturn:
        """Run a verb and leave with its exit code."""
        options.pop("standalone_mode", None)
        if sys.stdout is None:
            fault("standard output is closed, so results would be lost; open it, or send it to /dev/null")
            sys.exit(2)
        try:
            code = super().main(args, prog_name, standalone_mode=False, **options)
        except (click.ClickException, InputError, OSError, MemoryError, click.Abort) as error:
            code = explain(error)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk, which was said above
            _forget_output()
            code = code or 2
        sys.exit(code if isinstance(code, int) else 0)


def _forget_output() -> None:
    """Send what is left of standard output nowhere: Python would complain again when it flushes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explain(error: BaseException) -> int:
    """Tell standard error what went wrong, one line a fault, and return the exit code."""
    if isinstance(error, click.UsageError):
        verb = error.ctx.command_path if error.ctx else "wavecast"
        fault(f"{' '.join(error.format_message().split())} (see {verb} --help)")
        return 2
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, InputError):
        for finding in error.findings:
            fault(str(finding))
        return 2
    if isinstance(error, click.Abort):
        fault("interrupted")
        return 130
    if isinstance(error, MemoryError):
        fault("there is not enough memory for so many trials; take fewer")
        return 2
    where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    fault(f"{where}{getattr(error, 'strerror', None) or error}")
    return 2


@click.group(cls=Verbs, help=HELP, context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wavecast", prog_name="wavecast")
def main() -> None:
    """See HELP."""


if __name__ == "__main__":
    main()
