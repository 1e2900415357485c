"""Fleets, and what all nouns share: equality, digests, copies, and files that lose nothing."""

import dataclasses
import math
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simulation import Scenario
from waves import Fleet, InputError, Plan, Region, Steps, Wave

NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name.isprintable()) | st.sampled_from(
    ["no", "null", "~", "1e3", "22:30", "0123", "- a", "a: b", "# x", "東京", "São Paulo", " ", "'", '"', "{", "!tag"]
)
POSITIVE = st.floats(1e-300, 1e9)
MINUTES = st.floats(0, 1e9)
SHARES = st.floats(0, 1)
STRATEGIES = st.sampled_from(["rolling", "blue_green"]) | st.lists(
    st.tuples(st.floats(0.001, 99.999), MINUTES), min_size=1, max_size=3, unique_by=lambda step: step[0]
).map(lambda steps: Steps(steps=tuple(sorted(steps))))
DISTRIBUTIONS = (
    POSITIVE
    | st.fixed_dictionaries({"exponential": st.fixed_dictionaries({"mean": POSITIVE})})
    | st.fixed_dictionaries({"lognormal": st.fixed_dictionaries({"median": st.just(2.5), "p95": st.floats(2.5, 1e9)})})
    | st.fixed_dictionaries({"empirical": st.lists(POSITIVE, min_size=1, max_size=4)})
)


@st.composite
def fleets(draw: Any) -> Fleet:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    return Fleet(
        name=draw(NAMES),
        regions=tuple(
            Region(
                name=name,
                traffic=draw(POSITIVE),
                labels=tuple(draw(st.lists(NAMES, max_size=2))),
                failover=draw(st.none() | st.sampled_from([n for n in names if n != name] or [None])),
            )
            for name in names
        ),
    )


@st.composite
def plans(draw: Any) -> Plan:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names)))
    groups = [group for group in (names[:cut], names[cut:]) if group]
    return Plan(
        name=draw(NAMES),
        waves=tuple(
            Wave(
                name=draw(st.none() | NAMES),
                regions=tuple(group),
                bake_minutes=draw(MINUTES),
                bake_requests=draw(MINUTES),
                max_parallel=draw(st.none() | st.integers(1, 9)),
                approval=draw(st.booleans()),
            )
            for group in groups
        ),
        strategy=draw(STRATEGIES),
        strategies=draw(st.dictionaries(st.sampled_from(names), STRATEGIES, max_size=2)),
        retries=draw(st.integers(0, 5)),
        on_deploy_failure=draw(st.sampled_from(["stop", "rollback_all"])),
    )


@st.composite
def scenarios(draw: Any) -> Scenario:
    fleet = draw(fleets())
    labels = sorted({label for region in fleet.regions for label in region.labels})
    places = st.sampled_from(["everywhere", "each_region", *({"label": label} for label in labels)])
    names = draw(st.lists(NAMES, max_size=2, unique=True))
    fields = {
        "name": draw(NAMES),
        "fleet": fleet,
        "deploy": draw(DISTRIBUTIONS),
        "lag": draw(DISTRIBUTIONS),
        "report": draw(st.none() | DISTRIBUTIONS),
        "rejection_probability": draw(SHARES),
        "horizon_minutes": draw(POSITIVE | st.just(math.inf)),
        "regions": draw(
            st.dictionaries(
                st.sampled_from(fleet.names), st.fixed_dictionaries({"evidence": DISTRIBUTIONS}), max_size=2
            )
        ),
        "sources": draw(st.dictionaries(st.sampled_from(["deploy", "lag"]), NAMES)),
        "faults": [
            {"name": name, "probability": draw(SHARES), "where": draw(places), "severity": draw(st.floats(1e-9, 1))}
            for name in names
        ],
    }
    return Scenario.model_validate(fields)


def fleet(**fields: Any) -> Fleet:
    regions = (Region(name="a", traffic=10, failover="b"), Region(name="b", traffic=30, failover="a"))
    return Fleet(**{"regions": regions, **fields})


@settings(max_examples=60)
@given(fleets() | plans() | scenarios())
def test_what_is_written_is_read_back_equal(tmp_path_factory, noun):
    path = tmp_path_factory.getbasetemp() / "noun.yaml"
    noun.write(path)
    again = type(noun).read(path)
    assert again == noun and again.digest == noun.digest and hash(again) == hash(noun)


def test_nouns_are_equal_by_value_and_not_by_where_they_come_from(tmp_path):
    fleet().write(tmp_path / "f.yaml")
    assert Fleet.read(tmp_path / "f.yaml") == fleet()
    assert fleet() != fleet(name="other")
    assert fleet().__eq__("fleet") is False


def test_defaults_that_are_written_out_change_neither_equality_nor_digest():
    given = Region(name="c", traffic=1.0, labels=(), failover=None)
    one, other = Fleet(regions=(given,)), Fleet(name="fleet", regions=(Region(name="c", traffic=1),))
    assert one == other and one.digest == other.digest


def test_the_digest_is_12_hexadecimal_digits_and_tells_contents_apart():
    digests = {fleet().digest, fleet(name="x").digest, fleet(regions=(Region(name="a", traffic=1),)).digest}
    assert len(digests) == 3
    assert all(len(digest) == 12 and set(digest) <= set(string.hexdigits.lower()) for digest in digests)


def test_a_copy_forgets_what_was_worked_out_from_the_old_values():
    one = fleet()
    assert (one.names, one.positions, one.traffic) == (("a", "b"), {"a": 0, "b": 1}, 40)
    other = one.model_copy(update={"regions": (Region(name="c", traffic=5),)})
    assert (other.names, other.positions, other.traffic, other.shares) == (("c",), {"c": 0}, 5, {"c": 1})
    assert one.names == ("a", "b")


def test_nouns_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        fleet().name = "other"  # type: ignore[misc]
    assert not dataclasses.is_dataclass(Fleet)


def test_shares_and_pairs():
    """10 and 30 of 40; partners that name each other are one pair, in fleet order."""
    assert fleet().shares == {"a": 0.25, "b": 0.75}
    assert fleet().pairs == (("a", "b"),)
    chain = Fleet(
        regions=(
            Region(name="a", traffic=1, failover="c"),
            Region(name="b", traffic=1, failover="a"),
            Region(name="c", traffic=1),
        )
    )
    assert chain.pairs == (("a", "c"), ("b", "a"))


def test_the_faults_of_a_fleet_come_at_once_with_their_places(tmp_path):
    path = tmp_path / "fleet.yaml"
    path.write_text(
        "regions:\n"
        "  - {name: eu-west, traffic: 1, failover: eu-west}\n"
        "  - {name: us-east, traffic: 1, failover: eu-wets}\n"
        "  - {name: us-east, traffic: 1}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as refused:
        Fleet.read(path)
    found = refused.value.findings
    assert [(f.rule, f.line, f.column) for f in found] == [
        ("failover-self", 2, 33), ("unknown-region", 3, 33), ("region-twice", 4, 6),
    ]  # fmt: skip
    assert "did you mean 'eu-west'?" in found[1].message and "keep one" in found[2].message


@pytest.mark.parametrize(
    "text, rule, words",
    [
        ("regions: []\n", "out-of-range", "regions"),
        ("regions:\n  - {name: a, traffic: 0}\n", "out-of-range", "0 requests/minute"),
        ("regions:\n  - {name: a, traffic: .inf}\n", "out-of-range", "finite"),
        ("regions:\n  - {name: a, traffic: '5'}\n", "wrong-type", "traffic"),
        ("regions:\n  - {name: a, traffic: true}\n", "wrong-type", "traffic"),
        ("regions:\n  - {name: '', traffic: 1}\n", "out-of-range", "name"),
        ("regions:\n  - {name: a}\n", "missing-key", "traffic"),
        ("name: x\n", "missing-key", "regions"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(tmp_path, text, rule, words):
    path = tmp_path / "fleet.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        Fleet.read(path)
    (finding,) = refused.value.findings
    assert finding.rule == rule and words in finding.message
    assert finding.line == (2 if text.startswith("regions:\n") else 1)
