"""Names beside points: over no point, over no other name, inside the axes; what has no room is told."""

import itertools
import random

import pytest
from matplotlib.text import Annotation, Text

from simulation.plots.labels import DOT, Spot, label_points
from simulation.plots.style import Picture, styled


def boxes(spots, lines=(), **options):
    """The boxes of the names that were written, in inches from the axes' corner, and the points without one."""
    with styled():
        picture = Picture("t", "c", 4.0)
        axes = picture.place(0.5, 0.2, 6.0, 3.0)
        axes.set_xlim(0, 6)
        axes.set_ylim(0, 3)
        unnamed = label_points(axes, lines, spots, **options)
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


def test_only_the_first_may_stand_off_their_points_and_no_line_crosses_a_name():
    """Of a crowd the first three are named, each with a line; others only right beside their own point."""
    rng = random.Random(4)
    spots = [Spot(rng.gauss(3, 0.3), rng.gauss(1.5, 0.15), f"plan number {i}") for i in range(30)]
    found, unnamed = boxes(spots, anywhere=3)
    assert {spot.text for spot in spots[:3]} <= set(found) and len(unnamed) > 15
    for spot in spots[:3]:
        left, low, right, high = found[spot.text]
        ends = (left + right) / 2, (low + high) / 2
        for n in range(1, 20):
            x, y = (at + (end - at) * n / 20 for at, end in zip((spot.x, spot.y), ends, strict=True))
            others = (box for name, box in found.items() if name != spot.text)
            assert not any(box[0] < x < box[2] and box[1] < y < box[3] for box in others)
    for spot in spots[3:]:
        if spot.text in found:
            left, low, right, high = found[spot.text]
            assert min(abs(left - spot.x), abs(right - spot.x)) < 0.2 and abs((low + high) / 2 - spot.y) < 0.1
