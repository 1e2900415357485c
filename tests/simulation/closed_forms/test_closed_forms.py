"""The engine against closed forms, where rule 24 says that they hold: |error| < 4.892 standard errors, α = 1e-6.

Traffic shares w sum to 1; wave j adds ω_j, V_j = ω_1 + … + ω_j; everything deploys in d, wave j bakes b_j and is live
at L_j; dwell τ_j = b_j + d, but τ_k = b_k. Alarms have the hazard λ · exposed share; reaction and roll-back take ρ. The
formulas are written out here, from their derivation; ``simulation.exact`` is not asked.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from simulation import Scenario, run
from waves import Fleet, Plan, Region, Wave

LONG = pytest.mark.long
SIZES = [
    ("simpy", 2_000),
    ("compiled", 20_000),
    pytest.param("simpy", 10_000, marks=LONG),
    pytest.param("compiled", 300_000, marks=LONG),
]
ERRORS = 4.892  # standard errors: two-sided, 1e-6
TRAFFIC = 1_000.0


class SetUp(NamedTuple):
    """One rollout to be expected, in the letters of the formulas."""

    shares: tuple[tuple[float, ...], ...]  # by wave, by region
    bakes: tuple[float, ...]
    deploy: float
    rate: float
    rho: float

    @property
    def added(self) -> list[float]:
        return [sum(wave) for wave in self.shares]

    @property
    def total(self) -> list[float]:
        return list(np.cumsum(self.added))

    @property
    def dwell(self) -> list[float]:
        return [bake + self.deploy for bake in self.bakes[:-1]] + [self.bakes[-1]]

    @property
    def live(self) -> list[float]:
        return [self.deploy + sum(self.bakes[:j]) + j * self.deploy for j in range(len(self.bakes))]

    @property
    def clean(self) -> float:
        return len(self.bakes) * self.deploy + sum(self.bakes)

    @property
    def survival(self) -> list[float]:
        """S_0 … S_k."""
        return [
            math.exp(-self.rate * sum(v * tau for v, tau in zip(self.total[:j], self.dwell[:j], strict=True)))
            for j in range(len(self.bakes) + 1)
        ]

    @property
    def stopped(self) -> list[float]:
        """S_{j−1} − S_j: P(alarm while wave j is the newest)."""
        s = self.survival
        return [before - after for before, after in zip(s, s[1:], strict=False)]

    @property
    def held(self) -> float:
        """Σ V_j (S_{j−1} − S_j)."""
        return sum(v * p for v, p in zip(self.total, self.stopped, strict=True))

    @property
    def watched(self) -> list[float]:
        """S_{j−1} (1 − q_j) / (λ V_j): the mean time without an alarm while wave j is the newest."""
        return [p / (self.rate * v) for v, p in zip(self.total, self.stopped, strict=True)]

    def duration(self, p: float) -> float:
        bad = self.deploy + sum(self.watched) + (1 - self.survival[-1]) * self.rho
        return (1 - p) * self.clean + p * bad

    @property
    def minutes_to_detect(self) -> float:
        """From first exposure, given an alarm: summed over waves: the time in it, its censoring, its start."""
        s = self.survival
        total = sum(
            self.watched[j] - self.dwell[j] * s[j + 1] + (self.live[j] - self.live[0]) * self.stopped[j]
            for j in range(len(self.bakes))
        )
        return total / (1 - s[-1])

    def lag_peak(self, delta: float) -> float:
        """E[peak · 1{detected}]."""
        return self.held + sum(w * s * math.expm1(a * delta) for w, s, a in self._joining())

    def lag_extra(self, delta: float) -> float:
        """The bad share-time that the lag adds where an alarm comes."""
        joined = sum(w * s * (math.expm1(a * delta) - a * delta) / a for w, s, a in self._joining())
        return delta * self.held + joined

    def _joining(self) -> list[tuple[float, float, float]]:
        """ω_{j+1}, S_j and a_j = λ V_j for j < k."""
        hazards = [self.rate * v for v in self.total[:-1]]
        return list(zip(self.added[1:], self.survival[1:-1], hazards, strict=True))


GOLDEN = SetUp(((0.05,), (0.25,), (0.70,)), (2.0, 1.0, 1.0), 0.5, 2.0, 0.25)
WIDE = SetUp(((0.02, 0.06), (0.1, 0.12), (0.3, 0.15, 0.25)), (3.0, 0.5, 2.0), 0.25, 1.5, 0.8)
BOTH = {"golden": GOLDEN, "wide": WIDE}


def names(x: SetUp) -> list[list[str]]:
    return [[f"w{w}r{r}" for r in range(len(wave))] for w, wave in enumerate(x.shares)]


def plan(x: SetUp, strategy: str = "blue_green") -> Plan:
    waves = tuple(Wave(regions=tuple(n), bake_minutes=b) for n, b in zip(names(x), x.bakes, strict=True))
    return Plan(waves=waves, strategy=strategy)


def scenario(x: SetUp, partners: tuple[str, str] | None = None, **fields: Any) -> Scenario:
    """Rule 24: evidence exponential with mean fleet traffic / λ everywhere; a certain defect unless said otherwise."""
    first, second = partners or ("", "")
    regions = [
        Region(name=name, traffic=TRAFFIC * share, labels=(name,), failover=second if name == first else None)
        for named, shares in zip(names(x), x.shares, strict=True)
        for name, share in zip(named, shares, strict=True)
    ]
    standard: dict[str, Any] = {
        "fleet": Fleet(regions=tuple(regions)),
        "deploy": x.deploy,
        "faults": [{"name": "common", "probability": 1.0}],
        "evidence": {"exponential": {"mean": TRAFFIC / x.rate}},
        "reaction": 0.4 * x.rho,
        "rollback": 0.6 * x.rho,
        "horizon_minutes": math.inf,
    }
    return Scenario.model_validate({**standard, **fields})


@cache
def given_a_defect(name: str, engine: Any, trials: int) -> pd.DataFrame:
    """Rollouts with a certain defect and an endless horizon, of which several formulas speak."""
    return run(plan(BOTH[name]), scenario(BOTH[name]), trials=trials, seed=101, engine=engine, sampling="crude").frame


def close(values: Any, expected: float) -> bool:
    """Whether the mean of independent values is within 4.892 standard errors of what is expected."""
    sample = np.asarray(values, dtype=float)
    error = sample.std(ddof=1) / math.sqrt(len(sample))
    assert error > 0, "values without spread test nothing"
    return bool(abs(sample.mean() - expected) < ERRORS * error)


def test_the_formulas_give_the_published_golden_case():
    """So that what the engine is held to is what was published."""
    x = GOLDEN
    assert x.survival[2] == pytest.approx(0.31664, abs=5e-6)
    assert x.survival[3] == pytest.approx(0.04285, abs=5e-6)
    assert x.held + x.survival[3] == pytest.approx(0.46635, abs=5e-6)
    assert (1 - x.survival[3]) / x.rate == pytest.approx(0.47857, abs=1e-5)
    assert x.rho * x.held == pytest.approx(0.10587, abs=1e-5)
    assert x.clean == pytest.approx(5.5)
    assert x.duration(0.1) == pytest.approx(5.33584, abs=5e-6)
    assert x._replace(rho=0.0).duration(0.1) == pytest.approx(5.31192, abs=1e-5)
    assert x.minutes_to_detect == pytest.approx(3.03495, abs=1e-5)


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_which_wave_is_the_newest_at_the_alarm(name, engine, trials):
    """P(alarm while wave j is the newest) = S_{j−1} − S_j; P(every region exposed) = S_{k−1}; P(escapes) = S_k."""
    x, frame = BOTH[name], given_a_defect(name, engine, trials)
    for v, p in zip(x.total, x.stopped, strict=True):
        assert close((frame.outcome == "caught") & np.isclose(frame.share_exposed, v), p)
    assert close(np.isclose(frame.share_exposed, 1.0), x.survival[-2])
    assert close(frame.outcome == "escaped", x.survival[-1])
    assert set(frame.outcome) == {"caught", "escaped"}


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_the_share_exposed_at_the_alarm_or_at_the_end(name, engine, trials):
    """E = Σ V_j (S_{j−1} − S_j) + S_k, which is the peak too."""
    x, frame = BOTH[name], given_a_defect(name, engine, trials)
    assert close(frame.peak_share, x.held + x.survival[-1])
    assert close(frame.share_exposed, x.held + x.survival[-1])


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_impact_given_a_defect(name, engine, trials):
    """With an endless horizon, 1/λ + ρ (Σ V_j (S_{j−1} − S_j) + S_k): without roll-back, the waves are not in it."""
    x, frame = BOTH[name], given_a_defect(name, engine, trials)
    assert close(frame.impact_minutes, 1 / x.rate + x.rho * (x.held + x.survival[-1]))


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_what_the_rollback_adds(name, engine, trials):
    """ρ Σ V_j (S_{j−1} − S_j): in the same worlds with and without it, where the defect was caught."""
    x, frame = BOTH[name], given_a_defect(name, engine, trials)
    instant = run(
        plan(x), scenario(x._replace(rho=0.0)), trials=trials, seed=101, engine=engine, sampling="crude"
    ).frame
    added = frame.impact_minutes - instant.impact_minutes
    assert close(added.where(frame.outcome == "caught", 0.0), x.rho * x.held)


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_bad_share_time_up_to_the_alarm_or_the_end(name, engine, trials):
    """(1 − S_k) / λ, with ρ = 0 and the book closed at T."""
    x = BOTH[name]._replace(rho=0.0)
    frame = run(
        plan(x), scenario(x, horizon_minutes=x.clean), trials=trials, seed=102, engine=engine, sampling="crude"
    ).frame
    assert close(frame.impact_minutes, (1 - x.survival[-1]) / x.rate)


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("name", BOTH)
def test_a_clean_rollout_takes_its_deployments_and_bakes(name, engine):
    """T = k d + Σ b_j."""
    frame = run(
        plan(BOTH[name]), scenario(BOTH[name], faults=[]), trials=50, seed=103, engine=engine, sampling="crude"
    ).frame
    assert set(frame.outcome) == {"completed"}
    assert frame.end_minutes.to_numpy() == pytest.approx(BOTH[name].clean)


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_the_time_until_all_is_over(name, engine, trials):
    """E[duration] = (1 − p) T + p (d + Σ S_{j−1} (1 − q_j) / (λ V_j)) + p (1 − S_k) ρ, with the book closed at T."""
    x = BOTH[name]
    seldom = [{"name": "common", "probability": 0.1}]
    for rho in (x.rho, 0.0):
        y = x._replace(rho=rho)
        scene = scenario(y, faults=seldom, horizon_minutes=y.clean)
        frame = run(plan(y), scene, trials=trials, seed=104, engine=engine, sampling="crude").frame
        assert close(frame[["end_minutes", "recovered_minutes"]].max(axis=1), y.duration(0.1))


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_the_time_to_detect(name, engine, trials):
    """From first exposure at L_1, over what was caught."""
    x, frame = BOTH[name], given_a_defect(name, engine, trials)
    caught = frame[frame.outcome == "caught"]
    assert close(caught.detected_minutes - x.live[0], x.minutes_to_detect)


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name, delta", [("golden", 0.4), ("golden", 1.0), ("wide", 0.7)])
def test_alarms_that_lag(name, delta, engine, trials):
    """With δ ≤ min τ, the book closed at T + δ: E[peak · 1{detected}], and the bad share-time that the lag adds.

    It adds to what is detected by then; what is not goes on hurting, everywhere, from T to T + δ.
    """
    x = BOTH[name]._replace(rho=0.0)
    assert delta <= min(x.dwell)
    late = run(
        plan(x),
        scenario(x, lag=delta, horizon_minutes=x.clean + delta),
        trials=trials,
        seed=105,
        engine=engine,
        sampling="crude",
    ).frame
    soon = run(
        plan(x), scenario(x, horizon_minutes=x.clean), trials=trials, seed=105, engine=engine, sampling="crude"
    ).frame
    detected = late.detected_minutes.notna()
    assert close(detected, 1 - x.survival[-1])
    assert close(late.peak_share.where(detected, 0.0), x.lag_peak(delta))
    assert close((late.impact_minutes - soon.impact_minutes).where(detected, 0.0), x.lag_extra(delta))
    whole = (1 - x.survival[-1]) / x.rate + x.lag_extra(delta) + delta * x.survival[-1]
    assert close(late.impact_minutes, whole)


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name, pair", [("golden", (0, 1)), ("golden", (2, 0)), ("wide", (0, 2)), ("wide", (1, 0))])
def test_both_members_of_a_failover_pair_are_bad_at_once(name, pair, engine, trials):
    """S of the wave before the later of theirs."""
    x = BOTH[name]
    partners = (names(x)[pair[0]][0], names(x)[pair[1]][-1])
    frame = run(plan(x), scenario(x, partners), trials=trials, seed=106, engine=engine, sampling="crude").frame
    assert close(frame.failover_hit, x.survival[max(pair)])


def no_alarm_by(x: SetUp, p: Sequence[float], t: float) -> float:
    """Π_r [1 − p_r + p_r exp(−λ w_r (t − L_r)⁺)]."""
    regions = [(w, live) for shares, live in zip(x.shares, x.live, strict=True) for w in shares]
    return math.prod(
        1 - chance + chance * math.exp(-x.rate * w * max(t - live, 0.0))
        for (w, live), chance in zip(regions, p, strict=True)
    )


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("where", ["each_region", "labels"])
def test_independent_regional_defects(where, name, engine, trials):
    """P(no alarm by t), with one probability for each region alike, or one fault a region, by its label."""
    x = BOTH[name]._replace(rate=6.0)
    every = [region for wave in names(x) for region in wave]
    if where == "each_region":
        p = [0.4] * len(every)
        faults: list[dict[str, Any]] = [{"name": "regional", "probability": 0.4, "where": "each_region"}]
    else:
        p = [0.9 / (i + 1) for i in range(len(every))]
        named = zip(every, p, strict=True)
        faults = [{"name": f"in {r}", "probability": chance, "where": {"label": r}} for r, chance in named]
    detected = run(
        plan(x), scenario(x, faults=faults), trials=trials, seed=107, engine=engine, sampling="crude"
    ).frame.detected_minutes
    for t in (x.live[0] + 1.0, x.live[1] + 0.3, x.live[2] + 0.4, x.clean, 2 * x.clean):
        assert close(~(detected <= t), no_alarm_by(x, p, t))


@pytest.mark.parametrize("engine, trials", SIZES)
@pytest.mark.parametrize("name", BOTH)
def test_a_clean_rollout_completes_unless_an_alarm_is_false(name, engine, trials):
    """exp(−φ Σ n_j τ_j) at φ a region and minute, n_j regions live."""
    x, phi = BOTH[name], 0.05
    scene = scenario(x, faults=[], false_alarms_per_region_day=phi * 1440)
    frame = run(plan(x), scene, trials=trials, seed=108, engine=engine, sampling="crude").frame
    live = np.cumsum([len(wave) for wave in x.shares])
    assert close(frame.outcome == "completed", math.exp(-phi * float(live @ np.array(x.dwell))))
    assert set(frame.outcome) == {"completed", "false_alarm"}


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("name", BOTH)
def test_rolling_adds_half_a_deployment_of_exposure_to_a_blind_defect(name, engine):
    """Σ ω_j d / 2, in every rollout; without it, Σ ω_j (H − L_j) up to the horizon H."""
    x, horizon = BOTH[name], 20.0
    blind = [{"name": "blind", "probability": 1.0, "detection_probability": 0.0}]
    scene = scenario(x, faults=blind, horizon_minutes=horizon)
    shifted = sum(w * (horizon - live) for w, live in zip(x.added, x.live, strict=True))
    for strategy, extra in (("blue_green", 0.0), ("rolling", sum(w * x.deploy / 2 for w in x.added))):
        frame = run(plan(x, strategy), scene, trials=20, seed=109, engine=engine, sampling="crude").frame
        assert frame.impact_minutes.to_numpy() == pytest.approx(shifted + extra, abs=1e-9)
        assert set(frame.outcome) == {"escaped"}
