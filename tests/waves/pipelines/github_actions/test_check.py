"""Each rule of GitHub Actions finds its fault, at its line; whatever a file holds, there is no traceback."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.github_actions.test_read import STEPS, job, matrix, workflow
from waves import SYSTEMS, InputError, Plan, Target, check, sample, write_pipeline
from waves.files.documents import parse_yaml, write_yaml
from waves.pipelines.rules import RULES as COMMON

ONE = job("one", "us-east-1")
MANY = matrix("{region: [us-east-1, eu-west-1]}")


@pytest.mark.parametrize(
    ("jobs", "rule", "severity", "line"),
    [
        ([ONE, job("two", "eu-west-1", "oen")], "unknown-dependency", "error", 14),
        ([job("one", "us-east-1", "one")], "self-dependency", "error", 5),
        ([job("a", "us-east-1", "b"), job("b", "eu-west-1", "a")], "dependency-cycle", "error", 5),
        (
            [ONE, job("two", "eu-west-1").replace("  two:\n", "  two:\n    needs: {one: 1}\n")],
            "wrong-type",
            "error",
            14,
        ),
        ([ONE, job("two", "eu-west-1").replace("  two:\n", "  two:\n    needs: [[one]]\n")], "wrong-type", "error", 14),
        ([job("a", "us-east-1", head="    env: {<<: {A: b}}\n")], "merge-key", "error", 5),
        ([ONE.replace("runs-on", "runson")], "unknown-key", "error", 5),
        ([ONE.replace("cluster:", "clutser:")], "unknown-key", "error", 12),
        ([ONE.replace('aws-region: "us-east-1"', "x: 1")], "missing-key", "error", 8),
        ([ONE.replace("task-definition@v2", "task-defintion@v2")], "unknown-action", "error", 11),
        ([ONE.replace("  one:", "  1one:")], "name-characters", "error", 4),
        ([ONE.replace(", wait-for-service-stability: true", "")], "no-stability-wait", "warning", 11),
        ([ONE.replace("cluster: shop", "wait-for-minutes: 999")], "timeout", "error", 12),
        ([ONE + "      - name: nothing\n"], "step-form", "error", 13),
        ([ONE + "        env: {BAKE_MINUTES: soon}\n"], "bake-hint", "error", 13),
        ([job("all", "${{ matrix.region }}", head=MANY)], "fail-fast", "warning", 5),
        ([job("all", "x", head=matrix("{a: [1]}", max_parallel="two"))], "wrong-type", "error", 6),
        ([ONE.replace('"us-east-1"', "useast1")], "region-name", "warning", 10),
        ([ONE + "    uses: ./.github/workflows/x.yml\n"], "job-or-call", "error", 4),
    ],
)
def test_a_fault_is_found_at_its_line(tmp_path: Path, jobs: list[str], rule: str, severity: str, line: int) -> None:
    """Errors for what cannot work, warnings for what may surprise."""
    found = [(f.rule, f.severity, f.line) for f in check(workflow(tmp_path, *jobs))]
    assert (rule, severity, line) in found, found


def test_a_matrix_of_too_many_jobs(tmp_path: Path) -> None:
    """GitHub makes at most 256."""
    numbers = list(range(20))
    path = workflow(tmp_path, job("all", "x", head=matrix(f"{{a: {numbers}, b: {numbers}}}")))
    assert "too-many" in {f.rule for f in check(path)}


KNOWN = {**COMMON, **SYSTEMS["github-actions"].rules}


def test_no_mutation_makes_it_fail(tmp_path: Path) -> None:
    """Parts moved, dropped and replaced, and expressions in their places: findings of the table, and no traceback."""
    plan = sample("six-region-three-wave")
    whole = parse_yaml(write_pipeline(plan, "github-actions", Target()).text, dialect="github").value
    odd: list[Any] = [
        None,
        True,
        -1,
        1.5,
        "",
        [],
        {},
        "${{ matrix.x }}",
        "${{ fromJSON('[') }}",
        [[]],
        ["x"],
        "always()",
    ]
    for seed in range(60):
        dice, value = random.Random(seed), copy.deepcopy(whole)
        for _ in range(dice.randint(1, 5)):
            holder, key = dice.choice(places_of(value))
            holder[key] = copy.deepcopy(dice.choice(odd))
        path = tmp_path / "fuzz.yml"
        write_yaml(value, path)
        findings = check(path, "github-actions", as_plan=True)
        assert {finding.rule for finding in findings} <= set(KNOWN)
        try:
            Plan.read_pipeline(path, "github-actions")
        except InputError as error:
            assert error.findings


def places_of(value: Any) -> list[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(value, key) for key, _ in pairs] + [place for _, below in pairs for place in places_of(below)]


def test_hostile_workflows_come_to_an_end(tmp_path: Path) -> None:
    """Texts that are put into each other, thousands of jobs that need all others, a huge matrix."""
    big = "env:\n" + "".join(f'  A{n}: "{"${{ env.A%d }}" * 300}"\n' % ((n + 1,) * 300) for n in range(20))
    path = workflow(tmp_path, job("one", "${{ env.A0 }}"), top=big)
    assert "region-unknown" in {f.rule for f in check(path)}
    names = [f"j{n}" for n in range(300)]
    path = workflow(tmp_path, *(job(name, "us-east-1", *names[:n][-50:]) for n, name in enumerate(names)))
    assert [f for f in check(path) if f.severity == "error"] == []
    values = "{" + ", ".join(f"k{n}: [1, 2]" for n in range(40)) + "}"
    assert "too-many" in {f.rule for f in check(workflow(tmp_path, job("all", "x", head=matrix(values))))}


def test_anchors_are_fine_in_a_workflow(tmp_path: Path) -> None:
    """GitHub reads them."""
    steps = STEPS.replace("REGION", "us-east-1")
    text = f"on: push\njobs:\n  one:\n    runs-on: x\n    steps: &steps\n{steps}  two:\n    needs: one\n"
    path = tmp_path / "a.yml"
    path.write_text(text + "    runs-on: x\n    steps: *steps\n", encoding="utf-8")
    assert check(path) == []
