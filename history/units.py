"""What goes into the store in one piece: a unit's step, the place of a scan.

Not here: how (`history.keeping.statements`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from history.records import Record


class Unit(NamedTuple):
    """What is collected, fails and succeeds by itself: one stream of one region of one account.

    For CodeCatalyst the account is the space, and the region the project.
    """

    account: str
    region: str
    stream: str

    def __str__(self) -> str:
        """Return the unit as one short line."""
        return f"{self.account} {self.region} {self.stream}"


@dataclass(frozen=True)
class Scan:
    """How far a scan page by page has come, for services that know no time filter.

    Attributes
    ----------
    token : str
        The next page.
    begun_at : int
        When the scan began: what it will have seen in full, once it ends.
    horizon_at : int or None
        What began before this is known already; None: go on to the last page.
    oldest_at : int or None
        The start of the oldest record seen.
    disorder : int
        By how much, microseconds, a record was younger than one before it; 0 where all came newest first.
    """

    token: str
    begun_at: int
    horizon_at: int | None
    oldest_at: int | None
    disorder: int


@dataclass(frozen=True)
class Sign:
    """A sign that a finished record goes on after all, such as an action that began after its execution had ended.

    Attributes
    ----------
    kind : type of Record
        What goes on.
    key : tuple of str
        Which of them.
    at : int
        When the sign was given, microseconds: a record that changed later than that needs no sign.
    """

    kind: type[Record]
    key: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Step:
    """What one step found, to be committed in one transaction.

    Attributes
    ----------
    part : str
        The part of the unit: a service, a pipeline, a workflow.
    records : sequence of Record
        What was found.
    covered : (int, int), optional
        From when to when the part is known through this step, UTC microseconds.
    scan : Scan, optional
        Where a scan has come to; None: it has ended, or there is none.
    signs : sequence of Sign
        What it tells of records that are in the store already.
    """

    part: str
    records: Sequence[Record] = ()
    covered: tuple[int, int] | None = None
    scan: Scan | None = None
    signs: Sequence[Sign] = ()
