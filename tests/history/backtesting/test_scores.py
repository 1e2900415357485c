"""How far off a forecast was: the scores by hand, places among equals, intervals of a share.

Not here: what is foretold (``test_backtest``).
"""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from history.backtesting.scores import LEVELS, Held, interval, place, scores

TENS = np.arange(1.0, 101.0)


def test_the_interval_score_is_the_width_and_twenty_times_the_miss():
    """From 5 to 95; at 100 it missed by 5, and 2 / 0.1 = 20 (Gneiting and Raftery 2007)."""
    assert interval(TENS, 0.9) == (5.0, 95.0)
    assert scores(50.0, TENS, "end_minutes", 0.9)[0] == pytest.approx(90.0)
    assert scores(100.0, TENS, "end_minutes", 0.9)[0] == pytest.approx(90.0 + 20 * 5)
    assert scores(2.0, TENS, "end_minutes", 0.9)[0] == pytest.approx(90.0 + 20 * 3)


def test_the_pinball_loss_of_one_value_is_half_the_distance():
    """A forecast that knows one value only: the mean of the levels is one half, above and below."""
    assert LEVELS.mean() == pytest.approx(0.5)
    assert scores(30.0, np.array([20.0]), "end_minutes", 0.9)[1] == pytest.approx(5.0)
    assert scores(14.0, np.array([20.0]), "end_minutes", 0.9)[1] == pytest.approx(3.0)


def test_the_brier_score_is_the_square_of_what_is_missing():
    wide, brier = scores(1.0, np.array([0.0, 0.0, 0.0, 1.0]), "halted", 0.9)
    assert np.isnan(wide) and brier == pytest.approx(0.75**2)


@pytest.mark.parametrize("values", ["smooth", "few", "one"])
def test_a_value_of_the_forecast_lies_anywhere_in_it(values):
    """Randomised among equals, the place is uniform: of single values, too."""
    rng = np.random.default_rng(3)
    draw: Any = {
        "smooth": rng.normal,
        "few": lambda size: rng.integers(0, 3, size),
        "one": lambda size: np.full(size, 7.0),
    }
    found = [
        place(np.sort(own[1:]).astype(float), float(own[0]), f"r{number}", 5)
        for number, own in enumerate(draw[values](size=(4_000, 60)))
    ]
    assert stats.kstest(found, "uniform").pvalue > 1e-6


def test_the_place_among_equals_is_that_of_its_name():
    one = np.full(9, 4.0)
    assert place(one, 4.0, "r1", 5) == place(one, 4.0, "r1", 5)
    assert len({place(one, 4.0, f"r{n}", seed) for n in range(5) for seed in (1, 2)}) == 10


def test_an_interval_of_a_share_is_cloppers_and_pearsons():
    """47 of 50, by quantiles of the beta distribution; nothing of nothing says nothing."""
    found = Held.counted(np.arange(50) < 47)
    wanted = stats.beta.ppf([0.025, 0.975], [47, 48], [4, 3])
    assert (found.count, found.of) == (47, 50)
    assert [found.low, found.high] == pytest.approx(list(wanted))
    assert Held.counted(np.zeros(0, dtype=bool)) == Held(0, 0, 0.0, 1.0)
