"""A history cut at an instant: what lay after it has no say. Tables by hand, joined as any.

Not here: the join itself (`tests/history/joining`), forecasts (``test_backtest``).
"""

import numpy as np
import pandas as pd
import pytest

import history
from history.joining.as_of import as_of
from tests.history.joining.conftest import at, joined, row

REGIONS = ("a", "b", "c")
DAY = 1440.0


def same(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """The columns in which two frames differ."""
    assert len(one) == len(other) and list(one.columns) == list(other.columns)
    pairs = {name: (one[name].astype(object), other[name].astype(object)) for name in one.columns}
    return [name for name, (p, q) in pairs.items() if not ((p == q) | (p.isna() & q.isna())).all()]


def past(rng: np.random.Generator, until: float) -> tuple[list[dict], list[dict]]:
    """Rollouts of three regions, one or two a day: some fail, some ring, some are set back hours later."""
    rows, incidents, start, number = [], [], 0.0, 0
    while start < until:
        digest, when = f"v{number}", start
        trouble = rng.choice(["none", "none", "none", "fails", "rings", "people", "retried"])
        for place, region in enumerate(REGIONS):
            end = when + rng.uniform(4, 9)
            if trouble == "fails" and place == 1:
                rows.append(row(region, digest, when, end, status="failed"))
                break
            if trouble == "retried" and place == 1:
                rows.append(row(region, digest, when, end, status="failed"))
                when, end = end, end + rng.uniform(4, 9)
            told = {"alarm_at": end - 1, "rollback_started_at": end - 0.5, "status": "rolled_back"}
            rows.append(row(region, digest, when, end, **(told if trouble == "rings" and place == 1 else {})))
            if trouble == "rings" and place == 1:
                incidents.append({"id": f"i{number}", "digest": digest, "started_at": at(when), "regions": "[]",
                                  "detected_at": at(end + 30), "mitigated_at": None})  # fmt: skip
                break
            when = end + rng.uniform(20, 60)
        if trouble == "people" and number:
            for region in REGIONS:
                rows.append(row(region, f"v{number - 1}", when + 90, when + 95, kind="rollback"))
        start, number = max(start + rng.uniform(400, 1200), when + 200), number + 1
    return rows, incidents


def until(rows: list[dict], instant: pd.Timestamp, rng: np.random.Generator) -> list[dict]:
    """The same up to an instant; what ends later ends otherwise, and what begins later is another history."""
    kept = []
    for each in rows:
        if each["started_at"] >= instant:
            continue
        own = dict(each)
        if own["finished_at"] > instant:
            own["finished_at"] = instant + pd.Timedelta(minutes=float(rng.uniform(1, 900)))
            own["status"] = str(rng.choice(["succeeded", "failed", "stopped"]))
            for name in ("alarm_at", "rollback_started_at"):
                if pd.notna(own.get(name)) and own[name] > instant:
                    own[name] = None
        kept.append(own)
    later = (instant - at(0)).total_seconds() / 60 + 1
    others, _ = past(rng, 3 * DAY)
    for each in others:
        moved = {name: value + pd.Timedelta(minutes=later) for name, value in each.items()
                 if isinstance(value, pd.Timestamp) and name != "observed_at"}  # fmt: skip
        kept.append(each | moved | {"id": f"later {each['id']}", "digest": f"later {each['digest']}"})
    return kept


@pytest.fixture(scope="module")
def rows() -> tuple[list[dict], list[dict]]:
    return past(np.random.default_rng(4), 16 * DAY)


@pytest.mark.parametrize("number", range(8))
def test_what_lies_after_the_instant_changes_nothing(rows, number):
    """Whatever came later, in the rows that the join reads: the cut is the same, cell by cell."""
    rng = np.random.default_rng(number)
    instant = at(float(rng.uniform(4, 15)) * DAY)
    incidents = rows[1] if number % 2 else None
    known = [each for each in rows[1] if each["started_at"] < instant] if number % 2 else None
    one = as_of(joined(rows[0], incidents), instant)
    other = as_of(joined(until(rows[0], instant, rng), known), instant)
    assert len(one) > 3
    for part in ("frame", "regions", "waves", "deployments"):
        assert not same(*(getattr(each, part).reset_index(drop=part != "frame") for each in (one, other))), part


def test_an_instant_after_everything_changes_nothing(rows):
    whole = joined(*rows)
    cut = as_of(whole, at(400 * DAY))
    assert not same(cut.frame.drop(columns=["end_minutes", "halt_minutes", "run_status"]),
                    whole.frame.drop(columns=["end_minutes", "halt_minutes", "run_status"]))  # fmt: skip
    np.testing.assert_allclose(cut.frame["end_minutes"], whole.frame["end_minutes"], atol=1e-9)
    assert not same(cut.regions, whole.regions)


def test_between_two_regions_a_rollout_is_open():
    """b ends at 50; at 45 it runs, at 30 it has not begun; neither tells of the alarm that rings at 48."""
    rows = [row("a", "v0", -1000), row("b", "v0", -990), row("a", "v1", 0),
            row("b", "v1", 40, 50, status="rolled_back", alarm_at=48, rollback_started_at=48)]  # fmt: skip
    whole = joined(rows)
    assert list(whole.frame["outcome"]) == ["completed", "rolled_back"]
    for minute, regions in ((30, 1), (45, 2)):
        frame = as_of(whole, at(minute)).frame
        assert list(frame["outcome"]) == ["completed", "in_progress"]
        last = frame.iloc[-1]
        assert (last["regions"], last["alarm"], last["censored"]) == (regions, "unknown", True)
        assert pd.isna(last["halted_at"]) and pd.isna(last["rollback_started_at"])
    assert as_of(whole, at(60)).frame.iloc[-1]["outcome"] == "rolled_back"


def test_what_people_took_back_later_was_complete_until_then():
    rows = [row(region, digest, start) for start, digest in ((-3000, "v0"), (0, "v1")) for region in "ab"]
    rows += [row(region, "v0", 600, kind="rollback") for region in "ab"]
    whole = joined(rows)
    assert [as_of(whole, at(minute)).frame["outcome"].iloc[-1] for minute in (300, 700)] == ["completed", "rolled_back"]


def test_an_incident_is_known_from_when_it_was_noticed():
    rows = [row("a", "v0", 0), row("a", "v1", 500)]
    told = [{"id": "i", "digest": "v0", "started_at": at(4), "detected_at": at(90), "mitigated_at": None,
             "regions": "[]"}]  # fmt: skip
    whole: history.Rollouts = joined(rows, told)
    assert as_of(whole, at(60)).frame["incident"].isna().all()
    assert as_of(whole, at(100)).frame["incident"].notna().sum() == 1


def test_before_its_first_deployment_a_history_is_empty():
    cut = as_of(joined([row("a", "v0", 0), row("a", "v1", 500)]), at(-60))
    assert [len(each) for each in (cut.frame, cut.regions, cut.waves, cut.deployments, cut.left_out)] == [0] * 5
