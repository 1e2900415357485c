"""Draws: every random number of a rollout has an address, and words become minutes, requests and yes/no here only.

An address is (seed, trial, thing, purpose, occurrence). The number there is a pure function of it (Philox4x32-10), so
any trial can be drawn again alone, in any order, and two plans on one seed meet the same worlds. Engines take draws
as an argument; whatever has the methods of `World` serves. Not here: distributions (``distributions``), what happens
with the numbers (``model``).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.arithmetic import Array
from simulation.distributions import Constant, Exponential
from simulation.engine.layout import SEVERITIES
from simulation.scenario import Scenario
from simulation.windows import PushSpans

Words = NDArray[np.uint64]

CHANGE, FAULT, REGION, GATE = 0, 1, 2, 3


class Purpose(NamedTuple):
    """What a draw is for: the kind of thing it belongs to, and its number among that kind's purposes."""

    kind: int
    number: int


# The one table of addresses. A block of four words serves the purposes 2n (its first two words) and 2n + 1 (its last
# two). What a fault draws once for all its regions stands under the fault; what it draws for each region stands under
# the region, with the same purpose and the fault's number as occurrence.
PURPOSES = {
    "build": Purpose(CHANGE, 0),
    "build_failure": Purpose(CHANGE, 1),
    "reaction": Purpose(CHANGE, 2),
    "report": Purpose(CHANGE, 3),
    "complaint": Purpose(CHANGE, 6),
    "push": Purpose(CHANGE, 7),
    "stratum_cell": Purpose(CHANGE, 4),
    "stratum_pattern": Purpose(CHANGE, 5),
    "handover": Purpose(GATE, 0),
    "approval_wait": Purpose(GATE, 2),
    "rejection": Purpose(GATE, 3),
    "deploy": Purpose(REGION, 0),
    "deploy_failure": Purpose(REGION, 1),
    "evidence": Purpose(REGION, 2),
    "lag": Purpose(REGION, 3),
    "rollback": Purpose(REGION, 4),
    "rollback_failure": Purpose(REGION, 5),
    "manual_recovery": Purpose(REGION, 6),
    "false_alarm": Purpose(REGION, 7),
    "hit": Purpose(FAULT, 8),
    "seen_by_alarms": Purpose(FAULT, 9),
    "severity": Purpose(FAULT, 10),
    "seen_by_check": Purpose(FAULT, 11),
    "onset": Purpose(REGION, 12),
    "seen_by_reviewer": Purpose(FAULT, 13),
    "failed_deploy": Purpose(REGION, 14),
}
YES_NO = {
    "build_failure": "build_failure_probability",
    "rejection": "rejection_probability",
    "deploy_failure": "deploy_failure_probability",
    "rollback_failure": "rollback_failure_probability",
    "hit": "probability",
    "seen_by_alarms": "detection_probability",
    "seen_by_check": "validation_probability",
    "seen_by_reviewer": "review_probability",
}
OF_FAULTS = ("hit", "seen_by_alarms", "severity", "seen_by_check", "onset", "seen_by_reviewer")  # of `fault_column`
# Who reacts slowly by day does so at night: another quantile at one address.
SHARED = {"reaction_off_hours": "reaction"}
# Fields that may be left out, and whose values then count.
LEFT_OUT = {"failed_deploy": "deploy", "reaction_off_hours": "reaction"}
MINUTES_A_DAY = 1440.0


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Return the four words of Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

    Parameters
    ----------
    counter
        Four words, each an integer or an array of them below 2³²; arrays broadcast.
    key
        Two words below 2³².
    """
    a, b, c, d = (np.asarray(word, dtype=np.uint64) for word in counter)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    k, j = key
    for _ in range(10):
        left, right = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b, c, d = (right >> shift) ^ b ^ np.uint64(k), right & low, (left >> shift) ^ d ^ np.uint64(j), left & low
        k, j = (k + 0x9E3779B9) & 0xFFFFFFFF, (j + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def uniform(seed: int, trials: Any, purpose: Purpose, index: int, occurrence: int) -> Array:
    """Return the uniform numbers at an address, one a trial, strictly between 0 and 1.

    Parameters
    ----------
    seed
        An integer from 0 to 2⁶⁴ − 1.
    trials
        The trials' numbers, below 2³²; shape (n,).
    purpose, index, occurrence
        The kind of thing and the purpose; which thing; which occurrence of it.
    """
    key = (seed & 0xFFFFFFFF, seed >> 32)
    block = philox((trials, purpose.kind << 24 | index, purpose.number // 2, occurrence), key)
    low, high = block[:2] if purpose.number % 2 == 0 else block[2:]
    word = high << np.uint64(32) | low
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


@dataclass(frozen=True, slots=True)
class Defect:
    """What a defect is like in one region, in one trial."""

    fault: int
    severity: float
    onset: float
    seen_by_alarms: bool
    seen_by_check: bool
    seen_by_reviewer: bool = False


class Draws:
    """The draws of some trials over one scenario, a column each, made when first asked for and then kept.

    Parameters
    ----------
    scenario
        Whose distributions and probabilities turn words into values.
    seed
        An integer from 0 to 2⁶⁴ − 1.
    trials
        The trials' numbers, each below 2³².
    wrong
        What goes wrong in them, where that is given (``sampling``) and not drawn as it comes.
    tape
        What is known of them already (``tape``).

    Raises
    ------
    ValueError
        For a seed or a trial out of range.
    """

    def __init__(self, scenario: Scenario, seed: int, trials: range, wrong: Any = None, tape: Any = None) -> None:
        check_address(seed, trials)
        self.scenario = scenario
        self.seed = seed
        self.trials = trials
        self._numbers = np.arange(trials.start, trials.stop, dtype=np.uint64)
        self._columns: dict[tuple[str | int, ...], list[Any]] = {}
        if wrong is not None:
            self._impose(wrong)
        if tape is not None:
            self._lay(tape.of(trials))

    def _impose(self, wrong: Any) -> None:
        """Put what goes wrong as it is given at the addresses of what would have been drawn."""
        self._columns["build_failure", 0, 0] = wrong.build.tolist()
        for region, failing in enumerate(wrong.failing):
            self._columns["deploy_failure", region, 0] = failing.tolist()
        for region, stuck in enumerate(wrong.stuck):
            if (stuck >= 0).any():
                rule = self.scenario.of(region, YES_NO["rollback_failure"])
                drawn = self._values(rule, PURPOSES["rollback_failure"], region, 0)
                self._columns["rollback_failure", region, 0] = np.where(stuck < 0, drawn, stuck == 1).tolist()
        for number, fault in enumerate(self.scenario.faults):
            self._grade(number, wrong.severe[number])
            if fault.where == "each_region":
                for region, hits in enumerate(wrong.own_hits[number]):
                    self._columns["hit", REGION, region, number] = hits.tolist()
                continue
            self._columns["hit", FAULT, number, 0] = wrong.hits[number].tolist()
            seen = wrong.seen[number]
            drawn = self._values(fault.detection_probability, PURPOSES["seen_by_alarms"], number, 0)
            self._columns["seen_by_alarms", FAULT, number, 0] = np.where(seen < 0, drawn, seen == 1).tolist()

    def _grade(self, number: int, parts: NDArray[np.int8]) -> None:
        """Draw a fault's severities from the parts of their distribution that are given."""
        if (parts < 0).all():
            return
        own = self.scenario.faults[number].where == "each_region"
        low, high = (np.where(parts < 0, whole, np.array(SEVERITIES)[parts + n]) for n, whole in ((0, 0.0), (1, 1.0)))
        for place in range(len(self.scenario.fleet.regions)) if own else [number]:
            kind, occurrence = (REGION, number) if own else (FAULT, 0)
            where = Purpose(kind, PURPOSES["severity"].number)
            u = low + (high - low) * uniform(self.seed, self._numbers, where, place, occurrence)
            severity = self.scenario.faults[number].severity.quantile(np.minimum(u, 1.0 - 2.0**-53))
            self._columns["severity", kind, place, occurrence] = severity.tolist()

    def _lay(self, tape: Any) -> None:
        """Put what a tape knows over what is drawn."""
        # What stands in for a field that is left out is known first.
        columns = sorted(tape.columns.items(), key=lambda column: column[0].purpose in LEFT_OUT)
        for (purpose, kind, index, occurrence), known in columns:
            if purpose in OF_FAULTS:
                key: tuple[str | int, ...] = (purpose, kind, index, occurrence)
                drawn = self.fault_column(purpose, *((occurrence, index) if kind == REGION else (index, 0)))
            else:
                key, drawn = (purpose, index, occurrence), self.column(purpose, index, occurrence)
            said = known == 1.0 if purpose in YES_NO else known
            self._columns[key] = np.where(np.isnan(known), drawn, said).tolist()

    def world(self, trial: int) -> "World":
        """Return the draws of one of the trials, by its number."""
        return World(self, self.trials.index(trial))

    def column(self, purpose: str, index: int = 0, occurrence: int = 0) -> list[Any]:
        """Return the values at an address, one a trial: minutes, failed requests, or yes/no.

        Parameters
        ----------
        purpose
            A key of `PURPOSES`; the faults' own have methods of their own, and those of strata are not for worlds.
        index
            Which thing: the region's place in the fleet, or the wave's number, each from 0.
        occurrence
            Which attempt, from 0.
        """
        key = (purpose, index, occurrence)
        if key not in self._columns:
            field = YES_NO.get(purpose, purpose)
            where = PURPOSES[SHARED.get(purpose, purpose)]
            if purpose == "push":
                self._columns[key] = self._pushes(where)
                return self._columns[key]
            if purpose == "false_alarm":
                rate = self.scenario.of(index, "false_alarms_per_region_day")
                rule = Exponential(mean=MINUTES_A_DAY / rate) if rate else None
            elif where.kind == REGION:
                rule = self.scenario.of(index, field)
            else:
                rule = getattr(self.scenario, field)
            if rule is None and purpose in LEFT_OUT:
                return self.column(LEFT_OUT[purpose], index, occurrence)
            self._columns[key] = self._values(rule, where, index, occurrence).tolist()
        return self._columns[key]

    def _pushes(self, where: Purpose) -> list[float]:
        spans = PushSpans.of(self.scenario)
        if spans.total == 0.0:
            return [0.0] * len(self.trials)
        return spans.minutes(uniform(self.seed, self._numbers, where, 0, 0)).tolist()

    def fault_column(self, purpose: str, fault: int, region: int) -> list[Any]:
        """Return what a fault draws for a region: its own draw, or the one it shares with others; one value a trial.

        Parameters
        ----------
        purpose
            `hit`, `seen_by_alarms`, `severity`, `seen_by_check`, `seen_by_reviewer` or `onset`.
        fault, region
            The fault's number in the scenario and the region's place in the fleet, each from 0.
        """
        rule = self.scenario.faults[fault]
        where, index, occurrence = PURPOSES[purpose], fault, 0
        if rule.where == "each_region" or where.kind == REGION:
            where, index, occurrence = Purpose(REGION, where.number), region, fault
        key = (purpose, where.kind, index, occurrence)
        if key not in self._columns:
            value = getattr(rule, YES_NO.get(purpose, purpose))
            self._columns[key] = self._values(value, where, index, occurrence).tolist()
        return self._columns[key]

    def hits(self, effect: str, region: int) -> list[int]:
        """Return the number of the first fault with an effect that hits a region, or −1; one a trial."""
        key = (effect, region)
        if key not in self._columns:
            first = np.full(len(self.trials), -1)
            for number, fault in reversed(list(enumerate(self.scenario.faults))):
                if fault.effect == effect and self.scenario.hits(fault, region):
                    first[np.array(self.fault_column("hit", number, region), dtype=bool)] = number
            self._columns[key] = first.tolist()
        return self._columns[key]

    def _values(self, rule: Any, where: Purpose, index: int, occurrence: int) -> NDArray[Any]:
        if rule is None:
            return np.full(len(self.trials), np.inf)
        if isinstance(rule, Constant):
            return np.full(len(self.trials), rule.value)
        u = uniform(self.seed, self._numbers, where, index, occurrence)
        return u < rule if isinstance(rule, int | float) else rule.quantile(u)


class World:
    """The draws of one trial, as an engine asks for them. A replay gives an object with the same methods."""

    __slots__ = ("_draws", "_row")

    def __init__(self, draws: Draws, row: int) -> None:
        self._draws = draws
        self._row = row

    def draw(self, purpose: str, index: int = 0, occurrence: int = 0) -> Any:
        """Return minutes, failed requests or yes/no at an address; see `Draws.column`."""
        return self._draws.column(purpose, index, occurrence)[self._row]

    def deploy_fails(self, region: int) -> bool:
        """Return whether a fault makes every deployment in a region fail."""
        return self._draws.hits("deploy_fails", region)[self._row] >= 0

    def defect(self, region: int) -> Defect | None:
        """Return the defect that counts in a region, or None where the change is sound there."""
        fault = self._draws.hits("defect", region)[self._row]
        if fault < 0:
            return None
        get = self._draws.fault_column
        purposes = ("severity", "onset", "seen_by_alarms", "seen_by_check", "seen_by_reviewer")
        return Defect(fault, *(get(purpose, fault, region)[self._row] for purpose in purposes))


def check_address(seed: int, trials: range) -> None:
    """Refuse a seed or trial numbers that no address can hold.

    Raises
    ------
    ValueError
        Naming the value and its range.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise ValueError(f"seed is {seed!r}; give a whole number from 0 to 2**64 - 1")
    if not 0 <= trials.start <= trials.stop <= 2**32:
        raise ValueError(
            f"trials {trials.start} to {trials.stop} leave the range 0 to 2**32; use fewer, or smaller numbers"
        )
