"""Acts as browsers ask for them: each is done to what was seen when it was asked for, however many came before it.

A message takes its way, and another act may be under way then: two quick keys are two steps, and a region that was
dropped on a wave comes to the regions that were in it. Not here: what an act does (``state``), the widget that hears of
it (``widget``).
"""

from collections.abc import Callable, Mapping
from typing import Any

from simulation.boards.arrangement import Arrangement
from simulation.boards.state import Board
from waves import InputError

SEEN = 64  # arrangements that are remembered: nobody's message is older
GONE = "meanwhile another act has changed the wave that was meant; look, and do it again"

Act = Callable[[Board, Mapping[str, Any]], None]
ACTS: dict[str, Act] = {
    "move": lambda board, a: board.move(a["region"], a["wave"]),
    "apart": lambda board, a: board.apart(a["region"], a["place"]),
    "step": lambda board, a: board.step(a["region"], a["by"], alone=bool(a.get("apart"))),
    "merge": lambda board, a: board.merge(a["wave"]),
    "bake": lambda board, a: board.bake(a["wave"], a["minutes"]),
    "undo": lambda board, a: board.undo(),
    "redo": lambda board, a: board.redo(),
    "reset": lambda board, a: board.reset(),
}


class Acts:
    """The acts on a board, counted; whoever asks for one says how many were answered when the board was looked at.

    Attributes
    ----------
    board
        On which they are done.
    done
        How many were answered: what an act has as `seen`.
    """

    def __init__(self, board: Board) -> None:
        self.board, self.done = board, 0
        self._seen = {0: board.arrangement}

    def do(self, asked: Any) -> str:
        """Do what a browser asks for, and return why it cannot be done; an empty text where it was.

        What comes from a browser is held against what there is: the board never raises for it.
        """
        try:
            seen = self._seen.get(asked.get("seen"), self.board.arrangement)
            ACTS[asked["do"]](self.board, placed(asked, seen, self.board.arrangement))
        except InputError as error:
            return "; ".join(each.message for each in error.findings)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return str(error) if isinstance(error, ValueError) else "the board does not know that act"
        return ""

    def answered(self) -> None:
        """Count an act, and remember what is seen from then on."""
        self.done += 1
        self._seen[self.done] = self.board.arrangement
        self._seen.pop(self.done - SEEN, None)


def placed(asked: Mapping[str, Any], seen: Arrangement, now: Arrangement) -> Mapping[str, Any]:
    """Return an act with its places as they are now, where they were told of what was seen before.

    Raises
    ------
    ValueError
        Where the wave that was meant is no more.
    """
    if [group.regions for group in seen.groups] == [group.regions for group in now.groups]:
        return asked
    found = dict(asked)
    for name, end in (("wave", None), ("place", len(seen.groups))):
        if name in found:
            last = end is not None and found[name] == end
            found[name] = len(now.groups) if last else _now(found[name], seen, now, asked.get("region"))
    return found


def _now(wave: Any, seen: Arrangement, now: Arrangement, moved: Any) -> Any:
    """Return where most regions of a wave are now, but for the one that is moved itself."""
    if isinstance(wave, bool) or not isinstance(wave, int) or not 0 <= wave < len(seen.groups):
        return wave  # which the board refuses in its own words
    theirs = {name for name in seen.groups[wave].regions if name != moved}
    shared = [len(theirs.intersection(group.regions)) for group in now.groups]
    if not max(shared):
        raise ValueError(GONE)
    return shared.index(max(shared))
