"""What Python's `fit`, `backtest` and `replay` say of arguments of another kind: one line, with what to give."""

import pytest

import history
from tests.builders import fleet, plan, scenario
from tests.history.joining.conftest import joined, row

TWO = fleet({"a": 10.0, "b": 30.0})
USED = plan("a", "b", bake=10)
ROWS = [row(r, f"v{n}", 1440 * n + 20 * (r == "b")) for n in range(3) for r in "ab"]


def again(rollouts, own, **options):
    return history.replay(rollouts, {"at once": plan("a b")}, own, worlds=2, **options)


@pytest.mark.parametrize("call", [history.fit, history.backtest, again])
def test_what_is_given_for_another_thing_is_told(call):
    rollouts, own = joined(ROWS, fleet=TWO), scenario(TWO)
    with pytest.raises(ValueError, match="rollouts is 'h.sqlite'; give what history.rollouts"):
        call("h.sqlite", own)
    with pytest.raises(ValueError, match="scenario is 'storefront'; give a Scenario"):
        call(rollouts, "storefront")
    with pytest.raises(ValueError, match="used is 'release.yaml'; give a Plan"):
        call(rollouts, own, used="release.yaml")
    with pytest.raises(ValueError, match="used: of 'shop' it is 'release.yaml'; give a Plan"):
        call(rollouts, own, used={"shop": "release.yaml"})
    assert call(rollouts, own, used={"*": USED}) is not None


def test_a_prior_is_one():
    with pytest.raises(ValueError, match="prior is 3; give a history.Prior"):
        history.fit(joined(ROWS, fleet=TWO), scenario(TWO), prior=3)  # type: ignore[arg-type]
