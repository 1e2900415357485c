"""What became of the mutants: kept line by line in build/mutate.jsonl, read again by the next run, and told as tables.

Here is also the list of survivors that have a reason, ``survivors.toml``.
"""

import json
import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.mutation.mutants import BLUNT, Mutant

GATE = 0.9
REASONS = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Row:
    """One mutant and its fate.

    Attributes
    ----------
    file, function, operator, line, before, after
        What was changed where; of several lines, the first that differs.
    number, digest
        Which of the file's mutants it is, and of which text.
    fate, by, seconds
        As in `Verdict`.
    whole
        Whether all examples were tried on it; a survivor of a part gets another trial.
    """

    file: str
    number: int
    digest: str
    function: str
    operator: str
    line: int
    before: str
    after: str
    fate: str
    by: str
    seconds: float
    whole: bool

    def told(self) -> str:
        """Return it as two lines for people."""
        where = f"{self.file}:{self.line}: {self.function or 'top of the file'} [{self.operator}]"
        return f"  {where}\n      - {self.before}\n      + {self.after}"


class Record:
    """The rows so far, in a file.

    Parameters
    ----------
    path
        Where they are kept.
    digests
        By file, the text that counts; rows of another text are forgotten.
    """

    def __init__(self, path: Path, digests: dict[str, str]) -> None:
        self.path, self.rows = path, dict[tuple[str, int], Row]()
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines():
            row = Row(**json.loads(line))
            if digests.get(row.file, row.digest) == row.digest:
                self.rows[row.file, row.number] = row
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = (json.dumps(asdict(row)) + "\n" for row in self.rows.values())
        path.write_text("".join(kept), encoding="utf-8")

    def add(self, row: Row) -> None:
        """Keep a row, at once."""
        self.rows[row.file, row.number] = row
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(row)) + "\n")


class Reasons:
    """Why some mutants may live.

    Parameters
    ----------
    path
        Tables `[[survivor]]`: in a function of a file, so many changes by an operator make no difference, for a reason.
        Tables `[[class]]`: none of a kind does; without a count, and without what does not matter.
    """

    def __init__(self, path: Path = REASONS) -> None:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        self.entries: list[dict[str, Any]] = [*tables.get("survivor", []), *tables.get("class", [])]

    def of(self, rows: Iterable[Row]) -> dict[tuple[str, int], str]:
        """Return the reasons of survivors, by file and number; an entry is good for as many as it counts."""
        left = [entry.get("count", math.inf) for entry in self.entries]
        found: dict[tuple[str, int], str] = {}
        for row in sorted((row for row in rows if row.fate == "survived"), key=lambda row: (row.file, row.number)):
            for n, entry in enumerate(self.entries):
                if left[n] and fits(entry, row):
                    left[n] -= 1
                    found[row.file, row.number] = entry["reason"]
                    break
        return found

    def all_live(self, mutants: Sequence[Mutant]) -> list[Mutant]:
        """Return those of a file's mutants of whose kind none makes a difference in their function."""
        found = []
        for entry in self.entries:
            own = [mutant for mutant in mutants if fits(entry, mutant)]
            found += own if len(own) <= entry.get("count", math.inf) else []
        return found

    def idle(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the entries that count more than there are survivors, although all mutants have been tried."""
        survivors = [row for row in rows if row.fate == "survived"]
        return [e for e in self.entries if sum(fits(e, row) for row in survivors) < e.get("count", 1)]


def fits(entry: dict[str, Any], one: Row | Mutant) -> bool:
    """Whether an entry speaks of a mutant."""
    return all(getattr(one, key) == value for key, value in entry.items() if key not in ("reason", "count"))


@dataclass(frozen=True)
class Count:
    """How many of some mutants were killed, timed out, survived with a reason, and without."""

    killed: int
    timeout: int
    listed: int
    unlisted: int
    stillborn: int

    @property
    def share(self) -> float:
        """Killed, of all that could be imported."""
        all_ = self.killed + self.timeout + self.listed + self.unlisted
        return (self.killed + self.timeout) / all_ if all_ else 1.0

    @property
    def share_but_listed(self) -> float:
        """The same without the survivors that have a reason."""
        all_ = self.killed + self.timeout + self.unlisted
        return (self.killed + self.timeout) / all_ if all_ else 1.0


def count(rows: Iterable[Row], reasons: Reasons) -> Count:
    """Count fates."""
    found = dict.fromkeys(("killed", "timeout", "listed", "unlisted", "stillborn"), 0)
    rows = list(rows)
    listed = reasons.of(rows)
    for row in rows:
        fate = row.fate if row.fate != "survived" else "listed" if (row.file, row.number) in listed else "unlisted"
        found[fate] += 1
    return Count(**found)


def table(rows: Sequence[Row], reasons: Reasons) -> str:
    """Return fates by file and by kind of change, as text."""
    groups: dict[str, list[Row]] = {
        file: [r for r in rows if r.file == file] for file in _in_order(r.file for r in rows)
    }
    groups["all"] = list(rows)
    groups["all, but for what becomes None or is left out"] = [r for r in rows if r.operator not in BLUNT]
    groups |= {f"  {kind}": [r for r in rows if r.operator == kind] for kind in _in_order(r.operator for r in rows)}
    head = ("", "mutants", "killed", "time out", "survived", "listed", "killed %", "unlisted aside")
    lines = [f"{head[0]:48}" + "".join(f"{title:>10}" for title in head[1:7]) + f"{head[7]:>16}"]
    for name, group in groups.items():
        n = count(group, reasons)
        numbers = (len(group) - n.stillborn, n.killed, n.timeout, n.listed + n.unlisted, n.listed)
        lines.append(
            f"{name:48}" + "".join(f"{x:>10,}" for x in numbers) + f"{n.share:>10.1%}{n.share_but_listed:>16.1%}"
        )
    lines.append(f"{count(rows, reasons).stillborn:,} more cannot even be imported, and count for nothing.")
    return "\n".join(lines)


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(set(names))


def enough(rows: Sequence[Row], reasons: Reasons) -> bool:
    """Whether at least 90 % were killed: in each file, of all changes and of all but the blunt ones."""
    for file in _in_order(row.file for row in rows):
        own = [row for row in rows if row.file == file]
        sharp = [row for row in own if row.operator not in BLUNT]
        if count(own, reasons).share < GATE or count(sharp, reasons).share < GATE:
            return False
    return True
