"""CloudWatch: alarms and their history, metric and composite. Not here: why they rang (`telling`)."""

import bisect
import json
from typing import Any

from tests.aws_stand_in import names
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations import ecs
from tests.aws_stand_in.operations.question import Question, milliseconds
from tests.aws_stand_in.paging import Page, walk
from tests.aws_stand_in.things import DAY, AlarmChange

INVALID = "InvalidParameterValue"
METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"


def describe_alarm_history(question: Question) -> Page:
    """The entries of one alarm or of all; without `AlarmTypes` those of metric alarms only, as CloudWatch has it."""
    history, now = question.history, question.history.clock(question.region)
    own = history.alarms.get((question.account, question.region), [])
    after, before = milliseconds(question.get("StartDate")), milliseconds(question.get("EndDate"))
    if history.alarm_days is not None:
        after = max(after or 0, now - round(history.alarm_days * DAY))
    low = 0 if after is None else bisect.bisect_left(own, after, key=_at)
    high = bisect.bisect_right(own, min(now, before if before is not None else now), key=_at)
    kinds = question.get("AlarmTypes") or [METRIC]
    name, item = question.get("AlarmName"), question.get("HistoryItemType")

    def show(change: AlarmChange) -> dict[str, Any] | None:
        wrong_kind = (COMPOSITE if change.composite else METRIC) not in kinds
        if wrong_kind or (name and change.alarm != name) or (item and change.kind != item):
            return None
        return _entry(question, change)

    return walk(
        own,
        show,
        key="AlarmHistoryItems",
        token_name="NextToken",
        size=question.size("MaxRecords", 50, 100, INVALID),
        start=question.start,
        newest_first=question.get("ScanBy", "TimestampDescending") == "TimestampDescending",
        low=low,
        high=max(low, high),
    )


def _at(change: AlarmChange) -> int:
    return change.at


def _entry(question: Question, change: AlarmChange) -> dict[str, Any]:
    after = change.after
    if change.kind == "StateUpdate":
        if question.history.strange(f"{change.alarm}/{change.at}"):
            after = "SNOOZED"
        text = f"Alarm updated from {change.before} to {after}"
        data = {
            "version": "1.0",
            "oldState": {"stateValue": change.before},
            "newState": {"stateValue": after, "stateReason": change.reason},
        }
    elif change.kind == "Action":
        topic = f"arn:aws:sns:{question.region}:{question.account}:on-call"
        text, data = (
            f"Successfully executed action {topic}",
            {"actionState": "Succeeded", "notificationResource": topic},
        )
    else:
        text, data = f'Alarm "{change.alarm}" created', {"version": "1.0", "type": "Create"}
    return {
        "AlarmName": change.alarm,
        "AlarmType": COMPOSITE if change.composite else METRIC,
        "Timestamp": when(change.at),
        "HistoryItemType": change.kind,
        "HistorySummary": text,
        "HistoryData": json.dumps(data),
    }


def describe_alarms(question: Question) -> Page:
    """The alarms of the account in the region; without `AlarmTypes` metric alarms only."""
    here = question.region in question.history.regions
    kinds = question.get("AlarmTypes") or [METRIC]
    alarms: list[tuple[str, str, bool]] = []
    for service, account in question.history.called.items() if here else ():
        if account == question.account:
            for cluster in ecs.clusters(question)[:-1]:
                alarms += [(service, alarm, False) for alarm in names.metric_alarms(service, cluster)]
                alarms.append((service, names.composite_alarm(service, cluster), True))
    wanted, prefix = question.get("AlarmNames"), question.get("AlarmNamePrefix", "")
    states = _states(question)

    def show(alarm: tuple[str, str, bool]) -> dict[str, Any] | None:
        service, name, composite = alarm
        if (COMPOSITE if composite else METRIC) not in kinds or not name.startswith(prefix):
            return None
        if wanted and name not in wanted:
            return None
        found = _alarm(question, service, name, composite, states.get(name))
        return found if found["StateValue"] == question.get("StateValue", found["StateValue"]) else None

    size = question.size("MaxRecords", 50, 100, INVALID)
    page = walk(alarms, show, key="MetricAlarms", size=size, start=question.start, token_name="NextToken")
    composites = [alarm for alarm in page.items if "AlarmRule" in alarm]
    page.items = [alarm for alarm in page.items if "AlarmRule" not in alarm]
    page.rest = {"CompositeAlarms": composites, "LogAlarms": []}
    if "LogAlarms" not in _output_members():
        del page.rest["LogAlarms"]  # an older botocore
    return page


def _output_members() -> Any:
    from tests.aws_stand_in.protocols import model

    return model("cloudwatch").operation_model("DescribeAlarms").output_shape.members


def _states(question: Question) -> dict[str, AlarmChange]:
    """The last change of state of each alarm, so far."""
    now = question.history.clock(question.region)
    own = question.history.alarms.get((question.account, question.region), [])
    return {change.alarm: change for change in own if change.kind == "StateUpdate" and change.at <= now}


def _alarm(question: Question, service: str, name: str, composite: bool, change: AlarmChange | None) -> dict[str, Any]:
    errors, latency = (name.replace("-health", part) for part in ("-5xx-rate", "-latency-p99"))
    found: dict[str, Any] = {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:{question.region}:{question.account}:alarm:{name}",
        "ActionsEnabled": True,
        "AlarmActions": [f"arn:aws:sns:{question.region}:{question.account}:on-call"],
        "StateValue": change.after if change else "INSUFFICIENT_DATA",
        "StateReason": change.reason if change else "Unchecked: initial alarm creation",
    }
    if change:
        found["StateUpdatedTimestamp"] = when(change.at)
    if composite:
        return {**found, "AlarmRule": f'ALARM("{errors}") OR ALARM("{latency}")'}
    return {
        **found,
        "MetricName": "HTTPCode_Target_5XX_Rate" if name.endswith("-5xx-rate") else "TargetResponseTime",
        "Namespace": "AWS/ApplicationELB",
        "Dimensions": [{"Name": "Service", "Value": service}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 3,
        "Threshold": 0.01,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
