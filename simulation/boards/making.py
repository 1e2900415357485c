"""The boards as others ask for them. Their libraries are loaded only then: a widget's takes a second.

Not here: the board's logic (``state``), the page without a kernel (``page``).
"""

from typing import TYPE_CHECKING

from simulation.boards.state import USUAL, Board
from simulation.scenario import Scenario
from waves import Plan, Rules
from waves.showing import Html

if TYPE_CHECKING:
    from simulation.boards.widget import BoardWidget


def board(
    scenario: Scenario,
    plan: Plan,
    *,
    rules: Rules | None = None,
    trials: int = USUAL,
    seed: int = 0,
    confidence: float = 0.95,
) -> "BoardWidget":
    """Open a board in a notebook, on which regions are moved from wave to wave while risk and time move along.

    Parameters
    ----------
    scenario, plan
        The plan of today, over the scenario's fleet; it stays as a shadow with which all else is compared.
    rules
        What a plan should keep to: what breaks is marked, with its sentence. Good practice is held against it anyway.
    trials
        Rollouts of each plan in the end; it begins with 2,048, and more follow while nobody moves anything.
    seed, confidence
        As for `compare`, which gives the same figures.

    Returns
    -------
    BoardWidget
        Its `state` is the `Board`: `board.state.plan` is the plan as it stands.

    Raises
    ------
    InputError
        Where the plan has regions that the fleet does not have.
    ValueError
        For what is no scenario, plan or rules, and numbers out of range.
    """
    state = Board(scenario, plan, rules=rules, trials=trials, seed=seed, confidence=confidence)
    from simulation.boards.widget import BoardWidget

    return BoardWidget(state)


def still_board(
    scenario: Scenario, plan: Plan, *, rules: Rules | None = None, seed: int = 0, confidence: float = 0.95
) -> Html:
    """Return a board that needs no kernel, as a piece of HTML that asks for nothing: for a page that goes by mail.

    All 4,683 groupings of six regions are in it, with bakes as today's first, later and last waves times 0, ½, 1 or 2;
    of larger fleets the front and its neighbours. It takes some seconds. Without scripts it is a picture and a table.

    Parameters
    ----------
    scenario, plan, rules, seed, confidence
        As for `board`.

    Raises
    ------
    InputError
        Where the plan has regions that the fleet does not have.
    """
    from simulation.boards.page import fragment

    return fragment(scenario, plan, rules=rules, seed=seed, confidence=confidence)
