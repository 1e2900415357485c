"""What is to be said against a plan on the board: rules of the team that break, then good practice.

Not here: the rules themselves (``waves.rules``), where on the board they are marked (``state``, ``remarks``).
"""

from typing import Any, NamedTuple

from waves import Fleet, Plan, Rules
from waves.rules.practice import doubtful
from waves.rules.written import breaches

TWICE = {"failover-together": "partners-apart"}  # practice that says what a broken rule says already


class Remark(NamedTuple):
    """One sentence: whether a rule is `broken` or it is a `note`, where in the plan, the sentence, and the rule."""

    kind: str
    where: tuple[Any, ...]
    text: str
    rule: str


def remarks_on(plan: Plan, rules: Rules | None, fleet: Fleet) -> list[Remark]:
    """Return what breaks, and what good practice says; nothing twice."""
    found = [Remark("broken", tuple(where), f"{text}.", rule) for where, text, rule in _broken(plan, rules, fleet)]
    said = {each.rule for each in found}
    notes = [Remark("note", tuple(where), f"{text}.", rule) for where, text, rule in doubtful(plan, fleet)]
    return found + [each for each in notes if TWICE.get(each.rule) not in said]


def _broken(plan: Plan, rules: Rules | None, fleet: Fleet) -> list[Any]:
    return list(breaches(plan, rules, fleet)) if rules else []
