"""Plans over the storefront that many tests roll out: the sample in three waves, and groupings beside it."""

from waves import DATA, Fleet, Plan, all_at_once, one_at_a_time, sample, two_halves

STOREFRONT = Fleet.read(DATA / "fleets" / "storefront.yaml")
GROUPED = {
    "all-at-once": all_at_once(STOREFRONT, bake_minutes=60),
    "one-at-a-time": one_at_a_time(STOREFRONT, bake_minutes=30),
    "two-halves": two_halves(STOREFRONT, bake_minutes=30),
}


def sample_plan(name: str) -> Plan:
    """Return a plan by its name."""
    return GROUPED.get(name) or sample(name)
