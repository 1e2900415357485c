"""docs/coverage.md, from what `python -m benchmarks.coverage` left: `python -m benchmarks.coverage_page FOLDER`.

Not here: any measuring.
"""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.coverage import TRUTH, scenes
from simulation.results.estimator import clopper_pearson
from simulation.results.numerals import number

WANTED, MOST, SURE = 0.93, 0.97, 0.999
OF = {"sweep": "summary", "sweep's difference": "difference", "to a precision": "summary"}  # whose truth is theirs
NARROW = 2.0**-12  # a true quantile is known to within its bin
HEAD = f"""# How often intervals hold

Every figure's interval of 95 %, at the default number of trials (20,000; of a sweep 100,000), held against the truth:
how many in a hundred seeds held it, under the plan for which fewest did, beside what crude sampling does with as many
trials. What is true is what {TRUTH:,} trials by strata say on another seed; as many crude trials, in which strata have
no part, agree with it. The samples, and three scenarios with heavy tails: *long tails*, in which alarms, customers and
people may each take days, *silent leak*, in which one change in seven thousand hurts unseen for two weeks, and *slow
hands*, which was made up only after all that decides what is unknown had been set on the others.

**Red** is a figure whose interval of 99.9 % for how often it holds lies below 93 %. Above 97 % are figures that are
known *exactly*, and those whose intervals are *conservative*: exact ones of chances (Clopper and Pearson), and
quantiles, whose ends are values that there are. *Unknown* says in how many of a hundred reports a figure had no
interval; those are not counted. Half-widths are medians, those of the plan that is judged, the first.
Error budgets and figures of a month are multiples of the impact's, and failed requests too: they hold as often.

*Unknown rather than wrong.* In *long tails* people need 45 minutes to recover a region, or days, and one change in
hundreds comes to that: a sample says little of it, whether it met such a day or not. So the scenario's laws decide, and
mean times, the time to ship and differences in the impact are unknown there under any seed, as a report says with the
trials they would take. When the sample alone decided, some half of the seeds told them, and 72 to 87 % of those held.

This page is made by `nice python -m benchmarks.coverage`, some hours of one core, and
`python -m benchmarks.coverage_page build/coverage`."""


def scored(truth: dict[str, pd.DataFrame], found: dict[str, Any]) -> pd.DataFrame:
    """Return by part, plan and figure how many intervals held, of how many, how many were unknown, and half-widths."""
    rows = []
    for part, (index, tables) in found.items():
        low, high = np.moveaxis(np.array(tables), 2, 0)[1:]
        true = truth[OF.get(part, part)]["estimate"].reindex(index).to_numpy(dtype=float)
        slack = np.abs(true) * np.array([NARROW if "_p" in str(name) else 1e-9 for _, name in index]) + 1e-12
        held = ~((low > true + slack) | (high < true - slack))
        unknown = np.isnan(low) | np.isnan(high)
        half = _middle(np.where(unknown, np.nan, high - low)) / 2
        for place, (plan, figure) in enumerate(index):
            told = ~unknown[:, place]
            counts = int((held[:, place] & told).sum()), int(told.sum()), int(unknown[:, place].sum())
            rows.append((part, str(figure), plan, *counts, half[place]))
    return pd.DataFrame(rows, columns=["part", "figure", "plan", "held", "of", "unknown", "half"])


def _middle(widths: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = [column[~np.isnan(column)] for column in widths.T]
    return np.array([np.median(column) if len(column) else np.nan for column in kept])


def section(name: str, folder: Path) -> Iterator[str]:
    """Yield a scene's heading and table."""
    truth, ours = (_read(folder, f"{kind} {name}") for kind in ("truth", "stratified"))
    found = scored(truth, ours)
    crude = scored(truth, _read(folder, f"crude {name}")) if (folder / f"crude {name}.pkl").exists() else found.iloc[:0]
    yield f"## {name}\n\n{_together(found)}{' Crude: ' + _together(crude) if len(crude) else ''}"
    lines = [["", "figure", "held, %", "half-width", "unknown, %", "crude: held, %", "half-width", ""], ["---"] * 8]
    for (part, figure), own in found.groupby(["part", "figure"], sort=False):
        least, first = _worst(own), own.iloc[0]
        other = crude[(crude["part"] == part) & (crude["figure"] == figure)]
        before = [_percent(_worst(other)), _short(other.iloc[0]["half"])] if len(other) else ["", ""]
        seeds = own["of"] + own["unknown"]
        unknown = f"{100 * (own['unknown'] / seeds).max():.0f}" if own["unknown"].any() else ""
        cells = [str(part), f"`{figure}`", _percent(least), _short(first["half"]), unknown, *before]
        lines.append([*cells, _remark(str(part), str(figure), own)])
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _worst(rows: pd.DataFrame) -> "pd.Series[Any]":
    return rows.iloc[int((rows["held"] / rows["of"].clip(lower=1)).to_numpy().argmin())]


def _read(folder: Path, name: str) -> Any:
    return pickle.loads((folder / f"{name}.pkl").read_bytes())  # noqa: S301  our own file


def _together(table: pd.DataFrame) -> str:
    mean = 100 * table["held"].sum() / table["of"].sum()
    red = sum(_is_red(row) for _, row in table.iterrows())
    seeds = (table["of"] + table["unknown"]).max()
    return f"{seeds} seeds; all {len(table)} figures together held {mean:.1f} %; red: {red}."


def _percent(row: Any) -> str:
    if not row["of"]:
        return "–"
    text = f"{100 * row['held'] / row['of']:.1f}"
    return f"**{text} red**" if _is_red(row) else text


def _ends(row: Any) -> tuple[float, float]:
    if not row["of"]:
        return 0.0, 1.0
    low, high = clopper_pearson(np.array([row["held"]]), np.array([row["of"]]), SURE)
    return float(low[0]), float(high[0])


def _is_red(row: Any) -> bool:
    return _ends(row)[1] < WANTED


def _remark(part: str, figure: str, own: pd.DataFrame) -> str:
    """Say why a figure holds oftener than asked for, where it surely does."""
    if not any(_ends(row)[0] > MOST for _, row in own.iterrows()):
        return ""
    if (own["half"] == 0).all():
        return "exact"
    chances = part in ("exposure", "reached", "regions") or figure.startswith("probability_")
    return "conservative" if chances or "_p" in figure else "above 97"


def _short(value: float) -> str:
    return number(value, 3) if value == value else "–"


def page(folder: Path) -> str:
    """Return the page of those scenes that were measured."""
    kinds = "truth", "stratified"
    there = {name: all((folder / f"{kind} {name}.pkl").exists() for kind in kinds) for name in scenes()}
    missing = [name for name, whole in there.items() if not whole]
    parts = [HEAD, *([f"Not measured yet: {', '.join(missing)}."] if missing else [])]
    for name in there:
        parts += section(name, folder) if there[name] else []
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
