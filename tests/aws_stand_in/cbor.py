"""CBOR (RFC 8949), as much of it as the AWS protocol smithy-rpc-v2-cbor uses; instants are tag 1, epoch seconds.

Written from the RFC and not taken from botocore, so that a mistake there is not made twice. Not here: shapes
(`protocols`).
"""

import datetime as dt
import struct
from typing import Any

UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE = range(8)
ENDLESS = 31
EPOCH_TAG = 1
_BREAK = object()
_WIDTHS = ((24, "B"), (25, ">H"), (26, ">I"), (27, ">Q"))
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_WORDS = {20: False, 21: True, 22: None, 23: None}


def dumps(value: Any) -> bytes:
    """Write a value: None, bool, int, float, str, bytes, list, dict or an aware datetime."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    for extra, code in _WIDTHS:
        if number < 1 << 8 * struct.calcsize(code):
            out.append(major << 5 | extra)
            out += struct.pack(code, number)
            return
    raise ValueError(f"{number} does not fit into 64 bits")


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out.append(SIMPLE << 5 | {False: 20, True: 21, None: 22}[value])
    elif isinstance(value, int):
        _head(out, UNSIGNED if value >= 0 else NEGATIVE, value if value >= 0 else -1 - value)
    elif isinstance(value, float):
        out.append(SIMPLE << 5 | 27)
        out += struct.pack(">d", value)
    elif isinstance(value, dt.datetime):
        _head(out, TAG, EPOCH_TAG)
        _write(out, value.timestamp())
    elif isinstance(value, str | bytes):
        raw = value.encode() if isinstance(value, str) else value
        _head(out, TEXT if isinstance(value, str) else BYTES, len(raw))
        out += raw
    elif isinstance(value, list | tuple):
        _head(out, LIST, len(value))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        _head(out, MAP, len(value))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        raise TypeError(f"CBOR has no place here for {type(value).__name__}")


def loads(data: bytes) -> Any:
    """Read one value; instants come as aware UTC datetimes.

    Raises
    ------
    ValueError
        For what is cut short, goes on after its end, or is not used by AWS.
    """
    try:
        value, end = _read(data, 0)
    except (IndexError, struct.error) as error:
        raise ValueError("CBOR is cut short") from error
    if value is _BREAK or end != len(data):
        raise ValueError(f"CBOR ends at byte {end} of {len(data)}")
    return value


def _read(data: bytes, at: int) -> tuple[Any, int]:
    major, extra = data[at] >> 5, data[at] & 31
    at += 1
    if major == SIMPLE:
        return _simple(data, at, extra)
    if extra == ENDLESS:
        return _endless(data, at, major)
    number, at = _number(data, at, extra)
    if major == UNSIGNED:
        return number, at
    if major == NEGATIVE:
        return -1 - number, at
    if major in (BYTES, TEXT):
        raw = data[at : at + number]
        if len(raw) < number:
            raise ValueError("CBOR is cut short")
        return (raw.decode() if major == TEXT else raw), at + number
    if major == TAG:
        return _tagged(data, at, number)
    items = []
    for _ in range(number * (2 if major == MAP else 1)):
        item, at = _read(data, at)
        items.append(item)
    return (_pairs(items) if major == MAP else items), at


def _number(data: bytes, at: int, extra: int) -> tuple[int, int]:
    if extra < 24:
        return extra, at
    code = dict(_WIDTHS)[extra]
    return struct.unpack_from(code, data, at)[0], at + struct.calcsize(code)


def _simple(data: bytes, at: int, extra: int) -> tuple[Any, int]:
    if extra == ENDLESS:
        return _BREAK, at
    if extra in _FLOATS:
        return struct.unpack_from(_FLOATS[extra], data, at)[0], at + struct.calcsize(_FLOATS[extra])
    return _WORDS[extra], at


def _endless(data: bytes, at: int, major: int) -> tuple[Any, int]:
    items = []
    while True:
        item, at = _read(data, at)
        if item is _BREAK:
            break
        items.append(item)
    if major == MAP:
        return _pairs(items), at
    if major in (BYTES, TEXT):
        return (b"" if major == BYTES else "").join(items), at
    return items, at


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _tagged(data: bytes, at: int, tag: int) -> tuple[Any, int]:
    value, at = _read(data, at)
    if tag != EPOCH_TAG:
        raise ValueError(f"CBOR tag {tag} is not used by AWS")
    return dt.datetime.fromtimestamp(value, dt.UTC), at
