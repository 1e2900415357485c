"""What became of a unit: eight outcomes, and which error is which.

Not here: the work itself (`history.collecting.collector`).

`ok` and `empty` are the only two that say something about the world; all others say that we could not look.
"""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from history.aws.answers import Malformed
from history.aws.clients import BEARER, WrongAccount
from history.aws.secrets import clean
from history.aws.transport import DeadlineReached

OUTCOMES = ("ok", "empty", "denied", "disabled", "unreachable", "throttled", "expired", "malformed")

# Of a unit's parts, the first of these that occurs is the unit's outcome.
WORST_FIRST = ("expired", "disabled", "denied", "malformed", "throttled", "unreachable", "ok", "empty")

# After these the rest of the unit would fail the same way: asking on would only cost requests.
HOPELESS = frozenset({"expired", "disabled", "throttled", "unreachable"})

CODECATALYST_HELP = (
    f"CodeCatalyst takes no IAM keys; either set {BEARER} to a personal access token, or name a profile in the"
    " config whose sso_session has the scope codecatalyst:read_write, and run: aws sso login --profile NAME"
)

_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)
_THROTTLED = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_SKEWED = {"InvalidSignatureException", "RequestInTheFuture", "RequestTimeTooSkewed", "SignatureDoesNotMatch"}
_SWITCHED_OFF = {"OptInRequired", "RegionDisabledException", "SubscriptionRequiredException"}

# The same words for a region that is switched off and for keys that are wrong: only STS can tell which.
_AMBIGUOUS = frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"})
GONE = frozenset(
    {
        "ClusterNotFoundException",
        "PipelineNotFoundException",
        "ResourceNotFoundException",
        "ServiceNotFoundException",
    }
)
UNSUPPORTED = "UnsupportedFeatureException"
BAD_TOKEN = frozenset(
    {"InvalidNextToken", "InvalidNextTokenException", "InvalidParameterException", "ValidationException"}
)

# Every error that AWS, the network or an answer can cause. Anything else is a fault of this program.
FAILURES = (BotoCoreError, ClientError, ResponseParserError, Malformed, DeadlineReached, WrongAccount)


@dataclass(frozen=True)
class Fate:
    """An outcome and its reason, free of secrets; ambiguous where only STS can tell bad keys from a closed region."""

    outcome: str
    detail: str
    ambiguous: bool = False


def code(error: BaseException) -> str:
    """Return AWS's code of an error, or nothing."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def fate_of(error: BaseException, *, throttled: bool = False, codecatalyst: bool = False) -> Fate:
    """Say which outcome an error is.

    Parameters
    ----------
    error
        One of `FAILURES`.
    throttled
        Whether the unit was throttled on the way: then a deadline is the throttling's fault.
    codecatalyst
        Whether it came from CodeCatalyst, whose credentials are of another kind.
    """
    outcome, detail = _outcome(error, throttled)
    if outcome == "expired" and codecatalyst:
        detail = f"{detail}; {CODECATALYST_HELP}"
    return Fate(outcome, " ".join(clean(detail).split())[:700], code(error) in _AMBIGUOUS)


def _outcome(error: BaseException, throttled: bool) -> tuple[str, str]:
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, DeadlineReached):
        slow = "AWS asked for patience" if throttled else "too slow"
        return ("throttled" if throttled else "unreachable"), f"out of time ({slow}); the next run goes on from here"
    if isinstance(error, WrongAccount):
        return "denied", str(error)
    if isinstance(error, _NO_CREDENTIALS):
        return "expired", f"no valid credentials: {error}"
    if isinstance(error, HTTPClientError | ConnectionError):
        return "unreachable", str(error)
    return "malformed", str(error)


def _answered(error: ClientError) -> tuple[str, str]:
    response: dict[str, Any] = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    name, message = code(error), response.get("Error", {}).get("Message", "")
    detail = f"{error.operation_name}: {name}: {message}"
    if name in _THROTTLED or status == 429:
        return "throttled", detail
    if name in _SWITCHED_OFF:
        return "disabled", f"{detail}; list the region under disabled_regions if that is meant"
    if name in _SKEWED:
        return "expired", f"{detail}; see that this machine's clock is right"
    if name in _EXPIRED or name in _AMBIGUOUS or status == 401:
        return "expired", detail
    if status >= 500:
        return "unreachable", detail
    if 400 <= status < 500:
        return "denied", detail  # no permission, or a name that AWS does not know
    return "malformed", detail
