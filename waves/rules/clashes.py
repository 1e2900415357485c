"""Whether any plan can keep a team's rules for a fleet; where none can, the smallest set of rules that clash.

Splitting a wave breaks no rule but the one on the number of waves: shares, sizes and partners of its parts are those of
the whole or less. So without `max_waves` the finest grouping that the pins allow decides, for any fleet. With it the
question is one of packing and colouring, which a search decides that counts its steps (``packing``); where those do not
suffice, the answer is that nobody knows. Not here: a given plan held against the rules
(``written``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from waves.files.documents import Finding
from waves.fleet import Fleet
from waves.rules.packing import Waves, pack
from waves.rules.written import ROUNDING, PlanRules, Rules, broken

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
MOST = 20_000  # region × wave pairs up to which it is searched


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
        With the regions of each wave; without any where no grouping keeps the rules, or where the search gave up.
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
    """Search for a grouping into at least as many waves as have approvals, and at most `max_waves`."""
    most = min(rules.max_waves or len(fleet.names), len(fleet.names))
    if most < max(2, *rules.approval_before, 0):
        return NONE  # one wave was tried
    if len(fleet.names) * most > MOST:
        return NOBODY_KNOWS
    linked = _linked(rules, fleet)
    for group in linked if len(linked) > 1 else ():  # one that cannot be alone need not be tried among all others
        if len(group) > 1 and _search(rules, fleet, group, most) is NONE:
            return NONE
    return _search(rules, fleet, [name for group in linked for name in group], most)


def _search(rules: PlanRules, fleet: Fleet, names: Sequence[str], most: int) -> Answer:
    """Pack some regions, in this order, into at most so many waves; once tightly, once evenly."""
    whole = len(names) == len(fleet.names)
    for even in (False, True):
        waves = _pinned(rules, fleet, most, even)
        if waves is None:
            return NONE
        regions = [(name, fleet.shares[name]) for name in names if not waves.has(name)]
        found = pack(waves, regions, all_of_them=whole)
        if found is not None:
            return _answer(waves, rules, fleet, whole=whole) if found else NONE
    return NOBODY_KNOWS


def _pinned(rules: PlanRules, fleet: Fleet, most: int, even: bool) -> Waves | None:
    """Return waves with nobody but the pinned regions in them; None where those do not fit."""
    share = rules.max_share_per_wave or 1.0
    room = [share + ROUNDING] * most
    room[0] = min(share, rules.max_first_wave_share or 1.0) + ROUNDING
    partners = _partners_of(fleet) if rules.partners_apart else dict.fromkeys(fleet.names, set[str]())
    ends = bool(rules.first), bool(rules.last)
    waves = Waves(room, rules.max_regions_per_wave or len(fleet.names), partners, ends, even)
    for name, w in {**dict.fromkeys(rules.first, 0), **dict.fromkeys(rules.last, most - 1)}.items():
        if not waves.fits(name, fleet.shares[name], w):
            return None
        waves.put(name, fleet.shares[name], w)
    return waves


def _answer(waves: Waves, rules: PlanRules, fleet: Fleet, *, whole: bool) -> Answer:
    groups = [tuple(name for name in fleet.names if name in each) for each in map(set, waves.members) if each]
    if not whole:
        return Answer(tuple(groups))
    split = _split(groups, rules)
    return Answer(split) if _keeps(split, rules, fleet) else NOBODY_KNOWS  # a sum of shares on the very edge


def _linked(rules: PlanRules, fleet: Fleet) -> list[list[str]]:
    """Return the regions in groups of partners, most traffic first in each, the largest groups first."""
    partners, seen = (_partners_of(fleet) if rules.partners_apart else {}), set[str]()
    groups = []
    for each in sorted(fleet.regions, key=lambda each: -each.traffic):
        group, waiting = [], [each.name]
        while waiting:
            name = waiting.pop(0)
            if name not in seen:
                seen.add(name)
                group.append(name)
                waiting += sorted(partners.get(name, ()), key=lambda each: -fleet.shares[each])
        groups.append(group)
    groups = [group for group in groups if group]
    return groups if max(map(len, groups)) > 2 else [sorted(sum(groups, []), key=lambda each: -fleet.shares[each])]


def _partners_of(fleet: Fleet) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in fleet.names}
    for one, other in fleet.pairs:
        found[one].add(other)
        found[other].add(one)
    return found


def _split(groups: list[tuple[str, ...]], rules: PlanRules) -> Groups:
    """Split waves until there are as many as have approvals: that breaks no rule but the one on their number."""
    pinned = {*rules.first, *rules.last}
    while len(groups) < max(rules.approval_before, default=0):
        w, name = next(
            (w, each) for w, group in enumerate(groups) for each in group if len(group) > 1 and each not in pinned
        )
        groups[w] = tuple(each for each in groups[w] if each != name)
        after = w + (w + 1 < len(groups) or not rules.last)
        groups.insert(max(after, int(bool(rules.first))), (name,))
    return tuple(groups)


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
        (``rules-clash``). A warning where the search gave up, so that nobody knows (``rules-undecided``).
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
