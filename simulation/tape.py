"""Tapes: values at addresses that are known already, for some trials; elsewhere the draw stays.

A replay is draws of which history has fixed some. Not here: the draws (``draws``), how the compiled engine takes a tape
(``engine.tape``), which values a history fixes (that is `history`'s).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from simulation.distributions import Family
from simulation.draws import CHANGE, FAULT, GATE, OF_FAULTS, PURPOSES, REGION, YES_NO, uniform
from simulation.scenario import Scenario

Floats = NDArray[np.float64]
KINDS = ("change", "fault", "region", "gate")
LATER = ("deploy", "deploy_failure", "failed_deploy")  # drawn anew for every attempt


class Address(NamedTuple):
    """Where a draw is: its purpose, the kind of thing and which, and which occurrence; as the table in docs/model.md.

    A fault with `where: each_region` has its draws under the region: kind 2, the fault's number as occurrence.
    """

    purpose: str
    kind: int
    thing: int = 0
    occurrence: int = 0


@dataclass(frozen=True, eq=False)
class Tape:
    """Values at addresses, one a trial.

    Attributes
    ----------
    trials
        The trials' numbers.
    columns
        From an address to its values in the draw's unit, shape (n,): minutes, failed requests, a share, or 1 and 0 for
        yes and no; NaN where the draw stays.

    Raises
    ------
    ValueError
        For an address that no draw has, or values of another shape or out of range.
    """

    trials: range
    columns: Mapping[Address, Floats] = field(repr=False)

    def __post_init__(self) -> None:
        for address, values in self.columns.items():
            _check_address(address)
            if values.shape != (len(self.trials),):
                raise ValueError(f"{_said(address)} has values of shape {values.shape}, for {len(self.trials)} trials")
            yes_no = address.purpose in YES_NO
            wrong = (values != 0) & (values != 1) & ~np.isnan(values) if yes_no else values < 0
            if wrong.any():
                wanted = "1, 0 or NaN" if yes_no else "a number from 0 on, or NaN"
                at = int(np.argmax(wrong))
                raise ValueError(f"{_said(address)} is {values[at]:g} in trial {self.trials[at]}; give {wanted}")

    @property
    def attempts(self) -> int:
        """How many attempts to deploy a region it speaks of, at most."""
        return max((each.occurrence + 1 for each in self.columns if each.purpose in LATER), default=0)

    def of(self, trials: range) -> Self:
        """Return the same for some of the trials.

        Raises
        ------
        ValueError
            For trials that it does not have.
        """
        if trials == self.trials:
            return self
        at = trials.start - self.trials.start
        if at < 0 or trials.stop > self.trials.stop:
            raise ValueError(
                f"the tape has trials {self.trials.start} to {self.trials.stop - 1}, "
                f"not all of {trials.start} to {trials.stop - 1}"
            )
        own = slice(at, at + len(trials))
        return type(self)(trials, {address: values[own] for address, values in self.columns.items()})

    def require(self, scenario: Scenario) -> None:
        """Refuse what a scenario never asks for, so that no value is ignored without a word.

        Raises
        ------
        ValueError
            Naming the address, and what the scenario lacks.
        """
        counts = {CHANGE: 1, FAULT: len(scenario.faults), REGION: len(scenario.fleet.regions)}
        for address in self.columns:
            purpose, kind, index, occurrence = address
            if index >= counts.get(kind, index + 1):
                raise ValueError(f"{_said(address)}: the scenario has {counts[kind]} of its kind; counted from 0")
            if purpose in ("report", "reaction_off_hours") and getattr(scenario, purpose) is None:
                raise ValueError(f"{_said(address)}: the scenario has no {purpose}; give it one, or leave it out here")
            if purpose == "push" and scenario.pushes is None:
                raise ValueError(f"{_said(address)}: the scenario has no pushes; give it some, or leave it out here")
            if purpose in OF_FAULTS:
                number = occurrence if kind == REGION else index
                own = number < counts[FAULT] and scenario.faults[number].where == "each_region"
                if number >= counts[FAULT] or (purpose != "onset" and own != (kind == REGION)):
                    raise ValueError(f"{_said(address)}: no fault of the scenario draws it there; see docs/model.md")
                hits = purpose == "hit" and (self.columns[address] == 1).any()
                if hits and scenario.faults[number].probability == 0:
                    raise ValueError(f"{_said(address)}: it hits, but its probability in the scenario is 0")


def restricted(
    scenario: Scenario, seed: int, trials: Any, rule: Family, where: Address, low: Floats, high: Floats | float = 1.0
) -> Floats:
    """Return draws of which it is known that their uniform number lies between two, at their own addresses.

    Parameters
    ----------
    scenario, seed, trials
        Whose draws, and in which trials, shape (n,).
    rule
        The distribution.
    where
        The address.
    low, high
        The bounds of the uniform number, from 0 to 1: of what has lasted for e already, F(e) and 1.
    """
    purpose = PURPOSES[where.purpose]
    own = purpose._replace(kind=where.kind)
    u = uniform(seed, np.asarray(trials, dtype=np.uint64), own, where.thing, where.occurrence)
    return rule.quantile(np.clip(low + (high - low) * u, 2.0**-53, 1.0 - 2.0**-53))


def _check_address(address: Address) -> None:
    purpose, kind, index, occurrence = address
    known = [name for name in (*PURPOSES, "reaction_off_hours") if not name.startswith("stratum_")]
    if purpose not in known:
        raise ValueError(f"there is no draw {purpose!r}; there are {', '.join(sorted(known))}")
    kinds = {PURPOSES[{"reaction_off_hours": "reaction"}.get(purpose, purpose)].kind}
    if purpose in OF_FAULTS and purpose != "onset":
        kinds.add(REGION)
    if kind not in kinds:
        raise ValueError(f"{purpose} is drawn for a {' or '.join(KINDS[k] for k in sorted(kinds))}, not kind {kind}")
    if index < 0 or occurrence < 0:
        raise ValueError(f"{_said(address)}: index and occurrence count from 0")
    if occurrence and purpose not in (*LATER, *OF_FAULTS):
        raise ValueError(f"{_said(address)}: it is drawn once, its occurrence is 0")


def _said(address: Address) -> str:
    known = KINDS[address.kind] if 0 <= address.kind <= GATE else f"kind {address.kind}"
    return f"{address.purpose} of {known} {address.thing}, occurrence {address.occurrence}"
