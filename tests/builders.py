"""The fleets, plans and scenarios that many tests build: small ones named by letters, and the sample's.

Not here: random ones (`tests/simulation/cases.py`, `tests/waves/test_fleet.py`), and any expected number.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulation import Scenario
from waves import DATA, Fleet, Plan, Region, Wave, all_at_once, one_at_a_time, sample, two_halves

STOREFRONT = Fleet.read(DATA / "fleets" / "storefront.yaml")
GROUPED = {
    "all-at-once": all_at_once(STOREFRONT, bake_minutes=60),
    "one-at-a-time": one_at_a_time(STOREFRONT, bake_minutes=30),
    "two-halves": two_halves(STOREFRONT, bake_minutes=30),
}
LETTERS = {"a": 10.0, "b": 20.0, "c": 30.0, "d": 40.0}


def sample_plan(name: str) -> Plan:
    """Return a plan over the storefront by its name: the sample in three waves, or a grouping beside it."""
    return GROUPED.get(name) or sample(name)


def fleet(
    traffic: Mapping[str, float] | None = None,
    *,
    failover: Mapping[str, str] | None = None,
    labels: Mapping[str, tuple[str, ...]] | None = None,
    zones: Mapping[str, str] | None = None,
) -> Fleet:
    """Return a fleet of a, b, c, d with 10, 20, 30 and 40 requests a minute, so with shares of .1, .2, .3 and .4."""
    return Fleet(
        regions=tuple(
            Region(
                name=name,
                traffic=float(requests),
                failover=(failover or {}).get(name),
                labels=(labels or {}).get(name, ()),
                zone=(zones or {}).get(name),
            )
            for name, requests in (traffic or LETTERS).items()
        )
    )


def shares(*of: float, failover: Mapping[int, int] | None = None, labels: bool = False) -> Fleet:
    """Return a fleet of r1, r2 … by their shares of 100 requests a minute: `shares(.05, .25, .7, failover={1: 2})`."""
    names = [f"r{i}" for i in range(1, len(of) + 1)]
    return fleet(
        {name: 100.0 * share for name, share in zip(names, of, strict=True)},
        failover={f"r{one}": f"r{other}" for one, other in (failover or {}).items()},
        labels={name: (name.replace("r", "only-"), "all") for name in names} if labels else None,
    )


def wave(regions: str, bake: float = 0.0, **fields: Any) -> Wave:
    """Return a wave of these regions: `wave("a b", 30)`."""
    return Wave(regions=tuple(regions.split()), bake_minutes=float(bake), **fields)


def plan(*waves: str | Wave, bake: float | Sequence[float] = 0.0, **fields: Any) -> Plan:
    """Return a blue/green plan unless said otherwise: `plan("a", "b c", bake=(5, 10))`."""
    bakes = [float(bake)] * len(waves) if isinstance(bake, int | float) else [float(minutes) for minutes in bake]
    made = [each if isinstance(each, Wave) else wave(each, minutes) for each, minutes in zip(waves, bakes, strict=True)]
    return Plan(waves=tuple(made), **{"strategy": "blue_green", **fields})


def scenario(of: Fleet | None = None, **fields: Any) -> Scenario:
    """Return a scenario of which little counts: one-minute deployments, two faults, and the fields that are given."""
    thresholds = fields.pop("thresholds", {})
    regions = {name: {"alarm_threshold": value} for name, value in thresholds.items()}
    faults = [{"name": name, "probability": 0.5} for name in ("first", "second")]
    return Scenario.model_validate(
        {"fleet": of or fleet(), "deploy": 1.0, "regions": regions, "faults": faults, **fields}
    )
