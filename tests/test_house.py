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
from packaging.requirements import Requirement

from tests.conftest import APART, FIRST

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


def test_a_package_imports_only_those_to_its_left():
    """waves ← simulation ← history ← wavecast; and nothing imports notebooks, tests, tools or benchmarks."""
    wrong = []
    for path in SOURCES:
        rank = LAYERS.index(path.relative_to(ROOT).parts[0])
        forbidden = {*LAYERS[rank + 1 :], "notebooks", "tests", "tools", "benchmarks"}
        wrong += [f"{name(path)}: {module}" for _, module in imports(path) if module.split(".")[0] in forbidden]
    assert not wrong


def test_imports_are_absolute():
    assert not [f"{name(path)}: {module}" for path in files("*.py") for dots, module in imports(path) if dots]


def public_bindings(path: Path) -> set[str]:
    """The public names that an `__init__.py` binds at its top level, or says to type checkers that it does."""
    found: set[str] = set()
    body = tree(path).body
    for node in [*body, *(each for block in body if isinstance(block, ast.If) for each in block.body)]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {each for each in found - {"annotations", "TYPE_CHECKING"} if not each.startswith("_")}


def test_all_is_complete():
    """`__all__` is what the package's `__init__.py` binds, no more and no less; its order is ruff's (RUF022)."""
    wrong = []
    for package in PACKAGES:
        public = list(getattr(importlib.import_module(package), "__all__", []))
        bound = public_bindings(ROOT / package.replace(".", "/") / "__init__.py")
        wrong += [f"{package}.{each}" for each in set(public) ^ bound]
        wrong += [f"{package}.{each}, twice" for each in set(public) if public.count(each) > 1]
    assert not wrong


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


def test_every_public_name_is_documented():
    gaps = []
    for package in PACKAGES:
        module = importlib.import_module(package)
        gaps += [package] if not (module.__doc__ or "").strip() else []
        public = getattr(module, "__all__", [])
        gaps += [gap for each in public for gap in undocumented(f"{package}.{each}", getattr(module, each))]
    assert not gaps


def test_no_file_is_longer_than_400_lines_and_no_function_than_70():
    long = []
    for path in files("*.py"):
        length = len(path.read_text(encoding="utf-8").splitlines())
        long += [f"{name(path)}: {length} lines"] if length > 400 else []
        long += [f"{name(path)}: {node.name} has {lines(node)}" for node in functions(path) if lines(node) > 70]
    assert not long


def test_the_model_is_read_in_one_sitting():
    """simulation/model.py has at most 320 lines, and no function in it more than 25."""
    path = ROOT / "simulation" / "model.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320
    assert not [f"{node.name}: {lines(node)}" for node in functions(path) if lines(node) > 25]


def test_text_wraps_at_120():
    """Markdown is read in a terminal and in a diff, too: only tables and what cannot be broken are wider."""
    wide = []
    for path in files("*.md"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            breakable = len(line.split()) > 2 and not line.startswith("|")
            wide += [f"{name(path)}:{number}: {len(line)} columns"] if breakable and len(line) > 120 else []
    assert not wide


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_notebooks_are_kept_without_outputs_and_run_on_python3():
    wrong = []
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        wrong += [f"{name(path)}: kernel"] if notebook.metadata.kernelspec.name != "python3" else []
        run = [index for index, cell in enumerate(code) if cell.outputs or cell.execution_count is not None]
        wrong += [f"{name(path)}: cell {index}" for index in run]
    assert not wrong


# Package registries, and the folders of one machine or person.
FORBIDDEN = re.compile(
    r"pypi\.org|pythonhosted\.org|anaconda\.(?:org|com)|prefix\.dev|npmjs\.(?:org|com)|crates\.io"
    r"|file:/{3}|(?<![\w.*~-])/(?:work|tmp|root|home|opt|Users)/",
    re.IGNORECASE,
)


def test_no_file_names_a_registry_or_a_path_outside():
    found = []
    for path in files("*"):
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # a picture, or a hostile file of the tests
        if FORBIDDEN.search(text):
            rows = enumerate(text.splitlines(), 1)
            found += [f"{name(path)}:{number}: {line}" for number, line in rows if FORBIDDEN.search(line)]
    assert not found


def test_published_schemas_are_those_of_the_models():
    """docs/schemas/ holds exactly what the models say; after a change of a field: write them anew."""
    schemas = importlib.import_module("tools.render_schemas").schemas()
    published = {path.name: json.loads(path.read_text("utf-8")) for path in files("*.json", under="docs/schemas")}
    assert published
    assert published == schemas


def test_a_published_schema_is_a_json_schema():
    for path in files("*.json", under="docs/schemas"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
        assert schema["title"]
        jsonschema.Draft202012Validator.check_schema(schema)


MODULES = {name(path)[:-3].replace("/", ".").removesuffix(".__init__") for path in files("*.py")}
# However much of its path is left out: `kernel`, `engine.kernel`, `simulation.engine.kernel`.
TAILS = {".".join(each.split(".")[i:]) for each in MODULES for i in range(each.count(".") + 1)}
PACKAGE = "waves|simulation|history|wavecast|tests|tools|benchmarks"
DOTTED = re.compile(rf"`((?:{PACKAGE})(?!\.sqlite)(?:\.\w+)+)(?![.\w])")
PLACE = re.compile(rf"`((?:{PACKAGE}|data|docs|notebooks|\.ci|\.github)/[\w./-]+)")


def leads_somewhere(dotted: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = dotted.split(".")
    length = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in MODULES), 0)
    thing: object = importlib.import_module(".".join(parts[:length])) if length else None
    for part in parts[length:]:
        known = {*getattr(thing, "__dataclass_fields__", ()), *getattr(thing, "model_fields", ())}
        if not hasattr(thing, part) and part not in known:
            return False
        thing = getattr(thing, part, None)
    return bool(length)


def test_a_signpost_leads_somewhere():
    """A module named in a docstring, and a module or file named in the docs, is there."""
    rotten = []
    for path in files("*.py"):
        top, texts = tree(path), []
        for node in ast.walk(top):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                texts.append(ast.get_docstring(node) or "")
        named = re.findall(r"``([a-z_]\w*(?:\.[a-z_]\w*)*)``", texts[0])
        names = [each for each in named if not each.endswith((".toml", ".yaml", ".js"))]
        scripts = [each for each in named if each.endswith(".js")]
        rotten += [f"{name(path)}: {each}" for each in scripts if not path.with_name(each).exists()]
        rotten += [f"{name(path)}: {each}" for each in names if each not in TAILS and not leads_somewhere(each)]
        dotted = DOTTED.findall("\n".join(texts))
        rotten += [f"{name(path)}: {each}" for each in dotted if not leads_somewhere(each)]
    for path in files("*.md", "*.ipynb"):
        text = path.read_text(encoding="utf-8")
        rotten += [f"{name(path)}: {each}" for each in DOTTED.findall(text) if not leads_somewhere(each)]
        rotten += [f"{name(path)}: {each}" for each in PLACE.findall(text) if not (ROOT / each).exists()]
    assert not rotten


def test_every_dependency_has_its_reason():
    """The page names each dependency of pyproject.toml once, with a reason, and nothing else."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = pyproject["dependency-groups"].values()
    texts = pyproject["project"]["dependencies"] + [text for group in groups for text in group]
    wanted = {Requirement(text).name for text in texts if isinstance(text, str)}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE)
    assert sorted(dependency for dependency, _ in rows) == sorted(wanted)
    assert all(len(reason) >= 20 for _, reason in rows)


def test_what_goes_first_is_there():
    """A slow file that was renamed would go last, and one worker would be left with it."""
    assert not [each for each in (*FIRST, *APART) if not (ROOT / each).exists()]
