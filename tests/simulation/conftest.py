"""Rollouts worked out by hand are put to every engine."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import worlds


@pytest.fixture(params=sorted(worlds.ENGINES))
def check(request: Any) -> Callable[..., None]:
    """`worlds.check`, for one engine."""
    return partial(worlds.check, engine=request.param)


@pytest.fixture
def sealed(root: Path, tmp_path: Path) -> Path:
    """A copy of the code in which no cache can be kept.

    A file in the place of a folder is as good as a file system that refuses to write, root or not.
    """
    for package in ("simulation", "waves"):
        for folder, folders, files in os.walk(root / package):
            folders[:] = [each for each in folders if each != "__pycache__"]
            copy = tmp_path / "checkout" / Path(folder).relative_to(root)
            copy.mkdir(parents=True)
            for each in files:
                (copy / each).symlink_to(Path(folder) / each)
            (copy / "__pycache__").write_text("")
    return tmp_path / "checkout"
