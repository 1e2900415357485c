"""Random plans and scenarios for hypothesis, on a lattice of instants, where ties abound, or anywhere in between.

On the lattice every time is a multiple of half a minute and every amount a power of two, so that sums are exact. Not
here: what is asserted of them.
"""

import math
from typing import Any

from hypothesis import strategies as st

from simulation import Scenario
from waves import Fleet, Plan

Draw = Any
NAMES = ("a", "b", "c", "d", "e")
HALVES = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"]
CHANCES = st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0])


def times(lattice: bool, *, positive: bool = False) -> st.SearchStrategy[Any]:
    """Distributions of minutes."""
    if lattice:
        values = [value for value in HALVES if value > 0 or not positive]
        return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(lambda chosen: {"empirical": chosen})
    scale = st.floats(0.1, 6.0)
    families = [
        st.builds(lambda m: {"exponential": {"mean": m}}, scale),
        st.builds(lambda m, r: {"lognormal": {"median": m, "p95": m * r}}, scale, st.floats(1.0, 4.0)),
        st.builds(lambda k, s: {"weibull": {"shape": k, "scale": s}}, st.floats(0.5, 4.0), scale),
    ]
    constant = scale if positive else st.just(0.0) | scale
    return st.one_of(*families) | constant.map(lambda value: {"constant": value})


def amounts(lattice: bool) -> st.SearchStrategy[Any]:
    """Distributions of failed requests."""
    if lattice:
        powers = st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
        return st.lists(powers, min_size=1, max_size=3).map(lambda chosen: {"empirical": chosen})
    return st.floats(0.5, 60.0).map(lambda mean: {"exponential": {"mean": mean}})


@st.composite
def fleets(draw: Draw, lattice: bool) -> Fleet:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    traffic = st.sampled_from([1.0, 2.0, 4.0, 8.0]) if lattice else st.floats(0.5, 50.0)
    regions = []
    for name in names:
        partner = draw(st.none() | st.sampled_from(names))
        regions.append(
            {
                "name": name,
                "traffic": draw(traffic),
                "labels": draw(st.lists(st.sampled_from(["x", "y"]), unique=True)),
                "failover": None if partner == name else partner,
                "zone": draw(st.sampled_from(ZONES)),
            }
        )
    return Fleet.model_validate({"regions": regions})


def strategies(lattice: bool) -> st.SearchStrategy[Any]:
    percents = st.lists(st.sampled_from([6.25, 12.5, 25.0, 50.0, 75.0]), min_size=1, max_size=3, unique=True).map(
        sorted
    )
    held = st.sampled_from(HALVES) if lattice else st.floats(0.0, 5.0)
    steps = percents.flatmap(lambda p: st.lists(held, min_size=len(p), max_size=len(p)).map(lambda h: _steps(p, h)))
    return st.sampled_from(["rolling", "blue_green"]) | steps


def _steps(percents: list[float], held: list[float]) -> dict[str, Any]:
    return {"steps": [list(step) for step in zip(percents, held, strict=True)]}


@st.composite
def plans(draw: Draw, fleet: Fleet, lattice: bool, calendar: bool = False) -> Plan:
    names = draw(st.permutations(fleet.names))[: draw(st.integers(1, len(fleet.names)))]
    cuts = sorted(draw(st.sets(st.integers(1, max(len(names) - 1, 1)), max_size=len(names) - 1)))
    bake = st.sampled_from([*HALVES, 8.0, 16.0]) if lattice else st.floats(0.0, 20.0)
    waves = [
        {
            "regions": names[start:stop],
            "bake_minutes": draw(bake),
            "bake_requests": draw(st.sampled_from([0.0, 0.0, 4.0, 16.0, 64.0])),
            "max_parallel": draw(st.sampled_from([None, 1, 2, "40%"])),
            "approval": draw(st.booleans()),
            "calendar": draw(st.sampled_from([None, None, None, "none"]) | calendars()) if calendar else None,
        }
        for start, stop in zip([0, *cuts], [*cuts, len(names)], strict=True)
        if start < stop
    ]
    own = draw(st.dictionaries(st.sampled_from(names), strategies(lattice), max_size=2))
    fields = {
        "strategy": draw(strategies(lattice)),
        "strategies": own,
        "retries": draw(st.integers(0, 2)),
        "on_deploy_failure": draw(st.sampled_from(["stop", "rollback_all"])),
        "on_alarm": draw(st.sampled_from(["rollback_all", "rollback_wave", "rollback_region", "halt"])),
        "deploy_timeout_minutes": draw(st.sampled_from([None, None, 1.0, 3.0])),
        "max_failed_regions": draw(st.sampled_from([0, 0, 1, 2, "50%"])),
        "calendar": draw(calendars()) if calendar else None,
    }
    return Plan.model_validate({"waves": waves, **fields})


def times_of_day() -> st.SearchStrategy[Any]:
    """Hours of the day; those that begin around 10:00 are soon there and soon over, and some reach over midnight."""
    pairs = [("10:00", "10:04"), ("10:02", "10:20"), ("09:58", "10:01"), ("12:00", "09:59"), ("00:00", "24:00"), None]
    return st.sampled_from(pairs)


@st.composite
def calendars(draw: Draw) -> dict[str, Any]:
    """A calendar around the pushes of `hours`; the clocks of Europe and America change in between."""
    freezes = [
        {"from": "2026-10-24", "to": "2026-10-26"}, {"from": "2026-10-26 10:01", "to": "2026-10-26 10:03"},
        {"from": "2026-11-01", "to": "2029-01-01"},
    ]  # fmt: skip
    return {
        "days": draw(st.sampled_from([None, ("mon",), ("sat", "sun"), ("mon", "tue", "wed")])),
        "hours": draw(times_of_day()),
        "zone": draw(st.sampled_from([*ZONES, "region"])),
        "freezes": draw(st.lists(st.sampled_from(freezes), max_size=2, unique_by=str)),
    }


@st.composite
def hours(draw: Draw, lattice: bool) -> dict[str, Any]:
    """When people push and when they are there. On the lattice the push is at one instant, on a whole minute."""
    moments = ["2026-10-23 23:59 UTC", "2026-10-25 00:58 Europe/Berlin", "2026-10-26 10:00 Europe/Berlin"]
    span = {"from": "2026-10-23", "to": "2026-11-03", "days": ("fri", "mon"), "hours": ("09:57", "10:03")}
    pushes = draw(st.sampled_from(moments)) if lattice else {**span, "zone": draw(st.sampled_from(ZONES))}
    window = {"days": draw(st.sampled_from([None, ("mon", "tue")])), "hours": draw(times_of_day())}
    staffed = draw(st.none() | st.just({**window, "zone": draw(st.sampled_from(ZONES))}))
    return {"pushes": pushes, "staffed": staffed}


@st.composite
def faults(draw: Draw, fleet: Fleet, lattice: bool, number: int) -> dict[str, Any]:
    labels = sorted({label for region in fleet.regions for label in region.labels})
    places = ["everywhere", "each_region", *({"label": label} for label in labels)]
    severity = [0.25, 0.5, 1.0] if lattice else [0.03, 0.2, 0.7, 1.0]
    return {
        "name": f"fault {number}",
        "probability": draw(st.sampled_from([0.25, 0.5, 1.0])),
        "where": draw(st.sampled_from(places)),
        "effect": draw(st.sampled_from(["defect", "defect", "defect", "deploy_fails"])),
        "severity": {"empirical": draw(st.lists(st.sampled_from(severity), min_size=1, max_size=2))},
        "onset": draw(times(lattice)),
        "detection_probability": draw(st.sampled_from([0.0, 0.5, 1.0, 1.0])),
        "validation_probability": draw(CHANCES),
        "review_probability": draw(CHANCES),
    }


@st.composite
def scenarios(draw: Draw, fleet: Fleet, lattice: bool, calendar: bool = False) -> Scenario:
    minutes = times(lattice)
    several = draw(st.integers(0, 3))
    some = {
        "deploy": times(lattice, positive=True),
        "deploy_failure_probability": st.sampled_from([0.0, 0.0, 0.25, 0.5]),
        "alarm_threshold": st.sampled_from([0.0, 0.125, 0.25, 0.5]),
        "evidence": amounts(lattice),
        "lag": minutes,
        "false_alarms_per_region_day": st.sampled_from([0.0, 0.0, 20.0, 200.0]),
        "rollback": minutes,
        "rollback_failure_probability": CHANCES,
        "manual_recovery": minutes,
        "failed_deploy": st.none() | times(lattice, positive=True),
    }
    own = {
        name: {field: draw(values) for field, values in some.items() if draw(st.integers(0, 4)) == 0}
        for name in draw(st.sets(st.sampled_from(fleet.names), max_size=2))
    }
    common = {field: draw(values) for field, values in some.items()}
    return Scenario.model_validate(
        {
            "fleet": fleet,
            **common,
            "regions": own,
            "build": draw(minutes),
            "build_failure_probability": draw(st.sampled_from([0.0, 0.0, 0.0, 0.25])),
            "handover": draw(minutes),
            "approval_wait": draw(minutes),
            "rejection_probability": draw(st.sampled_from([0.0, 0.0, 0.25])),
            "faults": [draw(faults(fleet, lattice, number)) for number in range(several)],
            "report": draw(st.none() | minutes),
            "complaint": draw(st.just(0.0) | amounts(lattice)),
            "reaction_off_hours": draw(st.none() | minutes),
            "fix": draw(st.sampled_from([0.0, 30.0])),
            "reaction": draw(minutes),
            "horizon_minutes": draw(st.sampled_from([4.0, 8.5, 16.0, 64.0, 20160.0, math.inf])),
            **(draw(hours(lattice)) if calendar else {}),
        }
    )


@st.composite
def cases(draw: Draw, lattice: bool, calendar: bool | None = False) -> tuple[Plan, Scenario]:
    """A plan and a scenario over one fleet; with a calendar and staffed hours where asked for, at times if None."""
    fleet = draw(fleets(lattice))
    some = draw(st.booleans()) if calendar is None else calendar
    return draw(plans(fleet, lattice, some)), draw(scenarios(fleet, lattice, some))
