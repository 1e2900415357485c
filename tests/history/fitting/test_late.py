"""Bad changes that people set back after the end of a rollout: alarms do not see all, and what is foretold says so.

Not here: how far draws are from the truth over many fits (``test_calibration``).
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

import history
from history.fitting.defects import shifted
from simulation import SHIPPED, run
from tests.history.fitting.calibration import MINUTES, PLAN, base, scenario
from tests.history.fitting.twins import twin

SHARES = {
    "build_failure_probability": 0.0, "rejection_probability": 0.0, "deploy_failure_probability": 0.02,
    "rollback_failure_probability": 0.0, "registry": 0.0, "bad": 0.2, "check": 0.1, "false": 0.1, "seen": 0.4,
}  # fmt: skip
SLOW = {"exponential": {"mean": 1500}}  # customers: after the end, mostly
TRUE = scenario({name: (median, 0.5) for name, median in MINUTES.items()}, SHARES, 500.0).replace(report=SLOW)
SURE = base().replace(faults=[each.replace(detection_probability=0.95) for each in base().faults], report=SLOW)
COUNT = 300
WORTH = 4.0


@pytest.fixture(scope="module")
def rollouts():
    return twin(PLAN, TRUE, 5, COUNT)


@pytest.fixture(scope="module")
def fitted(rollouts):
    return history.fit(rollouts, SURE, used=PLAN, incidents="complete", seed=1)


def halted(known):
    return float((~run(PLAN, known, trials=4_000, seed=2, sampling="crude").frame["outcome"].isin(SHIPPED)).mean())


def test_halts_come_as_often_as_foretold(fitted):
    """The truth is among the draws; with the base's opinion of who sees a fault it would be below them all."""
    true = halted(TRUE)
    draws = fitted.posterior(20)
    own = np.array([halted(each) for each in draws])
    assert abs(own.mean() - true) < 4.9 * own.std()
    wrong = np.array([halted(_sighted(each)) for each in draws])
    assert own.min() < true < own.max() and true < wrong.min()


def _sighted(known):
    registry, bad = known.faults
    return known.replace(faults=[registry, bad.replace(detection_probability=0.95)])


def test_who_sees_a_fault_is_a_share_of_those_that_somebody_noticed(rollouts):
    """Where alarms need next to nothing, what none saw is blind: a beta of two counts, with incidents or without.

    Those that a check saw, before any alarm could ring, say nothing. the base's 95 % is worth four.
    """
    quick = scenario({name: (median, 0.5) for name, median in MINUTES.items()}, SHARES | {"check": 0.0}, 1.0)
    seen = twin(PLAN, quick, 8, COUNT)
    frame = seen.frame
    alarms = int(((frame["alarm"] == "fired") & frame["incident"].notna()).sum())
    people = frame["halt_cause"] == "people"
    undated = int((people & frame["incident"].isna()).sum())
    assert alarms > 10 and people.sum() > 10 and undated > 3
    found = history.fit(seen, quick.replace(faults=SURE.faults), used=PLAN, incidents="complete", seed=1)
    row = found.frame.loc["bad: detection_probability"]
    a, b = (WORTH * each for each in (0.95, 0.05))  # the base's opinion
    for each, q in ((row.low, 0.025), (row.estimate, 0.5), (row.high, 0.975)):
        assert each == pytest.approx(stats.beta.ppf(q, a + alarms, b + people.sum()), abs=0.02)
    assert row.n == alarms + people.sum()


def test_what_was_set_back_while_nobody_looked_says_nothing_of_alarms(rollouts, fitted):
    """Nor does one say who sees a fault where nobody ever noticed what alarms had not, and there are no customers."""
    frame = rollouts.frame
    people = frame["halt_cause"] == "people"
    unseen = replace(rollouts, frame=frame.assign(alarm=frame["alarm"].mask(people, "unknown")))
    found = history.fit(unseen, SURE, used=PLAN, incidents="complete", seed=1)
    assert found.frame.loc["bad: detection_probability", "low"] > fitted.frame.loc["bad: detection_probability", "high"]
    alarms = twin(PLAN, TRUE.replace(report=None), 5, 60)
    silent = history.fit(alarms, SURE.replace(report=None), used=PLAN, incidents="complete", seed=1)
    assert "bad: detection_probability" not in silent.frame.index
    assert "who can see a fault stays the base's" in silent.cannot_tell["blindness"]


def test_odds_of_all_faults_are_shifted_by_one_factor():
    """Their weighted mean is what is wanted; a base's 1 counts as 0.99."""
    own, weights = np.array([0.5, 0.9, 1.0]), np.array([1.0, 2.0, 1.0])
    found = shifted(own, weights, np.array([0.05, 0.5, 0.9]))
    assert weights @ found / 4.0 == pytest.approx([0.05, 0.5, 0.9], rel=1e-3)
    apart = special.logit(found) - special.logit(np.minimum(own, 0.99))[:, None]
    assert np.ptp(apart, axis=0) == pytest.approx(0.0, abs=1e-9)
