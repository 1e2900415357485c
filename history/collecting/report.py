"""What a run has to say: one line a unit, a table, an exit code.

Not here: the run itself (`history.collecting.fetch`).
"""

import html
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from history.aws.errors import OUTCOMES
from history.keepable import legible
from history.units import Unit

COMPLETE, PARTIAL, CREDENTIALS, INTERRUPTED = 0, 3, 4, 130


@dataclass(frozen=True)
class UnitReport:
    """What became of one unit in one run.

    Attributes
    ----------
    unit : Unit
        Account, region and stream; for CodeCatalyst space, project and stream.
    outcome : str
        One of `OUTCOMES`.
    detail : str
        Why, or what people should know; free of secrets.
    requests, new, changed : int
        Requests sent, rows that were new, and rows that replaced an older answer.
    malformed : int
        Answers about single things that could not be kept as rows; they were kept raw.
    seconds : float
        How long it took.
    expected : bool
        Whether the config says that the region is switched off.
    """

    unit: Unit
    outcome: str
    detail: str = ""
    requests: int = 0
    new: int = 0
    changed: int = 0
    malformed: int = 0
    seconds: float = 0.0
    expected: bool = False

    @property
    def complete(self) -> bool:
        """Whether we looked, or were told not to."""
        return self.outcome in ("ok", "empty") or self.expected

    def __str__(self) -> str:
        """Return one plain line, for cron."""
        found = f"{self.new} new, {self.changed} changed, {self.requests} requests, {self.seconds:.1f} s"
        return legible(f"{self.unit}: {self.outcome}, {found}" + (f": {self.detail}" if self.detail else ""))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**self.unit._asdict(), **{k: v for k, v in asdict(self).items() if k != "unit"}}


@dataclass(frozen=True)
class Report:
    """What became of a run.

    Attributes
    ----------
    units : tuple of UnitReport
        In the order of the config.
    interrupted : bool
        Whether somebody stopped it before all units were done.
    notices : tuple of str
        What else there is to know and to do, such as what a migration of the store took out of it.
    """

    units: tuple[UnitReport, ...]
    interrupted: bool = False
    notices: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 complete; 4 credentials are missing or expired somewhere; 3 partial for other reasons; 130 interrupted."""
        if self.interrupted:
            return INTERRUPTED
        if any(unit.outcome == "expired" for unit in self.units):
            return CREDENTIALS
        return COMPLETE if all(unit.complete for unit in self.units) else PARTIAL

    @property
    def counts(self) -> dict[str, int]:
        """How many units had each outcome, in the order of `OUTCOMES`."""
        found = Counter(unit.outcome for unit in self.units)
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        units = [unit.as_dict() for unit in self.units]
        return {
            "exit_code": self.exit_code,
            "interrupted": self.interrupted,
            "outcomes": self.counts,
            "notices": list(self.notices),
            "units": units,
        }

    def __str__(self) -> str:
        """Return the table of units by outcome, and a sentence on what is missing."""
        rows = [["outcome", "account", "region", "stream", "new", "changed", "requests", "seconds", "remark"]]
        for unit in sorted(self.units, key=lambda unit: OUTCOMES.index(unit.outcome)):
            numbers = [str(unit.new), str(unit.changed), str(unit.requests), f"{unit.seconds:.1f}"]
            rows.append([unit.outcome, *unit.unit, *numbers, unit.detail])
        return f"{columns(rows)}\n{self.sentence}"

    @property
    def sentence(self) -> str:
        """What all that means, in one sentence."""
        missing = sum(not unit.complete for unit in self.units)
        if self.interrupted:
            return "Interrupted: what was committed is safe, and the next run goes on from there."
        if not missing:
            return f"Complete: all {len(self.units)} units were looked at."
        return (
            f"Partial: {missing} of {len(self.units)} units could not be looked at in full; that is not 'no failures'."
        )

    def _repr_html_(self) -> str:
        names = ("outcome", "account", "region", "stream", "new", "changed", "remark")
        rows = [(unit.outcome, *unit.unit, unit.new, unit.changed, unit.detail) for unit in self.units]
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table><p>{html.escape(self.sentence)}</p>"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out in columns, each as wide as its widest cell; the last one is left as it is.

    What a terminal cannot show, or would obey, stands there as an escape.
    """
    rows = [[legible(cell.replace("\u00a0", " ")) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]) - 1)]
    lines = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
