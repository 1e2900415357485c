"""`wavecast gate`: a verdict as an exit code. Not here: how it is judged (``simulation.gate``)."""

from pathlib import Path

import click

from wavecast.inputs import read_scenario
from wavecast.plans import Reading, read_plans
from wavecast.reporting.earlier import EXECUTED, ago, moment, not_of, too_old
from wavecast.rules import read_rules
from wavecast.terminal import Refusal, say, say_json
from wavecast.verbs.options import workflow_options

HELP = """Judge the verdict.json that a report left: does the first plan keep every limit?

Each limit is held against the verdict's own figures again. What is not whole, or does not follow from its figures,
fails; so does what cannot be judged: no limits, NaN, an interval that straddles the limit, or would with what rollouts
may do that still deploy at the horizon. With --plan, --scenario or --rules, a verdict of other inputs fails, too, and
with the executed notebook one of another run, such as one that an earlier report left. A report.ipynb beside the
verdict is taken for that; where papermill wrote it elsewhere, name it with --report. A run that never came to write
anything leaves an earlier verdict as it was: --newer-than fails one that was not made after a time, or after the last
change of a file, such as one touched before the run.

\b
Examples:
  wavecast gate build/verdict.json
  wavecast gate build/verdict.json --plan plan.yaml --scenario scenario.yaml --rules rules.yaml
  wavecast gate build/verdict.json --newer-than begun
  wavecast gate build/verdict.json --newer-than 2026-03-01T12:00:00Z --json

\b
Exit codes:
  0  every limit holds
  1  a limit is broken or undecided, there is nothing to judge, or it is of another run
  2  there is no such file, it is not a verdict, or an input cannot be read
"""


@click.command(help=HELP)
@click.argument("verdict")
@click.option("--plan", "plans", multiple=True, metavar="P", help="The plans it must be of, the judged one first.")
@click.option("--scenario", metavar="S", help="The scenario it must be of.")
@workflow_options
@click.option("--rules", metavar="FILE", help="A file of rules, by whose limits it must have been judged.")
@click.option("--report", metavar="FILE", help="The executed notebook that it must be of, as papermill left it.")
@click.option(
    "--newer-than",
    metavar="FILE|TIME",
    help="What it must be made after: a file's last change, or a time with its zone.",
)
@click.option("--json", "as_json", is_flag=True, help="Write an object: passed, judged, sentence, made, lines.")
def gate(
    verdict: str,
    plans: tuple[str, ...],
    scenario: str | None,
    reading: Reading,
    rules: str | None,
    report: str | None,
    newer_than: str | None,
    as_json: bool,
) -> int:
    """See HELP."""
    import simulation

    if not plans and any(value is not None for value in reading.values()):
        raise Refusal(
            "how a plan is read has no effect without one; name the plans that the verdict must be of: --plan"
        )
    asked = None if rules is None else read_rules(rules)
    if asked is not None and not asked.limits:
        raise asked.input_error([((), "it has no limits, by which a gate judges; add `limits:`", "no-limits")])
    since = None if newer_than is None else moment(newer_than)
    found = simulation.read_verdict(verdict)
    world = None if scenario is None else read_scenario(scenario)
    fleet = world.fleet if world else None
    code, lines = simulation.gate(
        found,
        plans=list(read_plans(plans, fleet=fleet, **reading).values()) if plans else (),
        scenario=world,
        limits=() if asked is None else simulation.parse_limits(asked.bounds, simulation.FIGURES),
    )
    if code == 0 and (other := too_old(found["made"], since) or _of_another_run(verdict, report, found["made"])):
        code, lines = 1, [f"nothing to judge: {other}; make the report again"]
    if as_json:
        words = {key: found[key] if isinstance(found.get(key), str) else None for key in ("judged", "sentence", "made")}
        say_json({"passed": code == 0, **words, "lines": lines})
    else:
        for line in lines:
            say(line)
        if code == 0:
            say(f"made {ago(found['made'])}")
        say("passed" if code == 0 else "failed")
    return code


def _of_another_run(verdict: str, report: str | None, made: str) -> str:
    beside = Path(verdict).with_name(EXECUTED)
    executed = Path(report) if report is not None else beside if beside.is_file() else None
    return "" if executed is None else not_of(executed, made)
