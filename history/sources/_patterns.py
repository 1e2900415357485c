"""Names chosen by patterns, as people write them in a config.

Not here: the config itself (`history.collecting.config`).
"""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator

from waves.files.documents import shown
from waves.nouns import Text

_WILD = re.compile(r"[*?\[]")


def _pattern(value: str) -> str:
    own = value.removeprefix("!")
    if re.search(r"\[(?!.+\])", own):
        raise ValueError(f"pattern {shown(value)} has a [ that no ] closes; close it, or write [[] for the character")
    if own.startswith("^") or own.endswith("$") or ".*" in own:
        raise ValueError(f"pattern {shown(value)} is a regular expression; write it as file names are, such as store-*")
    return value


Patterns = tuple[Annotated[Text, AfterValidator(_pattern)], ...]


class Patterned:
    """Names filtered by patterns, remembering which patterns matched nothing.

    Parameters
    ----------
    patterns : sequence of str
        As in the config; a name is taken if a pattern without ``!`` matches it and none with ``!`` does.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        self._taken = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
        self._refused = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
        self._idle = set(self._taken)

    def __call__(self, name: str) -> bool:
        """Say whether a name is taken."""
        matching = [pattern for pattern in self._taken if fnmatch.fnmatchcase(name, pattern)]
        self._idle.difference_update(matching)
        return bool(matching) and not any(fnmatch.fnmatchcase(name, pattern) for pattern in self._refused)

    @property
    def exact(self) -> tuple[str, ...] | None:
        """The names themselves, where no pattern has a wildcard or excludes."""
        if self._refused or any(_WILD.search(pattern) for pattern in self._taken):
            return None
        return tuple(self._taken)

    @property
    def idle(self) -> list[str]:
        """The patterns that have matched nothing so far."""
        return sorted(self._idle)

    @staticmethod
    def text(patterns: Iterable[str]) -> str:
        """Write patterns as one short text, the same whatever their order."""
        return " ".join(sorted(set(patterns)))
