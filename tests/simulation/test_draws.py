"""Rule 2 to 4: the address of every draw, recomputed here in plain integers, and what faults draw where."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import simulation.draws
from simulation import Draws, Scenario, run, sample
from simulation.draws import PURPOSES, Purpose, philox, uniform
from tests import builders
from waves import sample as sample_plan

WORD = 0xFFFFFFFF
SEED = 0x0123456789ABCDEF
# Kind of thing (the change 0, a fault 1, a region 2, a gate 3) and purpose: another number would be another world.
TABLE = {
    "build": (0, 0), "build_failure": (0, 1), "reaction": (0, 2), "report": (0, 3),
    "stratum_cell": (0, 4), "stratum_pattern": (0, 5), "complaint": (0, 6), "push": (0, 7),
    "handover": (3, 0), "approval_wait": (3, 2), "rejection": (3, 3),
    "deploy": (2, 0), "deploy_failure": (2, 1), "evidence": (2, 2), "lag": (2, 3), "rollback": (2, 4),
    "rollback_failure": (2, 5), "manual_recovery": (2, 6), "false_alarm": (2, 7),
    "hit": (1, 8), "seen_by_alarms": (1, 9), "severity": (1, 10), "seen_by_check": (1, 11), "onset": (2, 12),
    "seen_by_reviewer": (1, 13), "failed_deploy": (2, 14),
}  # fmt: skip


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 by the paper, in Python integers."""
    (a, b, c, d), (k, j) = counter, key
    for _ in range(10):
        left, right = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (right >> 32) ^ b ^ k, right & WORD, (left >> 32) ^ d ^ j, left & WORD
        k, j = (k + 0x9E3779B9) & WORD, (j + 0xBB67AE85) & WORD
    return [a, b, c, d]


def plain_uniform(seed: int, trial: int, kind: int, purpose: int, index: int, occurrence: int) -> float:
    """Rule 2: u = ((w >> 12) + ½) · 2⁻⁵²; of the two words of w the first is the lower half."""
    block = plain_philox([trial, kind << 24 | index, purpose // 2, occurrence], [seed & WORD, seed >> 32])
    low, high = block[2 * (purpose % 2) : 2 * (purpose % 2) + 2]
    return (((high << 32 | low) >> 12) + 0.5) * 2.0**-52


@pytest.mark.parametrize(
    "counter, key, words",
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([WORD] * 4, [WORD] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, words):
    """The known answers of philox4x32-10 in Random123's `kat_vectors`."""
    wanted = [int(word, 16) for word in words.split()]
    assert [int(word) for word in philox(tuple(counter), tuple(key))] == wanted
    assert plain_philox(counter, key) == wanted


def test_the_table_of_addresses_stands():
    """Rule 2: a number changed in it changes the worlds of every seed."""
    assert {name: tuple(purpose) for name, purpose in PURPOSES.items()} == TABLE


@pytest.mark.parametrize("seed", [0, SEED, 2**64 - 1])
@pytest.mark.parametrize("index, occurrence", [(0, 0), (9_999, 3), (2**24 - 1, 2**32 - 1)])
def test_a_uniform_number_is_a_function_of_its_address(seed, index, occurrence):
    trials = np.array([0, 1, 4711, 2**32 - 1], dtype=np.uint64)
    for kind, number in set(TABLE.values()) | {(2, 8), (2, 9)}:
        got = uniform(seed, trials, Purpose(kind, number), index, occurrence)
        assert got.tolist() == [plain_uniform(seed, int(t), kind, number, index, occurrence) for t in trials]


THREE = builders.fleet(dict.fromkeys("abc", 10.0), labels={"a": ("x",), "c": ("x",)})


def scenario(**fields: Any) -> Scenario:
    return Scenario.model_validate({"fleet": THREE, "deploy": 1.0, **fields})


STRATA = {"stratum_cell", "stratum_pattern"}  # not for worlds: `test_rare.py` has them
SEEN = {"seen_by_alarms", "seen_by_check", "seen_by_reviewer"}
MEANS = {name: 2.0 + i for i, name in enumerate(sorted(set(TABLE) - STRATA - {"hit", "severity", "onset"}))}


@pytest.mark.parametrize("name", sorted(set(TABLE) - STRATA - {"hit", "severity", "onset", "push"} - SEEN))
def test_a_draw_is_the_quantile_at_its_address(name):
    """Rule 2: durations are quantiles at u, yes/no is u < p; regions count in the fleet, gates by their wave."""
    kind, number = TABLE[name]
    index, occurrence = (0 if kind == 0 else 2), (3 if name in ("deploy", "deploy_failure", "failed_deploy") else 0)
    u = [plain_uniform(SEED, trial, kind, number, index, occurrence) for trial in range(5, 40)]
    if name in ("build_failure", "rejection", "deploy_failure", "rollback_failure"):
        scene = scenario(**{f"{name}_probability": 0.4})
        wanted: list[float] = [x < 0.4 for x in u]
        assert True in wanted and False in wanted
    else:
        field = "false_alarms_per_region_day" if name == "false_alarm" else name
        value: Any = 1440 / MEANS[name] if name == "false_alarm" else {"exponential": {"mean": MEANS[name]}}
        scene = scenario(**{field: value})
        wanted = [-MEANS[name] * math.log1p(-x) for x in u]
    got = Draws(scene, SEED, range(5, 40)).column(name, index, occurrence)
    assert got == pytest.approx(wanted, rel=1e-13)


def test_a_push_is_uniform_over_the_allowed_minutes():
    """Rule 25: 9:00 to 10:00 on a Monday and a Tuesday: 60 minutes from the first push on, and 60 from 1440 on."""
    pushes = {"from": "2026-11-02", "to": "2026-11-04", "hours": ["09:00", "10:00"], "zone": "Europe/Berlin"}
    got = Draws(scenario(pushes=pushes), SEED, range(5, 40)).column("push")
    u = [plain_uniform(SEED, trial, 0, 7, 0, 0) for trial in range(5, 40)]
    assert got == pytest.approx([120 * x if x < 0.5 else 1440 + 120 * x - 60 for x in u], rel=1e-13)
    assert Draws(scenario(), SEED, range(2)).column("push") == [0.0, 0.0]


def test_people_who_are_slow_by_day_are_slow_at_night():
    """Rule 2: `reaction_off_hours` is the quantile at the address of `reaction`; left out, `reaction` itself."""
    scene = scenario(reaction={"exponential": {"mean": 2.0}}, reaction_off_hours={"exponential": {"mean": 10.0}})
    draws = Draws(scene, SEED, range(9))
    assert draws.column("reaction_off_hours") == pytest.approx([5 * t for t in draws.column("reaction")], rel=1e-13)
    plain = Draws(scenario(reaction={"exponential": {"mean": 2.0}}), SEED, range(9))
    assert plain.column("reaction_off_hours") == plain.column("reaction")


def test_a_failing_attempt_takes_as_long_as_a_good_one_where_nobody_says():
    """Rule 9; with a value of its own in one region."""
    scene = scenario(deploy={"exponential": {"mean": 2.0}}, regions={"c": {"failed_deploy": 7.0}})
    draws = Draws(scene, SEED, range(3))
    assert draws.column("failed_deploy", 1, 2) == draws.column("deploy", 1, 2)
    assert draws.column("failed_deploy", 2, 2) == [7.0] * 3


def test_regions_with_values_of_their_own_draw_from_those():
    scene = scenario(regions={"c": {"deploy": 7.0}}, lag=3.0)
    draws = Draws(scene, SEED, range(2))
    assert [draws.column("deploy", region) for region in range(3)] == [[1.0, 1.0], [1.0, 1.0], [7.0, 7.0]]
    assert draws.column("lag", 2) == [3.0, 3.0]


def test_what_is_switched_off_never_comes():
    """No report, no false alarms: at infinity."""
    world = Draws(scenario(), SEED, range(1)).world(0)
    assert world.draw("report") == world.draw("false_alarm", 1) == math.inf


FAULT = {"probability": 0.5, "severity": {"empirical": [0.25, 0.5, 1.0]}, "onset": {"exponential": {"mean": 3.0}}}
HALF_SEEN = {**FAULT, "detection_probability": 0.5, "validation_probability": 0.5, "review_probability": 0.5}


@pytest.mark.parametrize(
    "where, kind",
    [("everywhere", 1), ({"label": "x"}, 1), ("each_region", 2)],
    ids=["everywhere", "label", "each_region"],
)
def test_a_fault_draws_once_or_for_each_region(where, kind):
    """Rules 2 to 4: hit, severity and who can see it are an instance's; the onset is always the region's."""
    faults = [{"name": "never", "probability": 0.0}, {**HALF_SEEN, "name": "it", "where": where}]
    draws = Draws(scenario(faults=faults), SEED, range(60))
    hits = 0
    for trial in draws.trials:
        for region in range(3):
            index, occurrence = (1, 0) if kind == 1 else (region, 1)
            u = {
                name: plain_uniform(SEED, trial, kind, TABLE[name][1], index, occurrence)
                for name in ("hit", "severity", "seen_by_alarms", "seen_by_check", "seen_by_reviewer")
            }
            defect = draws.world(trial).defect(region)
            if u["hit"] >= 0.5 or (where == {"label": "x"} and region == 1):
                assert defect is None
                continue
            hits += 1
            onset = plain_uniform(SEED, trial, 2, TABLE["onset"][1], region, 1)
            assert defect is not None and defect.fault == 1
            assert defect.severity == (0.25, 0.5, 1.0)[int(3 * u["severity"])]
            assert (defect.seen_by_alarms, defect.seen_by_check, defect.seen_by_reviewer) == (
                u["seen_by_alarms"] < 0.5,
                u["seen_by_check"] < 0.5,
                u["seen_by_reviewer"] < 0.5,
            )
            assert defect.onset == pytest.approx(-3 * math.log1p(-onset), rel=1e-13)
    assert 30 < hits < 130


def test_among_defects_the_first_listed_counts_and_any_refusal_holds():
    """Rule 3."""
    faults = [
        {"name": "in x", "probability": 1.0, "where": {"label": "x"}},
        {"name": "all", "probability": 1.0},
        {"name": "refused", "probability": 1.0, "where": {"label": "x"}, "effect": "deploy_fails"},
    ]
    for order, defects in ((faults, [0, 1, 0]), (faults[::-1], [1, 1, 1])):
        world = Draws(scenario(faults=order), SEED, range(1)).world(0)
        assert [getattr(world.defect(region), "fault", None) for region in range(3)] == defects
        assert [world.deploy_fails(region) for region in range(3)] == [True, False, True]


def test_any_chunking_gives_the_same_draws():
    scene = sample("storefront")
    whole = Draws(scene, SEED, range(3, 60))
    for name, purpose in TABLE.items():
        if purpose[0] != 1 and name not in STRATA | {"onset"}:
            parts = [Draws(scene, SEED, r).column(name, 1) for r in (range(3, 4), range(4, 41), range(41, 60))]
            assert whole.column(name, 1) == sum(parts, [])
    for trial in (3, 17, 59):
        alone = Draws(scene, SEED, range(trial, trial + 1)).world(trial)
        assert [alone.defect(r) for r in range(6)] == [whole.world(trial).defect(r) for r in range(6)]


def test_a_trial_alone_is_the_trial_among_many():
    """Over the edge of a block of 1024, too."""
    plan, scene = sample_plan("six-region-three-wave"), sample("storefront")
    many = run(plan, scene, trials=1030, seed=3).frame
    for trial in (0, 17, 1023, 1024, 1029):
        alone = run(plan, scene, trials=1, first=trial, seed=3).frame
        assert alone.iloc[0].equals(many.iloc[trial])


@pytest.mark.parametrize("word, u", [(0, 2.0**-53), (WORD, 1 - 2.0**-53)])
def test_uniform_numbers_are_strictly_between_0_and_1(monkeypatch, word, u):
    """The least and the greatest block there can be."""
    block = tuple(np.array([word], dtype=np.uint64) for _ in range(4))
    monkeypatch.setattr(simulation.draws, "philox", lambda counter, key: block)
    assert uniform(0, np.arange(1), Purpose(0, 0), 0, 0).tolist() == [u]
    assert 0 < u < 1 and 1 - u > 0


@pytest.mark.parametrize("seed", [0, 1, SEED, 2**64 - 1])
@pytest.mark.parametrize("name", ["build", "build_failure", "lag", "onset"])
def test_uniform_numbers_are_uniform(seed, name):
    """Kolmogorov and Smirnov at α = 1e-6: D < 2.69 / √n."""
    numbers = uniform(seed, np.arange(100_000, dtype=np.uint64), PURPOSES[name], 1, 0)
    assert stats.kstest(numbers, "uniform").statistic < 0.0085


def test_neighbouring_addresses_are_unrelated():
    """Correlation within 4.892 / √n of 0, for another purpose, region, attempt, trial and seed."""
    n = 100_000
    trials = np.arange(n, dtype=np.uint64)
    here = uniform(5, trials, Purpose(2, 0), 1, 0)
    others = [
        uniform(5, trials, Purpose(2, 1), 1, 0),
        uniform(5, trials, Purpose(2, 2), 1, 0),
        uniform(5, trials, Purpose(1, 0), 1, 0),
        uniform(5, trials, Purpose(2, 0), 2, 0),
        uniform(5, trials, Purpose(2, 0), 1, 1),
        uniform(5, trials + np.uint64(1), Purpose(2, 0), 1, 0),
        uniform(6, trials, Purpose(2, 0), 1, 0),
        uniform(5 + 2**32, trials, Purpose(2, 0), 1, 0),
    ]
    for other in others:
        assert abs(np.corrcoef(here, other)[0, 1]) < 4.892 / math.sqrt(n)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "7", True])
def test_a_seed_out_of_range_is_refused_with_its_range(seed):
    with pytest.raises(ValueError, match=r"seed is .*from 0 to 2\*\*64 - 1"):
        Draws(scenario(), seed, range(1))


def test_trials_out_of_range_are_refused_with_their_range():
    for trials in (range(-1, 3), range(2**32, 2**32 + 1)):
        with pytest.raises(ValueError, match=r"trials .* leave the range 0 to 2\*\*32"):
            Draws(scenario(), 0, trials)


def test_the_last_trial_of_all_is_drawn_and_no_trials_are_no_fault():
    assert len(Draws(scenario(), 0, range(2**32 - 1, 2**32)).column("build")) == 1
    assert Draws(scenario(), 0, range(3, 3)).column("build") == []


def test_a_chance_is_met_strictly_below_it():
    """Rule 2: yes is u < p, so u = p is a no; the next number above it makes it a yes."""
    u = plain_uniform(SEED, 7, *TABLE["build_failure"], 0, 0)
    for chance, wanted in ((u, False), (math.nextafter(u, 1), True)):
        scene = scenario(build_failure_probability=chance)
        assert Draws(scene, SEED, range(7, 8)).column("build_failure") == [wanted]
