"""The table behind the board without a kernel: the estimator's own figures, every grouping once, 16 bits a number."""

import base64
import math
import zlib

import numpy as np
import pytest

import simulation
import waves
from simulation.boards.encoding import encoded
from simulation.boards.figures import differences, estimates
from simulation.boards.remarks import remarks, said_of
from simulation.boards.table import FACTORS, NAMES, groupings, neighbours, table
from tests import builders

SCENARIO, TODAY = simulation.sample("storefront"), waves.sample("six-region-three-wave")


@pytest.fixture(scope="module")
def some():
    """A few groupings with every factor, in few trials, so that some intervals are not known."""
    return table(SCENARIO, TODAY, groupings(6)[::700], whole=False, trials=1024, seed=7)


def test_every_grouping_is_there_once():
    """Their number is that of ordered set partitions, 1, 3, 13, 75, 541, 4683 (OEIS A000670); no wave is empty."""
    assert [len(groupings(n)) for n in range(1, 7)] == [1, 3, 13, 75, 541, 4683]
    found = groupings(5)
    assert len(np.unique(found, axis=0)) == len(found)
    assert all(set(row) == set(range(max(row) + 1)) for row in found.tolist())


def test_its_figures_are_those_of_single_runs(some):
    base = simulation.run(TODAY, SCENARIO, trials=1024, seed=7)
    known = np.array([list(each) for each in estimates(base, 0.95).values()])
    np.testing.assert_allclose(some.base, known, rtol=1e-9)
    for grouping in range(len(some.waves)):
        for f, factor in enumerate(FACTORS):
            own = simulation.run(some.plan(grouping, factor), SCENARIO, trials=1024, seed=7)
            apart, single = differences(base, own, 0.95), estimates(own, 0.95)
            expected = [[*single[name], *apart[name][1:]] for name in NAMES]
            np.testing.assert_allclose(some.numbers[:, :, f, grouping], expected, rtol=1e-9, atol=1e-12)


def test_what_nothing_can_hurt_is_known_without_an_interval_to_speak_of():
    """Without faults no impact is left to chance; what never ships has no time."""
    world = builders.scenario(builders.fleet(), faults=[], build_failure_probability=1.0)
    found = table(world, builders.plan("a", "b c d", bake=5), groupings(4)[:3], whole=False, trials=256)
    assert (found.numbers[:3, :3] == 0).all()
    assert np.isnan(found.numbers[3:, :3]).all()


def test_neighbours_are_one_move_away():
    """Of a | b c: b or c to a, a to them, each alone at each place."""
    found = {tuple(row) for row in neighbours(np.array([[0, 1, 1]], dtype=np.uint16)).tolist()}
    assert found == {
        (0, 1, 1), (0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0),
        (1, 0, 2), (0, 1, 2), (0, 2, 1), (1, 2, 0),
    }  # fmt: skip


def test_it_decodes_within_a_step(some):
    """By the rule in words: whole numbers of steps, high bytes first; ends by distance; the greatest is unknown."""
    text = encoded(some)
    packed = zlib.decompress(base64.b64decode(text["packed"]))
    size = 6 * 5 * len(FACTORS) * text["groupings"]
    high, low = (np.frombuffer(packed, np.uint8, size, at).astype(int) for at in (0, size))
    whole = (256 * high + low).reshape(6, 5, len(FACTORS), -1)
    steps = np.array(text["steps"])[:, :, None, None]
    part = np.where(whole == 65535, np.nan, whole * steps)
    value = part[:, 0]
    apart = value - some.base[:, 0, None, None]
    found = np.stack([value, value - part[:, 1], value + part[:, 2], apart - part[:, 3], apart + part[:, 4]], axis=1)
    assert (np.isnan(found) == np.isnan(some.numbers)).all()
    room = np.broadcast_to(steps[:, :1] + steps, found.shape) / 2 + 1e-12
    assert np.nanmax(np.abs(found - some.numbers) - room) <= 0
    rest = np.frombuffer(packed, np.uint8, offset=2 * size)
    assert not rest[: len(rest) // 2].any()  # nobody has 256 waves
    assert (rest[len(rest) // 2 :].reshape(-1, 6) == some.waves).all()


def test_its_remarks_are_those_of_each_plan(some):
    """Rules on waves by grouping, rules on bakes by factor and number of waves: together those of the plan."""
    asked = waves.Rules.model_validate(
        {"rules": {"max_waves": 2, "first": ["us-east-1"], "min_bake_minutes": 40, "max_share_per_wave": 0.6}}
    )
    groups, bakes = remarks(some, asked)
    for grouping, row in enumerate(some.waves):
        for f, factor in enumerate(FACTORS):
            plan = some.plan(grouping, factor)
            told = [groups["texts"][n] for n in groups["of"][grouping]] + bakes[f][int(row.max())]
            assert sorted(each["text"] for each in told) == sorted(each[2] for each in said_of(plan, some, asked))
            broken = [each["text"] for each in told if each["kind"] == "broken"]
            assert sorted(broken) == sorted(
                f"{each.message}." for each in waves.rule_findings(plan, asked, some.scenario.fleet)
            )
    assert math.isfinite(some.numbers[0, 0, 0, 0])
