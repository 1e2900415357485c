"""What the tests of the pictures share: worlds, rollouts, and a check that a picture can be read."""

import itertools
import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import waves
from simulation import plots
from simulation.analysis.compare import Comparison, compare
from simulation.analysis.duel import Duel
from simulation.analysis.trace import Trace, trace
from simulation.scenario import Scenario

BAD: dict[str, Any] = {"name": "bad", "probability": 1.0, "severity": 0.5, "onset": 3.0}
BLIND = {**BAD, "severity": 1.0, "detection_probability": 0.0}
STEPS = {"steps": [[10.0, 5.0], [50.0, 5.0]]}
ODD = (
    "a very long region name, as nobody would give it, but somebody will", "$x^2$ costs $5 <b>&amp;</b>",
    "中国北京", "eu_west_1 <b>", "us-east-1", "x",
)  # fmt: skip


def scenario(count: int, *, names: tuple[str, ...] = (), pairs: bool = False, **fields: Any) -> Scenario:
    """A scenario in which every duration is fixed, over regions whose traffic is 1, 2, … times 100."""
    names = names or tuple(f"region-{i + 1}" for i in range(count))
    regions = [
        {"name": name, "traffic": 100.0 * (i + 1), "failover": names[i ^ 1] if pairs and i ^ 1 < count else None}
        for i, name in enumerate(names)
    ]
    fixed = {"build": 8.0, "deploy": 6.0, "evidence": 100.0, "lag": 2.0, "reaction": 3.0, "rollback": 5.0}
    return Scenario.model_validate({"fleet": {"regions": regions}, **fixed, **fields})


def one(world: Scenario, counts: list[int], **options: Any) -> Trace:
    return trace(waves.sizes(world.fleet, counts, **{"bake_minutes": 20.0, **options}), world, seed=7, trial=11)


def two(world: Scenario, counts: list[int], **options: Any) -> Duel:
    return Duel(one(world, [len(world.fleet.regions)], name="all at once", **options), one(world, counts, **options))


@cache
def comparison(kind: str) -> Comparison:
    """A small comparison of some kind, made once."""
    fields: dict[str, Any] = {
        "faults": [{**BAD, "probability": 0.5}],
        "deploy": {"lognormal": {"median": 6.0, "p95": 12.0}},
    }
    trials, shapes = 60, [[4], [1, 3], [1, 1, 1, 1]]
    if kind == "healthy":
        fields, trials = {}, 30
    if kind == "never ships":
        fields, trials = {"build_failure_probability": 1.0}, 30
    if kind == "endless":
        fields = {"faults": [{**BLIND, "probability": 0.5}], "horizon_minutes": math.inf}
    if kind == "few":
        trials = 3
    if kind == "alone":
        shapes = [[4]]
    if kind == "odd names":
        fields["names"], shapes = ODD, [[6], [1, 5]]
    if kind == "many":
        shapes, trials = (
            [list(s) for s in itertools.product((1, 2, 3), repeat=6) if sum(s) == 30 or sum(s) == 8][:12],
            12,
        )
        shapes = [[*shape, 30 - sum(shape)] for shape in shapes]
    count = 30 if kind == "many" else len(ODD) if kind == "odd names" else 4
    world = scenario(count, pairs=True, **fields)
    names = [f"waves of {s}" if kind != "odd names" else f"$ a plan with quite a long name, of {s} $" for s in shapes]
    pairs = zip(names, shapes, strict=True)
    return compare({n: waves.sizes(world.fleet, s, bake_minutes=20.0) for n, s in pairs}, world, trials=trials, seed=7)


KINDS = ("ordinary", "healthy", "never ships", "endless", "few", "alone", "odd names", "many")


def texts(figure: Figure) -> Iterator[Text]:
    """Every text that a reader sees."""
    figure.canvas.draw()
    hidden = set(beyond_limits(figure))
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            yield text


def beyond_limits(figure: Figure) -> Iterator[Text]:
    """Yield the labels of ticks outside the limits of their axis, which matplotlib keeps but does not draw."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                yield from (tick.label1, tick.label2)


def written(figure: Figure) -> list[str]:
    return [plain(text.get_text()) for text in texts(figure)]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace(r"\$", "$")


def drawn_boxes(figure: Figure) -> list[tuple[str, Any]]:
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in texts(figure)]


def marked(axes: Axes, markers: tuple[str, ...]) -> list[tuple[float, float]]:
    """Where the axes have points with one of some markers, in the order in which they were drawn."""
    lines = [line for line in axes.lines if line.get_marker() in markers]
    return [tuple(float(np.asarray(ends)[0]) for ends in line.get_data()) for line in lines]  # type: ignore[misc]


def check(picture: plots.Picture) -> None:
    """A title, no text beyond the canvas, none upon another."""
    assert picture.title and "nan" not in picture.title and "\n" not in picture.title
    wide, tall = (float(inches) * 100 for inches in picture.get_size_inches())
    assert wide == 900
    boxes = [(text, box) for text, box in drawn_boxes(picture) if box.width > 0]
    beyond = [(text, box) for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > wide or box.y1 > tall]
    assert not beyond
    pairs = [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if overlap(x, y) and {a, b} != {"∞"}]
    assert not pairs


def overlap(a: Any, b: Any) -> bool:
    """Whether two boxes share more than a hair: 2 dots each way."""
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2


ROLLOUTS = {
    "sound": lambda: one(scenario(6), [1, 2, 3]),
    "caught": lambda: one(scenario(6, faults=[BAD]), [1, 2, 3]),
    "build fails": lambda: one(scenario(6, build_failure_probability=1.0), [1, 2, 3]),
    "deployment fails": lambda: one(scenario(6, deploy_failure_probability=1.0), [1, 2, 3], retries=2),
    "rejected": lambda: one(scenario(6, rejection_probability=1.0, approval_wait=30.0), [1, 2, 3], approval=True),
    "false alarm": lambda: one(scenario(6, false_alarms_per_region_day=200.0), [1, 2, 3]),
    "14 days of harm": lambda: one(scenario(6, faults=[BLIND]), [1, 2, 3]),
    "harm without end": lambda: one(scenario(6, faults=[BLIND], horizon_minutes=math.inf), [1, 2, 3]),
    "steps": lambda: one(scenario(6, faults=[BLIND]), [1, 5], strategy=STEPS, max_parallel=2),
    "no build": lambda: one(scenario(6, build=0.0, faults=[BAD]), [6], strategy="blue_green"),
    "1 region": lambda: one(scenario(1, faults=[BAD]), [1]),
    "2 regions": lambda: one(scenario(2, faults=[BAD]), [1, 1]),
    "12 regions": lambda: one(scenario(12, faults=[BAD]), [2, 4, 6]),
    "30 regions": lambda: one(scenario(30, faults=[BLIND]), [1, 4, 10, 15]),
    "odd names": lambda: one(scenario(6, names=ODD, faults=[BAD]), [1, 2, 3], name="$5 " * 60),
}  # fmt: skip
