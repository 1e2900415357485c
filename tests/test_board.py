"""The wave board as people have it: in JupyterLab, and on a page without a kernel, both in Chromium."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulation
import waves
from simulation.boards import words
from simulation.boards.answers import Answer
from simulation.boards.figures import FIGURES
from simulation.boards.page import of_table
from simulation.boards.table import NAMES, Table, groupings, table
from simulation.results.statistics import Estimate
from tests import builders
from tests.test_browser import until
from wavecast.reporting.page import document

pytestmark = pytest.mark.browser

SCENARIO, TODAY = simulation.sample("storefront"), waves.sample("six-region-three-wave")
RULES = waves.Rules.model_validate({"rules": {"max_waves": 3, "max_share_per_wave": 0.8, "min_bake_minutes": 25}})
VALUE = ".wb-row:nth-child(2) .wb-c2 b"  # of the first figure


@pytest.fixture(scope="module")
def still() -> Table:
    """All groupings, in few trials."""
    return table(SCENARIO, TODAY, groupings(6), whole=True, trials=256, seed=7)


@pytest.fixture(scope="module")
def mailed(still: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that goes by mail."""
    path = tmp_path_factory.mktemp("mail") / "board.html"
    path.write_text(document(str(of_table(still, RULES)), title="Wave board"), encoding="utf-8")
    return path


class Watched:
    """A page whose errors and requests are kept."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.page = browser.new_context(**options).new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda each: self.faults.append(each.text) if each.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def elsewhere(self, *here: str) -> list[str]:
        """What was asked of anybody else."""
        return [url for url in self.asked if not url.startswith(("data:", "blob:", *here))]


@pytest.fixture
def opened(browser: Any, mailed: Path) -> Iterator[Watched]:
    watched = Watched(browser)
    open_board(watched.page, mailed)
    yield watched
    assert watched.faults == []
    assert watched.elsewhere("file:") == []
    watched.page.context.close()


def open_board(page: Any, path: Path) -> None:
    """Open a page and wait for its board: the table is inflated first."""
    page.goto(path.as_uri())
    page.locator(".wb-here .wb-chip").first.wait_for()


def grouped(page: Any) -> list[list[str]]:
    """The names in each wave, read at one instant: the page may be drawn anew between two questions."""
    names = "waves => waves.map(wave => [...wave.querySelectorAll('.wb-name')].map(name => name.innerText))"
    return list(page.locator(".wb-wave").evaluate_all(names))


def drag(page: Any, region: str, target: str) -> None:
    """Drag a region by mouse to the middle of what is found."""
    start = page.locator(".wb-chip", has_text=region).bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 30)  # gaps grow once something is dragged
    box = page.locator(target).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y, steps=3)
    card = page.locator(".wb-ghost").bounding_box()
    assert abs(card["x"] + card["width"] / 2 - x) < 2 and abs(card["y"] + card["height"] / 2 - y) < 2
    page.mouse.up()


def test_the_page_decodes_what_python_computed(opened: Watched, still: Table) -> None:
    """Each number within half a step, an end within half a step of its own and of its estimate's; so are the words."""
    random = np.random.default_rng(5)
    places = random.integers(0, len(still.waves), 60).tolist()
    found = opened.page.evaluate(
        """places => { const model = document.querySelector(".wb").hands.model;
           const plain = (x) => x.flat().map((each) => Number.isFinite(each) ? each : null);
           return [model.numbers.steps, places.map((place) => model.data.factors.map((_, factor) => {
               model.now = { waves: [...model.numbers.waves.subarray(6 * place, 6 * place + 6)], choice: factor };
               return model.data.figures.map((figure, n) =>
                   [plain(model.numbers.figure(n, factor, place)), model.figure(figure, n, place, false)]);
           }))]; }""",
        places,
    )
    steps = found[0]
    for place, by_factor in zip(places, found[1], strict=True):
        for factor, figures in enumerate(by_factor):
            for n, (numbers, said) in enumerate(figures):
                value, low, high, _, less, more = (np.nan if each is None else each for each in numbers)
                got, true = np.array([value, low, high, less, more]), still.numbers[n, :, factor, place]
                room = np.array([steps[n][0], *(steps[n][0] + step for step in steps[n][1:])]) / 2 + 1e-12
                assert (np.isnan(got) == np.isnan(true)).all()
                assert np.nanmax((np.abs(got - true) - room)[np.isfinite(true)], initial=-1.0) <= 0
                apart = Estimate(numbers[3], less, more)
                assert said_in_python(n, Estimate(value, low, high), still, apart) == {
                    key: said[key] for key in ("value", "interval", "today", "difference", "sign")
                }


def said_in_python(n: int, own: Estimate, still: Table, apart: Estimate) -> dict[str, str]:
    """The same row in the words of Python."""
    base = Estimate(*still.base[n])
    answer = Answer(256, dict.fromkeys(NAMES, own), dict.fromkeys(NAMES, base), dict.fromkeys(NAMES, apart))
    row = words.figure_rows(answer, is_today=False)[n]
    assert row["name"] == FIGURES[n].name
    return {key: row[key] for key in ("value", "interval", "today", "difference", "sign")}


def test_a_difference_that_leaves_no_doubt_is_said_all_the_same(browser: Any, tmp_path: Path) -> None:
    """Nothing is left to chance: bakes of 60 minutes rather than none take all of an hour longer, interval or not."""
    world = builders.scenario(builders.fleet({"a": 1.0, "b": 1.0}), faults=[])
    path = tmp_path / "certain.html"
    made = of_table(table(world, builders.plan("a", "b", bake=[60, 0]), groupings(2), whole=True, trials=64))
    path.write_text(document(str(made), title="certain"), encoding="utf-8")
    page = browser.new_page()
    open_board(page, path)
    page.click("text=none")
    assert page.inner_text(".wb-row:nth-child(5) .wb-c4") == "▼ −60\u00a0min (−60\u00a0min to −60\u00a0min)"
    assert page.inner_text(".wb-row:nth-child(2) .wb-c4") == "as today"
    page.context.close()


TYPED = """() => {
    const { constructor, model } = document.querySelector(".wb").hands, root = document.createElement("div");
    const view = model.view(), listeners = [];
    for (const wave of view.waves) wave.bake = 45;
    view.acts = 5;
    document.body.prepend(root);
    const show = (news) => { Object.assign(view, news); for (const each of listeners) each(); };
    const on = (each) => listeners.push(each), act = (asked) => acts.push(asked);
    const fake = { bakes: true, view: () => view, on, act };
    window.acts = [];
    window.show = show;
    new constructor(root, fake);
}"""


def test_more_trials_take_nothing_out_of_the_hand(opened: Watched) -> None:
    """What is being typed stays when figures are sharpened; what was refused goes, and is said aloud."""
    page = opened.page
    page.evaluate(TYPED)
    bake = page.locator(".wb-input").first
    bake.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    page.evaluate("show({ basis: 'sharper' })")
    assert page.inner_text(".wb-basis >> nth=0").startswith("sharper.")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    assert page.evaluate("acts") == [{"do": "bake", "wave": 0, "minutes": 123, "seen": 5}]
    page.evaluate("show({ refused: 'too long' })")
    assert (bake.input_value(), page.inner_text(".wb-said >> nth=0")) == ("45", "too long.")


def test_no_key_moves_what_is_dragged_over(opened: Watched) -> None:
    """While a region is in the hand, keys do nothing but Escape, which lets it go where it was."""
    page = opened.page
    began = grouped(page)
    box = page.locator(".wb-chip", has_text="us-east-1").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + 30)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.mouse.up()
    assert grouped(page) == began and page.locator(".wb-ghost").count() == 0
    assert page.locator("[data-act=undo]").is_disabled()


def test_a_mailed_page_moves_by_mouse_and_by_keyboard(opened: Watched) -> None:
    """Drag into a wave, drag into a gap, move by arrows, undo all of it; numbers follow, focus stays."""
    page = opened.page
    began, first = grouped(page), page.inner_text(VALUE)
    drag(page, "us-east-1", ".wb-wave >> nth=0")
    assert grouped(page)[0] == ["eu-north-1", "us-east-1"]
    second = page.inner_text(VALUE)
    assert second != first
    drag(page, "eu-west-1", ".wb-gap >> nth=3")
    assert grouped(page)[3] == ["eu-west-1"]
    assert "the plan has 4 waves, and max_waves allows 3" in page.inner_text(".wb-remarks")
    page.locator(".wb-chip", has_text="eu-west-1").focus()
    page.keyboard.press("ArrowLeft")
    assert grouped(page)[2] == ["eu-west-1", "ap-northeast-1"] and len(grouped(page)) == 3
    assert page.evaluate("document.activeElement.dataset.key") == "region eu-west-1"
    assert page.inner_text(".wb-said").startswith("eu-west-1 is in wave 3 of 3. Expected impact")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.key") == "region ap-southeast-2"
    page.keyboard.press("Shift+ArrowRight")
    assert grouped(page)[2] == ["ap-southeast-2"]
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert (grouped(page), page.inner_text(VALUE)) == (began, first)
    page.click("text=Redo")
    assert page.inner_text(VALUE) == second


def test_figures_and_answers_are_where_one_looks(browser: Any, tmp_path: Path) -> None:
    """With nine waves, on a small screen: no scrolling for figures, waves and a text, which is closed by its button."""
    world = builders.scenario(builders.fleet(dict.fromkeys("abcdefghi", 1.0)))
    today = builders.plan(*"abcdefghi", bake=[30] * 9)
    own = np.array([range(9), [0, 0, *range(1, 8)]], dtype=np.uint16)
    path = tmp_path / "nine.html"
    made = of_table(table(world, today, own, whole=False, trials=64))
    path.write_text(document(str(made), title="nine"), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    open_board(page, path)
    bottoms = "names => names.map(name => Math.max(...[...document.querySelectorAll(name)].map("
    bottoms += "each => each.getBoundingClientRect().bottom)))"
    figures, waves_ = page.evaluate(bottoms, [".wb-figures", ".wb-wave"])
    assert figures < waves_ <= 800
    page.click("text=Copy as plan")
    assert page.evaluate(bottoms, [".wb-text"])[0] < 500
    page.click("text=Close")
    assert not page.locator(".wb-text").is_visible()
    page.evaluate("window.scrollTo(0, 300)")
    assert page.locator(".wb-figures").bounding_box()["y"] >= 0
    page.context.close()


def moved(page: Any) -> list[str]:
    """What is marked as moved, and whence."""
    chips = "chips => chips.map(chip => chip.querySelector('.wb-name').innerText + ': ' + "
    return list(page.locator(".wb-moved").evaluate_all(f"{chips}chip.querySelector('.wb-was').innerText)"))


def test_only_what_changed_its_wave_is_marked_as_moved(opened: Watched) -> None:
    """Not those whose wave has another number: after a join, after a new wave before theirs."""
    page = opened.page
    page.locator(".wb-join").first.click()
    assert [len(wave) for wave in grouped(page)] == [3, 3]
    assert moved(page) == ["eu-north-1: today in wave 1"]
    page.keyboard.press("Control+z")
    drag(page, "us-east-1", ".wb-gap >> nth=0")
    assert [len(wave) for wave in grouped(page)] == [1, 1, 2, 2]
    assert moved(page) == ["us-east-1: today in wave 3"]


def test_a_finger_moves_a_region(browser: Any, mailed: Path) -> None:
    watched = Watched(browser, viewport={"width": 390, "height": 900}, has_touch=True)
    page = watched.page
    open_board(page, mailed)
    start, end = page.locator(".wb-chip", has_text="us-west-2"), page.locator(".wb-wave").nth(0)
    a, b = start.bounding_box(), end.bounding_box()
    touch = page.context.new_cdp_session(page)
    for kind, x, y in (
        ("touchStart", a["x"] + 20, a["y"] + 10), ("touchMove", a["x"] + 25, a["y"] - 10),
        ("touchMove", b["x"] + 60, b["y"] + 20), ("touchEnd", 0, 0),
    ):  # fmt: skip
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert grouped(page)[0] == ["eu-north-1", "us-west-2"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert watched.faults == []
    page.context.close()


def test_bakes_are_chosen_and_the_plan_reads_back(opened: Watched, tmp_path: Path) -> None:
    page = opened.page
    page.evaluate("document.body.style.contain = 'layout', document.body.style.margin = '70px'")  # as Lab's panels
    drag(page, "us-east-1", ".wb-wave >> nth=1")
    page.click("text=half of today")
    assert "bakes 22.5 minutes, and min_bake_minutes asks for 25" in page.inner_text(".wb-remarks")
    page.click("text=Copy as plan")
    (tmp_path / "plan.yaml").write_text(page.input_value(".wb-text textarea"), encoding="utf-8")
    plan = waves.Plan.read(tmp_path / "plan.yaml")
    assert [list(wave.regions) for wave in plan.waves] == grouped(page)
    assert [wave.bake_minutes for wave in plan.waves] == [wave.bake_minutes / 2 for wave in TODAY.waves]
    kept = plan.replace(waves=TODAY.waves, name=TODAY.name)
    assert kept == TODAY
    assert [wave.approval for wave in plan.waves] == [wave.approval for wave in TODAY.waves]


@pytest.mark.parametrize("scripts", [False, True])
def test_without_scripts_there_is_a_picture_and_a_table(browser: Any, mailed: Path, scripts: bool) -> None:
    """So there is in a browser that cannot inflate the table, where scripts run."""
    page = browser.new_context(java_script_enabled=scripts).new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(mailed.as_uri())
    picture = page.locator(".wb-plain img")
    assert picture.is_visible() and picture.bounding_box()["height"] > 200
    assert page.locator(".wb-plain tbody tr").count() >= 3
    assert page.locator(".wb-plain").inner_text().count("today: eu-north-1") == 1
    assert not page.locator(".wb-here").is_visible()
    page.context.close()


def test_a_hostile_name_stays_a_name(browser: Any, tmp_path: Path) -> None:
    hostile = "</script><script>window.hit=1</script><img src=x onerror=window.hit=1>" + "x" * 120
    fleet = waves.Fleet(regions=(waves.Region(name=hostile, traffic=10.0), waves.Region(name="=cmd()", traffic=20.0)))
    world = simulation.Scenario.model_validate({"name": hostile, "fleet": fleet, "deploy": 1.0})
    plan = waves.all_at_once(fleet, bake_minutes=5, name=hostile)
    path = tmp_path / "hostile.html"
    made = of_table(table(world, plan, groupings(2), whole=True, trials=64))
    path.write_text(document(str(made), title=hostile), encoding="utf-8")
    watched = Watched(browser, viewport={"width": 600, "height": 900})
    page = watched.page
    open_board(page, path)
    assert page.locator(".wb-chip .wb-name").first.inner_text() == hostile
    page.locator(".wb-chip").first.focus()
    page.keyboard.press("ArrowRight")
    page.click("text=Copy as plan")
    (tmp_path / "plan.yaml").write_text(page.input_value(".wb-text textarea"), encoding="utf-8")
    assert waves.Plan.read(tmp_path / "plan.yaml").waves[1].regions == (hostile,)
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 600
    assert watched.faults == []
    page.context.close()


@pytest.fixture
def lab(root: Path, tmp_path: Path) -> Iterator[str]:
    """The address that `wavecast board` says."""
    command = [sys.executable, "-m", "wavecast.main", "board", "--no-browser", "--rules", str(tmp_path / "rules.yaml")]
    RULES.write(tmp_path / "rules.yaml")
    own = {name: str(tmp_path / name) for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")}
    own |= {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"), "PYTHONPATH": str(root)}
    log = tmp_path / "lab.log"
    with open(log, "w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, cwd=root, env={**os.environ, **own}, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            address = re.compile(r"http://127\.0\.0\.1:\d+/lab/tree/board\.ipynb\?token=\w+")
            yield until(lambda: address.findall(log.read_text(encoding="utf-8")), 600)[0]
        finally:
            os.killpg(server.pid, 15)
            server.wait(30)


# Two keys before the kernel can have answered the first.
TWO_KEYS = """key => { const chip = [...document.querySelectorAll(".wb-chip")].find(each => each.dataset.key === key);
    for (let n = 0; n < 2; n += 1)
        chip.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true })); }"""


def test_the_board_in_jupyterlab(browser: Any, lab: str) -> None:
    """The command opens a notebook; its cell shows the board, which moves by mouse and keyboard, and undoes."""
    watched = Watched(browser, viewport={"width": 1500, "height": 1100})
    page = watched.page
    page.goto(lab)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=600_000)
    until(lambda: page.locator("text=/Python 3.*\\| Idle/").count(), 600)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.locator(".wb .wb-chip").first.wait_for(timeout=600_000)
    began, first = grouped(page), page.inner_text(VALUE)
    until(lambda: "32,768 rollouts of each plan." in page.inner_text(".wb-basis"), 600)
    drag(page, "us-east-1", ".wb-wave >> nth=0")
    until(lambda: grouped(page)[0] == ["eu-north-1", "us-east-1"], 300)
    assert page.inner_text(VALUE) != first
    page.locator(".wb-chip", has_text="us-west-2").focus()
    page.keyboard.press("Shift+ArrowLeft")
    until(lambda: len(grouped(page)) == 4, 300)
    assert "max_waves allows 3" in page.inner_text(".wb-remarks")
    page.evaluate(TWO_KEYS, "region ap-northeast-1")
    until(lambda: "ap-northeast-1" in grouped(page)[1], 300)
    page.locator(".wb-input").first.fill("5")
    page.keyboard.press("Enter")
    until(lambda: "wave 1 bakes 5 minutes" in page.inner_text(".wb-remarks"), 300)
    page.locator(".wb-chip").first.focus()
    for _ in range(5):
        page.keyboard.press("Control+z")
    until(lambda: grouped(page) == began, 300)
    page.click("text=Copy as pipeline")
    until(lambda: "Actions:" in page.input_value(".wb-text textarea"), 300)
    assert [each for each in watched.faults if "favicon" not in each] == []
    assert page.locator("text=Jupyter news").count() == 0  # nor does it ask whether it may ask for them
    host = lab.split("/lab/")[0]
    assert watched.elsewhere(host, host.replace("http", "ws")) == []
    page.context.close()
