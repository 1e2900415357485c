"""docs/history.md names every table, column, config key, outcome and column of the tables that people bring."""

import history
from history.collecting.config import Account, Config
from history.importing.tables import MODELS
from history.sources import CodeCatalystProject, EcsServices, ServiceMetrics


def test_the_docs_name_everything(root):
    text = (root / "docs" / "history.md").read_text("utf-8")
    lines = {line.split("|")[1].strip().strip("`"): line for line in text.splitlines() if line.startswith("| `")}
    own = {"version", "finished", "lost", "observed_at", "raw"}
    for table in history.TABLES:
        cells = lines[table.name].split("|")[3].replace("(empty: cut short)", "")
        named = [name.strip() for name in cells.split(",")]
        assert sorted(named) == sorted({column.name for column in table.columns} - own), table.name
    assert own <= lines.keys()
    for kind in (Config, Account, CodeCatalystProject, EcsServices, ServiceMetrics):
        assert not [name for name in kind.model_fields if name not in text]
    for model in MODELS.values():
        for name, field in model.model_fields.items():
            assert f"| `{name}` | {'yes' if field.is_required() else ''} | {field.description} |" in text
    assert not [outcome for outcome in history.OUTCOMES if f"`{outcome}`" not in text]


def test_the_example_config_is_one(root, write):
    text = (root / "docs" / "history.md").read_text("utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    config = history.Config.read(write("example.yaml", example))
    assert (len(config.accounts), config.codecatalyst[0].project) == (1, "shop")
