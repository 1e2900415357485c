"""Which regional deployments are one rollout, how sure that is, and why; what a roll-back went back from.

Keys, strongest first: the rollout that a table names; one run and one version; version and time. Time alone joins
nothing. Not here: what a rollout came to (`history.joining.outcomes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from history.instants import DAY, MINUTE
from history.joining.kinds import (
    CHANGE,
    CONFIGURATION,
    REDEPLOY,
    RESUME,
    RETRY,
    RETRY_WITHIN,
    ROLLBACK,
    UNKNOWN,
    Bools,
    Facts,
    Floats,
    Ints,
    last_success,
)
from history.joining.spans import ordered

CONFIGURED_WITHIN = 360 * MINUTE  # between one region's new configuration and the next one's, without a run
LIKELY_WITHIN, POSSIBLE_WITHIN = 1 * DAY, 14 * DAY
SLACK = 15 * MINUTE  # a deployment may begin so long before or after its run, by another clock
CONFIDENCE = ("certain", "likely", "possible")
REASONS = (
    "the table names the rollout",
    "one run, one version",
    "one version, within a day",
    "one version, within two weeks",
    "one version, over more than two weeks",
    "one version by its tag",
    "one version, joined to the only run that shipped it then",
    "new configuration of one version, within hours",
    "new configuration of several versions, within hours",
    "one run, which failed before it deployed anything",
)
NAMED, ONE_RUN, DAY_APART, WEEKS_APART, MONTHS_APART, TAGGED, ADOPTED, CONFIGURED, MIXED, UNBUILT = range(len(REASONS))
_SURE = np.array([0, 0, 1, 1, 2, 1, 1, 1, 2, 0])
LEFT_OUT = (
    "",
    "a redeploy: the version that runs there anyway",
    "nothing says which version it was",
    "two runs shipped this version at that time, and nothing says which of them made it",
    "a roll-back of a version whose rollout is not in the history",
    "its version comes back after an older one, and no run says whether people go on with it or back to it",
    "others had followed its version by then, and no run says whether it is late or was shipped again",
)
JOINED, SAME_VERSION, NO_VERSION, TWO_RUNS, NO_ROLLOUT, FORTH_OR_BACK, LATE_OR_AGAIN = range(len(LEFT_OUT))


@dataclass(frozen=True)
class Groups:
    """The groups, in the order of the facts.

    Attributes
    ----------
    kind : ndarray of int
        The kinds, corrected by the neighbours'.
    group : ndarray of int
        The rollout of each row, from 0 in order of first start; -1 where it is left out. A roll-back has that of the
        rollout which it undoes.
    left_out : ndarray of int
        Why, as a place in `LEFT_OUT`.
    confidence, reason : ndarray of int
        By group, as places in `CONFIDENCE` and `REASONS`.
    run : ndarray of int
        By group: the code of its run, -1 where there is none.
    resumes : ndarray of int
        By group: the earlier group of the same version that it goes on with, -1 where it is the first.
    """

    kind: Ints
    group: Ints
    left_out: Ints
    confidence: Ints
    reason: Ints
    run: Ints
    resumes: Ints


def groups(f: Facts, kind: Ints, unsure: Bools, tagged: Bools) -> Groups:
    """Put rows into rollouts.

    Parameters
    ----------
    f : Facts
        The rows.
    kind : ndarray of int
        What each was in its own place.
    unsure : ndarray of bool
        Whether a resume may as well be a roll-back.
    tagged : ndarray of bool
        Whether its version is known by a tag only, or whether ECS knew no digest.
    """
    kind = _corrected(f, kind)
    ships = (kind == CHANGE) | (kind == RETRY) | (kind == RESUME) | (kind == CONFIGURATION)
    ships |= (f.explicit >= 0) & (kind == UNKNOWN)
    place = np.flatnonzero(ships)
    own, adopted, torn, late = _keys(f, kind, unsure, place)
    left_out = np.zeros(len(f.order), dtype=np.int64)
    left_out[kind == REDEPLOY] = SAME_VERSION
    left_out[(kind == UNKNOWN) & ~ships] = NO_VERSION
    left_out[place[torn]] = TWO_RUNS
    left_out[place[late]] = LATE_OR_AGAIN
    left_out[place[unsure[place] & ~adopted]] = FORTH_OR_BACK
    group = np.full(len(f.order), -1, dtype=np.int64)
    kept = left_out[place] == JOINED
    group[place[kept]] = _in_order(own[kept], f.started[place[kept]])
    of = np.flatnonzero(group >= 0)
    count = int(group.max(initial=-1)) + 1
    reason = _reasons(f, kind, group, of, count, tagged, place[adopted & kept])
    run = np.full(count, -1, dtype=np.int64)
    np.maximum.at(run, group[of], f.run[of])
    resumes = _resumed(f, kind, group, of, count)
    back = np.flatnonzero(kind == ROLLBACK)
    group[back] = _undone(f, group, of, back)
    left_out[back[group[back] < 0]] = NO_ROLLOUT
    return Groups(kind, group, left_out, _SURE[reason], reason, run, resumes)


def _corrected(f: Facts, kind: Ints) -> Ints:
    """Correct kinds by what else the same run did with the same version.

    A run that ships a version to regions which never had it is no roll-back in those that had: it is a resume. And
    what it registers anew in regions that have it already is no new configuration.
    """
    kind = kind.copy()
    key = np.where(f.explicit >= 0, -2 - f.explicit, f.run)
    told = (key != -1) & (f.version >= 0) & ~f.run_back
    if not told.any():
        return kind
    at = np.flatnonzero(told)
    _, where = np.unique(np.stack([f.service[at], f.version[at], key[at]]), axis=1, return_inverse=True)
    size = int(where.max()) + 1
    new = np.bincount(where, weights=np.isin(kind[at], (CHANGE, RETRY, RESUME)), minlength=size) > 0
    forward = new[where]
    kind[at[forward & (kind[at] == ROLLBACK)]] = RESUME
    kind[at[forward & (kind[at] == CONFIGURATION)]] = REDEPLOY
    return kind


def _keys(f: Facts, kind: Ints, unsure: Bools, at: Ints) -> tuple[Ints, Bools, Bools, Bools]:
    """Give each row the key of its rollout.

    And whether it took its run from its neighbours, whether two had claims, and whether it came too late to tell.
    """
    configured = kind[at] == CONFIGURATION
    # A configuration goes to whatever version runs: regions that are behind get it, too.
    version = np.where(configured, -1, f.version[at])
    size = int(version.max(initial=0)) + 2
    owner = f.service[at] * size + version + 1
    order = ordered(owner, f.started[at])
    row, version, owner = at[order], version[order], owner[order]
    resume = kind[row] == RESUME
    late = _late(f, row, owner) & ~configured[order]
    cluster = _clusters(f, row, owner, resume | late, configured[order])
    run, adopted, torn = _adopt(f, row, cluster)
    late = _in_late_clusters(cluster, late, resume & ~unsure[row]) & (run < 0)
    explicit = f.explicit[row]
    # Three kinds of keys that cannot meet: a named rollout, a run and a version, a cluster in time.
    named, by_run = explicit >= 0, (explicit < 0) & (run >= 0)
    what = np.where(named, 0, np.where(by_run, 1, 2))
    which = np.where(named, explicit, np.where(by_run, run, cluster))
    beside = np.where(named, 0, version)
    alone = not (named.any() or by_run.any())
    codes = cluster if alone else _codes([what, which, f.service[row], beside])
    found = np.empty(len(at), np.int64)
    took, two, after = (np.zeros(len(at), bool) for _ in range(3))
    found[order], took[order], two[order], after[order] = codes, adopted & ~named, torn & ~named, late & ~named
    return found, took, two, after


def _codes(columns: Sequence[Ints]) -> Ints:
    """Count off the distinct rows of a table of whole numbers, each ≥ -1."""
    total = np.zeros(len(columns[0]), dtype=np.int64)
    most = 1
    for column in columns:
        size = int(column.max(initial=0)) + 2
        if most * size >= 2**62:  # count off what there is so far, or it would not fit
            total, keys = pd.factorize(total)
            most = len(keys)
        total = total * size + column + 1
        most *= size
    return pd.factorize(total)[0].astype(np.int64)


def _late(f: Facts, row: Ints, owner: Ints) -> Bools:
    """Return whether a region gets its version more than a day after the one before it, and after other versions."""
    gap = np.diff(f.started[row], prepend=np.nan)
    first = np.diff(owner, prepend=-1) != 0
    found = ~first & (gap > LIKELY_WITHIN)
    service, begun = f.service[row[first]], f.started[row[first]]
    for place in np.flatnonzero(found):
        own = begun[service == f.service[row[place]]]
        found[place] = bool(((own > f.started[row[place - 1]]) & (own < f.started[row[place]])).any())
    return found


def _in_late_clusters(cluster: Ints, late: Bools, resume: Bools) -> Bools:
    """Return whether a row is of a cluster that begins late, and in which nothing says that its version came again."""
    if not late.any():
        return late
    size = int(cluster.max()) + 1
    some, told = (np.bincount(cluster[mask], minlength=size) > 0 for mask in (late, resume))
    found: Bools = (some & ~told)[cluster]
    return found


def _clusters(f: Facts, row: Ints, owner: Ints, again: Bools, configured: Bools) -> Ints:
    """Count off the clusters in time of one version, as if no run were known.

    A version is the same rollout however late its next region gets it, until it comes again; a new configuration has
    no name of its own, so it is the same only within hours, and once a region.
    """
    gap = np.diff(f.started[row], prepend=np.nan)
    first = np.diff(owner, prepend=-1) != 0
    after = np.concatenate([[False], again[:-1]])[: len(again)]
    # It comes again in several regions together: only the first of them begins something new.
    begins = again & (~after | (gap > RETRY_WITHIN))
    anew = configured & (gap > CONFIGURED_WITHIN)
    cluster: Ints = np.cumsum((first | begins | anew).astype(np.int64))
    if configured.any():
        ok = pd.Series(f.ok[row].astype(np.int64))
        done = ok.groupby(_codes([f.place[row], owner, cluster])).cumsum() - ok
        cluster = _codes([cluster, np.where(configured, done.to_numpy(), 0)])
    return cluster


def _adopt(f: Facts, at: Ints, cluster: Ints) -> tuple[Ints, Bools, Bools]:
    """Give rows without a run the one that their cluster has, if it was under way; of several nobody can say which."""
    run, none = f.run[at], np.zeros(len(at), bool)
    known = run >= 0
    if known.all() or not known.any():
        return run, none, none
    size = int(cluster.max()) + 1
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1, dtype=np.int64)
    np.minimum.at(low, cluster[known], run[known])
    np.maximum.at(high, cluster[known], run[known])
    begin, end = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(begin, cluster[known], f.run_from[at[known]])
    np.maximum.at(end, cluster[known], np.where(np.isnan(f.run_until[at[known]]), np.inf, f.run_until[at[known]]))
    under_way = (f.started[at] >= begin[cluster] - SLACK) & (f.started[at] <= end[cluster] + SLACK)
    one, several = (high >= 0) & (low == high), (high >= 0) & (low != high)
    adopted = ~known & one[cluster] & under_way
    return np.where(adopted, high[cluster], run), adopted, ~known & several[cluster] & under_way


def _in_order(key: Ints, started: Floats) -> Ints:
    """Count off keys from 0 in the order of their first start."""
    first = np.full(int(key.max(initial=-1)) + 1, np.inf)
    np.minimum.at(first, key, started)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))  # keys that nobody has come last
    return rank[key]


def _reasons(f: Facts, kind: Ints, group: Ints, of: Ints, count: int, tagged: Bools, adopted: Ints) -> Ints:
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, group[of], f.started[of])
    np.maximum.at(last, group[of], f.started[of])
    span = last - first
    reason = np.where(span <= LIKELY_WITHIN, DAY_APART, np.where(span <= POSSIBLE_WITHIN, WEEKS_APART, MONTHS_APART))

    def any_of(mask: Bools) -> Bools:
        found = np.zeros(count, dtype=bool)
        found[group[of[mask]]] = True
        return found

    reason[any_of(tagged[of])] = TAGGED
    anew = any_of(kind[of] == CONFIGURATION)
    low, high = np.full(count, np.iinfo(np.int64).max), np.full(count, -1, dtype=np.int64)
    np.minimum.at(low, group[of], f.version[of])
    np.maximum.at(high, group[of], f.version[of])
    reason[anew] = np.where(low == high, CONFIGURED, MIXED)[anew]
    reason[any_of(f.run[of] >= 0)] = ONE_RUN
    taken = np.zeros(count, dtype=bool)
    taken[group[adopted]] = True
    reason[taken] = ADOPTED
    reason[any_of(f.explicit[of] >= 0)] = NAMED
    return reason


def _resumed(f: Facts, kind: Ints, group: Ints, of: Ints, count: int) -> Ints:
    """Return the group that each goes on with: the one before it of its service and version."""
    known = of[f.version[of] >= 0]
    first = np.full(count, -1, dtype=np.int64)
    first[group[known[::-1]]] = known[::-1]
    first = first[first >= 0]
    table = pd.DataFrame({"group": group[first], "service": f.service[first], "version": f.version[first]})
    table["configured"] = kind[first] == CONFIGURATION
    earlier = table.groupby(["service", "version", "configured"])["group"].shift().fillna(-1).astype(np.int64)
    found = np.full(count, -1, dtype=np.int64)
    fresh = ~table["configured"].to_numpy()
    found[table["group"].to_numpy()[fresh]] = earlier.to_numpy()[fresh]
    return found


def _undone(f: Facts, group: Ints, of: Ints, back: Ints) -> Ints:
    """Return the rollout that each roll-back undoes: the last one here of the version that it went back from.

    Where it went back to what ran there anyway, as after a roll-back that failed, it is the last one here.
    """
    if not len(back):
        return back
    count = len(f.order)
    ships = np.zeros(count, dtype=bool)
    ships[of] = True
    any_ = last_success(f.place, ships)[back]
    exact = np.where((any_ >= 0) & (f.version[any_] == f.before[back]), any_, -1)
    open_ = np.flatnonzero(exact < 0)
    size = int(max(f.version.max(initial=0), f.before.max(initial=0))) + 2
    here = of[np.isin(f.place[of], f.place[back[open_]])]
    wanted = f.place[back[open_]] * size + f.before[back[open_]] + 1
    exact[open_] = _last(f.place[here] * size + f.version[here] + 1, here, wanted, back[open_], count)
    other = (any_ >= 0) & (f.version[np.maximum(any_, 0)] != f.version[back])
    recovers = f.before[back] == f.version[back]
    found = np.where(recovers | (exact < 0), np.where(other, any_, -1), exact)
    return np.where(found >= 0, group[np.maximum(found, 0)], -1)


def _last(key: Ints, at: Ints, asked: Ints, asked_at: Ints, count: int) -> Ints:
    """Give, for each question, the last place before its own that has its key, -1 where there is none."""
    codes, _ = pd.factorize(np.concatenate([key, asked]))
    own, where = codes[: len(key)].astype(np.int64), codes[len(key) :].astype(np.int64)
    line = np.sort(own * count + at)
    spot = np.searchsorted(line, where * count + asked_at) - 1
    value = line[np.maximum(spot, 0)] if len(line) else np.zeros(len(asked), np.int64)
    return np.where((spot >= 0) & (value // count == where), value % count, -1)
