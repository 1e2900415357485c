"""The examples for CI: each is of the form that its system takes, every path in it exists, and its shell lines run.

The lines run in a folder of their own: a stand-in answers for AWS, a script for `aws s3` and for `gh`. What one system
does with a failed step, the runner here does, too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from history import Config
from tests.aws_stand_in import History, StandIn
from tests.aws_stand_in.__main__ import config as stand_in_config
from waves import check

ROOT = Path(__file__).resolve().parents[1]
CI = ROOT / "docs/ci"
PUBLISHED = ("report.html", "report.ipynb", "verdict.json", "fitted.yaml")
AWS = """#!/usr/bin/env bash
# `aws s3 cp` between here and a folder that stands for the bucket.
[ "$1 $2" = "s3 cp" ] || exit 64
[ "$3" != "${LOCKED:-}" ] || exit 1
[[ $4 != "${SHUT:-nowhere}"* ]] || exit 1
from=${3/#s3:\\/\\//$BUCKETS/} to=${4/#s3:\\/\\//$BUCKETS/}
[ "${5:-}" != --recursive ] || [ -d "$from" ] || exit 0 # of nothing there is nothing to copy
[ "${to%/}" = "$to" ] && mkdir -p "$(dirname "$to")" || mkdir -p "$to"
[ "${5:-}" = --recursive ] || exec cp "$from" "$to"
mkdir -p "$to" && cp "$from"/*.* "$to" && [ -z "${7:-}" ] || rm -f "$to"/$7
"""
KIT = """#!/usr/bin/env bash
# Each verb leaves with the code that $CODES has for it, and says that it was called.
echo "$1" >>"$CALLS"
code=$(sed -n "s/.*\\b$1=\\([0-9]*\\).*/\\1/p" <<<"$CODES")
exit "${code:-0}"
"""
GH = '#!/usr/bin/env bash\nprintf "%s\\n" "$@" >"$SAID"\n'


class Step(NamedTuple):
    """A shell line, and whether it runs after another has failed."""

    line: str
    always: bool = False


def load(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


def github(job: str) -> list[Step]:
    steps = load("github-actions.yml")["jobs"][job]["steps"]
    return [Step(each["run"], each.get("if") == "always()") for each in steps if "run" in each]


def codebuild() -> list[Step]:
    """The phases after `install`; CodeBuild goes on to post_build where build has failed, to its first command."""
    phases = load("buildspec.yml")["phases"]
    return [Step(line) for line in phases["build"]["commands"]] + [
        Step(line, always=not n) for n, line in enumerate(phases["post_build"]["commands"])
    ]


def codecatalyst(action: str) -> list[Step]:
    return [Step(each["Run"]) for each in load("codecatalyst.yaml")["Actions"][action]["Configuration"]["Steps"]]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the examples, commands that stand for others' first on the path, and the kit's own."""
    shutil.copytree(CI, tmp_path / "docs/ci")
    for name, text in (("aws", AWS), ("gh", GH)):
        script(tmp_path / "bin" / name, text)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("BUCKETS", str(tmp_path / "buckets"))
    monkeypatch.setenv("BUCKET", "acme")
    return tmp_path


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def run(steps: list[Step], place: Path, **environment: str) -> tuple[int, str]:
    """Run the steps but for the making of an environment; return the first code that is not 0, and what was said."""
    failed, said = 0, ""
    for step in steps:
        if step.line.startswith("make environment") or failed and not step.always:
            continue
        command = ["bash", "-c", f"set -eo pipefail\n{step.line}"]
        done = subprocess.run(
            command, cwd=place, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
        )
        failed, said = failed or done.returncode, said + done.stdout + done.stderr
    return failed, said


def test_each_file_has_the_form_that_its_system_takes():
    """By our own checkers; that no file of these deploys anything is all that they remark on."""
    for name in ("github-actions.yml", "pipeline.yaml", "codecatalyst.yaml"):
        assert {each.rule for each in check(CI / name)} == {"no-deployment"}, name
    spec = load("buildspec.yml")
    assert spec["version"] == 0.2 and set(spec) == {"version", "env", "phases", "artifacts"}
    assert list(spec["phases"]) == ["install", "build", "post_build"]
    for phase in spec["phases"].values():
        assert set(phase) <= {"runtime-versions", "commands"} and all(isinstance(c, str) for c in phase["commands"])
    Config.read(CI / "history.yaml")
    assert (CI / "Containerfile").read_text(encoding="utf-8").startswith("# UNTRIED")


def test_every_path_and_option_in_them_is_there():
    """A path is what looks like one; of `build/` only what the scripts leave."""
    for path in sorted(CI.iterdir()):
        text = path.read_text(encoding="utf-8")
        for found in re.findall(r"\b(?:docs|data|tools)/[\w./-]*\w", text):
            assert (ROOT / found).exists(), (path.name, found)
        for name in re.findall(r"build/([\w-]+\.(?:html|ipynb|json|yaml))", text):
            assert name in PUBLISHED, (path.name, name)
    variables = re.findall(r'^: "\$\{(\w+):', (CI / "nightly.sh").read_text(encoding="utf-8"), re.MULTILINE)
    own = load("github-actions.yml")["env"]
    assert own == load("buildspec.yml")["env"]["variables"] and set(own) < set(variables)
    pairs = load("codecatalyst.yaml")["Actions"]["Report"]["Inputs"]["Variables"]
    assert own.items() <= {pair["Name"]: pair["Value"] for pair in pairs}.items()


@pytest.fixture
def story(place):
    """What the stand-in tells, its config, and limits that no plan keeps."""
    told = History.make(7, deployments=60, days=30, services=1, accounts=["111122223333"])
    (place / "rules.yaml").write_text("limits: {minutes_to_ship: {at_most: 1}}\n", encoding="utf-8")
    with StandIn(told) as aws:
        content = stand_in_config(aws) | {"store": str(place / "build/history.sqlite")}
        (place / "fetch.yaml").write_text(json.dumps(content), encoding="utf-8")
        yield aws.environment() | {
            "CONFIG": str(place / "fetch.yaml"),
            "RULES": str(place / "rules.yaml"),
            "REPORT": "--trials 500 --no-sensitivity --no-board",
        }


def test_a_night_from_the_history_to_a_gate_that_fails_and_a_page_that_is_there(place, story):
    """The lines of GitHub Actions, with all of the kit: the limit is broken, and what is to be published lies there."""
    own = {key: value for key, value in load("github-actions.yml")["env"].items() if key not in story}
    code, said = run(github("nightly"), place, **own, **story)
    assert code == 1 and "failed" in said, said
    assert all((place / "build" / name).stat().st_size for name in PUBLISHED)
    verdict = json.loads((place / "build/verdict.json").read_text(encoding="utf-8"))
    assert [entry["verdict"] for entry in verdict["limits"]] == ["broken"]
    assert "source" in (place / "build/fitted.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("codes", "code", "called"),
    [
        ("", 0, ["fetch", "fit", "report", "gate"]),
        ("fetch=3", 0, ["fetch", "fit", "report", "gate"]),
        ("fetch=4", 4, ["fetch"]),
        ("fit=1", 1, ["fetch", "fit"]),
        ("report=1 gate=1", 1, ["fetch", "fit", "report", "gate"]),
        ("report=5", 5, ["fetch", "fit", "report"]),
        ("gate=1", 1, ["fetch", "fit", "report", "gate"]),
    ],
)
def test_a_night_ends_where_it_must_and_nowhere_else(place, codes, code, called):
    script(place / ".venv/bin/wavecast", KIT)
    calls = place / "calls"
    found, _ = run(github("nightly"), place, CODES=codes, CALLS=str(calls))
    assert (found, calls.read_text(encoding="utf-8").split()) == (code, called)


@pytest.mark.parametrize("code", [0, 1, 4])
def test_others_keep_the_store_and_publish_whatever_the_gate_says(place, code):
    """CodeBuild and CodeCatalyst, twice: the second night finds the store of the first."""
    night = f'cat "$STORE" 2>/dev/null\nmkdir -p build\necho night >>"$STORE"\ntouch build/report.html\nexit {code}\n'
    script(place / "docs/ci/nightly.sh", night)
    store = {"STORE": "build/history.sqlite"}
    assert run(codebuild(), place, **store)[0] == code
    shutil.rmtree(place / "build")
    found, said = run(codebuild(), place, **store)
    assert found == code and "night" in said
    assert (place / "buckets/acme/store/history.sqlite").read_text(encoding="utf-8") == "night\nnight\n"
    assert list((place / "buckets/acme/reports").glob("*/report.html"))
    assert not list((place / "buckets/acme/reports").glob("*/*.sqlite"))
    assert run(codecatalyst("Report"), place, **store)[0] == 0  # so that its artifact is kept
    assert run(codecatalyst("Gate"), place)[0] == code


def test_a_store_that_cannot_be_had_is_not_begun_anew(place):
    """A bucket that refuses for once ends the night; else what one night knows took the place of all that was kept."""
    script(place / "docs/ci/nightly.sh", 'mkdir -p build\necho night >>"$STORE"\n')
    kept = place / "buckets/acme/store/history.sqlite"
    kept.parent.mkdir(parents=True)
    kept.write_text("years\n", encoding="utf-8")
    for steps in (codebuild(), codecatalyst("Report")):
        code, _ = run(steps, place, STORE="build/history.sqlite", LOCKED="s3://acme/store/")
        assert code != 0 and kept.read_text(encoding="utf-8") == "years\n"


@pytest.mark.parametrize(("gate", "code"), [(0, 5), (1, 1), (4, 4)])
@pytest.mark.parametrize("shut", ["s3://acme/store/", "s3://acme/reports/"])
def test_what_cannot_be_uploaded_hides_neither_the_other_nor_the_gate(place, shut, gate, code):
    """CodeBuild: store and page go separately, and a gate's word stays; where all else is well it is told by a 5."""
    night = f'mkdir -p build\necho night >"$STORE"\ntouch build/report.html\nexit {gate}\n'
    script(place / "docs/ci/nightly.sh", night)
    own = {"STORE": "build/history.sqlite", "SHUT": shut}
    assert run(codebuild(), place, **own)[0] == code
    kept = {"store": [*place.glob("buckets/acme/store/*")], "reports": [*place.glob("buckets/acme/reports/*/*.html")]}
    assert {name: bool(found) for name, found in kept.items()} == {name: name not in shut for name in kept}
    if "store" in shut:  # CodeCatalyst keeps its page as an artifact of an action that succeeds
        assert run(codecatalyst("Report"), place, **own)[0] == 0
        assert run(codecatalyst("Gate"), place)[0] == code


@pytest.mark.skipif(shutil.which("git") is None, reason="no git, which this example calls; all else can do without it")
def test_a_pull_request_is_reviewed_against_its_base_and_told_where_a_rule_is_broken(place):
    """In a repository of its own, whose base has the plan otherwise."""
    plan, rules = place / "plan.yaml", place / "rules.yaml"
    plan.write_text("waves: [{regions: [a]}, {regions: [b]}]\n", encoding="utf-8")
    rules.write_text("rules: {max_waves: 2, max_regions_per_wave: 1}\n", encoding="utf-8")
    fleet = "fleet: {regions: [{name: a, traffic: 1}, {name: b, traffic: 1}]}\n"
    (place / "scenario.yaml").write_text(f"{fleet}deploy: 1\n", encoding="utf-8")
    git = "git -c user.name=x -c user.email=x@example.org"
    run([Step(f"git init -q -b main && git add plan.yaml && {git} commit -qm base && git remote add origin .")], place)
    plan.write_text("waves: [{regions: [a, b]}]\n", encoding="utf-8")
    own = {"PLAN": "plan.yaml", "SCENARIO": "scenario.yaml", "RULES": "rules.yaml", "GITHUB_BASE_REF": "main"}
    own |= {"GITHUB_STEP_SUMMARY": str(place / "summary.md"), "SAID": str(place / "said"), "NUMBER": "7"}
    code, said = run(github("review"), place, **own)
    summary = (place / "summary.md").read_text(encoding="utf-8")
    assert code == 1 and "`b`: wave 2 → wave 1" in summary and "**broken**: wave 1 has 2 regions" in summary, said
    assert (place / "said").read_text(encoding="utf-8").split()[:3] == ["pr", "comment", "7"]
    (place / "said").unlink()
    code, _ = run(github("review"), place, **own, FORK="true")
    assert code == 1 and not (place / "said").exists()
    code, said = run([Step("BASE=nowhere bash docs/ci/review.sh")], place, **own)
    assert code == 2 and "BASE is nowhere, which is no commit here" in said
    plan.unlink()
    code, _ = run(github("review"), place, **own)
    assert code == 0 and "The plan is gone" in (place / "build/review.md").read_text(encoding="utf-8")
