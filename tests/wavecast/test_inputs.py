"""What people name: files told apart by their content, samples by their name."""

import pytest

from simulation import Scenario
from wavecast import read_fleet, read_inputs, read_plan, read_plans, read_scenario
from wavecast.inputs import _KEYS, kind_of
from waves import InputError

PLAN = "waves: [{regions: [eu-north-1]}]\n"


def rules(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [finding.rule for finding in error.value.findings]


def test_the_keys_of_a_scenario_are_those_of_its_class():
    assert _KEYS["scenario"] == set(Scenario.model_fields)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"SchemaVersion": "1.0"}, "workflow"),
        ({"Actions": {}}, "workflow"),
        ({"name": "x", "waves": []}, "plan"),
        ({"wavs": [], "on_deploy_failur": "stop"}, "plan"),
        ({"name": "x", "regions": [{"name": "a"}]}, "fleet"),
        ({"fleet": "f.yaml", "deploy": 3, "regions": {"a": {}}}, "scenario"),
        ({"fleet": "f.yaml"}, "scenario"),
        ({"name": "x"}, None),
        ({"something": 1, "else": 2}, None),
        ({}, None),
        ([1, 2], None),
        ("text", None),
        (None, None),
    ],
)
def test_a_file_is_recognised_by_its_keys(value, kind):
    assert kind_of(value) == kind


def test_a_sample_is_found_by_its_name():
    assert read_plan("six-region-three-wave").shape == (1, 2, 3)
    assert read_scenario("storefront").name == "storefront"
    assert read_fleet("storefront").names[0] == "eu-north-1"


def test_a_workflow_is_read_as_a_plan(root):
    plan = read_plan(root / "data" / "workflows" / "six-region-three-wave.yaml")
    assert [wave.bake_minutes for wave in plan.waves] == [60, 45, 60]
    other = read_plan(root / "data" / "workflows" / "six-region-three-wave.yaml", bake_minutes=5)
    assert [wave.bake_minutes for wave in other.waves] == [5, 5, 5]


def test_what_begins_with_data_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_plan("data/plans/two-halves.yaml").shape == (3, 3)


def test_a_file_goes_before_a_sample_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two-halves").write_text(PLAN, encoding="utf-8")
    assert read_plan("two-halves").shape == (1,)


def test_the_fleet_of_a_scenario_is_a_fleet(root):
    assert read_fleet(root / "data" / "scenarios" / "storefront.yaml") == read_fleet("storefront")


@pytest.mark.parametrize("read", [read_plan, read_scenario, read_fleet])
def test_an_unknown_name_lists_the_samples(read):
    with pytest.raises(InputError, match="the samples are") as error:
        read("nothing-of-the-kind")
    assert rules(error) == ["cannot-read"]


def test_a_near_miss_of_a_file_is_suggested(tmp_path):
    (tmp_path / "friday.yaml").write_text(PLAN, encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean '.*friday\.yaml'"):
        read_plan(tmp_path / "fridya.yaml")


@pytest.mark.parametrize(
    ("read", "file", "word"),
    [
        (read_plan, "fleets/storefront.yaml", "a fleet"),
        (read_plan, "scenarios/storefront.yaml", "a scenario"),
        (read_scenario, "plans/two-halves.yaml", "a plan"),
        (read_fleet, "workflows/two-region.yaml", "a workflow"),
    ],
)
def test_a_file_of_another_kind_is_named(root, read, file, word):
    with pytest.raises(InputError, match=f"this is {word}; name") as error:
        read(root / "data" / file)
    assert rules(error) == ["wrong-kind"]


def test_a_file_of_no_kind_shows_nothing_of_its_content(tmp_path):
    path = tmp_path / "secret.yaml"
    path.write_text("password: hunter2\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_plan(path)
    assert rules(error) == ["wrong-kind"]
    assert "hunter2" not in str(error.value)


def test_anchors_are_refused_in_a_plan_and_allowed_in_a_workflow(tmp_path, root):
    plan = tmp_path / "plan.yaml"
    plan.write_text("waves:\n  - &w {regions: [eu-north-1]}\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_plan(plan)
    workflow = (root / "data" / "workflows" / "two-region.yaml").read_text(encoding="utf-8")
    path = tmp_path / "workflow.yaml"
    path.write_text(workflow.replace("RunMode: QUEUED", "RunMode: &mode QUEUED"), encoding="utf-8")
    assert len(read_plan(path).regions) == 2


def test_plans_of_one_name_are_told_apart_by_their_files(tmp_path):
    for name in ("monday", "friday"):
        (tmp_path / f"{name}.yaml").write_text(PLAN, encoding="utf-8")
    plans = read_plans([tmp_path / "monday.yaml", tmp_path / "friday.yaml", tmp_path / "friday.yaml"])
    assert list(plans) == ["plan (monday)", "plan (friday)", "plan (friday) (2)"]


def test_no_plans_at_all_are_refused():
    with pytest.raises(InputError, match="name at least one"):
        read_plans([])


def test_the_faults_of_all_inputs_come_at_once(tmp_path):
    """A plan that is not there, one with an unknown region, and one that is fine."""
    path = tmp_path / "plan.yaml"
    path.write_text("waves:\n  - regions: [eu-nord-1]\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_inputs([tmp_path / "none.yaml", path, "two-halves"], "storefrnt")
    assert sorted(rules(error)) == ["cannot-read", "cannot-read"]
    with pytest.raises(InputError, match="plan.yaml:2:15: error: region 'eu-nord-1'"):
        read_inputs([path, "two-halves"], "storefront")
