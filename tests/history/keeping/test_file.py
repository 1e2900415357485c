"""The store's file: damaged, empty, missing beside its log, under two names; what is said of it is true."""

import os
import threading
from collections.abc import Callable

import pytest

import history
from history.collecting.lock import turn
from history.keeping.file import StoreError
from history.keeping.store import Store
from tests.history.keeping.test_store import run


@pytest.fixture
def path(tmp_path):
    """A store with many rows."""
    place = tmp_path / "history.sqlite"
    with Store(place) as store:
        store.write([run(number) for number in range(2000)], observed_at=1)
    return place


def damage(path):
    """Bytes in the middle of the file are others, as after a bad sector or half a copy."""
    content = bytearray(path.read_bytes())
    content[16384 : len(content) - 16384] = os.urandom(len(content) - 32768)
    path.write_bytes(content)


def test_a_store_damaged_in_the_middle_is_not_called_safe(path, tmp_path):
    """Whoever meets it: a fetch, an import, coverage, an export."""
    damage(path)

    def open_and(do: Callable[[Store], object]) -> None:
        with Store(path) as store:
            do(store)

    for look in (
        lambda: open_and(lambda s: s.write([run(number, version=11) for number in range(2000)], observed_at=2)),
        lambda: open_and(lambda s: s.select("SELECT * FROM workflow_runs ORDER BY raw")),
        lambda: history.export(path, tmp_path / "out"),
    ):
        with pytest.raises(StoreError) as caught:
            look()
        text = str(caught.value)
        assert "safe" not in text and "go back to a copy of it, or save what can be read" in text


@pytest.mark.parametrize("wal", [False, True])
def test_an_empty_file_is_no_store_and_is_left_alone(tmp_path, wal):
    """It may have been one: it does not start anew without a word."""
    path = tmp_path / "history.sqlite"
    path.touch()
    if wal:
        (tmp_path / "history.sqlite-wal").write_bytes(b"what was written last")
    for look in (lambda: Store(path), lambda: history.coverage(path)):
        with pytest.raises(StoreError, match=r"empty \(0 bytes\).*go back to a copy of it, or remove the file"):
            look()
    assert path.read_bytes() == b"" and (not wal or (tmp_path / "history.sqlite-wal").stat().st_size)


def test_a_log_without_its_store_is_not_thrown_away(tmp_path):
    (tmp_path / "history.sqlite-wal").write_bytes(b"what was written last")
    with pytest.raises(StoreError, match="history.sqlite-wal, which holds what was written last; bring the store back"):
        Store(tmp_path / "history.sqlite")
    assert [each.name for each in tmp_path.iterdir()] == ["history.sqlite-wal"]


@pytest.mark.parametrize("name", ["link.sqlite", "elsewhere/link.sqlite", "elsewhere/../history.sqlite"])
def test_one_store_has_one_lock_whatever_its_name(path, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / name
    if not other.exists():
        other.symlink_to(path)
    with turn(path), pytest.raises(history.StoreBusy), turn(other):
        raise AssertionError("two turns at once")
    with Store(path) as one, Store(other) as two:
        one.write([run(5000)], observed_at=1)
        assert two.select("SELECT count(*) FROM workflow_runs") == [(2001,)]


def test_a_store_with_two_hard_links_is_refused(path, tmp_path):
    """SQLite would keep a log for each name."""
    os.link(path, tmp_path / "other.sqlite")
    for place, other in ((path, "other.sqlite"), (tmp_path / "other.sqlite", "history.sqlite")):
        with pytest.raises(StoreError, match=f"besides this one {other}.*keep one of them, or use symbolic links"):
            Store(place)
    (tmp_path / "other.sqlite").unlink()
    Store(path).close()


def test_a_link_that_leads_in_a_circle_is_one_line(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StoreError, match="correct the path"):
        Store(tmp_path / "a")


def test_many_that_begin_a_store_at_once_begin_one(tmp_path):
    path = tmp_path / "history.sqlite"
    failed = []

    def work(number):
        try:
            with Store(path) as store:
                store.write([run(number)], observed_at=1)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with Store(path) as store:
        assert store.select("SELECT count(*) FROM workflow_runs") == [(12,)]
    assert [each.name for each in tmp_path.iterdir()] == ["history.sqlite"]
