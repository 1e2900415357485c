"""docs/measured.md, from what `make bench` found: `python -m benchmarks.page build/bench.json >docs/measured.md`.

Not here: any measuring.
"""

import json
import math
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WIDTH = 120  # of text
TITLE = """# Measured figures

Everything here comes from one run of

    {command}

on {machine} (load for each core when it began: {load:.2f}). A speed is a ratio to the SimPy model of the same run: the
absolute figures are this machine's, and yours will differ. Rates are per second of processor time of one core, medians
of turns that the ways to run take one after the other. This page is written from the run's figures by
`python -m benchmarks.page build/bench.json`."""

RATES = """## Rollouts per second of one core

The *SimPy model* is the model that docs/model.md describes, `engine="simpy"`. *Bare SimPy* only waits as often as a
healthy rollout does and models nothing, so that a slow model flatters nobody. The *floors* only make the random words
that healthy rollouts of one plan need, with and without turning them into minutes: sweeps go below a floor where many
plans share the words. A sweep keeps sums, products with the baseline and histograms; *frames* keep every row, whose
pages of memory are new each time or not, as the system has it: of three runs of one code they were five times apart. Of
a sweep of 64 some two thirds of the time go into rollouts in which something is wrong: 16 of 100 on the sample, 34 of
100 on the thirty regions. Plans that begin with the same waves share what those decide: of the 64 groupings of six
regions 45 begin as another one does, and of all 4,683 nearly all; the random plans of thirty regions share nothing.
Worlds are crude but in one line: *by strata* most rollouts are of bad changes, each of which takes longer, and [far
fewer](rare-events.md) are enough. Runs of the same code differ by a tenth and more on a shared machine."""

OTHERS = {
    "most memory, MiB": """## Memory

The peak of fresh processes. What a long sweep adds to a short one is what grows with the trials.""",
    "one sweep of 64 plans, seconds": """## Threads and executors

The same sweep of 64 plans, on the wall; every way gives the same bytes.""",
    "fresh process, warm cache, seconds (budget 1.5)": """## Cold starts

Seconds on the wall in a fresh process, with the engine's cache warm: from nothing to a summary of 2,000 rollouts, and
what of it are imports. The budget for the first compiled answer is 1.5 s. Imports run at the speed of plain Python: the
first row says how fast that is here.""",
    "a second report, seconds": """## The report

Seconds on the wall of a second `make report`, and of the same command without its board, and with neither that nor
sensitivity. The budgets are for a machine without other work.""",
}

SEARCH = """## Search

Every grouping of the storefront's regions, and of such with regions added, with four bakes; then bakes wave by wave. A
population where that is too many, against the front that is provably best."""

TO_ONE_PERCENT = """## To an interval of ±1 %

How many rollouts, and how many seconds of one core, a 95 % interval of ±1 % of the estimate takes, on the sample with
waves of one, two and three regions: with the SimPy model, with the compiled engine, and by strata (`simulation.rare`),
where the figure is one of theirs. Crude figures are computed from the variance that a pilot finds and from the rates
above."""

HISTORY = """## History

The collector against a bare boto3 loop that makes the same calls with as many threads, and the export against pyarrow
writing the same table; docs/history.md says how."""


def page(found: dict[str, Any], command: str) -> str:
    """Return the page.

    Parameters
    ----------
    found
        What `python -m benchmarks` has written.
    command
        The command that was run.
    """
    return "\n\n".join(_parts(found, command)) + "\n"


def _parts(found: dict[str, Any], command: str) -> Iterator[str]:
    machine = ", ".join(f"{key} {value}" for key, value in found["machine"].items())
    for part in TITLE.format(command=command, machine=machine, load=found["load"]).split("\n\n"):
        yield part if part.startswith(" ") else textwrap.fill(part, WIDTH, break_on_hyphens=False)
    cases = {name: rates for name, rates in found.items() if isinstance(rates, dict) and "SimPy model" in rates}
    if cases:
        yield RATES
        names = list(cases)
        lines = list(cases[names[0]])
        head = ["way", *(f"{name}: a second" for name in names), *(f"{name}: × SimPy" for name in names)]
        yield _table(head, [[line, *_rates(cases, line)] for line in lines])
    for title, text in OTHERS.items():
        if title in found:
            yield text
            yield _table(["what", title], [[name, f"{value:,.2f}"] for name, value in found[title].items()])
    if "to 1 %" in found:
        yield TO_ONE_PERCENT
        head = ["figure", "estimate", "rollouts, crude", "SimPy, s", "compiled, s", "by strata, s", "best"]
        yield _table(head, [_one_percent(name, row) for name, row in found["to 1 %"].items()])
    if "search" in found:
        yield SEARCH
        yield _table(["what", "measured"], [[name, f"{value:,.3f}"] for name, value in found["search"].items()])
    if "history" in found:
        yield HISTORY
        yield _table(["what", "measured"], [[name, f"{value:,.2f}"] for name, value in found["history"].items()])


def _rates(cases: dict[str, dict[str, float]], line: str) -> Iterator[str]:
    for rates in cases.values():
        yield f"{rates[line]:,.0f}"
    for rates in cases.values():
        yield f"{rates[line] / rates['SimPy model']:,.1f}"


def _one_percent(name: str, row: dict[str, Any]) -> list[str]:
    times = [_plain(row[way], ".2f") for way in ("simpy", "compiled", "stratified")]
    return [f"`{name}`", _plain(row["estimate"], ".4g"), _plain(row["rollouts"], ",.0f"), *times, row["best"]]


def _plain(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    path, command = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "make bench"
    sys.stdout.write(page(json.loads(Path(path).read_text(encoding="utf-8")), command))
