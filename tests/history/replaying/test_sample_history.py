"""The sample history, from AWS's own words through the join: replayed, and held against what really was wrong.

The truth stands in data/history/truth.json, which no part of a replay reads. Not here: single formulas
(``test_conditioning``), records without AWS (``test_twins``).
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import history
import simulation
from history.replaying.reading import read
from history.replaying.records import PEOPLE
from history.replaying.worlds import choose
from waves import Plan, all_at_once

DATA = Path(__file__).parents[3] / "data"
CLOCKS = 0.1  # minutes: those of the stand-in differ by seconds
KNOWN = {"starts spread within a wave", "a wave began before the one before it had baked"}


@pytest.fixture(scope="module")
def scenario() -> simulation.Scenario:
    return simulation.sample("storefront")


def used_plan() -> Plan:
    return Plan.read(DATA / "plans" / "six-region-three-wave.yaml").replace(retries=1)


@pytest.fixture(scope="module")
def replayed(scenario: simulation.Scenario) -> Any:
    used = used_plan()
    rollouts = history.rollouts(DATA / "history", fleet=scenario.fleet, plans={"*": used})
    return rollouts, history.replay(rollouts, {"at once": all_at_once(scenario.fleet)}, scenario, used=used, worlds=5)


def test_it_gives_back_what_was_recorded_or_says_why(replayed):
    """All but rollouts that are no rollouts of the model: the nine configurations, whose starts spread."""
    _, found = replayed
    assert set(found.identity.reasons) <= KNOWN
    assert found.identity.worlds - found.identity.kept <= 9 * 5
    assert found.identity.traced - found.identity.started <= 9


def test_every_rollout_is_replayed_or_counted(replayed):
    rollouts, found = replayed
    assert len(rollouts) == found.replayed + sum(found.impossible.values()) + len(found.left_out)
    assert found.replayed >= 370


def test_all_at_once_is_quicker_and_exposes_more(replayed):
    """It has no approval and one bake, and nothing is spared by a halt in the first wave."""
    table = replayed[1].differences.set_index("figure")
    assert float(table["high"]["end_minutes"]) < 0 < float(table["low"]["share_exposed"])


def test_the_truth_under_another_plan_is_the_mean_of_the_worlds(replayed, scenario):
    """The stand-in drew its rollouts by trial from one seed, so what all at once really gives is known."""
    truth = json.loads((DATA / "history" / "truth.json").read_text(encoding="utf-8"))
    plain = {each["commit"]: each["trial"] for each in truth["rollouts"] if not each["dirt"]}
    rollouts, _ = replayed
    other, used = all_at_once(scenario.fleet), used_plan()
    records = read(rollouts, scenario, {"*": used}).groups[0]
    commits = rollouts.frame["commit"].reindex(records.names)
    people = records.alarm == PEOPLE  # set back hours later, which is beyond the model
    records, commits = records.of(commits.isin(list(plain)).to_numpy() & ~people), commits[~people]
    numbers = np.array([plain[each] for each in commits if each in plain])
    real = simulation.run(other, scenario, trials=int(numbers.max()) + 1, seed=truth["seed"], sampling="crude").frame
    worlds = choose(records, scenario, np.arange(len(records)), 11, 19)
    possible = np.array([not text for text in worlds.impossible])
    got = [simulation.run(other, scenario, seed=worlds.seed_of(m), tape=worlds.tape(m)).frame for m in range(19)]
    assert possible.sum() > 300
    for figure in ("share_exposed", "end_minutes"):
        true = real[figure].to_numpy(dtype=float)[numbers]
        drawn = np.array([each[figure].to_numpy(dtype=float) for each in got])
        apart = (drawn.mean(axis=0) - true)[possible]
        assert abs(apart.mean()) <= 4.9 * apart.std() / math.sqrt(len(apart)) + CLOCKS
