"""Which rules each grouping of a table breaks, in so few texts that a page can carry them.

Who is in which wave, and how many waves there are, decides over all rules but those on bakes. Not here: the rules
themselves (``waves.rules``).
"""

from collections.abc import Iterable
from typing import Any

from simulation.boards.findings import remarks_on
from simulation.boards.table import FACTORS, Table
from waves import Plan, Rules
from waves.by_name import counterpart
from waves.rules.written import breaches

BAKES = "min-bake-minutes"

Remark = dict[str, Any]


def remarks(table: Table, rules: Rules | None) -> tuple[dict[str, Any], list[list[list[Remark]]]]:
    """Return what is to be said of groupings, and of bakes.

    Returns
    -------
    groupings : dict
        `texts`, each a remark with `kind`, `text`, `wave` (its place, or None) and `regions` (places), and `of`: by
        grouping the numbers of its texts.
    bakes : list
        By factor and by number of waves, from one on, the remarks on bakes.
    """
    texts: dict[tuple[Any, ...], int] = {}
    of = []
    for plan in table.plans(range(len(table.waves))):
        said = (each for each in said_of(plan, table, rules) if each[0] != BAKES)
        of.append([texts.setdefault(each[1:], len(texts)) for each in said])
    return {"texts": [_remark(*each) for each in texts], "of": of}, _bakes(table, rules)


def said_of(plan: Plan, table: Table, rules: Rules | None) -> Iterable[tuple[Any, ...]]:
    """Yield the rule, the kind, the text, the wave and the regions of each remark on a plan."""
    for kind, where, text, rule, regions in remarks_on(plan, rules, table.scenario.fleet):
        wave = where[1] if where[:1] == ("waves",) and len(where) > 1 else None
        yield rule, kind, text, wave, tuple(map(table.regions.index, regions))


def _bakes(table: Table, rules: Rules | None) -> list[list[list[Remark]]]:
    if rules is None or not rules.rules.min_bake_minutes:
        return [[] for _ in FACTORS]
    only = Rules(rules={"min_bake_minutes": rules.rules.min_bake_minutes})
    most = int(table.waves.max()) + 1
    return [[_of_bakes(table, only, factor, count) for count in range(1, most + 1)] for factor in FACTORS]


def _of_bakes(table: Table, rules: Rules, factor: float, count: int) -> list[Remark]:
    today, names = table.today, table.regions
    alike = [today.waves[counterpart(number, count, len(today.waves))] for number in range(count)]
    waves = tuple(
        wave.replace(name=None, regions=(names[n],), bake_minutes=wave.bake_minutes * factor)
        for n, wave in enumerate(alike)
    )
    plan = Plan.model_construct(name=today.name, waves=waves)
    found: list[tuple[Any, str, str]] = list(breaches(plan, rules, None))
    return [_remark("broken", f"{text}.", where[1], ()) for where, text, _ in found]


def _remark(kind: str, text: str, wave: int | None, regions: tuple[int, ...]) -> Remark:
    return {"kind": kind, "text": text, "wave": wave, "regions": regions}
