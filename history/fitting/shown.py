"""What the pictures of a fit show. Not here: the pictures (`pictures`), how it is found (`fit`)."""

from dataclasses import dataclass, field

from history.fitting.durations import Lasted
from history.fitting.grids import Floats


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen.

    Attributes
    ----------
    lasted : dict of str to Lasted
        Durations, by field.
    services : dict of str to dict
        By what was counted: by service, (how often it happened, how often it could have).
    detection : tuple of (float, str)
        Minutes from harm to what ended the wait, and what that was: alarm, check, customers, or never (by then).
    """

    lasted: dict[str, Lasted] = field(default_factory=dict)
    services: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    detection: tuple[tuple[float, str], ...] = ()

    def curve(self, name: str) -> Floats:
        """Return the minutes of a field that were over, rising."""
        own = self.lasted[name]
        found: Floats = own.minutes[own.done]
        found.sort()
        return found
