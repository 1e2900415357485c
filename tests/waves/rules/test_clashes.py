"""Rules that no plan can keep together: what the search says, against every ordered grouping there is."""

import random
from collections.abc import Iterator
from itertools import combinations

import pytest

from waves import Fleet, Rules, clash_findings
from waves.rules.clashes import clash, grouping_that_keeps
from waves.rules.packing import Waves, pack
from waves.rules.written import PlanRules, broken

Groups = tuple[tuple[str, ...], ...]


def groupings(names: tuple[str, ...]) -> Iterator[Groups]:
    """Every ordered grouping: 1, 3, 13, 75, 541 of 1 to 5 regions."""
    if not names:
        yield ()
        return
    for rest in groupings(names[1:]):
        for place in range(len(rest) + 1):
            yield (*rest[:place], (names[0],), *rest[place:])
        for place, wave in enumerate(rest):
            yield (*rest[:place], (names[0], *wave), *rest[place + 1 :])


def kept_by_any(rules: PlanRules, fleet: Fleet) -> bool:
    most = max(rules.approval_before, default=0)
    return any(len(each) >= most and not list(broken(each, rules, fleet)) for each in groupings(fleet.names))


def some(luck: random.Random) -> tuple[PlanRules, Fleet]:
    """Up to eight rules, tight enough to clash in more than half of the cases, over one to five regions."""
    names = [f"r{n}" for n in range(luck.randint(1, 5))]
    regions = []
    for name in names:
        others = [each for each in names if each != name]
        partner = {"failover": luck.choice(others)} if others and luck.random() < 0.5 else {}
        regions.append({"name": name, "traffic": luck.choice([1, 2, 3, 5, 10]), **partner})
    pins = tuple(luck.sample(names, min(luck.randint(1, 2), len(names)))), tuple(luck.sample(names, 1))
    choices = {
        "max_waves": luck.randint(1, 4), "max_regions_per_wave": luck.randint(1, 3), "partners_apart": True,
        "max_share_per_wave": luck.choice([0.3, 0.4, 0.5, 0.6, 0.75]), "first": pins[0], "last": pins[1],
        "max_first_wave_share": luck.choice([0.05, 0.1, 0.3, 0.5]), "approval_before": (luck.randint(1, 4),),
    }  # fmt: skip
    return PlanRules(**{k: v for k, v in choices.items() if luck.random() < 0.45}), Fleet(regions=regions)


def test_the_smallest_set_that_clashes_is_found_where_one_does():
    """Against every grouping: whether any keeps the rules; the set clashes, and no smaller one does."""
    luck, clashes = random.Random(5), 0
    for _ in range(120):
        rules, fleet = some(luck)
        answer = grouping_that_keeps(rules, fleet)
        assert answer.known
        assert (answer.groups is not None) == kept_by_any(rules, fleet), (rules, fleet)
        found = clash(rules, fleet)
        if answer.groups is not None:
            assert found is None and not list(broken(answer.groups, rules, fleet))
            assert sorted(sum(answer.groups, ())) == sorted(fleet.names)
            continue
        clashes += 1
        assert found is not None and found.smallest
        assert not kept_by_any(found.rules, fleet)
        for fewer in combinations(rules.asked, len(found.rules.asked) - 1):
            assert kept_by_any(PlanRules(**{key: getattr(rules, key) for key in fewer}), fleet)
    assert 40 < clashes < 110


def of(count: int, **changes: object) -> Fleet:
    return Fleet(regions=[{"name": f"r{n}", "traffic": n + 1, **changes} for n in range(count)])


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"max_waves": 2, "max_regions_per_wave": 2, "partners_apart": True}, {"max_waves", "max_regions_per_wave"}),
        ({"max_first_wave_share": 0.04, "max_regions_per_wave": 3}, {"max_first_wave_share"}),
        ({"max_waves": 3, "approval_before": (2, 4)}, {"max_waves", "approval_before"}),
        (
            {"max_regions_per_wave": 3, "first": ("r5",), "last": ("r1", "r5")},
            {"max_regions_per_wave", "first", "last"},
        ),
        ({"max_first_wave_share": 0.2, "first": ("r0", "r4")}, {"max_first_wave_share", "first"}),
        ({"max_waves": 3, "max_share_per_wave": 0.34}, {"max_waves", "max_share_per_wave"}),
    ],
)
def test_clashes_worked_by_hand(rules, named):
    """Six regions of 1 to 6 parts in 21; the last: 7 of 21 a wave would be needed, 1/3 is, and 6+1, 5+2, 4+3 are it."""
    found = clash(PlanRules(**rules), of(6))
    if rules.get("max_share_per_wave"):
        assert found is None
        found = clash(PlanRules(**rules | {"max_share_per_wave": 0.33}), of(6))
    assert found is not None and set(found.rules.asked) == named and found.smallest


def test_of_pins_and_approvals_only_those_are_named_that_it_takes():
    found = clash(PlanRules(max_first_wave_share=0.2, first=("r0", "r1", "r4"), approval_before=(2,)), of(6))
    assert found is not None and found.rules.first == ("r4",)


def test_a_fleet_of_hundreds_is_decided_without_a_bound_on_waves():
    """Then the finest grouping decides: each region alone."""
    fleet = of(400)
    heaviest = 400 / sum(range(1, 401))
    assert clash(PlanRules(max_share_per_wave=heaviest * 1.001, max_first_wave_share=1e-4), fleet) is None
    assert clash(PlanRules(max_share_per_wave=heaviest * 0.999), fleet) is not None


def test_what_is_too_much_to_work_out_is_said_and_is_no_error():
    fleet = of(2000)
    rules = Rules(rules={"max_waves": 50, "max_share_per_wave": 0.02001})
    (found,) = clash_findings(rules, fleet)
    assert (found.rule, found.severity) == ("rules-undecided", "warning")


def test_what_is_known_depends_on_steps_alone():
    """Two regions of 3 and three of 2 into two waves of 6: greatest first takes more steps than there are regions.

    By hand, fullest wave first: 3 | 3 together, 2 | 2 | 2 into the other: five steps. With partners 0 and 1 apart: 3,
    then 3 in the other wave, 2 in either leaves 1 and 3 of room, the next 2 goes to the other, which leaves 1 and 1.
    """
    regions = [(name, share) for name, share in zip("abcde", (3.0, 3.0, 2.0, 2.0, 2.0), strict=True)]
    alone: dict[str, set[str]] = {name: set() for name in "abcde"}
    assert pack(Waves([6.0, 6.0], 5, alone, (False, False)), regions, steps=5) is True
    assert pack(Waves([6.0, 6.0], 5, alone, (False, False)), regions, steps=4) is None
    apart = alone | {"a": {"b"}, "b": {"a"}}
    assert pack(Waves([6.0, 6.0], 5, apart, (False, False)), regions) is False


def test_an_odd_ring_of_partners_needs_three_waves_among_many_others():
    """By hand: a ring of three is no two waves', however many pairs go before it; with three there are many ways."""
    names = [f"r{n}" for n in range(60)]
    partner = {name: names[n ^ 1] for n, name in enumerate(names)} | {"x": "y", "y": "z", "z": "x"}
    fleet = Fleet(regions=[{"name": name, "traffic": 100, "failover": other} for name, other in partner.items()])
    assert clash(PlanRules(max_waves=2, partners_apart=True), fleet) is not None
    assert clash(PlanRules(max_waves=3, partners_apart=True, approval_before=(3,)), fleet) is None


def test_partners_that_are_too_large_for_the_first_wave_leave_it_to_others():
    """By hand: one of 5 parts in 100 first, then both partners of b, then b with the others."""
    sizes, partner = {"a": 25, "b": 25, "c": 25} | dict.fromkeys("defgh", 5), {"a": "b", "c": "b"}
    regions = [{"name": name, "traffic": size, "failover": partner.get(name)} for name, size in sizes.items()]
    fleet = Fleet(regions=regions)
    rules = PlanRules(max_first_wave_share=0.1, max_waves=3, partners_apart=True)
    assert not list(broken((("d",), ("a", "c"), ("b", "e", "f", "g", "h")), rules, fleet))
    found = grouping_that_keeps(rules, fleet).groups
    assert found is not None and not list(broken(found, rules, fleet)) and clash(rules, fleet) is None


def test_the_finding_stands_at_the_first_of_the_rules_and_names_all(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  min_bake_minutes: 5\n  max_waves: 2\n  max_regions_per_wave: 2\n", encoding="utf-8")
    (found,) = clash_findings(Rules.read(path), of(6))
    assert (found.line, found.rule) == (3, "rules-clash")
    assert "max_waves: 2" in found.message and "max_regions_per_wave: 2" in found.message


def test_a_pinned_region_that_the_fleet_does_not_have_is_named():
    (found,) = clash_findings(Rules(rules={"first": ("r9",)}), of(6))
    assert found.rule == "unknown-region"
