"""`wavecast incident` and `wavecast replay`: what they print, the page, and what they refuse.

Not here: the figures (`tests/history/replaying`).
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import history
from waves import DATA

NAMED = ("--plan", "six-region-three-wave", "--scenario", "storefront", "--worlds", "40")
TYPED = ("--started", "9", "--alarm", "31", "--regions", "eu-north-1", "--rollback", "12")
OTHERS = ("--against", "all-at-once", "one-at-a-time")


class Links(HTMLParser):
    """Everything that a page could ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


def test_an_incident_is_a_sentence_a_picture_and_a_page_that_asks_for_nothing(wavecast, tmp_path):
    page = tmp_path / "page.html"
    answer = wavecast("incident", *NAMED, *TYPED, *OTHERS, "--out", str(page))
    assert answer.code == 0 and answer.err.splitlines()[-1] == f"wrote {page}"
    sentence = answer.out.splitlines()[0]
    assert sentence.startswith("The incident under six-region-three-wave, retold: all at once would have exposed")
    assert "\\x" not in answer.out and "40 of 40 worlds gave back what was typed" in answer.out
    text = page.read_text(encoding="utf-8")
    links = Links(text)
    assert len(links.found) == 1 and links.found[0].startswith("data:image/svg+xml;base64,")
    assert not links.tags & {"script", "link", "iframe", "object", "form"}
    assert not re.search(r"url\(|@import", text)
    assert sentence in text.replace("\u00a0", " ")


def test_json_has_the_figures_of_the_sentence(wavecast):
    content = json.loads(wavecast("incident", *NAMED, *TYPED, *OTHERS, "--json").out)
    assert content["typed"]["started_minutes"] == 9 and content["typed"]["regions"] == ["eu-north-1"]
    assert {each["plan"] for each in content["differences"]} == {"all at once", "one at a time"}
    assert all(each["low"] <= each["high"] for each in content["differences"])
    assert content["impossible"] is None and 0 < content["effective_worlds"] <= 40


def test_an_impossible_one_is_exit_code_1_and_still_a_page(wavecast, tmp_path):
    page = tmp_path / "page.html"
    typed = ("--started", "9", "--alarm", "30", "--regions", "eu-north-1,us-west-2")
    answer = wavecast("incident", *NAMED, *typed, *OTHERS, "--out", str(page))
    assert answer.code == 1
    assert "us-west-2 is in wave 2 of six-region-three-wave" in answer.out.splitlines()[0]
    assert "What can still be said" in page.read_text(encoding="utf-8") and not Links(page.read_text("utf-8")).found


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rollback", "0"], "--rollback"),
        (["--regions", "eu-nort-1"], "--regions: 'eu-nort-1' is not of the plan; did you mean 'eu-north-1'?"),
        (["--regions", ","], "--regions is empty"),
        (["--alarm-region", "us-west-2"], "--alarm-region: 'us-west-2' is not among those with traffic at the alarm"),
        (["--alarm", "noon"], "--alarm is 'noon'; give minutes since the push, or an instant"),
        (["--out", "page.png"], "--out page.png: a page ends in .html"),
        (["--out", "nowhere/page.html"], "there is no folder 'nowhere'"),
        (["--against", "al-at-once"], "did you mean 'all-at-once'?"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(wavecast, arguments, text):
    answer = wavecast("incident", *NAMED, *TYPED, *OTHERS, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 1 and text in answer.err


def test_a_plan_that_does_not_go_with_the_scenario_is_told_by_file_and_line(wavecast):
    answer = wavecast("incident", "--plan", "storefront-office-hours", *NAMED[2:], *TYPED, *OTHERS)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(str(DATA / "plans" / "storefront-office-hours.yaml:6:1: error: a calendar"))


HISTORY = ("--store", str(DATA / "history"), "--plan", "six-region-three-wave", "--worlds", "2")


def test_replay_prints_a_table_and_the_same_as_json(wavecast, monkeypatch):
    """The second time it is not replayed anew, as that it was asked the same is held to the first."""
    answers: list[tuple[Any, Any]] = []

    def once(rollouts: Any, plans: Any, *others: Any, **options: Any) -> Any:
        question = (len(rollouts), plans, others, options)
        answers[:] = answers or [(question, replay(rollouts, plans, *others, **options))]
        assert answers[0][0] == question
        return answers[0][1]

    replay = history.replay
    monkeypatch.setattr(history, "replay", once)
    asked = ("replay", *HISTORY, "--scenario", "storefront", "all-at-once")
    answer = wavecast(*asked)
    assert answer.code == 0 and "\\x" not in answer.out
    (row,) = [line for line in answer.out.splitlines() if line.startswith("all at once  traffic exposed")]
    content = json.loads(wavecast(*asked, "--json").out)
    (share,) = [each for each in content["differences"] if each["figure"] == "share_exposed"]
    assert f"{100 * share['would']:.2g} %" in row and share["low"] <= share["difference"] <= share["high"]
    assert content["rollouts"] + sum(content["impossible"].values()) + sum(content["left_out"].values()) > 380


def test_a_scenario_of_another_fleet_is_one_line(wavecast, tmp_path):
    (tmp_path / "fleet.yaml").write_text("regions: [{name: north, traffic: 1.0}]\n", encoding="utf-8")
    scenario = Path(tmp_path / "s.yaml")
    scenario.write_text("name: s\nfleet: fleet.yaml\ndeploy: 5\nfaults: []\n", encoding="utf-8")
    asked = ("replay", "--store", str(DATA / "history"), "--scenario", str(scenario))
    answer = wavecast(*asked, "all-at-once", "--bake-minutes", "5")
    assert (answer.code, answer.out) == (2, "")
    assert (
        len(answer.err.splitlines()) == 1
        and "is a region of the fleet 'fleet'; give the fleet, or the scenario" in answer.err
    )
