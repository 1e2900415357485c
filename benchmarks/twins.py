"""Twins from end to end: the same changes under A and under B. A's history goes the whole way, B's truth is known.

The stand-in AWS tells of rollouts that the model drew under A; the real `wavecast fetch` collects them over AWS's own
protocols; they are joined, a scenario is fitted from a base that guesses wrong, and replayed under B, draw m of the fit
in world m. Held against what B really does with the same draws: bias, and the truth's rank among the worlds, of each
rollout and of the mean of each history. `python -m benchmarks.twins` prints the table of docs/replay.md; with `--kept
FILE` each history is a line of it, and what is there already is not done again. Not here: the broken assumptions
(`broken_assumptions`).
"""

import argparse
import datetime as dt
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

import history
from history.replaying.reading import read
from history.replaying.worlds import choose
from simulation import Scenario, run, sample
from tests.aws_stand_in import History, StandIn, names
from tests.aws_stand_in.__main__ import config, write_incidents
from waves import DATA, Plan, all_at_once
from waves.files.documents import write_yaml

FIGURES = ("end_minutes", "share_exposed", "impact_minutes")
WORLDS = 19
BINS = 5
CLOCKS = 0.02  # minutes: as many ends as AWS writes milliseconds for count as equal
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Twin:
    """One history: by figure what B really gave each rollout, (n,), and what it gave in each world, (WORLDS, n)."""

    true: dict[str, Floats]
    told: dict[str, Floats]
    left: int

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Twin":
        """Return what `as_dict` gave."""
        true, told = ({name: np.array(own) for name, own in kept[key].items()} for key in ("true", "told"))
        return cls(true, told, int(kept["left"]))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        true, told = ({name: own.tolist() for name, own in each.items()} for each in (self.true, self.told))
        return {"true": true, "told": told, "left": self.left}

    def ranks(self, figure: str, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return how many worlds lie below the truth of each rollout, ties by chance."""
        true, told = self.true[figure], self.told[figure]
        close = CLOCKS if figure == "end_minutes" else 1e-7
        below, ties = (told < true - close).sum(axis=0), (np.abs(told - true) <= close).sum(axis=0)
        return np.asarray(below + rng.integers(0, ties + 1), dtype=np.int64)

    def rank(self, figure: str, rng: np.random.Generator) -> int:
        """Return how many worlds' means lie below the mean of the truth, ties by chance: nothing bad may have come."""
        apart = self.told[figure].mean(axis=1) - self.true[figure].mean()
        close = CLOCKS if figure == "end_minutes" else 1e-7
        return int((apart < -close).sum() + rng.integers(0, (np.abs(apart) <= close).sum() + 1))


def truth() -> Scenario:
    """Return what really holds: the storefront with three times as many bad changes, so that few rollouts say much."""
    known = sample("storefront")
    return known.replace(faults=[each.replace(probability=each.probability * 3) for each in known.faults])


def base() -> Scenario:
    """Return what somebody guesses: the storefront's bad changes, and deployments that take twice as long."""
    return sample("storefront").replace(deploy={"lognormal": {"median": 12, "p95": 24}})


def used() -> Plan:
    """Return A, as the stand-in takes it: the sample plan of three waves, with one retry."""
    return Plan.read(Path(DATA) / "plans" / "six-region-three-wave.yaml").replace(retries=1)


def collected(story: History, folder: Path) -> Path:
    """Fetch a history from the stand-in with the real clients, and import its incidents; return the store."""
    with StandIn(story) as aws, aws.alone(folder):
        content = config(aws)
        content["codecatalyst"] = [{"space": names.SPACE, "project": names.PROJECT}]
        write_yaml(content, folder / "fetch.yaml")
        own = history.Config.read(folder / "fetch.yaml")
        now = dt.datetime.fromtimestamp(story.now / 1000, dt.UTC)
        report = history.fetch(own, now=now)
        if report.exit_code:
            raise RuntimeError(f"the stand-in was not collected whole: {report}")
        write_incidents(story, folder)
        history.import_table(own.store_path, folder / "incidents.csv", "incidents", now=now)
    return own.store_path


def twin(seed: int, deployments: int) -> Twin:
    """Tell, collect, join, fit and replay one history."""
    story = History.make(
        seed, accounts=("111122223333", "444455556666"), deployments=deployments, days=deployments / 6, services=2,
        scenario=truth(), plan=used(), redeploys=0.0, superseded=0.0, parallel=0.0, digestless=0.0,
    )  # fmt: skip
    guess, plan = base(), used()
    with tempfile.TemporaryDirectory() as folder:
        rollouts = history.rollouts(collected(story, Path(folder)), fleet=guess.fleet, plans={"*": plan})
    fitted = history.fit(rollouts, guess, used=plan, seed=seed)
    return _replayed(story, rollouts, fitted, plan)


def _replayed(story: History, rollouts: history.Rollouts, fitted: history.Fitted, plan: Plan) -> Twin:
    drawn = pd.DataFrame(story.truth_document()["rollouts"]).set_index("commit")
    found = read(rollouts, fitted.base, {"*": plan})
    records = next(each for each in found.groups if each.plan.digest == plan.digest)
    own = drawn.reindex(rollouts.frame["commit"].reindex(records.names))
    records, own = records.of(own["trial"].notna().to_numpy()), own.dropna(subset=["trial"])
    numbers = own["trial"].to_numpy(dtype=np.int64)
    other = all_at_once(fitted.base.fleet).replace(retries=1)
    true = run(other, truth(), trials=int(numbers.max()) + 1, seed=story.seed, sampling="crude").frame
    pushed = rollouts.frame["pushed_at"].reindex(records.names)
    early = own["pushed"].to_numpy(float) / 6e4 - pushed.to_numpy("datetime64[us]").astype(np.int64) / 6e7
    real = {name: true[name].to_numpy(dtype=float)[numbers] for name in FIGURES}
    real["end_minutes"] = real["end_minutes"] + early  # a pipeline's clock begins with its source, before the push
    possible, told = np.ones(len(records), dtype=np.bool_), []
    for m, known in enumerate(fitted.posterior(WORLDS)):
        chosen = choose(records, known, np.arange(len(records)), 11, 1, first=m)
        possible &= np.array([not text for text in chosen.impossible])
        told.append(run(other, known, seed=chosen.seed_of(0), tape=chosen.tape(0)).frame)
    return Twin(
        {name: real[name][possible] for name in FIGURES},
        {name: np.array([each[name].to_numpy(dtype=float)[possible] for each in told]) for name in FIGURES},
        len(rollouts) - int(possible.sum()),
    )  # fmt: skip


def rows(twins: list[Twin]) -> Iterator[str]:
    """Yield the table, line by line."""
    rng = np.random.default_rng(0)
    many, left = sum(len(each.true["end_minutes"]) for each in twins), sum(each.left for each in twins)
    yield f"{len(twins)} histories, {many:,} rollouts replayed, {left:,} more left out."
    yield "| under B | truth | told | off, 95 % | rollouts' ranks: mean, even: p | histories' ranks: mean, even: p |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name in FIGURES:
        true = np.array([each.true[name].mean() for each in twins])
        told = np.array([each.told[name].mean() for each in twins])
        off = told - true
        ends = "unknown"
        if len(off) > 1:
            half = stats.t.ppf(0.975, len(off) - 1) * off.std(ddof=1) / math.sqrt(len(off))
            ends = f"{off.mean() - half:+.2g} to {off.mean() + half:+.2g}"
        ranks = np.concatenate([each.ranks(name, rng) for each in twins])
        counts = np.bincount(ranks * BINS // (WORLDS + 1), minlength=BINS)
        whole = np.array([each.rank(name, rng) for each in twins])
        even = stats.kstest((whole + rng.random(len(whole))) / (WORLDS + 1), "uniform").pvalue
        own = " ".join(str(each) for each in sorted(whole))
        yield (
            f"| `{name}` | {true.mean():.4g} | {told.mean():.4g} | {off.mean():+.2g} ({ends}) "
            f"| {ranks.mean():.2f} of 9.5, {stats.chisquare(counts).pvalue:.2f} "
            f"| {whole.mean():.1f} of 9.5, {even:.2f}: {own} |"
        )


def many(first: int, count: int, deployments: int, kept: Path | None) -> Iterator[Twin]:
    """Yield history after history."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept is not None and kept.exists() else []
    done = {(one["seed"], one["deployments"]): Twin.of(one) for one in map(json.loads, lines)}
    for seed in range(first, first + count):
        own = done.get((seed, deployments)) or twin(seed, deployments)
        if kept is not None and (seed, deployments) not in done:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "deployments": deployments, **own.as_dict()}) + "\n")
        yield own


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twins", description=__doc__)
    parser.add_argument("--histories", type=int, default=20)
    parser.add_argument("--deployments", type=int, default=900, help="at least so many a history, roll-backs included")
    parser.add_argument("--first", type=int, default=1, help="the first one's seed")
    parser.add_argument(
        "--kept", type=Path, metavar="FILE", help="where histories are kept, so that it can be gone on with"
    )
    asked = parser.parse_args()
    for line in rows(list(many(asked.first, asked.histories, asked.deployments, asked.kept))):
        print(line, flush=True)


if __name__ == "__main__":
    main()
