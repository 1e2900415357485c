"""One incident typed by hand: what it gives on paper, what makes it impossible, and what is no incident.

Traffic moves when a deployment of 4 minutes ends, so what a region has gathered is rate × time. Not here: the command
and its page (`tests/wavecast/verbs/test_incident.py`), how records are explained (`test_conditioning`).
"""

import math
from typing import Any

import pytest

import history
from simulation import Scenario
from tests.builders import fleet, plan

FLEET = fleet({"a": 10.0, "b": 20.0}, labels={"b": ("big",)})
USED, AT_ONCE = plan("a", "b", bake=30.0), plan("a b", bake=30.0)
EVERYWHERE: dict[str, Any] = {"name": "bad", "probability": 0.5, "severity": 1.0, "onset": 0.0}


def scene(**fields: Any) -> Scenario:
    """All is known: 100 failed requests raise the alarm at once, and the way back takes two minutes."""
    known: dict[str, Any] = {"fleet": FLEET, "deploy": 4.0, "faults": [EVERYWHERE], "evidence": 100.0, "lag": 0.0}
    known |= {"reaction": 0.0, "rollback": 2.0, "handover": 0.0, "rollback_failure_probability": 0.0, "report": None}
    return Scenario.model_validate(known | fields)


def figures(found: history.Incident, figure: str, *columns: str) -> list[float]:
    (row,) = found.differences[found.differences["figure"] == figure].to_dict("records")
    return [float(row[column]) for column in columns]


def retold(scenario: Scenario | None = None, **typed: Any) -> history.Incident:
    given: dict[str, Any] = {"started": 9, "alarm": 23, "regions": ["a"], "worlds": 50}
    return history.incident(USED, scenario or scene(), {"at once": AT_ONCE}, **given | typed)


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_where_all_is_known_it_is_arithmetic(engine):
    """Region a, hit from minute 13, has lost its 100 requests by 23; at once, b has by 18.

    It was 16 minutes of a third of the traffic; at once it is 11 of that, and 7 (b's way back takes 2) of the rest.
    """
    found = retold(rollback=6, engine=engine)
    assert figures(found, "impact_minutes", "was", "would") == pytest.approx([16 / 3, 11 / 3 + 14 / 3])
    assert figures(found, "end_minutes", "was", "would", "low", "high") == pytest.approx([23, 18, -5, -5])
    assert figures(found, "share_exposed", "was", "would") == pytest.approx([1 / 3, 1])
    assert (found.identity.kept, found.identity.worlds, dict(found.explanations)) == (50, 50, {"evidence": 50})
    assert "+3 fleet-minutes of impact)" in found.sentence


def test_instants_are_minutes_since_the_push_or_since_the_first_deployment():
    by_push = retold(pushed="2026-05-04T10:00:00Z", started="2026-05-04T10:09:00Z", alarm="2026-05-04T12:23:00+02:00")
    assert (by_push.told.started, by_push.told.alarm) == (9, 23)
    assert by_push.as_dict()["differences"] == retold().as_dict()["differences"]
    by_start = retold(started="2026-05-04T10:09:00Z", alarm="2026-05-04T10:23:00Z")
    assert (by_start.told.started, by_start.told.alarm) == (0, 14)


def test_what_nobody_typed_weighs_as_the_alarm_is_likely_in_it():
    """The handover took 0 or 5 minutes, so b has gathered 200 or 100 requests by 57; its alarm has a density of e^-x.

    In units of its mean, 100: e^-2 against e^-1, so 5 minutes have odds of e to 1; a timeline of 20 is none at all,
    as b had no traffic then.
    """
    fault = EVERYWHERE | {"where": {"label": "big"}}
    unsure = scene(faults=[fault], handover={"empirical": [0.0, 5.0, 20.0]}, evidence={"exponential": {"mean": 100.0}})
    found = retold(unsure, alarm=57, regions=["a", "b"], worlds=2_000)
    late = math.e / (1 + math.e)
    assert found.fitting / found.tried == pytest.approx(2 / 3, abs=4.9 * math.sqrt(2 / 9 / found.tried))
    (was,) = figures(found, "impact_minutes", "was")
    # Of the traffic, two thirds were hurt for 10 minutes or for 5, and 2 on the way back.
    assert (12 - was / (2 / 3)) / 5 == pytest.approx(late, abs=4.9 * math.sqrt(late * (1 - late) / 200))
    assert 0 < found.effective <= 2_000


def test_regions_that_were_hurt_rule_out_that_nothing_was_wrong():
    """A false alarm is far more likely than a defect, until somebody says that requests failed."""
    rare = scene(
        faults=[EVERYWHERE | {"probability": 1e-6}],
        evidence={"exponential": {"mean": 100.0}},
        false_alarms_per_region_day=20.0,
    )
    assert retold(rare).explanations["false"] == 50
    hurt = retold(rare, hurt=["a"])
    assert hurt.explanations["evidence"] > 0
    assert figures(hurt, "share_exposed", "was") == pytest.approx([1 / 3])


@pytest.mark.parametrize(
    ("typed", "reason", "still"),
    [
        # b: 9 + 4 + 30 + 4
        ({"regions": ["a", "b"]}, "b is in wave 2 of plan and had traffic at the earliest at minute 47", "33 % under"),
        ({"alarm": 60, "regions": ["b"]}, "a, which is not named, is in wave 1 and had traffic by minute 60", "100 %"),
        ({"alarm": 20, "alarm_region": "a"}, "a had an alarm at a minute at which no defect", "33 % under"),
        ({"alarm": 10}, "a is in wave 1 of plan and had traffic at the earliest at minute 13", "0 % under"),
        ({"rollback": 3, "reaction": 5.0}, "reaction alone takes longer than the 3 minutes of the roll-back", "33 %"),
    ],
)
def test_what_is_impossible_says_why_and_what_can_still_be_said(typed, reason, still):
    own = scene(**{key: typed[key] for key in ("reaction",) if key in typed})
    found = retold(own, **{key: value for key, value in typed.items() if key != "reaction"})
    assert reason in found.impossible and found.sentence.endswith(f"{found.impossible}.")
    told = [each for each in found.sentences if each.startswith("What can still be said")]
    assert len(told) == 1 and still in told[0].replace("\u00a0", " ")
    assert found.differences.empty and found.as_dict()["less_impact"] == {"at once": None}


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ({"alarm": 9}, ["alarm is at minute 9, which is not after the first deployment's start at minute 9"]),
        ({"started": -1}, ["started is minute -1, before the push"]),
        ({"started": "soon"}, ["started is 'soon'; give minutes since the push, or an instant"]),
        ({"started": math.nan}, ["started is nan"]),
        ({"alarm": "2026-05-04T10:23:00Z"}, ["alarm is an instant, and nobody says when the push was"]),
        ({"started": "2026-05-04T10:23"}, ["started is '2026-05-04T10:23', which does not say its zone"]),
        ({"alarm": 1e9}, ["alarm is at minute 1e+09, after the scenario's horizon_minutes"]),
        ({"regions": []}, ["regions is empty"]),
        ({"regions": ["a", "x"], "rollback": 0}, ["regions: 'x' is not of the plan", "rollback is 0; give minutes"]),
        ({"hurt": ["b"]}, ["hurt: 'b' is not among those with traffic at the alarm; there are a"]),
        ({"alarm_region": "b"}, ["alarm_region: 'b' is not among those with traffic at the alarm"]),
        ({"harm": 24}, ["harm is at minute 24; give one from started, minute 9, to alarm, minute 23"]),
        ({"worlds": 1}, ["worlds is 1"]),
    ],
)
def test_what_cannot_be_is_a_line_each(typed, lines):
    with pytest.raises(ValueError) as error:
        retold(**typed)
    said = str(error.value).splitlines()
    assert len(said) == len(lines) and all(line in each for line, each in zip(lines, said, strict=True))
