"""What the tests of the collector share: credentials that are none, configs, the canonical form of a store."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import history
from history.sources import SOURCES
from tests.aws_stand_in import History, StandIn, names

WANTED: dict[str, object] = {"ecs": {}, "metrics": None}  # what is no list of patterns, or has tests of its own
REGIONS = ["us-west-2", "us-east-1"]  # in the order of the sample plan


@pytest.fixture(autouse=True)
def no_real_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test may find somebody's credentials, or an endpoint in the environment."""
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_BEARER_TOKEN_CODECATALYST",
        "AWS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def canonical(tmp_path: Path) -> Callable[[Path], dict[str, str]]:
    """Digests of the exported files of a store: rows and cursors, without the ledger, which tells of the runs."""
    targets = iter(range(1000))

    def digests(store: Path) -> dict[str, str]:
        target = tmp_path / f"canonical-{next(targets)}"
        written = history.export(store, target)
        folder = target / written.snapshot
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
        del found["ledger.parquet"]
        return found

    return digests


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a file below the test's folder; what is not text goes out as JSON, which is YAML."""

    def to(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return to


@pytest.fixture(scope="session")
def story():
    """A small history; nobody moves its clock."""
    return History.make(7, regions=REGIONS, deployments=60, days=30)


@pytest.fixture
def setting(story, write, monkeypatch):
    """Give a stand-in's config, of a store of its own, with few attempts so that tests are short."""

    def config(aws, name="history", **changes):
        for variable, value in aws.environment().items():
            monkeypatch.setenv(variable, value)
        account = {
            "id": story.accounts[0],
            "regions": story.regions,
            **{kind.key: WANTED.get(kind.key, ["*"]) for kind in SOURCES},
            "disabled_regions": changes.pop("disabled_regions", []),
        }
        content = {
            "store": f"{name}.sqlite",
            "accounts": [account | changes.pop("account", {})],
            "codecatalyst": [{"space": names.SPACE, "project": names.PROJECT}],
            "attempts": 2,
            "read_timeout_seconds": 2.0,
            **changes,
        }
        return history.Config.read(write(f"{name}.yaml", content))

    return config


def now(story: History, minutes: float = 0.0) -> dt.datetime:
    """The clock of a history."""
    return dt.datetime.fromtimestamp(story.now / 1000, dt.UTC) + dt.timedelta(minutes=minutes)


def outcomes(report: history.Report) -> dict[tuple[str, str], str]:
    """Region and stream → outcome."""
    return {(unit.unit.region, unit.unit.stream): unit.outcome for unit in report.units}


def select(config: history.Config, sql: str) -> list[tuple[Any, ...]]:
    """Ask the store of a config."""
    with history.Store(config.store_path) as store:
        return store.select(sql)


@pytest.fixture(scope="session")
def reference(story, tmp_path_factory):
    """What a run that never failed leaves: the digests of its canonical export."""
    found: dict[str, str] = {}

    def of(config, canonical):
        if not found:
            with pytest.MonkeyPatch.context() as patch, StandIn(story) as aws:
                for variable, value in aws.environment().items():
                    patch.setenv(variable, value)
                clean = config.model_copy(update={"store": str(tmp_path_factory.mktemp("clean") / "clean.sqlite")})
                assert history.fetch(clean, now=now(story)).exit_code == 0
                found.update(canonical(clean.store_path))
        return found

    return of
