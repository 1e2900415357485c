"""What a record says by silence: nobody set a version back while it stayed. Not here: what weights make of it."""

from history.replaying.reading import read
from tests.builders import fleet, plan, scenario
from tests.history.joining.conftest import joined, row

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
