"""A sweep against `run` and `compare` where much goes wrong: every sum and every product counts in few trials.

More trials than the compiled engine works on at once (`worker.RUN`): sums go on from run to run.
"""

import math

import pytest

from simulation import Scenario, compare, run, sweep
from simulation.engine import worker
from tests.simulation.running.test_sweep import check
from tests.simulation.running.test_sweep_differences import as_swept, count
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
    assert worker.RUN < 600
    assert compare(PLANS, HARSH, trials=600, seed=2, sampling="crude").differences["low"].notna().all()
    check(PLANS, HARSH, trials=600, seed=2, sampling="crude")


def test_trials_that_differ_are_counted_on_from_run_to_run():
    assert as_swept(PLANS, HARSH, trials=600, seed=2) == count(PLANS, HARSH, trials=600, seed=2)


def test_what_lies_beyond_the_histograms_is_in_their_last_bins():
    """Weeks become years: dates, mixed minutes and impact of more than 2³⁴, of what shipped and of what did not."""
    years = {"exponential": {"mean": 3e10}}
    fields = dict.fromkeys(("build", "rollback"), years) | {"horizon_minutes": math.inf}
    fields |= {"false_alarms_per_region_day": 0.0, "rejection_probability": 0.1}
    scene = Scenario.model_validate({**HARSH.model_dump(mode="json"), "fleet": FLEET, **fields})
    for name, tally in sweep(PLANS, scene, trials=600, seed=4, sampling="crude").tallies.items():
        rows = run(PLANS[name], scene, trials=600, seed=4, sampling="crude")
        frame = rows.frame.assign(end_minutes=rows.frame.end_minutes.where(rows.shipped))
        columns = ("mixed_minutes", "end_minutes", "impact_minutes", "detected_minutes", "recovered_minutes")
        for column, counts in zip(columns, tally.counts[[0, 1, 5, 6, 7]], strict=True):
            assert counts[-1] == (frame[column] >= 2.0**34).sum() > 0, column
            assert (counts >= 0).all()
        assert tally.counts[1].sum() == rows.shipped.sum() < 600


def test_a_quantile_keeps_to_its_bin_however_small_or_large():
    """A canary of 0.005 % of the traffic that takes four years to come back: by hand, to within `bins.error`."""
    tiny = Fleet.model_validate({"regions": [{"name": "canary", "traffic": 1}, {"name": "rest", "traffic": 19_999}]})
    scene = Scenario.model_validate(
        {"fleet": tiny, "deploy": 1.0, "evidence": 0.001, "reaction": 0.0, "rollback": 2_100_000.0,
         "faults": [{"name": "bad", "probability": 1.0}], "horizon_minutes": math.inf}
    )  # fmt: skip
    waves = grouped([["canary"], ["rest"]], bake_minutes=60, strategy="blue_green")
    tally = sweep({"it": waves}, scene, trials=4096).tallies["it"]
    found, error = tally.summary()["estimate"], tally.bins.error
    for statistic in ("p50", "p95", "p99"):
        assert found[f"share_exposed_{statistic}"] == pytest.approx(5e-5, rel=error)
        assert found[f"peak_share_{statistic}"] == pytest.approx(5e-5, rel=error)
        assert found[f"impact_minutes_{statistic}"] == pytest.approx(105.0, rel=error, abs=1e-4)
        assert found[f"recovered_minutes_{statistic}"] == pytest.approx(2_100_001.0, rel=error)
