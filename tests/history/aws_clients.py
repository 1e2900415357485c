"""Real boto3 clients on the stand-in, a history for tests, and short ways to ask. Not here: tests."""

import datetime as dt
from typing import Any

import boto3
from botocore.config import Config

import simulation
import waves
from tests.aws_stand_in import History, names

ONE, OTHER = "111122223333", "444455556666"
MILLISECOND = dt.timedelta(milliseconds=1)
KINDS = ["MetricAlarm", "CompositeAlarm"]
PLACE = {"spaceName": names.SPACE, "projectName": names.PROJECT}
SEED = 11
SESSION = boto3.session.Session()  # one, because reading the service models takes longer than any test
PLAN = waves.sample("six-region-three-wave").model_copy(update={"retries": 1})
SCENARIO = simulation.sample("storefront").model_copy(update={"deploy_failure_probability": 0.08})


def make(**wishes):
    """A service in each of two accounts over six regions; failures and overlaps are more frequent than by default."""
    usual = {
        "scenario": SCENARIO,
        "plan": PLAN,
        "accounts": [ONE, OTHER],
        "deployments": 900,
        "parallel": 0.1,
        "redeploys": 0.1,
        "digestless": 0.1,
    }
    return History.make(SEED, **{**usual, **wishes})


def connect(aws, service, region="eu-north-1", account=ONE, **options):
    """A real client, which tries once only unless told otherwise."""
    options = {"retries": {"total_max_attempts": 1}, "read_timeout": 5, **options}
    return SESSION.client(
        service,
        region_name=region,
        endpoint_url=aws.codecatalyst_url if service == "codecatalyst" else aws.endpoint_url,
        aws_access_key_id=f"AKIA{account}",
        aws_secret_access_key="x",
        verify=aws.ca_bundle,
        config=Config(**options),
    )


def everything(call, key, token="nextToken", **asked):
    """All items of all pages."""
    items: list[Any] = []
    following: dict[str, str] = {}
    while True:
        page = call(**asked, **following)
        items += page[key]
        if token not in page:
            return items
        following = {token: page[token]}


def at(milliseconds):
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + milliseconds * MILLISECOND


def service_of(history, account=ONE):
    return next(service for service, owner in history.services.items() if owner == account)
