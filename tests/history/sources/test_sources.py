"""One more source is one more file: its key in the config, its calls, its table, its place in exports."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from history import sources
from history.keeping import migrations
from history.keeping.store import Store
from history.records import RECORDS
from tests.aws_stand_in import StandIn
from tests.history.conftest import now

FILE = '''
"""Which clusters there are; a toy."""

import dataclasses
from typing import Any, ClassVar

from history.sources._patterns import Patterned, Patterns
from history.records import Record
from history.sources._answers import need, raw
from history.sources._source import Calls, Known, Page, Paged, Parts


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(Record):
    """One cluster."""

    TABLE: ClassVar[str] = "clusters"
    KEY: ClassVar[tuple[str, ...]] = ("account", "region", "name")

    account: str
    region: str
    name: str
    letters: int | None


class Clusters(Paged):
    """Clusters that match."""

    key: ClassVar[str] = "clusters"
    wanted: ClassVar[Any] = Patterns
    about: ClassVar[str] = "Patterns of cluster names; left out: none."
    stream: ClassVar[str] = "clusters"
    service: ClassVar[str] = "ecs"
    operations: ClassVar[tuple[str, ...]] = ("ecs:ListClusters",)
    retention: ClassVar[int | None] = None
    tables: ClassVar[tuple[type[Record], ...]] = (Cluster,)

    def __init__(self, wanted: Patterns, known: Known) -> None:
        self._patterned = Patterned(wanted)

    def parts(self, calls: Calls) -> Parts:
        return Parts(["all"])

    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        answer = calls.call("list_clusters", maxResults=100, **({"nextToken": token} if token else {}))
        names = [arn.rsplit("/", 1)[1] for arn in need(answer, "clusterArns", list, "list_clusters")]
        found: list[Record] = [
            Cluster(account=calls.unit.account, region=calls.unit.region, name=name, letters=len(name),
                    version=1, finished=True, raw=raw(name))
            for name in names if self._patterned(name)
        ]
        return Page(found, [], answer.get("nextToken"))  # nobody says since when there is a cluster
'''

SCRIPT = """
import contextlib, datetime, json, sqlite3, sys
import history
config, now, out = sys.argv[1:]
read = history.Config.read(config)
planned = [(row["stream"], row["calls"]) for row in history.planned(read)]
report = history.fetch(read, now=datetime.datetime.fromisoformat(now))
streams = sorted(set(history.coverage(read.store_path)["stream"]))
history.export(read.store_path, out)
rows = history.read_export(out, "clusters")[["region", "name", "letters"]].values.tolist()
with contextlib.closing(sqlite3.connect(read.store_path)) as connection:  # as a store that no fetch has seen since
    connection.execute("DROP TABLE clusters")
without = [history.export(read.store_path, out, format=kind).rows["clusters"] for kind in ("csv", "parquet")]
print(json.dumps([report.exit_code, report.counts, planned, streams, rows, without]))
"""


def test_one_more_file_is_one_more_source(story, tmp_path, root, write):
    """A copy of the package with a file more, and nothing else changed."""
    shutil.copytree(root / "history", tmp_path / "copy" / "history", ignore=shutil.ignore_patterns("__pycache__"))
    write("copy/history/sources/clusters.py", FILE)
    with StandIn(story) as aws:
        account = {"id": story.accounts[0], "regions": story.regions, "clusters": ["*", "!sandbox"]}
        path = write("toy.yaml", {"store": "toy.sqlite", "accounts": [account]})
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(path), now(story).isoformat(), str(tmp_path / "out")],
            env={**os.environ, **aws.environment(), "PYTHONPATH": f"{tmp_path / 'copy'}{os.pathsep}{root}"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    code, counts, planned, streams, rows, without = json.loads(done.stdout)
    assert (code, counts) == (0, {"ok": 2})
    assert planned == [["clusters", "ecs:ListClusters"]] * 2
    assert streams == ["clusters"]
    clusters = {(each.region, each.arn.split("/")[1]) for each in story.deployments}
    assert {(region, name) for region, name, _ in rows} == clusters
    assert all(letters == len(name) for _, name, letters in rows)
    assert without == [0, 0]


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.TABLE)
def test_a_table_made_from_its_columns_is_what_a_migration_makes(kind, tmp_path):
    """By the tables that have both: columns, types, nulls and key are the same."""
    look = "SELECT name, type, \"notnull\", pk FROM pragma_table_info('{}')"
    with Store(tmp_path / "released.sqlite") as store:
        released = sorted(store.select(look.format(kind.TABLE)))  # what a later migration adds stands at the end
    with Store(tmp_path / "made.sqlite", migrations=(migrations.own_table(kind),)) as store:
        assert sorted(store.select(look.format(kind.TABLE))) == released


def test_no_two_sources_have_a_key_or_a_stream_in_common():
    for names in zip(*((kind.key, kind.stream) for kind in sources.SOURCES), strict=True):
        assert len(set(names)) == len(names)
