"""`wavecast write` and `wavecast regroup`: results on standard output, remarks on standard error, exit codes."""

import json

import pytest

from waves import Plan

SYSTEMS = ["codecatalyst", "codepipeline", "github-actions"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_written_is_checked_without_an_error(wavecast, tmp_path, system):
    """The same on standard output and in a file; it is recognised as what it is."""
    answer = wavecast("write", "six-region-three-wave", "--to", system, "--service", "web")
    assert answer.code == 0
    path = tmp_path / "written.yml"
    assert wavecast("write", "six-region-three-wave", "--to", system, "--service", "web", "--out", str(path)).out == ""
    assert path.read_text(encoding="utf-8") == answer.out
    checked = wavecast("check", str(path), "--as-plan", "--json")
    assert (checked.code, json.loads(checked.out)["files"][0]["kind"]) == (0, system)
    assert Plan.read_pipeline(path).shape == (1, 2, 3)


def test_a_pipeline_of_one_system_becomes_one_of_another(wavecast, tmp_path, root):
    """Through the plan that it is."""
    source = str(root / "data" / "workflows" / "two-region.yaml")
    path = tmp_path / "deploy.yml"
    assert wavecast("write", source, "--to", "github-actions", "--out", str(path)).code == 0
    assert [w.bake_minutes for w in Plan.read_pipeline(path).waves] == [30, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "codepipeline", "--out", "x.json"], "connection is missing"),
        (["--to", "github-actions", "--out", "x.json"], "is written as YAML"),
        (["--to", "jenkins"], "'jenkins' is not one of"),
        (["--to", "codecatalyst", "--account", "12"], "twelve digits"),
        (["--to", "codecatalyst", "--build", "make"], "REGION=COMMAND"),
        ([], "--to"),
    ],
)
def test_what_cannot_be_written_is_one_line(wavecast, tmp_path, monkeypatch, arguments, words):
    """Exit code 2, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    answer = wavecast("write", "six-region-three-wave", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err and len(answer.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_has_the_line_of_the_plan(wavecast, tmp_path):
    """The plan's own place, where it came from a file."""
    path = tmp_path / "plan.yaml"
    text = "waves:\n  - regions: [us-east-1, us-west-2]\n    max_parallel: 1\n    bake_requests: 5\n"
    path.write_text(text, encoding="utf-8")
    answer = wavecast("write", str(path), "--to", "codecatalyst")
    first, second = answer.err.splitlines()
    assert answer.code == 2 and first.startswith(f"{path}:3:5: error: wave 1 deploys at most 1 of its 2 regions")
    assert second.startswith(f"{path}:4:5: error: wave 1 bakes until 5 requests") and second.endswith("[cannot-say]")
    path.write_text("retries: 4\nwaves:\n  - regions: [us-east-1]\n", encoding="utf-8")
    answer = wavecast("write", str(path), "--to", "codecatalyst")
    assert answer.code == 0 and "warning: a failed deployment is tried again 4 times" in answer.err


def test_a_difference_is_shown_and_nothing_changed(wavecast, tmp_path, root):
    """As `patch` takes it; without --diff the file is written."""
    path, plan = tmp_path / "release.yaml", tmp_path / "plan.yaml"
    before = (root / "data" / "workflows" / "two-region.yaml").read_bytes()
    path.write_bytes(before)
    plan.write_text("waves:\n  - regions: [us-east-1, us-west-2]\n    bake_minutes: 30\n", encoding="utf-8")
    answer = wavecast("regroup", str(path), "--plan", str(plan), "--diff")
    assert (answer.code, path.read_bytes()) == (0, before)
    assert "-      - Validate-us-east-1" in answer.out.splitlines()
    assert wavecast("regroup", str(path), "--plan", str(plan)).code == 0
    assert Plan.read_pipeline(path).shape == (2,)
    after = path.read_bytes()
    again = wavecast("regroup", str(path), "--plan", str(plan), "--diff")
    assert (again.code, again.out, path.read_bytes()) == (0, "", after)


def test_other_regions_are_refused(wavecast, tmp_path, root):
    """Exit code 2, each region named, the file as it was."""
    path = tmp_path / "release.yaml"
    path.write_bytes((root / "data" / "workflows" / "two-region.yaml").read_bytes())
    answer = wavecast("regroup", str(path), "--plan", "six-region-three-wave")
    assert answer.code == 2 and answer.err.count("[other-regions]") == 4
    assert path.read_bytes() == (root / "data" / "workflows" / "two-region.yaml").read_bytes()


def test_hints_for_github_are_for_github_alone(wavecast, root):
    """Input without effect is refused."""
    source = str(root / "data" / "workflows" / "two-region.yaml")
    answer = wavecast("run", source, "--scenario", "storefront", "--wait-timer", "production=5", "--trials", "10")
    assert answer.code == 2 and "--wait-timer is for GitHub Actions" in answer.err
    assert wavecast("check", source, "--wait-timer", "production").code == 2
