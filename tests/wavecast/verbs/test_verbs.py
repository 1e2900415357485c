"""`run`, `compare`, `trace` and `duel`, and what the door does with whatever goes wrong."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

import simulation
from simulation.plots.style import Picture
from tests.builders import sample_plan
from wavecast.main import VERBS, explain

FAST = ("--scenario", "storefront", "--trials", "50", "--seed", "3")


def only_line(text):
    (line,) = text.splitlines()
    return line


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples_or_options(wavecast, verb):
    answer = wavecast(verb, "--help")
    assert answer.code == 0 and answer.err == ""
    assert "Options:" in answer.out and "Exit codes:" in answer.out
    assert max(len(line) for line in answer.out.splitlines()) <= 100


@pytest.mark.parametrize("verb", ["check", "run", "compare", "trace", "duel", "report", "gate"])
def test_help_shows_examples(wavecast, verb):
    assert f"  wavecast {verb} " in wavecast(verb, "--help").out


def test_help_lists_the_verbs(wavecast):
    out = wavecast("--help").out
    assert all(re.search(rf"^  {verb} ", out, re.MULTILINE) for verb in VERBS)


def test_run_says_what_the_library_says(wavecast):
    plan, scenario = sample_plan("six-region-three-wave"), simulation.sample("storefront")
    expected = simulation.run(plan, scenario, trials=50, seed=3).summary()
    found = json.loads(wavecast("run", "six-region-three-wave", *FAST, "--json").out)
    figures = found["plans"]["six-region-three-wave"]["figures"]
    assert list(figures) == list(expected.index)
    for figure, entry in figures.items():
        for part in ("estimate", "low", "high"):
            value = expected[part][figure]
            assert entry[part] == (None if value != value else value)
    assert (found["trials"], found["seed"]) == (50, 3)
    assert found["scenario"]["digest"] == scenario.digest
    assert [row["region"] for row in found["plans"]["six-region-three-wave"]["regions"]] == list(plan.regions)


def test_run_shows_the_main_figures_in_80_columns_and_all_of_them_on_request(wavecast):
    short = wavecast("run", "six-region-three-wave", *FAST)
    assert short.code == 0
    assert max(len(line) for line in short.out.splitlines()) <= 80
    assert "impact_minutes_p99" not in short.out
    everything = wavecast("run", "six-region-three-wave", *FAST, "--all").out
    assert all(figure in everything for figure in simulation.FIGURES)


def test_run_takes_a_workflow_with_bakes_of_the_callers(wavecast, root):
    path = str(root / "data" / "workflows" / "six-region-three-wave.yaml")
    answers = [json.loads(wavecast("run", path, *FAST, "--json", *more).out) for more in ((), ("--bake-minutes", "0"))]
    minutes = [a["plans"]["storefront-six-region"]["figures"]["minutes_to_ship"]["estimate"] for a in answers]
    assert minutes[0] - minutes[1] > 60, "the workflow's own bakes are 165 minutes"


def test_compare_says_the_differences_of_the_library(wavecast):
    plans = {plan.name: plan for plan in map(sample_plan, ("six-region-three-wave", "all-at-once"))}
    expected = simulation.compare(plans, simulation.sample("storefront"), trials=50, seed=3).differences
    found = json.loads(wavecast("compare", "six-region-three-wave", "all-at-once", *FAST, "--json").out)
    assert found["baseline"] == "six-region-three-wave"
    for figure, entry in found["differences"]["all at once"].items():
        assert entry["difference"] == pytest.approx(expected["difference"][("all at once", figure)])


def test_compare_fits_80_columns_with_four_plans(wavecast):
    names = ("six-region-three-wave", "all-at-once", "one-at-a-time", "two-halves")
    answer = wavecast("compare", *names, *FAST)
    assert answer.code == 0
    assert max(len(line) for line in answer.out.splitlines()) <= 80


def test_one_plan_alone_is_not_compared(wavecast):
    answer = wavecast("compare", "six-region-three-wave", *FAST)
    assert (answer.code, answer.out) == (2, "")
    assert "name at least two" in only_line(answer.err)


def test_trace_shows_every_event_in_order(wavecast):
    args = ("trace", "six-region-three-wave", "--scenario", "storefront", "--seed", "7", "--trial", "827")
    found = json.loads(wavecast(*args, "--json").out)
    expected = simulation.trace(
        sample_plan("six-region-three-wave"), simulation.sample("storefront"), seed=7, trial=827
    )
    assert [event["event"] for event in found["events"]] == list(expected.events["event"])
    assert found["outcome"]["outcome"] == expected.row.outcome
    text = wavecast(*args).out
    assert max(len(line) for line in text.splitlines()[1:]) <= 80, "below the sentence, which has the plan's name"
    assert all(event in text for event in expected.events["event"])


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_pictures_go_where_they_are_wanted(wavecast, tmp_path, suffix):
    for verb, plans in (("trace", ["six-region-three-wave"]), ("duel", ["six-region-three-wave", "all-at-once"])):
        path = tmp_path / f"{verb}.{suffix}"
        more = ("--trial", "827") if verb == "trace" else ()
        answer = wavecast(verb, *plans, "--scenario", "storefront", "--seed", "7", *more, "--out", str(path))
        assert answer.code == 0 and answer.err == f"wrote {path}\n"
        start = path.read_bytes()[:200]
        assert b"<svg" in start or b"<?xml" in start if suffix == "svg" else start.startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_is_refused_before_the_work(wavecast, tmp_path, monkeypatch):
    monkeypatch.setattr(Picture, "savefig", lambda *_, **__: pytest.fail("drawn"))
    for path, word in (("x.pdf", ".svg or .png"), (f"{tmp_path}/no/x.svg", "no folder"), (f"{tmp_path}", "ends in")):
        answer = wavecast("trace", "six-region-three-wave", "--scenario", "storefront", "--out", path)
        assert answer.code == 2 and word in only_line(answer.err)


def test_duel_tells_the_same_change_under_both_plans(wavecast):
    args = ("duel", "all-at-once", "six-region-three-wave", "--scenario", "storefront", "--seed", "7")
    first, second = (sample_plan(name) for name in args[1:3])
    expected = simulation.duel(first, second, simulation.sample("storefront"), seed=7)
    answer = wavecast(*args)
    assert answer.out.startswith(expected.sentence)
    assert f"seed 7, trial {expected.first.trial}" in answer.out
    found = json.loads(wavecast(*args, "--trial", str(expected.first.trial), "--json").out)
    assert found["first"]["outcome"]["impact_minutes"] == expected.first.row.impact_minutes
    assert found["second"]["trial"] == expected.first.trial


def test_a_scenario_without_bad_changes_has_no_duel(wavecast, tmp_path):
    path = tmp_path / "calm.yaml"
    path.write_text("fleet: {regions: [{name: a, traffic: 1}]}\ndeploy: 3\n", encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    plan.write_text("waves: [{regions: [a]}]\n", encoding="utf-8")
    answer = wavecast("duel", str(plan), str(plan), "--scenario", str(path))
    assert answer.code == 2 and "no bad change hurt anybody" in only_line(answer.err)


@pytest.mark.parametrize(
    "args",
    [
        ("run", "six-region-three-wave", "--scenario", "storefront", "--trials", "0"),
        ("run", "six-region-three-wave", "--scenario", "storefront", "--trials", "many"),
        ("run", "six-region-three-wave", "--scenario", "storefront", "--seed", "-1"),
        ("run", "six-region-three-wave", "--scenario", "storefront", "--seed", str(2**64)),
        ("run", "six-region-three-wave", "--scenario", "storefront", "--confidence", "1"),
        ("run", "two-halves", "--scenario", "storefront", "--bake-minutes", "-1"),
        ("run", "two-halves", "--scenario", "storefront", "--bake-minutes", "nan"),
        ("run", "six-region-three-wave"),
        ("run", "six-region-three-wave", "--scenario", "nope"),
        ("run", "six-region-three-wave", "--scenario", "storefront", "--colour", "blue"),
        ("run", "nope", "--scenario", "storefront"),
        ("run", "data", "--scenario", "storefront"),
        ("trace", "six-region-three-wave", "--scenario", "storefront", "--trial", "-1"),
        ("trace", "six-region-three-wave", "--scenario", "storefront", "--trial", str(2**32)),
        ("duel", "six-region-three-wave", "--scenario", "storefront"),
        ("chek",),
        ("report", "--trials", "0"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_code_2(wavecast, root, monkeypatch, args):
    monkeypatch.chdir(root)
    answer = wavecast(*args)
    assert (answer.code, answer.out) == (2, "")
    assert only_line(answer.err)


def test_an_unknown_region_is_named_with_its_line(wavecast, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("waves:\n  - regions: [eu-north-1]\n  - regions: [mars-1]\n", encoding="utf-8")
    answer = wavecast("run", str(path), *FAST)
    assert answer.code == 2
    assert only_line(answer.err).startswith(f"{path}:3:15: error: region 'mars-1' is not in the fleet")


def test_what_check_refuses_is_not_worked_out(wavecast, tmp_path):
    """A scope of alarms without the minutes that people take: no figures, as they would be those of no time at all."""
    (tmp_path / "fleet.yaml").write_text("regions: [{name: a, traffic: 1}]\n")
    (tmp_path / "scenario.yaml").write_text("fleet: fleet.yaml\ndeploy: 5\n")
    (tmp_path / "plan.yaml").write_text("waves: [{regions: [a]}]\non_alarm: halt\n")
    answer = wavecast("run", str(tmp_path / "plan.yaml"), "--scenario", str(tmp_path / "scenario.yaml"))
    assert (answer.code, answer.out) == (2, "")
    assert "plan.yaml:2:1: error: after an alarm people recover what `halt` leaves" in only_line(answer.err)


def test_a_name_cannot_steer_the_terminal(wavecast, tmp_path):
    """Nor break a heading: it is one line of what can be printed, and the complaint is too."""
    path = tmp_path / "plan.yaml"
    for name, code in (("evil\\e[2J", "U+001B"), ("two\\nlines", "U+000A"), ("a\\u2028b", "U+2028")):
        path.write_text(f'name: "{name}"\nwaves: [{{regions: [eu-north-1]}}]\n', encoding="utf-8")
        answer = wavecast("run", str(path), *FAST)
        assert (answer.code, answer.out) == (2, "")
        assert code in only_line(answer.err) and answer.err.rstrip("\n").isprintable()


def test_help_answers_without_the_simulation(root):
    code = (
        "import sys, wavecast.main as m\ntry: m.main(['--help'])\nexcept SystemExit: print('simulation' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.endswith("False\n")


def test_a_reader_that_leaves_is_no_traceback(root):
    env = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "wavecast.main", "run", "six-region-three-wave", *FAST, "--all"]
    with subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        error = process.stderr.read()
        assert process.wait(timeout=120) == 141
    assert error == b""


def test_control_c_is_130_without_a_traceback(root):
    """Sent once the rollouts have begun, however long it takes to get there."""
    code = (
        "import sys, simulation\n"
        "from wavecast.__main__ import main\n"
        "run_all = simulation.run_all\n"
        "def begun(*args, **options):\n"
        "    print('begun', flush=True)\n"
        "    return run_all(*args, **options)\n"
        "simulation.run_all = begun\n"
        "sys.argv = ['wavecast', 'run', 'six-region-three-wave', '--scenario', 'storefront', '--trials', '10000000']\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=120)
    assert out == b""
    assert process.returncode == 130
    assert error.decode().strip().splitlines()[-1] == "wavecast: interrupted"
    assert b"Traceback" not in error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "x.yaml"), 2, "wavecast: x.yaml: No such file or directory"),
        (OSError(28, "No space left on device"), 2, "wavecast: No space left on device"),
        (MemoryError(), 2, "wavecast: there is not enough memory for so many trials; take fewer"),
    ],
)
def test_what_the_system_refuses_is_one_line(capsys, error, code, line):
    assert explain(error) == code
    assert only_line(capsys.readouterr().err) == line
