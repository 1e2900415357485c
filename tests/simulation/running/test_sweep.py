"""A sweep against `run` and `compare`, against itself on other executors, and against its own promises.

Not here: the rollouts themselves (``test_compiled``), clusters (``test_dask``).
"""

import itertools
import pickle
import tracemalloc
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import waves
from simulation import Scenario, Sweep, compare, run, sample, sweep
from simulation.rare_events.sampling import sampling_of
from simulation.results.tally import Bins
from simulation.running import jobs
from simulation.setting import setting
from tests.simulation.cases import fleets, plans, scenarios

BLOCK = 4096
INTERVAL = ["estimate", "low", "high"]
STOREFRONT = sample("storefront")
PLANS = {
    "all at once": waves.sizes(STOREFRONT.fleet, [6]),
    "1, 2, 3": waves.sizes(STOREFRONT.fleet, [1, 2, 3], bake_minutes=30),
    "one by one": waves.sizes(STOREFRONT.fleet, [1] * 6, bake_minutes=10),
}


def content(found: Sweep) -> bytes:
    """All of a sweep's numbers, as bytes."""
    arrays = [a for t in found.tallies.values() for a in (t.sums, t.cross, t.regional, t.counts)]
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays) + str(found.trials).encode()


# Against `run` and `compare`.


@st.composite
def pairs(draw: Any) -> tuple[dict[str, waves.Plan], Scenario]:
    lattice = draw(st.booleans())
    fleet = draw(fleets(lattice))
    chosen = draw(st.lists(plans(fleet, lattice), min_size=2, max_size=3))
    return {str(n): plan for n, plan in enumerate(chosen)}, draw(scenarios(fleet, lattice))


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(case=pairs(), seed=st.integers(0, 2**64 - 1))
def test_it_equals_run_and_compare_on_random_cases(case, seed):
    check(*case, trials=700, seed=seed, sampling="crude")


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(case=pairs(), seed=st.integers(0, 2**64 - 1))
def test_it_equals_run_and_compare_on_random_cases_by_strata(case, seed):
    check(*case, trials=700, seed=seed, sampling="stratified")


@pytest.mark.parametrize("sampling", ["stratified", "crude"])
@pytest.mark.parametrize("trials", [1, 255, 4097])
def test_it_equals_run_and_compare_on_the_sample(trials, sampling):
    check(PLANS, STOREFRONT, trials=trials, seed=3, sampling=sampling)


def check(chosen: dict[str, waves.Plan], scenario: Scenario, *, trials: int, seed: int, sampling: Any) -> None:
    swept: Any = sweep(chosen, scenario, trials=trials, seed=seed, sampling=sampling)
    compared: Any = compare(chosen, scenario, trials=trials, seed=seed, sampling=sampling)
    for name, plan in chosen.items():
        wanted, got = compared.summaries[name], swept.summaries[name]
        assert list(got.index) == list(wanted.index)
        assert (got["unit"] == wanted["unit"]).all()
        (estimate, low, high), new = (each[INTERVAL].to_numpy(float).T for each in (wanted, got))
        by_bins = wanted.index.str.endswith(("_p50", "_p95", "_p99"))
        strict = close_quantile if sampling == "crude" else near_quantile
        for figure in by_bins.nonzero()[0]:
            strict((estimate[figure], low[figure], high[figure]), tuple(new[:, figure]), wanted.index[figure])
        off = ~near(new[0], estimate, 1e-9, 1e-9, nan=True) & ~by_bins
        slack = 1e-6 * (1 + np.abs(estimate))  # by sums, the square of a width is exact to that of the mean
        for bound, wide in zip(new[1:], (low, high), strict=True):
            off |= ~near(bound, wide, 1e-6, slack) & ~np.isnan(low) & ~by_bins
        assert not off.any(), (wanted[off], got[off])
        np.testing.assert_allclose(swept.tallies[name].regional, compared.outcomes[name].regional, rtol=1e-9, atol=1e-9)
        assert len(plan.regions) == swept.tallies[name].regional.shape[-1]
    assert set(compared.differences.index) <= set(swept.differences.index)
    parts = ["difference", "low", "high"]
    wide, new = (each.loc[compared.differences.index, parts] for each in (compared.differences, swept.differences))
    for part, rel, slack in zip(parts, (1e-9, 1e-5, 1e-5), (1e-8, 1e-5, 1e-5), strict=True):
        held = near(new[part].to_numpy(float), wide[part].to_numpy(float), rel, slack, nan=True)
        assert held.all(), (part, wide[~held], new[~held])


def near(got: Any, wanted: Any, rel: float, slack: Any, *, nan: bool = False) -> Any:
    """Whether each is as near as the wider of two bounds; what is not known is the same only where `nan` says so."""
    unknown = np.isnan(got) & np.isnan(wanted) & nan
    with np.errstate(invalid="ignore"):  # infinity from infinity
        return unknown | (got == wanted) | (np.abs(got - wanted) <= np.maximum(rel * np.abs(wanted), slack))


def near_quantile(wanted: tuple[float, ...], got: tuple[float, ...], figure: str) -> None:
    """The estimate is right to half a bin, where no stratum's trials are cut short; it is within the exact interval."""
    if not np.isnan(got[0]) and not np.isnan(wanted[1:]).any():
        error = Bins(8).error
        assert wanted[1] * (1 - error) - 1e-9 <= got[0] <= wanted[2] * (1 + error) + 1e-9, figure


def close_quantile(wanted: tuple[float, ...], got: tuple[float, ...], figure: str) -> None:
    """The estimate is right to half a bin, and no end of the interval is inside the exact one."""
    error, least = Bins(8).error, 2.0**-30
    if np.isnan(wanted[0]):
        assert np.isnan(got[0]), figure
        return
    assert got[0] == pytest.approx(wanted[0], rel=error * (1 + 1e-9), abs=least), figure
    assert np.isnan(got[1]) == np.isnan(wanted[1]), figure
    assert np.isnan(got[2]) == np.isnan(wanted[2]), figure
    assert not got[1] > wanted[1] + 1e-9, figure
    assert not got[2] < wanted[2] - max(least, 1e-9), figure


def test_every_plan_of_many_is_what_it_is_alone():
    """All 541 groupings of five regions, in more than two groups of plans: the same bytes as one by one."""
    regions = [{**region.model_dump(), "failover": None} for region in STOREFRONT.fleet.regions[:5]]
    fleet = waves.Fleet.model_validate({"regions": regions})
    scenario = Scenario.model_validate({**STOREFRONT.model_dump(), "fleet": fleet, "regions": {}})
    names = fleet.names
    chosen = {
        str(places): waves.grouped([[n for n, p in zip(names, places, strict=True) if p == k] for k in range(count)])
        for places in itertools.product(range(5), repeat=5)
        if set(places) == set(range(count := max(places) + 1))
    }
    assert len(chosen) == 541 > 2 * jobs.GROUP
    found = sweep(chosen, scenario, trials=5000, seed=1, bits=5)
    first = next(iter(chosen))
    for name in list(chosen)[::45] + list(chosen)[jobs.GROUP - 1 : jobs.GROUP + 1]:
        if name != first:
            alone = sweep({first: chosen[first], name: chosen[name]}, scenario, trials=5000, seed=1, bits=5)
            for part in ("sums", "cross", "regional", "counts"):
                many, one = (getattr(s.tallies[name], part) for s in (found, alone))
                assert np.ascontiguousarray(many).tobytes() == np.ascontiguousarray(one).tobytes(), (name, part)


# The same bytes anywhere.


@pytest.fixture(scope="module")
def reference() -> Sweep:
    return sweep(PLANS, STOREFRONT, trials=50_000, seed=7)


@pytest.mark.parametrize("threads", [2, 3, -1])
def test_threads_change_no_byte(reference, threads):
    assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=threads)) == content(reference)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_pool_of_threads_changes_no_byte(reference, workers):
    with ThreadPoolExecutor(workers) as executor:
        assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=executor)) == content(reference)


def test_a_pool_of_processes_changes_no_byte(reference):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=executor)) == content(reference)


@pytest.mark.parametrize(("largest", "count"), [(1, 1), (3 * BLOCK * len(PLANS), 1), (2**26, 1)])
def test_the_size_of_jobs_changes_no_byte(reference, monkeypatch, largest, count):
    monkeypatch.setattr(jobs, "LARGEST", largest)
    monkeypatch.setattr(jobs, "JOBS", count)
    assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7)) == content(reference)


def test_the_size_of_groups_changes_no_byte(reference, monkeypatch):
    monkeypatch.setattr(jobs, "GROUP", 2)
    assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7)) == content(reference)


class Backwards(Executor):
    """Runs nothing until a result is awaited, and then what came last comes first."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append((future, fn, args))
        if len(self.calls) == 13:
            for own, function, given in reversed(self.calls):
                own.set_result(function(*given))
        return future


def test_the_order_in_which_jobs_end_changes_no_byte(reference):
    assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=Backwards())) == content(reference)


# Precision.


@pytest.mark.parametrize("threads", [1, 3])
def test_precision_ends_a_sweep_with_the_first_block_that_suffices(threads):
    wanted = {"share_exposed_mean": 0.0002, "end_minutes_given_shipped_p95": 4.0}
    found = sweep(PLANS, STOREFRONT, trials=400_000, seed=2, precision=wanted, workers=threads)
    assert found.trials % BLOCK == 0
    assert 2 * BLOCK < found.trials < 400_000
    assert content(found) == content(sweep(PLANS, STOREFRONT, trials=found.trials, seed=2))

    def reached(result: Sweep) -> bool:
        tables: Any = result.summaries.values()
        return all((t.loc[f, "high"] - t.loc[f, "low"]) / 2 <= half for t in tables for f, half in wanted.items())

    assert reached(found)
    assert not reached(sweep(PLANS, STOREFRONT, trials=found.trials - BLOCK, seed=2))


def test_a_precision_out_of_reach_ends_with_the_trials():
    words = r"^after 5,000 trials share_exposed_mean of '.*' is known to ±0\.\d+, and ±1e-09 was asked for; give"
    with pytest.warns(UserWarning, match=words):
        found = sweep(PLANS, STOREFRONT, trials=5000, seed=2, precision={"share_exposed_mean": 1e-9})
    assert found.trials == 5000


def test_an_early_end_cancels_what_has_not_begun():
    class Counting(ThreadPoolExecutor):
        futures: list[Any] = []

        def submit(self, *args: Any, **kwargs: Any) -> Any:
            self.futures.append(super().submit(*args, **kwargs))
            return self.futures[-1]

    with Counting(1) as executor:
        sweep(PLANS, STOREFRONT, trials=2_000_000, seed=2, precision={"share_exposed_mean": 0.5}, workers=executor)
        assert any(future.cancelled() for future in executor.futures)


# Workers that die.


def dies() -> None:
    import os

    os._exit(1)


class Faulty(ThreadPoolExecutor):
    """Loses one job."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(2)
        self.error, self.count = error, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        if self.count == 2:
            lost: Future[Any] = Future()
            lost.set_exception(self.error)
            return lost
        return super().submit(fn, *args, **kwargs)


@pytest.mark.parametrize("error", [CancelledError(), ConnectionResetError("the worker is gone")])
def test_a_lost_job_is_done_once_more(reference, error):
    with Faulty(error) as executor:
        assert content(sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=executor)) == content(reference)


def test_a_broken_pool_says_what_to_do():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        executor.submit(dies)
        with pytest.raises(BrokenExecutor, match=r"worker.* died.* trials 0 to \d+ .*start a new executor"):
            sweep(PLANS, STOREFRONT, trials=50_000, seed=7, workers=executor)


def test_a_worker_with_another_engine_refuses():
    job = jobs.job([setting(PLANS["1, 2, 3"], STOREFRONT)], 0, 8, range(10), sampling_of(STOREFRONT))
    other = pickle.loads(pickle.dumps(job).replace(job.edition.encode(), b"0123456789ab"))
    with pytest.raises(RuntimeError, match="0123456789ab.*install the same version"):
        other.run()


def test_jobs_travel_light():
    """A thousandth of a second over a network of a gigabit, where the rollouts take some seconds."""
    job = jobs.job(
        [setting(plan, STOREFRONT) for plan in PLANS.values()] * 20, 0, 8, range(10**6), sampling_of(STOREFRONT)
    )
    assert len(pickle.dumps(job)) < 103_000


# Faults of input.

GOOD: dict[str, Any] = {"plans": PLANS, "scenario": STOREFRONT, "trials": 100}
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"plans": {}}, "no plans"),
    ({"plans": {"a": "b"}}, "mapping from names to plans"),
    ({"plans": [PLANS["1, 2, 3"]]}, "mapping from names to plans"),
    ({"plans": {"a": waves.grouped([["mars"]])}}, "mars"),
    ({"trials": 0}, "trials is 0"),
    ({"trials": True}, "trials is True"),
    ({"trials": 1.5}, "trials is 1.5"),
    ({"trials": 2**32 + 1}, "trials is 4294967297"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": 2**64}, "seed is 18446744073709551616"),
    ({"seed": 0.5}, "seed is 0.5"),
    ({"confidence": 1.0}, "confidence is 1.0"),
    ({"confidence": float("nan")}, "confidence is nan"),
    ({"confidence": "95"}, "confidence is '95'"),
    ({"workers": 0}, "workers is 0"),
    ({"workers": None}, "workers is None"),
    ({"workers": 2.5}, "workers is 2.5"),
    ({"workers": True}, "workers is True"),
    ({"bits": 0}, "bits is 0"),
    ({"bits": 40}, "bits is 40"),
    ({"precision": 0.1}, "precision is 0.1"),
    ({"precision": {"share_exposd": 0.1}}, "'share_exposd' is not a figure; did you mean 'share_exposed'"),
    ({"precision": {"share_exposed_mean": 0.0}}, "share_exposed_mean is 0.0"),
    ({"precision": {"share_exposed_mean": float("nan")}}, "share_exposed_mean is nan"),
    ({"precision": {"share_exposed_mean": "1%"}}, "share_exposed_mean is '1%'"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[str(change)[:40] for change, _ in FAULTS])
def test_a_fault_of_input_is_one_clear_error(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        sweep(**{**GOOD, **change})
    assert "\n" not in str(caught.value)


# Memory and honesty.


def peak(trials: int) -> int:
    tracemalloc.start()
    sweep(PLANS, STOREFRONT, trials=trials, seed=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_trials():
    few, many = peak(20_000), peak(1_000_000)
    assert many < few + 20e6


def test_intervals_cover_the_truth_as_often_as_they_say():
    """300 sweeps: at 95 %, between 88 and 99.5 % of the intervals hold what 100 times as many trials say."""
    plan = {"plan": PLANS["1, 2, 3"]}
    truth: Any = sweep(plan, STOREFRONT, trials=400_000, seed=999).summaries["plan"]
    figures = ["share_exposed_mean", "probability_shipped", "end_minutes_given_shipped_mean", "minutes_to_ship"]
    figures += ["end_minutes_given_shipped_p50", "end_minutes_given_shipped_p95", "mixed_minutes_mean"]
    hits = dict.fromkeys(figures, 0)
    for seed in range(300):
        found: Any = sweep(plan, STOREFRONT, trials=4000, seed=seed).summaries["plan"]
        for figure in figures:
            value = truth.loc[figure, "estimate"]
            hits[figure] += bool(found.loc[figure, "low"] <= value <= found.loc[figure, "high"])
    assert all(count >= 0.88 * 300 for count in hits.values()), hits
    assert all(count <= 0.995 * 300 for figure, count in hits.items() if figure.endswith("mean")), hits


def test_run_is_the_one_plan_case_of_the_same_trials():
    own = run(plan := PLANS["1, 2, 3"], STOREFRONT, trials=5000, seed=9)
    swept = sweep({"it": plan}, STOREFRONT, trials=5000, seed=9).summaries["it"]["estimate"]
    assert swept["probability_escaped"] == pytest.approx(own.fraction((own.frame["outcome"] == "escaped").to_numpy()))
