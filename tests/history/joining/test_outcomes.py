"""Clocks, waves, alarms, incidents and outcomes of rollouts, by hand."""

import numpy as np
import pandas as pd
import pytest

from history.joining.join import join
from history.joining.tables import as_tables
from tests.builders import plan
from tests.history.joining.conftest import ACCOUNT, at, joined, row
from waves import Fleet, Region

A, B = "sha256:a", "sha256:b"
SERVICE_ROW = {
    "account": ACCOUNT,
    "cluster": "main",
    "service": "shop",
    "alarm_names": '["shop-5xx"]',
    "triggered_alarms": "[]",
    "alarms_status": "MONITORING_COMPLETE",
    "breaker_status": "MONITORING_COMPLETE",
    "status": "SUCCESSFUL",
    "source_revisions": "",
    "observed_at": at(100_000),
}


def ecs(region, start, end, **more):
    """One row of `service_deployments`, with the revision it brought, named after the region."""
    times = {"created_at": at(start), "started_at": at(start), "finished_at": at(end)}
    return {
        **SERVICE_ROW,
        "arn": f"{region}-{start}",
        "region": region,
        "target_revision": f"r-{region}-{start}",
        **times,
        **more,
    }


def ecs_joined(rows, digests, **tables):
    """Join ECS rows whose revisions have these digests, one a row."""
    revisions = [{"arn": each["target_revision"], "service": "shop"} for each in rows]
    images = [
        {"revision": each["target_revision"], "container": "app", "image": f"shop:{digest}", "digest": digest}
        for each, digest in zip(rows, digests, strict=True)
    ]
    frames = {"service_deployments": rows, "service_revisions": revisions, "service_images": images, **tables}
    return join(as_tables({name: pd.DataFrame(each) for name, each in frames.items()}))


def test_waves_are_seen_in_overlap_and_order():
    """A region that starts after all before it ended begins a wave."""
    rows = [row("a", A, 0, 6), row("b", A, 66, 80), row("c", A, 70, 75), row("d", A, 140, 150)]
    found = joined(rows)
    assert list(found.regions.sort_values("region")["wave"]) == [1, 2, 2, 3]
    (rollout,) = found.frame.to_dict("records")
    assert (rollout["shape"], rollout["waves"], rollout["waves_from"]) == ("1+2+1", 3, "inferred")
    assert list(found.waves["pause_minutes"])[1:] == [60, 60]


def test_waves_are_the_plans_where_the_order_agrees_and_inferred_where_it_does_not():
    rows = [row("a", A, 0), row("b", A, 100), row("c", A, 101)]
    agreeing = joined(rows, plans=plan("a b", "c"))
    assert list(agreeing.regions["wave"]) == [1, 1, 2]
    assert list(agreeing.frame["waves_from"]) == ["plan"]
    other = joined(rows, plans={"shop": plan("b", "a c")})
    assert list(other.frame["waves_from"]) == ["inferred"]


def test_a_rollout_that_left_regions_of_its_service_out_is_incomplete():
    rows = [row("a", A, 0), row("b", A, 1), row("a", B, 1000)]
    assert list(joined(rows).frame["outcome"]) == ["completed", "incomplete"]
    assert list(joined(rows[:2], plans=plan("a", "b", "c")).frame["outcome"]) == ["incomplete"]


@pytest.mark.parametrize(
    ("last", "outcome", "cause"),
    [
        ({"status": "failed"}, "deploy_failed", "failed deployment"),
        ({"status": "stopped"}, "stopped", "people"),
        ({"status": "in_progress"}, "in_progress", ""),
        ({"status": "rolled_back", "rollback_started_at": 1003}, "rolled_back", "people"),
        ({"status": "rolled_back", "rollback_started_at": 1003, "alarm_at": 1002}, "rolled_back", "alarm"),
    ],
)
def test_the_outcome_is_what_the_worst_region_came_to(last, outcome, cause):
    found = joined([row("a", A, 0), row("a", B, 1000, **last)]).frame.iloc[1]
    assert (found["outcome"], found["halt_cause"]) == (outcome, cause)
    assert found["censored"] == (outcome == "in_progress")


def test_what_a_newer_version_stopped_is_overtaken():
    rows = [row("a", A, 0), row("a", B, 1000, 1010, status="stopped"), row("a", "sha256:c", 1010)]
    assert list(joined(rows).frame["outcome"]) == ["completed", "overtaken", "completed"]


def test_minutes_count_from_the_push_where_it_is_known_and_say_which_clock_it_is():
    found = joined([row("a", A, 30, 40, pushed_at=0), row("a", B, 1000, 1010)]).frame
    assert list(found["clock"]) == ["push", "first start"]
    assert list(found["end_minutes"]) == [40, 10]


def test_configured_holds_are_no_part_of_a_deployments_duration():
    rows = [ecs("us-east-1", 0, 40, bake_minutes=15)]
    (region,) = ecs_joined(rows, [A]).regions.to_dict("records")
    assert (region["deploy_minutes"], region["hold_minutes"]) == (25, 15)


def test_an_attempt_that_its_breaker_failed_is_no_rollback_of_the_rollout():
    """ECS calls both ROLLBACK_SUCCESSFUL; the attempt includes ECS's own way back."""
    failed = {"status": "ROLLBACK_SUCCESSFUL", "breaker_status": "TRIGGERED", "rollback_started_at": at(1008)}
    rows = [ecs("us-east-1", 0, 10), ecs("us-east-1", 1000, 1010, **failed), ecs("us-east-1", 1010, 1016)]
    found = ecs_joined(rows, [A, B, B])
    region = found.regions.iloc[1]
    assert (region["attempts"], region["failed_attempts"], region["status"]) == (2, 1, "succeeded")
    assert pd.isna(region["rollback_started_at"])
    assert found.frame["outcome"].iloc[1] == "completed"


def test_a_clean_rollout_is_without_alarm_only_where_coverage_knows_the_time():
    """Known until the watch ends: none; known for a part of it only: unknown; the table of alarms alone: unknown."""
    known = {"account": ACCOUNT, "region": "us-east-1", "stream": "alarms", "part": "shop-*", "from_at": at(-10)}
    for until, state in ((200, "none"), (40, "unknown")):
        found = ecs_joined([ecs("us-east-1", 0, 10)], [A], coverage=[{**known, "until_at": at(until)}])
        assert list(found.frame["alarm"]) == [state]
    assert list(ecs_joined([ecs("us-east-1", 0, 10)], [A]).frame["alarm"]) == ["unknown"]


def test_an_alarm_after_the_next_version_began_is_that_versions():
    ring = {"account": ACCOUNT, "region": "us-east-1", "alarm": "shop-5xx", "state_to": "ALARM", "at": at(45)}
    known = {
        "account": ACCOUNT,
        "region": "us-east-1",
        "stream": "alarms",
        "part": "*",
        "from_at": at(-9),
        "until_at": at(999),
    }
    rows = [ecs("us-east-1", 0, 10), ecs("us-east-1", 40, 50)]
    found = ecs_joined(rows, [A, B], alarm_changes=[ring], coverage=[known]).frame
    assert list(found["alarm"]) == ["none", "fired"]
    assert found["alarm_at"].iloc[1] == at(45)


@pytest.mark.parametrize(
    ("rings", "cause", "halted"),
    [((45,), "people", 400), ((45, 300, 310), "alarm", 300), ((390,), "alarm", 390), ((402,), "people", 400)],
)
def test_an_alarm_is_why_a_rollout_was_set_back_for_two_hours(rings, cause, halted):
    """Of several the first within them; and not one that rings when the way back has begun."""
    changes = [
        {"account": ACCOUNT, "region": "us-east-1", "alarm": "shop-5xx", "state_to": "ALARM", "at": at(minute)}
        for minute in rings
    ]
    rows = [ecs("us-east-1", -5000, -4990), ecs("us-east-1", 0, 345), ecs("us-east-1", 400, 405)]
    found = ecs_joined(rows, [A, B, A], alarm_changes=changes).frame.iloc[1]
    assert (found["outcome"], found["halt_cause"], found["halted_at"]) == ("rolled_back", cause, at(halted))
    told = [row("us", A, -900), row("us", B, 0, 500, status="rolled_back", rollback_started_at=400, alarm_at=rings[0])]
    if len(rings) == 1 and rings[0] < 400:
        assert joined(told).frame["halt_cause"].iloc[1] == cause


def test_a_moved_tag_of_a_sidecar_is_no_change_where_the_task_definition_is_the_same():
    """A forced deployment fetches what the tag names now; with a new task definition somebody changed it."""
    for definition, count in (("shop:1", 2), ("shop:2", 3)):
        rows = [ecs("us-east-1", -900, -890), ecs("us-east-1", 0, 10), ecs("us-east-1", 900, 910)]
        rows[2]["source_revisions"] = rows[1]["target_revision"]
        images = [
            {"revision": each["target_revision"], "container": name, "image": f"{name}:v1", "digest": digest}
            for each, app, router in zip(rows, (B, A, A), ("sha256:r1", "sha256:r1", "sha256:r2"), strict=True)
            for name, digest in (("shop", app), ("router", router))
        ]
        revisions = [
            {"arn": each["target_revision"], "service": "shop", "task_definition": own}
            for each, own in zip(rows, ("shop:1", "shop:1", definition), strict=True)
        ]
        tables = {"service_deployments": rows, "service_revisions": revisions, "service_images": images}
        found = join(as_tables({name: pd.DataFrame(each) for name, each in tables.items()}))
        assert len(found) == count


def test_a_log_routers_new_digest_is_no_new_version_of_the_app():
    """What changes with every release makes the version; the router's digest is the same everywhere."""
    rows = [ecs("us-east-1", 0, 10), ecs("eu-west-1", 20, 30), ecs("us-east-1", 1000, 1010)]
    images = [
        {"revision": each["target_revision"], "container": name, "image": f"{name}:1", "digest": digest}
        for each, app in zip(rows, (A, A, B), strict=True)
        for name, digest in (("app", app), ("router", "sha256:r"))
    ]
    revisions = [{"arn": each["target_revision"], "service": "shop"} for each in rows]
    tables = {"service_deployments": rows, "service_revisions": revisions, "service_images": images}
    found = join(as_tables({name: pd.DataFrame(each) for name, each in tables.items()}))
    assert list(found.frame["version"]) == [A, B]


def test_a_tag_stands_for_the_one_digest_it_was_resolved_to_and_a_moved_one_for_nothing():
    rows = [ecs("us-east-1", 0, 10), ecs("eu-west-1", 20, 30), ecs("ap-south-1", 40, 50)]
    tags = [("shop:v1", A), ("shop:v1", None), ("shop:latest", None)]
    images = [
        {"revision": each["target_revision"], "container": "app", "image": image, "digest": digest}
        for each, (image, digest) in zip(rows, tags, strict=True)
    ]
    revisions = [{"arn": each["target_revision"], "service": "shop"} for each in rows]
    tables = {"service_deployments": rows, "service_revisions": revisions, "service_images": images}
    found = join(as_tables({name: pd.DataFrame(each) for name, each in tables.items()}))
    assert list(found.frame["regions"]) == [2]
    assert list(found.frame["reason"]) == ["one version by its tag"]
    assert list(found.left_out["why"]) == ["nothing says which version it was"]


def incident(start, **more):
    return {"id": "i1", "started_at": at(start), "regions": "[]", "rollout": None, "digest": None, **more}


def test_an_incident_belongs_to_the_last_rollout_of_its_digest_before_it():
    rows = [row("a", A, 0), row("a", B, 100, status="failed"), row("a", B, 2000)]
    found = joined(rows, [incident(2010, digest=B)]).frame
    assert list(found["incident"].fillna("")) == ["", "", "i1"]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"rollout": "r9"}, "no rollout of the history has its rollout 'r9'; correct it, or collect what it names"),
        ({"digest": "sha256:x"}, "no rollout of the history has its digest 'sha256:x'"),
        ({"digest": B}, "before the first rollout of its digest; correct its time or its digest"),
    ],
)
def test_an_incident_of_no_rollout_is_remarked_on_and_the_rest_stands(more, text):
    found = joined([row("a", A, 0), row("a", B, 5000)], [incident(20, **more)])
    remark = found.remarks[0]
    assert text in remark
    assert len(found) == 2


def fleet(*regions):
    return Fleet(regions=tuple(Region(traffic=1.0, **each) for each in regions))


def test_places_are_regions_of_the_fleet_by_its_aws_keys():
    rows = [row("us-east-1", A, 0, cluster="one"), row("us-east-1", A, 1, cluster="two"), row("eu", A, 2)]
    known = fleet(
        {"name": "first", "aws": {"region": "us-east-1", "cluster": "one"}},
        {"name": "second", "aws": {"region": "us-east-1", "cluster": "two"}},
        {"name": "eu"},
    )
    assert list(joined(rows, fleet=known).regions["region"]) == ["first", "second", "eu"]


def test_an_unmapped_place_is_an_error_that_names_it_and_a_mapping_mends_it():
    rows = [row("us-east-1", A, 0), row("mars", A, 1)]
    known = fleet({"name": "us-east-1"})
    with pytest.raises(
        ValueError, match=r"place mars/shop is no region of the fleet 'fleet'; add `aws: \{region: mars\}`"
    ):
        joined(rows, fleet=known)
    assert list(joined(rows[1:], fleet=known, places={"mars": "us-east-1"}).regions["region"]) == ["us-east-1"]
    with pytest.raises(
        ValueError, match="mapped to 'us-east-2', which the fleet does not have; did you mean 'us-east-1'"
    ):
        joined(rows[1:], fleet=known, places={"mars": "us-east-2"})


def test_a_place_that_two_regions_are_is_an_error():
    both = fleet({"name": "one", "aws": {"region": "us-east-1"}}, {"name": "two", "aws": {"region": "us-east-1"}})
    with pytest.raises(ValueError, match="fits the regions one, two; say more under `aws:`"):
        joined([row("us-east-1", A, 0)], fleet=both)


def test_two_clusters_are_not_one_region_unless_somebody_says_so():
    """They would pass for one place; a mapping says that one took the other's place."""
    rows = [row("us-east-1", A, 0, cluster="blue"), row("us-east-1", A, 1, cluster="green")]
    for known in (fleet({"name": "us-east-1"}), fleet({"name": "east", "aws": {"region": "us-east-1"}})):
        with pytest.raises(ValueError, match="places us-east-1/blue/shop and us-east-1/green/shop are both the region"):
            joined(rows, fleet=known)
    mapped = {"*/us-east-1/green": "us-east-1"}
    assert set(joined(rows, fleet=fleet({"name": "us-east-1"}), places=mapped).regions["region"]) == {"us-east-1"}


def test_rollouts_are_named_alike_in_every_join():
    rows = [row("a", A, 0), row("b", A, 10), row("a", B, 100)]
    assert list(joined(rows).frame.index) == list(joined(rows[:1] + rows[2:]).frame.index)
    assert np.all(~joined(rows).frame.index.duplicated())


def test_ecs_deployments_whose_revisions_are_gone_are_left_out_beside_tables_that_are_joined():
    """A first fetch may find the deployment and no longer its revision; one history may come from both."""
    tables = {"service_deployments": [ecs("us-east-1", 0, 10)], "table_deployments": [row("eu-west-1", A, 5)]}
    found = join(as_tables({name: pd.DataFrame(each) for name, each in tables.items()}))
    assert list(found.left_out["why"]) == ["nothing says which version it was"]
    assert list(found.regions["region"]) == ["eu-west-1"]


def test_a_run_whose_build_failed_is_a_rollout_without_a_region():
    """Unless it deployed something, or its pipeline is no known service's."""
    common = {"account": "1", "region": "us", "observed_at": at(100)}
    runs = [
        {"id": name, "pipeline": pipeline, "status": "Failed", "started_at": at(start), "updated_at": at(start + 9)}
        for name, pipeline, start in (("r1", "deploy-shop", 0), ("r2", "deploy-shop", 30), ("r3", "other", 60))
    ]
    runs = [{**common, **each, "source_revisions": '[{"revisionId": "abc"}]'} for each in runs]
    actions = [("r1", "Build", 0, 7), ("r2", "Build", 30, 35), ("r2", "Deploy", 36, 38), ("r3", "Build", 60, 61)]
    steps = [
        {
            **common, "id": f"{run}-{kind}", "execution": run, "pipeline": "deploy-shop", "category": kind,
            "status": "Failed", "started_at": at(start), "updated_at": at(end),
        }
        for run, kind, start, end in actions
    ]  # fmt: skip
    frames = {"pipeline_executions": pd.DataFrame(runs), "pipeline_actions": pd.DataFrame(steps)}
    found = join(as_tables({**frames, "table_deployments": pd.DataFrame([row("us", "d1", 20)])}))
    assert list(found.frame["outcome"]) == ["build_failed", "completed"]
    first = found.frame.iloc[0]
    assert (first["run"], first["commit"], first["regions"], first["alarm"]) == ("r1", "abc", 0, "unknown")
    assert (first["end_minutes"], first["confidence"]) == (7.0, "certain")
    assert found.regions["rollout"].nunique() == 1 and len(found.weeks()) == 1
    for name in found.frame.index:
        assert type(found.plot(name)).__name__ == "Picture"


def test_what_a_hook_could_keep_waiting_is_marked():
    hooks = ['[{"lifecycleStages":["POST_SCALE_UP"],"targetType":"PAUSE"}]', '[{"targetType":"AWS_LAMBDA"}]', "[]"]
    rows = [ecs(f"r{number}", 0, 5, hooks=text) for number, text in enumerate(hooks)]
    found = ecs_joined(rows, [A, A, A])
    assert dict(zip(found.regions["region"], found.regions["paused"], strict=True)) == {
        "r0": True, "r1": False, "r2": False,
    }  # fmt: skip
    assert found.deployments["paused"].sum() == 1


def test_without_coverage_of_alarms_a_sentence_says_so_and_the_rest_stands():
    found = joined([row("us", A, 0)])
    assert any("nobody looked at alarms" in remark for remark in found.remarks)
    assert list(found.frame["outcome"]) == ["completed"]
    assert not any("alarms" in remark for remark in joined([row("us", A, 0, alarm_at=3)]).remarks)
