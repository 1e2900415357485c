"""A notebook's parameters: names that it declares, values of the declared types, nothing executed."""

import pytest

from wavecast._parameters import typed
from wavecast.terminal import Refusal

TYPES = {
    "plans": "list",
    "scenario": "str",
    "trials": "int",
    "seed": "int",
    "limits": "dict",
    "confidence": "float",
    "quiet": "bool",
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
        ("limits", "{share_exposed_p95: {at_most: 0.5}}", {"share_exposed_p95": {"at_most": 0.5}}),
        ("limits", "{}", {}),
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
        ("quiet", "1"),
        ("quiet", "yes"), ("plans", "a.yaml"), ("plans", "{a: b}"), ("limits", "[a]"), ("limits", "{a: 1"),
        ("limits", "{a: 1, a: 2}"), ("limits", "!!python/object:os.system {}"), ("limits", "{a: \ud800}"),
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
