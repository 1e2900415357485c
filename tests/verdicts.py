"""A whole verdict, as a report leaves it, and such that somebody changed afterwards."""

import copy
from functools import cache
from typing import Any

import simulation
from simulation.analysis.verdict import digest_of
from tests.builders import sample_plan

LIMITS = {
    "probability_shipped": {"at_least": 0.5},
    "share_exposed_mean": {"at_most": 0.5},
    "probability_regions_exposed_at_least_2": {"at_most": 0.9},
}


@cache
def _made() -> dict[str, Any]:
    plans = {plan.name: plan for plan in map(sample_plan, ("six-region-three-wave", "all-at-once"))}
    comparison = simulation.compare(plans, simulation.sample("storefront"), trials=300, seed=7)
    return simulation.verdict(comparison, simulation.parse_limits(LIMITS, simulation.FIGURES))


def made() -> dict[str, Any]:
    """A verdict of two plans whose first keeps three limits."""
    return copy.deepcopy(_made())


def changed(places: dict[str, Any], *, sealed: bool = True) -> dict[str, Any]:
    """The verdict with other values; a figure's are changed in its limit, too, so that only they are wrong.

    Parameters
    ----------
    places
        From the way to a value, such as `limits/0/value`, to what shall stand there; `...` takes it away. Of a figure
        of the judged plan it is enough to name it: `probability_shipped/high`.
    sealed
        Whether the digest is made anew, as somebody does who knows of it.
    """
    found = made()
    for place, value in places.items():
        *way, last = place.split("/")
        if way and way[0] in found["figures"][found["judged"]]:
            entries = [limit for limit in found["limits"] if limit["figure"] == way[0]]
            for entry in (found["figures"][found["judged"]][way[0]], *entries):
                entry[last] = value
            continue
        at: Any = found
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        key = int(last) if isinstance(at, list) else last
        if value is ...:
            del at[key]
        else:
            at[key] = value
    return found | ({"digest": digest_of(found)} if sealed else {})
