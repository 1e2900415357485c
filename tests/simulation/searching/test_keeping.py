"""A search in a file: it goes on where it was, and what is none, or another, is refused and left alone."""

import errno
import json
import os
from typing import Any

import numpy as np
import pytest

import waves
from simulation import search
from simulation.searching import keeping, race
from simulation.searching.tree import Tree
from tests.simulation.searching.test_search import BAKES, few, scene  # noqa: F401

pytestmark = pytest.mark.usefixtures("few")
OWN: dict[str, Any] = {"bake_minutes": BAKES, "seed": 2}


def stopped(patch, after, instead=KeyboardInterrupt):
    """From now on a search is interrupted after so many rounds, of which each is kept."""
    taken = []

    def took(tree, own=Tree.took):
        own(tree)
        taken.append(tree)
        if len(taken) == after:
            raise instead

    patch.setattr(Tree, "took", took)
    patch.setattr(keeping, "EVERY", 0.0)


@pytest.fixture
def half(tmp_path, monkeypatch):
    """A file with a search that was interrupted in the third of many rounds."""
    monkeypatch.setattr("simulation.searching.tree.ROUND", 16)
    path = tmp_path / "s.search"
    with pytest.MonkeyPatch.context() as patch:
        stopped(patch, 3)
        found = search(scene(), **OWN, resume=path)
    assert not found.finished and not found.every and found.race.tree and found.race.tree.place.waves < 4
    return path


def test_it_goes_on_where_it_was(half):
    """As an undisturbed one ends, every plan looked at once; ended, it is told again and nothing more is rolled out."""
    whole, again = search(scene(), **OWN), search(scene(), **OWN, resume=half)
    assert again.finished and again.every and again.looked_at == whole.looked_at
    assert [plan.digest for plan in again.plans.values()] == [plan.digest for plan in whole.plans.values()]
    once_more = search(scene(), **OWN, resume=str(half))
    assert once_more.rollouts == again.rollouts and once_more.known == again.known == whole.known


def test_interrupted_while_it_looks_for_rivals_it_ends_where_an_undisturbed_one_does():
    """They are looked for anew: their chance goes with the seed, and not with how far it was."""
    whole = search(scene(), **OWN)
    with pytest.MonkeyPatch.context() as patch:
        entered: list[None] = []

        def enter(*args, own=race.Race.enter, **options):
            entered.append(own(*args, **options))
            if len(entered) == 2:
                raise KeyboardInterrupt

        patch.setattr(race.Race, "enter", enter)
        half = search(scene(), **OWN)
    assert not half.finished and half.race.tree is None and 0 < half.looked_at < whole.looked_at
    again = search(scene(), **OWN, resume=half)
    assert again.finished and again.every and again.looked_at == whole.looked_at
    assert [p.digest for p in again.plans.values()] == [p.digest for p in whole.plans.values()]


def test_what_ends_the_program_costs_what_came_since_it_was_kept(half, monkeypatch):
    """Killed in the second round after: the first of them need not be run again."""
    before = keeping.Keeper(half)._read()[0]["place"]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemError):
        stopped(patch, 2, SystemError)
        search(scene(), **OWN, resume=half)
    assert keeping.Keeper(half)._read()[0]["place"] > before
    assert search(scene(), **OWN, resume=half).looked_at == search(scene(), **OWN).looked_at


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"seed": 3}, "another seed"),
        ({"bake_minutes": (0.0, 41.0), "seed": 3}, "other bakes and another seed"),
        ({"today": waves.all_at_once(scene().fleet)}, "another plan of today"),
        ({"rules": waves.Rules.model_validate({"rules": {"max_waves": 3}})}, "other rules"),
        ({"resolution": 0.1}, "another resolution"),
        ({"objectives": ("share_exposed_mean", "minutes_to_ship")}, "other objectives"),
    ],
)
def test_another_search_is_refused_by_what_is_other(half, other, what):
    content = half.read_bytes()
    with pytest.raises(ValueError, match=f"s.search: is of {what}; give the same"):
        search(scene(), **{**OWN, **other}, resume=half)
    with pytest.raises(ValueError, match="is of another scenario; give"):
        search(scene(deploy=9.0), **OWN, resume=half)
    assert half.read_bytes() == content


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_what_is_not_whole_is_refused(half, part):
    content = half.read_bytes()
    half.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ValueError, match="is no search that was kept, or not whole; name another file"):
        search(scene(), **OWN, resume=half)


def test_what_never_was_a_search_is_refused_and_left_alone(tmp_path):
    others = {"plan.yaml": b"waves: []\n", "a.npy": b"\x93NUMPY\x01\x00", "b.zip": b"PK\x05\x06" + bytes(18)}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}: is no search that was kept"):
            search(scene(), **OWN, resume=tmp_path / name)
        assert (tmp_path / name).read_bytes() == content


def test_what_is_no_file_is_refused_at_once(tmp_path):
    """Nobody writes into the pipe, and whoever opened it would wait for that."""
    os.mkfifo(tmp_path / "pipe")
    for path, text in ((tmp_path, "is a folder; name a file"), (tmp_path / "pipe", "is no file; name a file")):
        with pytest.raises(ValueError, match=text):
            search(scene(), **OWN, resume=path)


def test_a_link_stays_one(half, tmp_path):
    """The search is kept where it leads to, also where that is in another folder, or not there yet."""
    (tmp_path / "links").mkdir()
    for name in ("s.search", "fresh.search"):
        link = tmp_path / "links" / name
        link.symlink_to(half.parent / name)
        assert search(scene(), **OWN, resume=link).finished
        assert link.is_symlink() and keeping.Keeper(half.parent / name)._read()[0]["rung"]
    assert sorted(path.name for path in (tmp_path / "links").iterdir()) == ["fresh.search", "s.search"]


def rewritten(path, **changes):
    with np.load(path) as found:
        arrays = dict(found)
    head = json.loads(arrays["head"].tobytes())
    arrays |= {name: value for name, value in changes.items() if name in arrays}
    head |= {name: value for name, value in changes.items() if name in head}
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def test_numbers_that_no_race_holds_are_refused(half):
    """A bake that is not among those to choose from, a wave that is empty: the engine would read beyond its arrays."""
    with np.load(half) as found:
        wave, bake = found["wave"], found["bake"]
    for wrong in ({"bake": bake + np.uint16(9)}, {"wave": wave + np.uint16(1)}, {"value": np.zeros((1, 3))}):
        rewritten(half, **{"wave": wave, "bake": bake, **wrong})
        with pytest.raises(ValueError, match="is no search that was kept"):
            search(scene(), **OWN, resume=half)


def test_a_search_of_another_version_is_refused(half):
    rewritten(half, edition="000000000000")
    with pytest.raises(ValueError, match="s.search: is of another version of the kit; take another file"):
        search(scene(), **OWN, resume=half)


def test_a_full_disk_ends_no_search(half, monkeypatch):
    """It is warned of once; what was kept before is whole, and nothing lies beside it."""
    content = half.read_bytes()

    def full(file, **_):
        file.write(b"PK")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    monkeypatch.setattr(keeping, "EVERY", 0.0)
    with pytest.warns(UserWarning, match="s.search: No space left on device; the search goes on") as warned:
        found = search(scene(), **OWN, resume=half)
    assert found.finished and len(warned) == 1
    assert half.read_bytes() == content and [path.name for path in half.parent.iterdir()] == ["s.search"]


def test_where_nothing_can_be_kept_from_the_start_it_does_not_begin(tmp_path):
    with pytest.raises(OSError, match=r"No such file or directory: '.*none/s.search'"):
        search(scene(), **OWN, resume=tmp_path / "none" / "s.search")
