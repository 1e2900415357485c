"""What an earlier report left is never taken for that of one that was refused."""

import os
import signal

import pytest


@pytest.mark.parametrize(
    ("args", "folder"),
    [
        (("--plna", "y"), "build"),
        (("-p", "trails", "5"), "build"),
        (("--plan", "nope"), "build"),
        (("--rules", "nope.yaml"), "build"),
        (("--out=x", "--plan", "nope"), "x"),
        (("-p", "out", "x", "-p", "trials", "0"), "x"),
        (("--ouut", "x"), "x"),
        (("-p", "ouut", "x"), "x"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_report_that_is_refused_leaves_no_earlier_verdict(wavecast, tmp_path, monkeypatch, args, folder):
    """Where its own would have stood, or was meant to."""
    monkeypatch.chdir(tmp_path)
    for name in ("build", "x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "verdict.json").write_text('{"format": 1}', encoding="utf-8")
    assert wavecast("report", *args).code == 2
    assert not (tmp_path / folder / "verdict.json").exists()
    assert (tmp_path / "x" / "verdict.json").exists() == (folder == "build")


@pytest.mark.parametrize(("number", "code", "words"), [
    (signal.SIGTERM, 143, "interrupted by SIGTERM: there is no page"), (signal.SIGINT, 130, "interrupted: there is no"),
])  # fmt: skip
def test_a_report_that_is_interrupted_says_what_is_left_and_leaves_no_verdict(
    wavecast, tmp_path, monkeypatch, number, code, words
):
    """Also where the notebook had written one by then; afterwards SIGTERM is what it was."""
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    def execute(notebook, target, parameters):
        target.write_text("{}", encoding="utf-8")
        target.with_name("verdict.json").write_text("{}", encoding="utf-8")
        os.kill(os.getpid(), number)
        raise AssertionError("it went on")

    monkeypatch.setattr("wavecast.verbs.report.execute", execute)
    monkeypatch.setattr("wavecast.verbs.report._get_ready", lambda: None)
    answer = wavecast("report", "--out", str(tmp_path))
    assert (answer.code, [path.name for path in tmp_path.iterdir()]) == (code, ["report.ipynb"])
    assert words in answer.err and "left is" in answer.err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
