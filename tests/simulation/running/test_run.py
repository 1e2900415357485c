"""Rows by threads, executors and to a precision: the same bytes as alone, with either engine.

Not here: what the rows are (``test_engines``, ``test_compiled``), arguments out of range (``test_outcomes``).
"""

import io
import multiprocessing
import pickle
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tqdm import tqdm

from simulation import Outcomes, compare, rare, run, run_all, sample, setting, sweep
from simulation.rare_events.sampling import sampling_of
from simulation.running import rows as running_rows
from simulation.running.jobs import BLOCK
from simulation.running.rows import empty_rows, job, rows
from tests.builders import sample_plan
from waves import InputError, grouped

STOREFRONT = sample("storefront")
DESIGN = sampling_of(STOREFRONT)
PLANS = [sample_plan(name) for name in ("all-at-once", "six-region-three-wave")]
TRIALS = 40 * BLOCK + 17  # several jobs, and a block that is not whole


def same(one: Outcomes, other: Outcomes) -> bool:
    return (
        one.trials == other.trials
        and one.frame.equals(other.frame)
        and one.regional.tobytes() == other.regional.tobytes()
        and one.defective.tobytes() == other.defective.tobytes()
    )


@pytest.fixture(scope="module")
def alone() -> list[Outcomes]:
    return run_all(PLANS, STOREFRONT, trials=TRIALS, seed=3, first=5)


def test_threads_leave_the_same_bytes(alone):
    found = run_all(PLANS, STOREFRONT, trials=TRIALS, seed=3, first=5, workers=3)
    assert all(map(same, alone, found))


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_an_executor_leaves_the_same_bytes(alone, kind):
    pool: Executor = (
        ThreadPoolExecutor(2)
        if kind == "threads"
        else ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    )
    with pool as executor:
        found = run_all(PLANS, STOREFRONT, trials=TRIALS, seed=3, first=5, workers=executor)
    assert all(map(same, alone, found))


@pytest.mark.parametrize(
    "engine, trials, threads", [("compiled", TRIALS, 1), ("compiled", TRIALS, 2), ("simpy", 2500, 1)]
)
def test_progress_adds_up_to_all_rollouts(engine, trials, threads):
    told: list[int] = []
    settings = [setting(each, STOREFRONT) for each in PLANS]
    rows(job(settings, 1, range(7, 7 + trials), engine, DESIGN), workers=threads, advance=told.append)
    assert sum(told) == trials * len(PLANS) and len(told) > 1


@pytest.mark.parametrize("plans, called", [(1, "1 plan"), (2, "2 plans")])
def test_rows_that_do_not_fit_into_memory_are_refused_in_one_line(monkeypatch, plans, called):
    def full(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(np, "zeros", full)
    with pytest.raises(
        ValueError, match=f"^3,000 trials of {called} do not fit into memory row by row; use sweep, which"
    ):
        empty_rows(plans, range(3000))
    monkeypatch.undo()
    monkeypatch.setattr(running_rows, "available", lambda: plans * 2000.0 * running_rows.A_ROW)
    with pytest.raises(MemoryError, match="^3,000 trials of .* do not fit"):  # a system lends what it has not
        empty_rows(plans, range(3000))
    assert empty_rows(plans, range(1000)).shape[2] == 1000


class Counting(ThreadPoolExecutor):
    """A pool that counts what it is given."""

    jobs = 0

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        self.jobs += 1
        return super().submit(*args, **kwargs)


@pytest.mark.parametrize("plans, trials, jobs", [(1, 2**17, 1), (1, 2**17 + 1, 2), (33, 2 * BLOCK, 2)])
def test_a_job_has_no_more_rows_than_131072_or_one_block_of_each_plan(plans, trials, jobs):
    """Its rows come back as some megabytes."""
    with Counting(1) as executor:
        run_all([PLANS[0]] * plans, STOREFRONT, trials=trials, workers=executor)
        assert executor.jobs == jobs


def test_an_executor_is_given_the_work():
    with Counting(1) as executor:
        run(PLANS[0], STOREFRONT, trials=TRIALS, workers=executor)
        assert executor.jobs > 1
    with Counting(1) as executor:  # one block is enough, once for sums and once for rows
        run(PLANS[0], STOREFRONT, precision={"share_exposed": 0.1}, workers=executor)
        assert executor.jobs > 1


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_is_shown_to_whoever_asks(capsys, progress):
    run(PLANS[0], STOREFRONT, trials=100, progress=progress)
    assert ("rollout" in capsys.readouterr().err) is progress
    run_all(PLANS, STOREFRONT, trials=100, progress=progress)
    assert ("/200" in capsys.readouterr().err) is progress
    run(PLANS[0], STOREFRONT, precision={"share_exposed": 0.1}, progress=progress)
    assert ("/10.0M" in capsys.readouterr().err) is progress


def test_the_bar_ends_at_its_total(monkeypatch):
    bars: list[Any] = []

    class Bar(tqdm):
        def close(self) -> None:
            bars.append((self.n, self.total))

    monkeypatch.setattr("simulation.running.run.tqdm", partial(Bar, file=io.StringIO()))
    run_all(PLANS, STOREFRONT, trials=100, progress=True)
    assert bars[0] == (200, 200)


def test_the_last_trials_that_there_are_run():
    assert run(PLANS[0], STOREFRONT, first=2**32 - 5, trials=5).trials.stop == 2**32


def test_the_model_in_simpy_takes_an_executor_too():
    wanted = run(PLANS[1], STOREFRONT, trials=BLOCK + 40, seed=3, engine="simpy")
    with ThreadPoolExecutor(1) as executor:
        assert same(wanted, run(PLANS[1], STOREFRONT, trials=BLOCK + 40, seed=3, engine="simpy", workers=executor))
    assert (wanted.frame["outcome"] == run(PLANS[1], STOREFRONT, trials=BLOCK + 40, seed=3).frame["outcome"]).all()


def test_a_precision_takes_the_place_of_a_number_of_trials():
    """`share_exposed` means its mean; the number of trials is the sweep's, and the last block was needed."""
    found = run(PLANS[1], STOREFRONT, precision={"share_exposed": 0.0004}, seed=4)
    swept = sweep({"it": PLANS[1]}, STOREFRONT, precision={"share_exposed_mean": 0.0004}, seed=4)
    assert len(found.trials) == swept.trials > BLOCK
    assert same(found, run(PLANS[1], STOREFRONT, trials=swept.trials, seed=4))

    def half(outcomes: Outcomes) -> float:
        row: Any = outcomes.summary().loc["share_exposed_mean"]
        return float(row["high"] - row["low"]) / 2

    assert half(found) <= 0.0004 < half(run(PLANS[1], STOREFRONT, trials=swept.trials - BLOCK, seed=4))


def test_a_comparison_reaches_a_precision_for_every_plan():
    named = dict(zip("ab", PLANS, strict=True))
    found = compare(named, STOREFRONT, precision={"share_exposed": 0.00045}, workers=2)
    needed = [len(run(plan, STOREFRONT, precision={"share_exposed": 0.00045}).trials) for plan in PLANS]
    assert len(found.trials) == max(needed) > min(needed)


def test_a_precision_begins_with_the_first_trial():
    with pytest.raises(
        ValueError, match="^first is 7; with a precision, trials begin with 0: leave one of the two out$"
    ):
        run(PLANS[0], STOREFRONT, precision={"share_exposed": 0.01}, first=7)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"workers": 0}, "workers is 0; give a number of threads from 1 to 1024, -1 for one a core"),
        ({"workers": "dask"}, "workers is 'dask'; give a number of threads"),
        ({"precision": 0}, r"precision is 0; give a mapping such as"),
        ({"precision": 0.1}, r"precision is 0.1; give a mapping such as \{'share_exposed': 0.001\}"),
        (
            {"first": 2**32 - 5, "trials": 10},
            r"first is 4294967291: 10 trials from there end beyond 2\*\*32",
        ),
        ({"precision": {"share_exposed": 0}}, "precision: share_exposed is 0; give a finite half-width above 0"),
        (
            {"precision": {"share_exposd": 0.1}},
            "precision: 'share_exposd' is not a figure; did you mean 'share_exposed'?",
        ),
        (
            {"precision": {"completed": 0.1}},
            "precision: 'completed' is not a figure; did you mean 'probability_completed'?",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, words):
    with pytest.raises(ValueError, match="^" + words.replace("?", r"\?")) as caught:
        run(PLANS[0], STOREFRONT, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("half, confidence", [(Fraction(1, 20), Fraction(9, 10)), (np.float32(0.05), np.float32(0.9))])
def test_any_real_number_is_a_precision_or_a_confidence(half, confidence):
    """Fractions, and numbers as they come out of arrays."""
    found = run(PLANS[0], STOREFRONT, precision={"share_exposed": half})
    table = found.summary(confidence=confidence)
    pd.testing.assert_frame_equal(table, found.summary(confidence=float(confidence)))
    swept = sweep({"plan": PLANS[0]}, STOREFRONT, precision={"share_exposed": half}, confidence=confidence)
    table = swept.summaries["plan"]
    assert 0 < (table["high"] - table["low"])["share_exposed_mean"] <= 0.1
    pd.testing.assert_frame_equal(
        rare(PLANS[0], STOREFRONT, "share_exposed_mean", precision=2 * half, confidence=confidence).table,
        rare(PLANS[0], STOREFRONT, "share_exposed_mean", precision=2 * float(half), confidence=float(confidence)).table,
    )


@pytest.mark.parametrize(
    "plans, words",
    [
        ([], "there are no plans to run; give at least one"),
        ({"a": PLANS[0]}, "plans is dict; give a list of plans"),
        (PLANS[0], "plans is Plan; give a list of plans"),
        (None, "plans is NoneType; give a list of plans"),
    ],
)
def test_what_is_no_list_of_plans_is_refused(plans, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        run_all(plans, STOREFRONT, trials=5)


def test_plans_may_come_one_by_one():
    assert len(run_all((plan for plan in PLANS), STOREFRONT, trials=5)) == 2  # type: ignore[arg-type]


def test_a_plan_of_another_fleet_is_called_by_its_name():
    """`run_all` knows no names: it counts."""
    stranger = grouped([["mars-1"]])
    for named in (sweep, compare, rare):
        with pytest.raises(InputError, match="^<plan 'bad'>:1:1: error: region 'mars-1' is not in the fleet"):
            named({"good": PLANS[0], "bad": stranger}, STOREFRONT)
    with pytest.raises(InputError, match="^<plan 'plan 2'>:1:1: error"):
        run_all([PLANS[0], stranger], STOREFRONT)


def test_a_precision_out_of_reach_is_said_of_the_plan_at_the_caller():
    words = "^after 500 trials share_exposed_mean of 'new' is known to .*; give more trials, or a wider"
    with pytest.warns(UserWarning, match=words) as caught:
        compare({"new": PLANS[0]}, STOREFRONT, trials=500, precision={"share_exposed": 1e-5})
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="^after 500 trials .* of 'the plan' .* give more trials, more bits="):
        run(PLANS[0], STOREFRONT, trials=500, precision={"end_minutes_given_shipped_p95": 1e-5})


def test_the_median_of_rows_is_known_more_exactly_than_a_wide_bin():
    """Beyond 128 minutes no sweep with its usual bins knows it to less than half a minute; those of rows are finer."""
    figure = "end_minutes_given_shipped_p50"
    found = run(PLANS[1], STOREFRONT, precision={figure: 0.25}, trials=3_000_000)
    row: Any = found.summary().loc[figure]
    assert row["estimate"] > 128 and (row["high"] - row["low"]) / 2 <= 0.25
    swept: Any = sweep({"it": PLANS[1]}, STOREFRONT, trials=len(found.trials)).summaries["it"].loc[figure]
    assert (swept["high"] - swept["low"]) / 2 >= 0.5


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_worker_with_another_edition_refuses(engine):
    whole: Any = job([setting(PLANS[0], STOREFRONT)], 1, range(10), engine, DESIGN)
    other = pickle.loads(pickle.dumps(whole).replace(whole.edition.encode(), b"0123456789ab"))
    with pytest.raises(RuntimeError, match=f"^this worker has edition {whole.edition} .* from edition 0123456789ab;"):
        other.run()
