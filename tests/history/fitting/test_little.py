"""What a fit says where a history tells little: one clear sentence each, never an interval without a width.

Not here: histories that tell much (``test_fit``, ``test_calibration``).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import history
from tests.history.fitting.calibration import PLAN, base, scenario
from tests.history.fitting.twins import twin
from waves import Fleet

QUIET = {
    "build_failure_probability": 0.0, "rejection_probability": 0.0, "deploy_failure_probability": 0.0,
    "rollback_failure_probability": 0.0, "registry": 0.0, "bad": 0.0, "check": 0.0, "false": 0.0, "seen": 1.0,
}  # fmt: skip
MINUTES = dict.fromkeys(
    ("build", "handover", "approval_wait", "deploy", "failed_deploy", "reaction", "rollback", "manual_recovery"),
    (5.0, 0.5),
)


def seen(count, **shares):
    return twin(PLAN, scenario(MINUTES, QUIET | shares, 3000.0), 4, count)


def fit(rollouts, **options):
    return history.fit(rollouts, base(), used=PLAN, seed=1, draws=200, **options)


def sane(fitted):
    """Every interval has a width, every value is within it, and the scenario is one."""
    frame = fitted.frame
    assert (frame["low"] < frame["estimate"]).all() and (frame["estimate"] < frame["high"]).all()
    assert np.isfinite(frame[["low", "estimate", "high"]].to_numpy(dtype=float)).all() and (frame["low"] > 0).all()
    assert fitted.scenario.digest and len({each.digest for each in fitted.posterior(3)}) == 3
    assert all(why and not why.endswith(".") for why in fitted.cannot_tell.values())
    return fitted


def test_of_no_rollout_nothing_can_be_learnt():
    none = seen(1)
    none = replace(none, frame=none.frame[:0], regions=none.regions[:0], waves=none.waves[:0])
    with pytest.raises(ValueError, match="there are no rollouts in a twin: nothing can be learnt"):
        fit(replace(none, deployments=none.deployments[:0]))


def test_of_one_rollout_something_is_known():
    fitted = sane(fit(seen(1)))
    assert fitted.frame.loc["deploy", "n"] == 3
    assert fitted.frame.loc["deploy_failure_probability", "source"] == "0 of 3 deployments, 2026-01"
    assert fitted.cannot_tell["reaction"] == "the history holds no reaction"


def test_without_a_failure_and_a_bad_change_probabilities_have_an_upper_end():
    """Jeffreys of 0 in n: Beta(½, n + ½), whose upper end is about 2.5 / n."""
    fitted = sane(fit(seen(60)))
    for name, n in (("deploy_failure_probability", 180), ("bad: probability", 60), ("build_failure_probability", 60)):
        row = fitted.frame.loc[name]
        assert row.n == n and 1.5 / n < row.high < 5.0 / n and row.low < 0.01 / n
    assert fitted.cannot_tell["evidence"] == "no alarm rang of which an incident says when harm had begun"


def test_where_nobody_looked_at_alarms_no_alarm_is_no_evidence():
    rollouts = seen(30)
    rollouts.frame["alarm"], rollouts.regions["alarm"] = "unknown", "unknown"
    fitted = sane(fit(rollouts))
    assert "nobody looked" in fitted.cannot_tell["change failure rate"]
    assert "bad: probability" not in fitted.frame.index and fitted.scenario.faults[1] == base().faults[1]
    assert "30 rollouts" not in fitted.remarks  # they are no bad ones either


def test_bad_changes_of_a_time_in_which_nobody_looked_do_not_count_alone():
    """A third of the history was watched; bad changes of before would be seen without the sound ones beside them."""
    rollouts = seen(120, bad=0.25)
    early = (np.arange(120) < 80) & (rollouts.frame["alarm"] == "none").to_numpy() & rollouts.frame["incident"].isna()
    rollouts.frame.loc[early, "alarm"] = "unknown"
    fitted = sane(fit(rollouts))
    row = fitted.frame.loc["bad: probability"]
    assert row.low < 0.25 < row.high and row.n <= 45


def test_a_bad_change_counts_whatever_was_beside_it():
    """A build that failed beside it, or a halt by a false alarm hours after its last deployment, takes none away."""
    rollouts = seen(80, bad=0.3, build_failure_probability=0.3, false=2.0)
    fitted = sane(fit(rollouts, incidents="complete"))
    row = fitted.frame.loc["bad: probability"]
    assert row.n == int((rollouts.frame["regions"] > 0).sum()) < 70
    assert row.source.startswith(f"{int(rollouts.frame['incident'].notna().sum())} bad changes of ")


def test_all_cut_short_says_only_that_they_last_longer():
    rollouts = seen(20)
    rollouts.deployments["status"], rollouts.deployments["finished_at"] = "in_progress", pd.NaT
    fitted = sane(fit(rollouts))
    assert fitted.cannot_tell["deploy"].endswith("deployments were cut short: only that they last longer is known")
    assert fitted.frame.loc["deploy", "high"] > 1000


def test_instants_are_no_durations():
    """Of a table of commits, which end as they begin, no length is learnt, and of a few such rows that of the rest."""
    rollouts = seen(40)
    own = rollouts.deployments
    few = own["finished_at"].mask(own.index % 4 == 0, own["started_at"])
    some = sane(fit(replace(rollouts, deployments=own.assign(finished_at=few))))
    assert some.frame.loc["deploy", "n"] == int((own.index % 4 != 0).sum()) and some.frame.loc["deploy", "low"] > 3
    none = own["finished_at"].mask(own.index % 4 != 0, own["started_at"])
    instants = sane(fit(replace(rollouts, deployments=own.assign(finished_at=none))))
    assert "deploy" not in instants.frame.index and "deployments are instants" in instants.cannot_tell["deploy"]
    assert instants.frame.loc["deploy_failure_probability", "n"] == len(own)


def test_a_person_who_stops_a_deployment_is_no_failure():
    rollouts = seen(40)
    own = rollouts.deployments
    at = own["started_at"] + pd.Timedelta(minutes=3)
    stopped = (own.index % 4 == 0) & (own["finished_at"] > at)
    own["status"], own["finished_at"] = own["status"].mask(stopped, "stopped"), own["finished_at"].mask(stopped, at)
    fitted = sane(fit(rollouts))
    ended, cut = int((~stopped).sum()), int(stopped.sum())
    assert cut > 20
    assert fitted.frame.loc["deploy_failure_probability", "source"].startswith(f"0 of {ended} deployments")
    row = fitted.frame.loc["deploy"]
    assert row.source.endswith(f"{cut} of them cut short") and row.low < 5 < row.high


def test_what_ended_before_it_began_is_left_out_and_counted():
    rollouts = seen(20)
    own = rollouts.deployments
    own["finished_at"] = own["finished_at"].mask(own.index < 7, own["started_at"] - pd.Timedelta(minutes=5))
    fitted = sane(fit(rollouts))
    assert fitted.frame.loc["deploy", "n"] == 53
    assert any(each.startswith("7 deployments left out of durations: ended before") for each in fitted.remarks)


def test_any_seed_is_taken():
    assert sane(history.fit(seen(3), base(), seed=2**64 - 1, draws=100)).seed == 2**64 - 1


def test_regions_of_another_fleet_are_left_out_and_counted():
    other = base().replace(fleet=Fleet.model_validate({"regions": [{"name": "north", "traffic": 10.0}]}))
    fitted = history.fit(seen(10), other, draws=200)
    assert fitted.frame.loc["deploy", "n"] == 10
    assert "20 deployments left out: of regions that fleet fleet does not have." in fitted.remarks
    far = base().replace(fleet=Fleet.model_validate({"name": "far", "regions": [{"name": "moon", "traffic": 10.0}]}))
    with pytest.raises(ValueError, match=r"none of the regions of a twin \(east, north, west\) is in fleet far"):
        history.fit(seen(2), far)


def test_a_late_way_back_is_not_the_alarms():
    """An alarm two days before people went back did not make them: it meant nothing, and is no reaction."""
    rollouts = seen(30, bad=0.3, check=0.0)
    bad = rollouts.frame.index[rollouts.frame["alarm"] == "fired"]
    quick = fit(rollouts)
    rollouts.frame.loc[bad, "rollback_started_at"] += pd.Timedelta(days=2)
    late = fit(rollouts)
    assert quick.frame.loc["reaction", "n"] == len(bad) and "reaction" not in late.frame.index
    assert late.frame.loc["bad: probability", "n"] == quick.frame.loc["bad: probability", "n"]  # people set them back


def test_with_metrics_severity_is_learnt_and_without_it_is_named():
    """Half of the requests on the new version fail, of those since harm began; a thousandth failed before."""
    rollouts = seen(60, bad=0.3, check=0.0)
    assert "severity stays the base's" in fit(rollouts).cannot_tell["severity"]
    regions, frame = rollouts.regions, rollouts.frame
    traffic = regions["region"].map({"north": 1e3, "west": 2e3, "east": 3e3})
    until = regions["rollback_started_at"].fillna(regions["watched_until"])
    took = (until - regions["started_at"]).dt.total_seconds() / 60
    hurt = regions["rollout"].map(frame["incident"]).notna()
    ramp = ((regions["ended_at"] - regions["started_at"]).dt.total_seconds() / 60).where(
        regions["status"] == "succeeded"
    )
    served = (took - ramp.fillna(took) / 2).clip(lower=0)
    regions["requests"], regions["metrics_minutes"] = traffic * took, took
    regions["failed_requests"] = (0.5 * traffic * served).where(hurt, 0.0) + 0.001 * regions["requests"]
    regions["requests_before"], regions["failed_requests_before"] = 60 * traffic, 0.06 * traffic
    fitted = sane_but_severity(fit(rollouts))
    row = fitted.frame.loc["bad: severity"]
    assert row.estimate == pytest.approx(0.5, abs=0.02) and row.n >= 10
    assert "which fault is how severe" in fitted.cannot_tell["severity"]
    assert fitted.scenario.faults[1].severity.mean == pytest.approx(0.5, abs=0.05)


def test_failures_of_ever_are_no_severity():
    """A tenth of all requests fails, before and after: that some hundreds more of millions do is chance."""
    rollouts = seen(60, bad=0.3, check=0.0)
    regions, rng = rollouts.regions, np.random.default_rng(7)
    size = len(regions)
    regions["metrics_minutes"], regions["requests"], regions["requests_before"] = 60.0, 1e6, 1e6
    regions["failed_requests"], regions["failed_requests_before"] = rng.poisson(1e5, (2, size)).astype(float)
    fitted = fit(rollouts)
    assert "bad: severity" not in fitted.frame.index
    assert "unseen" not in fitted.cannot_tell["severity"] and "metrics measured" not in fitted.cannot_tell["severity"]


def sane_but_severity(fitted):
    frame = fitted.frame.drop("bad: severity")
    assert (frame["low"] < frame["high"]).all() and fitted.scenario.digest
    return fitted


def test_an_unknown_word_for_incidents_is_refused():
    with pytest.raises(ValueError, match="incidents is 'all'; say complete or partial"):
        fit(seen(2), incidents="all")
    with pytest.raises(ValueError, match="seed is -1"):
        history.fit(seen(2), base(), seed=-1)


def test_it_shows_itself_in_one_line_and_in_pictures():
    fitted = fit(seen(12, bad=0.4))
    assert repr(fitted).startswith("<Fitted: ") and len(repr(fitted)) <= 200
    assert "Cannot be told" not in fitted.html_table and "<table " in fitted._repr_html_()
    for what in ("durations", "waits", "services", "detection"):
        assert fitted.plot(what).title
    with pytest.raises(ValueError, match="there is no picture of 'pie'; there are durations, waits"):
        fitted.plot("pie")
