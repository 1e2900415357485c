"""environment.yml says what pyproject.toml says, in words that conda can read; `make` works in odd places, or says why.

Not here: what is installed, which takes a minute.
"""

import importlib
import os
import re
import shutil
import subprocess
import tomllib
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec
from rattler.exceptions import InvalidMatchSpecError


@pytest.fixture(scope="module")
def renderer(root) -> ModuleType:
    return importlib.import_module("tools.render_environment")


@pytest.fixture(scope="module")
def pyproject(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment(root) -> dict:
    return yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))


def test_environment_is_what_the_renderer_makes_of_pyproject(root, renderer, pyproject):
    """An edit of either file without `make lock` is found here."""
    assert (root / "environment.yml").read_text(encoding="utf-8") == renderer.render(pyproject)


def test_every_line_is_a_match_spec_in_the_strict_reading(environment):
    lines = [line for line in environment["dependencies"] if isinstance(line, str)]
    specs = [MatchSpec(line, strict=True) for line in lines]
    assert [spec.name.normalized for spec in specs] == [line.split()[0] for line in lines]


@pytest.mark.parametrize("line", ["numpy >==2", "numpy 2.0 py* extra words", "num py >=2", "numpy >=2,,<3"])
def test_the_strict_reading_refuses_what_is_not_a_match_spec(line):
    with pytest.raises(InvalidMatchSpecError):
        MatchSpec(line, strict=True)


def test_conda_gets_every_python_that_is_tested_and_no_other(environment):
    spec = MatchSpec(environment["dependencies"][0], strict=True)
    assert (spec.name.normalized, str(spec.version)) == ("python", ">=3.11,<3.14")


def test_the_kit_itself_is_installed_editable_and_nothing_else_comes_by_pip(environment):
    assert environment["channels"] == ["conda-forge"]
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    assert [line for line in environment["dependencies"] if isinstance(line, dict)] == [{"pip": ["-e ."]}]


@pytest.mark.parametrize(
    "text", ["numpy; python_version < '3.12'", "dask[array]", "numpy @ https://example.org/numpy.whl"]
)
def test_a_requirement_that_conda_has_no_word_for_is_refused(renderer, text):
    with pytest.raises(ValueError, match="no word for"):
        renderer.conda_spec(Requirement(text))


def test_the_lock_pins_and_hashes_every_direct_dependency(root, renderer, pyproject):
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    entries = [part for part in lock.replace("\\\n", " ").splitlines() if part and part[0] not in "# "]
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    groups = pyproject["dependency-groups"]
    texts = [*pyproject["project"]["dependencies"], *(text for name in groups for text in renderer.group(groups, name))]
    for wanted in map(Requirement, texts):
        name = canonicalize_name(wanted.name)
        pinned = [entry.split()[0].split("==")[1] for entry in entries if entry.startswith(f"{name}==")]
        assert pinned
        assert all(wanted.specifier.contains(version) for version in pinned)


def test_the_lock_names_no_place_where_packages_come_from(root):
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    assert not re.findall(r"https?://|file:|^-.*", lock, re.MULTILINE)


def caches(root, home: str) -> dict[str, str]:
    """What `make` tells the programs that it starts about where to keep things, for one home."""
    names = ("XDG_CACHE_HOME", "MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    clean = {key: value for key, value in os.environ.items() if key not in names}
    command = ["make", "--no-print-directory", "--eval", "told: ; @env", "told"]
    done = subprocess.run(command, cwd=root, env=clean | {"HOME": home}, capture_output=True, text=True, check=True)
    lines = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in lines if name in names}


def test_where_the_home_cannot_be_written_caches_lie_in_the_checkout(root, tmp_path):
    """No home, or none that is a folder; one that can be written is left to be used as ever."""
    (tmp_path / "file").touch()
    for home in ("/nonexistent", str(tmp_path / "file"), ""):
        found = caches(root, home)
        assert len(found) == 5 and all(value.startswith(f"{root}/build/home/") for value in found.values())
    assert caches(root, str(tmp_path)) == {}


@pytest.mark.parametrize("name", ["a$b", "a:b"])
def test_a_path_in_which_nothing_can_be_installed_is_told_before_anything_is_made(root, tmp_path, name):
    place = tmp_path / name / ".ci"
    place.mkdir(parents=True)
    shutil.copy(root / ".ci" / "environment", place)
    done = subprocess.run([place / "environment"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("environment: error: this folder's path has a $ or a colon")
    assert str(place.parent) in done.stderr and not (place.parent / ".venv").exists()
