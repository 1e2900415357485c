"""Rare events on any number of threads, in tasks of any size, on any executor: the same bytes; and how calls fail.

Not here: what the figures are worth (``test_rare``, ``test_rare_coverage``), how executors lose jobs (``test_sweep``).
"""

import copy
import pickle
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from simulation import Rare, rare, sample
from simulation.rare_events import stratified
from tests.builders import sample_plan
from tests.simulation.rare_events.test_rare import FIGURES, STOREFRONT, TWO
from waves import Plan, Wave

OPTIONS: dict[str, Any] = {"trials": 60_000, "seed": 4, "precision": 0.05}


def content(found: Rare) -> bytes:
    """All of an answer's numbers, as bytes, and its words."""
    words = found.strata["what_went_wrong"].tolist() + found.table.index.tolist()
    tables = (found.table.drop(columns="unit"), found.strata.drop(columns="what_went_wrong"))
    return b"".join(table.to_numpy(dtype=float).tobytes() for table in tables) + f"{found.trials} {words}".encode()


@pytest.fixture(scope="module")
def reference() -> Rare:
    return rare(*STOREFRONT, FIGURES[:3], **OPTIONS)


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_byte(reference, threads):
    assert content(rare(*STOREFRONT, FIGURES[:3], **OPTIONS, workers=threads)) == content(reference)


def test_another_seed_changes_the_answer(reference):
    assert content(rare(*STOREFRONT, FIGURES[:3], **OPTIONS | {"seed": 5})) != content(reference)


@pytest.mark.parametrize(("largest", "tasks"), [(1, 1), (3 * stratified.BLOCK, 1), (2**26, 1), (2**26, 1000)])
def test_the_size_of_tasks_changes_no_byte(reference, monkeypatch, largest, tasks):
    monkeypatch.setattr(stratified, "LARGEST", largest)
    monkeypatch.setattr(stratified, "TASKS", tasks)
    assert content(rare(*STOREFRONT, FIGURES[:3], **OPTIONS)) == content(reference)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_pool_of_threads_changes_no_byte(reference, workers):
    with ThreadPoolExecutor(workers) as executor:
        assert content(rare(*STOREFRONT, FIGURES[:3], **OPTIONS, workers=executor)) == content(reference)


def test_a_pool_of_processes_changes_no_byte(reference):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert content(rare(*STOREFRONT, FIGURES[:3], **OPTIONS, workers=executor)) == content(reference)


class Late(Executor):
    """Works on nothing until there are four tasks or somebody waits, and then on the last one first."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        executor = self

        class Awaited(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                executor.work()
                return super().result(timeout)

        future = Awaited()
        self.calls.append((future, fn, args))
        if len(self.calls) == 4:
            self.work()
        return future

    def work(self) -> None:
        while self.calls:
            future, function, given = self.calls.pop()
            future.set_result(function(*given))


def test_the_order_in_which_tasks_end_changes_no_byte(reference):
    assert content(rare(*STOREFRONT, FIGURES[:3], **OPTIONS, workers=Late())) == content(reference)


def test_a_worker_with_another_edition_refuses():
    tasks: list[Any] = []

    class Keeps(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            tasks.append(fn.__self__)
            future: Future[Any] = Future()
            future.set_result(fn())
            return future

    rare(*STOREFRONT, TWO, precision=0.3, workers=Keeps())
    other = pickle.loads(pickle.dumps(tasks[0]).replace(tasks[0].edition.encode(), b"0123456789ab"))
    with pytest.raises(RuntimeError, match="0123456789ab.*install the same version"):
        other.run()
    assert max(len(pickle.dumps(task)) for task in tasks) < 200_000


def test_progress_is_shown_on_standard_error_and_only_if_asked_for(capsys):
    quiet = rare(*STOREFRONT, TWO, precision=0.1)
    assert capsys.readouterr() == ("", "")
    shown = rare(*STOREFRONT, TWO, precision=0.1, progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "rollout" in err
    assert content(shown) == content(quiet)


def test_an_answer_can_be_kept_and_sent(reference):
    for other in (pickle.loads(pickle.dumps(reference)), copy.deepcopy(reference)):
        assert content(other) == content(reference)
        assert other.scenario == reference.scenario


HERE: dict[str, Any] = {"plan": STOREFRONT[0], "scenario": STOREFRONT[1], "figure": TWO}
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"plan": {}}, "at least one plan and one figure"),
    ({"plan": [STOREFRONT[0]]}, "mapping from names to plans"),
    ({"plan": {"a": 1}}, "mapping from names to plans"),
    ({"plan": STOREFRONT[1]}, "mapping from names to plans"),
    ({"plan": Plan(waves=(Wave(regions=("mars",)),))}, "'mars' is not in the fleet"),
    ({"figure": None}, "figure is None; give a name"),
    ({"figure": 3}, "figure is 3; give a name"),
    ({"figure": [TWO, 3]}, "figure is 3; give a name"),
    ({"figure": []}, "at least one plan and one figure"),
    ({"figure": [TWO, TWO]}, "is asked for 2 times; name each figure once"),
    ({"figure": "probability_escapd"}, "did you mean 'probability_escaped'"),
    ({"figure": "share_exposed_p95"}, "not a figure that rare events are estimated for"),
    ({"figure": "probability_regions_exposed_at_least_0"}, "is certain; give a number above 0"),
    ({"figure": "probability_regions_exposed_at_least_1e400"}, "is impossible; give a number below 1e308"),
    ({"figure": "probability_share_exposed_at_least_50"}, "is impossible; give a share from 0 to 1, perhaps 0.5"),
    ({"precision": 0.0}, "precision is 0.0; give a share of the estimate of at least 1e-09"),
    ({"precision": float("inf")}, "precision is inf"),
    ({"precision": 1e-160}, "precision is 1e-160; give a share of the estimate of at least 1e-09"),
    ({"precision": float("nan")}, "precision is nan"),
    ({"precision": "1%"}, "precision is '1%'"),
    ({"precision": {TWO: 0.01}}, "precision is {'probability"),
    ({"trials": 10}, "strata need at least"),
    ({"trials": 0}, "trials is 0; give a whole number from 1 to 4294967296"),
    ({"trials": True}, "trials is True; give a whole number"),
    ({"trials": 2**33}, "trials is 8589934592; give a whole number"),
    ({"trials": 1e6}, "trials is 1000000.0; give a whole number"),
    ({"workers": 0}, "workers is 0; give a number of threads"),
    ({"workers": -2}, "workers is -2; give a number of threads"),
    ({"workers": "dask"}, "workers is 'dask'; give a number of threads"),
    ({"confidence": 1.0}, "between 0 and 1"),
    ({"confidence": float("nan")}, "confidence is nan"),
    ({"confidence": "95"}, "confidence is '95'"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": 2**64}, "seed is 18446744073709551616"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[str(change)[:40] for change, _ in FAULTS])
def test_a_fault_of_input_is_one_clear_error(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        rare(**HERE | change)
    assert "\n" not in str(caught.value)


def test_every_plan_of_several_is_there_by_its_name():
    plans = {"today": STOREFRONT[0], "at once": sample_plan("all-at-once")}
    found = rare(plans, sample("storefront"), [TWO, "probability_escaped"], precision=0.2)
    assert found.table.index.tolist() == [(name, each) for name in plans for each in (TWO, "probability_escaped")]
