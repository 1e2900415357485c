"""The page of a back test: a sentence, a picture, a table, and what stands behind them.

Not here: the words and the figures (``history.Backtest``), the page's frame (``page``).
"""

from typing import TYPE_CHECKING

from wavecast.reporting.page import document

if TYPE_CHECKING:
    from history import Backtest


def backtest_page(test: "Backtest") -> str:
    """Return the page, which needs nothing else.

    Parameters
    ----------
    test
        As `history.backtest` gives it.
    """
    body = f"<h1>Foretold, and what came</h1>{test.plot()._repr_html_()}{test._repr_html_()}"
    footer = f"Scenario {test.scenario.name} ({test.scenario.digest}), {test.source}, seed {test.seed}."
    return document(body, title="Back test", footer=footer)
