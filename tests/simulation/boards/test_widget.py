"""The widget's own part: messages of a browser in, what is to be seen out; a board for pages without a kernel."""

import asyncio
import re

from nbconvert import HTMLExporter
from nbformat import v4

import simulation
import waves

SCENARIO, TODAY = simulation.sample("storefront"), waves.sample("six-region-three-wave")


def test_messages_move_undo_and_are_answered():
    board = simulation.board(SCENARIO, TODAY, trials=4096, seed=7)
    board._asked(None, {"do": "move", "region": "us-east-1", "wave": 0}, None)
    assert [region["name"] for region in board.view["waves"][0]["regions"]] == ["eu-north-1", "us-east-1"]
    board._asked(None, {"do": "pipeline", "system": "github-actions"}, None)
    assert board.view["text"]["title"] == "The plan for github-actions" and "jobs:" in board.view["text"]["text"]
    board._asked(None, {"do": "pipeline", "system": "<b>"}, None)
    assert board.view["refused"].startswith("there is no system")
    board._asked(None, {"do": ["plan"]}, None)
    assert board.view["refused"] == "the board does not know that act"
    board._asked(None, {"do": "undo"}, None)
    assert board.state.plan is TODAY and "text" not in board.view


def test_more_trials_come_only_for_what_is_seen():
    """A request that was made before a move is not answered: what it asked for is no longer on the board."""
    board = simulation.board(SCENARIO, TODAY, trials=4096, seed=7)
    late = board.view["turn"]
    board._asked(None, {"do": "bake", "wave": 0, "minutes": 5}, None)
    board._asked(None, {"do": "sharpen", "turn": late}, None)
    assert board.state.answer.trials == 2048
    board._asked(None, {"do": "sharpen", "turn": board.view["turn"]}, None)
    assert board.state.answer.trials == 4096 and not board.view["sharper"]


def test_quick_messages_are_acts_one_after_the_other():
    """What was asked for before the answer to the first came is done as the second; a look in between counts none."""
    board = simulation.board(SCENARIO, TODAY, trials=4096, seed=7)
    key = {"do": "step", "region": "us-east-1", "by": -1, "seen": board.view["acts"]}
    board._asked(None, key, None)
    board._asked(None, {"do": "sharpen", "turn": board.view["turn"]}, None)
    board._asked(None, key, None)
    assert [region["name"] for region in board.view["waves"][0]["regions"]] == ["eu-north-1", "us-east-1"]
    assert board.view["acts"] == 2
    board.state.reset()
    board.refresh()
    assert board.view["acts"] == 3 and board.view["isToday"]


def test_what_is_asked_between_two_slices_goes_first(monkeypatch):
    """In a kernel trials come slice by slice until they are worth a look; an act puts an end to those of before."""
    monkeypatch.setattr("simulation.boards.answers.LARGEST", 2048)
    board = simulation.board(SCENARIO, TODAY, trials=8192, seed=7)

    async def kernel(act: bool) -> list[int]:
        seen: list[int] = []
        board._asked(None, {"do": "sharpen", "turn": board.view["turn"]}, None)
        if act:
            board._asked(None, {"do": "bake", "wave": 0, "minutes": 5}, None)
        while len(seen) < 50 and board.state.answers.trials(board.state.plan) < 8192:
            await asyncio.sleep(0.002)
            seen.append(board.state.answers.trials(board.state.plan))
        return seen

    assert set(asyncio.run(kernel(act=True))) == {2048} and board.state.answers.trials(TODAY) == 4096
    shown = asyncio.run(kernel(act=False))
    assert shown[-1] == 8192 and board.view["basis"] == "8,192 rollouts of each plan" and not board.view["sharper"]


def test_where_there_is_no_widget_there_is_a_page_that_moves():
    board = simulation.board(SCENARIO, TODAY, trials=2048, seed=7)
    bundle = board._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    page = data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert 'class="wb-still"' in page and page.count("<tr") > 2 and "<img" in page
    book = v4.new_notebook(cells=[v4.new_code_cell("board", outputs=[v4.new_output("display_data", data=data)])])
    assert 'class="wb-still"' in HTMLExporter().from_notebook_node(book)[0]  # nbconvert's own, without a widget's state
    assert len(page) < 400_000 and not re.search(r"""(src|href)=["']?(https?:)?//""", page)
