"""A chunk of a sweep as a job of its own, for machines that share nothing: `python -m simulation.running.shards`.

A seed, a number of trials and a chunk's number are all a machine must know, beside the scenario and the plans. The
files that the chunks leave, merged, are the sweep to the byte. Not here: sweeps on executors (``sweep``).
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args
from zipfile import BadZipFile

import numpy as np

from simulation.arguments import whole
from simulation.rare_events.sampling import Method, sampling_of
from simulation.running.jobs import BLOCK, Histograms, Job, Summed, job, plan_groups
from simulation.running.sweep import Gathering, Sweep, check_sweep
from simulation.scenario import Scenario
from simulation.setting import settings_of
from waves import InputError, Plan


def _job(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    trials: int,
    seed: int,
    chunk: int,
    chunks: int,
    sampling: Method = "stratified",
) -> Job:
    """Return a chunk's job: so many whole blocks, as even as can be."""
    check_sweep(plans, trials, seed)
    whole("chunks", chunks, 1)
    if not 0 <= chunk < chunks:
        raise ValueError(f"chunk is {chunk}; with {chunks} chunks, give a number from 0 to {chunks - 1}")
    blocks = -(-trials // BLOCK)
    start, stop = (blocks * n // chunks * BLOCK for n in (chunk, chunk + 1))
    settings = settings_of(plans, scenario)
    design = sampling_of(scenario, sampling)
    bits = Gathering(plans, scenario, seed, 1, design).bins.bits
    return job(settings, seed, bits, range(start, min(stop, trials)), design)


def work(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    trials: int,
    seed: int,
    chunk: int,
    chunks: int,
    folder: Path,
    sampling: Method = "stratified",
) -> Path:
    """Run one chunk of a sweep and write what it found.

    Parameters
    ----------
    plans, scenario, trials, seed, sampling
        Those of the whole sweep; see `sweep`.
    chunk, chunks
        Which of how many, from 0.
    folder
        Where the file goes, as chunk-N.npz.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    mine = _job(plans, scenario, trials, seed, chunk, chunks, sampling)
    arrays: dict[str, Any] = {"key": np.array(mine.key)}
    for number, part in enumerate(mine.run() if len(mine.trials) else []):
        for name, block in zip(("sums", "cross", "regional"), zip(*part.blocks, strict=True), strict=True):
            arrays[f"{name}-{number}"] = np.stack(block)
        for name, array in part.counts[0]._asdict().items():
            arrays[f"{name}-{number}"] = array
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"chunk-{chunk}.npz"
    part_path = path.with_suffix(".part")
    with part_path.open("wb") as file:  # a machine that is taken away leaves no half a file under the name
        np.savez(file, **arrays)
    part_path.replace(path)
    return path


def merge(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    trials: int,
    seed: int,
    chunks: int,
    folder: Path,
    sampling: Method = "stratified",
) -> Sweep:
    """Merge the files that all chunks left; for the parameters see `work`.

    Raises
    ------
    ValueError
        Where files are missing, naming their numbers, or are of another sweep or another version of the kit.
    """
    check_sweep(plans, trials, seed)
    missing = [n for n in range(chunks) if not (folder / f"chunk-{n}.npz").is_file()]
    if missing:
        named = ", ".join(map(str, missing[:20])) + (" …" if len(missing) > 20 else "")
        raise ValueError(f"{folder} lacks {len(missing)} of {chunks} chunks: {named}; run them, then merge again")
    gathering = Gathering(plans, scenario, seed, trials, sampling_of(scenario, sampling))
    for chunk in range(chunks):
        mine = _job(plans, scenario, trials, seed, chunk, chunks, sampling)
        if len(mine.trials):
            gathering.add(mine, _read(folder / f"chunk-{chunk}.npz", mine, len(plans)), {}, 0.95)
    return Sweep(gathering.tallies(), gathering.trials, 0.95)


def _read(path: Path, mine: Job, plans: int) -> list[Summed]:
    try:
        file = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile):
        raise ValueError(f"{path} is damaged; run that chunk again") from None
    with file:
        if str(file["key"]) != mine.key:
            raise ValueError(
                f"{path} is of another sweep, or of another version of the kit; give the scenario, plans, trials, seed "
                "and chunks it was run with, or run the chunk again"
            )
        parts = []
        for number in range(len(plan_groups(plans))):
            sums, cross, regional = (file[f"{name}-{number}"] for name in ("sums", "cross", "regional"))
            counts = [Histograms(*(file[f"{name}-{number}"] for name in Histograms._fields))]
            parts.append(Summed(list(zip(sums, cross, regional, strict=True)), counts))
        return parts


def _named(paths: Iterable[Path]) -> dict[str, Plan]:
    found: dict[str, Plan] = {}
    for path in paths:
        if path.stem in found:
            raise ValueError(f"{path}: another plan is called {path.stem!r}, too; give each file a name of its own")
        found[path.stem] = Plan.read(path)
    return found


def _which() -> int:
    index = os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX")
    if index is None:
        raise ValueError("which chunk? give --chunk, from 0, or AWS_BATCH_JOB_ARRAY_INDEX, as AWS Batch does")
    try:
        return int(index)
    except ValueError:
        raise ValueError(f"AWS_BATCH_JOB_ARRAY_INDEX is {index!r}; it says which chunk: give a number from 0") from None


def main(arguments: Iterable[str] | None = None) -> int:
    """Run one chunk, or merge all; see `python -m simulation.running.shards --help`."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation.running.shards", description="One chunk of a sweep, or all."
    )
    parser.add_argument("what", choices=("work", "merge"), help="run one chunk, or merge the files of all")
    parser.add_argument("scenario", type=Path)
    parser.add_argument("plans", type=Path, nargs="+", help="the first is the baseline; a file's stem names its plan")
    parser.add_argument("--trials", type=int, required=True, help="of the whole sweep")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sampling", choices=get_args(Method), default="stratified", help="of the whole sweep, too")
    parser.add_argument("--chunks", type=int, required=True, help="into how many the sweep is cut")
    parser.add_argument(
        "--chunk",
        type=int,
        help="which, from 0; left out, what AWS Batch says in AWS_BATCH_JOB_ARRAY_INDEX",
    )
    parser.add_argument("--folder", type=Path, default=Path("build/chunks"), help="of the chunks' files")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        scenario = Scenario.read(options.scenario)
        plans = _named(options.plans)
        of_all = {"trials": options.trials, "seed": options.seed, "chunks": options.chunks, "folder": options.folder}
        of_all["sampling"] = options.sampling
        if options.what == "work":
            print(work(plans, scenario, chunk=_which() if options.chunk is None else options.chunk, **of_all))
        else:
            merged = merge(plans, scenario, **of_all)
            for name, table in merged.summaries.items():
                path = options.folder / f"{name}.csv"
                table.to_csv(path)
                print(path)
    except (InputError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
