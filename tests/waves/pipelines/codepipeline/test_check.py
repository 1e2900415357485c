"""Each rule of CodePipeline finds its fault, at its line; whatever a file holds, there is no traceback."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.codepipeline.pipelines import SOURCE, action, alarm, ecs, pipeline, stage
from waves import SYSTEMS, InputError, Plan, check
from waves.pipelines.rules import RULES as COMMON

BUILD = action("Build", "Build/CodeBuild", ProjectName="x")
TAKES = ecs("us-east-1") | {"inputArtifacts": [{"name": "Imgae"}]}
GIVES = BUILD | {"outputArtifacts": [{"name": "Image"}]}


@pytest.mark.parametrize(
    ("stages", "rule", "words"),
    [
        ([], "too-few", "has 1 stages; it needs at least 2"),
        ([stage("One", ecs("us-east-1")), stage("One", ecs("eu-west-1"))], "name-twice", "'One' stands 2 times"),
        ([stage("One", ecs("us-east-1"), ecs("us-east-1"))], "name-twice", "the action name"),
        ([stage("One", BUILD, action("S", "Source/S3"))], "source-first", "only in the first stage"),
        ([stage("One")], "missing-key", "has no actions"),
        ([stage("One", action("D", "Deploy/ECS", "us-east-1", ClusterName="a"))], "missing-key", "'ServiceName'"),
        ([stage("One", action("D", "Deploy/ECS", ClustrName="a", ServiceName="b"))], "unknown-key", "'ClusterName'"),
        ([stage("One", action("D", "Deploy/ECs", ClusterName="a"))], "unknown-provider", "did you mean 'ECS'?"),
        ([stage("One", ecs("us-east-1", DeploymentTimeout="90"))], "timeout", "from 1 to 60"),
        ([stage("One", ecs("us-east-1", 1000))], "run-order", "from 1 to 999"),
        ([stage("One", GIVES), stage("Two", TAKES)], "unknown-artifact", "did you mean 'Image'?"),
        ([stage("One", GIVES), stage("Two", GIVES)], "artifact-twice", "as another action does"),
        (
            [stage("One", ecs("us-east-1"), onSuccess=alarm(result="ROLBACK"))],
            "unknown-value",
            "did you mean 'ROLLBACK'",
        ),
        ([stage("One", ecs("us-east-1"), onSucess=alarm())], "unknown-key", "did you mean 'onSuccess'?"),
        ([stage("One", ecs("us-east-1") | {"name": "a b"})], "name-characters", "letters, digits"),
    ],
)
def test_a_fault_is_an_error(tmp_path: Path, stages: list[Any], rule: str, words: str) -> None:
    """With the words that name the thing and the remedy."""
    found = [f for f in check(pipeline(tmp_path, *stages)) if f.severity == "error"]
    assert any(f.rule == rule and words in f.message for f in found), [str(f) for f in found]
    with pytest.raises(InputError):
        Plan.read_pipeline(pipeline(tmp_path, *stages))


def test_a_pipeline_in_order_has_no_finding(tmp_path: Path) -> None:
    """Whatever is checked, it is not found where it is not."""
    assert check(pipeline(tmp_path, stage("One", ecs("us-east-1"), onSuccess=alarm()), pipelineType="V2")) == []


def test_conditions_of_a_pipeline_of_type_v1(tmp_path: Path) -> None:
    """They belong to V2."""
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onSuccess=alarm()), pipelineType="V1")
    assert [f.rule for f in check(path)] == ["pipeline-type"]


KNOWN = {**COMMON, **SYSTEMS["codepipeline"].rules}


def test_no_mutation_makes_it_fail(tmp_path: Path) -> None:
    """Parts moved, dropped and replaced, and functions in their places: findings of the table, and no traceback."""
    whole = {
        "Parameters": {"R": {"Default": "us-east-1"}},
        "Resources": {
            "P": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {"Name": "a", "RoleArn": "b", "Stages": [SOURCE, stage("One", ecs("us-east-1"))]},
            }
        },
        "pipeline": {"name": "a", "roleArn": "b", "stages": [SOURCE, stage("One", ecs("x"), onSuccess=alarm())]},
    }
    odd: list[Any] = [None, True, -1, 1e300, "", [], {}, {"Ref": "R"}, {"Fn::If": [1, 2, 3]}, {"Fn::Sub": []}, [[]]]
    odd += [{"Fn::Select": ["9" * 5000, ["a"]]}, {"Fn::Join": [None, None]}, {"Fn::FindInMap": [{}, [], 0]}]
    for seed in range(150):
        dice, value = random.Random(seed), copy.deepcopy(whole)
        del value[dice.choice(["Resources", "pipeline"])]
        for _ in range(dice.randint(1, 4)):
            holder, key = dice.choice(places_of(value))
            holder[key] = copy.deepcopy(dice.choice(odd))
        path = tmp_path / "fuzz.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        findings = check(path, "codepipeline", as_plan=True)
        assert {finding.rule for finding in findings} <= set(KNOWN)
        try:
            Plan.read_pipeline(path, "codepipeline")
        except InputError as error:
            assert error.findings


def places_of(value: Any) -> list[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(value, key) for key, _ in pairs] + [place for _, below in pairs for place in places_of(below)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[" * 200, "too-deep"),
        ("Resources: &a\n  P: {Type: 'AWS::CodePipeline::Pipeline'}\nOther: [*a, *a]\n", "alias"),
        ("Resources: !Python x\n", "tag"),
        ("a: 1\na: 2\n", "duplicate-key"),
        (" " * (1024 * 1024 + 1), "too-large"),
        ("a: [" + ", ".join(["!Sub x"] * 210_000) + "]", "too-large"),
        ("[]", "wrong-kind"),
        ("\x00", "control-character"),
    ],
)
def test_hostile_files_get_one_clear_line(tmp_path: Path, text: str, rule: str) -> None:
    """Depth, size, tags, aliases, duplicates: as for CodeCatalyst."""
    path = tmp_path / "hostile.yaml"
    path.write_text(text, encoding="utf-8")
    assert rule in {finding.rule for finding in check(path)}


def test_functions_in_functions_come_to_an_end(tmp_path: Path) -> None:
    """A million substitutions of a template are not made."""
    value: Any = "x"
    for _ in range(30):
        value = {"Fn::Join": ["", [value, value]]}
        value = {"Fn::Sub": ["${A}", {"A": value}]} if len(json.dumps(value)) < 200_000 else value
        if len(json.dumps(value)) > 200_000:
            break
    tree = {"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": value, "Stages": []}}}}
    path = tmp_path / "deep.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert {"too-few", "missing-key"} <= {finding.rule for finding in check(path)} or "too-deep" in str(check(path))


def test_a_text_that_doubles_itself_stays_short(tmp_path: Path) -> None:
    """Aliases of joins of aliases, and a long parameter that is put in everywhere."""
    lines = ["x: &a0 " + "y" * 5000]
    lines += [f"x{n}: &a{n} !Join ['', [*a{n - 1}, *a{n - 1}]]" for n in range(1, 15)]
    body = "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties: {Name: *a14, Stages: []}\n"
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines) + "\n" + body, encoding="utf-8")
    assert {"alias", "too-few"} <= {finding.rule for finding in check(path)}
    long = {"Parameters": {"A": {"Default": "y" * 300_000}}}
    stages = [{"Name": {"Fn::Sub": "${A}" * 100_000}, "Actions": []}]
    tree = long | {"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": stages}}}}
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert "missing-key" in {finding.rule for finding in check(path)}


@pytest.mark.parametrize("text", ["PT15M", "-5", "1e2", "15.5", "", "15 minutes"])
def test_a_wait_time_that_is_no_number_is_no_bake(tmp_path: Path, text: str) -> None:
    """It is told and refused, not taken for nothing."""
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onSuccess=alarm(text)), stage("Two", ecs("eu-west-1")))
    assert [f.rule for f in check(path) if f.severity == "error"] == ["wait-time"]
    with pytest.raises(InputError, match="write whole minutes"):
        Plan.read_pipeline(path)


def test_a_wait_time_that_is_a_variable_is_asked_for(tmp_path: Path) -> None:
    """Nobody knows it before the pipeline runs."""
    alarms = alarm("#{variables.Bake}")
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onSuccess=alarms), stage("Two", ecs("eu-west-1")))
    with pytest.raises(InputError, match="bake-unknown"):
        Plan.read_pipeline(path)
    assert Plan.read_pipeline(path, bake_minutes=[20, 0]).waves[0].bake_minutes == 20


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version": "1"\n', '"version": "1",\n'),
        (
            "{",
            "{ # ours",
        ),
        ('"shop"', "'shop'"),
        ('"shop"', "NaN"),
    ],
)
def test_a_json_file_is_json(tmp_path: Path, old: str, new: str) -> None:
    """YAML reads it; what `update-pipeline` takes must be JSON."""
    path = pipeline(tmp_path, stage("One", ecs("us-east-1")))
    assert check(path) == []
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert [finding.rule for finding in check(path)] == ["json-syntax"]
    assert [finding.rule for finding in check(path, system="codepipeline")] == ["json-syntax"]
    with pytest.raises(InputError, match="this is not JSON"):
        Plan.read_pipeline(path)
