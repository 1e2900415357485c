"""What a CodePipeline pipeline says as a plan: each expected plan is what the user guide says the stages do."""

from pathlib import Path
from typing import Any

import pytest

from tests.waves.pipelines.codepipeline.pipelines import action, alarm, approve, ecs, pipeline, rule, rules, stage
from waves import InputError, Plan, check


def waves(path: Path, **given: Any) -> list[tuple[str, float, bool]]:
    return [(" ".join(w.regions), w.bake_minutes, w.approval) for w in Plan.read_pipeline(path, **given).waves]


def rules_of(path: Path, **given: Any) -> set[str]:
    return {finding.rule for finding in check(path, **given)}


def test_stages_are_waves(tmp_path: Path) -> None:
    """Actions of a stage run side by side, stages one after the other; an alarm's WaitTime is the bake."""
    path = pipeline(
        tmp_path,
        stage("One", ecs("us-east-1"), onSuccess=alarm("60")),
        stage("Two", approve(), ecs("us-west-2", 2), ecs("eu-west-1", 2), onSuccess=alarm("30")),
    )
    assert waves(path) == [("us-east-1", 60, False), ("us-west-2 eu-west-1", 30, True)]
    assert [wave.name for wave in Plan.read_pipeline(path).waves] == ["One", "Two"]


def test_run_orders_are_waves_too(tmp_path: Path) -> None:
    """Within a stage what has a higher run order waits for all of the lower one."""
    path = pipeline(tmp_path, stage("All", ecs("us-east-1", 1), ecs("us-west-2", 2), ecs("eu-west-1", 2)))
    assert waves(path) == [("us-east-1", 0, False), ("us-west-2 eu-west-1", 0, False)]


def test_the_longest_alarm_counts(tmp_path: Path) -> None:
    """The rules of a condition are checked together."""
    watch = rules("FAIL", *(rule("CloudWatchAlarm", AlarmName="a", WaitTime=t) for t in ("10", "40", "20")))
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onSuccess=watch))
    assert waves(path) == [("us-east-1", 40, False)]


@pytest.mark.parametrize(("result", "expected"), [("ROLLBACK", "rollback_wave"), ("FAIL", "halt")])
def test_what_follows_an_alarm(tmp_path: Path, result: str, expected: str) -> None:
    """ROLLBACK takes the stage back, FAIL stops."""
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onSuccess=alarm(result=result)))
    plan = Plan.read_pipeline(path)
    assert plan.on_alarm == expected


def test_what_follows_a_failure(tmp_path: Path) -> None:
    """ROLLBACK is rollback_all with a warning, as AWS takes back that stage only; RETRY is one retry."""
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onFailure={"result": "ROLLBACK"}))
    assert Plan.read_pipeline(path).on_deploy_failure == "rollback_all"
    assert "rollback-scope" in rules_of(path)
    retry = {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), onFailure=retry))
    assert (Plan.read_pipeline(path).retries, Plan.read_pipeline(path).on_deploy_failure) == (1, "stop")


def window(cron: str, zone: str = "Europe/Berlin") -> Any:
    return rules("FAIL", rule("DeploymentWindow", Cron=cron, TimeZone=zone))


def test_a_window_is_a_calendar(tmp_path: Path) -> None:
    """Hours 10-15 last until 16:00; a stage without one may start at any time; AWS checks and does not wait."""
    path = pipeline(
        tmp_path,
        stage("One", ecs("us-east-1"), beforeEntry=window("* * 10-15 ? * MON-THU")),
        stage("Two", ecs("us-west-2")),
    )
    plan = Plan.read_pipeline(path)
    assert plan.calendar is not None
    assert plan.calendar.model_dump(exclude_none=True, exclude_defaults=True) == {
        "days": ["mon", "tue", "wed", "thu"],
        "hours": ["10:00", "16:00"],
        "zone": "Europe/Berlin",
    }
    assert [wave.calendar for wave in plan.waves] == [None, "none"]
    assert "window" in rules_of(path)


@pytest.mark.parametrize(
    "cron",
    [
        "* * 9-12,14-16 ? * *",
        "* * 9-17 1 * ?",
        "* 30 9 ? * *",
        "* * 9-17 ? 6 *",
        "* * 22-3 ? * *",
        "9-17",
        "* * x ? * *",
    ],
)
def test_a_cron_that_is_no_weekly_hours_is_a_finding(tmp_path: Path, cron: str) -> None:
    """Two stretches, days of a month, single minutes, months, hours past midnight, other things."""
    path = pipeline(tmp_path, stage("One", ecs("us-east-1"), beforeEntry=window(cron)))
    assert any("is no weekly hours" in finding.message for finding in check(path))
    assert Plan.read_pipeline(path).calendar is None


def test_the_pipelines_own_region_counts_where_an_action_states_none(tmp_path: Path) -> None:
    """`get-pipeline` has it in the ARN; without one it is asked for."""
    own = action("Deploy", "Deploy/ECS", ClusterName="a", ServiceName="b")
    path = pipeline(tmp_path, stage("One", own), arn="arn:aws:codepipeline:eu-west-1:111122223333:shop")
    assert waves(path) == [("eu-west-1", 0, False)]
    path = pipeline(tmp_path, stage("One", own))
    assert {(f.rule, f.severity) for f in check(path)} == {("region-unknown", "warning")}
    with pytest.raises(InputError, match="--region-of 'One/Deploy'=REGION"):
        Plan.read_pipeline(path)
    assert waves(path, regions_of={"One/Deploy": "us-west-2"}) == [("us-west-2", 0, False)]
    assert waves(path, regions_of={"*": "us-west-2"}) == [("us-west-2", 0, False)]


def test_earlier_environments_come_before_the_first_wave(tmp_path: Path) -> None:
    """By the words of their names, or because their region is deployed again; the caller may choose others."""
    path = pipeline(tmp_path, stage("DeployStaging", ecs("us-east-1")), stage("Prod", approve(), ecs("eu-west-1", 2)))
    assert waves(path) == [("eu-west-1", 0, True)]
    assert "environment-left-out" in rules_of(path)
    assert waves(path, environments=["DeployStaging"]) == [("us-east-1", 0, False)]
    path = pipeline(tmp_path, stage("First", ecs("us-east-1")), stage("Second", approve(), ecs("us-east-1", 2)))
    assert waves(path) == [("us-east-1", 0, True)]
    with pytest.raises(InputError, match="nothing deploys in the environment 'Prd'"):
        Plan.read_pipeline(path, environments=["Prd"])


def test_blue_green_and_timeouts(tmp_path: Path) -> None:
    """CodeDeployToECS moves traffic by blue/green; a change set that is only made deploys nothing."""
    green = action("Green", "Deploy/CodeDeployToECS", "us-east-1", ApplicationName="a", DeploymentGroupName="b")
    made = action("Make", "Deploy/CloudFormation", "eu-west-1", ActionMode="CHANGE_SET_REPLACE")
    plan = Plan.read_pipeline(pipeline(tmp_path, stage("One", ecs("us-east-1", DeploymentTimeout="20"))))
    assert plan.deploy_timeout_minutes == 20.0
    with pytest.raises(InputError, match="TaskDefinitionTemplateArtifact"):
        Plan.read_pipeline(pipeline(tmp_path, stage("One", green)))
    green["configuration"] |= {"TaskDefinitionTemplateArtifact": "S", "AppSpecTemplateArtifact": "S"}
    path = pipeline(tmp_path, stage("One", green), stage("Two", made, ecs("us-west-2", 2)))
    assert (waves(path)[1][0], Plan.read_pipeline(path).strategies) == ("us-west-2", {"us-east-1": "blue_green"})


def test_what_stands_between_waves(tmp_path: Path) -> None:
    """A test needs its minutes; a sleep among commands, or the hint, says them; a function call is no bake."""
    test = action("Integ", "Test/CodeBuild", ProjectName="integ")
    stages = [stage("One", ecs("us-east-1")), stage("Check", test), stage("Two", ecs("us-west-2"))]
    with pytest.raises(InputError, match="bake-unknown"):
        Plan.read_pipeline(pipeline(tmp_path, *stages))
    assert waves(pipeline(tmp_path, *stages), bake_minutes=[5, 0])[0] == ("us-east-1", 5, False)
    test["configuration"]["EnvironmentVariables"] = '[{"name":"BAKE_MINUTES","value":"45"}]'
    assert waves(pipeline(tmp_path, *stages))[0] == ("us-east-1", 45, False)
    stages[1] = stage("Check", action("Wait", "Compute/Commands") | {"commands": ["echo hi", "sleep 1h", "sleep 90s"]})
    assert waves(pipeline(tmp_path, *stages))[0] == ("us-east-1", 61.5, False)
    stages[1] = stage("Check", action("Tell", "Invoke/Lambda", FunctionName="tell"))
    path = pipeline(tmp_path, *stages)
    assert waves(path)[0] == ("us-east-1", 0, False)
    assert "bake-left-out" in rules_of(path)


def test_what_deploys_by_a_build_is_asked_for(tmp_path: Path) -> None:
    """A name suggests it; the caller, or the hint, says it."""
    build = action("Deploy", "Build/CodeBuild", ProjectName="cdk")
    path = pipeline(tmp_path, stage("Prod", build))
    assert rules_of(path) == {"no-deployment", "deployment-unseen"}
    assert waves(path, regions_of={"Prod/Deploy": "eu-west-1"}) == [("eu-west-1", 0, False)]
    with pytest.raises(InputError, match="no-deployment"):
        Plan.read_pipeline(path, regions_of={"*": "eu-west-1"})
    build["configuration"]["EnvironmentVariables"] = '[{"name":"DEPLOYS_REGION","value":"us-east-1"}]'
    assert waves(pipeline(tmp_path, stage("Prod", build))) == [("us-east-1", 0, False)]


TEMPLATE = """\
Parameters:
  Second: {Type: String, Default: eu-west-1}
Mappings:
  Homes: {main: {region: us-west-2}}
Conditions:
  Prod: !Equals [!Ref Second, eu-west-1]
Resources:
  Shop:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: !GetAtt Role.Arn
      ArtifactStore: {Type: S3, Location: !Ref Bucket}
      Stages:
        - Name: Source
          Actions:
            - Name: Source
              ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: "1"}
        - Name: One
          Actions:
            - Name: Deploy
              Region: REGION
              ActionTypeId: {Category: Deploy, Owner: AWS, Provider: ECS, Version: "1"}
              Configuration: {ClusterName: !Ref Cluster, ServiceName: !Sub "${AWS::StackName}-web"}
"""


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("!Ref Second", "eu-west-1"),
        ("!Sub '${Second}'", "eu-west-1"),
        ("!FindInMap [Homes, main, region]", "us-west-2"),
        ("!Select [1, [a, eu-north-1]]", "eu-north-1"),
        ("!Select [0, !Split [',', 'eu-west-2,x']]", "eu-west-2"),
        ("!Join ['-', [us, east, 1]]", "us-east-1"),
        ("!If [Prod, us-east-2, !Ref AWS::NoValue]", "us-east-2"),
        ("{'Fn::Sub': ['${A}-1', {A: us-east}]}", "us-east-1"),
    ],
)
def test_functions_of_a_template_are_what_they_say(tmp_path: Path, written: str, region: str) -> None:
    """Parameters are their defaults; both forms of a function mean the same."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE.replace("REGION", written), encoding="utf-8")
    assert waves(path) == [(region, 0, False)]
    assert Plan.read_pipeline(path).name == "Shop"


@pytest.mark.parametrize("written", ["!Ref AWS::Region", "!ImportValue x", "!Ref Nothing", "!GetAtt a.b", "here"])
def test_what_a_template_does_not_say_is_asked_for(tmp_path: Path, written: str) -> None:
    """Never a region that is called like a function."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE.replace("REGION", written), encoding="utf-8")
    with pytest.raises(InputError, match="region-unknown"):
        Plan.read_pipeline(path)
    assert waves(path, regions_of={"Deploy": "eu-west-1"}) == [("eu-west-1", 0, False)]


def test_a_region_is_given_for_what_is_there(tmp_path: Path) -> None:
    """The place of a template, or a parameter; nothing else that the file does not have."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE.replace("REGION", "!Ref AWS::Region"), encoding="utf-8")
    assert waves(path, regions_of={"AWS::Region": "eu-west-1"}) == [("eu-west-1", 0, False)]
    path.write_text(TEMPLATE.replace("REGION", "!Ref Second"), encoding="utf-8")
    assert waves(path, regions_of={"Second": "us-west-1"}) == [("us-west-1", 0, False)]
    with pytest.raises(InputError, match="nothing is called 'Secnd', which is given a region; did you mean 'Second'"):
        Plan.read_pipeline(path, regions_of={"Secnd": "us-west-1"})


def test_a_plan_knows_its_lines(tmp_path: Path) -> None:
    """A region stands at its action."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE.replace("REGION", "us-east-1"), encoding="utf-8")
    assert Plan.read_pipeline(path).remark(("waves", 0, "regions", 0), "x", "y").line == 20
