"""Requests and failures beside each region of a rollout: right where they are known, and unknown everywhere else."""

from typing import Any

import pandas as pd
import pytest

import history
from history.joining.join import join
from history.joining.tables import as_tables, read_tables
from tests.aws_stand_in import History, load
from tests.history.joining.conftest import collected, row

MINUTE = pd.Timedelta(minutes=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    story = History.make(5, regions=["us-west-2", "us-east-1"], deployments=40, days=20, services=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        return story, collected(story, tmp_path_factory.mktemp("metrics"), patch, metrics=True)


def millis(when):
    return int(when.value // 1_000_000)


def test_sums_are_those_of_the_minutes(store):
    """By the stand-in's own load, to a minute at either end."""
    story, path = store
    rollouts = history.rollouts(path)
    known = rollouts.regions.dropna(subset=["requests", "requests_before"])
    assert len(known) > 0.8 * len(rollouts.regions) > 20
    each: Any
    for each in known.itertuples():
        end: Any = min(t for t in (each.watched_until, each.rollback_ended_at) if not pd.isna(t))
        for start, until, count in (
            (each.started_at, end, each.requests),
            (each.started_at - 60 * MINUTE, each.started_at, each.requests_before),
        ):
            minutes = list(load.minutes(story, "storefront", each.region, millis(start), millis(until)))
            total, most = sum(m[1] for m in minutes), max(m[1] for m in minutes)
            assert abs(count - total) <= 5 * most
        assert each.metrics_minutes == pytest.approx((end - each.started_at) / MINUTE)


def test_what_hurt_shows_in_the_failures(store):
    """Also where no alarm told of it."""
    story, path = store
    rollouts = history.rollouts(path)
    regions = rollouts.regions.dropna(subset="requests").set_index(["rollout", "region"])
    share: Any = regions["failed_requests"] / regions["requests"]
    of = {arn: rollout for rollout in story.truth for arn in rollout.deployments}
    first = rollouts.deployments.drop_duplicates("rollout").set_index("rollout")["id"].map(of)
    hurt = {
        (name, region)
        for name, each in first.items()
        for region, (begin, until) in each.harm.items()
        if until - begin > 5 * 60_000
    }
    calm = [place for place in share.index if not first[place[0]].harm]
    assert share[calm].max() < 3 * load.AT_REST
    assert all(share[place] > 3 * load.AT_REST for place in hurt if place in share.index)


def test_without_coverage_or_with_an_unknown_count_nothing_is_known(store):
    _, path = store
    tables = read_tables(path)
    frames = dict(tables.frames)
    frames["coverage"] = frames["coverage"][frames["coverage"]["stream"] != "metrics"]
    assert join(as_tables(frames)).regions["requests"].isna().all()
    odd = tables["service_metrics"].copy()
    odd["errors"] = float("nan")
    told = join(as_tables({**tables.frames, "service_metrics": odd})).regions
    assert told["failed_requests"].isna().all() and told["requests"].notna().any()


def test_the_fleet_has_traffic_and_zones_where_they_are_known(store):
    """The mean of the load around deployments; a place of a table has neither."""
    story, path = store
    fleet = history.seen_fleet(history.rollouts(path))
    zones = {"us-west-2": "America/Los_Angeles", "us-east-1": "America/New_York"}
    for region in fleet["regions"]:
        assert region["zone"] == zones[region["name"]]
        assert region["traffic"] == pytest.approx(story.traffic[region["name"]], rel=0.35)
    (own,) = history.seen_fleet(join(as_tables({"table_deployments": pd.DataFrame([row("here", "d", 0)])})))["regions"]
    assert own == {"name": "here", "traffic": None}


def test_periods_that_were_kept_twice_count_once(store):
    """A time that was asked for again when it was older has a coarser period beside the finer ones."""
    _, path = store
    tables = read_tables(path)
    metrics = tables["service_metrics"]
    fine = metrics[metrics["period_seconds"] == 60]
    again = fine.assign(at=fine["at"] // 3e8 * 3e8, period_seconds=300)
    again = again.groupby(["account", "region", "part", "at", "period_seconds"], as_index=False).agg(
        {**dict.fromkeys(set(fine) - {"account", "region", "part", "at", "period_seconds"}, "first"), "requests": "sum"}
    )
    both = pd.concat([metrics, again[list(metrics)]], ignore_index=True)
    once, twice = (join(as_tables({**tables.frames, "service_metrics": each})).regions for each in (metrics, both))
    pd.testing.assert_series_equal(once["requests"], twice["requests"], rtol=0.02)
