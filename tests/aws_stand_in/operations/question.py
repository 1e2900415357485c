"""A question: who asks what of which region, and where a page is to begin. Not here: the answers."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from tests.aws_stand_in.history import History
from tests.aws_stand_in.paging import pick
from tests.aws_stand_in.sessions import Sessions


@dataclass
class Question:
    """What an operation needs to answer.

    Attributes
    ----------
    history
        What there is to tell.
    account, region
        Whose; both empty for CodeCatalyst.
    parameters
        By botocore's input shape; timestamps are aware datetimes.
    start
        Where the page begins; None for the beginning.
    largest
        The most items that the stand-in gives a page, whatever is asked for.
    caller
        The ARN of who asks.
    sessions
        The roles that were assumed.
    """

    history: History
    account: str
    region: str
    parameters: dict[str, Any]
    start: int | None = None
    largest: int | None = None
    caller: str = ""
    sessions: Sessions = field(default_factory=Sessions)

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter."""
        return self.parameters.get(name, default)

    def size(self, name: str, default: int, most: int, error: str) -> int:
        """The size of the page."""
        return pick(self.parameters.get(name), default, most, error, self.largest)


def milliseconds(when: dt.datetime | None) -> int | None:
    """Turn a parameter's instant into milliseconds since 1970."""
    return None if when is None else round(when.timestamp() * 1000)
