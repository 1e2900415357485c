"""Odd answers of the stand-in: which items, and only while the fault lasts."""

import pytest

from tests.aws_stand_in import Fault, StandIn
from tests.history.aws_clients import ONE, connect, make, service_of


@pytest.fixture(scope="module")
def aws():
    with StandIn(make(deployments=150, regions=["eu-north-1", "us-west-2"])) as aws:
        yield aws


def test_odd_values_stand_in_their_share_of_the_items_the_same_at_every_request(aws):
    """One place of each, and only while the fault lasts."""
    ecs = connect(aws, "ecs")
    asked = {"cluster": "shop", "service": service_of(aws.history), "maxResults": 100}
    plain = ecs.list_service_deployments(**asked)["serviceDeployments"]
    aws.script(Fault("odd_values", operation="ListServices"), Fault("odd_values", service="cloudwatch", share=0.0))
    arns = [ecs.list_services(cluster="shop")["serviceArns"] for _ in range(2)]
    assert arns[0] == arns[1]
    assert connect(aws, "cloudwatch").describe_alarm_history()["AlarmHistoryItems"]
    aws.script()
    assert ecs.list_service_deployments(**asked)["serviceDeployments"] == plain


def test_missing_things_are_failures_and_the_others_are_told(aws):
    ecs = connect(aws, "ecs")
    own = [each for each in aws.history.deployments if each.region == "eu-north-1" and each.account == ONE]
    arns = [each.arn for each in own if each.created <= aws.history.now][:20]
    aws.script(Fault("missing", share=0.5))
    answer = ecs.describe_service_deployments(serviceDeploymentArns=arns)
    found = [each["serviceDeploymentArn"] for each in answer["serviceDeployments"]]
    assert 0 < len(found) < len(arns)
    assert sorted([*found, *(each["arn"] for each in answer["failures"])]) == sorted(arns)
    assert {each["reason"] for each in answer["failures"]} == {"MISSING"}
