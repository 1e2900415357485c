"""`wavecast gate`: a verdict as an exit code. Not here: how it is judged (``simulation.gate``)."""

import click

from wavecast.terminal import say, say_json

HELP = """Judge the verdict.json that a report left: does the first plan keep every limit?

Each limit is held against its numbers again; what cannot be judged fails: no limits, no trials, NaN, an interval that
straddles the limit.

\b
Examples:
  wavecast gate build/verdict.json
  wavecast gate build/verdict.json --json

\b
Exit codes:
  0  every limit holds
  1  a limit is broken or undecided, or there is nothing to judge
  2  there is no such file, or it is not a verdict
"""


@click.command(help=HELP)
@click.argument("verdict")
@click.option("--json", "as_json", is_flag=True, help="Write an object: passed, judged, sentence, lines.")
def gate(verdict: str, as_json: bool) -> int:
    """See HELP."""
    import simulation

    found = simulation.read_verdict(verdict)
    code, lines = simulation.gate(found)
    if as_json:
        words = {key: found[key] if isinstance(found.get(key), str) else None for key in ("judged", "sentence")}
        say_json({"passed": code == 0, **words, "lines": lines})
    else:
        for line in lines:
            say(line)
        say("passed" if code == 0 else "failed")
    return code
