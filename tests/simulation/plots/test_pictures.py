"""What all pictures have in common: bytes, settings, alternative texts; and how words and numbers are written."""

import math
import subprocess
import sys
from dataclasses import replace

import matplotlib
import pandas as pd
import pytest

import waves
from simulation import plots
from simulation.analysis.trace import trace
from simulation.plots.words import fit, minutes_of, number, percent, width_of, wrapped
from simulation.results.figures import between
from tests.simulation.plots.pictures import BAD, ROLLOUTS, check, comparison, marked, one, plain, scenario, written


def test_the_same_picture_gives_the_same_bytes():
    first, second = (plots.timeline(ROLLOUTS["caught"]()) for _ in range(2))
    assert first.svg() == second.svg()
    assert first.png() == second.png()
    assert "<dc:date>" not in first.svg()


def test_a_picture_looks_the_same_whatever_the_users_settings():
    before = plots.timeline(ROLLOUTS["caught"]()).svg()
    with matplotlib.rc_context(
        {"font.size": 30, "axes.facecolor": "black", "lines.linewidth": 9, "svg.hashsalt": "other"}
    ):
        assert plots.timeline(ROLLOUTS["caught"]()).svg() == before
        assert matplotlib.rcParams["font.size"] == 30


def test_a_notebook_shows_a_picture_with_what_to_see_as_its_alternative_text():
    picture = plots.timeline(one(scenario(2, names=('a "quoted" <b>', "c"), faults=[BAD]), [1, 1], name='<i>"x"</i>'))
    html = picture._repr_html_()
    assert "&lt;i&gt;&quot;x&quot;&lt;/i&gt;" in html and "<i>" not in html
    assert plots.alt(picture).startswith("A defect caught after")


@pytest.mark.parametrize(("x", "y"), [(0.95, 0.5), (0.3, 1.0), (0.02, 0.9)], ids=["right", "top", "upon the title"])
def test_the_check_of_legibility_finds_text_off_the_canvas_or_upon_other_text(x, y):
    picture = plots.timeline(one(scenario(2, faults=[BAD]), [1, 1]))
    check(picture)
    picture.text(x, y, "a text that is out of place")
    with pytest.raises(AssertionError):
        check(picture)


def test_importing_the_pictures_touches_neither_pyplot_nor_the_settings(root):
    # Not the back end: to look it up is to choose it, and that imports pyplot.
    code = "import matplotlib, sys; keys = set(matplotlib.rcParams) - {'backend'}; "
    code += "before = {key: matplotlib.rcParams[key] for key in keys}; import simulation.plots; "
    code += "assert 'matplotlib.pyplot' not in sys.modules; "
    code += "assert before == {key: matplotlib.rcParams[key] for key in keys}"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, cwd=root).returncode == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (41.3, "41"), (1234.5, "1,234"), (4.06, "4.1"), (2.0, "2"), (0.0341, "0.034"), (1e-5, "0.00001"),
     (-5.7e-4, "−0.00057"), (0.0996, "0.1"), (0.996, "1"), (9.96, "10"), (1e-7, "10⁻⁷"),
     (-2.34e-6, "−2.3·10⁻⁶"), (-7.0, "−7"), (math.inf, "∞"), (math.nan, "unknown")],
)  # fmt: skip
def test_numbers_have_the_digits_that_count(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.1 + 0.2 + 0.7, "100 %"), (0.0349, "3.5 %"), (0.366, "37 %"), (0.0004, "< 0.1 %"),
     (0.9996, "> 99.9 %"), (0.996, "99.6 %"), (math.nan, "unknown")],
)  # fmt: skip
def test_only_nothing_is_0_percent_and_only_all_is_100_percent(share, text):
    assert plain(percent(share)) == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [(78.6, 79.4, "minutes", "78.6 min to 79.4 min"), (45.0, 79.4, "minutes", "45 min to 79 min"),
     (79.0, 79.0, "minutes", "79 min"), (78.999, 79.001, "minutes", "79 min"),
     (20015.0, 20025.0, "minutes", "13 d 21 h 35 min to 13 d 21 h 45 min"),
     (0.2512, 0.2541, "probability", "25.1 % to 25.4 %"), (3e-4, 4e-4, "probability", "0.03 % to 0.04 %"),
     (0.1401, 0.1439, "fleet-minutes", "0.14 to 0.144 fleet-minutes"),
     (-5.7e-4, 0.021, "fleet-minutes", "−0.00057 to 0.021 fleet-minutes"), (0.0, 0.0, "regions", "0 regions")],
)  # fmt: skip
def test_an_interval_never_reads_as_a_to_a(low, high, unit, text):
    """Another digit tells the ends apart; where it does not, one number stands for both."""
    assert plain(between(low, high, unit)) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0.0, "0 min"), (4.25, "4.2 min"), (45.0, "45 min"), (119.4, "119 min"), (120.0, "2 h"), (226.0, "3 h 46 min"),
     (1440.0, "1 d"), (20160.0, "14 d"), (20130.0, "14 d"), (20000.0, "13 d 21 h"),
     (144_000.0, "100 days"), (1_753_560.0, "1,218 days"),
     (math.inf, "∞"), (math.nan, "unknown")],
)  # fmt: skip
def test_durations_are_written_as_people_say_them(minutes, text):
    assert plain(minutes_of(minutes)) == text


def test_names_are_shortened_in_the_middle_until_they_fit():
    short = fit("ap-southeast-2-and-much-more-besides", 1.0, 9)
    assert width_of(short, 9) <= 1.0
    assert short.startswith("ap-s") and "…" in short and short.endswith("es")
    assert fit("us-east-1", 1.0, 9) == "us-east-1"


def test_lines_are_no_longer_than_there_is_room_and_lose_no_word():
    text = "the same bad change cost 41 fleet-minutes all at once and 9 in waves of 1, 2 and 3"
    lines = wrapped(text, 2.0, 9)
    assert max(width_of(line, 9) for line in lines) <= 2.0
    assert " ".join(lines) == text
    assert wrapped("", 2.0, 9) == []


def test_a_trace_without_events_for_a_region_is_drawn_from_what_there_is():
    """A plan on a fleet with more regions than it has: shares are those of the whole fleet."""
    world = scenario(3)
    story = trace(waves.grouped([["region-3"]], bake_minutes=5.0), world, seed=7)
    assert "50 %" in written(plots.timeline(story))


def test_summaries_without_a_figure_are_not_drawn_as_zero():
    found = comparison("never ships")
    times = plots.compare(found.outcomes).axes[2]
    assert not marked(times, ("D", "^"))


def test_a_picture_can_be_saved_as_usual(tmp_path):
    picture = plots.timeline(ROLLOUTS["1 region"]())
    for ending in ("png", "svg", "pdf"):
        picture.savefig(tmp_path / f"picture.{ending}")
        assert (tmp_path / f"picture.{ending}").stat().st_size > 1000


def test_comparisons_with_another_confidence_say_so():
    found = replace(comparison("ordinary"), confidence=0.9)
    assert "90 % intervals" in plots.differences(found).caption
    assert "90 % intervals" in plots.compare(found.outcomes, confidence=0.9).caption
    assert isinstance(found.differences, pd.DataFrame)
