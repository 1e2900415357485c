"""The report's board: the first plan, to be moved about by whoever has the page.

Not here: the board (``boards.page``).
"""

from simulation.boards.nearby import looked_up
from simulation.boards.page import of_table
from simulation.boards.table import Table
from simulation.report.html import Html, element, paragraph
from simulation.running.beside import Begun, begin
from simulation.scenario import Scenario
from waves import Plan, Rules


def begin_board(
    plan: Plan, scenario: Scenario, *, seed: int = 0, confidence: float = 0.95, wanted: bool = True
) -> Begun[Table] | None:
    """Begin to work out a board, beside whatever comes next; nothing where it is not wanted.

    Parameters
    ----------
    plan, scenario
        What is moved about, and in which scenario.
    seed, confidence
        As for `compare`.
    wanted
        Whether to make it at all: it takes some seconds of a core.
    """
    if not wanted:
        return None
    return begin(looked_up, scenario=scenario, today=plan, seed=seed, confidence=confidence)


def board(begun: Begun[Table] | None, rules: Rules | None = None) -> Html:
    """Return a board that needs no kernel, with its heading, as soon as it is worked out; nothing if none was begun.

    Parameters
    ----------
    begun
        Of `begin_board`.
    rules
        What a plan should keep to.
    """
    if begun is None:
        return Html("")
    said = paragraph(
        "Move the regions of the first plan from wave to wave, and see what that comes to: the page has worked it out."
    )
    return element("h2", "Another grouping?") + said + of_table(begun.result(), rules)
