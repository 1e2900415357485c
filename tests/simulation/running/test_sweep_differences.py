"""In how many trials plans differ, by sums as by rows; and executors that take no jobs.

Not here: what the differences are (``test_sweep``, ``test_compare``).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation import Constant, Fault, RegionValues, Scenario, run, sweep
from simulation.engine import layout
from tests.builders import plan, scenario
from tests.simulation.running.test_sweep import PLANS, STOREFRONT, pairs
from waves import Plan, grouped

HARMS = ("failover_hit", "share_exposed", "peak_share", "impact_minutes", "regions_exposed")  # as `layout.SPARSE`


def count(plans: dict[str, Plan], scene: Scenario, *, trials: int, seed: int) -> list[tuple[int, ...]]:
    """Trials in which the time to ship, the end of what shipped, mixed minutes and each harm are not the baseline's."""
    rows = [run(each, scene, trials=trials, seed=seed, sampling="crude") for each in plans.values()]
    base, end0, spent0 = rows[0], rows[0].frame["end_minutes"].to_numpy(), rows[0].spent
    found = []
    for own in rows[1:]:
        end = own.frame["end_minutes"].to_numpy()
        ships: Any = (own.spent != spent0) | (own.shipped != base.shipped)
        ends: Any = end * own.shipped != end0 * base.shipped
        others = [(own.frame[name] != base.frame[name]).sum() for name in ("mixed_minutes", *HARMS)]
        found.append((ships.sum(), ends.sum(), *others))
    return found


def as_swept(plans: dict[str, Plan], scene: Scenario, *, trials: int, seed: int) -> list[tuple[int, ...]]:
    """Of harms sums have how much more often they differ than the baseline has them."""
    base, *others = sweep(plans, scene, trials=trials, seed=seed, sampling="crude").tallies.values()
    columns = [layout.X_END_DIFFER, layout.X_ENDS_DIFFER, layout.X_MIXED_DIFFER]
    often = base.sums[0, layout.S_SPARSE : layout.S_DETECTED : layout.POWERS]
    own = range(layout.X_SPARSE + layout.Q_DIFFER, layout.CROSS, layout.PAIRED)
    crosses = [each.cross[0] for each in others]
    return [(*x[columns], *(n + x[at] for n, at in zip(often, own, strict=True))) for x in crosses]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(case=pairs(), seed=st.integers(0, 2**64 - 1))
def test_the_trials_that_differ_are_counted_as_rows_have_them(case, seed):
    assert as_swept(*case, trials=300, seed=seed) == count(*case, trials=300, seed=seed)


def test_where_only_shipping_differs_times_to_ship_do():
    """Each pipeline ends after 1 minute, shipped or with a failed deployment."""
    fails = scenario(faults=[], deploy_failure_probability=0.3)
    plans = {"one": plan("a"), "other": plan("b")}
    ((ships, ends, *_),) = counted = count(plans, fails, trials=500, seed=1)
    assert ships == ends > 100
    assert as_swept(plans, fails, trials=500, seed=1) == counted


def test_a_plan_and_itself_differ_by_nothing_and_no_more_is_said():
    """By how much at most remains unsaid, for times too: as `compare` has it."""
    found = sweep({"one": PLANS["1, 2, 3"], "other": PLANS["1, 2, 3"]}, STOREFRONT, trials=5000).differences
    assert (found["difference"] == 0).all() and found[["low", "high"]].isna().all(axis=None)


def test_an_executor_that_is_shut_down_says_so_in_one_line():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(ValueError, match="^executor takes no jobs .*; give workers that are not shut down") as caught:
        sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=executor)
    assert "\n" not in str(caught.value)


def test_a_width_without_end_and_what_is_no_scenario_are_refused():
    with pytest.raises(ValueError, match="share_exposed_mean is inf; give a finite half-width above 0"):
        sweep(PLANS, STOREFRONT, trials=100, precision={"share_exposed_mean": float("inf")})
    with pytest.raises(ValueError, match="scenario is NoneType; give a Scenario"):
        sweep(PLANS, None, trials=100)  # type: ignore[arg-type]


def test_a_plan_that_never_ships_takes_endlessly_longer():
    """As in `compare`: the sign says which of the two never ships, and there is no interval."""
    names = [region.name for region in STOREFRONT.fleet.regions]
    never = STOREFRONT.model_copy(
        update={"regions": {names[-1]: RegionValues(deploy_failure_probability=1.0)}, "faults": ()}
    )
    plans = {"some": grouped([names[:1]]), "all": grouped([names])}
    for order, sign in ((["some", "all"], 1.0), (["all", "some"], -1.0)):
        swept = sweep({name: plans[name] for name in order}, never, trials=500, seed=3)
        row: Any = swept.differences.loc[(order[1], "minutes_to_ship")]
        assert row["difference"] == sign * np.inf and np.isnan(row["low"]) and np.isnan(row["high"])


def test_what_is_beyond_the_histograms_has_no_end():
    """An endless horizon and a defect that nobody sees: most harm goes on for ever."""
    fault = Fault(name="unseen", probability=0.9, where="everywhere", detection_probability=0.0)
    endless = Scenario(
        fleet=STOREFRONT.fleet, deploy=Constant(value=5.0), faults=(fault,), horizon_minutes=np.inf, report=None
    )
    one = grouped([[region.name for region in STOREFRONT.fleet.regions]])
    summary = sweep({"one": one}, endless, trials=500, seed=3).summaries["one"]
    assert summary["estimate"]["impact_minutes_p95"] == np.inf
    assert summary["high"]["impact_minutes_p95"] == np.inf
