"""What is to be said against a plan on the board: rules of the team that break, then good practice.

Not here: the rules themselves (``waves.rules``), where on the board they are marked (``state``, ``remarks``).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from waves import Fleet, Plan, Rules
from waves.rules.practice import doubtful
from waves.rules.written import breaches

TWICE = {"failover-together": "partners-apart"}  # practice that says what a broken rule says already
OF_PAIRS = {*TWICE, *TWICE.values()}


class Remark(NamedTuple):
    """One sentence: whether it is a `broken` rule or a `note`, where in the plan, what it says, the rule, and who."""

    kind: str
    where: tuple[Any, ...]
    text: str
    rule: str
    regions: tuple[str, ...] = ()


def remarks_on(plan: Plan, rules: Rules | None, fleet: Fleet) -> list[Remark]:
    """Return what breaks, and what good practice says; nothing twice."""
    found = [_remark("broken", row, plan, fleet) for row in _broken(plan, rules, fleet)]
    said = {each.rule for each in found}
    notes = [_remark("note", row, plan, fleet) for row in doubtful(plan, fleet)]
    return found + [each for each in notes if TWICE.get(each.rule) not in said]


def _remark(kind: str, row: tuple[Sequence[Any], str, str], plan: Plan, fleet: Fleet) -> Remark:
    where, text, rule = row
    return Remark(kind, tuple(where), f"{text}.", rule, tuple(_regions(where, rule, plan, fleet)))


def _regions(where: Sequence[Any], rule: str, plan: Plan, fleet: Fleet) -> Iterator[str]:
    """Yield the regions that a remark is about, in their wave: of partners both, though its place is one of them."""
    if where[:1] != ("waves",) or where[2:3] != ("regions",) or len(where) < 4:
        return
    here = plan.waves[where[1]].regions
    name = here[where[3]]
    partners = {each for pair in fleet.pairs if name in pair for each in pair} if rule in OF_PAIRS else set()
    yield from (each for each in here if each == name or each in partners)


def _broken(plan: Plan, rules: Rules | None, fleet: Fleet) -> list[Any]:
    return list(breaches(plan, rules, fleet)) if rules else []
