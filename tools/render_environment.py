"""Writes environment.yml, for those who use conda, from pyproject.toml, which stays the one source.

It prints the file; `make lock` keeps it. Nothing is solved here: a name or a version that conda-forge does
not have is found by .github/workflows/environment.yml, not by this script.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent

# Where conda-forge's name is not the lower-cased name on the Python index.
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",  # the plain name also brings a GUI toolkit
    "playwright": "playwright-python",
}

HEADER = """\
# Rendered from pyproject.toml by tools/render_environment.py (make lock): edit that one, not this one.
# Parsed strictly by a test, never solved here.
"""


def render(pyproject: dict[str, Any]) -> str:
    """Return environment.yml: Python, every dependency and group, and the kit itself, editable."""
    requirements = [*pyproject["project"]["dependencies"], *group(pyproject["dependency-groups"], "dev")]
    specs = sorted({conda_spec(Requirement(text)) for text in requirements})
    lines = ["name: wavecast", "channels:", "  - conda-forge", "dependencies:"]
    lines += [f"  - {spec}" for spec in [python_spec(pyproject["project"]), "pip", *specs]]
    lines += ["  - pip:", "      - -e ."]
    return HEADER + "\n".join(lines) + "\n"


def group(groups: dict[str, list[Any]], name: str) -> list[str]:
    """Return a dependency group with the groups it includes, in order (PEP 735)."""
    found: list[str] = []
    for entry in groups[name]:
        found += [entry] if isinstance(entry, str) else group(groups, entry["include-group"])
    return found


def conda_spec(requirement: Requirement) -> str:
    """Return the line for one requirement; what conda has no word for is refused, not dropped.

    Raises
    ------
    ValueError
        Where the requirement has a marker, an extra or a URL.
    """
    if requirement.marker or requirement.extras or requirement.url:
        raise ValueError(f"{requirement}: environment.yml has no word for a marker, an extra or a URL")
    name = CONDA_NAMES.get(requirement.name, requirement.name.lower())
    return f"{name} {requirement.specifier}".strip()


def python_spec(project: dict[str, Any]) -> str:
    """Return Python's line: from `requires-python` to the newest version that the classifiers name."""
    tested = re.findall(r"Python :: 3\.(\d+)", "\n".join(project["classifiers"]))
    return f"python {project['requires-python']},<3.{max(map(int, tested)) + 1}"


if __name__ == "__main__":
    print(render(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))), end="")
