"""Names beside points: over no point, over no other name, inside the axes; what has no room is told."""

import itertools
import random

import pytest
from matplotlib.text import Annotation, Text

from simulation.plots.labels import DOT, Spot, label_points
from simulation.plots.style import Picture, styled


def boxes(spots, lines=()):
    """The boxes of the names that were written, in inches from the axes' corner, and the points without one."""
    with styled():
        picture = Picture("t", "c", 4.0)
        axes = picture.place(0.5, 0.2, 6.0, 3.0)
        axes.set_xlim(0, 6)
        axes.set_ylim(0, 3)
        unnamed = label_points(axes, lines, spots)
        picture.canvas.draw()
        corner, dpi = axes.get_window_extent(), picture.dpi
        found = {}
        for text in axes.findobj(Annotation):
            box = Text.get_window_extent(text)  # without its arrow
            found[text.get_text()] = tuple(
                (value - at) / dpi for value, at in zip(box.extents, (corner.x0, corner.y0) * 2, strict=True)
            )
    return found, unnamed


def apart(a, b, slack=0.02):
    return min(a[2], b[2]) - max(a[0], b[0]) <= slack or min(a[3], b[3]) - max(a[1], b[1]) <= slack


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("count", [3, 12, 40])
def test_no_name_stands_over_a_point_or_another_name(seed, count):
    rng = random.Random(seed)
    spots = [Spot(rng.gauss(4, 0.5) % 6, rng.gauss(1.5, 0.3) % 3, f"plan number {i}") for i in range(count)]
    found, unnamed = boxes(spots)
    points = [(s.x - DOT, s.y - DOT, s.x + DOT, s.y + DOT) for s in spots]  # an inch a unit
    assert all(apart(box, point) for box in found.values() for point in points)
    assert all(apart(a, b) for a, b in itertools.combinations(found.values(), 2))
    assert all(b[0] > -0.02 and b[1] > -0.02 and b[2] < 6.02 and b[3] < 3.02 for b in found.values())
    assert len(found) + len(unnamed) == count and (count > 3 or not unnamed)


def test_a_name_without_room_is_given_back_and_the_first_has_it():
    crowd = [Spot(x / 10, y / 10, "a name that is wide") for x in range(0, 60, 3) for y in range(0, 30, 2)]
    found, unnamed = boxes([*crowd])
    assert not found and len(unnamed) == len(crowd)
    two = [Spot(3, 1.5, "first " * 9), Spot(3.01, 1.5, "second " * 9)]
    assert "first " * 9 in boxes(two)[0]
