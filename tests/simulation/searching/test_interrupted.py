"""Searches that are interrupted: what is kept and told, and how they go on."""

import pytest

from simulation import compare, search
from simulation.searching import search as module
from simulation.searching.tree import Tree
from tests.simulation.searching.test_search import BAKES, USUAL, few, scene  # noqa: F401

pytestmark = pytest.mark.usefixtures("few")


def test_what_is_interrupted_is_kept_and_gone_on_with(monkeypatch):
    """The best so far, said to be so; resumed, it ends where an undisturbed one does."""
    scenario, whole = scene(), search(scene(), bake_minutes=BAKES, seed=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulation.searching.race.Race.finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        half = search(scenario, bake_minutes=BAKES, seed=2)
    assert not half.finished and "interrupted" in repr(half) and any("interrupted" in each for each in half.sentences)
    again = search(scenario, bake_minutes=BAKES, seed=2, resume=half)
    assert again.finished and [p.digest for p in again.plans.values()] == [p.digest for p in whole.plans.values()]


def test_interrupted_while_the_front_is_rolled_out_once_more_what_is_done_is_told(monkeypatch, capsys):
    """Plans from everywhere on the front; a second Ctrl-C, or one before any plan is done, ends it. Then it goes on."""
    monkeypatch.setattr("simulation.searching.told.AT_ONCE", 2)
    monkeypatch.setattr(module, "SOME", 2)
    scenario = scene()
    whole = search(scenario, bake_minutes=BAKES, seed=2, progress=True)
    assert f" of {len(whole.plans)} plans on the front rolled out once more" in capsys.readouterr().err
    calls = list[int]()

    def stopped(after: int):
        def some(*args, **named):
            calls.append(1)
            if len(calls) > after:
                raise KeyboardInterrupt
            return compare(*args, **named)

        calls.clear()
        monkeypatch.setattr("simulation.searching.told.compare", some)

    stopped(2)
    half = search(scenario, bake_minutes=BAKES, seed=2)
    assert not half.finished and len(half.plans) == 4 < len(whole.plans)
    assert list(half.plans) == [f"front {n}" for n in range(1, 5)] and half.untold == len(whole.plans) - 4
    left = f"of its {len(whole.plans)} plans, {half.untold} are left out."
    assert any(each.endswith(left) for each in half.sentences) and not whole.untold
    times = [[known[USUAL[-1]].value for known in found.known.values()] for found in (half, whole)]
    assert times[0][0] == times[1][0] and times[0][-1] > times[1][len(times[1]) // 2]
    monkeypatch.undo()
    again = search(scenario, bake_minutes=BAKES, seed=2, resume=half)
    assert again.finished and [p.digest for p in again.plans.values()] == [p.digest for p in whole.plans.values()]
    monkeypatch.setattr("simulation.searching.told.AT_ONCE", 2)
    stopped(0)
    with pytest.raises(KeyboardInterrupt):
        search(scenario, bake_minutes=BAKES, seed=2)


def test_a_first_rung_that_is_interrupted_goes_on_where_it_was(monkeypatch):
    """Every plan runs it once: Ctrl-C in the third of many rounds, and that one is run again."""
    monkeypatch.setattr("simulation.searching.tree.ROUND", 16)
    scenario, whole = scene(), search(scene(), bake_minutes=BAKES, seed=2)
    with pytest.MonkeyPatch.context() as patch:
        taken: list[None] = []

        def took(tree, own=Tree.took):
            taken.append(own(tree))
            if len(taken) == 3:
                raise KeyboardInterrupt

        patch.setattr(Tree, "took", took)
        half = search(scenario, bake_minutes=BAKES, seed=2)
    assert not half.finished and not half.every and half.looked_at < whole.looked_at
    for _ in range(2):  # what was kept stays as it was
        again = search(scenario, bake_minutes=BAKES, seed=2, resume=half)
        assert again.finished and again.every and again.looked_at == whole.looked_at
        assert [p.digest for p in again.plans.values()] == [p.digest for p in whole.plans.values()]
    with pytest.raises(ValueError, match="resume is of another seed"):
        search(scenario, bake_minutes=BAKES, seed=3, resume=half)


def test_interrupted_in_the_first_round_it_has_looked_at_what_it_began_with(monkeypatch):
    """All at once and one at a time, with each bake, at the least; what the race saved is told as a part of them."""

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Tree, "next", property(stop))
    half = search(scene(), bake_minutes=BAKES, seed=2)
    assert not half.finished and not half.every and half.looked_at >= 4
    assert half.whole == 4096 * half.looked_at and half.rollouts == 2048 * half.looked_at
