"""`wavecast check`: every file, every fault, the right line and the right exit code."""

import json
import os

import pytest

from tests.builders import sample_plan

BUILDS = """\
Name: Builds
SchemaVersion: "1.0"
Actions:
  Build:
    Identifier: aws/build@v1
    Inputs: {Sources: [WorkflowSource]}
    Configuration: {Steps: [{Run: make}]}
"""


def test_everything_in_data_is_in_order(wavecast, root):
    files = sorted(str(path) for path in (root / "data").rglob("*.yaml"))
    answer = wavecast("check", *files)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"{len(files)} files checked: no errors, no warnings\n"


def test_a_misspelt_key_on_line_17_is_reported_at_line_17(wavecast, misspelt):
    answer = wavecast("check", str(misspelt))
    assert answer.code == 1
    lines = [line for line in answer.out.splitlines() if line.startswith(f"{misspelt}:17:")]
    assert len(lines) == 1
    assert ": error: " in lines[0] and "cluster" in lines[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("waves:\n  - regions: [a]\n    bake_minuts: 3\n", 3),
        ("name: x\nregions:\n  - name: a\n    trafic: 3\n", 4),
        ("fleet: {regions: [{name: a, traffic: 1}]}\ndeploy: 3\n\nlagg: 2\n", 4),
    ],
    ids=["plan", "fleet", "scenario"],
)
def test_a_misspelt_key_of_our_own_files_is_an_error_at_its_line(wavecast, tmp_path, text, line):
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    answer = wavecast("check", str(path))
    assert answer.code == 1
    assert any(row.startswith(f"{path}:{line}:") and "did you mean" in row for row in answer.out.splitlines())


def test_a_fleet_shows_what_a_file_alone_does_not(wavecast, tmp_path):
    path = tmp_path / "plan.yaml"
    sample_plan("all-at-once").write(path)
    plan = str(path)
    assert wavecast("check", plan).out == ""
    answer = wavecast("check", plan, "--fleet", "storefront")
    assert answer.code == 0, "warnings are fine"
    assert answer.out.count("[failover-together]") == 3
    assert answer.err == "1 file checked: no errors, 5 warnings\n"


@pytest.fixture
def unhinted(root, tmp_path):
    """The two-region sample, in which nobody says how long the test between its waves takes."""
    text = (root / "data" / "workflows" / "two-region.yaml").read_text(encoding="utf-8")
    path = tmp_path / "workflow.yaml"
    path.write_text(text.replace("BAKE_MINUTES", "PATIENCE"), encoding="utf-8")
    return str(path)


def test_what_run_refuses_is_a_warning_and_as_a_plan_an_error(wavecast, unhinted):
    answer = wavecast("check", unhinted)
    assert answer.code == 0
    assert ": warning: " in answer.out and "[bake-unknown]" in answer.out
    refusal = wavecast("run", unhinted, "--scenario", "storefront").err
    for option in (["--as-plan"], ["--fleet", "storefront"], ["--environment", "production"]):
        answer = wavecast("check", unhinted, *option)
        assert answer.code == 1, option
        assert refusal.strip() in answer.out, "the line with which run refuses"
    answer = wavecast("check", unhinted, "--as-plan", "--bake-minutes", "30")
    assert (answer.code, answer.out) == (0, "")


def test_a_workflow_is_held_against_a_fleet_whatever_its_bakes(wavecast, unhinted):
    answer = wavecast("check", unhinted, "--fleet", "storefront")
    assert "[region-left-out]" in answer.out and "[first-wave-heavy]" in answer.out
    answer = wavecast("check", unhinted, "--fleet", "storefront", "--bake-minutes", "30")
    assert answer.code == 0
    assert "[region-left-out]" in answer.out and "bake" not in answer.out


def test_the_stage_and_regions_that_the_file_leaves_open_are_options(wavecast, root, tmp_path):
    text = (root / "data" / "workflows" / "two-region.yaml").read_text(encoding="utf-8")
    path = tmp_path / "workflow.yaml"
    path.write_text(text.replace("region: us-west-2", "region: ${Secrets.R}"), encoding="utf-8")
    answer = wavecast("check", str(path), "--fleet", "storefront")
    assert answer.code == 1
    assert "give it with --region-of Deploy-us-west-2=REGION" in answer.out
    answer = wavecast("check", str(path), "--fleet", "storefront", "--region-of", "Deploy-us-west-2=eu-west-1")
    assert answer.code == 0
    left_out = next(line for line in answer.out.splitlines() if "[region-left-out]" in line)
    assert "eu-west-1" not in left_out and "us-west-2" in left_out


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--region-of", "Deploy"], "'Deploy' is no ACTION=REGION"),
        (["--region-of", "A=x", "--region-of", "A=y"], "A is given a region twice"),
    ],
)
def test_a_pair_that_is_none_is_a_usage_error(wavecast, unhinted, options, part):
    answer = wavecast("check", unhinted, *options)
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1 and part in answer.err


def test_a_region_that_the_fleet_does_not_have_is_an_error(wavecast, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("waves:\n  - regions: [eu-north-1]\n  - regions: [us-wst-2]\n", encoding="utf-8")
    answer = wavecast("check", str(path), "--fleet", "storefront")
    assert answer.code == 1
    assert f"{path}:3:15: error: region 'us-wst-2' is not in the fleet; did you mean 'us-west-2'?" in answer.out


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("waves: []\n", "waves"),
        ("waves: [{regions: [], bake_minutes: 3}]\n", "waves[0].regions"),
        ("regions: []\n", "regions"),
        ("fleet: {regions: []}\ndeploy: 6\nfaults: []\n", "fleet.regions"),
    ],
)
def test_an_empty_list_is_told_in_words_of_its_own(wavecast, tmp_path, text, key):
    """Not in those of the library that finds it: "must have at least 1 item"."""
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    answer = wavecast("check", str(path))
    assert answer.code == 1 and f": error: {key} is empty: give at least one [" in answer.out
    assert "item" not in answer.out and len(answer.out.splitlines()) == 1


@pytest.mark.parametrize("others", [("fleet.yaml",), ("scenario.yaml",), ("fleet.yaml", "scenario.yaml")])
def test_what_is_checked_together_is_held_together(wavecast, tmp_path, others):
    """A plan beside the one fleet or scenario it can be for; a scenario and its own fleet are one, two fleets none."""
    fleet = "regions: [{name: eu-north-1, traffic: 1}, {name: eu-west-1, traffic: 2}]\n"
    files = {
        "fleet.yaml": fleet,
        "scenario.yaml": "fleet: fleet.yaml\ndeploy: 6\n",
        "plan.yaml": "waves: [{regions: [eu-north-1], bake_minutes: 1}, {regions: [eu-west-2], bake_minutes: 1}]\n",
        "other.yaml": fleet.replace("eu-west-1", "eu-west-2"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    own, paths = str(tmp_path / "plan.yaml"), [str(tmp_path / each) for each in others]
    assert wavecast("check", own).code == 0
    answer = wavecast("check", own, *paths)
    assert answer.code == 1 and "error: region 'eu-west-2' is not in the fleet" in answer.out
    assert f"the others against {paths[-1]}: 1 error" in " ".join(answer.err.split())
    assert json.loads(wavecast("check", *paths, own, "--json").out)["against"] == paths[-1]
    assert wavecast("check", own, *paths, str(tmp_path / "other.yaml")).code == 0, "which of the two, nobody says"
    assert wavecast("check", own, *paths, "--fleet", str(tmp_path / "other.yaml")).code == 0


def test_a_pipeline_beside_a_fleet_need_not_be_a_plan(wavecast, unhinted, tmp_path):
    """What keeps it from being one stays a warning; its regions are held against the fleet all the same."""
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("regions: [{name: eu-north-1, traffic: 1}]\n", encoding="utf-8")
    answer = wavecast("check", unhinted, str(fleet))
    assert "warning" in answer.out and "[bake-unknown]" in answer.out
    assert answer.code == 1 and "is not in the fleet" in answer.out
    builds = tmp_path / "builds.yaml"
    builds.write_text(BUILDS, encoding="utf-8")
    answer = wavecast("check", str(builds), str(fleet))
    assert (answer.code, answer.err.split("against")[0].strip()) == (0, "2 files checked, the others")
    assert "[no-deployment]" in answer.out


def test_the_json_has_files_findings_and_counts(wavecast, misspelt, root):
    plan = str(root / "data" / "plans" / "six-region-three-wave.yaml")
    answer = wavecast("check", plan, str(misspelt), "--json")
    found = json.loads(answer.out)
    assert answer.code == 1 and answer.err == ""
    assert found["files"] == [{"path": plan, "kind": "plan"}, {"path": str(misspelt), "kind": "codecatalyst"}]
    assert found["errors"] == sum(f["severity"] == "error" for f in found["findings"])
    assert {"path", "line", "column", "severity", "message", "rule"} == set(found["findings"][0])
    assert 17 in [finding["line"] for finding in found["findings"]]


def unreadable(tmp_path, what):
    path = tmp_path / "file.yaml"
    match what:
        case "missing":
            pass
        case "directory":
            path.mkdir()
        case "binary":
            path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
        case "too large":
            with path.open("wb") as file:
                file.truncate(50 * 1024 * 1024)
    return path


@pytest.mark.parametrize("what", ["missing", "directory", "binary", "too large"])
def test_what_cannot_be_read_is_one_line_and_code_2(wavecast, tmp_path, what):
    path = unreadable(tmp_path, what)
    answer = wavecast("check", str(path))
    assert answer.code == 2
    assert len(answer.out.splitlines()) == 1 and answer.out.startswith(f"{path}:1:")


@pytest.mark.parametrize("text", ["", "# nothing\n", "just a text\n", "- 1\n- 2\n", "a: [\n"])
def test_a_file_that_is_nothing_is_an_error(wavecast, tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    answer = wavecast("check", str(path))
    assert answer.code == 1
    assert len(answer.out.splitlines()) == 1


def test_one_unreadable_file_does_not_hide_the_others(wavecast, tmp_path, misspelt):
    answer = wavecast("check", str(tmp_path / "none.yaml"), str(misspelt))
    assert answer.code == 2
    assert f"{misspelt}:17:" in answer.out


def test_a_fleet_that_cannot_be_read_is_code_2_before_anything_is_checked(wavecast, root):
    answer = wavecast("check", str(root / "data" / "plans" / "six-region-three-wave.yaml"), "--fleet", "nope")
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 1


def test_no_files_is_a_usage_error(wavecast):
    answer = wavecast("check")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("folder", "option", "part"),
    [
        ("plans", ["--environment", "prod"], "--environment is for pipelines, and there is none"),
        ("plans", ["--bake-minutes", "3"], "its waves say themselves how long they bake"),
        ("fleets", ["--bake-minutes", "3"], "--bake-minutes is for pipelines, and there is none"),
    ],
)
def test_an_option_without_effect_is_an_error(wavecast, root, folder, option, part):
    """Among files that are no pipelines; beside one that is, it is fine."""
    files = sorted(str(path) for path in (root / "data" / folder).glob("*.yaml"))
    answer = wavecast("check", *files, *option)
    assert answer.code == 1
    assert answer.out.count("[no-effect]") == 1 and part in answer.out
    workflow = str(root / "data" / "workflows" / "two-region.yaml")
    assert wavecast("check", *files, workflow, "--environment", "production").code == 0


@pytest.mark.parametrize("text", ["---\n{}", "# first\n---\n{}"])
def test_a_separator_at_the_top_is_harmless(wavecast, root, tmp_path, text):
    path = tmp_path / "workflow.yaml"
    whole = (root / "data" / "workflows" / "two-region.yaml").read_text(encoding="utf-8")
    path.write_text(text.format(whole), encoding="utf-8")
    answer = wavecast("check", str(path), "--as-plan")
    assert (answer.code, answer.out) == (0, "")


@pytest.mark.parametrize(
    "line", ["Name: {{name}}\n", "{{#if ci}}\nName: a\n", "{% if ci %}\nName: a\n", "- x\n{{name}}: b\n"]
)
def test_a_template_is_called_one(wavecast, tmp_path, line):
    path = tmp_path / "workflow.yaml"
    path.write_text(line + "SchemaVersion: '1.0'\nActions: {}\n", encoding="utf-8")
    answer = wavecast("check", str(path))
    assert answer.code == 1
    assert len(answer.out.splitlines()) == 1 and "this is a template" in answer.out


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("waves:\n- regions: [a]\n  on_alarm: halt\n", "3:3: error: unknown key 'on_alarm'; it belongs at the top of"),
        ("waves:\n- {regions: [a], max_failed_regions: 1}\n", "2:18: error: unknown key 'max_failed_regions'; it be"),
        ("bake_minutes: 5\nwaves:\n- regions: [a]\n", "1:1: error: unknown key 'bake_minutes'; it belongs in 'waves'"),
        ("regions:\n- {name: a, traffic: 1}\ntraffic: 3\n", "3:1: error: unknown key 'traffic'; it belongs in 'reg"),
    ],
    ids=["a wave's scope", "a wave's failures", "a plan's bake", "a fleet's traffic"],
)  # fmt: skip
def test_a_key_at_the_wrong_place_is_told_where_it_belongs(wavecast, tmp_path, text, finding):
    (tmp_path / "file.yaml").write_text(text, encoding="utf-8")
    answer = wavecast("check", str(tmp_path / "file.yaml"))
    assert answer.code == 1 and f"file.yaml:{finding}" in answer.out


@pytest.mark.parametrize(
    ("most", "idle"), [("1", False), ("2", True), ("5", True), ('"50%"', False), ('"99%"', False), ('"100%"', True)]
)
def test_failures_that_never_end_a_pipeline_are_a_warning(wavecast, tmp_path, monkeypatch, most, idle):
    """Of two regions: from two on, however it is said; in `run`, too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(f"waves:\n- regions: [a, b]\nmax_failed_regions: {most}\n", encoding="utf-8")
    fleet = "fleet: {regions: [{name: a, traffic: 1}, {name: b, traffic: 1}]}\ndeploy: 3\n"
    (tmp_path / "scenario.yaml").write_text(fleet, encoding="utf-8")
    line = "plan.yaml:3:1: warning: max_failed_regions is"
    checked = wavecast("check", "plan.yaml")
    assert (checked.code, line in checked.out) == (0, idle)
    ran = wavecast("run", "plan.yaml", "two-halves", "--scenario", "scenario.yaml", "--trials", "10")
    assert (ran.code, ran.err.count(line)) == (0, int(idle))


def test_a_pipe_that_nobody_writes_to_is_no_file(wavecast, tmp_path):
    """Whoever opens it waits for ever; no verb does."""
    os.mkfifo(tmp_path / "plan.yaml")
    for verb in (["check"], ["run", "--scenario", "storefront"], ["write", "--to", "github-actions"]):
        answer = wavecast(*verb, str(tmp_path / "plan.yaml"))
        assert answer.code == 2 and "not a regular file" in answer.out + answer.err


def test_a_scenario_is_named_as_by_all_other_verbs(wavecast):
    """It shows more than its fleet does, and one of the two is enough; a fleet is no scenario."""
    plan = ("check", "data/plans/storefront-office-hours.yaml")
    scenario = "data/scenarios/storefront.yaml"
    answers = [wavecast(*plan, option, scenario) for option in ("--scenario", "--fleet")]
    assert answers[0] == answers[1] and answers[0].code == 1 and "a calendar needs to know when" in answers[0].out
    assert "a calendar needs to know when" in wavecast(*plan, "--scenario", "storefront").out, "a sample, not its fleet"
    assert wavecast(*plan, "--fleet", "storefront").code == 0
    both = wavecast(*plan, "--fleet", "storefront", "--scenario", "storefront")
    assert both.code == 2 and both.err.startswith("wavecast: --fleet and --scenario: ")
    assert wavecast(*plan, "--scenario", "data/fleets/storefront.yaml").code == 2
