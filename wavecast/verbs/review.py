"""`wavecast review`: what a change of waves does to risk and time. Not here: the words of it (``reporting.review``)."""

import os
from typing import Any

import click

from wavecast.plans import Reading, read_inputs, remarks
from wavecast.rules import read_limits, read_rules
from wavecast.terminal import Refusal, progress, say_json, warn
from wavecast.verbs.asked import Promised, service_options
from wavecast.verbs.options import (
    confidence_option,
    json_option,
    scenario_option,
    seed_option,
    trials_option,
    workflow_options,
)

HELP = """Say in Markdown what a change of waves does to risk and time: for a pull request.

BASE and HEAD are a plan or a pipeline before and after. One that is empty, as /dev/null is, was not there: the plan is
new, or gone. Names are escaped, and it is short enough for a comment on GitHub.

\b
Examples:
  git show origin/main:release.yaml > base.yaml
  wavecast review base.yaml release.yaml --scenario scenario.yaml > review.md
  wavecast review base.yaml plan.yaml --scenario s.yaml --rules r.yaml --objective 0.999 > r.md

\b
Exit codes:
  0  fine: no rule is broken, and every limit holds
  1  HEAD breaks a rule, or a limit is broken or undecided
  2  input that cannot be read, a region that the fleet does not have, neither of them is there
"""


@click.command(help=HELP)
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="HEAD")
@scenario_option
@click.option("--rules", metavar="FILE", help="Rules that HEAD must keep, limits for it: a file, or a sample.")
@trials_option
@seed_option
@confidence_option
@workflow_options
@service_options
@json_option
def review(
    base: str,
    head: str,
    scenario: str,
    rules: str | None,
    trials: int,
    seed: int,
    confidence: float,
    reading: Reading,
    promised: Promised,
    as_json: bool,
) -> int:
    """See HELP."""
    there = [name for name, path in (("before", base), ("after", head)) if not _absent(path)]
    if not there:
        raise Refusal(f"review: neither {base} nor {head} has a plan in it; give one at least")
    asked, service = None if rules is None else read_rules(rules), promised.service
    if asked is not None:
        read_limits(asked, service)  # refused before anything is run
    named, world = read_inputs([base if name == "before" else head for name in there], scenario, **reading)
    plans = dict(zip(there, named.values(), strict=True))
    notes = remarks(plans.values(), world)
    warn(notes)
    import simulation
    from wavecast.reporting.review import Review

    compared = simulation.compare(
        plans, world, trials=trials, seed=seed, confidence=confidence, service=service, progress=progress()
    )  # fmt: skip
    more: dict[str, Any] = {} if asked is None else {"rules": asked}
    found = Review(plans, compared, notes=tuple(notes), **more)
    if as_json:
        say_json(found.as_dict())
    else:
        click.echo(found.markdown())
    return found.code


def _absent(path: str) -> bool:
    """Return whether a file stands for none: the null device, or nothing in it."""
    if path == os.devnull:
        return True
    return os.path.isfile(path) and os.path.getsize(path) == 0
