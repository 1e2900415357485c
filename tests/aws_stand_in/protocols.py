"""The wire protocols of AWS, from botocore's service models: requests to parameters, answers and errors to bytes.

Which protocol a request speaks is read off the request, so that whatever the installed boto3 chooses is answered in
kind: json, smithy-rpc-v2-cbor, query, rest-json. Not here: what the answers say (`operations`).
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

from tests.aws_stand_in import cbor
from tests.aws_stand_in.errors import ApiError

SERVICES = ("ecs", "cloudwatch", "codepipeline", "sts", "codecatalyst")
JSON, CBOR, QUERY, REST = "json", "smithy-rpc-v2-cbor", "query", "rest-json"
_CBOR_PATH = re.compile(r"^/service/([^/]+)/operation/([^/]+)$")


@dataclass(frozen=True)
class Request:
    """One request, as it came in, and what it asks for once it is read."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    service: str = ""
    operation: str = ""
    protocol: str = ""
    found: dict[str, str] = field(default_factory=dict)  # what the path named

    @property
    def model(self) -> OperationModel:
        """The operation, in botocore's model."""
        return model(self.service).operation_model(self.operation)


@cache
def model(service: str) -> ServiceModel:
    """Load a service's model, as the installed botocore has it."""
    return botocore.session.get_session().get_service_model(service)


@cache
def _targets() -> dict[str, str]:
    prefixes = {model(service).metadata.get("targetPrefix", ""): service for service in SERVICES}
    return {prefix: service for prefix, service in prefixes.items() if prefix}


@cache
def _routes() -> list[tuple[str, re.Pattern[str], str]]:
    """(method, path, operation) of every operation of CodeCatalyst."""
    routes = []
    for name in model("codecatalyst").operation_names:
        http = model("codecatalyst").operation_model(name).http
        path = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"].split("?")[0]))
        routes.append((http["method"], re.compile(f"^{path}$"), name))
    return routes


def route(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    """Find out which operation of which service a request asks for, and in which protocol.

    Raises
    ------
    ApiError
        Where that is none that botocore knows.
    """
    path = urlsplit(target).path
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    service, protocol, found = "", "", {}
    if headers.get("smithy-protocol") == "rpc-v2-cbor" and (match := _CBOR_PATH.match(path)):
        service, operation, protocol = _targets().get(match[1], ""), match[2], CBOR
    elif prefix:
        service, protocol = _targets().get(prefix, ""), JSON
    elif headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(body.decode(), keep_blank_values=True)
        operation, version, protocol = form.get("Action", [""])[0], form.get("Version", [""])[0], QUERY
        service = next((name for name in ("sts", "cloudwatch") if model(name).api_version == version), "")
    else:
        for verb, pattern, name in _routes():
            if verb == method and (match := pattern.match(path)):
                service, operation, protocol = "codecatalyst", name, REST
                found = {key: unquote(value) for key, value in match.groupdict().items()}
    if not service or operation not in model(service).operation_names:
        raise ApiError("UnknownOperationException", f"{method} {path} {operation or ''}".strip(), status=404)
    return Request(method, target, headers, body, service, operation, protocol, found)


def parameters(request: Request) -> dict[str, Any]:
    """Read a request's parameters by its input shape; timestamps come as aware datetimes.

    Raises
    ------
    ApiError
        Where the body is not what the protocol says.
    """
    shape = request.model.input_shape
    if shape is None:
        return {}
    try:
        if request.protocol == QUERY:
            form = {k: v[0] for k, v in parse_qs(request.body.decode(), keep_blank_values=True).items()}
            return _from_form(shape, form, "") or {}
        if request.protocol == CBOR:
            return _read(shape, cbor.loads(request.body) if request.body else {}, request.protocol)
        raw = json.loads(request.body) if request.body else {}
        if request.protocol == REST:
            raw = {**raw, **_outside_the_body(shape, request)}
        return _read(shape, raw, request.protocol)
    except (ValueError, TypeError, AttributeError) as error:
        raise ApiError("SerializationException", f"the body is not {request.protocol}: {error}") from error


def _outside_the_body(shape: Shape, request: Request) -> dict[str, Any]:
    query = parse_qs(urlsplit(request.target).query)
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            found[name] = request.found[key]
        elif place == "querystring" and key in query:
            found[name] = int(query[key][0]) if member.type_name == "integer" else query[key][0]
        elif place == "header" and key.lower() in request.headers:
            found[name] = request.headers[key.lower()]
    return found


def _read(shape: Shape, value: Any, protocol: str) -> Any:
    """Turn what was decoded into parameters; what the shape does not know stays, so that the check finds it."""
    if value is None:
        return None
    if shape.type_name == "structure":
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        pairs = ((names.get(key, key), item) for key, item in value.items())
        return {k: _read(shape.members[k], v, protocol) if k in shape.members else v for k, v in pairs if v is not None}
    if shape.type_name == "list":
        return [_read(shape.member, item, protocol) for item in value]
    if shape.type_name == "map":
        return {key: _read(shape.value, item, protocol) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return _instant(value)
    return value


def _instant(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, int | float):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    return dt.datetime.fromisoformat(value)


def _from_form(shape: Shape, form: dict[str, str], prefix: str) -> Any:
    if shape.type_name == "structure":
        found = {}
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            value = _from_form(member, form, f"{prefix}.{key}" if prefix else key)
            if value is not None:
                found[name] = value
        return found if found or not prefix else None
    if shape.type_name == "list":
        flat = shape.serialization.get("flattened")
        stem = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        items: list[Any] = []
        while (item := _from_form(shape.member, form, f"{stem}.{len(items) + 1}")) is not None:
            items.append(item)
        return items or None
    text = form.get(prefix)
    if text is None:
        return None
    casts: dict[str, Callable[[str], Any]] = {
        "integer": int,
        "long": int,
        "double": float,
        "float": float,
        "timestamp": _instant,
    }
    return text == "true" if shape.type_name == "boolean" else casts.get(shape.type_name, str)(text)


def content_type(protocol: str, service: str) -> str:
    """The content type of answers in a protocol."""
    version = model(service).metadata.get("jsonVersion", "1.1")
    return {
        JSON: f"application/x-amz-json-{version}",
        CBOR: "application/cbor",
        QUERY: "text/xml",
        REST: "application/json",
    }[protocol]


def answer(
    request: Request, value: dict[str, Any], request_id: str, twist: Callable[[Any], Any] | None = None
) -> bytes:
    """Write an answer by the operation's output shape."""
    return write(request.model, request.protocol, value, request_id, twist)


def write(
    operation: OperationModel,
    protocol: str,
    value: dict[str, Any],
    request_id: str,
    twist: Callable[[Any], Any] | None = None,
) -> bytes:
    """Write an answer by an operation's output shape in any protocol; `twist` changes it last, where it is no XML."""
    shape = operation.output_shape
    if protocol == QUERY:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result") if shape else ""
        body = f"<{wrapper}>{_xml_members(shape, value)}</{wrapper}>" if shape else ""
        name = f"{operation.name}Response"
        space = operation.metadata.get("xmlNamespace", "")
        meta = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        return f'<{name} xmlns="{space}">{body}{meta}</{name}>'.encode()
    tree = _plain(shape, value, protocol) if shape else {}
    tree = twist(tree) if twist else tree
    return cbor.dumps(tree) if protocol == CBOR else json.dumps(tree).encode()


def _plain(shape: Shape, value: Any, protocol: str) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    if shape.type_name == "structure":
        return {
            shape.members[k].serialization.get("name", k): _plain(shape.members[k], v, protocol)
            for k, v in value.items()
            if v is not None
        }
    if shape.type_name == "list":
        return [_plain(shape.member, item, protocol) for item in value]
    if shape.type_name == "map":
        return {key: _plain(shape.value, item, protocol) for key, item in value.items()}
    if shape.type_name == "timestamp" and protocol != CBOR:
        return value.timestamp() if shape.serialization.get("timestampFormat") != "iso8601" else _iso(value)
    if shape.type_name in ("double", "float"):
        return float(value)
    return value


def _iso(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _xml_members(shape: Shape, value: dict[str, Any]) -> str:
    return "".join(
        _xml(shape.members[k], v, shape.members[k].serialization.get("name", k))
        for k, v in value.items()
        if v is not None
    )


def _xml(shape: Shape, value: Any, tag: str) -> str:
    if shape.type_name == "structure":
        inner = _xml_members(shape, value)
    elif shape.type_name == "list":
        name = shape.member.serialization.get("name", "member")
        inner = "".join(_xml(shape.member, item, name) for item in value)
    elif shape.type_name == "map":
        pairs = (_xml_pair(shape, key, item) for key, item in value.items())
        inner = "".join(f"<entry>{pair}</entry>" for pair in pairs)
    elif shape.type_name == "timestamp":
        inner = _iso(value)
    elif shape.type_name == "boolean":
        inner = str(value).lower()
    else:
        inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


def _xml_pair(shape: Shape, key: str, value: Any) -> str:
    return f"<key>{escape(key)}</key>{_xml(shape.value, value, 'value')}"


def fault(request: Request | None, error: ApiError, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Write an error in the protocol of the request: status, headers, body."""
    service = request.service if request else "ecs"
    protocol = request.protocol if request else JSON
    status = error.status or _status(service, error.code)
    headers = {"Content-Type": content_type(protocol, service)}
    if model(service).metadata.get("awsQueryCompatible") is not None and protocol != QUERY:
        headers["x-amzn-query-error"] = f"{error.code};{'Sender' if status < 500 else 'Receiver'}"
    if protocol == QUERY:
        who = "Sender" if status < 500 else "Receiver"
        inner = f"<Type>{who}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        text = f"<ErrorResponse><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        return status, headers, text.encode()
    if protocol == CBOR:
        tree = {"__type": f"com.amazonaws.{service}#{error.code}", "message": error.message}
        return status, headers, cbor.dumps(tree)
    if protocol == REST:
        headers["x-amzn-errortype"] = error.code
        return status, headers, json.dumps({"message": error.message}).encode()
    return status, headers, json.dumps({"__type": error.code, "message": error.message}).encode()


def _status(service: str, code: str) -> int:
    for shape in model(service).error_shapes:
        if code in (shape.name, shape.error_code):
            return int(shape.metadata.get("error", {}).get("httpStatusCode", 400))
    return 400
