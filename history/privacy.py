"""What answers carry that is nobody's business here: dropped before anything is stored.

Actions of pipelines, loggers and hooks are configured with whatever people write there, keys of other services
included. Each source names the members of its answers that hold such things; a test looks through AWS's own models for
more. Not here: the secrets of this process, which are kept out of logs and messages elsewhere.
"""

import datetime as dt
import functools
import json
import re
from typing import Any, TypeAlias

from history.keepable import keepable

Private: TypeAlias = dict[str, Any]  # member → what of it is dropped; an empty one: all of it

_TELLING = re.compile(
    r"secret|passw(or)?d|passphrase|credential|token|authori[sz]ation|api_?key|private_?key|access_?key", re.IGNORECASE
)
_USER = re.compile(r"(?<=://)[^/@\s'\"\\]+@")
_SIGNED = re.compile(r"(?i)([?&](?:x-amz-[\w-]+|sig|signature|[\w-]*token|[\w-]*key|password)=)[^&\s'\"\\]+")


def private(*paths: str) -> Private:
    """Read members from paths such as ``input.configuration``; lists on the way count for nothing."""
    found: Private = {}
    for path in paths:
        place = found
        for name in path.split("."):
            place = place.setdefault(name, {})
    return found


def public(value: Any, dropped: Private | None = None) -> Any:
    """Return an answer without what is private, and without members whose names tell that they hold secrets.

    Parameters
    ----------
    value
        What a client understood: dicts, lists and plain values.
    dropped : dict
        As `private` gives it.
    """
    if isinstance(value, dict):
        inside = dropped or {}
        return {
            name: public(item, inside.get(name))
            for name, item in value.items()
            if inside.get(name) != {} and not _telling(name)
        }
    if isinstance(value, list):
        return [public(item, dropped) for item in value]
    return value


@functools.lru_cache(maxsize=4096)
def _telling(name: Any) -> bool:
    return isinstance(name, str) and bool(_TELLING.search(name))


def without_signatures(text: str) -> str:
    """Take names, passwords and signatures out of the addresses in a text."""
    if "://" not in text:
        return text
    return _SIGNED.sub(r"\1***", _USER.sub("***@", text))


def stored_without(text: str, paths: str) -> str:
    """Return a stored answer without some members, for migrations: SQL knows it as ``stored_without``.

    Parameters
    ----------
    text
        The JSON.
    paths
        As `private` takes them, separated by blanks.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps("an answer that could not be read; dropped, as nobody can say what it holds")
    kept = public(value, private(*paths.split()))
    return without_signatures(text if kept == value else written(kept))


def written(value: Any) -> str:
    """Write an answer as JSON that any store can keep: keys sorted, numbers that JSON lacks as text."""
    try:
        text = _ENCODER.encode(value)
    except (ValueError, TypeError):
        text = _ENCODER.encode(_finite(value))
    # A half of a pair, as some programs cut texts, is no character: it is written as JSON's escape.
    return text if keepable(text) else _ASCII.encode(_finite(value))


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} in an answer of AWS")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return repr(value) if isinstance(value, float) and not abs(value) < float("inf") else value


_OPTIONS: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "allow_nan": False, "default": _plain}
_ENCODER = json.JSONEncoder(ensure_ascii=False, **_OPTIONS)
_ASCII = json.JSONEncoder(ensure_ascii=True, **_OPTIONS)
