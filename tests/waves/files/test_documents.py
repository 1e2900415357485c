"""Rules of `waves.files.documents`: places, hostile files, all faults at once, writing that reads back exactly."""

import math
import time
from pathlib import Path
from typing import Annotated, Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from waves.files.documents import (
    Dialect,
    Document,
    Finding,
    InputError,
    ModelFaults,
    closest,
    read_yaml,
    validate,
    write_yaml,
)


def write(folder: Path, data: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def refusal(path: Path, **options: Any) -> list[tuple[int, int, str]]:
    with pytest.raises(InputError) as caught:
        read_yaml(path, **options)
    return [(f.line, f.column, f.rule) for f in caught.value.findings]


def test_every_value_knows_its_place_counted_from_one(tmp_path: Path) -> None:
    """An entry's place is its key's; a list item's and the root's is the value's."""
    document = read_yaml(write(tmp_path, "# one\nname: x\nwaves:\n  - regions: [a, b]\n    bake: 3\n"))
    assert document.value == {"name": "x", "waves": [{"regions": ["a", "b"], "bake": 3}]}
    assert dict(document.places) == {
        (): (2, 1),
        ("name",): (2, 1),
        ("waves",): (3, 1),
        ("waves", 0): (4, 5),
        ("waves", 0, "regions"): (4, 5),
        ("waves", 0, "regions", 0): (4, 15),
        ("waves", 0, "regions", 1): (4, 18),
        ("waves", 0, "bake"): (5, 5),
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("", None), ("true", True), ("False", False), ("12", 12), ("-3", -3),
        ("+4", 4), ("0", 0), ("1e3", 1000.0), (".5", 0.5), ("2.", 2.0), ("-.inf", -math.inf), (".inf", math.inf),
        ("no", "no"), ("on", "on"), ("22:30", "22:30"), ("012345670123", "012345670123"), ("0x1F", "0x1F"),
        ("1_000", "1_000"), ("2026-11-22", "2026-11-22"), ("1e999", "1e999"), ("nan", "nan"), ("'12'", "12"),
        ('"true"', "true"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    """Words of YAML 1.1, octal and sexagesimal numbers stay strings."""
    read = read_yaml(write(tmp_path, f"a: {text}\n")).value["a"]
    assert read == value
    assert type(read) is type(value)


def test_plain_text_of_numbers_is_kept(tmp_path: Path) -> None:
    """The text of an unquoted scalar can be asked for; a quoted one has none."""
    document = read_yaml(write(tmp_path, "a: 111122223333\nb: '1'\nc: [012]\n"), dialect="workflow")
    assert dict(document.plain) == {("a",): "111122223333", ("c", 0): "012"}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)

HOSTILE: dict[str, tuple[str | bytes, tuple[int, int, str]]] = {
    "100,000 brackets on a line": ("[" * 100_000, (1, 65, "too-deep")),
    "100,000 brackets on lines": ("[\n" * 100_000, (65, 1, "too-deep")),
    "100,000 dashes": ("- " * 100_000, (1, 129, "too-deep")),
    "duplicate key": ("a: 1\nb: 2\na: 3\na: 4\n", (3, 1, "duplicate-key")),
    "duplicate key below": ("a:\n  b: 1\n  'b': 2\n", (3, 3, "duplicate-key")),
    "tag": ("a: !!python/object/apply:os.system ['true']\n", (1, 4, "tag")),
    "tag on a key": ("!x a: 1\n", (1, 1, "tag")),
    "latin-1": (b"a: 1\nb: caf\xe9\n", (2, 7, "not-utf8")),
    "utf-16": ("a: 1".encode("utf-16"), (1, 1, "not-utf8")),
    "empty": ("", (1, 1, "empty-file")),
    "only a comment": ("# nothing\n", (1, 1, "empty-file")),
    "NUL": ("a: 1\nb: \0\n", (2, 4, "control-character")),
    "escape sequence": ("a: \x1b[31m\n", (1, 4, "control-character")),
    "unterminated quote": ("a: 1\nb: 'c\nd: e\n", (2, 4, "yaml-syntax")),
    "unterminated double quote": ('a: "c\nd: e\n', (1, 4, "yaml-syntax")),
    "no colon": ("a: 1\nbcd\ne: 2\n", (2, 1, "yaml-syntax")),
    "tab": ("a:\n\tb: 1\n", (2, 1, "yaml-syntax")),
    "list as a key": ("? [x]\n: 1\n", (1, 3, "complex-key")),
    "YAML 3": ("%YAML 3.0\n---\na: 1\n", (1, 1, "yaml-syntax")),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dialect", ["ours", "workflow"])
def test_a_hostile_file_gives_one_line_at_once(tmp_path: Path, name: str, dialect: str) -> None:
    """One finding, at the right place, in less than two seconds of this process's own."""
    data, expected = HOSTILE[name]
    path = write(tmp_path, data)
    start = time.process_time()
    assert refusal(path, dialect=dialect) == [expected]
    assert time.process_time() - start < 2


@pytest.mark.parametrize(("dialect", "limit"), [("ours", "4,194,304"), ("workflow", "262,144")])
def test_50_megabytes_are_refused_without_being_read(tmp_path: Path, dialect: Any, limit: str) -> None:
    """The size is looked up first, and the message says both sizes in bytes."""
    path = tmp_path / "big.yaml"
    with open(path, "wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(InputError, match=f"50,000,000 bytes; at most {limit}") as caught:
        read_yaml(path, dialect=dialect)
    assert [f.rule for f in caught.value.findings] == ["too-large"]


def test_too_many_values_are_refused(tmp_path: Path) -> None:
    """200,000 values are the most."""
    assert refusal(write(tmp_path, "[" + "1," * 200_001 + "]"))[0][2] == "too-many-nodes"


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    """A directory and a missing file are told apart."""
    assert refusal(tmp_path) == [(1, 1, "not-a-file")]
    assert refusal(tmp_path / "none.yaml") == [(1, 1, "cannot-read")]
    assert refusal(tmp_path / "a\0b") == [(1, 1, "cannot-read")]


def test_an_alias_bomb_is_refused_in_both_dialects(tmp_path: Path) -> None:
    """Our own files refuse the first anchor; a workflow's aliases are counted expanded."""
    path = write(tmp_path, BOMB)
    assert refusal(path) == [(1, 4, "alias")]
    # Line 5 holds 11,111 values and so line 6 ten times that, within the limit only once.
    assert [rule for *_, rule in refusal(path, dialect="workflow")] == ["too-many-nodes"]


def test_aliases_of_a_workflow_are_expanded_with_places(tmp_path: Path) -> None:
    """What an alias stands for keeps its own places; the first anchor gives the only warning."""
    text = "a: &x {k: [1, 2]}\nb: *x\nc: [*x]\n"
    document = read_yaml(write(tmp_path, text), dialect="workflow")
    assert document.value == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}, "c": [{"k": [1, 2]}]}
    assert document.places["b",] == (2, 1)
    assert document.places["b", "k"] == (1, 8)
    assert document.places["c", 0] == (3, 5)
    assert document.plain["c", 0, "k", 1] == "2"
    assert [(w.line, w.column, w.rule, w.severity) for w in document.warnings] == [(1, 4, "alias", "warning")]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: *x\n"])
def test_an_alias_needs_an_anchor_before_it(tmp_path: Path, text: str) -> None:
    """An alias inside its own anchor, or without one, is an error."""
    assert [rule for *_, rule in refusal(write(tmp_path, text), dialect="workflow")] == ["alias"]


@pytest.mark.parametrize("rest", ["b: 2\n", "b: [2\n'x", "", "!!x y\n"])
def test_a_second_document_is_ignored_in_a_workflow_only(tmp_path: Path, rest: str) -> None:
    """In a workflow whatever follows is left out with a warning; in our files it is an error."""
    path = write(tmp_path, "---\na: 1\n---\n" + rest)
    document = read_yaml(path, dialect="workflow")
    assert document.value == {"a": 1}
    assert [(w.line, w.column, w.rule) for w in document.warnings] == [(3, 1, "second-document")]
    assert refusal(path) == [(3, 1, "second-document")]


def test_soft_faults_of_a_file_are_reported_together(tmp_path: Path) -> None:
    """Tags and duplicate keys are gathered in the order of the file, a later syntax error included."""
    path = write(tmp_path, "a: !x 1\nb: 2\nb: 3\nc: [\n")
    assert [rule for *_, rule in refusal(path)] == ["tag", "duplicate-key", "yaml-syntax"]


class Wave(BaseModel):
    model_config = ConfigDict(extra="forbid")

    regions: list[str] = Field(min_length=1)
    bake_minutes: Annotated[float, Strict()] = Field(0, ge=0, json_schema_extra={"unit": "minutes"})


class Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="what people call it")
    waves: list[Wave] = []
    labels: dict[str, Wave] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = []
        for i, wave in enumerate(self.waves):
            for j, region in enumerate(wave.regions):
                if region == "bad":
                    faults.append((("waves", i, "regions", j), "region 'bad' is bad", "bad-region"))
        if faults:
            raise ModelFaults(faults)
        if self.name == "value":
            raise ValueError("the name cannot be 'value'")
        if self.name == "custom":
            raise PydanticCustomError("odd_name", "the name is odd")
        return self


def faults_of(folder: Path, text: str) -> list[Finding]:
    document = read_yaml(write(folder, text))
    with pytest.raises(InputError) as caught:
        validate(document, Plan)
    return list(caught.value.findings)


def test_all_faults_of_a_document_are_reported_at_once_in_its_order(tmp_path: Path) -> None:
    """Unknown key with suggestion, wrong type, range with unit, missing key: one line each."""
    text = "nmae: x\nwaves:\n  - regions: [a]\n    bake_minuts: 3\n  - bake_minutes: -3\n  - 7\n"
    path = tmp_path / "file.yaml"
    assert [str(f) for f in faults_of(tmp_path, text)] == [
        f"{path}:1:1: error: the key 'name' is missing: what people call it [missing-key]",
        f"{path}:1:1: error: unknown key 'nmae'; did you mean 'name'? [unknown-key]",
        f"{path}:4:5: error: unknown key 'bake_minuts'; did you mean 'bake_minutes'? [unknown-key]",
        f"{path}:5:5: error: the key 'regions' is missing in waves[1] [missing-key]",
        f"{path}:5:5: error: waves[1].bake_minutes is -3 minutes: must be greater than or equal to 0 [out-of-range]",
        f"{path}:6:5: error: waves[2] is 7: must be a mapping, a line `name: value` for each entry [wrong-type]",
    ]


def test_a_misspelt_key_on_line_17_is_reported_at_line_17(tmp_path: Path) -> None:
    """Comments, blank lines and quotes don't shift the count."""
    text = "name: x\n" + "# é\n\n" * 5 + "waves:\n- regions: ['a\n    b']\n\n- regions: [c]\n  bakeminutes: 5\n"
    assert text.splitlines()[16] == "  bakeminutes: 5"
    found = [(f.line, f.column, f.rule) for f in faults_of(tmp_path, text)]
    assert found == [(17, 3, "unknown-key")]


def test_keys_inside_a_mapping_of_models_are_suggested(tmp_path: Path) -> None:
    """The known keys are those of the model at that place."""
    (found,) = faults_of(tmp_path, "name: x\nlabels:\n  arm: {regions: [a], nme: 1, }\n")
    assert found.message == "unknown key 'nme'; known here: bake_minutes, regions"
    assert (found.line, found.column) == (3, 23)


def test_validators_report_several_faults_with_places(tmp_path: Path) -> None:
    """`ModelFaults` gives each its own place and rule."""
    found = faults_of(tmp_path, "name: x\nwaves:\n- regions: [a, bad]\n- regions: [bad]\n")
    assert [(f.line, f.column, f.rule, f.message) for f in found] == [
        (3, 16, "bad-region", "region 'bad' is bad"),
        (4, 13, "bad-region", "region 'bad' is bad"),
    ]


@pytest.mark.parametrize(
    ("name", "rule", "message"),
    [("value", "invalid-value", "the name cannot be 'value'"), ("custom", "odd-name", "the name is odd")],
)
def test_a_validators_own_words_are_kept(tmp_path: Path, name: str, rule: str, message: str) -> None:
    """Neither a prefix nor the value is added to the model's own message."""
    (found,) = faults_of(tmp_path, f"name: {name}\n")
    assert (found.rule, found.message) == (rule, message)


def test_a_part_of_a_document_can_be_validated(tmp_path: Path) -> None:
    """`at` chooses the part; places stay those of the file."""
    document = read_yaml(write(tmp_path, "x:\n  - regions: [a]\n    bake_minutes: -1\n"))
    with pytest.raises(InputError, match=r":3:5: error: x\[0\].bake_minutes is -1 minutes"):
        validate(document, Wave, at=("x", 0))


def test_the_root_may_be_anything(tmp_path: Path) -> None:
    """A list or a number where a mapping is expected is one clear line."""
    for text in ("5\n", "- 1\n", "text\n"):
        (found,) = faults_of(tmp_path, text)
        assert (found.line, found.column, found.rule) == (1, 1, "wrong-type")


def test_a_finding_stays_one_line() -> None:
    """Line breaks and control characters of names cannot leave the line."""
    finding = Finding("a\nb", 1, 2, "error", "name '\x1b[31m\u202e'", "x")
    assert str(finding) == "a\\nb:1:2: error: name '\\x1b[31m\\u202e' [x]"
    assert finding.as_dict()["line"] == 1


def test_findings_are_sorted_and_not_repeated() -> None:
    """The order is that of the file."""
    late, early = Finding("p", 9, 1, "error", "m", "r"), Finding("p", 2, 5, "warning", "m", "r")
    assert InputError([late, early, late]).findings == (early, late)


def test_a_place_unknown_falls_back_to_the_nearest() -> None:
    """Parts that the document does not have are passed over."""
    document = Document("p", {"a": {"b": 1}}, {(): (1, 1), ("a",): (2, 1), ("a", "b"): (3, 3)})
    assert document.finding(("a", "some-tag", "b", "missing"), "m", "r") == Finding("p", 3, 3, "error", "m", "r")
    assert document.finding(("z",), "m", "r", "warning") == Finding("p", 1, 1, "warning", "m", "r")


def test_the_nearest_word_ignores_case_and_dashes() -> None:
    """A near miss is found, a far one is not."""
    assert closest("dependson", ["DependsOn", "Inputs"]) == "DependsOn"
    assert closest("task_definition", ["task-definition", "service"]) == "task-definition"
    assert closest("zzz", ["DependsOn"]) is None


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["no", "1e3", "22:30", "0123", "~", "", "null", "True", ".inf", "- x", "a: b", "# c", "x #y", "<<", "=",
     "%a", "two\nlines\n", "a\n b", "\n", " \nx", "x\n\n\n", "  lead\nx", "x \ny", "a\tb\nc", "---\nx", "...",
     "\ufeffx"]
)  # fmt: skip
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(value=st.dictionaries(TEXT, TREES, min_size=1, max_size=4))
def test_what_is_written_reads_back_exactly(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    """Values, types and the order of keys survive, in both dialects, and no warning is left."""
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    write_yaml(value, path)
    dialects: tuple[Dialect, ...] = ("ours", "workflow")
    for dialect in dialects:
        document = read_yaml(path, dialect=dialect)
        assert repr(document.value) == repr(value)
        assert document.warnings == ()


def test_block_style_keeps_the_order_of_keys(tmp_path: Path) -> None:
    """Lists are indented, several lines are a literal block, tricky strings are quoted."""
    path = tmp_path / "out.yaml"
    write_yaml({"z": ["a", "1"], "a": {"run": "x\ny\n", "t": "22:30", "n": "1e3"}, "e": []}, path)
    assert path.read_text() == "z:\n  - a\n  - '1'\na:\n  run: |\n    x\n    y\n  t: '22:30'\n  n: '1e3'\ne: []\n"


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {1, 2}}, {"a": "\ud800"}, {"a": [object()]}])
def test_what_yaml_cannot_hold_is_refused(tmp_path: Path, value: Any) -> None:
    """Keys that are not strings, sets, objects and broken Unicode raise TypeError; no file is left."""
    with pytest.raises(TypeError):
        write_yaml(value, tmp_path / "out.yaml")
    assert not (tmp_path / "out.yaml").exists()


def test_a_file_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    """The line names the file and the reason."""
    with pytest.raises(InputError, match=r"cannot be written: .* \[cannot-write\]"):
        write_yaml({"a": 1}, tmp_path / "none" / "out.yaml")
