"""`wavecast rollouts` and `wavecast fleet`: what they print, and what they refuse."""

import json
from pathlib import Path

import pytest

from waves import Fleet

HEADER = "service,region,status,started_at,finished_at,digest\n"


@pytest.fixture
def store(wavecast, tmp_path):
    """A store of two rollouts in two regions; the second was rolled back in the second region."""
    table = tmp_path / "deployments.csv"
    table.write_text(
        HEADER
        + "shop,us-east-1,succeeded,2026-03-02T10:00:00Z,2026-03-02T10:06:00Z,sha256:a\n"
        + "shop,eu-west-1,succeeded,2026-03-02T11:00:00Z,2026-03-02T11:05:00Z,sha256:a\n"
        + "shop,us-east-1,succeeded,2026-03-09T10:00:00Z,2026-03-09T10:06:00Z,sha256:b\n"
        + "shop,eu-west-1,failed,2026-03-09T11:00:00Z,2026-03-09T11:15:00Z,sha256:b\n",
        encoding="utf-8",
    )
    path = tmp_path / "history.sqlite"
    assert wavecast("import", "deployments", str(table), "--store", str(path)).code == 0
    return path


def test_rollouts_are_printed_by_week_and_service_with_what_was_left_out(wavecast, store):
    answer = wavecast("rollouts", "--store", str(store))
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("2 rollouts out of 4 regional deployments of ")
    assert "minutes count from: 2 by first start" in lines[0]
    assert any(line.split()[:4] == ["2026-03-02", "shop", "1", "1"] for line in lines)
    assert any(line.split() == ["4", "joined", "change"] for line in lines)


def test_json_has_rollouts_regions_waves_and_all_deployments(wavecast, store):
    content = json.loads(wavecast("rollouts", "--store", str(store), "--json").out)
    assert [each["outcome"] for each in content["rollouts"]] == ["completed", "deploy_failed"]
    assert [each["shape"] for each in content["rollouts"]] == ["1+1", "1+1"]
    assert len(content["regions"]) == len(content["deployments"]) + len(content["left_out"]) == 4
    assert content["rollouts"][0]["started_at"] == "2026-03-02T10:00:00.000000Z"


@pytest.mark.parametrize("which", [(), ("--rollout", "{id}")])
def test_pictures_are_drawn(wavecast, store, tmp_path, which):
    (first, _) = json.loads(wavecast("rollouts", "--store", str(store), "--json").out)["rollouts"]
    chosen = [each.format(id=first["rollout"]) for each in which]
    answer = wavecast("rollouts", "--store", str(store), *chosen, "--out", str(tmp_path / "a.svg"))
    assert answer.code == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rollout", "shop-1"], "there is no rollout 'shop-1'"),
        (["--place", "eu-west-1"], "--place eu-west-1: give PLACE=REGION"),
        (["--renamed", "a=b", "--renamed", "a=c"], "--renamed a is given twice, as b and as c"),
        (["--out", "a.jpg"], "a picture ends in .svg or .png"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(wavecast, store, arguments, text):
    answer = wavecast("rollouts", "--store", str(store), *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 1 and text in answer.err


def test_a_place_that_the_fleet_lacks_is_named_and_a_mapping_mends_it(wavecast, store, tmp_path):
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("regions: [{name: us-east-1, traffic: 1.0}, {name: europe, traffic: 1.0}]\n", encoding="utf-8")
    asked = ("rollouts", "--store", str(store), "--fleet", str(fleet))
    refused = wavecast(*asked)
    assert refused.code == 2 and "place eu-west-1/shop is no region of the fleet" in refused.err
    assert wavecast(*asked, "--place", "eu-west-1=europe").code == 0


def test_a_history_without_deployments_has_no_rollouts(wavecast, tmp_path):
    table = tmp_path / "i.csv"
    table.write_text("digest,started_at\nsha256:a,2026-03-02T10:00:00Z\n", encoding="utf-8")
    path = tmp_path / "history.sqlite"
    assert wavecast("import", "incidents", str(table), "--store", str(path)).code == 0
    answer = wavecast("rollouts", "--store", str(path))
    assert answer.code == 1 and "there are no rollouts in it" in answer.err
    assert "There are no regional deployments in it" in answer.out


@pytest.mark.parametrize("verb", ["rollouts", "fleet"])
def test_what_is_no_history_is_one_line(wavecast, tmp_path, verb):
    for path in (tmp_path / "none.sqlite", tmp_path):
        answer = wavecast(verb, "--store", str(path))
        assert answer.code == 2 and len(answer.err.splitlines()) == 1


def test_a_fleet_file_is_written_with_traffic_to_be_filled_in(wavecast, store, tmp_path):
    answer = wavecast("fleet", "--store", str(store))
    assert answer.code == 0
    assert answer.out.count("traffic:   # fill in: requests a minute") == 2
    path = Path(tmp_path / "fleet.yaml")
    path.write_text(answer.out.replace("traffic:   # fill in", "traffic: 100 # filled in"), encoding="utf-8")
    assert Fleet.read(path).names == ("us-east-1", "eu-west-1")
    unfilled = tmp_path / "unfilled.yaml"
    unfilled.write_text(answer.out, encoding="utf-8")
    assert wavecast("check", str(unfilled)).code != 0


def test_a_store_of_deployments_without_a_version_says_so(wavecast, tmp_path):
    """Nothing tells which were one rollout, so `fleet` has no places; and of tables there is no coverage."""
    table, path = tmp_path / "table.csv", tmp_path / "history.sqlite"
    head = "service,region,status,started_at,finished_at\n"
    row = "shop,us-east-1,succeeded,2026-03-02T10:00:00Z,2026-03-02T10:06:00Z\n"
    table.write_text(head + row, encoding="utf-8")
    assert wavecast("import", "deployments", str(table), "--store", str(path)).code == 0
    fleet, coverage = wavecast("fleet", "--store", str(path)), wavecast("coverage", "--store", str(path))
    assert (fleet.code, coverage.code) == (1, 1)
    assert "of its 1 regional deployment none is known to belong to a rollout" in fleet.err
    assert "nothing was fetched into this store yet" in coverage.err
