"""The plan of collection: what a config may say, and how its faults are told."""

import jsonschema
import pytest
import yaml

import history
from history.sources._patterns import Patterned
from tools.render_schemas import schemas
from waves import InputError

GOOD = """\
store: kept.sqlite
since: 2026-01-31
accounts:
  - id: "012345670123"
    role: arn:aws:iam::012345670123:role/wavecast-history
    regions: [us-east-1, us-west-2]
    disabled_regions: [ap-east-1]
    ecs: {clusters: ["prod-*"], services: ["*", "!*-canary"]}
    alarms: ["store-*"]
codecatalyst:
  - {space: acme, project: shop}
"""


def findings(write, text):
    with pytest.raises(InputError) as error:
        history.Config.read(write("history.yaml", text))
    return [(finding.line, finding.rule, finding.message) for finding in error.value.findings]


def test_a_config_is_read_and_its_store_lies_beside_it(write):
    path = write("history.yaml", GOOD)
    config = history.Config.read(path)
    assert config.store_path == path.parent / "kept.sqlite"
    assert [kind.stream for kind in config.accounts[0].sources] == ["ecs", "alarms"]
    assert config.since is not None and config.since.isoformat() == "2026-01-31T00:00:00+00:00"
    assert (config.threads, config.overlap_minutes) == (4, 120.0)


def test_all_faults_come_at_once_each_with_its_line(write):
    text = (
        GOOD.replace("us-west-2", "us-east-1")
        .replace("kept.sqlite", "kept.sqlite\nthreads: 5")
        .replace("space:", "spcae:")
    )
    found = findings(write, text)
    assert [(line, rule) for line, rule, _ in found] == [
        (2, "out-of-range"),
        (7, "region-twice"),
        (12, "missing-key"),
        (12, "unknown-key"),
    ]
    assert "did you mean 'space'?" in found[3][2] or "did you mean 'space'?" in found[2][2]


@pytest.mark.parametrize("written", ["012345670123", "123456789012", '"12345"'])
def test_an_account_id_is_twelve_digits_and_where_yaml_would_change_it_in_quotes(write, written):
    text = GOOD.replace('"012345670123"', written)
    if written == "012345670123":  # our reader keeps its leading zero
        assert history.Config.read(write("history.yaml", text)).accounts[0].id == written
    else:
        assert findings(write, text)[0][0] == 5 - 1
        assert "must be 12 digits in quotes" in findings(write, text)[0][2]


def test_an_address_with_credentials_is_refused_without_repeating_them(write):
    found = findings(write, GOOD + "endpoint_url: https://canary:s3cr3t@example.com\n")
    assert [rule for _, rule, _ in found] == ["invalid-value"]
    assert "s3cr3t" not in str(found) and "canary" not in str(found)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("ap-east-1", "us-east-1", "leave it in one of the two"),
        ("2026-01-31", "31.1.2026", "ISO 8601"),
        ("2026-01-31", "2026-01-31T08:00:00", "does not say its zone"),
        ("arn:aws:iam::012345670123:role/wavecast-history", "reader", "no ARN of a role"),
        (
            '    ecs: {clusters: ["prod-*"], services: ["*", "!*-canary"]}\n    alarms: ["store-*"]\n',
            "",
            "nothing to collect",
        ),
    ],
)
def test_a_fault_names_its_remedy(write, old, new, word):
    assert word in findings(write, GOOD.replace(old, new))[0][2]


def test_patterns_take_and_refuse_names_and_know_which_matched_nothing():
    patterned = Patterned(["store-*", "checkout", "nowhere", "!*-canary"])
    taken = [name for name in ("store-eu", "store-canary", "checkout", "other") if patterned(name)]
    assert taken == ["store-eu", "checkout"]
    assert patterned.idle == ["nowhere"]
    assert (patterned.exact, Patterned(["a", "b"]).exact) == (None, ("a", "b"))


def checker() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas()["fetch.schema.json"])


def test_the_example_of_the_docs_keeps_to_the_published_schema(root):
    text = (root / "docs" / "history.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    value = yaml.load(text, Loader=yaml.BaseLoader)  # dates stay text, as in our own reader
    assert [error.message for error in checker().iter_errors(value)] == []


@pytest.mark.parametrize(
    "text",
    [
        "{accounts: [{id: '12', regions: [us-east-1], ecs: {}}]}",
        "{accounts: [{id: 111122223333, regions: [us-east-1], ecs: {}}]}",
        "{accounts: [{id: '111122223333', regions: [], ecs: {}}]}",
        "{accounts: [{id: '111122223333', regions: [Virginia], ecs: {}}]}",
        "{accounts: [{id: '111122223333', regions: [us-east-1], role: reader, ecs: {}}]}",
        "{codecatalyst: [{space: acme}]}",
        "{codecatalyst: [{space: acme, project: shop}], since: yesterday}",
        "{codecatalyst: [{space: acme, project: shop}], threads: 5}",
        "{codecatalyst: [{space: acme, project: shop}], tokens: x}",
    ],
)
def test_the_published_schema_refuses_what_the_model_refuses(text, write):
    assert list(checker().iter_errors(yaml.safe_load(text)))
    with pytest.raises(InputError):
        history.Config.read(write("bad.yaml", text))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("since: 2062-01-01", "lies in the future"),
        ("since: 2026", "must be ISO 8601"),
        ("since: 0001-01-01T00:00:00+05:00", "out of range"),
        ("overlap_minutes: 1e308", "less than or equal to 86400"),
        ("deadline_minutes: 1e308", "less than or equal to 1440"),
        ("requests_per_second: 1e-300", "greater than or equal to 0.001"),
        ("read_timeout_seconds: 1e15", "less than or equal to 3600"),
        ('endpoint_url: "http://a b"', "must be a host and a port"),
        ("endpoint_url: http://a:99999", "must be a host and a port"),
        ('store: "a\\0b"', "holds the character U+0000"),
        ("store: ~/history.sqlite", "write the path out"),
        ("codecatalyst: [{space: acme, project: shop, workflows: build}]", "must be a list, such as [build]"),
        ("codecatalyst: [{space: acme, project: shop, workflows: []}]", "workflows is empty: give at least one"),
        ("codecatalyst: [{space: acme, project: shop, workflows: ['[a']}]", "a [ that no ] closes"),
        ("codecatalyst: [{space: acme, project: shop, workflows: ['^store.*$']}]", "is a regular expression"),
        ("home_region: Virginia", "such as eu-west-1"),
    ],
)
def test_what_would_fail_later_is_refused_at_the_door(write, line, word):
    key = line.partition(":")[0]
    kept = [row for row in GOOD.partition("codecatalyst")[0].splitlines() if not row.startswith(key)]
    found = findings(write, "\n".join([*kept, line, ""]))
    assert len(found) == 1 and word in found[0][2]


def test_an_address_with_a_query_is_refused_without_repeating_it(write):
    found = findings(write, GOOD + "endpoint_url: http://localhost:1/?token=hunter2\n")
    assert [rule for _, rule, _ in found] == ["invalid-value"] and "hunter2" not in str(found)


def test_another_config_made_from_one_keeps_its_store_where_it_was(write, tmp_path):
    """Beside the file, not in the folder of whoever runs it."""
    content = {"store": "h.sqlite", "codecatalyst": [{"space": "acme", "project": "shop"}]}
    config = history.Config.read(write("deep.yaml", content))
    for other in (config.replace(attempts=2), config.model_copy(update={"attempts": 2})):
        assert (other.store_path, other.attempts) == (tmp_path / "h.sqlite", 2)
