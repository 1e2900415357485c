"""Whatever stands in the place of a field of a plan, a fleet or a scenario is told by file, line, field and value.

Not here: what single remedies say (``waves/files/test_remedies``), faults between fields (each noun's own tests).
"""

from pathlib import Path
from typing import Any

import pytest

import simulation
import waves
from waves.files.documents import read_yaml, shown, write_yaml

WINDOW = {"days": ["mon"], "hours": ["10:00", "16:00"], "zone": "Europe/Berlin"}
CALENDAR = {**WINDOW, "freezes": [{"from": "2026-12-19", "to": "2027-01-07 06:00"}]}
AWS = {"region": "eu-west-1", "account": "1", "cluster": "c", "service": "s"}
PARTNERS = {"labels": ["x"], "failover": "b", "zone": "Europe/Dublin", "aws": AWS}
FLEET = {"name": "f", "regions": [{"name": "a", "traffic": 100, **PARTNERS}, {"name": "b", "traffic": 10}]}
STEPS = {"steps": [[10, 5], [50, 10]]}
WAVE = {"name": "w", "regions": ["a"], "bake_minutes": 30, "bake_requests": 5, "max_parallel": "50%", "approval": True}
PLAN = {
    "name": "p", "waves": [{**WAVE, "calendar": {**CALENDAR, "zone": "region"}}, {"regions": ["b"]}],
    "strategy": STEPS, "strategies": {"b": "blue_green", "a": STEPS}, "retries": 1, "on_deploy_failure": "stop",
    "deploy_timeout_minutes": 30, "max_failed_regions": 1, "on_alarm": "halt", "calendar": CALENDAR,
}  # fmt: skip
CHANCES = ("detection_probability", "validation_probability", "review_probability")
FAULT = {"name": "bad", "probability": 0.1, "effect": "defect", "severity": 0.5, **dict.fromkeys(CHANCES, 1)}
DURATIONS = {
    "build": {"constant": 5}, "deploy": {"lognormal": {"median": 6, "p95": 12}}, "fix": {"empirical": [1, 2]},
    "lag": 1, "rollback": {"weibull": {"shape": 2, "scale": 7}},
    "report": {"exponential": {"mean": 5}}, "evidence": 5, "complaint": 5, "reaction_off_hours": 5,
}  # fmt: skip
SCENARIO = {
    "name": "s", "fleet": FLEET, **DURATIONS, "rejection_probability": 0.1, "alarm_threshold": 0.1,
    "false_alarms_per_region_day": 0.1, "horizon_minutes": 1000,
    "faults": [{**FAULT, "where": {"label": "x"}}, {"name": "other", "probability": 0.1, "where": "each_region"}],
    "regions": {"a": {"deploy": 5, "alarm_threshold": 0.1}}, "staffed": WINDOW,
    "pushes": {**WINDOW, "from": "2026-11-02", "to": "2026-11-30"},
    "sources": {"deploy": "x", "bad": {"source": "y", "estimate": 1, "low": 0.5, "high": 2, "n": 10}},
}  # fmt: skip
NOUNS = [(waves.Fleet, FLEET), (waves.Plan, PLAN), (simulation.Scenario, SCENARIO)]
WRONG: tuple[Any, ...] = (-7.5, True, "", "soon", None, [[]], [3], {}, {"days": 5}, {"steps": 5})
FREE = ("name", "regions", "labels", "failover", "label", "account", "cluster", "service", "region", "deploy", "source")


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below the top, in the order of the file."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for part, below in entries for path in ((*here, part), *paths(below, (*here, part)))]


def put(document: Any, where: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not where:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[where[0]] = put(document[where[0]], where[1:], value)
    return copy


@pytest.mark.parametrize("noun, document", NOUNS)
def test_each_field_tells_its_line_its_name_and_its_value(noun: Any, document: Any, tmp_path: Path) -> None:
    """One finding in words of YAML, at the field or what it is a part of, for each value that it cannot hold."""
    file, refused = tmp_path / "file.yaml", set()
    places = [where for where in paths(document) if where[0] != "fleet" or len(where) == 1]  # a fleet's have had theirs
    for where in places:
        field = [part for part in where if isinstance(part, str)][-1]
        for wrong in WRONG:
            if isinstance(wrong, str | list) and field in FREE or wrong is None and field == "pushes":
                continue  # what is missed elsewhere
            write_yaml(put(document, where, wrong), file)
            try:
                noun.read(file)
            except waves.InputError as error:
                refused.add(where)
                (finding,) = error.findings if not isinstance(wrong, dict | list) else error.findings[:1]
                said = finding.message
                assert finding.path == str(file)
                assert finding.line >= read_yaml(file).places[where[:1]][0]
                assert where[0] in said or isinstance(wrong, dict)
                assert wrong is None or isinstance(wrong, dict | list) or shown(wrong) in said or "is empty" in said
                assert not any(word in said for word in ("None", "True", "False", "{'", "Input", "instance", "object"))
    assert not [where for where in places if where not in refused and not {*where[-2:]} & {*FREE}]
