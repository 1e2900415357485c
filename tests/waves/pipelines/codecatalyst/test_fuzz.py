"""Whatever a workflow file holds, checking and reading it gives findings, never a traceback."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waves.files.documents import InputError, read_yaml, write_yaml
from waves.pipelines.codecatalyst import RULES, Workflow, check

SAMPLES = sorted((Path(__file__).parents[4] / "data" / "workflows").glob("*.yaml"))
WORDS = """\
Name SchemaVersion RunMode Compute Triggers Actions Type Branches Events Expression Identifier Configuration DependsOn
Environment Timeout Inputs Outputs Sources Artifacts Variables Value Files Connections Role Steps Run region Region
cluster Parameters A B Wave <<
"""
KEYS = st.sampled_from(WORDS.split()) | st.text(max_size=3)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.sampled_from(["A", "B", "Wave", "1.0", "PUSH", "aws/ecs-deploy@v1", "aws/approval@v1", "aws/build@v1", "${x}"])
)
TREES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=4), max_leaves=20
)


def judged(value: Any, path: Path) -> None:
    """Check and read a tree: only findings and InputErrors may come of it, each with a rule of the table."""
    write_yaml(value if isinstance(value, dict) else {"Actions": value}, path)
    findings = check(path)
    assert {finding.rule for finding in findings} <= set(RULES)
    assert all(finding.line >= 1 and finding.column >= 1 for finding in findings)
    try:
        Workflow.read(path).stages()
    except InputError as error:
        assert error.findings


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=st.dictionaries(KEYS, TREES, max_size=5) | st.fixed_dictionaries({"Actions": TREES}))
def test_no_tree_of_values_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    """Whatever the types, there are findings and no traceback."""
    judged(value, tmp_path_factory.getbasetemp() / "fuzz.yaml")


def places_of(value: Any) -> list[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(value, key) for key, _ in pairs] + [place for _, below in pairs for place in places_of(below)]


def mutated(value: Any, seed: int) -> Any:
    """Put values of other places, or odd ones, into a few places of a workflow."""
    value, dice = copy.deepcopy(value), random.Random(seed)
    odd: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, ["x"], {"x": 1}, [[]], [None], "aws/ecs-deploy@v1"]
    for _ in range(dice.randint(1, 4)):
        places = places_of(value)
        holder, key = dice.choice(places)
        if dice.random() < 0.2 and isinstance(holder, dict):
            holder[dice.choice(["Actions", "DependsOn", "Xyz", "Identifier"])] = holder.pop(key)
        else:
            other, at = dice.choice(places)
            holder[key] = copy.deepcopy(dice.choice([*odd, other[at]]))
    return value


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_no_mutation_of_a_real_workflow_makes_it_fail(tmp_path: Path, path: Path) -> None:
    """Parts moved, dropped, renamed and replaced: there are findings and no traceback."""
    value = read_yaml(path, dialect="workflow").value
    for seed in range(100):
        judged(mutated(value, seed), tmp_path / "fuzz.yaml")
