"""The join against the stand-in's truth: clean, default and dirty histories, really collected."""

from typing import Any

import pandas as pd
import pytest

from history.joining.join import join
from history.joining.tables import as_tables, read_tables
from tests.aws_stand_in import History
from tests.aws_stand_in.dirt import Dirt
from tests.history.joining.conftest import collected
from tests.history.joining.omniscient import compared

ACCOUNTS = ("111122223333", "444455556666")
CLEAN: dict[str, Any] = {"redeploys": 0.0, "superseded": 0.0, "parallel": 0.0, "digestless": 0.0}
DIRTY: dict[str, Any] = {"dirt": Dirt.all(), "skew_minutes": 2.0, "parallel": 0.06, "late": 0.05, "digestless": 0.1}
PIPELINES = ("pipeline_actions", "pipeline_executions")


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def clean(tmp_path_factory, patch):
    story = History.make(11, accounts=ACCOUNTS, deployments=500, days=60, services=3, **CLEAN)
    return story, read_tables(collected(story, tmp_path_factory.mktemp("clean"), patch))


@pytest.fixture(scope="module")
def dirty(tmp_path_factory, patch):
    story = History.make(12, accounts=ACCOUNTS, deployments=900, days=80, services=5, **DIRTY)
    return story, read_tables(collected(story, tmp_path_factory.mktemp("dirty"), patch))


def without(tables, *names):
    """The same history, where nobody collected some of it."""
    return as_tables({name: each.iloc[:0] if name in names else each for name, each in tables.frames.items()})


def test_on_a_clean_history_every_rollout_is_found_and_no_join_is_false(clean):
    story, tables = clean
    found = compared(story, join(tables))
    assert found.there["all"] > 60
    assert (found.recall, found.false) == (1.0, 0)


def test_on_a_clean_history_kinds_waves_and_outcomes_are_the_models(clean):
    story, tables = clean
    rollouts = join(tables)
    of = {arn: rollout for rollout in story.truth for arn in rollout.deployments}
    first = rollouts.deployments.drop_duplicates("rollout").set_index("rollout")["id"].map(of)
    unbuilt = rollouts.frame["outcome"] == "build_failed"
    broken = {each.execution for each in story.truth if each.outcome == "build_failed" and each.pushed < story.now}
    assert set(rollouts.frame.loc[unbuilt, "run"]) == broken
    built = rollouts.frame[~unbuilt]
    frame = built.assign(truth=[rollout.outcome for rollout in first[built.index]])
    ended = frame[frame["outcome"] != "in_progress"]
    expected = {"completed": "completed", "escaped": "completed", "deploy_failed": "deploy_failed"}
    expected |= {"rejected": "incomplete", "caught": "rolled_back", "false_alarm": "rolled_back"}
    went_back = {  # what escaped may be noticed, and taken back, after the rollout was complete
        name
        for name, each in first.items()
        if any(step.purpose == "roll-back" for step in story.told[each.number].steps)
    }
    wanted = ["rolled_back" if name in went_back else expected[each] for name, each in ended["truth"].items()]
    assert list(ended["outcome"]) == wanted
    assert set(frame.loc[frame["outcome"] == "completed", "shape"]) == {"1+2+3"}
    pushed = pd.to_datetime([rollout.pushed for rollout in first[built.index]], unit="ms", utc=True)
    assert (abs(built["pushed_at"] - pushed) < pd.Timedelta(minutes=1)).all()


def test_waves_seen_in_the_times_alone_are_the_plans(clean):
    _, tables = clean
    rollouts = join(without(tables, "workflow_runs", *PIPELINES))
    shapes = rollouts.frame.loc[rollouts.frame["outcome"] == "completed", ["shape", "regions"]]
    assert set(shapes.loc[shapes["regions"] == 6, "shape"]) == {"1+2+3"}


@pytest.mark.parametrize("missing", [(), ("workflow_runs",), PIPELINES, ("workflow_runs", *PIPELINES)])
def test_on_a_dirty_history_nine_tenths_are_found_and_hardly_a_join_is_false(dirty, missing):
    """Of what a reader who knows the truth could join from the same rows; whatever pipelines were collected."""
    story, tables = dirty
    found = compared(story, join(without(tables, *missing)))
    assert found.there["all"] > 130
    assert found.recall >= 0.9, found.missed
    assert found.false_share <= 0.01, found.wrong


def test_the_dirty_history_has_every_kind_of_dirt(dirty):
    story, _ = dirty
    there = {each for rollout in story.truth for each in rollout.dirt}
    assert there >= {"partial", "stuck", "configuration", "cloudformation", "set back by people"}
    assert any(rollout.again_of is not None for rollout in story.truth)
    assert any(deployment.purpose == "forced" for deployment in story.deployments)
    assert len({deployment.cluster for deployment in story.deployments}) == 2
    assert len(story.called) == len(story.services) + 1


def test_a_renamed_service_is_joined_as_one_and_remarked_on(dirty):
    story, tables = dirty
    rollouts = join(tables)
    (new,) = set(story.called) - set(story.services)
    assert new not in set(rollouts.frame["service"])
    assert any(f"service {new} took over" in remark for remark in rollouts.remarks)


def test_clocks_that_differ_by_minutes_are_remarked_on_and_right(dirty):
    story, tables = dirty
    told = {remark.split()[3]: remark for remark in join(tables).remarks if remark.startswith("the clock of")}
    for region in story.regions:
        minutes = story.offsets[region] / 60_000
        if abs(minutes) >= 0.6:
            side = "ahead of" if minutes > 0 else "behind"
            assert f"{abs(minutes):.1f} minutes {side}" in told[region]


def test_a_digest_that_comes_again_has_the_faults_it_had(dirty):
    story, _ = dirty
    again = [(rollout, story.truth[rollout.again_of]) for rollout in story.truth if rollout.again_of is not None]
    assert len(again) > 5
    for later, first in again:
        told, before = (story.told[each.number].defects for each in (later, first))
        assert told == before
