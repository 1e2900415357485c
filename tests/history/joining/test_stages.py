"""A file of the shape that a repository of image tags gives: stages instead of regions, commits instead of times.

What becomes of it is counted from the story that made it, line by line, and by nothing of the join.
"""

import csv
import datetime as dt
import random

import pytest

import history

STAGES = ("integration", "staging", "production")
START = dt.datetime(2024, 3, 4, 9, tzinfo=dt.UTC)


class Story:
    """Apps whose versions go through three stages; some stop on the way, some are set back in production."""

    def __init__(self, seed, apps=12, versions=40):
        self.chance = random.Random(seed)
        self.rows = []
        self.reached = dict.fromkeys(range(1, 4), 0)  # stages → versions that came so far
        self.back = 0
        for number in range(apps):
            self._app(f"app-{number}", versions, START + dt.timedelta(minutes=7 * number))

    def _app(self, app, versions, when):
        live = None  # the version in production
        for number in range(1, versions + 1):
            stages = self.chance.choices((1, 2, 3), (2, 1, 7))[0]
            self.reached[stages] += 1
            when += dt.timedelta(minutes=self.chance.randint(30, 3000))
            at = when
            for stage in STAGES[:stages]:
                self._row(app, f"v{number}", stage, at)
                at += dt.timedelta(minutes=self.chance.choice((0, 9, 9, 14)), seconds=self.chance.randint(1, 50))
            if stages == 3:
                if live and self.chance.random() < 0.1:
                    self._set_back(app, live, at + dt.timedelta(minutes=self.chance.randint(5, 20)))
                else:
                    live = f"v{number}"

    def _row(self, app, version, stage, at, status="succeeded"):
        self.rows.append(
            {
                "id": f"{app}-{version}-{stage}-{len(self.rows)}", "service": app, "region": stage, "status": status,
                "started_at": at.isoformat(), "finished_at": at.isoformat(), "digest": f"{app}:{version}",
                "rollout": "", "rollback_started_at": "", "note": "",
            }
        )  # fmt: skip

    def _set_back(self, app, version, at):
        """Mark the version that is live as set back, and commit the one before it again."""
        self.rows[-1] |= {"status": "rolled_back", "finished_at": at.isoformat(), "rollback_started_at": at.isoformat()}
        self._row(app, version, "production", at)
        self.back += 1

    def write(self, path):
        """Write the file."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)
        return path


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Import a story's file as it is, and join it."""
    folder = tmp_path_factory.mktemp("stages")
    story = Story(7)
    history.import_table(folder / "h.sqlite", story.write(folder / "tags.csv"), "deployments")
    return story, history.rollouts(folder / "h.sqlite")


def test_every_version_is_one_rollout_and_nothing_is_left_out(read):
    story, rollouts = read
    assert len(rollouts) == sum(story.reached.values())
    assert rollouts.frame["regions"].value_counts().to_dict() == story.reached
    assert len(rollouts.left_out) == 0 and len(rollouts.deployments) == len(story.rows)
    assert set(rollouts.frame["service"]) == {row["service"] for row in story.rows}


def test_every_set_back_is_a_rollback_of_the_rollout_that_it_undoes(read):
    story, rollouts = read
    back = rollouts.deployments[rollouts.deployments["kind"] == "rollback"]
    assert story.back > 15
    assert len(back) == story.back == (rollouts.frame["outcome"] == "rolled_back").sum()
    assert set(back["region"]) == {"production"}
    marked = {row["id"] for row in story.rows if row["status"] == "rolled_back"}
    assert set(rollouts.deployments.loc[rollouts.deployments["status"] == "rolled_back", "id"]) == marked
    assert {rollouts.frame.loc[name, "halt_cause"] for name in back["rollout"]} == {"people"}


def test_commits_tell_of_no_push_no_duration_and_no_alarm(read):
    """Said as such, never as zero or as none."""
    _, rollouts = read
    assert set(rollouts.frame["clock"]) == {"first start"}
    assert set(rollouts.frame["alarm"]) == {"unknown"}
    assert set(rollouts.frame["confidence"].astype(str)) <= {"likely", "possible"}
    whole = rollouts.frame[rollouts.frame["regions"] == 3]
    assert set(whole["waves_from"]) == {"inferred"} and (whole["shape"] == "1+1+1").mean() > 0.4
    assert set(whole["outcome"]) == {"completed", "rolled_back"}
