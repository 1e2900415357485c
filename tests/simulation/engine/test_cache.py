"""What is compiled is kept, said once and found again; and where, when neither checkout nor home can be written.

The processes leave the package's face out: what it imports takes a second that no cache saves.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = (
    "import os, sys, types\n"
    "bare = types.ModuleType('simulation')\n"
    "bare.__path__ = [os.path.join(os.environ['PYTHONPATH'], 'simulation')]\n"
    "sys.modules['simulation'] = bare\n"
    "import numpy as np\n"
    "from numba import njit\n"
    "from simulation.engine import numbers, worker\n"  # which says so
    "u = np.zeros(4)\n"
    "key, trials = np.zeros(2, dtype=np.uint64), np.arange(4, dtype=np.uint64)\n"
    "njit(lambda *given: numbers.fill_words(*given))(key, trials, np.uint64(0), 0, 0, u, np.zeros(4))\n"
    "print(u.tolist())\n"
)
COMPILES = "compiling the engine"
LASTS = "set NUMBA_CACHE_DIR to a folder that can be written and lasts"


@pytest.fixture
def checkout(sealed: Path, tmp_path: Path) -> Path:
    """A copy of the code in which no cache can be kept, a home that is a file, and an empty temporary folder."""
    (tmp_path / "home").write_text("")
    (tmp_path / "temporary").mkdir()
    return sealed


def start(checkout: Path, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(checkout), "HOME": str(checkout.parent / "home"),
        "TMPDIR": str(checkout.parent / "temporary"), **variables,
    }  # fmt: skip
    command = [sys.executable, "-c", before + SMALL]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)


def test_only_a_compilation_says_what_it_is_doing_and_only_once(root, tmp_path):
    """One part of the kernel, which calls others: a fresh cache says so once, a warm one nothing, a stale one again."""
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    cold, warm = (start(root, **cache) for _ in range(2))
    stale = start(root, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="", **cache)
    assert cold.stderr.count(COMPILES) == stale.stderr.count(COMPILES) == 1
    assert warm.stderr == ""
    assert cold.stdout == warm.stdout


def test_a_checkout_that_cannot_be_written_keeps_its_cache_at_home(sealed, tmp_path):
    """Where no folder of its own will do, Numba takes the user's."""
    cold, warm = (start(sealed, HOME=str(tmp_path / "home")) for _ in range(2))
    assert cold.stderr.count(COMPILES) == 1
    assert warm.stderr == ""


def test_a_temporary_folder_serves_says_so_in_one_line_and_is_found_again(checkout):
    """The second process compiles nothing and has nothing to say; the folder is nobody else's."""
    cold, warm = (start(checkout) for _ in range(2))
    (folder,) = (checkout.parent / "temporary").iterdir()
    first, *rest = cold.stderr.splitlines()
    assert str(folder) in first and first.endswith(LASTS)
    assert [line for line in rest if COMPILES not in line] == []
    assert cold.stderr.count(COMPILES) == 1
    assert warm.stderr == ""
    assert cold.stdout == warm.stdout
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_can_write_to_is_not_used(checkout):
    """Compiled code is run as it is found."""
    start(checkout)
    (folder,) = (checkout.parent / "temporary").iterdir()
    shutil.rmtree(folder)
    folder.mkdir()
    folder.chmod(0o777)
    other = start(checkout)
    assert list(folder.iterdir()) == []
    assert other.stderr.count(COMPILES) == 1 and LASTS in other.stderr


REFUSES = """
import errno, tempfile
real = tempfile.TemporaryFile
def refuse(*args, dir=None, **kwargs):
    if "image" in str(dir):
        raise OSError(errno.EROFS, "Read-only file system", str(dir))
    return real(*args, dir=dir, **kwargs)
tempfile.TemporaryFile = refuse  # by which Numba finds out whether a folder can be written
"""


def test_what_a_folder_that_can_only_be_read_holds_is_not_compiled_again(checkout, tmp_path):
    """An image whose engine was compiled while it was built, started on a file system that refuses to write."""
    image = str(tmp_path / "image")
    built = start(checkout, NUMBA_CACHE_DIR=image)
    found = start(checkout, REFUSES, NUMBA_CACHE_DIR=image)
    assert built.stderr.count(COMPILES) == 1
    assert found.stderr == "" and found.stdout == built.stdout


def test_with_nowhere_at_all_it_runs_and_says_what_that_costs(checkout):
    """Each process compiles for itself; nothing fails."""
    nowhere = "import tempfile\ntempfile.tempdir = '/nowhere/at/all'\n"
    found = start(checkout, nowhere)
    first, *_ = found.stderr.splitlines()
    assert "made anew by each process" in first and first.endswith(LASTS)
    assert found.stdout == start(checkout).stdout


STRANGE = "import sys, numba.core.typed_passes as passes\ndel passes.NativeLowering\n"
QUANTILE = "print(njit(lambda u: numbers.normal_quantile(u))(0.3))\n"


def test_another_numba_compiles_the_same_and_keeps_what_belongs_to_the_files_as_they_are(root, tmp_path):
    """What a Numba documents is enough: it says so in one line, and a changed coefficient is never met by old code."""
    for package in ("simulation", "waves"):
        shutil.copytree(root / package, tmp_path / "copy" / package, ignore=shutil.ignore_patterns("__pycache__"))
    place = {"cwd": tmp_path / "copy", "capture_output": True, "text": True, "check": True}
    usual, strange = ([sys.executable, "-c", before + SMALL + QUANTILE] for before in ("", STRANGE))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "copy")}
    wanted, found = (subprocess.run(command, env=environment, **place) for command in (usual, strange))
    line, *others = found.stderr.splitlines()
    assert all(other.startswith(COMPILES) for other in others)
    assert line.startswith("Numba ") and line.endswith("install the version that requirements.lock has")
    assert found.stdout == wanted.stdout
    kept = tmp_path / "copy" / "simulation" / "engine" / "__pycache__"
    assert [*kept.glob("engine-*/*/*.nbc")]
    file = tmp_path / "copy" / "simulation" / "arithmetic.py"
    text = file.read_text(encoding="utf-8")
    assert text.count("3.3871328727963666080") == 1  # the first of the quantile's coefficients
    file.write_text(text.replace("3.3871328727963666080", "4.3871328727963666080"), encoding="utf-8")
    other = subprocess.run(strange, env=environment, **place)
    assert other.stdout.splitlines()[0] == found.stdout.splitlines()[0]
    assert other.stdout.splitlines()[1] != found.stdout.splitlines()[1]
    assert len([*kept.glob("engine-*")]) == 2
