"""What is read off one finished rollout: the columns of an outcome, for the rollout and for each region (rules 22 and
23).

Not here: how the rollout came about (``model``), tables and statistics over many of them (``outcomes``).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from simulation.model import Rollout
from simulation.traffic import Path, area, level, stopped

OUTCOMES = ("completed", "escaped", "caught", "false_alarm", "deploy_failed", "rejected", "build_failed")
SHIPPED = ("completed", "escaped")


class Row(NamedTuple):
    """One rollout, in the order of the public columns."""

    outcome: str
    deployed_minutes: float
    end_minutes: float
    detected_minutes: float
    recovered_minutes: float
    regions_exposed: int
    share_exposed: float
    peak_share: float
    impact_minutes: float
    failover_hit: bool
    mixed_minutes: float
    regions_failed: int


@dataclass(frozen=True, slots=True)
class Harm:
    """One region that was hit: its traffic on the new version, and from when until when that hurt."""

    position: int
    share: float
    severity: float
    pieces: Path
    begin: float
    until: float

    @property
    def minutes(self) -> float:
        """How long it hurt."""
        return max(self.until - self.begin, 0.0)

    def before(self, t: float) -> float:
        """Return share × x just before an instant; 0 where it does not hurt then."""
        if not self.begin < t <= self.until:
            return 0.0
        piece = next((piece for piece in reversed(self.pieces) if piece[0] < t), (t, 0.0, t, 0.0))
        return self.share * (level(piece, t) if t < math.inf else piece[3])

    def after(self, t: float) -> float:
        """Return share × x just after an instant; 0 where it does not hurt then."""
        if not self.begin <= t < self.until:
            return 0.0
        return self.share * next((level(piece, t) for piece in self.pieces if piece[0] <= t < piece[2]), 0.0)

    @property
    def exposed(self) -> float:
        """The share of the fleet's traffic that the new version had here at the most."""
        return self.share * max(max(x, y) for _, x, _, y in self.pieces)

    @property
    def impact(self) -> float:
        """∫ share × x × severity dt, in minutes of the whole fleet."""
        return self.share * self.severity * sum(area(piece, self.begin, self.until) for piece in self.pieces)


def paths(rollout: Rollout) -> list[Path]:
    """Return each plan region's x(t) as it was, halt and roll-back included."""
    if rollout.halt == math.inf:
        return rollout.paths
    ways = zip(rollout.paths, rollout.back, rollout.down, strict=True)
    return [stopped(path, rollout.halt, back, down) for path, back, down in ways]


def harms(rollout: Rollout, real: list[Path]) -> list[Harm]:
    """Return the regions that were hit by a defect and served traffic on the new version."""
    found = []
    for site, defect, path in zip(rollout.setting.sites, rollout.defects, real, strict=True):
        if defect is not None and path:
            until = min(rollout.back[site.position], rollout.horizon)
            begin = min(rollout.harm[site.position], until)
            found.append(Harm(site.position, site.share, defect.severity, path, begin, until))
    return found


def row(rollout: Rollout) -> tuple[Row, list[Harm]]:
    """Return a rollout's columns, and the regions it hit."""
    real = paths(rollout)
    found = harms(rollout, real)
    recovered = max((back for back in rollout.back if back < math.inf), default=math.nan)
    measured = Row(
        outcome=rollout.outcome,
        deployed_minutes=_deployed(rollout),
        end_minutes=rollout.end,
        detected_minutes=rollout.detected if rollout.detected < math.inf else math.nan,
        recovered_minutes=recovered,
        regions_exposed=len(found),
        share_exposed=sum((harm.exposed for harm in found), 0.0),
        peak_share=_peak(found, min(rollout.down)),
        impact_minutes=sum((harm.impact for harm in found), 0.0),
        failover_hit=_failover_hit(rollout, found),
        mixed_minutes=_mixed(real, max(rollout.end, 0.0 if math.isnan(recovered) else recovered)),
        regions_failed=len(rollout.failed),
    )
    return measured, found


def _deployed(rollout: Rollout) -> float:
    counted = (path for position, path in enumerate(rollout.paths) if position not in rollout.tolerated)
    last = max((path[-1][0] if path else math.inf for path in counted), default=math.inf)
    return last if last <= rollout.halt and last < math.inf else math.nan


def _peak(found: list[Harm], down: float) -> float:
    """Return the supremum of Σ share × x over hurting regions.

    Up to the way down x only rises while they hurt, so it is just before some region's end, or before the way down;
    later, x only falls, so it may also be just after that begins, as a step may be taken at that very instant, or where
    some region's harm begins.
    """
    hurt = [harm for harm in found if harm.minutes > 0]
    before = {harm.until for harm in hurt} | ({down} if down < math.inf else set())
    after = {harm.begin for harm in hurt if harm.begin >= down} | ({down} if down < math.inf else set())
    sums = [sum(harm.before(t) for harm in hurt) for t in before] + [sum(harm.after(t) for harm in hurt) for t in after]
    return max(sums, default=0.0)


def _failover_hit(rollout: Rollout, found: list[Harm]) -> bool:
    by_position = {harm.position: harm for harm in found}
    for a, b in rollout.setting.pairs:
        if a in by_position and b in by_position:
            x, y = by_position[a], by_position[b]
            if max(x.begin, y.begin) < min(x.until, y.until):
                return True
    return False


def _mixed(real: list[Path], until: float) -> float:
    """Return the minutes in which the plan's regions are neither all at 0 nor all at 1."""
    changes: list[tuple[float, int, int]] = []  # instant, change in regions off 0, change in regions at 1
    for path in real:
        for a, x, b, y in path:
            full = int(x == 1.0 == y)
            changes += [(a, 1, full), (b, -1, -full)]
    changes.sort()
    total, off, full, since = 0.0, 0, 0, 0.0
    for instant, d_off, d_full in changes:
        stop = min(instant, until)
        if stop > since:
            if off > 0 and full < len(real):
                total += stop - since
            since = stop
        off, full = off + d_off, full + d_full
    return total
