"""What an earlier report left is never taken for that of one that was refused."""

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
