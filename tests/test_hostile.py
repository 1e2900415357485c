"""Hostile names through everything that shows, draws, writes or stores them: each verb, object, picture and export.

Names of regions, labels, faults, plans and services are what people type, or what somebody else's account answers. What
a file may not hold (a second line, more than 200 characters) is refused in one line; all else is shown as it is, and
steers nothing: no tag, no formula, no folder, no terminal.
"""

import csv
import importlib
import json
import os
import pkgutil
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import history
import simulation
import waves
from simulation import plots
from simulation.lessons.varied import varied
from simulation.plots.style import Picture
from tests.aws_stand_in import History, StandIn
from tests.aws_stand_in.__main__ import config as stand_in_config
from tests.wavecast.conftest import door
from wavecast.main import VERBS

EVIL = "<script>alert(1)</script>"
NAMES = (EVIL, "../../x", "=cmd()", r"$\frac{x", "`|*[a](http://e.example)", "n" * 200)
SERVICE = f"@{EVIL}../"
REFUSED = ("two\nlines", "x" * 10_240, "bell\a", "")
PUSHES = {
    "from": "2026-03-02",
    "to": "2026-03-07",
    "days": ["mon"],
    "hours": ["09:00", "17:00"],
    "zone": "Europe/Berlin",
}
WAVES = ([NAMES[0]], [NAMES[1], NAMES[2]], list(NAMES[3:]))


def fleet_of(names: tuple[str, ...]) -> dict[str, Any]:
    regions = [
        {"name": name, "traffic": 100 * (n + 1), "labels": [SERVICE], "failover": names[n ^ 1], "zone": "Europe/Berlin"}
        for n, name in enumerate(names)
    ]
    return {"name": EVIL, "regions": regions}


def scenario_of(names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    fault = {"name": SERVICE, "probability": 0.3, "severity": 0.5, "onset": 2, "detection_probability": 0.8}
    times = {"deploy": {"lognormal": {"median": 6, "p95": 12}}, "evidence": 100, "lag": 2, "reaction": 3, "rollback": 5}
    return {"name": EVIL, "fleet": fleet_of(names), "faults": [fault], "report": 60, "sources": {"lag": EVIL}, **times}


def plan_of(groups: tuple[list[str], ...] = WAVES, name: str = EVIL) -> dict[str, Any]:
    return {"name": name, "waves": [{"name": SERVICE, "regions": each, "bake_minutes": 20} for each in groups]}


KNOWN = [name for name in NAMES if not set(name) & set("|$`")]  # a region's name in a table has none of these
DEPLOYMENTS = [
    {
        "service": SERVICE, "region": name, "status": "succeeded", "digest": digest, "rollout": f"{EVIL}{digest}",
        "id": f"={name[:20]}{digest}", "pushed_at": f"2026-03-0{day}T09:00:00Z",
        "started_at": f"2026-03-0{day}T1{w}:00:00Z", "finished_at": f"2026-03-0{day}T1{w}:06:00Z",
    }
    for day, digest in enumerate(("+one", "-two", "@three"), 1)
    for w, group in enumerate(WAVES)
    for name in group
    if name in KNOWN
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder deep inside another, with files of hostile names in it; nothing may be left outside of it."""
    top = tmp_path_factory.mktemp("hostile")
    here = top / "a" / "b" / "c"
    here.mkdir(parents=True)
    for name, content in (
        ("fleet.yaml", fleet_of(NAMES)), ("scenario.yaml", scenario_of()), ("plan.yaml", plan_of()),
        ("other.yaml", plan_of((list(NAMES),), "=other()")),
        ("rules.yaml", {"rules": {"first": [NAMES[5]], "max_waves": 9}, "limits": {"minutes_to_ship": {"at_most": 1}}}),
        ("smaller.yaml", scenario_of((*NAMES[:3], "x"))), ("small.yaml", plan_of(([NAMES[0]], [*NAMES[1:3], "x"]))),
        ("narrow.yaml", {"rules": {"max_waves": 2, "first": list(NAMES[:3])}}),
    ):  # fmt: skip
        (here / name).write_text(json.dumps(content), encoding="utf-8")
    with (here / "deployments.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, DEPLOYMENTS[0])
        table.writeheader()
        table.writerows(DEPLOYMENTS)
    incident = f"{EVIL},+one,2026-03-01T10:10:00Z,2026-03-01T10:20:00Z,=note\n"
    (here / "incidents.csv").write_text(f"id,digest,started_at,detected_at,note\n{incident}", encoding="utf-8")
    workflow = waves.write(waves.sample("six-region-three-wave"), here / "release.yaml", to="github-actions")
    assert workflow is not None
    return SimpleNamespace(top=top, here=here)


STORE, BASE = ("--store", "h.sqlite"), ("--scenario", "scenario.yaml")
FEW = ("--trials", "64")
CALLS: dict[str, list[tuple[tuple[str, ...], set[int]]]] = {  # in the order in which they run: by verb, what and codes
    "check": [(("plan.yaml", "scenario.yaml", "fleet.yaml", "--fleet", "fleet.yaml", "--rules", "rules.yaml"), {0, 1})],
    "run": [(("plan.yaml", "by-label", *BASE, *FEW, "--worst", "3", "--exposure", "--strata"), {0}),
            (("plan.yaml", *BASE, *FEW, "--json"), {0})],
    "compare": [(("plan.yaml", "other.yaml", *BASE, *FEW, "--out", "compare.svg"), {0})],
    "trace": [(("plan.yaml", *BASE, "--out", "trace.svg"), {0})],
    "duel": [(("plan.yaml", "other.yaml", *BASE, "--out", "duel.svg"), {0})],
    "search": [(("plan.yaml", *BASE, "--rules", "narrow.yaml", "--bakes", "0,20", "--resolution", "0.5", "--plans",
                 "front", "--out", "front.svg"), {0})],
    "sensitivity": [(("plan.yaml", "other.yaml", *BASE, "--trials", "256", "--out", "tornado.svg"), {0})],
    "report": [(("--plan", "plan.yaml", "--plan", "other.yaml", *BASE, *FEW, "--rules", "rules.yaml",
                 "--no-sensitivity", "--out", "report"), {1})],
    "review": [(("plan.yaml", "other.yaml", *BASE, *FEW, "--rules", "rules.yaml"), {1})],
    "gate": [(("report/verdict.json", "--plan", "plan.yaml", *BASE, "--rules", "rules.yaml"), {1})],
    "write": [(("plan.yaml", "--to", "github-actions", "--service", SERVICE, "--out", "out.yml"), {0, 2})],
    "regroup": [(("release.yaml", "--plan", "plan.yaml"), {2})],
    "import": [(("deployments", "deployments.csv", *STORE), {0}), (("incidents", "incidents.csv", *STORE), {0})],
    "fetch": [(("--config", "fetch.yaml"), {0, 3})],
    "coverage": [(STORE, {0, 1})],
    "export": [((*STORE, "--to", "tables", "--format", "csv"), {0}), ((*STORE, "--to", "parquet"), {0})],
    "rollouts": [((*STORE, "--out", "year.svg"), {0}), ((*STORE, "--json"), {0})],
    "fleet": [((*STORE, "--name", EVIL), {0})],
    "scenario": [(("scenario.yaml", "--from-dora", "--change-failure-rate", "0.1", "--time-to-detect", "9",
                   "--time-to-restore", "20", "--plan", "plan.yaml", "--out", "dora.yaml"), {0, 2})],
    "replay": [(("other.yaml", *STORE, *BASE, "--plan", "plan.yaml", "--worlds", "5"), {0, 1})],
    "incident": [(("--plan", "plan.yaml", *BASE, "--started", "9", "--alarm", "31", "--regions", NAMES[1], "--rollback",
                   "12", "--against", "other.yaml", "--worlds", "10", "--out", "incident.html"), {0, 1})],
    "fit": [((*STORE, *BASE, "--out", "fitted.yaml"), {0, 1})],
    "board": [(("--plan", "small.yaml", "--scenario", "smaller.yaml", "--out", "board.html"), {0})],
    "backtest": [((*STORE, *BASE, "--plan", f"{SERVICE}=plan.yaml", "--least", "2", "--every", "1", "--trials", "100",
                   "--as-it-is", "--page", "backtest.html"), {0, 1})],
}  # fmt: skip


def test_no_verb_is_left_out():
    assert set(VERBS) <= set(CALLS)


@pytest.fixture(scope="module")
def said(place):
    """Run every call, one after the other, in the folder; return what each left, and the files that there are then."""
    before, here = files(place.top), Path.cwd()
    told = History.make(7, deployments=20, days=10, services=1, regions=["us-east-1"], accounts=["111122223333"])
    found = {}
    with StandIn(told) as aws, pytest.MonkeyPatch.context() as patch:
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        account = stand_in_config(aws)
        account["accounts"][0] |= {"ecs": {"clusters": ["*", "!=cmd()"], "services": ["*", f"!{EVIL}"]}}
        (place.here / "fetch.yaml").write_text(json.dumps(account | {"store": "fetched.sqlite"}), encoding="utf-8")
        os.chdir(place.here)
        try:
            for verb, calls in CALLS.items():
                if verb in VERBS:
                    found[verb] = [(door(verb, *args), codes) for args, codes in calls]
        finally:
            os.chdir(here)
    return found, files(place.top) - before


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("verb", CALLS)
def test_a_verb_takes_hostile_names_and_neither_fails_nor_steers_the_terminal(said, verb):
    for answer, codes in said[0].get(verb, []):
        assert answer.code in codes, answer.err[-2000:]
        assert "Traceback" not in answer.err
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b\u202a-\u202e]", answer.out + answer.err)
        if answer.code == 2:
            assert answer.err.strip() and not answer.out


def test_nothing_is_written_outside_of_the_folder_and_no_name_is_a_name_s_own(said, place):
    assert said[1] and all(path.is_relative_to(place.here) for path in said[1])
    assert not [path for path in said[1] if set(path.name) & set('<>|*"`$=@')]


class Tags(HTMLParser):
    """The tags of a page, and where it would go."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts, self.links, self.inside = list[str](), list[str](), False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script" and ("type", "application/json") not in attrs  # data of a page steers nothing
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "onerror", "onload")]

    def handle_data(self, data):
        self.scripts += [data] if self.inside else []
        self.inside = False


def harmless(page: str) -> None:
    """Hold a page to it: no name became a tag, a script or a link."""
    found = Tags(page)
    assert not [each for each in found.scripts if "alert(1)" in each]
    assert not [each for each in found.links if "e.example" in each or each.startswith(("../..", "javascript:"))]


def test_a_page_in_which_a_name_became_a_tag_or_a_link_is_seen():
    for page in (f"<p>{EVIL}</p>", '<a href="http://e.example">x</a>'):
        with pytest.raises(AssertionError):
            harmless(page)


def test_pages_pictures_and_tables_hold_names_as_text(said):
    """HTML and SVG parse and hold no script of a name; in CSV no cell begins as a formula does."""
    kinds = {".html": 0, ".svg": 0, ".csv": 0}
    for path in sorted(said[1]):
        if path.suffix in kinds:
            kinds[path.suffix] += 1
        if path.suffix == ".html":
            harmless(path.read_text(encoding="utf-8"))
        if path.suffix == ".svg":
            tree = ElementTree.parse(path)
            assert not [each for each in tree.iter() if each.tag.endswith("script")]
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row]
            assert not [c for c in cells if c.startswith(("=", "+", "@", "\t")) or re.match(r"-\D", c)], path
    assert all(kinds.values()), kinds


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("verb", ["run", "check", "review", "report"])
def test_what_no_file_may_hold_is_refused_in_one_line(tmp_path, name, verb):
    """In a fleet, and in a plan's regions and names."""
    for file, content in (
        ("scenario.yaml", scenario_of((name, *NAMES[1:]))),
        ("plan.yaml", plan_of(([name], *WAVES[1:]))),
        ("plan.yaml", plan_of(name=name)),
    ):
        own = {"scenario.yaml": scenario_of(), "plan.yaml": plan_of()} | {file: content}
        for each, text in own.items():
            (tmp_path / each).write_text(json.dumps(text), encoding="utf-8")
        plan, scenario = str(tmp_path / "plan.yaml"), str(tmp_path / "scenario.yaml")
        given = {
            "run": (plan, "--scenario", scenario), "check": (plan, scenario),
            "review": (plan, plan, "--scenario", scenario),
            "report": ("--plan", plan, "--scenario", scenario, "--out", str(tmp_path / "out")),
        }  # fmt: skip
        if verb == "report" and file == "scenario.yaml":
            continue  # the notebook reads it, as a test of the report shows
        answer = door(verb, *given[verb])
        lines = answer.err.splitlines() + answer.out.splitlines() * (verb == "check")
        assert answer.code in (1, 2) and f"{file}:1:" in "\n".join(lines)
        assert max(map(len, lines)) < 800 and "Traceback" not in answer.err


@cache
def made() -> dict[str, Any]:
    """Everything that shows itself, of hostile names."""
    scenario = simulation.Scenario.model_validate(scenario_of())
    plan, other = (waves.Plan.model_validate(each) for each in (plan_of(), plan_of((list(NAMES),), "=other()")))
    plans = {EVIL: plan, "=other()": other}
    own: dict[str, Any] = {"trials": 64, "seed": 3}
    dated = scenario.replace(pushes=PUSHES)
    comparison = simulation.compare(plans, scenario, **own)
    return {
        "Fleet": scenario.fleet, "Plan": plan, "Scenario": scenario, "Comparison": comparison,
        "Outcomes": comparison.outcomes[EVIL], "Trace": simulation.trace(plan, scenario, seed=3, trial=1),
        "Duel": simulation.duel(plan, other, scenario), "Sweep": simulation.sweep(plans, scenario, **own),
        "Rare": simulation.rare(plan, scenario, precision=0.5), "Exact": simulation.exact(plan, scenario),
        "a dated trace": simulation.trace(plan, dated, seed=3, trial=1),
        "Curves": varied({1.0: scenario, 2.0: scenario}, plans, "impact_minutes_mean", EVIL, trials=64),
        "Parts": simulation.waves_or_minutes(plan, other, scenario, trials=64),
        "Sensitivity": simulation.sensitivity(plans, scenario, trials=64),
        "PlanFront": simulation.search(
            scenario, today=plan, rules=waves.Rules(rules={"max_waves": 2, "first": NAMES[:3]}), bake_minutes=(0, 20),
            resolution=0.5,
        ),
    }  # fmt: skip


@cache
def of_history(folder: Path) -> dict[str, Any]:
    scenario = simulation.Scenario.model_validate(scenario_of())
    plan, other = (waves.Plan.model_validate(each) for each in (plan_of(), plan_of((list(NAMES),), "=other()")))
    rollouts = history.rollouts(folder / "h.sqlite")
    went = waves.Plan.model_validate(plan_of(tuple([name for name in each if name in KNOWN] for each in WAVES)))
    typed: dict[str, Any] = {"started": 9, "alarm": 31, "regions": [NAMES[1]], "rollback": 12}
    return {
        "Rollouts": rollouts, "Fitted": history.fit(rollouts, scenario),
        "Replay": history.replay(rollouts, {"=other()": other}, scenario, used={SERVICE: plan}, worlds=5),
        "Backtest": history.backtest(rollouts, scenario, used={SERVICE: went}, least=2, every=1, trials=100, fit=None),
        "Incident": history.incident(plan, scenario, {"=other()": other}, worlds=10, **typed),
    }  # fmt: skip


def showing() -> set[str]:
    """The names of all classes that show themselves in a notebook in a way of their own."""
    found = set()
    for package in (waves, simulation, history):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            own = vars(importlib.import_module(module.name)).values()
            found |= {
                each.__name__
                for each in own
                if isinstance(each, type) and each.__module__ == module.name and "_repr_html_" in vars(each)
            }
    return found


def test_whatever_shows_itself_in_a_notebook_shows_names_as_text(said, place):
    """Every class that has HTML of its own; a Picture is what the others draw, Html what they are made of."""
    everything = made() | of_history(place.here)
    others = {"Picture", "Html"}  # what others are made of
    others |= {"Report", "Lesson"}  # a fetch's, which `fetch` prints; texts of ours
    assert showing() <= {type(each).__name__ for each in everything.values()} | others
    assert everything["Backtest"].scored
    for name, each in everything.items():
        harmless(getattr(each, "_repr_html_", each.__repr__)())
        assert "\n" not in repr(each) and len(repr(each)) < 500, name


def test_a_board_without_a_kernel_holds_names_as_text():
    few = NAMES[:3]
    scenario = simulation.Scenario.model_validate(scenario_of((*few, "x")))
    plan = waves.Plan.model_validate(plan_of(([few[0]], [*few[1:], "x"])))
    page = str(simulation.still_board(scenario, plan))
    assert EVIL not in page and "&lt;script&gt;" in page and "</script>../" not in page


def drawn() -> dict[str, Any]:
    """Every plot there is."""
    own = made()
    comparison, search = own["Comparison"], own["PlanFront"]
    outcomes = comparison.outcomes
    plans = {name: each.plan for name, each in outcomes.items()}
    return {
        "compare": plots.compare(outcomes), "differences": plots.differences(comparison),
        "distributions": plots.distributions(outcomes), "duel": plots.duel(own["Duel"]),
        "front": search.plot(), "outcome_shares": plots.outcome_shares(outcomes), "parts": plots.parts(own["Parts"]),
        "plans": plots.plans(plans, comparison.scenario.fleet), "regions": plots.regions(outcomes),
        "time_spent": plots.time_spent(outcomes), "timeline": plots.timeline(own["Trace"]),
        "tornado": plots.tornado(own["Sensitivity"]), "curves": plots.curves(own["Curves"], title=EVIL),
        "figures": plots.figures(outcomes, ["impact_minutes_mean", "minutes_to_ship"], title="$"),
        "calendar": plots.calendar(own["a dated trace"]),
    }  # fmt: skip


def test_every_picture_draws_names_and_reads_no_formula_in_them(tmp_path):
    """A `$` begins a formula in matplotlib, and half of one is an error when it is drawn."""
    pictures = drawn()
    other = {"cloud"}  # of a board, whose page has a test of its own
    assert set(plots.__all__) <= {*pictures, *other, "Picture", "alt", "offered"}
    for name, each in pictures.items():
        picture = each if isinstance(each, Picture) else plots.offered(each)
        harmless(picture._repr_html_())
        target = tmp_path / f"{name}.svg"
        picture.savefig(target, format="svg")
        ElementTree.parse(target)
