"""Scenarios from files: every fault with its line, column and remedy; values of single regions; sources."""

import math

import pytest

from simulation import Constant, Empirical, Exponential, Label, RegionValues, Scenario, sample
from waves import Fleet, InputError, Region

FLEET = """\
regions:
  - {name: eu-west-1, traffic: 10, labels: [shared-config, arm]}
  - {name: us-east-1, traffic: 30}
"""
FLEET_OF_CODE = Fleet(regions=(Region(name="a", traffic=10, labels=("arm",)), Region(name="b", traffic=30)))


@pytest.fixture
def read(tmp_path):
    """Read a scenario's text; the fleet is in a file next to it."""
    (tmp_path / "fleet.yaml").write_text(FLEET, encoding="utf-8")

    def read(text: str) -> Scenario:
        path = tmp_path / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        return Scenario.read(path)

    return read


@pytest.fixture
def faults(read):
    """Read a scenario that is refused: line, column, rule and message of each fault."""

    def faults(text: str) -> list[tuple[int, int, str, str]]:
        with pytest.raises(InputError) as refused:
            read(text)
        return [(f.line, f.column, f.rule, f.message) for f in refused.value.findings]

    return faults


def test_a_misspelt_key_on_line_17_is_reported_at_line_17(faults):
    text = "fleet: fleet.yaml\ndeploy: 5\n" + "# …\n" * 14 + "horizon_minute: 5\n"
    assert faults(text) == [(17, 1, "unknown-key", "unknown key 'horizon_minute'; did you mean 'horizon_minutes'?")]


BASE = "fleet: fleet.yaml\ndeploy: 5\n"
BAD = [
    ("build: {lognormall: {median: 8, p95: 15}}", 1, "invalid-value", "did you mean 'lognormal'?"),
    ("build: {cauchy: {scale: 8}}", 1, "invalid-value", "use one of constant, exponential, lognormal, gamma, weibull"),
    ("build: soon", 1, "distribution", "write a number, or such as {lognormal"),
    ("build: -1", 1, "out-of-range", "build is -1"),
    ("build: .inf", 1, "out-of-range", "finite"),
    ("build: {exponential: 4}", 1, "invalid-value", "exponential takes {mean: …}; got 4"),
    ("build: {}", 1, "invalid-value", "a distribution has one name"),
    ("build: {constant: 1, empirical: [2]}", 1, "invalid-value", "one name, such as {constant: 5}"),
    ("build: {lognormal: {median: 8, p95: 5}}", 9, "invalid-value", "p95 5 is below the median 8; exchange them"),
    ("build: {exponential: {mean: 0}}", 23, "out-of-range", "mean"),
    ("build_failure_probability: 1.5", 1, "out-of-range", "less than or equal to 1"),
    ("rejection_probability: -0.1", 1, "out-of-range", "-0.1 probability: must be greater than or equal to 0"),
    ("rollback_failure_probability: .nan", 1, "out-of-range", "rollback_failure_probability"),
    ("deploy_failure_probability: yes", 1, "wrong-type", "must be a valid number"),
    ("rejection_probability: null", 1, "wrong-type", "is null: must be a valid number (probability); write one"),
    ("horizon_minutes: 14 days", 1, "wrong-type", "is '14 days': must be a valid number (minutes); write 20160"),
    ("alarm_threshold: 2%", 1, "wrong-type", "is '2%': must be a valid number (share of requests); write 0.02"),
    ("build: 1.5h", 1, "distribution", "build is '1.5h': not a distribution (minutes); write 90, or such as"),
    ("build: {exponential: {mean: 5 min}}", 23, "wrong-type", "is '5 min': must be a valid number (minutes); write 5"),
    ("regions: {eu-west-1: {lag: 30s}}", 23, "distribution", "lag is '30s': not a distribution (minutes); write 0.5,"),
    ("alarm_threshold: 1", 1, "out-of-range", "1 share of requests: must be less than 1"),
    ("false_alarms_per_region_day: -1", 1, "out-of-range", "-1 alarms/day"),
    ("false_alarms_per_region_day: 1.0e-12", 1, "invalid-value", "as good as never; give 0, or at least 1e-11"),
    ("false_alarms_per_region_day: .inf", 1, "out-of-range", "finite"),
    ("horizon_minutes: 0", 1, "out-of-range", "0 minutes: must be greater than 0"),
    ("evidence: 0", 1, "invalid-value", "evidence must be above 0 throughout, and it reaches down to 0"),
    ("evidence: {empirical: [5, 0]}", 1, "invalid-value", "evidence must be above 0 throughout"),
    ("regions: {eu-west-1: {deploy: 0}}", 23, "invalid-value", "deploy must be above 0 throughout"),
    ("regions: {eu-west-1: {evidence: 0}}", 23, "invalid-value", "evidence must be above 0 throughout"),
    ("regions: {eu-west-1: {lagg: 1}}", 23, "unknown-key", "did you mean 'lag'?"),
    ("regions: {eu-west-1: {alarm_threshold: 1}}", 23, "out-of-range", "less than 1"),
    ("regions: {eu-west-2: {lag: 1}}", 11, "unknown-region", "did you mean 'eu-west-1'?"),
    ("regions: {tokyo: {lag: 1}}", 11, "unknown-region", "'tokyo' is not in the fleet; remove it"),
    ("sources: {deplyo: measured}", 11, "unknown-field", "did you mean 'deploy'?"),
    ("sources: {deploy: 5}", 11, "wrong-type", "string"),
    ("faults: [{name: f}]", 10, "missing-key", "probability"),
    ("faults: [{name: f, probability: 2}]", 20, "out-of-range", "2 probability a draw"),
    ("faults: [{name: f, probability: 1, effect: boom}]", 36, "wrong-type", "'defect' or 'deploy_fails'"),
    ("faults: [{name: f, probability: 1, where: here}]", 36, "invalid-value", "everywhere, each_region or {label: X}"),
    ("faults: [{name: f, probability: 1, where: {label: shared-confg}}]", 44, "unknown-label",
     "no region of the fleet has the label 'shared-confg'; did you mean 'shared-config'?"),
    ("faults: [{name: f, probability: 1, where: {label: zzz}}]", 44, "unknown-label", "there are arm, shared-config"),
    ("faults: [{name: f, probability: 1, severity: 0}]", 36, "invalid-value", "a severity is a share in (0, 1]"),
    ("faults: [{name: f, probability: 1, severity: 1.01}]", 36, "invalid-value", "from 1.01 to 1.01"),
    ("faults: [{name: f, probability: 1, severity: {empirical: [0, 1]}}]", 36, "invalid-value", "from 0 to 1"),
    ("faults: [{name: f, probability: 1, severity: {exponential: {mean: 0.1}}}]", 36, "invalid-value", "to inf"),
    ("faults: [{name: f, probability: 1}, {name: f, probability: 0}]", 38, "fault-twice", "give each its own name"),
    ("faults: [{name: f, probability: 1, detection_probability: 1.1}]", 36, "out-of-range", "1.1 probability"),
    ("faults: [{name: f, probability: 1, validation_probability: -1}]", 36, "out-of-range", "-1 probability"),
]  # fmt: skip


@pytest.mark.parametrize("line, column, rule, words", BAD, ids=[line for line, *_ in BAD])
def test_a_scenario_that_cannot_be_is_refused_at_its_place(faults, line, column, rule, words):
    ((at, col, found, message),) = faults(BASE + line + "\n")
    assert (at, col, found) == (3, column, rule)
    assert words in message


def test_a_scenario_needs_a_fleet_and_a_time_to_deploy(faults):
    found = faults("name: x\n")
    assert [rule for _, _, rule, _ in found] == ["missing-key"] * 2
    assert "'deploy' is missing" in found[0][3] and "'fleet' is missing" in found[1][3]


@pytest.mark.parametrize("fleet", ["5", "[a]", "", "{regions: []}"])
def test_what_is_no_fleet_is_refused_where_it_stands(faults, fleet):
    ((line, _, _, message),) = faults(f"deploy: 5\nfleet: {fleet}\n")
    assert line == 2 and "fleet" in message


def test_all_faults_of_a_file_come_at_once_in_its_order(faults):
    text = BASE + "build: -1\nfaults:\n  - {name: f, probability: 2}\n  - {name: g, probability: 0, wher: x}\nlag: -2\n"
    assert [line for line, *_ in faults(text)] == [3, 5, 6, 7]


def test_the_fleet_is_found_from_the_scenarios_own_folder(tmp_path, monkeypatch):
    (tmp_path / "fleets").mkdir()
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "fleets" / "f.yaml").write_text(FLEET, encoding="utf-8")
    path = tmp_path / "scenarios" / "s.yaml"
    path.write_text("fleet: ../fleets/f.yaml\ndeploy: 5\n", encoding="utf-8")
    monkeypatch.chdir("/")
    assert Scenario.read(path).fleet.names == ("eu-west-1", "us-east-1")


def test_the_faults_of_the_fleets_file_are_reported_there(tmp_path, read, faults):
    (tmp_path / "fleet.yaml").write_text("regions:\n  - {name: a, trafic: 1}\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read(BASE)
    assert [(f.path, f.line, f.rule) for f in refused.value.findings] == [
        (str(tmp_path / "fleet.yaml"), 2, "missing-key"), (str(tmp_path / "fleet.yaml"), 2, "unknown-key"),
    ]  # fmt: skip


def test_a_fleet_that_is_missing_is_named(tmp_path, read):
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read("fleet: nowhere.yaml\ndeploy: 5\n")


def test_a_fleet_may_stand_in_the_scenario_itself(read):
    assert read("deploy: 5\nfleet: {regions: [{name: a, traffic: 1}]}\n").fleet.names == ("a",)


def test_values_of_a_region_override_the_defaults_field_by_field(read):
    scenario = read(
        BASE + "lag: 3\nalarm_threshold: 0.25\nregions:\n"
        "  us-east-1: {lag: {exponential: {mean: 2}}, alarm_threshold: 0, rollback_failure_probability: 0.5}\n"
    )
    assert [scenario.of(region, "lag") for region in (0, 1)] == [Constant(value=3), Exponential(mean=2)]
    assert [scenario.of(region, "alarm_threshold") for region in (0, 1)] == [0.25, 0]
    assert [scenario.of(region, "rollback_failure_probability") for region in (0, 1)] == [0, 0.5]
    assert [scenario.of(region, "deploy") for region in (0, 1)] == [Constant(value=5)] * 2


def test_the_fields_a_region_may_override_have_the_units_of_the_scenarios_own():
    own, default = RegionValues.model_fields, Scenario.model_fields
    units = {name: (own[name].json_schema_extra or {}).get("unit") for name in own}  # type: ignore[union-attr]
    assert set(own) == {
        "deploy", "deploy_failure_probability", "alarm_threshold", "evidence", "lag", "false_alarms_per_region_day",
        "rollback", "rollback_failure_probability", "manual_recovery", "failed_deploy",
    }  # fmt: skip
    assert units == {name: default[name].json_schema_extra["unit"] for name in own}  # type: ignore[index]


def test_a_fault_hits_the_regions_with_its_label_only():
    scenario = Scenario.model_validate(
        {
            "fleet": FLEET_OF_CODE,
            "deploy": 1.0,
            "faults": [
                {"name": "all", "probability": 1},
                {"name": "arm", "probability": 1, "where": {"label": "arm"}},
                {"name": "each", "probability": 1, "where": "each_region"},
            ],
        }
    )
    assert [[scenario.hits(fault, i) for i in (0, 1)] for fault in scenario.faults] == [
        [True, True], [True, False], [True, True],
    ]  # fmt: skip
    assert scenario.faults[1].where == Label(label="arm")


def test_what_was_given_is_listed_with_its_unit_and_source(read):
    scenario = read(BASE + "rollback: {empirical: [3, 4]}\nsources: {rollback: 12 runs of our own}\n")
    assert scenario.assumptions == [
        ("deploy", "5", "minutes", "assumed"),
        ("rollback", "one of 3, 4", "minutes", "12 runs of our own"),
    ]


def test_writing_and_reading_changes_no_assumption(tmp_path, read):
    """What is left at its default is no more of an assumption for having gone through a file."""
    scenario = read(BASE + "lag: {gamma: {shape: 4, scale: 1}}\nhorizon_minutes: .inf\n")
    scenario.write(tmp_path / "again.yaml")
    again = Scenario.read(tmp_path / "again.yaml")
    assert again == scenario and again.horizon_minutes == math.inf
    assert again.assumptions == scenario.assumptions


def test_a_scenario_read_by_its_path_is_that_with_the_fleet_in_it(read):
    fleet = {"regions": [{"name": "eu-west-1", "traffic": 10, "labels": ["shared-config", "arm"]},
                         {"name": "us-east-1", "traffic": 30}]}  # fmt: skip
    one, other = read(BASE + "evidence: {empirical: [1, 2]}\n"), {"fleet": fleet, "deploy": 5}
    assert one == Scenario.model_validate({**other, "evidence": Empirical(values=(1, 2))})
    assert one.digest != Scenario.model_validate(other).digest


def test_an_unknown_sample_lists_those_there_are():
    with pytest.raises(ValueError, match="no sample scenario 'shop'; there are aws-pipeline, lesson, storefront"):
        sample("shop")
