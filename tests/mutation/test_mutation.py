"""The runner of mutants on a toy: what is changed, what is left out, who is killed, and how the fates are told."""

import collections
import os
import subprocess
import sys
import textwrap
from dataclasses import replace

import numba
import pytest

from tests.mutation import trial
from tests.mutation.__main__ import Bench, without_reason
from tests.mutation.mutants import Source
from tests.mutation.record import Reasons, Record, Row, enough, fits, table
from tests.mutation.suites import SUITES, Suite

TOY = '''
    """A toy. 1 + 1"""
    import math

    def keep(f):
        return f

    @keep
    def least(a: int = 1, b: int = 2) -> int:
        """Not 3 + 3."""
        if a < 0:
            raise ValueError("below " + str(a + 1))
        while a > b:
            a = a - 1
        return b if b < a else a
'''
TESTS = """
    import toy

    def test_least():
        assert (toy.least(3, 5), toy.least(5, 3), toy.least(4, 4)) == (3, 3, 4)
"""
ROW = Row("toy.py", 0, "text", "least", "swap_op", 3, "a < b", "a <= b", "killed", "test_least", 0.1, True)


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Source:
    (tmp_path / "toy.py").write_text(textwrap.dedent(TOY))
    (tmp_path / "test_toy.py").write_text(textwrap.dedent(TESTS))
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return Source(tmp_path, "toy.py")


class OfTheToy(Suite):
    """The toy's tests, which do not stand under tests/simulation."""

    @property
    def arguments(self) -> list[str]:
        return ["-c", "pytest.ini", *self.tests]


def fate(toy: Source, before: str, after: str, *, limit: float = 20.0, **usual: float) -> trial.Verdict:
    """Try the toy with one piece of text in the place of another."""
    text = toy.text.replace(before, after)
    assert toy.text.count(before) == 1
    suite = OfTheToy(("test_toy.py",))
    durations = {f"test_toy.py::{test}": seconds for test, seconds in usual.items()}
    return trial.Trial("toy", toy.path, lambda: (text, toy.change(text)), suite, {}, limit, durations).verdict()


def changes(toy: Source) -> set[tuple[str, str]]:
    return {toy.change(toy.mutated(mutant)) for mutant in toy.mutants}


def test_decorated_functions_are_changed(toy):
    assert ("return b if b < a else a", "return b if b <= a else a") in changes(toy)
    assert ("a = a - 1", "a = a + 1") in changes(toy)
    assert {mutant.function for mutant in toy.mutants} == {"least"}


def test_docstrings_annotations_decorators_imports_and_messages_are_left_alone(toy):
    touched = {before for before, _ in changes(toy)}
    assert touched == {
        "def least(a: int = 1, b: int = 2) -> int:", "if a < 0:", "while a > b:", "a = a - 1",
        "return b if b < a else a",
    }  # fmt: skip


def test_every_mutant_is_a_text_of_its_own_place_and_can_be_found_again(toy):
    assert [mutant.number for mutant in toy.mutants] == list(range(len(toy.mutants)))
    assert toy.text not in {toy.mutated(mutant) for mutant in toy.mutants}
    lines = toy.text.splitlines()
    assert all(lines[m.line - 1].strip() == toy.change(toy.mutated(m))[0] for m in toy.mutants)


def test_what_the_tests_notice_is_killed_by_the_test_that_did(toy):
    found = fate(toy, "return b if b < a", "return b if b > a")
    assert (found.fate, found.by) == ("killed", "test_toy.py::test_least")
    assert found.change == ("return b if b < a else a", "return b if b > a else a")


def test_what_changes_nothing_survives(toy):
    found = fate(toy, "return b if b < a", "return b if b <= a")
    assert found.fate == "survived" and set(found.durations) == {"test_toy.py::test_least"}


def test_what_does_not_end_is_given_up_and_told_apart(toy):
    found = fate(toy, "a = a - 1", "a = a + 1", limit=1.0)
    assert (found.fate, found.by) == ("timeout", "test_toy.py::test_least")


def test_a_test_that_takes_far_longer_than_usual_is_given_up_by_itself(toy):
    found = fate(toy, "a = a - 1", "a = a + 1", limit=60.0, test_least=0.01)
    assert (found.fate, found.by) == ("timeout", "test_toy.py::test_least") and found.seconds < 50


def test_what_cannot_be_imported_is_stillborn(toy):
    assert fate(toy, "import math", "import no_such_module_as_this").fate == "stillborn"


def test_a_fork_that_dies_without_a_word_is_killed(toy):
    assert fate(toy, "a = a - 1", "__import__('os').abort()").fate == "killed"


@pytest.mark.parametrize("compiled, fate", [(False, "killed"), (True, "survived")])
def test_numba_compiles_only_where_the_suite_says_so(toy, monkeypatch, compiled, fate):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    code = "import numba\n@numba.njit\ndef one(): return 1\ndef test(): assert one() == 1 and one.signatures"
    toy.path.with_name("test_numba.py").write_text(code)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    suite = OfTheToy(("test_numba.py",), compiled=compiled)
    assert trial.Trial("toy", toy.path, lambda: (toy.text, ("", "")), suite, {}, 60.0).verdict().fate == fate


def test_what_has_a_reason_of_its_own_is_trusted(toy, tmp_path):
    """And nothing else: that some changes of a kind make no difference does not say which."""
    bench = Bench(tmp_path, "toy.py", OfTheToy(("test_toy.py",)))
    record, mutants = Record(tmp_path / "rows.jsonl", {}), bench.source.mutants
    kinds = collections.Counter(mutant.operator for mutant in mutants)
    operator, all_ = kinds.most_common(1)[0]
    own = {"file": "toy.py", "function": "least", "operator": operator}
    assert all_ > 1
    some = listed(tmp_path, **own, count=all_ - 1)
    assert without_reason(bench, mutants, record, some) == mutants and not record.rows
    every = listed(tmp_path, **own, count=all_)
    assert len(without_reason(bench, mutants, record, every)) == len(mutants) - all_
    assert [row.fate for row in record.rows.values()] == ["survived"] * all_


def test_the_file_is_not_touched(toy):
    fate(toy, "return b if b < a", "return b if b > a")
    assert toy.path.read_text() == textwrap.dedent(TOY) == toy.text
    assert "toy" not in vars(trial) and os.getcwd() == str(toy.path.parent)


def test_rows_are_found_again_until_the_text_changes(tmp_path):
    path = tmp_path / "build" / "rows.jsonl"
    Record(path, {"toy.py": "text"}).add(ROW)
    assert Record(path, {"toy.py": "text"}).rows == {("toy.py", 0): ROW}
    assert Record(path, {"other.py": "text"}).rows == {("toy.py", 0): ROW}
    assert Record(path, {"toy.py": "another text"}).rows == {}
    assert Record(path, {"toy.py": "text"}).rows == {}


def listed(tmp_path, **entry: str | int) -> Reasons:
    lines = [f"{key} = {value!r}" for key, value in {"reason": "no difference", **entry}.items()]
    (tmp_path / "survivors.toml").write_text("\n".join(["[[survivor]]", *lines]))
    return Reasons(tmp_path / "survivors.toml")


def test_a_reason_is_found_by_function_and_operator_and_is_good_for_so_many(tmp_path):
    """Lines may move and names change; one survivor more is a gap."""
    reasons = listed(tmp_path, file="toy.py", function="least", operator="swap_op", count=2)
    alive = [replace(ROW, number=n, fate="survived", line=n, before=str(n)) for n in range(3)]
    assert reasons.of(alive) == {("toy.py", 0): "no difference", ("toy.py", 1): "no difference"}
    others = [replace(alive[0], function="most"), replace(alive[0], file="other.py"), replace(alive[0], operator="x")]
    assert reasons.of([ROW, *others]) == {}
    assert len(reasons.idle(alive[:1])) == 1 and not reasons.idle(alive)


def test_a_class_speaks_of_all_of_its_kind(tmp_path):
    (tmp_path / "survivors.toml").write_text("[[class]]\nfile = 'toy.py'\noperator = 'swap_op'\nreason = 'none does'")
    reasons = Reasons(tmp_path / "survivors.toml")
    alive = [replace(ROW, number=n, fate="survived", function=str(n)) for n in range(3)]
    assert len(reasons.of(alive)) == 3 and not reasons.idle(alive[:1])


def test_what_has_a_reason_is_a_change_that_there_is(root):
    """By file, function and operator, in as large a number as it counts: functions move, and reasons with them."""
    sources: dict[str, Source] = {}
    for entry in Reasons().entries:
        assert {"file", "function", "operator", "reason"} <= set(entry) <= {*Row.__annotations__, "count", "reason"}
        assert entry["file"] in SUITES
        if entry["file"] not in sources:
            sources[entry["file"]] = Source(root, entry["file"])
        own = sources[entry["file"]].mutants
        assert sum(fits(entry, mutant) for mutant in own) >= entry.get("count", 1), entry


def test_the_table_counts_every_fate_once(tmp_path):
    """Six killed, one timed out, one survivor with a reason and two without: 70 %, or 7 of 9; a stillborn aside."""
    fates = ["killed"] * 6 + ["timeout"] + ["survived"] * 3 + ["stillborn"]
    rows = [replace(ROW, number=n, fate=fate, after=str(n)) for n, fate in enumerate(fates)]
    shown = table(rows, listed(tmp_path, file="toy.py", count=1)).splitlines()
    assert shown[1].split() == ["toy.py", "10", "6", "1", "3", "1", "70.0%", "77.8%"]
    assert shown[-1].startswith("1 more cannot even be imported")


@pytest.mark.parametrize("lost, good", [(1, True), (2, False)])
def test_ninety_percent_are_enough_in_each_file_whatever_has_a_reason(tmp_path, lost, good):
    rows = [replace(ROW, number=n, fate="survived" if n < lost else "killed") for n in range(10)]
    others = [replace(ROW, file="other.py", number=n) for n in range(1000)]
    assert enough(rows + others, listed(tmp_path, file="toy.py")) is good


def test_changes_to_none_do_not_make_up_for_others(tmp_path):
    blunt = [replace(ROW, number=n, operator="assignment") for n in range(1000)]
    sharp = [replace(ROW, number=1000 + n, fate="survived") for n in range(2)]
    assert not enough(blunt + sharp, listed(tmp_path, file="toy.py"))


def test_every_file_and_every_test_of_a_suite_is_there(root):
    for file, suite in SUITES.items():
        assert (root / file).is_file()
        for test in suite.tests:
            path, _, name = test.partition("::")
            [found] = (root / "tests" / "simulation").rglob(path)
            text = found.read_text(encoding="utf-8")
            assert f"def {name.partition('[')[0]}" in text


def test_pytest_finds_each_case_of_a_suite(root):
    """A case by its parameters is nowhere in a file: where those have changed, pytest would refuse the whole suite."""
    cases = {test for suite in SUITES.values() for test in suite.tests if "[" in test}
    asked = [sys.executable, "-m", "pytest", "-n", "0", "-q", "--collect-only", *Suite(tuple(cases)).arguments]
    answer = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
