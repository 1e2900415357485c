"""The docs say what the code does: their examples run, their tables are the code's, their links lead somewhere."""

import doctest
import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml
from click.testing import CliRunner
from papermill import inspect_notebook
from pydantic import TypeAdapter

import simulation
from simulation import Distribution, Scenario
from simulation.draws import PURPOSES
from simulation.results.figures import OF_SERVICE
from tests.builders import sample_plan
from tests.test_house import files, name
from tools.render_schemas import schemas
from wavecast.main import VERBS, main
from wavecast.rules import read_rules
from waves import Fleet, Plan, Region, Wave
from waves.pipelines.codecatalyst.schema import IDENTIFIERS
from waves.rules.practice import plan_findings
from waves.rules.written import rule_findings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*files("*.md", under="docs"), *(ROOT / page for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]


def script(file: str) -> ModuleType:
    return importlib.import_module(f"tools.{Path(file).stem}")


def page(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for each, body in found if each == language]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    return re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, header rows left out."""
    tables = re.findall(r"^\|.*\|\n\|[ -|]*\|\n((?:\|.*\|\n)*)", text, re.MULTILINE)
    return [[cell.strip() for cell in line[1:-1].split(" | ")] for table in tables for line in table.splitlines()]


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_example_gives_what_the_page_says(path, monkeypatch):
    """The ```python blocks of a page are one session, begun in the checkout's folder."""
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    source = "\n".join(block for block in blocks(text, "python") if ">>>" in block)
    test = doctest.DocTestParser().get_doctest(source, {}, name(path), name(path), 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert result.failed == 0
    assert result.attempted == source.count(">>> ")


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_python_block_goes_untried(path):
    """A block without prompts would be shown and never run."""
    assert all(">>> " in block for block in blocks(path.read_text(encoding="utf-8"), "python"))


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown page gets for its headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", files("*.md", under="docs"), ids=name)
def test_the_readme_leads_to_every_page(path):
    assert f"({name(path)})" in page("README.md")


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_link_leads_somewhere(path):
    """Links to files and headings of the checkout; addresses elsewhere are not asked for."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert not broken


def test_the_table_of_addresses_is_that_of_the_draws():
    """Another number there would be another world for every seed."""
    table = rows(section(page("docs/model.md"), "The table of addresses"))
    kinds = {"change": 0, "fault": 1, "region": 2, "gate": 3}
    told = {}
    for purpose, kind, number, *_ in table:
        value, word = kind.rstrip(")").split(" (")
        assert kinds[word] == int(value)
        told[purpose.strip("`")] = (int(value), int(number))
    assert told == {purpose: tuple(address) for purpose, address in PURPOSES.items()}


def test_the_model_page_has_every_rule_once_and_in_order():
    numbers = [int(number) for number in re.findall(r"^\*\*(\d+)\. ", page("docs/model.md"), re.MULTILINE)]
    assert numbers == list(range(1, 27))


RENDERED = [(f"{each}.md", f"render_{each}.py") for each in ("fields", "rules", "command", "worked")]


@pytest.mark.parametrize(("file", "made_by"), RENDERED)
def test_a_rendered_page_is_what_its_script_makes(file, made_by):
    """After a change of a model, a rule or a verb: write the page anew (CONTRIBUTING, How to change the docs)."""
    assert page(f"docs/{file}") == script(made_by).render()


def test_every_rule_and_every_tie_has_a_case_of_its_own():
    """Those of one rollout have a rollout worked by hand; docstrings name them, and `docs/worked.md` lists them."""
    made = script("render_worked.py")
    assert list(made.titles()) == list(range(1, 27))
    found = made.cases()
    assert not [rule for rule in made.titles() if not any(rule in case.rules for case in found)]
    assert not [tie for tie in made.ties() if not any(tie in case.ties for case in found)]


def test_the_fields_page_names_every_field_and_every_distribution():
    """The page is rendered, but by a script that is told which models there are."""
    text = page("docs/fields.md")
    listed = {row[0].strip("`") for row in rows(text)}
    definitions = [definition for schema in schemas().values() for definition in (schema, *schema["$defs"].values())]
    assert {field for definition in definitions for field in definition.get("properties", {})} <= listed
    families = {option["required"][0] for option in TypeAdapter(Distribution).json_schema()["anyOf"][1:]}
    assert {family for family in families if f"`{{{family}: " in text or f"or `{{{family}: " in text} == families


def test_every_number_with_a_default_has_a_unit_and_a_source():
    """A number that is on by default without either would be one that nobody can question."""
    silent = []
    for model in (Plan, Wave, Scenario, *(script("render_fields.py").__dict__[each] for each in ("Fault", "Steps"))):
        for field, info in model.model_fields.items():
            extra = info.json_schema_extra or {}
            if isinstance(info.default, float | int) and not isinstance(info.default, bool):
                silent += [f"{model.__name__}.{field}"] * (not extra.get("unit") or not extra.get("source"))
    assert not silent


def test_the_written_distributions_are_read_as_what_they_say():
    table = rows(section(page("docs/fields.md"), "Distributions"))
    for written, *_ in table:
        for example in re.findall(r"`([^`]+)`", written):
            value = TypeAdapter(Distribution).validate_python(yaml.safe_load(example))
            assert value.family in written


def test_the_fields_page_shows_files_that_can_be_read(tmp_path):
    """The examples belong together: the scenario's fleet is the fleet, and the plan is for it and keeps the rules."""
    fleet, plan, scenario, rules, _ = blocks(page("docs/fields.md"), "yaml")
    for file, text in (("fleet.yaml", fleet), ("plan.yaml", plan), ("scenario.yaml", scenario), ("rules.yaml", rules)):
        (tmp_path / file).write_text(text, encoding="utf-8")
    read = Scenario.read(tmp_path / "scenario.yaml")
    assert read.fleet == Fleet.read(tmp_path / "fleet.yaml")
    assert not Plan.read(tmp_path / "plan.yaml").strangers(read.fleet)
    broken = rule_findings(Plan.read(tmp_path / "plan.yaml"), read_rules(tmp_path / "rules.yaml"), read.fleet)
    assert {finding.rule for finding in broken} == {"max-first-wave-share"}


def test_the_fleet_rules_of_the_workflow_page_are_those_that_are_reported():
    """A fleet and a plan that break every rule at once."""
    regions = [("a", 90.0, "b"), ("b", 5.0, None), ("c", 4.0, None), ("d", 1.0, None)]
    fleet = Fleet(regions=tuple(Region(name=n, traffic=t, failover=f) for n, t, f in regions))
    plan = Plan(waves=(Wave(regions=("a", "b")), Wave(regions=("c", "x"))))
    table = rows(section(page("docs/codecatalyst.md"), "What `wavecast check` finds"))
    told = {(rule.strip("`"), severity) for rule, severity, _ in table}
    assert {(finding.rule, finding.severity) for finding in plan_findings(plan, fleet)} == told


def test_the_kinds_of_actions_on_the_workflow_page_are_those_of_the_catalogue():
    text = section(page("docs/codecatalyst.md"), "From a workflow to a plan")
    told = {
        kind: set(re.findall(r"`(.+?)`", cells)) for kind, cells in re.findall(r"^   \| (\w+) \| (.+) \|$", text, re.M)
    }
    for kind, word in (("deploy", "deployment"), ("approval",) * 2, ("test",) * 2, ("build",) * 2, ("render",) * 2):
        assert told[word] == {identifier for identifier, known in IDENTIFIERS.items() if known.kind == kind}


def test_the_readme_shows_files_that_can_be_read(tmp_path):
    """Written as they stand there, the three files of "On your own regions" pass the check and can be run."""
    found = blocks(page("README.md"), "yaml")
    names = [text.split()[1].rstrip(",:") for text in found]
    assert names == ["fleet.yaml", "plan.yaml", "scenario.yaml"]
    for file, text in zip(names, found, strict=True):
        (tmp_path / file).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / file) for file in names]
    checked = CliRunner().invoke(main, ["check", *paths, "--json"])
    assert (checked.exit_code, json.loads(checked.stdout)["findings"]) == (0, [])
    assert CliRunner().invoke(main, ["run", paths[1], "--scenario", paths[2], "--trials", "20"]).exit_code == 0


def test_the_readme_lists_the_verbs_with_their_exit_codes():
    table = rows(section(page("README.md"), "The command"))
    told = {verb.strip("`").split()[0]: set(codes.split(", ")) for verb, _, codes in table}
    assert list(told) == list(VERBS)
    for verb, codes in told.items():
        listed = (verb_of(verb).help or "").split("Exit codes:")[1]
        assert codes == set(re.findall(r"^\s*(\d+)  ", listed, re.MULTILINE)) - {"130"}  # 130: somebody pressed Ctrl-C


def test_every_verb_that_writes_json_has_its_fields_told():
    writers = {verb for verb in VERBS if any(p.name == "as_json" for p in verb_of(verb).params)}
    assert writers <= set(script("render_command.py").JSON)


def verb_of(verb: str) -> click.Command:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    return command


def keys(value: object) -> set[str]:
    """The keys of a JSON value at every level, without those that are names: of plans and of figures."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item)}
    if not isinstance(value, dict):
        return set()
    names = {key for key, inner in value.items() if isinstance(inner, dict) and key in NAMES}
    return (set(value) - names) | {key for inner in value.values() for key in keys(inner)}


NAMES = {"six-region-three-wave", "all at once", *simulation.FIGURES, *OF_SERVICE}
WORLD = ["--scenario", "storefront", "--seed", "7"]
WRITERS = {
    "check": ["data/workflows/two-region.yaml", "--fleet", "storefront"],
    "run": [
        "six-region-three-wave",
        *WORLD,
        "--trials",
        "600",
        "--worst",
        "1",
        "--exposure",
        "--strata",
        "--objective",
        "0.999",
    ],  # fmt: skip
    "compare": ["six-region-three-wave", "all-at-once", *WORLD, "--trials", "20"],
    "trace": ["six-region-three-wave", *WORLD],
    "duel": ["six-region-three-wave", "all-at-once", *WORLD, "--trial", "3"],
}


@pytest.mark.parametrize("verb", WRITERS)
def test_the_json_of_a_verb_has_the_fields_that_are_told(verb, monkeypatch):
    """Both ways: nothing untold, and nothing told that is not there."""
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, [verb, *WRITERS[verb], "--json"])
    assert result.exit_code == 0
    notes = script("render_command.py").JSON
    own = set(re.findall(r"`([a-z_]+)`", notes[verb])) - (VERBS.keys() - {"scenario"}) - {"null"}
    inherited = {"compare": notes["run"], "duel": notes["trace"]}.get(verb, "")
    told = own | set(re.findall(r"`([a-z_]+)`", inherited)) | {"estimate", "low", "high", "unit", "trials_it_takes"}
    outcome = section(page("docs/model.md"), "The columns: rules 22 and 23")
    found = keys(json.loads(result.stdout))
    assert found - told <= ({row[0].strip("`") for row in rows(outcome)} if verb in ("trace", "duel") else set())
    assert own - ({"events"} if verb == "duel" else set()) <= found


def test_the_verdict_and_the_gate_have_the_fields_that_are_told(tmp_path):
    """Programs read them: both ways, as above."""
    plans = {"six-region-three-wave": sample_plan("six-region-three-wave"), "all at once": sample_plan("all-at-once")}
    comparison = simulation.compare(plans, simulation.sample("storefront"), trials=20)
    limits = simulation.parse_limits({"share_exposed_mean": {"at_most": 0.5}}, simulation.FIGURES)
    path = simulation.write_verdict(simulation.verdict(comparison, limits), tmp_path / "verdict.json")
    told = set(re.findall(r"`([a-z_]+)`", section(page("docs/command.md"), "`verdict.json`")))
    told -= {"at_most", "at_least", "holds", "broken", "undecided"}
    assert keys(json.loads(path.read_text(encoding="utf-8"))) == told | {"estimate", "low", "high", "unit"}
    judged = CliRunner().invoke(main, ["gate", str(path), "--json"])
    assert keys(json.loads(judged.stdout)) == set(re.findall(r"`([a-z_]+)`", script("render_command.py").JSON["gate"]))


def test_the_picture_of_the_readme_is_the_duel_that_its_text_tells():
    """The script takes the default seed and the typical change; the text names what both plans cost."""
    duel = script("render_picture.py").duel()
    alt = page("README.md").split("](docs/images/duel.png)")[0].split("![")[1]
    costs = re.findall(r"cost ([\d.]+) fleet-minutes .* and ([\d.]+) ", duel.sentence)[0]
    assert tuple(re.findall(r"([\d.]+)\s+fleet-minutes", alt)) == costs
    hurt = [sum(bool(story.harm) for story in side.regions) for side in (duel.first, duel.second)]
    assert [int(n) for n in re.findall(r"(\d+)\s+regions?\s+hurts?", alt)] == hurt
    assert {story.wave for story in duel.second.regions if story.harm} == {1}
    assert not [story for story in duel.second.regions if story.wave == 2 and story.attempts]
    picture = ROOT / "docs" / "images" / "duel.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 100_000


def test_the_papermill_line_names_parameters_that_the_report_has():
    """An unknown parameter would be logged by papermill and otherwise ignored."""
    line = page("README.md").split("bin/papermill", 1)[1]
    together = yaml.safe_load(line.split("-y '", 1)[1].split("'", 1)[0])
    given = set(re.findall(r"-p (\w+)", line)) | set(together)
    assert given <= set(inspect_notebook(str(ROOT / "notebooks" / "report.ipynb")))
    assert read_rules(re.findall(r"-p rules (\S+)", line)[0]).limits


CHECKED = "3 files checked, the others against scenario.yaml: no errors, no warnings\n"


def test_the_readmes_three_files_are_checked_and_rolled_out_without_a_word(tmp_path, monkeypatch):
    """No finding, no input without effect, and no figure that the horizon carries."""
    for block in re.findall(r"```yaml\n(# (\w+\.yaml).*?)```", page("README.md"), re.DOTALL):
        (tmp_path / block[1]).write_text(block[0], encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fleet.yaml", "plan.yaml", "scenario.yaml"]
    monkeypatch.chdir(tmp_path)
    for line in re.findall(r"\.venv/bin/wavecast ((?:check|run|compare) .*)", page("README.md")):
        more = [] if line.startswith("check") else ["--trials", "4000"]
        done, said = CliRunner().invoke(main, [*line.split(), *more]), CHECKED
        assert (done.exit_code, done.stderr) == (0, said if line.startswith("check") else "")
