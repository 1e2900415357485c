"""Rules of `waves.pipelines.codecatalyst.check`: each rule by a workflow that breaks it."""

import time
from pathlib import Path

import pytest

from tests.waves.pipelines.codecatalyst.bad_workflows import BUILD, CASES, TOP, Found, action, group
from waves.pipelines.codecatalyst import RULES, check

SAMPLES = sorted((Path(__file__).parents[4] / "data" / "workflows").glob("*.yaml"))


def found(path: Path) -> list[Found]:
    """Give what is wrong with a file as a workflow; that most of these are no plan is tested with the stages."""
    return [(f.line, f.column, f.severity, f.rule) for f in check(path) if f.rule not in PLAN_RULES]


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found_at_its_place_and_nothing_else(tmp_path: Path, name: str) -> None:
    """One workflow per rule: line, column, severity and rule are those written beside it."""
    text, expected = CASES[name]
    path = tmp_path / "workflow.yaml"
    path.write_text(text)
    assert found(path) == expected


FILE_RULES = {"not-a-file", "cannot-read", "not-utf8", "control-character", "too-deep", "too-many-nodes", "complex-key"}
PLAN_RULES = {
    *("bake-left-out", "bake-minutes", "bake-unknown", "deployment-unseen", "environment-left-out"),
    *("environment-unknown", "hint-without-effect", "no-deployment", "not-wave-shaped", "region-in-two-waves"),
    *("region-of", "region-unknown"),
}


def test_every_rule_of_the_table_has_a_case_here_or_in_its_neighbours() -> None:
    """Rules of the reader are tested in test_documents, those of the stages in test_codecatalyst_read."""
    tested = {rule for _, expected in CASES.values() for *_, rule in expected} | {"file-name"}
    assert tested <= set(RULES)
    assert set(RULES) - tested == FILE_RULES | PLAN_RULES
    assert list(RULES) == sorted(RULES)
    assert all(sentence.endswith(".") and source for sentence, source in RULES.values())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_our_own_workflows_are_clean(path: Path) -> None:
    """Not even a warning."""
    assert check(path) == []


def test_all_findings_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Faults of different kinds and places don't hide each other."""
    path = tmp_path / "w.yaml"
    path.write_text(
        "Name: my shop\nSchemaVersion: 3\nRunMod: QUEUED\nActions:\n  A:\n    Identifier: aws/ecs-deploy@v1\n"
        "    DependsOn: [B]\n    Configuration: {region: us-east-1}\n"
    )
    assert [(line, rule) for line, _, _, rule in found(path)] == [
        (1, "name-characters"),
        (2, "schema-version"),
        (3, "unknown-key"),
        (5, "missing-environment"),
        (7, "unknown-dependency"),
        (8, "missing-key"),
        (8, "missing-key"),
        (8, "missing-key"),
    ]


def message(folder: Path, text: str) -> str:
    path = folder / "w.yaml"
    path.write_text(text)
    (finding,) = check(path)
    return finding.message


def test_an_unknown_dependency_says_what_hangs_behind_it(tmp_path: Path) -> None:
    """The nearest name is suggested, and what will never run is named."""
    text = TOP + BUILD + action("Test", "Bild") + action("Ship", "Test") + action("Tell", "Ship")
    assert message(tmp_path, text) == (
        "Test depends on 'Bild', which the workflow does not have; did you mean 'Build'?; behind it hang Ship, Tell"
    )


def test_a_cycle_is_named_whole(tmp_path: Path) -> None:
    """From its first dependency in the file back to it, groups by their names."""
    text = TOP + action("A", "C") + action("B", "A") + action("C", "B") + action("D", "C")
    assert message(tmp_path, text) == "these wait for each other for ever: A → C → B → A"
    text = TOP + group("One", BUILD, "Two") + group("Two", action("Test"), "One")
    assert message(tmp_path, text) == "these wait for each other for ever: One → Two → One"


def test_two_cycles_are_two_errors(tmp_path: Path) -> None:
    """One error for each knot."""
    path = tmp_path / "w.yaml"
    path.write_text(TOP + action("A", "B") + action("B", "A") + action("C", "D", "A") + action("D", "C"))
    assert found(path) == [(10, 9, "error", "dependency-cycle"), (24, 9, "error", "dependency-cycle")]


def test_what_aws_published_pipelines_do_is_no_error(tmp_path: Path) -> None:
    """The same name in several groups; an action of a group that waits for a top-level group."""
    path = tmp_path / "w.yaml"
    path.write_text(TOP + group("One", action("Build") + action("Ship", "Build")) + group("Two", action("Ship", "One")))
    assert {severity for _, _, severity, _ in found(path)} == {"warning"}
    assert {rule for *_, rule in found(path)} == {"action-name-twice", "dependency-level"}


def test_a_file_name_in_capitals_is_warned_of(tmp_path: Path) -> None:
    """CodeCatalyst reads .yml and .yaml; where the file lies does not matter."""
    path = tmp_path / "workflow.YAML"
    path.write_text(TOP + BUILD)
    assert found(path) == [(1, 1, "warning", "file-name")]


def test_what_cannot_be_read_is_a_finding_too(tmp_path: Path) -> None:
    """`check` never raises."""
    assert [rule for *_, rule in found(tmp_path / "none.yaml")] == ["cannot-read"]
    assert [rule for *_, rule in found(tmp_path)] == ["not-a-file"]


@pytest.mark.parametrize("count", [1_000, 4_000])
def test_a_huge_workflow_is_checked_in_time(tmp_path: Path, count: int) -> None:
    """Thousands of actions and groups, each depending on another, take seconds at most."""
    path = tmp_path / "w.yaml"
    lines = [f" A{i}: {{Identifier: a/b@v1, DependsOn: [A{i - 1}]}}" for i in range(1, count // 2)]
    lines += [f" G{i}: {{Actions: {{B{i}: {{}}}}, DependsOn: [G{i - 1}]}}" for i in range(1, count // 2)]
    path.write_text(TOP + "\n".join(lines))
    start = time.process_time()
    assert "too-many" in {rule for *_, rule in found(path)}
    assert time.process_time() - start < 10
