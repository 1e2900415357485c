"""What sleeps between two waves says how long it takes; a test that does more does not."""

from pathlib import Path

import pytest

from tests.waves.pipelines.codecatalyst.workflows import build, deploy, refusals, waves, workflow


@pytest.mark.parametrize(
    ("identifier", "steps", "minutes"),
    [
        ("aws/build@v1", ["sleep 600"], 10.0),
        ("aws/build@v1", ["./smoke.sh", "sleep 10m"], 10.0),
        ("aws/managed-test@v1", ["sleep 600"], 10.0),
        ("aws/build@v1", ['sleep "$LATER"'], 0.0),
    ],
)
def test_an_action_that_sleeps_says_enough(tmp_path: Path, identifier: str, steps: list[str], minutes: float) -> None:
    """A build of whatever else it does, a test where it only sleeps; what has no number is told."""
    sleeps = build("A", identifier=identifier) | {"Configuration": {"Steps": [{"Run": line} for line in steps]}}
    read = workflow(tmp_path, {"A": deploy("us-east-1"), "Soak": sleeps, "B": deploy("eu-west-1", "Soak")})
    assert waves(read)[0] == ("us-east-1", minutes, False)
    assert {finding.rule for finding in read.findings} == (set() if minutes else {"bake-left-out"})


def test_a_test_that_also_sleeps_is_still_asked_for(tmp_path: Path) -> None:
    """Nobody knows how long the rest of it takes."""
    test = build("A", identifier="aws/managed-test@v1")
    test["Configuration"] = {"Steps": [{"Run": "./integration.sh"}, {"Run": "sleep 60"}]}
    read = workflow(tmp_path, {"A": deploy("us-east-1"), "T": test, "B": deploy("eu-west-1", "T")})
    assert [rule for rule, _ in refusals(read)] == ["bake-unknown"]
