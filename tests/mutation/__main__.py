"""`make mutate`: do the tests notice a small change in the model, the kernel, the draws, the outcomes?

Every mutant is tried on a fifth of the random examples; what survives that, and has no reason in ``survivors.toml``, on
all of them. Rows go to build/mutate.jsonl as they come; a run goes on where the last one ended, as long as the file is
the same. Leave the checkout alone meanwhile: each fork imports it anew.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from multiprocessing.connection import wait
from pathlib import Path

from tests.mutation import trial
from tests.mutation.mutants import Mutant, Source
from tests.mutation.record import GATE, Reasons, Record, Row, enough, fits, table
from tests.mutation.suites import SUITES, Suite

ROOT = Path(__file__).resolve().parent.parent.parent


class Bench:
    """A file, its mutants, and the tests for them.

    Parameters
    ----------
    root, file, suite
        The checkout, the file's path in it, and its tests.
    """

    def __init__(self, root: Path, file: str, suite: Suite) -> None:
        self.source, self.suite = Source(root, file), suite
        self.order: dict[str, float] = {}
        self.kills: Counter[str] = Counter()
        self.kills_in: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.durations: dict[str, float] = {}
        self.limit = 600.0

    def warm_up(self, quick: bool) -> None:
        """Try the file as it is, which must survive; learn how long each test takes."""
        for suite in (self.suite.quick(), self.suite.quick() if quick else self.suite):  # the first imports libraries
            found = self.trial(None, suite).verdict()
            if found.fate != "survived":
                raise SystemExit(f"mutate: error: {self.source.file}: its tests fail without any change: {found.by}")
            trial.import_once(found.modules)
        self.durations = found.durations
        self.limit = 10.0 + 3.0 * found.processor
        self._sort()

    def trial(self, mutant: Mutant | None, suite: Suite) -> trial.Trial:
        """Begin a trial; without a mutant, of the file as it is."""
        source = self.source

        def text() -> tuple[str, tuple[str, str]]:
            mutated = source.text if mutant is None else source.mutated(mutant)
            return mutated, source.change(mutated)

        near = self.kills_in[mutant.function] if mutant else Counter[str]()
        order = self.order | {test: -kills / (0.01 + self.durations.get(test, 0.0)) for test, kills in near.items()}
        return trial.Trial(source.module, source.path, text, suite, order, self.limit, self.durations)

    def row(
        self, mutant: Mutant, change: tuple[str, str], fate: str, by: str, seconds: float = 0.0, whole: bool = False
    ) -> Row:
        """Return what became of a mutant."""
        return Row(
            mutant.file, mutant.number, self.source.digest, mutant.function, mutant.operator, mutant.line, *change,
            fate, by, seconds, whole,
        )  # fmt: skip

    def killed(self, function: str, test: str) -> None:
        """Remember which tests kill most: they go first, above all where they have killed in the same function."""
        self.kills[test] += 1
        self.kills_in[function][test] += 1
        self._sort()

    def _sort(self) -> None:
        self.order = {test: (0.01 + s) / (0.1 + self.kills[test]) for test, s in self.durations.items()}


def tried(bench: Bench, mutants: Sequence[Mutant], suite: Suite, jobs: int) -> Iterable[Row]:
    """Try mutants, so many at once, and yield their rows as they come."""
    waiting, running = list(reversed(mutants)), list[tuple[Mutant, trial.Trial]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running.append((mutant, bench.trial(mutant, suite)))
        wait([t.answers for _, t in running], min(t.left for _, t in running))
        for mutant, each in [pair for pair in running if pair[1].over()]:
            running.remove((mutant, each))
            found = each.verdict()
            if found.fate == "killed":
                bench.killed(mutant.function, found.by)
            yield bench.row(mutant, found.change, found.fate, found.by, round(found.seconds, 2), suite.part == 1.0)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    add = parser.add_argument
    add(
        "--files", nargs="+", choices=list(SUITES), default=list(SUITES), metavar="FILE", help=f"of {', '.join(SUITES)}"
    )
    add("--sample", type=int, default=None, metavar="N", help="so many mutants, drawn from all of those files")
    add("--seed", type=int, default=0, help="of the sample")
    add("--jobs", type=int, default=max(os.cpu_count() or 1, 1), help="how many at once; all cores if left out")
    add("--again", action="store_true", help="try the survivors of earlier runs again, as after new tests")
    add("--trust", action="store_true", help="what has a reason of its own to survive is not tried, and survives")
    add("--quick", action="store_true", help="leave it at a fifth of the examples; the next run tries the rest")
    add("--fresh", action="store_true", help="forget earlier runs")
    add("--out", type=Path, default=ROOT / "build" / "mutate.jsonl", help="where the rows are")
    return parser.parse_args(arguments)


def run(
    benches: dict[str, Bench], chosen: Sequence[Mutant], record: Record, reasons: Reasons, o: argparse.Namespace
) -> None:
    """Try what has not been tried: all on a part of the examples, then those who got away on all."""
    for file, bench in benches.items():
        # What becomes None or is left out comes last: an interrupted run has tried the changes that say most.
        own = sorted((mutant for mutant in chosen if mutant.file == file), key=lambda mutant: mutant.blunt)
        done = {n for (f, n), row in record.rows.items() if f == file and not (o.again and row.fate == "survived")}
        todo = [mutant for mutant in own if mutant.number not in done]
        if o.trust:
            todo = without_reason(bench, todo, record, reasons)
        left = [m for m in own if m.number in done and is_open(record.rows[file, m.number], reasons)]
        if todo or left:
            bench.warm_up(o.quick)
        left += work(bench, todo, bench.suite.quick(), record, reasons, o.jobs)
        if not o.quick:
            work(bench, left, bench.suite, record, reasons, o.jobs)


def without_reason(bench: Bench, todo: Sequence[Mutant], record: Record, reasons: Reasons) -> list[Mutant]:
    """Keep those mutants as survivors that have a reason of their own, and return the others."""
    trusted = {mutant.number for mutant in reasons.all_live(bench.source.mutants)}
    for mutant in todo:
        if mutant.number in trusted:
            change = bench.source.change(bench.source.mutated(mutant))
            record.add(bench.row(mutant, change, "survived", "its reason, untried"))
    return [mutant for mutant in todo if mutant.number not in trusted]


def work(
    bench: Bench, todo: Sequence[Mutant], suite: Suite, record: Record, reasons: Reasons, jobs: int
) -> list[Mutant]:
    """Try some mutants, keep the rows, and return those that want another trial."""
    begin, by_number, left = time.monotonic(), {mutant.number: mutant for mutant in todo}, list[Mutant]()
    for n, row in enumerate(tried(bench, todo, suite, jobs), start=1):
        record.add(row)
        if is_open(row, reasons):
            left.append(by_number[row.number])
        pace = (time.monotonic() - begin) / n
        what = "" if suite.part == 1.0 else f" on {suite.part:.0%} of the examples"
        print(
            f"\r{row.file}{what}: {n:,} of {len(todo):,}, {len(left):,} to try on, {pace:.2f} s each, "
            f"{pace * (len(todo) - n) / 60:.0f} min to go   ", end="", file=sys.stderr, flush=True,
        )  # fmt: skip
    if todo:
        print(file=sys.stderr)
    return left


def is_open(row: Row, reasons: Reasons) -> bool:
    """Whether a mutant has got away so far, with a part of the examples and without a reason."""
    spoken_of = any("count" not in entry and fits(entry, row) for entry in reasons.entries)
    return row.fate == "survived" and not row.whole and not spoken_of


def report(rows: Sequence[Row], reasons: Reasons, whole: Sequence[str]) -> None:
    """Print the survivors, the list's idle entries, and the table."""
    survivors = sorted(
        (row for row in rows if row.fate == "survived"), key=lambda row: (row.file, row.line, row.number)
    )
    listed = reasons.of(survivors)
    print("\nSurvivors with a reason:\n")
    for row in survivors:
        if reason := listed.get((row.file, row.number)):
            print(f"{row.told()}\n      {reason}")
    print("\nSurvivors without one:\n")
    for row in survivors:
        if (row.file, row.number) not in listed:
            print(row.told())
    for entry in reasons.idle(rows):
        if entry.get("file") in whole:
            what = " ".join(str(entry[key]) for key in ("file", "function", "operator", "count") if key in entry)
            print(f"\nIn survivors.toml, and yet not as many survivors: {what}")
    print(f"\n{table(rows, reasons)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants, print the tables, and return the exit code."""
    o = options(arguments)
    os.environ.update(trial.ENVIRONMENT)
    os.chdir(ROOT)
    if o.fresh:
        o.out.unlink(missing_ok=True)
    benches = {file: Bench(ROOT, file, SUITES[file]) for file in o.files}
    mutants = [mutant for bench in benches.values() for mutant in bench.source.mutants]
    chosen = mutants if o.sample is None else random.Random(o.seed).sample(mutants, min(o.sample, len(mutants)))
    record, reasons = Record(o.out, {file: bench.source.digest for file, bench in benches.items()}), Reasons()
    try:
        run(benches, chosen, record, reasons, o)
    except KeyboardInterrupt:
        print("\nstopped; the next run goes on from here", file=sys.stderr)
    rows = [record.rows[m.file, m.number] for m in chosen if (m.file, m.number) in record.rows]
    report(rows, reasons, o.files if o.sample is None and len(rows) == len(mutants) else [])
    good = enough(rows, reasons)
    print(f"\nAt least {GATE:.0%} in each file, with and without those changes: {'yes' if good else 'NO'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
