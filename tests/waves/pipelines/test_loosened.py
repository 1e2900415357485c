"""Regrouping loosens nothing in silence: services, windows, comments, fields of the plan are kept, told or refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.codepipeline.pipelines import alarm, ecs, pipeline, rule, rules, stage
from tests.waves.pipelines.github_actions.test_read import job, matrix
from tests.waves.pipelines.test_kept import AP, EU, US, moved, workflow
from waves import Hints, InputError, Plan, Target, Wave, check, regroup, write

WINDOW = rules("FAIL", rule("DeploymentWindow", Cron="* * 9-17 ? * MON-FRI *", TimeZone="UTC"))
CONFIGURED = {"ClusterName": "c", "ServiceName": "s"}


def told(path: Path, *waves: str) -> str:
    return " | ".join(f.message for f in moved(path, *waves).findings)


def test_a_region_keeps_its_services(tmp_path: Path) -> None:
    """Between a matrix of two services and one of one it would lose a deployment; between like ones it moves."""
    for axes, refused in (("", True), (", s: [a, b]", False)):
        first = job("one", "${{ matrix.r }}", head=matrix(f"{{r: [{EU}], s: [a, b]}}"))
        second = job("two", "${{ matrix.r }}", "one", head=matrix(f"{{r: [{US}]{axes}}}"))
        path = workflow(tmp_path, first, second)
        old = path.read_bytes()
        if refused:
            with pytest.raises(InputError, match="the matrices of two and one differ in s"):
                moved(path, US, EU)
            assert path.read_bytes() == old
        else:
            moved(path, US, EU)
            assert re.findall(r"r: \[(.*?)\]", path.read_text()) == [US, EU]


def test_a_region_that_leaves_a_window_is_told(tmp_path: Path) -> None:
    """So is one that leaves what follows a failure, or an alarm for none; a stage with the same says nothing."""
    one = stage("One", ecs(EU), onSuccess=alarm(), onFailure={"result": "ROLLBACK"})
    path = pipeline(tmp_path, one, stage("Two", ecs(US), ecs(AP), beforeEntry=WINDOW))
    found = told(path, US, f"{EU} {AP}")
    assert f"{US} comes from the stage Two into One, which has no beforeEntry" in found
    assert f"{EU} comes from the stage One into Two, which has no onSuccess and no onFailure" in found
    assert f"{AP} comes" not in found
    path = pipeline(tmp_path, stage("One", ecs(EU), beforeEntry=WINDOW), stage("Two", ecs(US), beforeEntry=WINDOW))
    assert "comes from" not in told(path, US, EU)


def test_what_else_the_plan_says_is_told(tmp_path: Path) -> None:
    """Everything that the plan states and the file does not do; what it leaves open is the file's."""
    path = workflow(tmp_path, job("eu", EU), job("us", US, "eu"))
    waves = (Wave(regions=(EU,)), Wave(regions=(US,)))
    calendar = {"days": ["mon"], "zone": "UTC"}
    fields = {"retries": 2, "on_alarm": "halt", "max_failed_regions": 1, "strategy": "blue_green", "calendar": calendar}
    found = {f.message.split(":")[0] for f in regroup(path, Plan(waves=waves, **fields), hints=Hints(0)).findings}
    assert found == {
        *("retries", "on_alarm", "max_failed_regions"),
        *(f"the strategy of {region}" for region in (EU, US)),
        *(f"the calendar of wave {n}" for n in (1, 2)),
    }
    assert not regroup(path, Plan(waves=waves), hints=Hints(0)).findings


def test_regions_that_overlap_only_afterwards_are_told(tmp_path: Path) -> None:
    """Two services of a region one after the other: the first may come to stand beside the wave before."""
    one = stage("A", ecs(EU), ecs(EU, 2) | {"name": "second"})
    two = stage("B", ecs(US), ecs(AP), ecs(AP, 3) | {"name": "other"})
    found = told(pipeline(tmp_path, one, two), AP, US, EU)
    assert f"B/Deploy-{EU} may start while B/Deploy-{US} of the wave before still runs" in found


def test_comments_in_brackets_are_not_lost(tmp_path: Path) -> None:
    """Nobody can say whose they are: refused, for names and for regions, and the file left alone."""
    listed = job("us", US).replace("  us:\n", "  us:\n    needs: [\n      eu,  # the canary\n      build]\n")
    noted = f"{{r: [\n        {US},  # the big one\n        {AP}]}}"
    two = [
        job("a", "${{ matrix.r }}", head=matrix(f"{{r: [{EU}]}}")),
        job("b", "${{ matrix.r }}", "a", head=matrix(noted)),
    ]
    for jobs, waves in (([job("build"), job("eu", EU, "build"), listed], (US, EU)), (two, (US, f"{EU} {AP}"))):
        path = workflow(tmp_path, *jobs)
        old = path.read_bytes()
        with pytest.raises(InputError, match="in brackets with comments in it"):
            moved(path, *waves)
        assert path.read_bytes() == old


def test_lists_of_either_form_exchange_regions(tmp_path: Path) -> None:
    """One in brackets, the other one entry a line."""
    lines = f"    strategy:\n      matrix:\n        r:\n          - {US}\n          - {AP}\n"
    first = job("one", "${{ matrix.r }}", head=matrix(f"{{r: [{EU}]}}"))
    path = workflow(tmp_path, first, job("two", "${{ matrix.r }}", "one", head=lines))
    text = moved(path, US, f"{EU} {AP}").text
    assert f"{{r: [{US}]}}" in text and f"          - {EU}\n          - {AP}\n" in text


def test_a_written_pipeline_has_no_finding_of_its_own(tmp_path: Path) -> None:
    """Waiting for the image's copy is no bake, and is not taken for one that somebody forgot."""
    path = tmp_path / "deploy.yml"
    write(
        Plan(waves=(Wave(regions=(EU,)), Wave(regions=(US,)))),
        path,
        to="github-actions",
        target=Target(replicated=True),
    )
    assert "do sleep" in path.read_text(encoding="utf-8") and check(path) == []


def test_an_action_without_a_region_needs_a_bucket_too(tmp_path: Path) -> None:
    """It runs where the pipeline is: with one elsewhere these are two regions, and one store does not do."""
    arn, one = f"arn:aws:codepipeline:{US}:111122223333:shop", {"type": "S3", "location": "artifacts"}
    for region, expected in ((EU, ["artifact-stores"]), (US, [])):
        path = pipeline(tmp_path, stage("One", ecs(region)), arn=arn, artifactStores=None, artifactStore=one)
        assert [f.rule for f in check(path) if f.severity == "error"] == expected


def conditional(folder: Path, holder: str) -> Path:
    """A template whose last stage, or whose last action, stands in an `If`."""
    kind = {"Owner": "AWS", "Provider": "ECS", "Version": "1", "Category": "Deploy"}
    source = {"Name": "S", "ActionTypeId": {**kind, "Category": "Source", "Provider": "S3"}}
    acts = [{"Name": r, "Region": r, "ActionTypeId": kind, "Configuration": CONFIGURED} for r in (EU, US)]
    stages: list[Any] = [{"Name": f"S{n}", "Actions": [act]} for n, act in enumerate((source, *acts))]
    rows = stages if holder == "stage" else stages[2]["Actions"]
    rows[-1] = {"Fn::If": ["Wide", rows[-1], {"Ref": "AWS::NoValue"}]}
    stores = [{"Region": r, "ArtifactStore": {"Type": "S3", "Location": "b"}} for r in (EU, US)]
    body = {"RoleArn": "arn", "ArtifactStores": stores, "Stages": stages}
    tree = {"Resources": {"Pipe": {"Type": "AWS::CodePipeline::Pipeline", "Properties": body}}}
    path = folder / "template.json"
    path.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    return path


def test_what_a_function_makes_moves_whole_or_not(tmp_path: Path) -> None:
    """An action takes its `If` with it; into a stage within an `If`, which has no lines of its own, nothing moves."""
    path = conditional(tmp_path, "action")
    moved(path, US, EU)
    stages = json.loads(path.read_text(encoding="utf-8"))["Resources"]["Pipe"]["Properties"]["Stages"]
    assert [next(iter(stage["Actions"][0])) for stage in stages] == ["Name", "Fn::If", "Name"]
    path = conditional(tmp_path, "action")
    moved(path, f"{EU} {US}")
    with pytest.raises(InputError, match="made by a function, such as !If"):
        moved(path, EU, US)  # for want of a run order to write
    path = conditional(tmp_path, "stage")
    old = path.read_bytes()
    with pytest.raises(InputError, match="made by a function, such as !If"):
        moved(path, US, EU)
    assert path.read_bytes() == old
