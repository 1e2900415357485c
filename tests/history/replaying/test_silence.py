"""What a record says by silence: nobody set a version back while it stayed; and when people halted what they did.

Not here: what weights make of it.
"""

import math

import pytest

from history.replaying.reading import read
from tests.builders import fleet, plan, scenario
from tests.history.joining.conftest import at, joined, row

PLACES = {"a": 10.0, "b": 30.0}
DAY = 1440


def watched(rows, names=("shop",)):
    """From each rollout's push, until when nothing is known to have set it back, by service in their order."""
    two = fleet(PLACES)
    world = scenario(two)
    found = read(joined(rows, fleet=two), world, {"*": plan("a", "b", bake=(30, 10))}).groups
    return {
        str(s): own.watched[own.services == s].tolist() for own in found for s in names if (own.services == s).any()
    }


def went(n, service="shop"):
    begin = n * DAY
    return [row(r, f"{service}{n}", begin + at, begin + at + 5, service=service) for r, at in (("a", 0), ("b", 40))]


def test_a_version_stayed_until_the_next_one_came():
    """To the first region that it came to; the last one stayed to the end of the history, which another service is."""
    own = watched([*went(0), *went(2), *went(7, "till")], ("shop", "till"))
    assert own == {"shop": [2 * DAY, 5 * DAY + 45], "till": [45 + 10]}


@pytest.mark.parametrize(
    ("noticed", "halt"),
    [
        (55, 55),  # somebody noticed: until 80 they reacted
        (45.6, 45),  # as b's deployment ended: the check after it
        (30, 80),  # b was deployed to afterwards: nothing was halted then
        (None, 80),
        (90, 80),
    ],
)
def test_people_halt_when_an_incident_says_that_it_was_noticed(noticed, halt):
    """No alarm rang; the version before came back to a and b from 80 on."""
    rows = [*went(0), *went(2)]
    rows += [row(r, "shop0", 2 * DAY + 80, 2 * DAY + 85, kind="rollback") for r in "ab"]
    told = {"id": "i1", "started_at": at(2 * DAY + 20), "regions": "[]", "rollout": None, "digest": "shop2"}
    told["detected_at"] = None if noticed is None else at(2 * DAY + noticed)
    two = fleet(PLACES)
    found = read(joined(rows, [told], fleet=two), scenario(two), {"*": plan("a", "b", bake=(30, 60))}).groups[0]
    assert found.halt.tolist() == pytest.approx([math.inf, halt])
    assert found.reaction[1] == pytest.approx(80 - halt)
