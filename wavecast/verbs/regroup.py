"""`wavecast regroup`: the regions of an existing pipeline in the waves of a plan.

Not here: what moves and what stays (``waves.pipelines``).
"""

import difflib
from collections.abc import Iterator

import click

from wavecast.plans import Reading, read_plan
from wavecast.terminal import fault, say, warn
from wavecast.verbs.options import workflow_options
from waves import Hints, Regrouped
from waves import regroup as regroup_file

HELP = """Rearrange the regions of an existing pipeline file into the waves of a plan.

Only ordering lines and whole region blocks, with their comments, move; every other byte stays. With the plan that the
file already has, not one byte changes. A file whose form is not foreseen is refused, never spoilt. What else differs
from the plan, such as a bake, and lines that still name a region which has left, are told on standard error.

\b
Examples:
  wavecast regroup .github/workflows/deploy.yml --plan plan.yaml --diff
  wavecast regroup release.yaml --plan plan.yaml

\b
Exit codes:
  0  done, or nothing to do
  2  a file or a plan that cannot be read, or regions that cannot be rearranged in place
"""


@click.command(help=HELP)
@click.argument("file", metavar="FILE")
@click.option("--plan", required=True, metavar="PLAN", help="A plan file, a sample, or another pipeline.")
@click.option("--diff", is_flag=True, help="Show what would change, and change nothing.")
@workflow_options
def regroup(file: str, plan: str, diff: bool, reading: Reading) -> int:
    """See HELP."""
    hints = Hints(
        reading.get("bake_minutes"),
        reading.get("environments"),
        reading.get("regions_of") or {},
        reading.get("wait_timers") or {},
        reading.get("approvals") or (),
    )
    wanted = read_plan(plan)
    warn(wanted.notes)
    result = regroup_file(file, wanted, hints=hints, save=not diff)
    for line in difference(file, result) if diff else ():
        say(line)
    for finding in result.findings:
        fault(str(finding))
    if not diff:
        done = "rearranged" if result.text != result.before else "nothing to rearrange: it has these waves already"
        click.echo(f"{file}: {done}", err=True)
    return 0


def difference(name: str, result: Regrouped) -> Iterator[str]:
    """Yield the lines of a unified difference, as `patch` takes it."""
    before, after = result.before.splitlines(), result.text.splitlines()
    yield from difflib.unified_diff(before, after, name, name, lineterm="")
