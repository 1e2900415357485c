"""An omniscient reader of the same rows: which deployments that were collected are one rollout, from the truth alone.

It shares no code with the join: what shipped in a place is judged by the stand-in, where it was made
(`tests.aws_stand_in.shop`); here the rows that were collected are put together by the number of their rollout.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import history as kit
from tests.aws_stand_in import History

FORWARD = ("change", "retry", "resume")


@dataclass
class Score:
    """How a join compares with the reader, by kind of dirt.

    Attributes
    ----------
    there, found : Counter
        Rollouts of the truth that some row shows, and those of them that are one joined rollout, row by row.
    joined, false : int
        Joined rollouts, and those that hold rows of several rollouts, or of none.
    kinds : Counter
        (what it was, what it was taken for) of deployments.
    """

    there: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    false: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of rollouts that were found, row by row."""
        return self.found["all"] / self.there["all"]

    @property
    def false_share(self) -> float:
        """The share of joined rollouts that are none."""
        return self.false / self.joined if self.joined else 0.0


def shown(history: History, rows: Collection[str]) -> dict[int, frozenset[str]]:
    """Number of the rollout → the deployments of it that are rows, and shipped.

    In a rollout that brings a version to places which never had it, places that had it resume; where it went back
    everywhere, it is no rollout. What it deployed where its version ran anyway did not ship.
    """
    own: dict[int, list[str]] = defaultdict(list)
    for deployment in history.deployments:
        ships = deployment.purpose in ("release", "retry", "configuration")
        if ships and deployment.rollout >= 0 and deployment.arn in rows:
            own[deployment.rollout].append(deployment.arn)
    found: dict[int, frozenset[str]] = {}
    for number, arns in own.items():
        kind = {arn: history.by_arn[arn].kind for arn in arns}
        if any(each in FORWARD for each in kind.values()):
            shipped = [arn for arn in arns if kind[arn] != "configuration"]
        else:
            shipped = [arn for arn in arns if kind[arn] == "configuration"]
        if shipped:
            found[number] = frozenset(shipped)
    return found


def dirt_of(history: History, number: int) -> list[str]:
    """What happened to a rollout, in words of the table in the docs."""
    rollout = history.truth[number]
    found = list(rollout.dirt)
    if rollout.again_of is not None:
        found.append("digest comes again")
    if rollout.overlaps or any(
        each.overlaps and each.service == rollout.service and rollout.pushed < each.pushed < rollout.ended
        for each in history.truth
    ):
        found.append("hotfix over a running one")
    deployments = [history.by_arn[arn] for arn in rollout.deployments]
    if any(each.target.tagged_only for each in deployments):
        found.append("no digest")
    if len({each.service for each in deployments}) > 1:
        found.append("renamed meanwhile")
    if any(each.purpose in ("roll-back", "recovery") for each in deployments):
        found.append("rolled back")
    return found or ["nothing"]


def score(history: History, rows: Collection[str], joined: dict[str, Collection[tuple[str, str]]]) -> Score:
    """Compare a join with what the reader knows.

    Parameters
    ----------
    history : History
        The truth.
    rows : collection of str
        The ARNs that were collected.
    joined : dict of str to collection of (str, str)
        Rollout → (ARN, kind) of its deployments, roll-backs left out.
    """
    truth = shown(history, rows)
    sets = {frozenset(arn for arn, _ in own) for own in joined.values()}
    result = Score(joined=len(joined))
    for number, arns in truth.items():
        for each in ("all", *dict.fromkeys(dirt_of(history, number))):
            result.there[each] += 1
            result.found[each] += arns in sets
        if arns not in sets:
            result.missed.append(number)
    of = {arn: number for number, arns in truth.items() for arn in arns}
    for name, own in joined.items():
        if len({of.get(arn, -1) for arn, _ in own}) > 1 or any(arn not in of for arn, _ in own):
            result.false += 1
            result.wrong.append(name)
    for own in joined.values():
        for arn, kind in own:
            result.kinds[history.by_arn[arn].kind, kind] += 1
    return result


def compared(story: History, rollouts: kit.Rollouts) -> Score:
    """Hold a join against the truth."""
    own = rollouts.deployments[rollouts.deployments["kind"] != "rollback"]
    kinds = own["kind"].astype(str)
    sets: dict[str, Collection[tuple[str, str]]] = {}
    for name, some in own.groupby("rollout"):
        sets[str(name)] = list(zip(some["id"], kinds[some.index], strict=True))
    rows = {*rollouts.deployments["id"], *rollouts.left_out["id"]}
    assert len(rows) == len(rollouts.deployments) + len(rollouts.left_out)
    return score(story, rows, sets)
