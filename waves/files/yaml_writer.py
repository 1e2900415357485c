"""Write plain values as YAML that `waves.files.yaml_reader` reads back exactly: no model and no place is known here."""

import os
from pathlib import Path
from typing import Any

import yaml

from waves.files.findings import Finding, InputError
from waves.files.yaml_reader import scalar


class _Dumper(yaml.SafeDumper):
    """Block style, lists indented, no aliases; quotes what YAML 1.1 or our reader would misread."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if not text.isprintable():
        style = "|" if _fits_block(text) else '"'
    elif not isinstance(scalar(text), str):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fits_block(text: str) -> bool:
    """Return whether a text of several lines is safe in a literal block."""
    return text[0] not in " \n" and all(line.isprintable() for line in text.split("\n"))


_Dumper.add_representer(str, _represent_text)


def write_yaml(value: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write plain values as YAML in block style, keys in their order.

    Whatever is written reads back exactly through `read_yaml`.

    Raises
    ------
    InputError
        If the file cannot be written.
    TypeError
        If `value` holds something else than dicts with string keys, lists, tuples, strings, numbers,
        booleans and None, or a text that is not Unicode.
    """
    write_text(yaml_text(value), path)


def yaml_text(value: dict[str, Any]) -> str:
    """Return plain values as YAML in block style, keys in their order.

    Raises
    ------
    TypeError
        As for `write_yaml`.
    """
    _check_plain(value)
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=float("inf"),
    )
    return text


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a text as UTF-8, its lines ended as they are.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    name = os.fspath(path)
    try:
        Path(name).write_text(text, encoding="utf-8", newline="")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"cannot be written: {reason}"
        raise InputError([Finding(name, 1, 1, "error", message, "cannot-write")]) from None


def _check_plain(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"keys must be strings, not {key!r}")
            _check_plain(key)
            _check_plain(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_plain(item)
    elif isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise TypeError(f"{value!r} is not Unicode text")
    elif not isinstance(value, (int, float, type(None))):
        raise TypeError(f"{type(value).__name__} cannot be written as YAML: {value!r}")
