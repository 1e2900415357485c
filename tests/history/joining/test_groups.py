"""Which regional deployments are one rollout, how sure that is, and that nothing vanishes."""

import json

import hypothesis.strategies as st
import pandas as pd
from hypothesis import given, settings

import history
from history.joining.join import join
from history.joining.tables import as_tables
from tests.history.joining.conftest import at, joined, row, sets

A, B, C = "sha256:a", "sha256:b", "sha256:c"
DAY = 1440


def test_one_digest_in_several_regions_is_one_rollout_however_its_regions_lie():
    rows = [row("us", A, 0), row("eu", A, 90), row("ap", A, 200), row("us", B, 2000)]
    found = joined(rows)
    assert sets(found) == [[each["id"] for each in rows[:3]], [rows[3]["id"]]]
    assert list(found.frame["confidence"]) == ["likely", "likely"]


def test_time_alone_never_joins_across_services():
    rows = [row("us", A, 0), row("eu", A, 1, service="till")]
    assert sets(joined(rows)) == [[rows[0]["id"]], [rows[1]["id"]]]


def test_a_named_rollout_is_the_strongest_key():
    """Whatever digests it has; and one digest under two names is two rollouts."""
    rows = [row("us", A, 0, rollout="r1"), row("eu", B, 10, rollout="r1"), row("ap", A, 20, rollout="r2")]
    found = joined(rows)
    assert sets(found) == [[rows[0]["id"], rows[1]["id"]], [rows[2]["id"]]]
    assert list(found.frame.index) == ["r1", "r2"]
    assert list(found.frame["confidence"]) == ["certain", "certain"]
    assert set(found.frame["reason"]) == {"the table names the rollout"}


def test_confidence_falls_with_the_time_between_regions():
    for late, sure in ((600, "likely"), (5 * DAY, "likely"), (20 * DAY, "possible")):
        assert list(joined([row("us", A, 0), row("eu", A, late)]).frame["confidence"]) == [sure]


def test_a_later_run_after_a_halt_is_a_rollout_that_names_the_one_it_resumes():
    rows = [
        row("us", A, 0),
        row("eu", A, 1),
        row("us", B, 100, status="failed"),
        row("us", B, 2000),
        row("eu", B, 2100),
    ]
    found = joined(rows)
    assert sets(found)[1:] == [[rows[2]["id"]], [rows[3]["id"], rows[4]["id"]]]
    first, second = found.frame.index[1:]
    assert found.frame.loc[second, "kind"] == "resume"
    assert found.frame.loc[second, "resumes"] == first
    assert list(found.frame["outcome"]) == ["completed", "deploy_failed", "completed"]


def test_a_rollback_belongs_to_the_rollout_that_it_undoes():
    """Each of two versions that are taken back one after the other has its own."""
    rows = [row("us", A, 0), row("us", B, 1000), row("us", C, 2000), row("us", B, 2100), row("us", A, 2200)]
    found = joined(rows)
    a, b, c = found.frame.index
    back = found.deployments[found.deployments["kind"] == "rollback"].set_index("id")["rollout"]
    assert dict(back) == {rows[3]["id"]: c, rows[4]["id"]: b}
    assert list(found.frame["outcome"]) == ["completed", "rolled_back", "rolled_back"]
    assert found.frame.loc[c, "rollback_started_at"] == at(2100)
    assert list(found.frame["halt_cause"])[1:] == ["people", "people"]


def test_what_is_left_out_is_counted_with_its_reason():
    rows = [row("us", A, 0), row("us", A, 600), row("eu", None, 10), row("eu", A, 700)]
    found = joined(rows)
    why = dict(found.left_out.set_index("id")["why"].astype(str))
    assert why == {
        rows[1]["id"]: "a redeploy: the version that runs there anyway",
        rows[2]["id"]: "nothing says which version it was",
    }
    assert found.counts()["deployments"].sum() == 4


def test_a_version_that_comes_back_after_an_older_one_is_left_out_where_no_run_says_why():
    """People go on with it after they had gone back from it, or a run shipped the older one again and they go back."""
    rows = [row("us", A, 0), row("us", B, 1000), row("us", A, 2000), row("us", B, 3000)]
    found = joined(rows)
    assert sets(found) == [[rows[0]["id"]], [rows[1]["id"]]]
    assert list(found.left_out["id"]) == [rows[3]["id"]]
    assert "comes back after an older one" in found.left_out["why"].iloc[0]
    named = [*rows[:3], row("us", B, 3000, rollout="again")]
    assert sets(joined(named))[2] == [named[3]["id"]]


def test_a_region_that_gets_its_version_days_after_others_followed_is_late_or_it_was_shipped_again():
    """Left out, unless the version was tried before and comes again in another region with it."""
    rows = [row("us", A, 0), row("us", B, 2 * DAY), row("eu", A, 9 * DAY)]
    found = joined(rows)
    assert sets(found) == [[rows[0]["id"]], [rows[1]["id"]]]
    assert "others had followed its version" in found.left_out["why"].iloc[0]
    tried = [row("us", A, 0), row("ap", A, 1, status="failed"), *rows[1:], row("ap", A, 9 * DAY + 5)]
    assert sets(joined(tried))[2] == [tried[3]["id"], tried[4]["id"]]
    assert len(sets(joined([rows[0], rows[2]]))) == 1  # nothing followed: the same rollout, however late


def test_a_configuration_is_one_rollout_over_its_regions_and_the_next_one_another():
    rows = [row(region, A, n, task_definition=f"{region}:1") for n, region in enumerate(("us", "eu"))]
    rows += [row(region, A, 600 + n, task_definition=f"{region}:2") for n, region in enumerate(("us", "eu"))]
    rows += [row(region, A, 700 + n, task_definition=f"{region}:3") for n, region in enumerate(("us", "eu"))]
    found = joined(rows)
    assert [len(own) for own in sets(found)] == [2, 2, 2]
    assert list(found.frame["kind"]) == ["change", "configuration", "configuration"]


def test_a_second_cluster_is_a_place_of_its_own():
    """It is no second row of one region, neither a redeploy nor a retry."""
    rows = [row("us", A, n, cluster=cluster) for n, cluster in enumerate(("blue", "green"))]
    found = joined(rows)
    assert list(found.regions["region"]) == ["us/blue", "us/green"]
    assert len(found.frame) == 1


step = st.tuples(
    st.sampled_from(["us", "eu", "ap"]),
    st.sampled_from([A, B, C, None]),
    st.integers(0, 5000),
    st.sampled_from(["succeeded", "succeeded", "failed", "stopped", "rolled_back"]),
    st.sampled_from(["shop", "till"]),
)


def steps(least: int, most: int) -> st.SearchStrategy[list[tuple[str, str | None, int, str, str]]]:
    return st.lists(step, unique_by=lambda each: (each[0], each[2], each[4]), min_size=least, max_size=most)


@settings(max_examples=40)  # a join takes about as long for sixty rows as for five
@given(steps(0, 10) | steps(10, 60) | steps(30, 60), st.randoms(use_true_random=False))
def test_nothing_vanishes_and_the_order_of_the_rows_does_not_matter(steps, chance):
    """Joined and left out add up to all; every row is in one rollout, each of one service."""
    rows = [
        row(region, digest, start, status=status, service=service, id=f"{service}-{region}-{start}")
        for region, digest, start, status, service in steps
    ]
    found = joined(rows)
    ids = [*found.deployments["id"], *found.left_out["id"]]
    assert sorted(ids) == sorted(each["id"] for each in rows)
    services = {each["id"]: each["service"] for each in rows}
    mine = found.deployments["id"].map(services)
    assert not len(found.frame) or (mine.groupby(found.deployments["rollout"]).nunique() == 1).all()
    chance.shuffle(rows)
    again = joined(rows)
    pd.testing.assert_frame_equal(found.frame, again.frame)
    pd.testing.assert_frame_equal(found.regions, again.regions)


def test_no_deployments_are_no_rollouts():
    found = join(as_tables({}))
    assert len(found) == 0
    assert "There are no regional deployments in it" in str(found)
    assert found.regions.empty and found.left_out.empty and found.waves.empty


def test_a_config_says_its_store_its_places_and_names(tmp_path):
    """As the options do, which win."""
    rows = pd.DataFrame([row("here", "d1", 0), row("there", "d1", 10, service="new-shop")])
    rows.drop(columns="observed_at").to_csv(tmp_path / "rows.csv", index=False)
    history.import_table(tmp_path / "h.sqlite", tmp_path / "rows.csv", "deployments")
    project = {"space": "acme", "project": "shop"}
    content = {"store": "h.sqlite", "codecatalyst": [project], "places": {"here": "a", "there": "b"}}
    (tmp_path / "h.yaml").write_text(json.dumps({**content, "renamed": {"new-shop": "shop"}}))
    told = history.rollouts(tmp_path / "h.yaml")
    assert list(told.regions["region"]) == ["a", "b"] and list(told.frame["service"]) == ["shop"]
    config = history.Config.read(tmp_path / "h.yaml")
    assert list(history.rollouts(config, places={"here": "c"}).regions["region"]) == ["c", "b"]
