"""`wavecast backtest`: what it prints, the page, and what it refuses. Not here: the figures (`tests/history`)."""

import json

import pytest

from waves import DATA

HISTORY = ("--store", str(DATA / "history"), "--scenario", "storefront", "--plan", "six-region-three-wave")
QUICK = ("--every", "200", "--trials", "100", "--as-it-is")


def test_it_prints_the_sentence_first_and_leaves_a_page_and_a_picture(wavecast, tmp_path):
    page, picture = tmp_path / "b.html", tmp_path / "b.svg"
    answer = wavecast("backtest", *HISTORY, *QUICK, "--page", str(page), "--out", str(picture))
    assert answer.code == 0
    first, _, head, *_ = answer.out.splitlines()
    assert first.endswith("periods the 90 % interval held (16–100).") and head.split()[:2] == ["target", "forecast"]
    text = page.read_text(encoding="utf-8")
    assert first in text and "<img" in text and "<script" not in text
    assert picture.read_bytes().lstrip().startswith(b"<?xml")
    content = json.loads(wavecast("backtest", *HISTORY, *QUICK, "--json").out)
    assert content["sentences"] == [line for line in answer.out.splitlines() if line in content["sentences"]]
    assert content["periods_held"]["of"] == 2 == len({each["origin"] for each in content["forecasts"]})


def test_too_short_a_history_is_nothing_to_judge(wavecast, tmp_path):
    table, store = tmp_path / "d.csv", tmp_path / "h.sqlite"
    head = "service,region,status,started_at,finished_at,digest\n"
    table.write_text(f"{head}shop,us-east-1,succeeded,2026-03-02T10:00:00Z,2026-03-02T10:06:00Z,v1\n", encoding="utf-8")
    assert wavecast("import", "deployments", str(table), "--store", str(store)).code == 0
    answer = wavecast("backtest", "--store", str(store), "--scenario", "storefront")
    assert answer.code == 1
    assert answer.out.startswith("A history too short to be held against forecasts: 1 rollout of known end")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--every", "month"), "'month' is neither week nor a number of rollouts, such as 20"),
        (("--every", "0"), "'0' is neither week nor a number of rollouts"),
        (("--level", "nan"), "nan; give a number between 0 and 1"),
        (("--page", "b.txt"), "--page b.txt: a page ends in .html"),
        (("--page", "no/b.html"), "there is no folder 'no'; make it first"),
        (("--fleet", "aws-regions"), "its regions are not those of scenario storefront"),
    ],
)
def test_what_cannot_be_is_one_line(wavecast, options, text):
    answer = wavecast("backtest", *HISTORY, *options)
    assert answer.code == 2 and len(answer.err.splitlines()) == 1 and text in answer.err
