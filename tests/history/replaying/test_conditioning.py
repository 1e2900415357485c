"""Four rollouts conditioned by hand: what the formulas of docs/replay.md give on paper, or by SciPy's quadrature.

One region's traffic moves at once when its deployment of 4 minutes ends; so what it has gathered is rate × time. Not
here: rollouts of the model (``test_twins``).
"""

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from history.replaying.records import FIRED, NONE, NOWHERE, PEOPLE, UNKNOWN, Records
from history.replaying.worlds import Conditioned, choose
from simulation import Address, Scenario
from simulation.draws import CHANGE, FAULT, REGION
from tests.builders import fleet, plan
from waves import Plan

COPIES, WORLDS = 300, 20
SURE = 4.9  # standard errors: a red one in a million
ALARM = "a had an alarm"
TWO = {"a": 10.0, "b": 20.0}
BAD: dict[str, Any] = {"name": "bad", "probability": 0.5, "severity": 1.0, "onset": 0.0}


def scene(**fields: Any) -> Scenario:
    return Scenario.model_validate({"fleet": fleet(TWO), "deploy": 4.0, "faults": [BAD], **fields})


def recorded(way: Plan, starts: dict[str, float], halt: float = math.inf, **fields: Any) -> Records:
    """The same rollout many times: where deployments of 4 minutes started, and when it was halted, if at all."""
    hole = lambda *shape: np.full((*shape, COPIES), math.nan)  # noqa: E731
    started, minutes, failed = hole(2), hole(1, 2), hole(1, 2)
    for r, name in enumerate(TWO):
        if name in starts:
            started[r], minutes[0, r], failed[0, r] = starts[name], 4.0, 0.0
    end = fields.pop("end", min(halt, 1e3))
    own = {"watched": end, "alarm": FIRED if halt < math.inf else NONE, "alarm_region": NOWHERE, "harm": math.nan}
    own |= fields
    names = np.array([f"r{i}" for i in range(COPIES)], dtype=object)
    return Records(
        plan=way, names=names, services=names, months=names, build=np.zeros(COPIES), handover=hole(len(way.waves)),
        wait=hole(len(way.waves)), waited=hole(), started=started, minutes=minutes, failed=failed, in_flight=hole(2),
        halt=np.full(COPIES, halt), alarm=np.full(COPIES, own["alarm"]),
        alarm_region=np.full(COPIES, own["alarm_region"]), watched=np.full(COPIES, float(own["watched"])),
        end=np.full(COPIES, float(end)), shipped=np.full(COPIES, halt == math.inf),
        deploy_failed=np.zeros(COPIES, dtype=bool), reaction=hole(), way_back=hole(2), by_hand=hole(2),
        harm=np.full(COPIES, own["harm"]), hurt=hole(2), pushed=hole(),
        meaningless=np.full(COPIES, own.get("meaningless", False)),
        strategies=tuple(way.strategy_of(name) if name in way.regions else "rolling" for name in TWO),
        places={"a": 0, "b": 1},
    )  # fmt: skip


def worlds_of(records: Records, scenario: Scenario) -> Conditioned:
    return choose(records, scenario, np.arange(COPIES), 5, WORLDS)


def agrees(values: np.ndarray, wanted: float) -> bool:
    """Whether the mean over all worlds is what it should be, by the spread from record to record."""
    means = np.asarray(values, dtype=float).mean(axis=1)
    return bool(abs(means.mean() - wanted) <= SURE * means.std() / math.sqrt(len(means)) + 1e-9)


def test_no_alarm_makes_a_defect_less_likely():
    """30 minutes at 10 a minute are 300 failed requests, e^(−300/200) to stay unseen: .1116 / (.1116 + .5) = .1824."""
    records = recorded(plan("a"), {"a": 0.0}, end=34.0)
    found = worlds_of(records, scene(evidence={"exponential": {"mean": 200}}))
    assert agrees(found.bad, 0.5 * math.exp(-1.5) / (0.5 * math.exp(-1.5) + 0.5))
    evidence = np.concatenate([found.tape(m).columns[Address("evidence", REGION, 0)] for m in range(WORLDS)])
    left = evidence[~np.isnan(evidence)] - 300
    assert (left > 0).all()  # and what is left of an exponential is one
    assert stats.kstest(left, stats.expon(scale=200).cdf).pvalue > 1e-6


def test_an_alarm_is_evidence_or_false():
    """At 24, by evidence: .5 · e^(−1) / 200 · 10; false: 1 / 50 · (.5 + .5 · e^(−1)); e^(−20/50) is both's."""
    records = recorded(plan("a", bake=60), {"a": 0.0}, halt=24.0, alarm_region=0)
    found = worlds_of(records, scene(evidence={"exponential": {"mean": 200}}, false_alarms_per_region_day=1440 / 50))
    evidence, unseen, sound = 0.5 * math.exp(-1) / 200 * 10, 0.5 * math.exp(-1) / 50, 0.5 / 50
    total = evidence + unseen + sound
    assert agrees(found.explanation == "evidence", evidence / total)
    assert agrees(found.bad, (evidence + unseen) / total)


def test_an_alarm_without_an_incident_is_false_where_every_bad_change_has_one():
    """Of the same alarm what is left: .5 · e^(−1) and .5, both at 1 in 50; a scenario without false ones keeps it."""
    records = recorded(plan("a", bake=60), {"a": 0.0}, halt=24.0, alarm_region=0, meaningless=True)
    known = scene(evidence={"exponential": {"mean": 200}}, false_alarms_per_region_day=1440 / 50)
    found = worlds_of(records, known)
    assert (found.explanation == "false").all()
    assert agrees(found.bad, math.exp(-1) / (math.exp(-1) + 1))
    assert (worlds_of(records, scene(evidence={"exponential": {"mean": 200}})).explanation == "evidence").all()


def test_a_constant_evidence_leaves_the_lag():
    """Harm from 4 + onset on, 50 failed requests 5 minutes later, then the lag: at 30, onset + lag are 21 minutes."""
    faults = [{**BAD, "onset": {"exponential": {"mean": 8}}}]
    lag, onset = stats.gamma(3, scale=2), stats.expon(scale=8)
    records = recorded(plan("a", bake=60), {"a": 0.0}, halt=30.0, alarm_region=0)
    found = worlds_of(records, scene(faults=faults, evidence=50.0, lag={"gamma": {"shape": 3, "scale": 2}}))
    whole = integrate.quad(lambda x: lag.pdf(x) * onset.pdf(21 - x), 0, 21)[0]
    mean = integrate.quad(lambda x: x * lag.pdf(x) * onset.pdf(21 - x), 0, 21)[0] / whole
    assert found.bad.all()
    assert agrees(found.known[Address("lag", REGION, 0)], mean)
    both = found.known[Address("lag", REGION, 0)] + found.known[Address("onset", REGION, 0, 0)]
    assert np.allclose(both, 21.0, atol=1e-9)


def test_what_the_other_region_did_not_see_counts():
    """a has traffic from 4, b from 14; b's alarm at 20: weights of a severity s are s · e^(−(120 + 160) s / 100)."""
    faults = [{**BAD, "severity": {"empirical": [0.1, 0.5, 1.0]}}]
    records = recorded(plan("a b"), {"a": 0.0, "b": 10.0}, halt=20.0, alarm_region=1)
    found = worlds_of(records, scene(faults=faults, evidence={"exponential": {"mean": 100}}))
    severity = found.known[Address("severity", FAULT, 0)]
    weights = {s: s * math.exp(-2.8 * s) for s in (0.1, 0.5, 1.0)}
    for s, weight in weights.items():
        assert agrees(severity == s, weight / sum(weights.values()))


def test_a_check_that_saw_nothing_speaks_for_blindness():
    """It sees .8 of the defects, alarms none: bad without an alarm is .5 · .2, so 1 in 6."""
    faults = [{**BAD, "validation_probability": 0.8, "detection_probability": 0.0}]
    found = worlds_of(recorded(plan("a"), {"a": 0.0}, end=34.0), scene(faults=faults))
    assert agrees(found.bad, 0.1 / 0.6)


def test_an_alarm_at_the_end_of_a_deployment_is_the_checks():
    """At 4, nothing has been gathered yet."""
    faults = [{**BAD, "validation_probability": 0.8}]
    found = worlds_of(recorded(plan("a"), {"a": 0.0}, halt=4.0, alarm_region=0), scene(faults=faults, evidence=9.0))
    assert (found.explanation == "check").all()


def test_set_back_by_people_as_a_deployment_ended_is_the_checks_too():
    """The check after a deployment need not be an alarm: at 4 no customer has borne anything."""
    faults = [{**BAD, "validation_probability": 0.8, "detection_probability": 0.0}]
    fields = {"complaint": 100.0, "report": {"lognormal": {"median": 20, "p95": 60}}, "faults": faults}
    records = recorded(plan("a"), {"a": 0.0}, halt=4.0, alarm=PEOPLE)
    assert (worlds_of(records, scene(**fields)).explanation == "check").all()


def test_people_without_an_alarm_are_customers():
    """Blind; complaints after 100 of 10 a minute from 4 on, so at 14, and a report of 21 minutes at 35."""
    faults = [{**BAD, "detection_probability": 0.0}]
    fields = {"complaint": 100.0, "report": {"lognormal": {"median": 20, "p95": 60}}, "faults": faults}
    records = recorded(plan("a", bake=90), {"a": 0.0}, halt=35.0, alarm=PEOPLE)
    found = worlds_of(records, scene(**fields))
    assert (found.explanation == "customers").all()
    assert np.allclose(found.known[Address("report", CHANGE)], 21.0)


def test_an_incident_says_when_harm_began():
    """In a or in b, whichever is first at 12: a's onset of 8 or b's of 0 … b has traffic from 14 only, so a's."""
    faults = [{**BAD, "onset": {"exponential": {"mean": 8}}}]
    records = recorded(plan("a b"), {"a": 0.0, "b": 10.0}, halt=40.0, alarm_region=0, harm=12.0)
    found = worlds_of(records, scene(faults=faults, evidence={"exponential": {"mean": 100}}))
    assert np.allclose(found.known[Address("onset", REGION, 0, 0)], 8.0)


@pytest.mark.parametrize(
    "told, fields, why",
    [
        ({"harm": 12.0}, {"evidence": 1e9}, "a had an alarm at a minute at which no defect of the scenario could"),
        ({"harm": 12.0}, {"evidence": {"exponential": {"mean": 100}}}, "no defect of the scenario hurts the regions, "),
        ({"alarm": UNKNOWN, "alarm_region": NOWHERE}, {"faults": []}, "it was set back, at a minute at which nothing"),
        ({"alarm": FIRED, "alarm_region": NOWHERE}, {"faults": []}, "an alarm fired, at a minute at which nothing in"),
        (
            {"alarm": PEOPLE, "alarm_region": NOWHERE}, {"faults": [], "report": 5.0, "complaint": 10.0},
            "people set it back, at a minute at which no defect of the scenario has customers report",
        ),
    ],
)  # fmt: skip
def test_the_reason_is_that_of_what_is_impossible_and_no_other(told, fields, why):
    """An incident's harm is the reason only where the record is possible without it."""
    records = recorded(plan("a", bake=90), {"a": 0.0}, halt=30.0, **{"alarm_region": 0, "alarm": FIRED, **told})
    found = choose(records.of(slice(0, 3)), scene(**fields), np.arange(3), 5, 2)
    assert all(each.startswith(why) for each in found.impossible), found.impossible


@pytest.mark.parametrize(
    "fields, halt, region, why",
    [
        (
            {"faults": []},
            30.0,
            0,
            "a had an alarm, and in the scenario no defect can raise one there, nor is any false",
        ),
        ({}, 3.0, 0, "it was halted before any region had traffic, which no alarm of the model is"),
        ({}, 30.0, NOWHERE, "people set it back and no alarm had fired, and the scenario has no customers' report"),
        (
            {"evidence": 1e9},
            30.0,
            0,
            "a had an alarm at a minute at which no defect of the scenario could have raised it",
        ),
    ],
)
def test_what_the_scenario_makes_impossible_says_why(fields, halt, region, why):
    alarm = PEOPLE if region == NOWHERE else FIRED
    records = recorded(plan("a", bake=90), {"a": 0.0}, halt=halt, alarm_region=region, alarm=alarm)
    found = choose(records.of(slice(0, 3)), scene(**fields), np.arange(3), 5, 2)
    assert set(found.impossible) == {why}
