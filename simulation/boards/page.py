"""The board without a kernel: one piece of HTML that asks for nothing, moves where scripts run, and is never blank.

Without scripts it is a picture of all its plans and a table of the best. Not here: a whole page around it (the
command's), what its script does (``still.js``).
"""

import json
import math
from typing import Any

import numpy as np

from simulation.boards import words
from simulation.boards.encoding import encoded
from simulation.boards.figures import FIGURES
from simulation.boards.nearby import looked_up
from simulation.boards.parts import hands, read
from simulation.boards.remarks import remarks
from simulation.boards.table import FACTORS, NAMES, Table
from simulation.plots import cloud
from simulation.results.figures import estimated
from simulation.scenario import Scenario
from simulation.searching.front import front
from waves import Plan, Rules
from waves.files.documents import yaml_text
from waves.showing import Html, element
from waves.showing import table as html_table

CHOICES = ("none", "half of today’s", "as today", "double")
SHOWN = ("impact_minutes_mean", "end_minutes_given_shipped_mean")  # by which the table without scripts is chosen
ROWS = 6
BESIDE = ("regions", "name", "bake_minutes", "bake_requests")  # of a wave, what a board changes


def fragment(
    scenario: Scenario,
    today: Plan,
    *,
    rules: Rules | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    nearby: bool = False,
) -> Html:
    """Return a board for a page: with all groupings of up to six regions, else the front and its neighbours.

    Parameters
    ----------
    scenario, today
        The plan of today, over the scenario's fleet.
    rules
        What a plan should keep to; None for good practice alone.
    seed, confidence
        As for `compare`.
    nearby
        Whether today's plan and what one move makes of it suffice, which takes a moment instead of some seconds.
    """
    if rules is not None and not isinstance(rules, Rules):
        raise ValueError(f"rules is {type(rules).__name__}; give Rules, such as Rules.read(path) gives")
    return of_table(looked_up(scenario, today, seed=seed, confidence=confidence, few=nearby), rules)


def of_table(table: Table, rules: Rules | None = None) -> Html:
    """Return the board of a table."""
    data = json.dumps(facts(table, rules), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    script = f"(() => {{\n{hands()}{read('still.js')}mountStill(document.currentScript.parentElement);\n}})();"
    return Html(
        f'<div class="wb-still"><style>{read("board.css")}</style>'
        f'<div class="wb-plain">{_plain(table)}</div><div class="wb-here" hidden></div>'
        f'<script type="application/json">{data}</script><script>{script}</script></div>'
    )


def facts(table: Table, rules: Rules | None) -> dict[str, Any]:
    """Return all that the script of a page knows, in plain values."""
    today, fleet = table.today, table.scenario.fleet
    home = {name: w for w, wave in enumerate(today.waves) for name in wave.regions}
    groups, bakes = remarks(table, rules)
    head, foot = _around(today)
    return {
        "plan": words.short(today.name), "scenario": words.short(table.scenario.name),
        "inWords": words.in_words(today), "confidence": f"{table.confidence * 100:g}\u00a0%",
        "basis": _basis(table), "hint": HINT,
        "regions": [{"name": name, "part": fleet.shares[name]} for name in table.regions],
        "today": [home[name] for name in table.regions], "factors": list(FACTORS), "choices": CHOICES,
        "kinds": [_kind(wave) for wave in today.waves], "head": head, "foot": foot,
        "figures": [{key: getattr(f, key) for key in ("name", "words", "hint", "unit", "group")} for f in FIGURES],
        "base": [[float(each) if math.isfinite(each) else None for each in row] for row in table.base],
        "remarks": groups, "bakeRemarks": bakes,
        **encoded(table),
    }  # fmt: skip


HINT = (
    "Saved as plan.yaml, it is what `wavecast write plan.yaml --to codecatalyst` makes a pipeline of; "
    "`wavecast board --plan plan.yaml` works it out anew, with any bakes."
)


def _basis(table: Table) -> str:
    plans = f"{table.waves.shape[0] * len(FACTORS):,}"
    which = "all groupings" if table.whole else "the best known groupings and their neighbours"
    return (
        f"{table.trials:,} rollouts of each of {plans} plans, worked out beforehand: {which}, with bakes as today's "
        f"first, later and last wave times 0, ½, 1 or 2; scenario {words.short(table.scenario.name)} "
        f"({table.scenario.digest}), seed {table.seed}"
    )


def _kind(wave: Any) -> dict[str, Any]:
    own = wave.model_dump(mode="python", exclude_defaults=True)
    rest = yaml_text({key: value for key, value in own.items() if key not in BESIDE}) if set(own) - set(BESIDE) else ""
    return {
        "bake": wave.bake_minutes, "requests": wave.bake_requests, "approval": wave.approval,
        "rest": rest.splitlines(),
    }  # fmt: skip


def _around(today: Plan) -> tuple[str, str]:
    """Return what a plan's file says before its waves and after them."""
    own = today.as_dict()
    rest = {key: value for key, value in own.items() if key not in ("name", "waves")}
    return yaml_text({"name": f"{today.name}, changed"[:200]}), yaml_text(rest) if rest else ""


def _plain(table: Table) -> Html:
    """Return what is seen where no script runs: the plans as a picture, the best of them in a table."""
    rows = [("today: " + words.in_words(table.today), *_cells(table.base))]
    for factor, grouping in _best(table):
        plan = table.plan(grouping, FACTORS[factor])
        rows.append((words.in_words(plan), *_cells(table.numbers[:, :3, factor, grouping])))
    head = ("waves, and how long each bakes", *(figure.words for figure in FIGURES))
    said = element("p", f"{_basis(table)}. Where scripts run, regions can be moved here.")
    picture = Html(cloud(table)._repr_html_())
    return picture + html_table(head, rows, numbers=False) + said


def _cells(numbers: Any) -> list[Html]:
    cells = []
    for figure, row in zip(FIGURES, numbers, strict=True):
        value, low, high = (float(each) for each in row[:3])
        estimate, interval = estimated(value, low, high, figure.unit)
        cells.append(element("span", estimate) + Html("<br>") + element("small", interval))
    return cells


def _best(table: Table) -> list[tuple[int, int]]:
    """Return some plans that none beats in both figures, from the fastest to the slowest: factor and grouping."""
    value = np.stack([table.numbers[NAMES.index(name), 0].reshape(-1) for name in SHOWN], axis=1)
    whole = np.flatnonzero(np.isfinite(value).all(axis=1))
    on = whole[front(value[whole], 0.05)]
    picked = on[np.unique(np.linspace(0, max(len(on) - 1, 0), ROWS).round().astype(np.int64))] if len(on) else on
    return [(int(at) // len(table.waves), int(at) % len(table.waves)) for at in picked]
