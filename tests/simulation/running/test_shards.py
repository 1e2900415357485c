"""Chunks of a sweep on machines that share nothing: merged, they are the sweep, and what does not belong is refused."""

import subprocess
import sys
from typing import Any

import pandas as pd
import pytest

from simulation import OUTCOMES, sample, sweep
from simulation.running.shards import main, merge, work
from tests.simulation.running.test_sweep import PLANS, content

STOREFRONT = sample("storefront")
WHOLE: dict[str, Any] = {"trials": 30_000, "seed": 4, "chunks": 3}


@pytest.fixture
def folder(tmp_path):
    """The files of three chunks, made in any order."""
    for chunk in (2, 0, 1):
        work(PLANS, STOREFRONT, chunk=chunk, folder=tmp_path, **WHOLE)
    return tmp_path


def test_merged_chunks_are_the_sweep_to_the_byte(folder):
    merged = merge(PLANS, STOREFRONT, folder=folder, **WHOLE)
    assert content(merged) == content(sweep(PLANS, STOREFRONT, trials=30_000, seed=4))


def test_more_chunks_than_blocks_leave_some_empty(tmp_path):
    whole: dict[str, Any] = {"trials": 5000, "seed": 4, "chunks": 5}
    for chunk in range(5):
        work(PLANS, STOREFRONT, chunk=chunk, folder=tmp_path, **whole)
    merged = merge(PLANS, STOREFRONT, folder=tmp_path, **whole)
    assert content(merged) == content(sweep(PLANS, STOREFRONT, trials=5000, seed=4))


def test_missing_chunks_are_named(folder):
    (folder / "chunk-1.npz").unlink()
    with pytest.raises(ValueError, match="lacks 1 of 3 chunks: 1; run them"):
        merge(PLANS, STOREFRONT, folder=folder, **WHOLE)


@pytest.mark.parametrize("change", [{"seed": 5}, {"trials": 40_000}, {"plans": dict(list(PLANS.items())[:2])}])
def test_chunks_of_another_sweep_are_refused(folder, change):
    with pytest.raises(ValueError, match="chunk-0.npz is of another sweep"):
        merge(**{"plans": PLANS, "scenario": STOREFRONT, "folder": folder, **WHOLE, **change})


def test_a_chunk_out_of_range_is_refused(tmp_path):
    with pytest.raises(ValueError, match="chunk is 3; with 3 chunks, give a number from 0 to 2"):
        work(PLANS, STOREFRONT, chunk=3, folder=tmp_path, **WHOLE)


def test_a_damaged_chunk_is_named(folder):
    (folder / "chunk-1.npz").write_text("garbage")
    with pytest.raises(ValueError, match="chunk-1.npz is damaged; run that chunk again$"):
        merge(PLANS, STOREFRONT, folder=folder, **WHOLE)


def test_two_plans_of_one_name_are_refused(root, tmp_path, capsys):
    """The tables that `merge` writes are named for the plans' files."""
    plan = root / "data/plans/six-region-three-wave.yaml"
    (tmp_path / plan.name).write_bytes(plan.read_bytes())
    files = [str(root / "data/scenarios/storefront.yaml"), str(plan), str(tmp_path / plan.name)]
    assert main(["work", *files, "--trials", "10", "--chunks", "1", "--chunk", "0"]) == 2
    assert (
        "another plan is called 'six-region-three-wave', too; give each file a name of its own"
        in capsys.readouterr().err
    )


def test_which_chunk_must_be_said(root, monkeypatch, capsys):
    """Else every machine would run the first."""
    monkeypatch.delenv("AWS_BATCH_JOB_ARRAY_INDEX", raising=False)
    files = [str(root / "data/scenarios/storefront.yaml"), str(root / "data/plans/six-region-three-wave.yaml")]
    assert main(["work", *files, "--trials", "10", "--chunks", "2"]) == 2
    assert capsys.readouterr().err.startswith("which chunk? give --chunk")
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", "first")
    assert main(["work", *files, "--trials", "10", "--chunks", "2"]) == 2
    assert capsys.readouterr().err.startswith("AWS_BATCH_JOB_ARRAY_INDEX is 'first'; it says which chunk: give")


def test_the_commands_of_a_batch_array_give_the_summaries(root, tmp_path, monkeypatch, capsys):
    """AWS Batch gives each job its number in AWS_BATCH_JOB_ARRAY_INDEX."""
    files = [str(root / "data/scenarios/storefront.yaml"), str(root / "data/plans/six-region-three-wave.yaml")]
    options = ["--trials", "20000", "--seed", "3", "--chunks", "2", "--folder", str(tmp_path)]
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", "1")
    assert main(["work", *files, *options]) == 0
    assert main(["merge", *files, *options]) == 2
    assert "lacks 1 of 2 chunks: 0" in capsys.readouterr().err
    command = [sys.executable, "-m", "simulation.running.shards", "work", *files, *options, "--chunk", "0"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    assert main(["merge", *files, *options]) == 0
    table = pd.read_csv(tmp_path / "six-region-three-wave.csv", index_col="figure")
    outcomes = [f"probability_{outcome}" for outcome in OUTCOMES]
    assert table.loc[outcomes, "estimate"].sum() == pytest.approx(1.0)
