"""Why no plan of a search can keep the rules, before any is rolled out, with what would have to be added.

Not here: whether a given plan keeps them (``candidates``), why no grouping does (``waves.rules.clashes``).
"""

from collections.abc import Iterator

from simulation.searching.candidates import Candidates
from waves import clash_findings
from waves.by_name import counterpart
from waves.rules.clashes import grouping_that_keeps


def why_none(candidates: Candidates) -> str | None:
    """Return why no plan keeps the rules; None where some may.

    Bakes are those to choose from, and approvals those of the plan of today: a grouping that keeps all else does not
    suffice.
    """
    if candidates.rules is None:
        return None
    asked = candidates.rules.rules
    if max(candidates.bakes) < asked.min_bake_minutes:
        return (
            f"min_bake_minutes asks for {asked.min_bake_minutes:g}, and the longest of the bakes to choose from is "
            f"{max(candidates.bakes):g} minutes; add one of {asked.min_bake_minutes:g} or more"
        )
    clash = [each for each in clash_findings(candidates.rules, candidates.fleet) if each.severity == "error"]
    if clash:
        return clash[0].message
    if asked.approval_before and not any(_grouped(candidates, count) for count in _approved(candidates)):
        return _lacking(candidates)
    return None


def _approved(candidates: Candidates) -> Iterator[int]:
    """Yield the numbers of waves with which the approvals of the plan of today are where the rules ask for some."""
    if candidates.like is None or candidates.rules is None:
        return
    asked, own = candidates.rules.rules, candidates.like.waves
    most = min(len(candidates.units), asked.max_waves or len(candidates.units))
    for count in range(max(asked.approval_before), most + 1):
        if all(own[counterpart(number - 1, count, len(own))].approval for number in asked.approval_before):
            yield count


def _grouped(candidates: Candidates, count: int) -> bool:
    """Return whether some grouping in so many waves keeps the rules; also where nobody knows."""
    asked = candidates.rules.rules  # type: ignore[union-attr]
    answer = grouping_that_keeps(asked.replace(max_waves=count, approval_before=(count,)), candidates.fleet)
    return answer.groups is not None or not answer.known


def _lacking(candidates: Candidates) -> str:
    waves = candidates.rules.rules.approval_before  # type: ignore[union-attr]
    numbers = " and ".join(map(str, sorted(set(waves))))
    asks = f"approval_before asks for an approval before wave {numbers}, and every plan has"
    remedy = f"`approval: true` at its wave {numbers}"
    if candidates.like is None:
        return f"{asks} those of today's plan, of which there is none; give one with {remedy}"
    return (
        f"{asks} those of today's plan: first as its first wave, last as its last, later as its later ones; give that "
        f"plan {remedy}, and at later ones"
    )
