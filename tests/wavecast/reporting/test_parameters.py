"""A notebook's parameters: names that it declares, values of the declared types, nothing executed."""

import pytest

from wavecast.reporting.parameters import typed
from wavecast.terminal import Refusal

TYPES = {
    "plans": "list",
    "scenario": "str",
    "trials": "int",
    "seed": "int",
    "values": "dict",
    "confidence": "float",
    "quiet": "bool",
    "bake_minutes": "float or None",
    "environments": "list",
    "regions_of": "dict",
    "wait_timers": "dict",
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("scenario", "true", "true"),
        ("scenario", "1:30", "1:30"),
        ("scenario", "", ""),
        ("trials", "500", 500),
        ("seed", str(2**64 - 1), 2**64 - 1),
        ("confidence", "1e-1", 0.1),
        ("quiet", "true", True),
        ("quiet", "False", False),
        ("plans", "[1:30, no, a.yaml]", ["1:30", "no", "a.yaml"]),
        ("plans", "- a\n- b", ["a", "b"]),
        ("values", "{share_exposed_p95: {at_most: 0.5}}", {"share_exposed_p95": {"at_most": 0.5}}),
        ("values", "{}", {}),
        ("bake_minutes", "null", None),
        ("bake_minutes", "5", 5.0),
        ("environments", "[prod, no]", ["prod", "no"]),
        ("regions_of", "{Deploy: us-east-1}", {"Deploy": "us-east-1"}),
        ("wait_timers", "{prod: 30}", {"prod": 30}),
    ],
)
def test_a_value_has_the_declared_type(name, text, value):
    found = typed([(name, text)], TYPES)
    assert found == {name: value}
    assert type(found[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trials", "many"), ("trials", "1.5"), ("trials", "1e3"), ("trials", "0"), ("trials", "-3"), ("trials", "true"),
        ("trials", ""), ("trials", "1:30"), ("trials", "٣"), ("seed", "-1"), ("seed", str(2**64)),
        ("confidence", "nan"), ("confidence", "inf"), ("confidence", "1"), ("confidence", "0"), ("confidence", "1e999"),
        ("quiet", "1"), ("bake_minutes", ""), ("bake_minutes", "-1"), ("confidence", "null"),
        ("quiet", "yes"), ("plans", "a.yaml"), ("plans", "{a: b}"), ("values", "[a]"), ("values", "{a: 1"),
        ("values", "{a: 1, a: 2}"), ("values", "!!python/object:os.system {}"), ("values", "{a: \ud800}"),
        ("environments", "prod"), ("environments", "[1]"), ("regions_of", "Deploy=us-east-1"), ("regions_of", "{A: 1}"),
        ("wait_timers", "{prod: long}"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_in_one_line(name, text):
    with pytest.raises(Refusal) as error:
        typed([(name, text)], TYPES)
    assert error.value.exit_code == 2
    assert error.value.message.startswith(f"-p {name} ") and "\n" not in error.value.message


@pytest.mark.parametrize(
    "name", ["trails", "Trials", "trials = 1; import os", "__import__('os')", "trials\n", "", "trials ", "ｔrials"]
)
def test_a_name_that_is_not_declared_is_refused(name):
    """Papermill would write the name into a cell and execute it."""
    with pytest.raises(Refusal, match="no parameter of that name"):
        typed([(name, "1")], TYPES)


def test_a_near_miss_is_suggested():
    with pytest.raises(Refusal, match="did you mean 'trials'"):
        typed([("trails", "1")], TYPES)


def test_all_faults_come_at_once():
    with pytest.raises(Refusal) as error:
        typed([("nope", "1"), ("trials", "0"), ("seed", "1"), ("seed", "2")], TYPES)
    assert len(error.value.message.splitlines()) == 3
