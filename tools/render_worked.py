"""Writes docs/worked.md: which rollouts that are worked by hand, and which tests of laws, stand behind which rule.

It reads the tests' docstrings, which name the rules, and prints the page.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MODEL = "tests/simulation/model/"
OTHERS = (  # where rules are settled by other things than one rollout
    "tests/simulation/engine/test_compiled_by_hand.py",
    "tests/simulation/test_draws.py",
    "tests/simulation/closed_forms/test_closed_forms.py",
    "tests/simulation/results/test_outcomes.py",
)
LAWS = "test_laws.py"
RANKS = "abcde"
HEAD = """\
# Rollouts worked by hand

<!-- Made by tools/render_worked.py from the docstrings of the tests: change those, then `make docs`. -->

For every rule of [the model](model.md), and for every tie, the rollouts that were worked out on paper. Their docstrings
have the numbers. Each is put to the model in SimPy, to the compiled engine and to the second model, `tests/naive.py`,
and compared in every column. Rules 1 to 4, 24 and 26 are not of one rollout: their tests recompute draws, closed forms
and sums.
"""
TIES = """
## Ties

Rule 5, by the ranks of what meets at one instant: (a) traffic and harm, (b) true alarms, (c) false alarms, (d) failures
of deployments, (e) moves of the pipeline.
"""


class Case(NamedTuple):
    """One test: its file, its name, the rules and the ties that its docstring names."""

    file: str
    name: str
    rules: tuple[int, ...]
    ties: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return it as an item of a list."""
        return f"- [{self.name.removeprefix('test_').replace('_', ' ')}][{Path(self.file).stem}]\n"


def rules_of(text: str) -> tuple[int, ...]:
    """Return the rules that a docstring names: `Rule 5`, `Rules 7, 8 and 12`, `Rules 2 to 4`."""
    named: list[int] = []
    for span in re.findall(r"\bRules? (\d+(?:(?:, | and | to )\d+)*)", text):
        named += [int(number) for number in re.findall(r"\d+", re.sub(r"\d+ to \d+", _spelt, span))]
    return tuple(dict.fromkeys(named))


def _spelt(found: re.Match[str]) -> str:
    first, last = re.findall(r"\d+", found[0])
    return " ".join(str(number) for number in range(int(first), int(last) + 1))


def ties_of(text: str) -> tuple[str, ...]:
    """Return the ties that a docstring names: `(a) < (b)`, `within (e)`."""
    return tuple(found.lower() for found in re.findall(r"\([a-e]\) < \([a-e]\)|[Ww]ithin \([a-e]\)", text))


def cases() -> list[Case]:
    """Return the tests that name a rule, in the order of their files."""
    files = sorted(file for file in (ROOT / MODEL).glob("test_*.py") if file.name != LAWS)
    return [case for file in (*files, *(ROOT / other for other in OTHERS)) for case in _of(file)]


def _of(file: Path) -> Iterator[Case]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    usual = rules_of((ast.get_docstring(tree) or "").split(":")[0].replace("rule", "Rule"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = ast.get_docstring(node) or ""
            # Where a file is about one rule, its tests need not say so.
            rules = rules_of(text) or (usual if len(usual) == 1 else ())
            if rules:
                yield Case(str(file.relative_to(ROOT)), node.name, rules, ties_of(text))


def laws() -> list[Case]:
    """Return the tests of laws."""
    tree = ast.parse((ROOT / MODEL / LAWS).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return [Case(MODEL + LAWS, name, (), ()) for name in names]


def titles() -> dict[int, str]:
    """Return what the rules are called, by their numbers."""
    text = (ROOT / "docs/model.md").read_text(encoding="utf-8")
    found = re.findall(r"^\*\*(\d+)\. (.+?)[.:]?\*\*", text, re.MULTILINE)
    return {int(number): title for number, title in found}


def ties() -> list[str]:
    """Return every tie that there can be: of two ranks, and within one where more than one thing can happen."""
    pairs = [f"({one}) < ({other})" for i, one in enumerate(RANKS) for other in RANKS[i + 1 :]]
    return [*pairs, *(f"within ({rank})" for rank in "bcde")]


def render() -> str:
    """Return the page."""
    found = cases()
    page = HEAD + TIES
    for tie in ties():
        page += f"\n**{tie[0].upper()}{tie[1:].replace('<', 'before')}**\n\n"
        page += "".join(case.line for case in found if tie in case.ties)
    for number, title in titles().items():
        page += f"\n## Rule {number}: {title}\n\n"
        page += "".join(case.line for case in found if number in case.rules and not (number == 5 and case.ties))
    page += "\n## Laws\n\nOver random plans and scenarios, trial by trial, and where a law ends.\n\n"
    page += "".join(case.line for case in laws())
    return page + "\n" + "".join(f"[{Path(f).stem}]: ../{f}\n" for f in sorted({c.file for c in (*found, *laws())}))


if __name__ == "__main__":
    print(render(), end="")
