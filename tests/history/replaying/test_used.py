"""The plan that rollouts went by, of some that they may have. Not here: plans made of what rollouts show."""

from typing import Any

import history
from tests.builders import fleet, plan
from tests.history.joining.conftest import joined, row
from waves import Plan

PLACES = {"a": 10.0, "b": 30.0}


def went(
    pause: float, count: int = 6, service: str = "shop", waves: tuple[str, ...] = ("a", "b")
) -> list[dict[str, Any]]:
    """Rollouts of a service, one a day; each wave begins so long after the one before had ended, five minutes later."""
    return [
        row(region, f"{service}{n}", 1440 * n + w * (5 + pause), 1440 * n + 5 + w * (5 + pause), service=service)
        for n in range(count) for w, own in enumerate(waves) for region in own.split()
    ]  # fmt: skip


def used(rows: list[dict[str, Any]], *plans: Plan) -> dict[str, Plan]:
    return history.plans_used(joined(rows, fleet=fleet(PLACES)), plans)


def test_it_is_that_whose_waves_and_bakes_most_had():
    """Of plans of the same waves the first whose bakes fit; of other waves none, and of a tie of halves none."""
    short, long, other = plan("a", "b", bake=(30, 10)), plan("a", "b", bake=(90, 10)), plan("b", "a", bake=(30, 10))
    assert used(went(60), other, long, short) == {"shop": short}
    assert used(went(120), long, short) == {"shop": long}
    assert used(went(120), short, long) == {"shop": short}
    assert used(went(10), short, long, other) == {} == used(went(60))
    half = [*went(60, 3), *(went(10, 6)[6:])]
    assert used(half, short) == {}


def test_each_service_has_its_own():
    one, both = plan("a", "b", bake=(30, 10)), plan("a b", bake=10)
    rows = went(40) + went(0, service="till", waves=("a b",))
    assert used(rows, one, both) == {"shop": one, "till": both}
