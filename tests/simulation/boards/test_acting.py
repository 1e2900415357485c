"""Acts of a browser: each is done to what was seen when it was asked for; what cannot be done is said, not raised."""

import pytest

import simulation
import waves
from simulation.boards.acting import ACTS, GONE, Acts
from simulation.boards.state import ALONE, Board

SCENARIO, TODAY = simulation.sample("storefront"), waves.sample("six-region-three-wave")


def asked_of_six() -> Acts:
    return Acts(Board(SCENARIO, TODAY, trials=2048, seed=7))


def grouped(acts: Acts) -> list[list[str]]:
    return [list(group.regions) for group in acts.board.arrangement.groups]


def ask(acts: Acts, **asked: object) -> str:
    """Ask and count, as the widget does."""
    refused = acts.do(asked)
    acts.answered()
    return refused


def test_two_quick_keys_are_two_steps():
    """Both were pressed on the board as it was: the second goes on from where the first led."""
    acts = asked_of_six()
    assert grouped(acts)[0] == ["eu-north-1"] and len(grouped(acts)) == 3
    for _ in range(2):
        assert ask(acts, do="step", region="us-east-1", by=-1, seen=0) == ""
    assert grouped(acts)[0] == ["eu-north-1", "us-east-1"]
    for _ in range(2):
        ask(acts, do="step", region="us-east-1", by=-1, seen=2)
    assert grouped(acts)[:2] == [["us-east-1"], ["eu-north-1"]] and acts.board.said == ALONE
    acts.board.undo()
    assert grouped(acts)[0] == ["eu-north-1", "us-east-1"]


@pytest.mark.parametrize(
    ("asked", "waves"),
    [
        ({"do": "move", "region": "eu-west-1", "wave": 1}, [[0], [1], [2, 3, 4], [5]]),
        ({"do": "apart", "region": "eu-west-1", "place": 1}, [[0], [1], [4], [2, 3], [5]]),
        ({"do": "apart", "region": "eu-west-1", "place": 3}, [[0], [1], [2, 3], [5], [4]]),
        ({"do": "merge", "wave": 1}, [[0], [1], [2, 3, 4, 5]]),
    ],
)
def test_what_was_dropped_on_a_wave_comes_to_the_regions_that_were_in_it(asked, waves):
    """Another act has put a wave before all that were seen; so does a bake that was typed for one of them."""
    names = ["us-east-1", "eu-north-1", "us-west-2", "ap-southeast-2", "eu-west-1", "ap-northeast-1"]
    acts = asked_of_six()
    ask(acts, do="apart", region="us-east-1", place=0, seen=0)
    ask(acts, do="bake", wave=1, minutes=7, seen=0)
    assert [group.bake == 7 for group in acts.board.arrangement.groups] == [False, False, True, False]
    assert ask(acts, **asked, seen=0) == ""
    assert grouped(acts) == [[names[n] for n in wave] for wave in waves]


def test_a_wave_that_is_no_more_is_said_to_be_gone():
    acts = asked_of_six()
    ask(acts, do="step", region="eu-north-1", by=1, seen=0)
    before = grouped(acts)
    assert ask(acts, do="move", region="eu-north-1", wave=0, seen=0) == GONE and grouped(acts) == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, "does not know that act"),
        ({"do": "explode"}, "does not know that act"),
        ({"do": ["move"]}, "does not know that act"),
        ({"do": "move"}, "does not know that act"),
        ({"do": "move", "region": ["x"], "wave": 0}, "region a list is not in the fleet"),
        ({"do": "move", "region": "us-east-1", "wave": 99}, "there is no wave 99"),
        ({"do": "move", "region": "<script>", "wave": 0}, "region '<script>' is not in the fleet"),
        ({"do": "bake", "wave": 0, "minutes": 1e12}, "the bake of wave 1 is 1000000000000.0"),
        ({"do": "bake", "wave": 0, "minutes": None}, "the bake of wave 1 is null"),
        ({"do": "step", "region": "us-east-1", "by": 2}, "a step is by 2; give -1"),
        ({"do": "move", "region": "us-east-1", "wave": 0, "seen": ["x"]}, "does not know that act"),
    ],
)
def test_a_browser_is_told_what_cannot_be_done(asked, said):
    acts = asked_of_six()
    assert said in acts.do(asked)
    assert acts.board.plan is TODAY


def test_a_browser_can_do_every_act():
    given: list[dict[str, object]] = [
        {"do": "move", "region": "us-east-1", "wave": 0}, {"do": "apart", "region": "eu-west-1", "place": 0},
        {"do": "merge", "wave": 0}, {"do": "bake", "wave": 0, "minutes": 7}, {"do": "undo"}, {"do": "redo"},
        {"do": "reset"}, {"do": "step", "region": "us-east-1", "by": -1, "apart": True},
    ]  # fmt: skip
    acts = asked_of_six()
    assert {each["do"] for each in given} == set(ACTS)
    assert [acts.do(each) for each in given] == [""] * len(given)
