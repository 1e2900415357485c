"""What `${{ … }}` stands for, as far as the file itself says it: `env`, `matrix` and `inputs`.

Everything else (`secrets`, `vars`, outputs of other steps) stays as it stands. Source: GitHub Docs, "Contexts".
"""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from waves.pipelines.github_actions.schema import MAX_MATRIX
from waves.pipelines.trees import map_of, text_of

Scope = Mapping[str, str]
_LONG = 5000  # characters; a longer text is left as it stands, whatever is in it
_EXPRESSION = re.compile(r"\$\{\{\s*([A-Za-z0-9_.\-]+)\s*\}\}")
_CHOICE = re.compile(r"\$\{\{\s*([A-Za-z0-9_.\-]+)\s*\|\|\s*'([^']*)'\s*\}\}")
_FROM_JSON = re.compile(r"\$\{\{\s*fromJSON\(\s*'([^']*)'\s*\)\s*\}\}", re.IGNORECASE)


def filled(value: Any, scope: Scope) -> str:
    """Return a value as text, with what is known put in."""
    text = text_of(value)
    if len(text) > _LONG:
        return text
    for _ in range(3):  # an env of the job may name one of the workflow, which may name an input
        text = _CHOICE.sub(lambda m: _given(m[1], scope) or m[2], text)
        new = _EXPRESSION.sub(lambda m: _given(m[1], scope) or m[0], text)
        if new == text or len(new) > _LONG:
            break
        text = new
    return text


def _given(name: str, scope: Scope) -> str | None:
    return scope.get(name.lower().replace("github.event.inputs.", "inputs."))


def scoped(scope: Scope, context: str, values: Any) -> dict[str, str]:
    """Return a scope with the entries of a mapping added, such as an ``env``; nested ones by their dots."""
    found = dict(scope)
    for key, value in map_of(values).items():
        name = f"{context}.{key}".lower()
        if isinstance(value, dict):
            found |= scoped({}, name, value)
        elif text_of(value):
            found[name] = filled(value, scope)
    return found


def combinations(matrix: Any, scope: Scope) -> list[dict[str, Any]] | None:
    """Return the jobs that a matrix makes, in GitHub's order; None where the file does not say them.

    Notes
    -----
    GitHub Docs, "Running variations of jobs in a workflow": the product of the lists; `exclude` takes away; an entry of
    `include` is added to every combination whose values it does not change, else it makes one of its own.
    """
    body = map_of(matrix)
    if not body:
        return None
    lists = {key: _items(value, scope) for key, value in body.items() if key not in ("include", "exclude")}
    if any(items is None for items in lists.values()):
        return None
    included, excluded = (_items(body.get(key, []), scope) for key in ("include", "exclude"))
    if included is None or excluded is None:
        return None
    size = 1
    for items in lists.values():
        size *= len(items or ())
    if size > MAX_MATRIX or len(included) > MAX_MATRIX:
        return None
    rows = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())] if lists else []  # type: ignore[arg-type]
    rows = [row for row in rows if not any(_fits(row, map_of(entry)) for entry in excluded)]
    return _extended(rows, [dict(map_of(entry)) for entry in included])


def _items(value: Any, scope: Scope) -> Sequence[Any] | None:
    if isinstance(value, list):
        return value
    match = _FROM_JSON.fullmatch(filled(value, scope).strip())
    if not match:
        return None
    try:
        found = json.loads(match[1])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _fits(row: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    return bool(entry) and all(key in row and row[key] == value for key, value in entry.items())


def _extended(rows: list[dict[str, Any]], included: list[dict[str, Any]]) -> list[dict[str, Any]]:
    original = [dict(row) for row in rows]
    for entry in included:
        fitting = [i for i, row in enumerate(original) if all(row.get(k, v) == v for k, v in entry.items())]
        if not fitting:
            rows.append(entry)
        for i in fitting:
            rows[i] |= entry
    return rows
