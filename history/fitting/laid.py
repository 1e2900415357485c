"""A scenario of what was learnt: the base's, with the fields that history tells in the place of its own.

Not here: what was learnt (`fit`).
"""

from collections.abc import Sequence
from typing import Any

from history.fitting.learnt import Learnt, short
from simulation import Scenario
from simulation.describing import fitted_name
from simulation.scenario import PER_REGION


def laid(base: Scenario, learnt: Sequence[Learnt], draw: int | None = None) -> Scenario:
    """Return a scenario, checked as a file is.

    Parameters
    ----------
    base
        Gives everything that was not learnt.
    learnt
        What was; a field of one value for all regions takes the place of the base's own values of regions, too.
    draw
        The number of a draw; the estimates if left out.
    """
    changes: dict[str, Any] = {}
    regions = {name: {**_set(own)} for name, own in base.regions.items()}
    faults = {fault.name: {**_set(fault)} for fault in base.faults}
    for each in learnt:
        if each.at[0] not in ("regions", "faults"):
            changes[each.at[0]] = each.value(draw)
            _elsewhere(regions, base, each, draw)
    for each in learnt:
        if each.at[0] == "regions":
            regions.setdefault(each.at[1], {})[each.at[2]] = each.value(draw)
        elif each.at[0] == "faults":
            faults[each.at[1]][each.at[2]] = each.value(draw)
    changes["regions"] = {name: own for name, own in regions.items() if own}
    changes["faults"] = list(faults.values())
    return base.replace(name=fitted_name(base.name), sources=sources(base, learnt), **changes)


def _set(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.model_fields_set if getattr(part, name) is not None}


def _elsewhere(regions: dict[str, dict[str, Any]], base: Scenario, learnt: Learnt, draw: int | None) -> None:
    """Scale what regions have of their own where the field was scaled, else take it away: history tells of all."""
    field = learnt.at[0]
    if field not in PER_REGION:
        return
    for own in regions.values():
        if field in own and learnt.shape == "scaled":
            factor = float(learnt.middle[0] if draw is None else learnt.draws[draw][0])
            own[field] = own[field].times(factor)
        else:
            own.pop(field, None)


def sources(base: Scenario, learnt: Sequence[Learnt]) -> dict[str, Any]:
    """Return where values come from: of a field, or of a fault's probability, with estimate, interval and n."""
    found: dict[str, Any] = dict(base.sources)
    for each in learnt:
        if each.at[0] == "regions" or (each.at[0] == "faults" and each.at[2] != "probability"):
            continue
        key = each.at[1] if each.at[0] == "faults" else each.at[0]
        ends = sorted(short(value) for value in (each.low, each.estimate, each.high))
        found[key] = {
            "source": each.source[:200], "estimate": ends[1], "low": ends[0], "high": ends[2], "n": each.n,
        }  # fmt: skip
    return found
