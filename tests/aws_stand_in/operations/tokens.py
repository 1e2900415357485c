"""STS: who am I, and may I be somebody else. Not here: how sessions are kept (`sessions`)."""

import re
from typing import Any

from tests.aws_stand_in.errors import refusal
from tests.aws_stand_in.operations.question import Question

_ROLE = re.compile(r"^arn:aws:iam::(\d{12}):role/.+$")


def get_caller_identity(question: Question) -> dict[str, Any]:
    """The account and ARN of the caller."""
    return {"UserId": "AIDASTANDIN", "Account": question.account, "Arn": question.caller}


def assume_role(question: Question) -> dict[str, Any]:
    """Temporary credentials for a role of any account of the history."""
    role, name = question.get("RoleArn"), question.get("RoleSessionName")
    match = _ROLE.match(role)
    if match is None or match[1] not in question.history.accounts:
        text = f"User: {question.caller} is not authorized to perform: sts:AssumeRole on resource: {role}"
        raise refusal("denied", "sts", text)
    credentials = question.sessions.assume(role, name, question.get("DurationSeconds", 3600))
    arn = question.sessions.arns[credentials["SessionToken"]]
    return {"Credentials": credentials, "AssumedRoleUser": {"AssumedRoleId": f"AROASTANDIN:{name}", "Arn": arn}}
