"""What a search comes to in words: the fastest plan at today's risk, the safest at today's speed, and what is in it.

Not here: the search (``search``), how numbers are rounded (``numerals``).
"""

from typing import TYPE_CHECKING, Any

from simulation.results.figures import PAIRED, amount, between, called
from simulation.results.numerals import percent

if TYPE_CHECKING:
    from simulation.searching.search import Search

Values = dict[str, float]


def sentences(found: "Search") -> list[str]:
    """Return what is to be said of a search, sentence by sentence."""
    names = [name for name in found.plans if name != "today"]
    values = {name: {figure: each.value for figure, each in row.items()} for name, row in found.known.items()}
    known = "Of all plans with one bake for all waves, and others near them" if found.every else "Of the plans tried"
    how = f"dropped was what another is as good as in each figure, or within about {percent(found.resolution)} of it"
    said = [f"{known}, these are worth discussing: {how}."]
    if not found.finished:
        said.append("The search was interrupted: better plans may be missing.")
    if "today" in found.plans:
        said += _against_today(found, names, values)
    return said


def _against_today(found: "Search", names: list[str], values: dict[str, Values]) -> list[str]:
    today, (*risks, time) = values["today"], found.objectives
    little = 1 + found.resolution
    as_safe = [n for n in names if all(values[n][risk] <= today[risk] * little for risk in risks)]
    others = (*risks[1:], time)
    as_fast = [n for n in names if all(values[n][figure] <= today[figure] * little for figure in others)]
    said = []
    fastest = min(as_safe, key=lambda n: values[n][time], default=None)
    if fastest is not None and values[fastest][time] * little < today[time]:
        said.append(f"The fastest plan at today's risk is {fastest}: {_gain(found, fastest, time, values)}.")
    safest = min(as_fast, key=lambda n: values[n][risks[0]], default=None)
    if safest is not None and values[safest][risks[0]] * little < today[risks[0]]:
        said.append(f"The safest plan at today's speed is {safest}: {_gain(found, safest, risks[0], values)}.")
    if not said:
        said.append(
            f"Nothing gains more than {percent(found.resolution)} over the plan of today in {called(time)} or "
            f"{called(risks[0])} without losing elsewhere."
        )
    return said


def _gain(found: "Search", name: str, figure: str, values: dict[str, Values]) -> str:
    unit = PAIRED.get(figure, "probability")
    own, today = (amount(values[each][figure], unit) for each in (name, "today"))
    gain = f"{called(figure)} {own} rather than {today}"
    if figure not in PAIRED or found.comparison.baseline != "today":
        return gain
    row: Any = found.comparison.differences.loc[(name, figure)]
    return f"{gain}, {between(-float(row['high']), -float(row['low']), unit)} less"
