"""What goes wrong on purpose: every fault as a real boto3 client meets it, and the bounds of the server itself.

Not here: answers without faults (`test_stand_in`, `test_stand_in_history`).
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

import history as collector
from tests.aws_stand_in import KINDS, Fault, StandIn
from tests.aws_stand_in.__main__ import fault as read_fault
from tests.history.aws_clients import ONE, OTHER, PLACE, connect, everything, make, service_of

CALLS = {
    "ecs": ("list_clusters", {}),
    "cloudwatch": ("describe_alarm_history", {}),
    "codepipeline": ("list_pipelines", {}),
    "codecatalyst": ("list_workflows", PLACE),
    "sts": ("get_caller_identity", {}),
}


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_CODECATALYST", "not-a-secret")


@pytest.fixture(scope="module")
def aws():
    with StandIn(make(deployments=150, regions=["eu-north-1", "us-west-2"]), largest_page=10) as aws:
        yield aws


@pytest.fixture(autouse=True)
def clean(aws):
    """Every test begins without faults and without a log."""
    aws.script()
    aws.forget()
    aws.history.at(0)


def call(aws, service="ecs", region="eu-north-1", **options):
    operation, asked = CALLS[service]
    return getattr(connect(aws, service, region, **options), operation)(**asked)


def refused(aws, service, **options):
    """The code and the HTTP status with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(aws, service, **options)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def deployments(aws, **asked):
    service = service_of(aws.history)
    ecs = connect(aws, "ecs")
    return everything(ecs.list_service_deployments, "serviceDeployments", service=service, cluster="shop", **asked)


@pytest.mark.parametrize(
    "kind,service,code,status",
    [
        ("throttle_random", "ecs", "ThrottlingException", 400),
        ("throttle_random", "cloudwatch", "Throttling", 400),
        ("throttle_random", "codepipeline", "ThrottlingException", 400),
        ("throttle_random", "codecatalyst", "ThrottlingException", 429),
        ("throttle_random", "sts", "Throttling", 400),
        ("http500", "ecs", "ServerException", 500),
        ("http500", "cloudwatch", "InternalFailure", 500),
        ("http500", "codecatalyst", "InternalFailure", 500),
        ("http503", "ecs", "ServiceUnavailable", 503),
        ("http503", "sts", "ServiceUnavailable", 503),
        ("expired_token", "ecs", "ExpiredTokenException", 400),
        ("expired_token", "cloudwatch", "ExpiredToken", 403),
        ("expired_token", "codecatalyst", "ExpiredTokenException", 403),
        ("expired_token", "sts", "ExpiredToken", 403),
        ("skew", "ecs", "InvalidSignatureException", 403),
        ("skew", "cloudwatch", "SignatureDoesNotMatch", 403),
        ("denied", "ecs", "AccessDeniedException", 400),
        ("denied", "cloudwatch", "AccessDenied", 403),
        ("denied", "codecatalyst", "AccessDeniedException", 403),
        ("region_not_opted_in", "ecs", "UnrecognizedClientException", 400),
        ("region_not_opted_in", "cloudwatch", "InvalidClientTokenId", 403),
    ],
)
def test_a_refusal_comes_with_the_services_own_code_and_status(aws, kind, service, code, status):
    aws.script(Fault(kind, service=service))
    assert refused(aws, service) == (code, status)
    assert [each.outcome for each in aws.requests] == [kind]


def test_the_clients_own_retries_get_over_passing_faults(aws):
    """Throttling, 500, 503 and a reset connection are all retried by botocore."""
    kinds = ("throttle_random", "http500", "http503", "reset")
    aws.script(*(Fault(kind, nth=n) for n, kind in enumerate(kinds, start=1)))
    found = call(aws, retries={"mode": "standard", "total_max_attempts": 6})
    assert found["clusterArns"]
    assert [each.outcome for each in aws.requests] == [*kinds, "ok"]


def test_a_reset_connection_is_an_error_of_the_connection(aws):
    aws.script(Fault("reset"))
    for service in ("ecs", "codecatalyst"):
        with pytest.raises((ConnectionClosedError, HTTPClientError)):
            call(aws, service)


@pytest.mark.parametrize("service", ["ecs", "codecatalyst"])
@pytest.mark.parametrize("kind", ["truncated", "short_body", "html", "empty200", "xml_for_json", "missing_key"])
def test_botocore_reports_success_on_a_broken_json_body_and_the_key_is_gone(aws, kind, service):
    """This is the trap that a collector must see: nothing is raised, and nothing is there.

    Not even a body shorter than its Content-Length is an error: botocore tells urllib3 not to mind.
    """
    aws.script(Fault(kind))
    key = {"ecs": "clusterArns", "codecatalyst": "items"}[service]
    found = call(aws, service)
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert not found.get(key)
    aws.script()
    assert call(aws, service)[key]


@pytest.mark.parametrize("kind", ["truncated", "html", "empty200", "xml_for_json"])
def test_a_broken_body_of_cloudwatch_or_sts_raises_or_is_empty(aws, kind):
    aws.script(Fault(kind))
    for service, key in (("cloudwatch", "AlarmHistoryItems"), ("sts", "Account")):
        try:
            found = call(aws, service)
        except (ResponseParserError, ClientError, AttributeError, KeyError, TypeError, ValueError, IndexError):
            continue
        assert not found.get(key)


def test_a_slow_body_takes_its_time_but_comes(aws):
    aws.script(Fault("slow_drip", seconds=0.6))
    before = time.monotonic()
    assert call(aws)["clusterArns"]
    assert time.monotonic() - before >= 0.5


def test_a_server_that_says_nothing_runs_into_the_clients_timeout(aws):
    aws.script(Fault("hang", seconds=5))
    with pytest.raises(ReadTimeoutError):
        call(aws, read_timeout=0.3)


def test_a_clock_that_is_wrong_is_in_the_date_header_too(aws):
    aws.script(Fault("skew", seconds=900))
    with pytest.raises(ClientError) as caught:
        call(aws)
    assert "Signature expired" in caught.value.response["Error"]["Message"]


def test_a_duplicated_page_comes_twice_under_two_tokens_and_nothing_is_lost(aws):
    clean_run = deployments(aws)
    aws.script(Fault("duplicate_page", operation="ListServiceDeployments"))
    found = deployments(aws)
    assert len(found) == 2 * len(clean_run) > 20
    assert found[:10] == found[10:20] == clean_run[:10]


def test_tokens_can_go_in_a_circle_or_stand_still(aws):
    ecs = connect(aws, "ecs")
    for kind, different in (("token_cycle", 2), ("token_stuck", 1)):
        aws.script(Fault(kind, operation="ListServiceDeployments"))
        tokens: list[str] = []
        following: dict[str, str] = {}
        for _ in range(8):
            page = ecs.list_service_deployments(service=service_of(aws.history), cluster="shop", **following)
            tokens.append(page["nextToken"])
            following = {"nextToken": page["nextToken"]}
        assert len(set(tokens)) == different
        assert tokens[::2] == [tokens[0]] * 4


def test_records_appear_and_change_between_pages(aws):
    aws.history.at(-30 * 24 * 60)
    clean_run = deployments(aws)
    aws.script(Fault("changing_between_pages", minutes=10 * 24 * 60))
    found = deployments(aws)
    assert [each["serviceDeploymentArn"] for each in found] == [each["serviceDeploymentArn"] for each in clean_run]
    aws.script()
    assert len(deployments(aws)) > len(clean_run)


def test_a_bucket_throttles_each_region_by_itself(aws):
    aws.script(Fault("throttle_bucket", rate=0.001, burst=5))
    for region in ("eu-north-1", "us-west-2"):
        ecs = connect(aws, "ecs", region)
        for _ in range(5):
            assert ecs.list_clusters()["clusterArns"]
        with pytest.raises(ClientError, match="ThrottlingException"):
            ecs.list_clusters()
    assert [each.outcome for each in aws.requests].count("throttle_bucket") == 2


def test_a_bucket_fills_again(aws):
    aws.script(Fault("throttle_bucket", rate=20, burst=1))
    assert call(aws)["clusterArns"]
    time.sleep(0.2)
    assert call(aws)["clusterArns"]


def outcomes(aws, count=12, **fault):
    aws.script(Fault("http500", **fault))
    aws.forget()
    for _ in range(count):
        with contextlib.suppress(ClientError):
            call(aws)
    return "".join("x" if each.outcome == "http500" else "." for each in aws.requests)


def test_a_fault_strikes_the_requests_that_it_was_scripted_for(aws):
    assert outcomes(aws, nth=2) == ".x.........."
    assert outcomes(aws, nth=[1, 3]) == "x.x........."
    assert outcomes(aws, after=4, first=3) == "....xxx....."
    assert outcomes(aws, operation="Describe*") == outcomes(aws, region="us-*") == outcomes(aws, account=OTHER)
    seeded = outcomes(aws, count=40, probability=0.5, seed=3)
    assert seeded == outcomes(aws, count=40, probability=0.5, seed=3) != outcomes(aws, count=40, probability=0.5)
    assert 8 < seeded.count("x") < 32


def test_a_unit_meets_the_same_seeded_faults_whatever_other_threads_ask(aws):
    alone = outcomes(aws, count=20, probability=0.5)
    aws.script(Fault("http500", probability=0.5))
    aws.forget()

    def ask(region):
        for _ in range(20):
            with contextlib.suppress(ClientError):
                call(aws, region=region)

    threads = [threading.Thread(target=ask, args=(region,)) for region in ("eu-north-1", "us-west-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    own = [each.outcome for each in aws.requests if each.region == "eu-north-1"]
    assert "".join("x" if outcome == "http500" else "." for outcome in own) == alone


def test_an_unknown_kind_of_fault_is_refused():
    with pytest.raises(ValueError, match="throttle_bucket"):
        Fault("gremlins")


def test_every_kind_of_fault_is_met_in_these_files():
    files = [Path(__file__), Path(__file__).with_name("test_odd.py")]
    text = "".join(file.read_text("utf-8") for file in files)
    assert not [kind for kind in KINDS if f'"{kind}"' not in text]


def test_an_assumed_role_is_its_account_until_it_expires():
    with StandIn(make(deployments=40), session_seconds=8) as aws:  # time for a slow machine to ask once
        sts = connect(aws, "sts")
        role = sts.assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/reader", RoleSessionName="tests")["Credentials"]
        session = boto3.session.Session(
            role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"], "eu-north-1"
        )
        there = session.client("sts", endpoint_url=aws.endpoint_url)
        assert there.get_caller_identity()["Account"] == OTHER
        with pytest.raises(ClientError, match="ExpiredToken"):
            while True:  # it ends by itself: an answer that never fails would go on past the stand-in's own end
                there.get_caller_identity()
                time.sleep(0.2)


def test_keys_of_nobody_are_refused(aws):
    assert refused(aws, "ecs", account="999999999999")[0] == "UnrecognizedClientException"
    assert refused(aws, "sts", account="nobody")[0] == "InvalidClientTokenId"


def test_a_request_without_credentials_is_refused(aws):
    assert refused(aws, "ecs", signature_version=UNSIGNED) == ("MissingAuthenticationTokenException", 403)
    assert refused(aws, "sts", signature_version=UNSIGNED) == ("MissingAuthenticationToken", 403)


def test_it_listens_on_loopback_only():
    for host in ("0.0.0.0", "192.0.2.1", "::", "example.com"):
        with pytest.raises(ValueError, match="loopback"):
            StandIn(make(deployments=6, accounts=[ONE]), host=host)


def test_it_stops_by_itself_and_lets_nobody_wait():
    with StandIn(make(deployments=6, accounts=[ONE]), [Fault("hang", seconds=600)], seconds=2.0) as aws:
        before = time.monotonic()
        with pytest.raises((ConnectionClosedError, HTTPClientError)):
            call(aws, read_timeout=600)
        assert aws.wait(300)
        assert time.monotonic() - before < 300


def test_an_answer_that_does_not_fit_its_shape_is_a_599_and_fails_the_test():
    history = make(deployments=6, accounts=[ONE])
    arn = history.deployments[0].arn
    with pytest.raises(AssertionError, match="createdAt"), StandIn(history) as aws:
        aws.mutate(change={arn: {"createdAt": "yesterday"}})
        with pytest.raises(ClientError) as caught:
            connect(aws, "ecs").describe_service_deployments(serviceDeploymentArns=[arn])
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 599


def test_a_value_outside_an_enum_is_a_599_unless_it_was_asked_for():
    history = make(deployments=6, accounts=[ONE])
    history.deployments[0].status = "FINE"
    with pytest.raises(AssertionError, match="'FINE'"), StandIn(history) as aws:
        ecs = connect(aws, "ecs", history.deployments[0].region)
        with pytest.raises(ClientError, match="599"):
            ecs.describe_service_deployments(serviceDeploymentArns=[history.deployments[0].arn])


def test_an_operation_that_is_not_served_fails_the_test():
    with pytest.raises(AssertionError, match="ListTasks"), StandIn(make(deployments=6, accounts=[ONE])) as aws:
        ecs = connect(aws, "ecs")
        with pytest.raises(ClientError, match="UnknownOperation"):
            ecs.list_tasks()


def test_tls_is_there_for_all_services_when_asked_for():
    with StandIn(make(deployments=6, accounts=[ONE]), tls=True) as aws:
        assert aws.endpoint_url.startswith("https://127.0.0.1:")
        assert call(aws)["clusterArns"]
        assert call(aws, "codecatalyst")["items"]


def test_a_fault_can_be_written_on_the_command_line():
    assert read_fault("reset:operation=List*,nth=3") == Fault("reset", operation="List*", nth=3)
    assert read_fault("throttle_bucket:rate=5,burst=2.5") == Fault("throttle_bucket", rate=5.0, burst=2.5)


def test_it_runs_by_itself_with_an_environment_and_a_config_for_the_collector(root, tmp_path, monkeypatch):
    """The printed lines point boto3 at it, the config is one that `wavecast fetch` reads, and SIGINT ends it."""
    command = [
        sys.executable,
        "-m",
        "tests.aws_stand_in",
        "--deployments",
        "30",
        "--out",
        str(tmp_path),
        "--minutes",
        "2",
    ]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("# in another shell"):
                    break
            printed = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines if line[0] != "#")
            for name, value in printed.items():
                monkeypatch.setenv(name, value)
            config = collector.Config.read(tmp_path / "fetch.yaml")
            assert config.endpoint_url == printed["AWS_ENDPOINT_URL"]
            assert [account.id for account in config.accounts] == [ONE, OTHER]
            session = boto3.Session()  # boto3's own default session keeps the credentials of whoever asked first
            assert session.client("sts").get_caller_identity()["Account"] == ONE
            assert session.client("codecatalyst").list_workflows(**PLACE)["items"]
            assert (tmp_path / "truth.json").stat().st_size > 1000
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
