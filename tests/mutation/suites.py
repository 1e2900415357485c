"""Which tests try the mutants of which file: those that are quick without a compiler, and need no process of their own.

A short list is not a fault: it can only let mutants live that the whole of the tests would kill.
"""

from dataclasses import dataclass, replace
from pathlib import Path

BY_HAND = (
    "test_ties", "test_deployments", "test_detection", "test_reaction", "test_pipeline", "test_columns",
    "test_operations", "test_scope", "test_windows",
)  # fmt: skip


@dataclass(frozen=True)
class Suite:
    """Some tests.

    Attributes
    ----------
    tests
        Files and tests under tests/simulation, as pytest takes them.
    only
        What pytest's -k takes.
    part
        How many of a test's random examples to try, as a part of all.
    silent
        Whether warnings of arithmetic count for nothing: compiled code gives none.
    compiled
        Whether the kernel is compiled, for what hands it thousands of trials. Its own mutants are not.
    """

    tests: tuple[str, ...]
    only: str = ""
    part: float = 1.0
    silent: bool = False
    compiled: bool = False

    @property
    def arguments(self) -> list[str]:
        """What pytest takes."""
        chosen = [_placed(test) for test in self.tests]
        chosen += ["-k", self.only] if self.only else []
        return [*chosen, "-W", "ignore::RuntimeWarning"] if self.silent else chosen

    def quick(self) -> "Suite":
        """Return the same tests on a fifth of their examples."""
        return replace(self, part=0.2)


def _placed(test: str) -> str:
    """Return a test with the folder that its file is in."""
    file, *rest = test.split("::")
    [path] = Path("tests/simulation").rglob(file)
    return "::".join([path.as_posix(), *rest])


def _files(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.py" for name in names)


# What is compiled: the layout says where things lie, and the rest what is done with them.
COMPILED = (
    "layout", "numbers", "worlds", "customers", "demand", "traffic", "windows", "deployments", "rollout", "spending",
    "columns", "healthy", "stream", "kernel",
)  # fmt: skip
ENGINE = Suite(
    (
        *_files(*BY_HAND, "test_compiled", "test_compiled_by_hand", "test_given", "test_sweep_harm"),
        "test_outcomes.py::test_a_plan_has_the_same_outcomes_alone_and_among_others",
        "test_engines.py::test_the_compiled_engine_agrees",
        "test_beginnings.py",
        "test_sweep.py::test_it_equals_run_and_compare_on_the_sample[1-crude]",
        "test_sweep.py::test_it_equals_run_and_compare_on_the_sample[1-stratified]",
        "test_sweep_differences.py::test_where_only_shipping_differs_times_to_ship_do",
        "test_sweep_differences.py::test_the_trials_that_differ_are_counted_as_rows_have_them",
        "test_rare.py::test_a_given_pattern_is_the_only_thing_that_changes",
        "test_rare.py::test_no_stratum_holds_what_it_is_said_not_to",
    ),
    "not [naive and not [simpy",
    silent=True,
)
SUITES = {
    "simulation/model.py": Suite(
        _files(*BY_HAND, "test_notes", "test_trace", "test_engines"), "not [naive and not compiled"
    ),
    **{f"simulation/engine/{module}.py": ENGINE for module in COMPILED},
    "simulation/engine/spending.py": Suite(_files("test_time_spent"), silent=True),
    "simulation/engine/scoring.py": Suite(_files("test_scoring"), silent=True),
    "simulation/engine/tape.py": Suite(("test_tape.py",), "not simpy", silent=True),
    "simulation/draws.py": Suite(
        (
            *_files("test_draws", "test_trace", "test_outcomes"),
            "test_compiled.py::test_uniforms_have_the_same_bits_at_every_address",
            "test_compiled.py::test_plans_that_share_draws_leave_each_other_alone",
        ),
        "not chunks and not among_many",
    ),
    "simulation/results/outcomes.py": Suite(_files("test_outcomes")),
    "simulation/running/rows.py": Suite(
        (*_files("test_outcomes", "test_run"), "test_compiled.py::test_runs_of_256_trials_join_without_a_seam"),
        "not processes",
        compiled=True,
    ),
    "simulation/running/run.py": Suite(_files("test_run", "test_outcomes"), "not processes", compiled=True),
}
