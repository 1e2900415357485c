"""What people name: files told apart by their content, samples by their name."""

import re

import pytest

import simulation
from simulation import Scenario
from wavecast import read_fleet, read_inputs, read_plan, read_plans, read_scenario
from wavecast.inputs import _KEYS, kind_of
from wavecast.terminal import Refusal
from waves import InputError

PLAN = "waves: [{regions: [eu-north-1]}]\n"


def rules(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [finding.rule for finding in error.value.findings]


def test_the_keys_of_a_scenario_are_those_of_its_class():
    assert _KEYS["scenario"] == set(Scenario.model_fields)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"SchemaVersion": "1.0"}, "codecatalyst"),
        ({"Actions": {}}, "codecatalyst"),
        ({"on": "push", "jobs": {}}, "github-actions"),
        ({"pipeline": {"stages": [{"name": "a", "actions": []}]}}, "codepipeline"),
        ({"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline"}}}, "codepipeline"),
        ({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"T": {"Type": "AWS::SNS::Topic"}}}, None),
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
    assert read_plan("data/plans/six-region-three-wave.yaml").shape == (1, 2, 3)


def test_a_file_goes_before_a_sample_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("six-region-three-wave", "two-halves", "1-2-3"):
        (tmp_path / name).write_text(PLAN, encoding="utf-8")
        assert read_plan(name).shape == (1,)
        assert next(iter(read_inputs([name], "storefront")[0].values())).shape == (1,)


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
        (read_scenario, "plans/six-region-three-wave.yaml", "a plan"),
        (read_fleet, "workflows/two-region.yaml", "a CodeCatalyst workflow"),
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
        read_inputs([tmp_path / "none.yaml", path, "two-halves", "1-2"], "storefrnt")
    assert sorted(rules(error)) == ["cannot-read", "cannot-read"]
    with pytest.raises(InputError, match="plan.yaml:2:15: error: region 'eu-nord-1'"):
        read_inputs([path, "two-halves"], "storefront")


OWN = """\
name: mine
regions:
  - {name: c, traffic: 30}
  - {name: a, traffic: 10}
  - {name: b, traffic: 20}
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with a fleet, a scenario and a plan of the user's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fleet.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text("fleet: fleet.yaml\ndeploy: 3\n", encoding="utf-8")
    plan = "{name: today, retries: 2, waves: [{regions: [a], bake_minutes: 40}, {regions: [b, c], bake_minutes: 9}]}"
    (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
    return tmp_path


def waves_of(plan):
    return [("".join(wave.regions), wave.bake_minutes) for wave in plan.waves]


def test_groupings_group_the_users_fleet_with_the_first_plans_bakes(own):
    """First, later and last wave, whatever the order in which they are named."""
    names = ["all-at-once", "plan.yaml", "one-at-a-time", "two-halves", "doubling", "by-traffic", "1-2"]
    plans, _ = read_inputs(names, "scenario.yaml")
    assert {name: waves_of(plan) for name, plan in plans.items()} == {
        "all at once": [("cab", 40)],
        "today": [("a", 40), ("bc", 9)],
        "one at a time": [("c", 40), ("a", 40), ("b", 9)],
        "two halves": [("c", 40), ("ab", 9)],
        "doubling": [("c", 40), ("ab", 9)],
        "by traffic": [("a", 40), ("bc", 9)],
        "waves of 1, 2": [("c", 40), ("ab", 9)],
    }
    assert all(plan.retries == 2 for plan in plans.values())


def test_bake_minutes_count_instead_and_no_plan_is_needed(own):
    plans, _ = read_inputs(["one-at-a-time", "plan.yaml"], "scenario.yaml", bake_minutes=5)
    assert waves_of(plans["one at a time"]) == [("c", 5), ("a", 5), ("b", 5)]
    assert waves_of(plans["today"]) == [("a", 40), ("bc", 9)], "a plan file says itself"
    (alone,) = read_inputs(["all-at-once"], "scenario.yaml", bake_minutes=5)[0].values()
    assert waves_of(alone) == [("cab", 5)]


@pytest.mark.parametrize(
    ("names", "bake", "words"),
    [
        (["all-at-once"], None, ["all-at-once:1:1: error: it says nothing of bakes; name a plan or a workflow"]),
        (["2-2", "plan.yaml"], None, ["2-2:1:1: error: sizes [2, 2] must be whole numbers of at least 1 that sum to"]),
        (["0-3", "plan.yaml"], None, ["0-3:1:1: error: sizes [0, 3] must be"]),
        (["all-at-onc", "plan.yaml"], None, ["did you mean 'all-at-once'?"]),
        (["nothing", "plan.yaml"], None, ["groupings are all-at-once, one-at-a-time"]),
        (["plan.yaml"], 5.0, ["plan.yaml:1:1: error: its waves say themselves how long they bake; --bake-minutes is"]),
        (["all-at-once", "none.yaml"], None, ["none.yaml:1:1: error: no such file"]),
    ],
)
def test_groupings_that_cannot_be_are_refused(own, names, bake, words):
    with pytest.raises(InputError) as error:
        read_inputs(names, "scenario.yaml", bake_minutes=bake)
    lines = str(error.value).splitlines()
    assert len(lines) == len(words) and all(word in line for word, line in zip(words, lines, strict=True))


def test_a_grouping_without_a_scenario_groups_nothing():
    with pytest.raises(InputError, match="only together with a scenario"):
        read_plan("all-at-once")


RELEASE = """\
Name: release
SchemaVersion: "1.0"
Actions:
  Beta:
    Identifier: aws/cdk-deploy@v2
    Environment: {Name: beta}
    Configuration: {StackName: s, Region: a}
  One:
    Identifier: aws/cdk-deploy@v2
    DependsOn: [Beta]
    Environment: {Name: prod}
    Configuration: {StackName: s, Region: b}
  Two:
    Identifier: aws/cdk-deploy@v2
    DependsOn: [One]
    Environment: {Name: prod}
    Configuration: {StackName: s, Region: "${Secrets.R}"}
"""


@pytest.fixture
def release(own):
    (own / "release.yaml").write_text(RELEASE, encoding="utf-8")
    return own


def test_a_workflows_stage_and_open_regions_are_given_with_it(release):
    plans, _ = read_inputs(["release.yaml"], "scenario.yaml", regions_of={"Two": "c"}, bake_minutes=5)
    assert waves_of(plans["release"]) == [("b", 5), ("c", 5)]
    plan = read_plan("release.yaml", environments=["beta"])
    assert (waves_of(plan), plan.notes) == ([("a", 0)], ())
    plans, _ = read_inputs(["release.yaml", "plan.yaml"], "scenario.yaml", environments=["beta"])
    assert list(plans) == ["release", "today"], "the plan file beside it says itself"


@pytest.mark.parametrize(
    ("reading", "part"),
    [
        ({"bake_minutes": 5}, "--bake-minutes is for pipelines and groupings"),
        ({"environments": ["prod"]}, "--environment is for pipelines, and there is none"),
        ({"approvals": ["prod"]}, "--approval is for GitHub Actions, and there is none"),
        ({"regions_of": {"A": "a"}}, "--region-of is for pipelines, and there is none"),
    ],
)
def test_what_a_plan_file_does_not_take_is_refused(own, reading, part):
    """Alone or among groupings, which take minutes, but have no environments."""
    names = [["plan.yaml"]] if "bake_minutes" in reading else [["plan.yaml"], ["plan.yaml", "all-at-once"]]
    for named in names:
        with pytest.raises(InputError) as error:
            read_inputs(named, "scenario.yaml", **reading)
        assert rules(error) == ["no-effect"] and part in str(error.value)
    with pytest.raises(InputError, match="no-effect"):
        read_plan("plan.yaml", **reading)


def test_an_approval_on_which_the_scenario_has_no_say_is_remarked(own, wavecast):
    """In `run` and in `check`, at its line; not where the scenario says how long it takes, be it 0, or how often no."""
    (own / "plan.yaml").write_text("waves:\n- regions: [a]\n- regions: [b, c]\n  approval: true\n", encoding="utf-8")
    line = "plan.yaml:4:3: warning: the approval of wave 2 has no effect, as the scenario does not say how long"
    ran = wavecast("run", "plan.yaml", "--scenario", "scenario.yaml", "--trials", "10")
    assert (ran.code, ran.err.startswith(line)) == (0, True)
    beside = wavecast("run", "plan.yaml", "two-halves", "--scenario", "scenario.yaml", "--trials", "10")
    assert beside.err == ran.err, "said once, of the plan that has a file"
    assert line in wavecast("check", "plan.yaml", "--fleet", "scenario.yaml").out
    assert line not in wavecast("check", "plan.yaml", "--fleet", "fleet.yaml").out
    for more in ("approval_wait: 0\n", "approval_wait: 60\n", "rejection_probability: 0.1\n"):
        (own / "scenario.yaml").write_text(f"fleet: fleet.yaml\ndeploy: 3\n{more}", encoding="utf-8")
        assert wavecast("run", "plan.yaml", "--scenario", "scenario.yaml", "--trials", "10").err == ""


@pytest.mark.parametrize("verb", ["run", "compare", "trace", "duel"])
def test_every_verb_reads_a_workflow_as_it_is_told(release, wavecast, verb):
    """The stage that was left to the kit is said on standard error; a chosen one needs no word."""
    plans = ["release.yaml", "all-at-once"] if verb in ("compare", "duel") else ["release.yaml"]
    trials = ["--trials", "10"] if verb in ("run", "compare") else ["--trial", "0"]
    given = ["--scenario", "scenario.yaml", "--region-of", "Two=c", *trials]
    answer = wavecast(verb, *plans, *given)
    assert answer.code == 0
    assert answer.err.startswith("release.yaml:8:3: warning: the plan is the last stage, prod, and beta comes before")
    answer = wavecast(verb, *plans, *given, "--environment", "prod")
    assert (answer.code, answer.err) == (0, "")


def test_the_report_hands_on_how_workflows_are_read(release, wavecast, monkeypatch):
    """By options or by parameters; what cannot be read so is refused before a kernel starts."""
    caught = []

    def stop(_, __, parameters):
        caught.append({name: parameters[name] for name in ("bake_minutes", "environments", "regions_of")})
        raise Refusal("enough")

    monkeypatch.setattr("wavecast.verbs.report.execute", stop)
    monkeypatch.setattr("wavecast.verbs.report._get_ready", lambda: None)
    wanted = {"bake_minutes": 5, "environments": ["prod"], "regions_of": {"Two": "c"}}
    options = ["--bake-minutes", "5", "--environment", "prod", "--region-of", "Two=c"]
    parameters = ["-p", "bake_minutes", "5", "-p", "environments", "[prod]", "-p", "regions_of", "{Two: c}"]
    for given in (options, parameters):
        assert wavecast("report", "--plan", "release.yaml", *given).err == "wavecast: enough\n"
        assert caught.pop() == wanted
    answer = wavecast("report", "--plan", "release.yaml", "--environment", "live")
    assert (answer.code, caught) == (2, []) and "[environment-unknown]" in answer.err


@pytest.mark.parametrize(
    "text",
    [
        "hunter2:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/sbin\n",
        "name: app\nhunter2: hunter2\n",
        "- hunter2\n",
        "hunter2: 1\nhunter2: 2\n",
        "a: &hunter2 1\n",
        "a: !hunter2 1\n",
        "a: *hunter2\n",
        "[default]\nkey = hunter2\n",
        "hunter2: [\n",
        '{"password": "hunter2"}',
        "2\n",
    ],
)
def test_a_file_that_is_not_ours_is_told_by_its_place_alone(own, text):
    """Whoever may name a file in a scenario must not read it in a log."""
    (own / "secret").write_text(text, encoding="utf-8")
    (own / "scenario.yaml").write_text("fleet: secret\ndeploy: 3\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_scenario("scenario.yaml")
    assert str(error.value).startswith("secret:") and "hunter2" not in str(error.value)
    assert not re.search(r"\b2\b", re.sub(r"secret:\d+:\d+|line \d+", "", str(error.value)))


def test_a_pipeline_is_written_for_another_system_as_it_is_told(release, wavecast):
    """The stage that was left to the kit is said; a plan file takes no such options."""
    text = RELEASE.replace("Region: a", "Region: us-east-2").replace("Region: b", "Region: us-east-1")
    (release / "release.yaml").write_text(text, encoding="utf-8")
    given = ["--region-of", "Two=us-west-2", "--to", "github-actions"]
    answer = wavecast("write", "release.yaml", *given)
    assert answer.code == 0
    assert "release.yaml:8:3: warning: the plan is the last stage, prod, and beta comes before" in answer.err
    assert "environment-left-out" not in wavecast("write", "release.yaml", *given, "--environment", "prod").err
    assert wavecast("write", "plan.yaml", *given).code == 2


def test_the_gate_reads_plans_as_the_report_did(release, wavecast):
    """The verdict of one stage is none of another; how plans are read has no effect where none is named."""
    beta = read_plan("release.yaml", environments=["beta"])
    comparison = simulation.compare({beta.name: beta}, read_scenario("scenario.yaml"), trials=100)
    limits = simulation.parse_limits({"probability_shipped": {"at_least": 0.5}}, simulation.FIGURES)
    simulation.write_verdict(simulation.verdict(comparison, limits), "verdict.json")
    gate = ["gate", "verdict.json", "--plan", "release.yaml"]
    assert wavecast(*gate, "--environment", "beta").code == 0
    assert wavecast(*gate, "--environment", "prod", "--region-of", "Two=c").code == 1
    answer = wavecast("gate", "verdict.json", "--environment", "beta")
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
