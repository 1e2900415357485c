"""Measures how good the join is, as the table of docs/rollouts.md: clean, default and dirty histories of the stand-in.

They are really collected, by `wavecast fetch`'s own collector. Not here: the truth (`tests.aws_stand_in`), the reader
that knows it (`tests.history.joining.omniscient`).
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from history.joining.join import join
from history.joining.tables import Tables, as_tables, read_tables
from tests.aws_stand_in import History
from tests.aws_stand_in.dirt import Dirt
from tests.history.joining.conftest import collected
from tests.history.joining.omniscient import Score, compared

SIZE: dict[str, Any] = {"accounts": ("111122223333", "444455556666"), "deployments": 1800, "days": 85, "services": 9}
HISTORIES: dict[str, dict[str, Any]] = {
    "clean": {"redeploys": 0.0, "superseded": 0.0, "parallel": 0.0, "digestless": 0.0},
    "default": {},
    "dirty": {"dirt": Dirt.all(), "skew_minutes": 2.0, "parallel": 0.06, "late": 0.05, "digestless": 0.1},
}
PIPELINES = ("pipeline_actions", "pipeline_executions")
MISSING: dict[str, tuple[str, ...]] = {
    "all": (),
    "no workflow": ("workflow_runs",),
    "no CodePipeline": PIPELINES,
    "no pipeline, no workflow": (*PIPELINES, "workflow_runs"),
}


def scores(name: str, seed: int = 11) -> dict[str, Score]:
    """Collect one history, join what of it there is, and compare."""
    story = History.make(seed, **SIZE, **HISTORIES[name])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        tables = read_tables(collected(story, Path(folder), patch))
    return {what: compared(story, join(without(tables, missing))) for what, missing in MISSING.items()}


def without(tables: Tables, missing: tuple[str, ...]) -> Tables:
    """Return the same history, where nobody collected some of it."""
    return as_tables({name: each.iloc[:0] if name in missing else each for name, each in tables.frames.items()})


def _rows(name: str, found: dict[str, Score]) -> list[list[str]]:
    kinds: Counter[str] = next(iter(found.values())).there
    told = ["all", *(kind for kind, _ in kinds.most_common() if kind not in ("all", "nothing"))]
    rows = [[f"**{name}**", *(f"{s.found['all']} of {s.there['all']}, {s.false} false" for s in found.values())]]
    for kind in told[1:]:
        rows.append([f"{name}: {kind}", *(f"{s.found[kind]} of {s.there[kind]}" for s in found.values())])
    return rows


def render() -> str:
    """Return the table."""
    head = ["rollouts found", *(f"collected: {what}" for what in MISSING)]
    rows = [head, ["---"] * len(head)]
    for name in HISTORIES:
        rows += _rows(name, scores(name))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def over(seeds: int) -> str:
    """Return what came of dirty histories of so many seeds: on the whole, and of the worst of them."""
    found = [scores("dirty", seed) for seed in range(11, 11 + seeds)]
    rows = [["dirty histories", "found", "of the worst", "false", "of the worst"], ["---"] * 5]
    for what in MISSING:
        own = [each[what] for each in found]
        share = sum(s.found["all"] for s in own) / sum(s.there["all"] for s in own)
        false = sum(s.false for s in own) / sum(s.joined for s in own)
        worst = min(s.recall for s in own), max(s.false_share for s in own)
        rows.append([what, *(f"{value:.1%}" for value in (share, worst[0], false, worst[1]))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.render_scores", description=__doc__)
    parser.add_argument("--seeds", type=int, help="dirty histories of so many seeds, by what was collected")
    options = parser.parse_args()
    print(over(options.seeds) if options.seeds else render(), end="")
