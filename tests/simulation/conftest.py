"""Rollouts worked out by hand are put to every engine."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.simulation import worlds


@pytest.fixture(params=sorted(worlds.ENGINES))
def check(request: Any) -> Callable[..., None]:
    """`worlds.check`, for one engine."""
    return partial(worlds.check, engine=request.param)
