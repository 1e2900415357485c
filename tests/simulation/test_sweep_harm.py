"""A sweep against `run` and `compare` where much goes wrong: every sum and every product counts in few trials.

More trials than the compiled engine works on at once (``compiled.RUN``): sums go on from run to run.
"""

from simulation import Scenario, compare, compiled
from tests.simulation.test_sweep import check
from waves import Fleet, Plan, grouped, sizes

REGIONS = [{"name": n, "traffic": t, "failover": f} for n, t, f in (("a", 10, "b"), ("b", 20, "c"), ("c", 30, None))]
FLEET = Fleet.model_validate({"regions": REGIONS})
MINUTES = {"exponential": {"mean": 5.0}}
HARSH = Scenario.model_validate(
    {
        "fleet": FLEET, "build": MINUTES, "deploy": MINUTES, "handover": MINUTES, "rollback": MINUTES,
        "deploy_failure_probability": 0.05, "rejection_probability": 0.5, "build_failure_probability": 0.05,
        "faults": [{"name": "bad", "probability": 0.3, "where": "each_region", "severity": 0.5, "onset": MINUTES}],
        "evidence": {"exponential": {"mean": 200.0}}, "false_alarms_per_region_day": 5.0, "report": 60.0,
    }
)  # fmt: skip
TWO = grouped([["b"], ["a", "c"]], bake_minutes=9)
ASKED = TWO.model_copy(update={"waves": tuple(w.model_copy(update={"approval": True}) for w in TWO.waves)})
PLANS: dict[str, Plan] = {"two waves": TWO, "at once": sizes(FLEET, [3], bake_minutes=5), "asked": ASKED}


def test_it_equals_run_and_compare_where_much_goes_wrong():
    """Every difference has an interval to compare: each harm is frequent, and one plan has it where another has not."""
    assert compiled.RUN < 600
    assert compare(PLANS, HARSH, trials=600, seed=2).differences["low"].notna().all()
    check(PLANS, HARSH, trials=600, seed=2)
