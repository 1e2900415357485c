"""Why no plan of a search can keep the rules, before any is rolled out, with what would have to be added.

Not here: whether a given plan keeps them (``candidates``), why no grouping does (``waves.rules.clashes``).
"""

from collections.abc import Iterator

from simulation.searching.candidates import Candidates
from waves import clash_findings
from waves.by_name import counterpart
from waves.rules.clashes import Answer, grouping_that_keeps
from waves.rules.written import PlanRules


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
    answer = grouping_that_keeps(asked, candidates.fleet)
    if answer.known and answer.groups is None:  # only then, as every set of the rules is gone through for the smallest
        return clash_findings(candidates.rules, candidates.fleet)[0].message
    answer = grouping_to_begin_with(candidates)
    return _lacking(candidates) if answer.known and answer.groups is None else None


def grouping_to_begin_with(candidates: Candidates) -> Answer:
    """Return a grouping that keeps the rules in as many waves as bring the approvals that are asked for."""
    asked = candidates.rules.rules if candidates.rules else PlanRules()
    if not asked.approval_before:
        return grouping_that_keeps(asked, candidates.fleet)
    known = True
    for count in _approved(candidates):
        answer = grouping_that_keeps(asked.replace(max_waves=count, approval_before=(count,)), candidates.fleet)
        if answer.groups is not None:
            return answer
        known &= answer.known
    return Answer(None, known)


def _approved(candidates: Candidates) -> Iterator[int]:
    """Yield the numbers of waves with which the approvals of the plan of today are where the rules ask for some."""
    if candidates.like is None or candidates.rules is None:
        return
    asked, own = candidates.rules.rules, candidates.like.waves
    most = min(len(candidates.units), asked.max_waves or len(candidates.units))
    for count in range(max(asked.approval_before), most + 1):
        if all(own[counterpart(number - 1, count, len(own))].approval for number in asked.approval_before):
            yield count


def _lacking(candidates: Candidates) -> str:
    numbers = sorted(set(candidates.rules.rules.approval_before))  # type: ignore[union-attr]
    waves = f"wave{'s' * (len(numbers) > 1)} {' and '.join(map(str, numbers))}"
    asks = f"approval_before asks for an approval before {waves}, and every plan has those of today's plan"
    if candidates.like is None:
        return f"{asks}, of which there is none; give one with `approval: true` from its wave {numbers[0]} on"
    own = len(candidates.like.waves)
    place = f"from its wave {min(numbers[0], own)} on" if own > 1 else "at its wave"
    first = "first as its first wave, last as its last, later as its later ones"
    return f"{asks}: {first}; give that plan `approval: true` {place}"
