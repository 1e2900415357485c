"""What a service answers, minute by minute: requests by the fleet's traffic and the hour, failures by what truly hurts.

Not here: what CloudWatch says of it (`operations.metrics`).
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulation.columns import Harm
from tests.aws_stand_in import names
from tests.aws_stand_in.things import DAY, MINUTE

if TYPE_CHECKING:
    from tests.aws_stand_in.history import History

AT_REST = 2e-4  # the share of requests that fail anyway


def minutes(history: "History", service: str, site: str, start: int, until: int) -> Iterator[tuple[int, int, int]]:
    """Yield each minute (milliseconds, by the region's own clock) with its requests and those of them that fail."""
    hurt = _hurt(history, service, site)
    own = history.traffic[site] / len(history.services)
    for at in range(start // MINUTE * MINUTE, until, MINUTE):
        noise = int(names.code(history.seed, service, site, at, length=16), 16)
        day = 1.0 + 0.3 * math.sin(2 * math.pi * at / DAY)  # more by day, and never the same twice
        requests = round(own * day * (0.95 + 0.1 * (noise % 997) / 997))
        share = AT_REST + sum(_share(harm, (at - pushed) / MINUTE) for pushed, harm in hurt)
        yield at, requests, min(requests, math.floor(requests * share + (noise // 997) % 991 / 991))


def _hurt(history: "History", service: str, site: str) -> list[tuple[int, Harm]]:
    """When each rollout that hurt here was pushed, by the region's clock, and how."""
    found = []
    for rollout in history.truth:
        harm = history.told[rollout.number].hurt.get(site) if rollout.service == service else None
        if harm is not None:
            found.append((rollout.pushed + history.offsets.get(site, 0), harm))
    return found


def _share(harm: Harm, minute: float) -> float:
    """The share of the region's requests that fail in the minute, in the middle of it."""
    return harm.severity * harm.after(minute + 0.5) / harm.share
