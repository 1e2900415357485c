"""Who asks: access keys of the form AKIA + account, roles that were assumed, and the region in the SigV4 scope.

Signatures themselves are not checked: secrets are the client's own, so that tests can plant canaries. Not here: what
callers may do.
"""

import datetime as dt
import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.aws_stand_in.errors import ApiError, refusal

_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_KEY = re.compile(r"^(AKIA|ASIA)(\d{12})$")


class Caller(NamedTuple):
    """Who asks, and of which region."""

    account: str
    region: str
    arn: str


@dataclass
class Sessions:
    """The roles that were assumed, and until when."""

    until: dict[str, dt.datetime] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None  # how long a session really lasts, whatever was asked for
    lock: threading.Lock = field(default_factory=threading.Lock)

    def assume(self, role: str, name: str, seconds: int) -> dict[str, Any]:
        """Open a session: temporary credentials of the role's account."""
        account = role.split(":")[4]
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds if self.seconds is None else self.seconds)
        token = f"stand-in-session-{uuid.uuid4().hex}"
        arn = f"arn:aws:sts::{account}:assumed-role/{role.split('/')[-1]}/{name}"
        with self.lock:
            self.until[token], self.arns[token] = until, arn
        return {
            "AccessKeyId": f"ASIA{account}",
            "SecretAccessKey": uuid.uuid4().hex,
            "SessionToken": token,
            "Expiration": until.replace(microsecond=0),
        }

    def caller(self, headers: dict[str, str], service: str, accounts: list[str]) -> Caller:
        """Find out who asks.

        Raises
        ------
        ApiError
            For no credentials, a key that is none of ours, or a session that is over.
        """
        authorization = headers.get("authorization", "")
        if service == "codecatalyst":
            if not re.fullmatch(r"Bearer \S+", authorization):
                raise refusal("no_credentials", service, "a bearer token is needed")
            return Caller("", "", "stand-in user")
        match = _SCOPE.match(authorization)
        if match is None:
            raise refusal("no_credentials", service, "Request is missing Authentication Token")
        key, region = _KEY.match(match[1]), match[3]
        if match[4] not in (service, "monitoring"):
            raise ApiError("InvalidSignatureException", f"Credential should be scoped to {service!r}", 403)
        if key is None or key[2] not in accounts:
            raise refusal("unknown_key", service, "The security token included in the request is invalid.")
        if key[1] == "AKIA":
            return Caller(key[2], region, f"arn:aws:iam::{key[2]}:user/stand-in")
        token = headers.get("x-amz-security-token", "")
        if self.until.get(token, dt.datetime.min.replace(tzinfo=dt.UTC)) <= dt.datetime.now(dt.UTC):
            raise refusal("expired_token", service, "The security token included in the request is expired")
        return Caller(key[2], region, self.arns[token])
