"""The rules of the house: layers, public names, sizes, notebooks, schemas, and what no file may name."""

import ast
import importlib
import inspect
import json
import os
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import jsonschema
import nbformat
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("waves", "simulation", "history", "wavecast")  # each imports only those before it
MADE = {".git", ".venv", "build", "__pycache__", ".ipynb_checkpoints"}
MADE |= {".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


@cache
def checkout() -> list[Path]:
    """Every file of the checkout, without what tools made: their folders, of thousands of files, are not entered."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each not in MADE and not each.endswith(".egg-info")]
        found += [Path(folder, each) for each in names]
    return sorted(path for path in found if path.is_file())


def files(*patterns: str, under: str = ".") -> list[Path]:
    """Every file of a folder of the checkout that matches, without what tools made."""
    folder = ROOT / under
    return [
        path
        for path in checkout()
        if path.is_relative_to(folder) and any(fnmatch(path.name, pattern) for pattern in patterns)
    ]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


SOURCES = [path for layer in LAYERS for path in files("*.py", under=layer)]
PACKAGES = [name(path.parent).replace("/", ".") for path in SOURCES if path.name == "__init__.py"]
NOTEBOOKS = files("*.ipynb", under="notebooks")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (dots, module) of every import in a file, those inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_the_packages_are_there():
    assert {"waves", "waves.pipelines.codecatalyst", "simulation", "simulation.analysis", "wavecast"} <= set(PACKAGES)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_package_imports_only_those_to_its_left(path):
    """waves ← simulation ← history ← wavecast; and nothing imports notebooks, tests or benchmarks."""
    rank = LAYERS.index(path.relative_to(ROOT).parts[0])
    forbidden = {*LAYERS[rank + 1 :], "notebooks", "tests", "benchmarks"}
    assert not {module for _, module in imports(path) if module.split(".")[0] in forbidden}


@pytest.mark.parametrize("path", files("*.py"), ids=name)
def test_imports_are_absolute(path):
    assert not [module for dots, module in imports(path) if dots]


def public_bindings(path: Path) -> set[str]:
    """The public names that an `__init__.py` binds at its top level."""
    found: set[str] = set()
    for node in tree(path).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {each for each in found - {"annotations"} if not each.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_complete(package):
    """`__all__` is what the package's `__init__.py` binds, no more and no less; its order is ruff's (RUF022)."""
    module = importlib.import_module(package)
    public = list(getattr(module, "__all__", []))
    assert len(public) == len(set(public))
    assert set(public) == public_bindings(ROOT / package.replace(".", "/") / "__init__.py")


def undocumented(prefix: str, thing: object) -> Iterator[str]:
    """Yield a public function or class without a docstring of its own, and such methods of a class."""
    if inspect.isclass(thing):
        own = vars(thing).get("__doc__") or ""
        if not own or own.startswith(f"{thing.__name__}("):  # the latter is what @dataclass makes up
            yield prefix
        for each, member in vars(thing).items():
            member = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            member = member.fget if isinstance(member, property) else member
            mine = getattr(member, "__module__", None) == thing.__module__
            if inspect.isfunction(member) and mine and not each.startswith("_"):
                yield from undocumented(f"{prefix}.{each}", member)
    elif callable(thing) and not (getattr(thing, "__doc__", None) or "").strip():
        yield prefix


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_documented(package):
    module = importlib.import_module(package)
    assert (module.__doc__ or "").strip()
    public = getattr(module, "__all__", [])
    assert not [gap for each in public for gap in undocumented(f"{package}.{each}", getattr(module, each))]


@pytest.mark.parametrize("path", files("*.py"), ids=name)
def test_no_file_is_longer_than_400_lines_and_no_function_than_70(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert not [f"{node.name}: {lines(node)}" for node in functions(path) if lines(node) > 70]


def test_the_model_is_read_in_one_sitting():
    """simulation/model.py has at most 200 lines, and no function in it more than 25."""
    path = ROOT / "simulation" / "model.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 200
    assert not [f"{node.name}: {lines(node)}" for node in functions(path) if lines(node) > 25]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_kept_without_outputs_and_runs_on_python3(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert notebook.metadata.kernelspec.name == "python3"
    assert not [index for index, cell in enumerate(code) if cell.outputs or cell.execution_count is not None]


# Package registries, and the folders of one machine or person.
FORBIDDEN = re.compile(
    r"pypi\.org|pythonhosted\.org|anaconda\.(?:org|com)|prefix\.dev|npmjs\.(?:org|com)|crates\.io"
    r"|file:/{3}|(?<![\w.*~-])/(?:work|tmp|root|home|opt|Users)/",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", files("*"), ids=name)
def test_no_file_names_a_registry_or_a_path_outside(path):
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return  # a picture, or a hostile file of the tests
    found = [(number, line) for number, line in enumerate(text.splitlines(), 1) if FORBIDDEN.search(line)]
    assert not found


def test_published_schemas_are_those_of_the_models():
    """docs/schemas/ holds exactly what the models say; after a change of a field: write them anew."""
    schemas = importlib.import_module("tools.render_schemas").schemas()
    published = {path.name: json.loads(path.read_text("utf-8")) for path in files("*.json", under="docs/schemas")}
    assert published
    assert published == schemas


@pytest.mark.parametrize("path", files("*.json", under="docs/schemas"), ids=name)
def test_a_published_schema_is_a_json_schema(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert schema["title"]
    jsonschema.Draft202012Validator.check_schema(schema)


def test_every_dependency_has_its_reason_in_contributing():
    """The table there names each dependency of pyproject.toml once, with a reason, and nothing else."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = pyproject["dependency-groups"].values()
    texts = pyproject["project"]["dependencies"] + [text for group in groups for text in group]
    wanted = {Requirement(text).name for text in texts if isinstance(text, str)}
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Why each dependency")[1]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section.split("\n## ")[0], re.MULTILINE)
    assert sorted(dependency for dependency, _ in rows) == sorted(wanted)
    assert all(len(reason) >= 20 for _, reason in rows)
