"""`wavecast board`: what it opens, what it writes, what it refuses."""

import nbformat
import pytest

from wavecast.verbs.board import SETTINGS, lab, notebook


def test_jupyterlab_listens_on_the_loopback_alone_and_asks_nobody_for_news(tmp_path):
    command = lab(tmp_path / "board.ipynb", port=8899)
    assert "--ServerApp.ip=127.0.0.1" in command and "--ServerApp.port=8899" in command
    assert (
        f"--ServerApp.root_dir={tmp_path}" in command and f"--LabApp.app_settings_dir={tmp_path / SETTINGS}" in command
    )
    assert not [each for each in command if "token" in each.lower()]  # Jupyter makes one, and says it


def test_its_notebook_is_valid_and_runs_what_was_given(tmp_path, monkeypatch):
    """A name that looks like code stays a text."""
    name = tmp_path / "it's\"; raise.yaml"
    given = {"plan": "six-region-three-wave", "scenario": "storefront", "rules": None, "seed": 7, "confidence": 0.9}
    made = nbformat.from_dict(notebook(given | {"reading": {}}, tmp_path))
    nbformat.validate(made)
    names: dict = {}
    monkeypatch.chdir(tmp_path)
    exec(made.cells[1].source, names)
    exec(made.cells[2].source, names)
    assert names["board"].state.plan.regions and names["board"].state.answers.confidence == 0.9
    hostile = notebook(given | {"reading": {}, "plan": str(name)}, tmp_path)
    assert repr(str(name)) in hostile["cells"][1]["source"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--out", "board.png"], "--out board.png: a page ends in .html"),
        (["--out", "no/board.html"], "there is no folder 'no'; make it first"),
        (["--plan", "nothing", "--out", "board.html"], "nothing"),
        (["--rules", "nothing", "--out", "board.html"], "nothing"),
        (["--port", "-1"], "--port"),
    ],
)
def test_what_it_refuses(wavecast, tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    answer = wavecast("board", *args)
    assert answer.code == 2 and said in answer.err
    assert not (tmp_path / "board.html").exists()


def test_it_writes_a_page_that_asks_for_nothing(wavecast, tmp_path):
    (tmp_path / "fleet.yaml").write_text("regions: [{name: a, traffic: 1000}, {name: b, traffic: 2000}]\n")
    (tmp_path / "scenario.yaml").write_text("fleet: fleet.yaml\ndeploy: 5\nevidence: 100\n")
    (tmp_path / "plan.yaml").write_text("waves: [{regions: [a], bake_minutes: 5}, {regions: [b]}]\n")
    out = tmp_path / "board.html"
    answer = wavecast(
        "board", "--plan", str(tmp_path / "plan.yaml"), "--scenario", str(tmp_path / "scenario.yaml"), "--out", str(out)
    )
    assert (answer.code, answer.out) == (0, f"{out}\n")
    page = out.read_text(encoding="utf-8")
    assert "12 plans" in page  # three groupings of two regions, four factors
    assert "http:" not in page.replace("http://www.w3.org", "") and "https:" not in page
