"""The stand-in for AWS, driven by real boto3 clients: every operation, protocol and refusal.

Not here: the truth behind the answers (`test_stand_in_history`), faults and bounds (`test_stand_in_faults`).
"""

import datetime as dt
import struct
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import botocore.parsers
import botocore.serialize
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from tests.aws_stand_in import StandIn, cbor, names
from tests.aws_stand_in.operations import SERVED
from tests.aws_stand_in.operations.metrics import NAMESPACE, REQUESTS, balancer
from tests.history.aws_clients import KINDS, ONE, OTHER, PLACE, at, connect, everything, make, service_of


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_CODECATALYST", "not-a-secret")


@pytest.fixture(scope="module")
def history():
    return make()


@pytest.fixture(scope="module")
def aws(history):
    with StandIn(history) as aws:
        yield aws


def arguments(aws):
    """For each operation, what to ask, and under which key something must come."""
    history = aws.history
    service = service_of(history)
    deployment = next(d for d in history.deployments if d.region == "eu-north-1" and d.account == ONE)
    flow = next(flow for flow in history.workflows if flow.name == f"deploy-{service}")
    pipeline = {"pipelineName": f"deploy-{service}"}
    load = {"Namespace": NAMESPACE, "MetricName": REQUESTS}
    metric = {**load, "Dimensions": [{"Name": "LoadBalancer", "Value": balancer(history.seed, service, names.CLUSTER)}]}
    query = {"Id": "m0", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
    data = {"StartTime": at(0), "EndTime": at(3), "MetricDataQueries": [query]}
    role = {"RoleArn": f"arn:aws:iam::{OTHER}:role/reader", "RoleSessionName": "tests"}
    return {
        ("ecs", "ListClusters"): ({}, "clusterArns"),
        ("ecs", "ListServices"): ({"cluster": "shop"}, "serviceArns"),
        ("ecs", "DescribeServices"): ({"cluster": "shop", "services": [service]}, "services"),
        ("ecs", "ListServiceDeployments"): ({"cluster": "shop", "service": service}, "serviceDeployments"),
        ("ecs", "DescribeServiceDeployments"): ({"serviceDeploymentArns": [deployment.arn]}, "serviceDeployments"),
        ("ecs", "DescribeServiceRevisions"): ({"serviceRevisionArns": [deployment.target.arn]}, "serviceRevisions"),
        ("cloudwatch", "DescribeAlarmHistory"): ({"AlarmTypes": KINDS}, "AlarmHistoryItems"),
        ("cloudwatch", "DescribeAlarms"): ({"AlarmTypes": KINDS}, "MetricAlarms"),
        ("cloudwatch", "ListMetrics"): (load, "Metrics"),
        ("cloudwatch", "GetMetricData"): (data, "MetricDataResults"),
        ("codepipeline", "ListPipelines"): ({}, "pipelines"),
        ("codepipeline", "GetPipeline"): ({"name": f"deploy-{service}"}, "pipeline"),
        ("codepipeline", "ListPipelineExecutions"): (pipeline, "pipelineExecutionSummaries"),
        ("codepipeline", "ListActionExecutions"): (pipeline, "actionExecutionDetails"),
        ("codecatalyst", "VerifySession"): ({}, "identity"),
        ("codecatalyst", "ListSpaces"): ({}, "items"),
        ("codecatalyst", "ListProjects"): ({"spaceName": names.SPACE}, "items"),
        ("codecatalyst", "ListWorkflows"): (PLACE, "items"),
        ("codecatalyst", "GetWorkflow"): ({**PLACE, "id": flow.id}, "id"),
        ("codecatalyst", "ListWorkflowRuns"): (PLACE, "items"),
        ("codecatalyst", "GetWorkflowRun"): ({**PLACE, "id": history.runs[0].id}, "status"),
        ("sts", "GetCallerIdentity"): ({}, "Account"),
        ("sts", "AssumeRole"): (role, "Credentials"),
    }


@pytest.mark.parametrize("service,operation", SERVED, ids=[" ".join(pair) for pair in SERVED])
def test_a_real_client_reads_every_answer_and_it_fits_the_output_shape(aws, service, operation):
    asked, key = arguments(aws)[service, operation]
    client = connect(aws, service)
    found = getattr(client, botocore.xform_name(operation))(**asked)
    assert found.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert found[key]
    validate_parameters(found, client.meta.service_model.operation_model(operation).output_shape)


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_cloudwatch_is_answered_in_whichever_of_its_protocols_it_is_asked(aws, protocol):
    """boto3 has spoken all three over the years; the serialiser and the parser here are botocore's own."""
    model = botocore.session.get_session().get_service_model("cloudwatch")
    operation = model.operation_model("DescribeAlarmHistory")
    asked = {"AlarmTypes": KINDS, "StartDate": at(0), "MaxRecords": 3}
    request = botocore.serialize.create_serializer(protocol).serialize_to_request(asked, operation)
    scope = f"AKIA{ONE}/20260101/eu-north-1/monitoring/aws4_request"
    headers = {**request["headers"], "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"}
    body = urlencode(request["body"]) if protocol == "query" else request["body"]
    body = body.encode() if isinstance(body, str) else body
    with urlopen(Request(aws.endpoint_url + request["url_path"], body, headers)) as answer:
        read = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.read()}
    found = botocore.parsers.create_parser(protocol).parse(read, operation.output_shape)
    assert len(found["AlarmHistoryItems"]) == 3
    expected = connect(aws, "cloudwatch").describe_alarm_history(AlarmTypes=KINDS, MaxRecords=3)["AlarmHistoryItems"]
    assert found["AlarmHistoryItems"] == expected


@pytest.mark.parametrize(
    "value,text",
    [
        (0, "00"),
        (1000000, "1a000f4240"),
        (-1000, "3903e7"),
        (1.1, "fb3ff199999999999a"),
        (True, "f5"),
        (None, "f6"),
        ("ü", "62c3bc"),
        ([1, [2, 3]], "8201820203"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ],
)
def test_cbor_is_as_in_appendix_a_of_rfc_8949(value, text):
    assert cbor.dumps(value).hex() == text
    assert cbor.loads(bytes.fromhex(text)) == value


def test_cbor_instants_are_tag_1_and_seconds():
    """2013-03-21T20:04:00Z is second 1363896240, 0x514b67b0; fractions make it a double."""
    when = dt.datetime(2013, 3, 21, 20, 4, tzinfo=dt.UTC)
    assert cbor.loads(bytes.fromhex("c11a514b67b0")) == when
    half = when + dt.timedelta(milliseconds=500)
    assert cbor.dumps(half) == b"\xc1\xfb" + struct.pack(">d", 1363896240.5)
    assert cbor.loads(cbor.dumps(half)) == half


@pytest.mark.parametrize("text,value", [("9f018202039f0405ffff", [1, [2, 3], [4, 5]]), ("f93c00", 1.0), ("bfff", {})])
def test_cbor_of_unknown_length_and_short_floats_are_read(text, value):
    assert cbor.loads(bytes.fromhex(text)) == value


@pytest.mark.parametrize("text", ["", "61", "8201", "0000", "1a00", "ff"])
def test_cbor_that_is_cut_short_or_goes_on_is_refused(text):
    with pytest.raises(ValueError, match="CBOR"):
        assert cbor.loads(bytes.fromhex(text)) is None


def test_pages_of_any_size_give_everything_once_and_newest_first(history):
    """ECS, whose operation has no paginator, gives the same items whatever the size of its pages."""
    listed = []
    for largest in (None, 7):
        with StandIn(history, largest_page=largest) as aws:
            call = connect(aws, "ecs").list_service_deployments
            listed.append(everything(call, "serviceDeployments", service=service_of(history), cluster="shop"))
            assert len(aws.requests) > (len(listed[0]) / 7 if largest else 0)
    assert listed[0] == listed[1]
    created = [deployment["createdAt"] for deployment in listed[0]]
    assert created == sorted(created, reverse=True)
    expected = [d.arn for d in history.deployments if d.account == ONE and d.region == "eu-north-1"]
    assert sorted(d["serviceDeploymentArn"] for d in listed[0]) == sorted(expected)


def test_a_window_of_time_and_a_status_filter_the_list(aws, history):
    ecs, service = connect(aws, "ecs", "us-west-2"), service_of(history)
    own = [d.created for d in history.deployments if d.service == service and d.region == "us-west-2"]
    after, before = at(own[10]), at(own[20])
    asked = {"service": service, "cluster": "shop", "createdAt": {"after": after, "before": before}}
    found = everything(ecs.list_service_deployments, "serviceDeployments", **asked)
    assert len(found) == 11
    assert {after, before} <= {deployment["createdAt"] for deployment in found}
    stopped = everything(ecs.list_service_deployments, "serviceDeployments", **asked, status=["STOPPED"])
    assert stopped == [deployment for deployment in found if deployment["status"] == "STOPPED"]


def test_who_asks_sees_his_own_account_and_region_only(aws, history):
    for account in (ONE, OTHER):
        assert connect(aws, "sts", account=account).get_caller_identity()["Account"] == account
        listed = connect(aws, "ecs", account=account).list_services(cluster="shop")["serviceArns"]
        assert [arn.split("/")[-1] for arn in listed] == [
            s for s, owner in history.services.items() if owner == account
        ]
    arns = [history.by_service[service_of(history), "eu-north-1"][0].arn]
    for region, account in (("us-west-2", ONE), ("eu-north-1", OTHER)):
        found = connect(aws, "ecs", region, account).describe_service_deployments(serviceDeploymentArns=arns)
        assert found["serviceDeployments"] == []
        assert found["failures"] == [{"arn": arns[0], "reason": "MISSING"}]
    assert connect(aws, "ecs", "sa-east-1").list_clusters()["clusterArns"] == []


@pytest.mark.parametrize(
    "service,operation,asked,code",
    [
        ("ecs", "describe_service_deployments", {"serviceDeploymentArns": ["a"] * 21}, "InvalidParameterException"),
        ("ecs", "describe_service_revisions", {"serviceRevisionArns": []}, "InvalidParameterException"),
        ("ecs", "list_service_deployments", {"service": "no", "cluster": "shop"}, "ServiceNotFoundException"),
        ("ecs", "list_services", {"cluster": "no"}, "ClusterNotFoundException"),
        ("ecs", "list_clusters", {"maxResults": 101}, "InvalidParameterException"),
        ("ecs", "list_clusters", {"nextToken": "no"}, "InvalidParameterException"),
        ("cloudwatch", "describe_alarm_history", {"NextToken": "no"}, "InvalidNextToken"),
        ("codepipeline", "list_pipeline_executions", {"pipelineName": "no"}, "PipelineNotFoundException"),
        ("codepipeline", "list_pipelines", {"nextToken": "no"}, "InvalidNextTokenException"),
        ("codecatalyst", "list_workflows", {**PLACE, "spaceName": "elsewhere"}, "ResourceNotFoundException"),
        ("codecatalyst", "list_workflow_runs", {**PLACE, "nextToken": "no"}, "ValidationException"),
        (
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::999999999999:role/x", "RoleSessionName": "abc"},
            "AccessDenied",
        ),
    ],
)
def test_what_aws_refuses_is_refused_with_its_code(aws, service, operation, asked, code):
    with pytest.raises(ClientError) as caught:
        getattr(connect(aws, service), operation)(**asked)
    assert caught.value.response["Error"]["Code"] == code
