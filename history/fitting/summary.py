"""A fit in words and tables. Not here: its numbers (`fit`), its pictures (`pictures`)."""

import math
from html import escape
from typing import TYPE_CHECKING, Any

from history.collecting.report import columns
from simulation.results.numerals import number
from waves.showing import cards, counted, words

if TYPE_CHECKING:
    from history.fitting.result import Fitted


def sentences(fitted: "Fitted") -> list[str]:
    """Say what was learnt and what was not."""
    many = counted(len(fitted.learnt), "value")
    found = [f"{many} of {fitted.base.name} learnt of {counted(fitted.rollouts, 'rollout')} of {fitted.source}."]
    found += [f"Cannot be told: {name}: {why}" for name, why in fitted.cannot_tell.items()]
    return [*found, *fitted.remarks]


def shown(value: float, unit: str) -> str:
    """Write a number, a probability in percent."""
    if math.isnan(value):
        return "unknown"
    return f"{number(100 * value, 3)} %" if "probability" in unit or unit == "share" else number(value, 3)


def rows(fitted: "Fitted") -> list[tuple[str, str, str, str, str, str]]:
    """Return the table's cells."""
    return [
        (str(name), shown(row.estimate, row.unit), f"{shown(row.low, row.unit)} to {shown(row.high, row.unit)}",
         f"{row.n:,}", "" if "probability" in row.unit else str(row.unit), str(row.source))
        for name, row in fitted.frame.iterrows()
    ]  # fmt: skip


HEAD = ("field", "estimate", "95 %", "n", "unit", "source")


def text(fitted: "Fitted") -> str:
    """Return a table and sentences, for a terminal."""
    head, *rest = sentences(fitted)
    table = columns([HEAD, *rows(fitted)]) if fitted.learnt else ""
    return "\n".join(part for part in (head, "", table, "", *rest) if part is not None)


def table(fitted: "Fitted") -> str:
    """Return the table as HTML."""
    cells = ((each[0], each[1], each[2].replace(" ", "\u00a0"), *each[3:]) for each in rows(fitted))
    return str(cards(HEAD, list(cells)))


def html(fitted: "Fitted") -> str:
    """Return table and sentences, for a notebook."""
    head, *rest = sentences(fitted)
    listed = "".join(f"<li>{words(each)}</li>" for each in rest)
    return f"<p><b>{escape(head)}</b></p>{table(fitted)}<ul>{listed}</ul>"


def as_dict(fitted: "Fitted") -> dict[str, Any]:
    """Return everything as plain values."""
    fields = [
        {"field": str(name), **{key: _plain(value) for key, value in row.items()}}
        for name, row in fitted.frame.iterrows()
    ]
    return {
        "source": fitted.source, "rollouts": fitted.rollouts, "seed": fitted.seed, "fields": fields,
        "cannot_tell": dict(fitted.cannot_tell), "remarks": list(fitted.remarks),
        "scenario": fitted.scenario.as_dict(),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str) else int(value)
