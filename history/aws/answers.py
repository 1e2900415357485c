"""Answers as the AWS client understands them, value by value: what is odd stays as it came.

botocore's parsers give up a whole page for one odd value, split a text where a list should be, and cut off fractions.
Here such a value is left alone, for whoever reads the record to refuse: so it costs its record, and nothing else. Not
here: what a record must hold (`history.sources`), what can be kept (`history.keepable`).
"""

import datetime as dt
from typing import Any

from botocore.parsers import PROTOCOL_PARSERS, ResponseParserFactory
from botocore.utils import parse_timestamp

_SHAPES: dict[str, type | tuple[type, ...]] = {"structure": dict, "list": list, "map": dict}
_EXACT: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
}


class Malformed(Exception):
    """An answer that does not hold what it must: never to be taken for "nothing happened"."""


class _Lenient:
    """Goes before a parser of botocore's, and keeps from it what is not of the shape it expects."""

    def _parse_shape(self, shape: Any, node: Any) -> Any:
        expected = _SHAPES.get(shape.type_name)
        if shape.type_name in _EXACT and type(node) not in _EXACT[shape.type_name]:
            return node
        if expected and node is not None and not isinstance(node, expected) and not _document(shape):
            return node
        return super()._parse_shape(shape, node)  # type: ignore[misc]


def _document(shape: Any) -> bool:
    return bool(getattr(shape, "is_document_type", False))


_LENIENT = {
    name: type(f"Lenient{PROTOCOL_PARSERS[name].__name__}", (_Lenient, PROTOCOL_PARSERS[name]), {})
    for name in ("json", "rest-json", "smithy-rpc-v2-cbor")
    if name in PROTOCOL_PARSERS
}


class LenientParsers(ResponseParserFactory):
    """Makes lenient parsers for the protocols that sources speak, and botocore's own for all others."""

    def create_parser(self, protocol_name: str) -> Any:
        """Make the parser of a protocol."""
        parser = _LENIENT.get(protocol_name)
        return super().create_parser(protocol_name) if parser is None else parser(**self._defaults)


def in_utc(value: Any) -> Any:
    """Read a time of an answer as botocore does, but in UTC: its way, through this machine's zone, takes far longer.

    What is no time, or has no zone, stays as it came.
    """
    if type(value) in (int, float):
        try:
            return dt.datetime.fromtimestamp(value, dt.UTC)
        except (OverflowError, OSError, ValueError):
            return value
    try:
        found: dt.datetime = parse_timestamp(value)
        return value if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ArithmeticError, AttributeError, RuntimeError, TypeError, ValueError):
        return value
