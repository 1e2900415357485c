"""The board in a notebook: a widget whose script draws what Python says, and asks Python for every act.

Not here: what an act does (``state``), the board that needs no kernel (``page``).
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from simulation.boards.acting import ACTS, Acts
from simulation.boards.parts import hands, read
from simulation.boards.state import Board
from simulation.plots import duel as picture_of
from waves import InputError

PAUSE = 0.002  # seconds between two slices


class BoardWidget(anywidget.AnyWidget):
    """A board that people move regions on.

    Parameters
    ----------
    state
        The board's logic, which a notebook may use, too: `board.state.plan` is the plan as it stands.
    """

    _esm = hands() + read("live.js")
    _css = read("board.css")
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, state: Board) -> None:
        self.state, self._acts = state, Acts(state)
        self._turn = 0
        self._beside: dict[str, Any] = {}
        super().__init__(view=self._seen())
        self.on_msg(self._asked)

    def _asked(self, _: Any, content: Any, __: Any) -> None:
        """Do what the browser asks for."""
        asked = content if isinstance(content, dict) and isinstance(content.get("do"), str) else {}
        if asked.get("do") == "sharpen":
            return self._sharpen(asked.get("turn"))
        refused = self._beside_act(asked) if asked.get("do") in BESIDE else self._acts.do(asked)
        if asked.get("do") in ACTS:
            self._beside = {}
        self._acts.answered()
        self.view = self._seen(refused)

    def _sharpen(self, turn: Any) -> None:
        """Run more trials until they are worth a look; what is asked for between two slices goes first.

        A slice each in the kernel's own loop: a message each would cost JupyterLab more than the slice does.
        """
        answers, loop = self.state.answers, _loop()
        while turn == self._turn:  # else something was moved meanwhile
            before = answers.shown(self.state.plan)
            more = self.state.sharpen()
            if answers.shown(self.state.plan) > before or not more:
                self.view = self._seen()
            elif loop is not None:
                loop.call_later(PAUSE, self._sharpen, turn)
                return

    def refresh(self) -> None:
        """Show the board as it is, after something was done to its state in Python."""
        self._beside = {}
        self._acts.answered()
        self.view = self._seen()

    def _seen(self, refused: str = "") -> dict[str, Any]:
        self._turn += 1
        seen = {"refused": refused, "turn": self._turn, "acts": self._acts.done}
        return {**self.state.view, **self._beside, **seen}

    def _beside_act(self, asked: Mapping[str, Any]) -> str:
        try:
            self._beside = {**BESIDE[asked["do"]](self.state, asked)}
        except InputError as error:
            return "; ".join(each.message for each in error.findings)
        except (ValueError, KeyError) as error:
            return str(error)
        for each in self._beside.values():
            each["turn"] = self._turn + 1
        return ""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, and for pages without a kernel a board that still moves."""
        from simulation.boards.page import fragment

        found = super()._repr_mimebundle_(**options)
        bundle, *rest = found if isinstance(found, tuple) else (found,)
        state = self.state
        html = fragment(
            state.scenario, state.today, rules=state.rules, seed=state.answers.seed,
            confidence=state.answers.confidence, nearby=True,
        )  # fmt: skip
        shown = {**(bundle or {}), "text/html": str(html), "text/plain": repr(state)}
        return (shown, *rest) if rest else shown


def _loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that the kernel's messages come by; None outside of a kernel."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _plan(state: Board, _: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {"text": {"title": "The plan", "text": state.as_plan, "remarks": []}}


def _pipeline(state: Board, asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    text, remarks = state.as_pipeline(str(asked["system"]))
    return {"text": {"title": f"The plan for {asked['system']}", "text": text, "remarks": remarks}}


def _explain(state: Board, _: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = state.explain()
    picture = picture_of(found)
    return {"duel": {"sentence": f"{found.sentence}.", "caption": found.caption, "picture": picture.uri()}}


BESIDE = {"plan": _plan, "pipeline": _pipeline, "explain": _explain}
