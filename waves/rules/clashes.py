"""Whether any plan can keep a team's rules for a fleet; where none can, the smallest set of rules that clash.

Splitting a wave breaks no rule but the one on the number of waves: shares, sizes and partners of its parts are those of
the whole or less. So without `max_waves` the finest grouping that the pins allow decides, for any fleet. With it the
question is one of packing and colouring, which a solver of whole-number programs decides exactly for fleets of tens of
regions; where it gives up, the answer is that nobody knows. Not here: a given plan held against the rules
(``written``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from waves.files.documents import Finding
from waves.fleet import Fleet, Region
from waves.rules.written import ROUNDING, PlanRules, Rules, broken

if TYPE_CHECKING:
    from scipy.optimize import Bounds

Groups = tuple[tuple[str, ...], ...]
STRUCTURE = (  # the rules that can clash; any plan can bake longer
    "max_waves",
    "max_regions_per_wave",
    "max_share_per_wave",
    "max_first_wave_share",
    "partners_apart",
    "first",
    "last",
    "approval_before",
)
MOST = 20_000  # region × wave pairs up to which the solver is asked
PATIENCE = {"node_limit": 2_000, "time_limit": 2.0}  # branches of its search, and seconds, after which it gives up
INFEASIBLE = 2  # what SciPy says of a program that has no solution


@dataclass(frozen=True)
class Clash:
    """Rules that no plan for the fleet keeps together.

    Attributes
    ----------
    rules
        The clashing rules, by name, with what of each it takes.
    smallest
        Whether it is known that no smaller set of rules clashes.
    """

    rules: PlanRules
    smallest: bool

    def __str__(self) -> str:
        """Name them, each with its value."""
        return ", ".join(f"{key}: {_said(getattr(self.rules, key))}" for key in self.rules.asked)


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


class Answer(NamedTuple):
    """Whether a grouping keeps some rules: one that does, or None; and whether that is known."""

    groups: Groups | None
    known: bool = True


NONE, NOBODY_KNOWS = Answer(None), Answer(None, known=False)


def grouping_that_keeps(rules: PlanRules, fleet: Fleet) -> Answer:
    """Find a grouping of the whole fleet that keeps the rules on who is in which wave.

    Parameters
    ----------
    rules
        Pins name regions of the fleet.
    fleet
        All of its regions get a wave.

    Returns
    -------
    Answer
        With the regions of each wave; without any where no grouping keeps the rules, or where the solver gave up.
    """
    whole = (fleet.names,)
    if _keeps(whole, rules, fleet):
        return Answer(whole)
    finest = _finest(rules, fleet)
    if finest is None:
        return NONE
    if _keeps(finest, rules, fleet):
        return Answer(finest)
    if not _keeps(finest, rules.replace(max_waves=None), fleet):
        return NONE
    return _packed(rules, fleet)


def _keeps(groups: Groups, rules: PlanRules, fleet: Fleet) -> bool:
    enough = max(rules.approval_before, default=0) <= len(groups)
    return enough and next(broken(groups, rules, fleet), None) is None


def _finest(rules: PlanRules, fleet: Fleet) -> Groups | None:
    """Return the grouping of most waves that the pins allow, least traffic first; None where they allow only one."""
    first, last = set(rules.first), set(rules.last)
    free = [each.name for each in sorted(fleet.regions, key=lambda each: each.traffic)]
    free = [name for name in free if name not in first | last]
    groups = [tuple(rules.first)] * bool(first) + [(name,) for name in free] + [tuple(rules.last)] * bool(last)
    return None if first & last or len(groups) < 2 else tuple(tuple(dict.fromkeys(group)) for group in groups)


def _packed(rules: PlanRules, fleet: Fleet) -> Answer:
    """Ask the solver for a grouping into at least two and at most `max_waves` waves."""
    count, most = len(fleet.names), min(rules.max_waves or len(fleet.names), len(fleet.names))
    if most < 2:
        return NONE  # one wave was tried
    if count * most > MOST:
        return NOBODY_KNOWS
    from scipy.optimize import LinearConstraint, milp

    order = sorted(fleet.regions, key=lambda each: -each.traffic)
    found = milp(
        [0.0] * (count * most + most),
        constraints=LinearConstraint(*_program(rules, fleet, order, most)),
        bounds=_where_each_may_be(rules, order, most),
        integrality=[1] * (count * most) + [0] * most,
        options=PATIENCE,
    )
    if found.x is None:
        return NONE if found.status == INFEASIBLE else NOBODY_KNOWS
    home = found.x[: count * most].reshape(count, most).argmax(axis=1)
    wave_of = {each.name: int(w) for each, w in zip(order, home, strict=True)}
    waves = (tuple(name for name in fleet.names if wave_of[name] == w) for w in range(most))
    groups = tuple(wave for wave in waves if wave)
    return Answer(groups) if _keeps(groups, rules, fleet) else NOBODY_KNOWS  # the solver rounds more than we do


def _where_each_may_be(rules: PlanRules, order: Sequence[Region], most: int) -> "Bounds":
    """Bound the unknowns: who[region, wave], whether a region is in a wave; then used[wave], whether anybody is."""
    import numpy as np
    from scipy.optimize import Bounds

    who, used = np.ones((len(order), most)), np.zeros(most)
    for n, each in enumerate(order):
        who[n, n + 2 : most - 1] = 0  # waves between are alike: they come in the order of their greatest regions
        who[n, 1:] *= each.name not in rules.first
        who[n, :-1] *= each.name not in rules.last
    used[[0, -1]] = 1
    return Bounds(np.append(np.zeros(who.size), used), np.append(who.ravel(), np.ones(most)))


def _program(rules: PlanRules, fleet: Fleet, order: Sequence[Region], most: int) -> tuple[Any, Any, Any]:
    """Return the rules as rows of a whole-number program over those unknowns, with the least and most of each row."""
    import numpy as np
    from scipy import sparse

    count = len(order)
    each_wave, each_region = sparse.eye_array(most), sparse.eye_array(count)
    blank = sparse.csr_array((count, most))
    members = sparse.kron(np.ones((1, count)), each_wave)  # how many regions a wave has
    load = sparse.kron([[fleet.shares[each.name] for each in order]], each_wave)
    used = sparse.csr_array(np.append(np.zeros(count * most), np.ones(most))[None])
    rows: list[tuple[Any, Any, Any]] = [
        (sparse.hstack([sparse.kron(each_region, np.ones((1, most))), blank]), 1, 1),  # each region has one wave
        (sparse.hstack([members, -each_wave]), 0, np.inf),  # a wave that is used has one
        (used, max(rules.approval_before, default=1), np.inf),
    ]
    if rules.max_regions_per_wave is not None:
        rows.append((sparse.hstack([members, 0 * each_wave]), 0, rules.max_regions_per_wave))
    if rules.max_share_per_wave is not None or rules.max_first_wave_share is not None:
        share = np.full(most, rules.max_share_per_wave or 1.0)
        share[0] = min(share[0], rules.max_first_wave_share or 1.0)
        rows.append((sparse.hstack([load, 0 * each_wave]), 0, share + ROUNDING))
    if rules.partners_apart and fleet.pairs:
        place = {each.name: n for n, each in enumerate(order)}
        pairs = sparse.lil_array((len(fleet.pairs), count))
        for n, (one, other) in enumerate(fleet.pairs):
            pairs[n, place[one]] = pairs[n, place[other]] = 1
        both = sparse.kron(pairs, each_wave)
        rows.append((sparse.hstack([both, sparse.csr_array((both.shape[0], most))]), 0, 1))
    ends = [[np.broadcast_to(row[side], row[0].shape[0]) for row in rows] for side in (1, 2)]
    return sparse.vstack([row for row, *_ in rows]).tocsc(), np.concatenate(ends[0]), np.concatenate(ends[1])


def clash(rules: PlanRules, fleet: Fleet) -> Clash | None:
    """Return the smallest set of rules that no grouping of the fleet keeps together; None where none is known.

    Parameters
    ----------
    rules
        Pins name regions of the fleet.
    fleet
        All of its regions get a wave. A plan that leaves some out may keep what no plan for all can.
    """
    asked, open_questions = [key for key in STRUCTURE if key in rules.asked], False
    for size in range(1, len(asked) + 1):
        for keys in combinations(asked, size):
            some = PlanRules(**{key: getattr(rules, key) for key in keys})
            answer = grouping_that_keeps(some, fleet)
            if answer.groups is None and answer.known:
                return Clash(_shrunk(some, fleet), not open_questions)
            open_questions |= not answer.known
    return None


def decided(rules: PlanRules, fleet: Fleet) -> bool:
    """Return whether it is known that some grouping keeps the rules, or that none does."""
    return grouping_that_keeps(PlanRules(**{key: getattr(rules, key) for key in STRUCTURE}), fleet).known


def _shrunk(rules: PlanRules, fleet: Fleet) -> PlanRules:
    """Leave out, one by one, the pins and approvals without which the rules still clash."""
    for key in ("approval_before", "first", "last"):
        for entry in getattr(rules, key):
            fewer = rules.replace(**{key: tuple(each for each in getattr(rules, key) if each != entry)})
            answer = grouping_that_keeps(fewer, fleet)
            if answer.groups is None and answer.known:
                rules = fewer
    return rules


def clash_findings(rules: Rules, fleet: Fleet) -> list[Finding]:
    """Say which rules no plan for the fleet can keep together, and which regions the fleet does not have.

    Parameters
    ----------
    rules
        As `Rules.read` gives them.
    fleet
        All of its regions get a wave.

    Returns
    -------
    list of Finding
        Errors: pinned regions that the fleet does not have (``unknown-region``), the smallest set of rules that clash
        (``rules-clash``). A warning where the solver gave up, so that nobody knows (``rules-undecided``).
    """
    strangers = rules.strangers(fleet)
    if strangers:
        return sorted({rules.remark(*row) for row in strangers})
    found = clash(rules.rules, fleet)
    regions = f"the fleet's {len(fleet.names)} regions"
    if found is not None:
        keys = found.rules.asked
        first = min(keys, key=lambda key: rules.remark(("rules", key), "", ""))
        if len(keys) == 1:
            message = f"no plan for {regions} keeps {found}; relax it"
        else:
            fewer = "any fewer of them some plan keeps" if found.smallest else "perhaps fewer clash already"
            message = f"no plan for {regions} keeps these rules together: {found} ({fewer}); relax one of them"
        return [rules.remark(("rules", first), message, "rules-clash")]
    if not decided(rules.rules, fleet):
        message = f"whether any plan for {regions} keeps all of these rules is too much to work out; it is not known"
        return [rules.remark(("rules",), message, "rules-undecided", "warning")]
    return []
