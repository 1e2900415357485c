"""Back tests: right forecasts hold, wrong ones are told so, what lies after an origin has no say in it.

The sample history was drawn from the sample scenario, so that is the right one. Not here: the cut (``test_as_of``), the
scores (``test_scores``), the command (``tests/wavecast/verbs/test_backtest.py``).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import history
import simulation
from history.backtesting.backtest import posterior
from history.joining.as_of import as_of, only
from tests.builders import fleet, plan
from tests.history.joining.conftest import joined, row
from waves import Plan

DATA = Path(__file__).parents[3] / "data"
FORETOLD = ("middle", "low", "high", "last_middle", "past_middle", "past_low", "past_high")


@pytest.fixture(scope="module")
def used() -> Plan:
    return Plan.read(DATA / "plans" / "six-region-three-wave.yaml").replace(retries=1)


@pytest.fixture(scope="module")
def scenario() -> simulation.Scenario:
    return simulation.sample("storefront")


@pytest.fixture(scope="module")
def rollouts(scenario) -> history.Rollouts:
    return history.rollouts(DATA / "history", fleet=scenario.fleet)


def run(rollouts, scenario, used, **options) -> history.Backtest:
    return history.backtest(
        rollouts, scenario, used=used, **{"every": 60, "trials": 1_000, "fit": None, "seed": 3, **options}
    )


def test_the_right_scenario_holds(rollouts, scenario, used):
    """Where the values lie in their forecasts is uniform; 90 % intervals hold nine of ten times."""
    found = run(rollouts, scenario, used)
    own = found.of("end_minutes")
    assert len(own) > 300 and set(found.frame["target"]) == {"end_minutes", "halted", "share_at_halt"}
    assert stats.kstest(own["pit"], "uniform").pvalue > 1e-6
    assert stats.binomtest(int(own["held"].sum()), len(own), 0.9).pvalue > 1e-6
    halted = found.of("halted")
    apart = halted["value"].sum() - halted["middle"].sum()
    sd = np.sqrt((halted["middle"] * (1 - halted["middle"])).sum())
    assert abs(apart) < 4.9 * sd
    total = np.array(found.halts) - halted["middle"].sum()
    assert total == pytest.approx([-1.645 * sd, 1.645 * sd], abs=1.5)  # halts are whole, and draws a thousand
    assert len(found.frame) == 2 * len(own) + len(found.of("share_at_halt"))
    assert found.scored + sum(found.left_out.values()) == len(rollouts) - 30  # nothing vanishes


def test_a_wrong_scenario_is_told_so(rollouts, scenario, used):
    """Deployments that take three times as long, and never fail: too late, and nobody halted as often as foretold."""
    wrong = scenario.replace(deploy={"lognormal": {"median": 18, "p95": 20}}, approval_wait=30.0, faults=[])
    found = run(rollouts, wrong, used, every=180)
    assert found.halts[1] < found.of("halted")["value"].sum() and "halts are foretold too seldom" in str(found)
    own = found.of("end_minutes")
    assert stats.kstest(own["pit"], "uniform").pvalue < 1e-6
    assert any("too narrow" in each for each in found.sentences)
    summary = found.summary.set_index(["target", "forecaster"])["score"]
    assert summary["end_minutes", "model"] > summary["end_minutes", "past"]


def test_what_lies_after_an_origin_changes_no_byte_before_it(rollouts, scenario, used):
    """The same up to an instant, and then what another year brought: what was foretold until then is the same bytes."""
    began = rollouts.frame["started_at"]
    instant = began.sort_values().iloc[150] + pd.Timedelta(minutes=20)
    later = rollouts.frame.index[began >= instant]
    cut = as_of(rollouts, instant)
    others = only(rollouts, later[::2])  # half of what came is not there, and the rest ended an hour later
    others.frame["ended_at"] += pd.Timedelta(hours=1)
    others.deployments["finished_at"] += pd.Timedelta(hours=1)
    other = history.Rollouts(
        frame=pd.concat([cut.frame, others.frame]).astype(rollouts.frame.dtypes),
        regions=pd.concat([cut.regions, others.regions], ignore_index=True),
        waves=pd.concat([cut.waves, others.waves], ignore_index=True),
        deployments=pd.concat([cut.deployments, others.deployments], ignore_index=True),
        left_out=rollouts.left_out, remarks=(), fleet=rollouts.fleet, source=rollouts.source,
    )  # fmt: skip
    one, two = (run(each, scenario, used, every=60, trials=300) for each in (rollouts, other))
    pushed = rollouts.frame["pushed_at"]
    known = rollouts.frame.index[(pushed < instant) & (rollouts.frame["ended_at"] < instant)]
    tables = [
        each.frame[each.frame["rollout"].isin(known) & (each.frame["origin"] < instant)].set_index(
            ["rollout", "target"]
        )[list(FORETOLD)].to_csv()
        for each in (one, two)
    ]  # fmt: skip
    assert tables[0].count("\n") > 150
    assert tables[0] == tables[1]


def test_the_fit_sees_what_was_known_alone(rollouts, scenario, used):
    """Called once an origin, with rollouts that began before; what it gives is what is foretold from."""
    seen = []

    def fit(known, base, plans, seed):
        seen.append((known.frame["started_at"].max(), len(known), plans, seed))
        return [base, base.replace(deploy=60.0)]

    found = run(rollouts, scenario, used, every=120, fit=fit)
    origins = sorted(found.frame["origin"].unique())
    assert len(seen) == len(origins) == 4 and len({seed for *_, seed in seen}) == 4
    assert all(last < origin for (last, *_), origin in zip(seen, origins, strict=True))
    assert found.of("end_minutes")["high"].min() > 250  # three waves of an hour each are in the spread
    assert found.fitted and "a scenario fitted at each origin" in str(found)


def test_it_fits_by_itself(rollouts, scenario, used):
    """Draws of history's own fit, from a scenario that guesses wrong: what was fitted is right by the second origin."""
    wrong = scenario.replace(deploy={"lognormal": {"median": 18, "p95": 20}})
    found = run(rollouts, wrong, used, every=180, fit=posterior)
    own = found.of("end_minutes")
    last = own[own["origin"] == own["origin"].max()]
    assert stats.binomtest(int(last["held"].sum()), len(last), 0.9).pvalue > 1e-6


def small(count: int, halted: int = 0) -> history.Rollouts:
    """Rollouts of one service in a and b, one a day; the first few are rolled back in b."""
    rows = []
    for n in range(count):
        back = {"status": "rolled_back", "alarm_at": 1440 * n + 14, "rollback_started_at": 1440 * n + 14}
        rows += [row("a", f"v{n}", 1440 * n, 1440 * n + 5),
                 row("b", f"v{n}", 1440 * n + 10, 1440 * n + 16, **(back if n < halted else {}))]  # fmt: skip
    return joined(rows, fleet=fleet({"a": 10.0, "b": 30.0}))


def test_of_too_short_a_history_it_says_what_can_still_be_said():
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    found = history.backtest(small(12, 3), own, fit=None)
    assert found.scored == 0 and found.frame.empty and found.summary.empty
    assert found.sentence == (
        "a history too short to be held against forecasts: 12 rollouts of known end, and the first origin needs 30 "
        "before; what can still be said: they took 14 to 16 minutes, 16 in the median, and 3 of 12 were halted (5–57 %)"
    )
    nothing = history.backtest(only(small(3), small(3).frame.index[:0]), own, fit=None)
    assert nothing.sentence.startswith("no rollout of the history ended")
    assert found.plot().title.startswith("A history too short")


def test_without_a_bad_change_it_says_that_it_tells_nothing_of_halts():
    """Gaps: weeks in which nothing was pushed are counted; one service, under its plan as it was."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0, "handover": 5.0})
    late = [row(r, f"w{n}", 60_000 + 1440 * n + 10 * (r == "b"), None) for n in range(12) for r in "ab"]
    early = [row(r, f"v{n}", 1440 * n + 10 * (r == "b"), None) for n in range(20) for r in "ab"]
    whole = joined(early + late, fleet=fleet({"a": 10.0, "b": 30.0}))
    assert len(whole) == 32
    found = history.backtest(whole, own, least=10, trials=200, fit=None)
    assert found.scored > 10 and found.empty >= 2
    assert any(each.startswith("None of ") and "nothing of how far one comes" in each for each in found.sentences)
    assert any("nothing was pushed: skipped" in each for each in found.sentences)
    assert found.of("share_at_halt").empty


def test_what_people_took_back_after_the_end_is_told_and_no_halt():
    """Of 20 that are foretold, every fifth is set back ten hours later."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    rows = [row(r, f"v{n}", 1440 * n + 10 * (r == "b"), None) for n in range(30) for r in "ab"]
    rows += [row(r, f"v{n - 1}", 1440 * n + 600, kind="rollback") for n in range(10, 30, 5) for r in "ab"]
    whole = joined(rows, fleet=fleet({"a": 10.0, "b": 30.0}))
    found = history.backtest(whole, own, least=10, every=10, trials=200, fit=None)
    assert (found.scored, found.later, found.of("halted")["value"].sum()) == (20, 4, 0)
    assert "4 more were set back after the end, which is no halt here." in found.sentences


def test_deployments_are_foretold_to_be_tried_as_often_as_they_were():
    """A plan that says no retry, where each that failed was tried again: halted is who fails twice, (1 − .3²)².

    Before the first failure the plan's word counts, (1 − .3)².
    """
    own = simulation.Scenario.model_validate(
        {"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0, "deploy_failure_probability": 0.3}
    )
    rows = []
    for n in range(40):
        begun = 1440 * n + 10 * (fails := n >= 15 and n % 3 == 0)
        rows += [row("a", f"v{n}", 1440 * n, status="failed")] * fails
        rows += [row("a", f"v{n}", begun), row("b", f"v{n}", begun + 10)]
    found = history.backtest(
        joined(rows, fleet=fleet({"a": 10.0, "b": 30.0})), own, used=plan("a", "b"), least=10, every=10, trials=20_000,
        fit=None,
    )  # fmt: skip
    chances = found.of("halted").groupby("origin")["middle"].first().to_numpy()
    assert chances == pytest.approx([1 - 0.7**2, 1 - 0.91**2, 1 - 0.91**2], abs=0.017)  # 4.9 standard errors
    assert found.retries == {"shop": (plan("a", "b"), 1)} and found.as_dict()["retries"] == {"shop": 1}
    assert any("tried again, up to 1 time, where plan" in each for each in found.sentences)


def test_a_rollout_that_ended_without_a_region_of_its_plan_is_left_out_rather_than_halted():
    """Five of twelve went to a alone, and were through: no end is known of them, and nobody halted them."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    rows = [row(r, f"v{n}", 1440 * n + 10 * (r == "b"), None) for n in range(12) for r in ("ab" if n < 7 else "a")]
    whole = joined(rows, fleet=fleet({"a": 10.0, "b": 30.0}))
    found = history.backtest(whole, own, used=plan("a", "b"), least=4, every=1, trials=100, fit=None)
    assert (found.scored, found.of("halted")["value"].sum(), len(found.known)) == (3, 0, 7)
    assert np.isfinite(found.of("end_minutes")[["interval_score", "score"]]).all(axis=None)
    assert found.left_out["came to an end without all regions of its plan, though nothing halted it"] > 0
    assert found.left_out.total() == 5  # those that the join itself takes for incomplete, too


def test_how_far_a_halted_rollout_had_come_is_the_traffic_of_what_was_through():
    """a has a quarter of the traffic, and was through; b was under way when it was halted."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    found = history.backtest(small(12, 3), own, fit=None).known
    assert list(found["share_at_halt"].dropna()) == [0.25] * 3
    assert list(found["end_minutes"][:3]) == pytest.approx([14.0] * 3)
    assert list(found["halted"]) == [1.0] * 3 + [0.0] * 9


def test_where_deployments_are_instants_minutes_are_unknown_and_halts_are_scored():
    """Twelve that are over as they begin, of which five are foretold: no score of minutes, and the sentence says so."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    rows = [row(r, f"v{n}", at, at) for n in range(12) for r, at in (("a", 1440 * n), ("b", 1440 * n + 10))]
    found = history.backtest(joined(rows, fleet=fleet({"a": 10.0, "b": 30.0})), own, least=7, every=1, trials=100,
                             fit=None)  # fmt: skip
    assert set(found.frame["target"]) == set(found.periods["target"]) == {"halted"} and len(found.frame) == 5
    assert found.sentence.startswith("in 5 of 5 periods the 90 % interval of how many are halted held")
    assert any("how many minutes a rollout did, is unknown, and not scored" in each for each in found.sentences)
    assert any("Halts of each period" in axes.get_title("left") for axes in found.plot().axes)


def test_where_nothing_has_ended_yet_it_says_that_nothing_can_be_foretold():
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    rows = [row(r, f"v{n}", 1440 * n + 10 * (r == "b"), status="in_progress") for n in range(12) for r in "ab"]
    found = history.backtest(joined(rows, fleet=fleet({"a": 10.0, "b": 30.0})), own, least=4, every=1, trials=100)
    assert found.scored == 0 and found.sentence.startswith("no rollout of the history ended")


def test_of_many_periods_so_many_are_foretold_evenly_spread():
    """The first, the last, and what lies half-way; each foretells its own period alone."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    found = history.backtest(small(15), own, least=4, every=1, most=3, trials=100, fit=None)
    assert (found.origins, found.possible) == (3, 11)
    assert found.scored == 3
    origins = found.periods["origin"].drop_duplicates()
    assert (origins - origins.min()).dt.round("D").dt.days.tolist() == [0, 5, 10]
    assert "Of 11 periods 3 were foretold, evenly spread over the history." in found.sentences


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"every": "month"}, "every is 'month'; use 'week' or a number of rollouts"),
        ({"every": 0}, "every is 0"),
        ({"level": 1.0}, "confidence"),
        ({"seed": -1}, "seed is -1"),
        ({"trials": 5}, "trials is 5"),
        ({"least": 1}, "least is 1"),
        ({"most": 0}, "most is 0"),
    ],
)
def test_what_cannot_be_is_refused(options, text):
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    with pytest.raises(ValueError, match=text.replace("(", r"\(")):
        history.backtest(small(12), own, fit=None, **options)


def test_the_clock_of_a_plan_that_is_known_counts_its_last_bake():
    """As replay has it: a rollout ends when its last wave has baked."""
    own = simulation.Scenario.model_validate({"fleet": fleet({"a": 10.0, "b": 30.0}), "deploy": 5.0})
    baked = history.backtest(small(12), own, used=plan("a", "b", bake=(0, 30)), fit=None).known
    assert set(baked["end_minutes"].round(6)) == {46.0}


def test_a_scenario_that_seldom_or_never_lets_a_rollout_begin_is_no_traceback(rollouts, scenario, used):
    """Of twenty draws with five rollouts each, nine of ten builds fail: some draw has none; and then all fail."""
    seldom, never = (scenario.replace(build_failure_probability=p) for p in (0.9, 1.0))
    found = run(rollouts, scenario, used, every=180, trials=100, fit=lambda *_: [seldom] * 20)
    assert found.scored > 300
    found = run(rollouts, never, used, every=180, trials=100)
    assert found.scored == 0 and sum(found.left_out.values()) == len(rollouts) - 30
    assert "no build of it succeeds" in str(found)
