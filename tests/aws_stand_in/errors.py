"""What the stand-in answers when it refuses, with the codes that each AWS service uses for it.

Not here: how an error looks on the wire (`protocols`) and when a fault asks for one (`faults`).
"""

from dataclasses import dataclass


@dataclass(eq=False)
class ApiError(Exception):
    """An error that the client is to see; without a status it has the one of botocore's model, else 400."""

    code: str
    message: str
    status: int = 0

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


# (code, HTTP status): what JSON services say; CloudWatch keeps the codes of the query protocol, as STS has them.
_JSON = {
    "throttle": ("ThrottlingException", 400),
    "http500": ("InternalFailure", 500),
    "http503": ("ServiceUnavailable", 503),
    "expired_token": ("ExpiredTokenException", 400),
    "skew": ("InvalidSignatureException", 403),
    "denied": ("AccessDeniedException", 400),
    "region_not_opted_in": ("UnrecognizedClientException", 400),
    "unknown_key": ("UnrecognizedClientException", 400),
    "no_credentials": ("MissingAuthenticationTokenException", 403),
}
_QUERY = {
    **_JSON,
    "throttle": ("Throttling", 400),
    "expired_token": ("ExpiredToken", 403),
    "skew": ("SignatureDoesNotMatch", 403),
    "denied": ("AccessDenied", 403),
    "region_not_opted_in": ("InvalidClientTokenId", 403),
    "unknown_key": ("InvalidClientTokenId", 403),
    "no_credentials": ("MissingAuthenticationToken", 403),
}
_OWN = {
    "ecs": {"http500": ("ServerException", 500)},
    "codecatalyst": {
        "throttle": ("ThrottlingException", 429),
        "denied": ("AccessDeniedException", 403),
        "expired_token": ("ExpiredTokenException", 403),
        "no_credentials": ("AccessDeniedException", 403),
    },
}


def refusal(kind: str, service: str, message: str) -> ApiError:
    """Return the error of a service for one of the reasons above."""
    codes = {**(_QUERY if service in ("sts", "cloudwatch") else _JSON), **_OWN.get(service, {})}
    code, status = codes[kind]
    return ApiError(code, message, status)
