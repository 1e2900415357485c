"""Odd answers: an item has a value that the service's model does not know, or is said to be missing.

What is odd is seeded and belongs to the item: the same at every request, until the fault ends. Not here: faults of a
whole answer (`faults`).
"""

import json
import random
from typing import Any

HALF = "half a pair: \ud800"  # JSON can say it; no file can hold it
ODD: tuple[Any, ...] = (
    5.5,
    -1,
    2**63,
    2**70,
    10**300,
    100_000_000_000,  # as seconds, the year 5138
    1_765_432_100_123,  # milliseconds, taken for seconds
    -62_135_596_800,  # the year 1
    float("nan"),
    float("inf"),
    True,
    "",
    "odd #",  # in place of # stands a number of its own, so that no two things get the same name
    "2026-11-29T10:00:00.#",  # a time without a zone
    "0001-01-01T00:00:00.#Z",
    "\x00 \x1b[31m\nline #",
    HALF,
    [],
    [None],
    ["odd", 5.5],
    {},
    {"odd": {"deep": [1]}},
    None,
)
Path = tuple[Any, ...]  # keys, and places in lists


def paths(tree: Any, so_far: Path = ()) -> list[Path]:
    """The places in a tree below its root, inner ones included."""
    if isinstance(tree, dict):
        inside: list[tuple[Any, Any]] = list(tree.items())
    elif isinstance(tree, list):
        inside = list(enumerate(tree))
    else:
        inside = []
    found = [(*so_far, key) for key, _ in inside]
    for key, item in inside:
        found += paths(item, (*so_far, key))
    return found


def put(tree: Any, path: Path, value: Any) -> Any:
    """A copy of a tree with another value in one place."""
    if not path:
        return value
    copy: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = put(copy[path[0]] if len(path) > 1 else None, path[1:], value)
    return copy


def oddly(answer: dict[str, Any], key: str, seed: int, share: float, *, binary: bool) -> dict[str, Any]:
    """Make some items of an answer odd, each in one place.

    Parameters
    ----------
    answer
        As it will be written.
    key
        Where its items stand; an answer without a list there is an item itself.
    seed, share
        Which share of the items.
    binary
        Whether it is written as CBOR, which cannot say all that JSON can.
    """
    items = answer.get(key)
    if not isinstance(items, list):
        return _item(answer, seed, share, binary)
    return {**answer, key: [_item(item, seed, share, binary) for item in items]}


def _item(item: Any, seed: int, share: float, binary: bool) -> Any:
    chance = random.Random(f"{seed}/{json.dumps(item, sort_keys=True, default=str)}")
    if chance.random() >= share:
        return item
    value = chance.choice([value for value in ODD if not binary or _sayable(value)])
    if isinstance(value, str):
        value = value.replace("#", f"{chance.randrange(10**6):06d}")
    return put(item, chance.choice([(), *paths(item)]), value)


def _sayable(value: Any) -> bool:
    return value != HALF and not (type(value) is int and value.bit_length() > 63)


def hide(answer: dict[str, Any], key: str, seed: int, share: float) -> None:
    """Say of a share of the things that were asked for that they are not there, as ECS does of what is too new."""
    if "failures" not in answer or not answer[key]:
        return
    (name,) = (name for name in ("serviceDeploymentArn", "serviceRevisionArn") if name in answer[key][0])
    hidden = [item for item in answer[key] if random.Random(f"{seed}/{item[name]}").random() < share]
    answer[key] = [item for item in answer[key] if item not in hidden]
    answer["failures"] += [{"arn": item[name], "reason": "MISSING"} for item in hidden]
