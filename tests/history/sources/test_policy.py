"""The IAM policy in the docs allows what is called, and nothing else."""

import json

import history
from history.sources import SOURCES
from tests.aws_stand_in import StandIn
from tests.aws_stand_in.__main__ import load_balancers
from tests.history.conftest import now


def allowed(root):
    policy = json.loads((root / "docs" / "iam-policy.json").read_text("utf-8"))
    (statement,) = policy["Statement"]
    return set(statement["Action"])


def test_the_policy_allows_exactly_the_calls_that_are_made(story, setting, root):
    """GetCallerIdentity needs no permission, and CodeCatalyst knows no IAM."""
    with StandIn(story) as aws:
        metrics = {"metrics": load_balancers(story)}
        history.fetch(setting(aws, account=metrics), now=now(story))
        made = {f"{call.service}:{call.operation}" for call in aws.requests}
    made = {each for each in made if not each.startswith(("sts:", "codecatalyst:"))}
    assert made == allowed(root)


def test_the_dry_run_names_exactly_those_calls_and_makes_none(story, setting, root):
    with StandIn(story) as aws:
        rows = history.planned(setting(aws, account={"metrics": load_balancers(story)}))
        assert not aws.requests
    named = {call for row in rows for call in row["calls"].split(", ") if not call.startswith("codecatalyst:")}
    assert named == allowed(root)
    assert named == {operation for kind in SOURCES for operation in kind.operations}
