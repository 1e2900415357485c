"""The report's board: the first plan, to be moved about by whoever has the page.

Not here: the board (``boards.page``).
"""

from simulation.analysis.compare import Comparison
from simulation.report.html import Html, element, paragraph
from waves import Rules


def board(comparison: Comparison, rules: Rules | None = None, wanted: bool = True) -> Html:
    """Return a board of the first plan that needs no kernel, with its heading; nothing where it is not wanted.

    Parameters
    ----------
    comparison
        Its first plan is that of the board, its seed and confidence are the board's.
    rules
        What a plan should keep to.
    wanted
        Whether to make it at all: it takes some seconds.
    """
    if not wanted:
        return Html("")
    from simulation.boards.page import fragment

    first = comparison.outcomes[comparison.baseline]
    made = fragment(
        comparison.scenario, first.plan, rules=rules, seed=comparison.seed, confidence=comparison.confidence
    )
    said = paragraph(
        "Move the regions of the first plan from wave to wave, and see what that comes to: the page has worked it out."
    )
    return element("h2", "Another grouping?") + said + made
