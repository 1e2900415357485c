"""Many rollouts of one or several plans, row by row, with either engine.

Not here: what the rows sum up to (``outcomes``), where they are worked out (``rows``), rollouts of which only sums are
kept (``sweep``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.arguments import Workers, check_precision, check_workers, how_many, whole
from simulation.columns import OUTCOMES, Row
from simulation.draws import check_address
from simulation.engine import layout
from simulation.rare_events.sampling import Method, check_method, sampling_of
from simulation.results.outcomes import Outcomes
from simulation.running.rows import job, rows
from simulation.running.sweep import sweep
from simulation.scenario import Scenario
from simulation.setting import Setting, settings_of
from simulation.tape import Tape
from waves import Plan
from waves.progress import tqdm

Engine = Literal["compiled", "simpy"]
USUAL = 20_000  # trials, where nothing is said


def run(
    plan: Plan,
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int = 0,
    first: int = 0,
    engine: Engine = "compiled",
    sampling: Method = "stratified",
    precision: Mapping[str, float] | None = None,
    workers: Workers = 1,
    tape: Tape | None = None,
    progress: bool = False,
) -> Outcomes:
    """Roll a plan out many times.

    Parameters
    ----------
    plan, scenario
        What is rolled out, and what we don't know about it.
    trials
        How many rollouts, at least 1; 20,000 if left out. With a precision, at most so many: 10 million if left out.
    seed
        From 0 to 2⁶⁴ − 1. The same seed gives the same worlds, whatever the plan.
    first
        The number of the first trial.
    engine
        `compiled`, or `simpy`: the model to read, some hundred times slower. They give the same outcomes.
    sampling
        `stratified`: changes with which something is wrong are tried more often than they come, and weigh less; or
        `crude`: as they come. See docs/rare-events.md.
    precision
        In the place of a number of trials: as for `sweep`, and as many trials as there with `bits=12`.
    workers
        As for `sweep`: with any of them, the same bytes. Threads bring SimPy nothing, as Python runs one at a time.
    tape
        What is known of the trials already; elsewhere the draw stays. Its trials are run, sampled crude.
    progress
        Whether to show a progress bar on standard error.

    Returns
    -------
    Outcomes
        With `frame`, `regions` and `summary()`.

    Raises
    ------
    InputError
        Where the plan has regions that the scenario's fleet does not have.
    ValueError
        For trials, a seed, an engine or a precision out of range, or more rows than memory holds.
    BrokenExecutor
        Where a worker of the executor died and the executor cannot replace it.
    """
    return run_all(
        [plan], scenario, trials=trials, seed=seed, first=first, engine=engine, sampling=sampling, precision=precision,
        workers=workers, tape=tape, progress=progress,
    )[0]  # fmt: skip


def run_all(
    plans: Sequence[Plan],
    scenario: Scenario,
    *,
    trials: int | None = None,
    seed: int = 0,
    first: int = 0,
    engine: Engine = "compiled",
    sampling: Method = "stratified",
    precision: Mapping[str, float] | None = None,
    workers: Workers = 1,
    tape: Tape | None = None,
    progress: bool = False,
) -> list[Outcomes]:
    """Roll several plans out in the same worlds; for the parameters see `run`."""
    if isinstance(plans, Mapping | Plan) or not isinstance(plans, Iterable):
        raise ValueError(f"plans is {type(plans).__name__}; give a list of plans")
    plans = list(plans)
    named = {f"plan {n}" if len(plans) > 1 else "the plan": plan for n, plan in enumerate(plans, start=1)}
    return run_named(
        named, scenario, trials=trials, seed=seed, first=first, engine=engine, sampling=sampling, precision=precision,
        workers=workers, tape=tape, progress=progress,
    )  # fmt: skip


def run_named(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    trials: int | None,
    seed: int,
    first: int,
    engine: Engine,
    sampling: Method,
    precision: Mapping[str, float] | None,
    workers: Workers,
    progress: bool,
    tape: Tape | None = None,
) -> list[Outcomes]:
    """Roll several plans out in the same worlds; for the parameters see `run`. Their names are for messages."""
    if not plans:
        raise ValueError("there are no plans to run; give at least one")
    if tape is not None:
        if trials is not None or first or precision:
            raise ValueError("a tape has trials of its own; leave trials, first and precision out")
        tape.require(scenario)
        trials, first, sampling = len(tape.trials), tape.trials.start, "crude"
    count, first = how_many(trials, precision, USUAL), whole("first", first, 0)
    if engine not in get_args(Engine):
        raise ValueError(f"engine is {engine!r}; use one of {', '.join(get_args(Engine))}")
    workers = check_workers(workers)
    check_method(sampling)
    check_precision(precision)
    if precision:
        if first:
            raise ValueError(f"first is {first}; with a precision, trials begin with 0: leave one of the two out")
        # Rows know their quantiles exactly, so bins are as narrow as they go.
        count = sweep(
            plans, scenario, trials=count, seed=seed, sampling=sampling, precision=precision, workers=workers, bits=12,
            progress=progress,
        ).trials  # fmt: skip
    if first + count > 2**32:
        raise ValueError(f"first is {first}: {count:,} trials from there end beyond 2**32; begin earlier")
    numbers = range(first, first + count)
    check_address(seed, numbers)
    settings = settings_of(plans, scenario)
    with tqdm(total=count * len(plans), unit="rollout", disable=not progress, leave=False) as bar:
        whole_job = job(settings, int(seed), numbers, engine, sampling_of(scenario, sampling), tape)
        columns, regional = rows(whole_job, workers=workers, advance=bar.update)
    found = (_outcomes(s, int(seed), numbers, sampling, columns[n], regional[n]) for n, s in enumerate(settings))
    return [replace(each, tape=tape) for each in found]


def _outcomes(
    setting: Setting,
    seed: int,
    trials: range,
    sampling: Method,
    columns: NDArray[np.float64],
    regional: NDArray[np.float64],
) -> Outcomes:
    frame = pd.DataFrame(dict(zip(Row._fields, columns, strict=False)))
    frame.index = pd.RangeIndex(trials.start, trials.stop, name="trial")
    frame["outcome"] = pd.Categorical.from_codes(columns[0].astype(np.int8), categories=pd.Index(OUTCOMES))
    for column in ("regions_exposed", "regions_failed"):
        frame[column] = frame[column].astype(int)
    frame["failover_hit"] = frame["failover_hit"] > 0
    design = sampling_of(setting.scenario, sampling)
    frame["weight"] = design.weights[design.codes(trials)]
    own, bad = regional[..., : len(setting.sites)], columns[layout.C_DEFECTIVE] > 0
    harmed = columns[layout.C_HARMED]
    return Outcomes(setting.plan, setting.scenario, seed, trials, frame, own, bad, sampling, harmed=harmed)
