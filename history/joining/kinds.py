"""What each regional deployment was: a change, a retry, a resume, a roll-back, a redeploy or a configuration.

It is judged in its own place, by what ran there before. Which deployments of several regions belong together is
`history.joining.groups`' matter, which may correct a kind by its neighbours'.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.instants import MINUTE
from history.joining.deployments import STATUSES
from history.joining.spans import ordered

KINDS = ("change", "configuration", "retry", "resume", "rollback", "redeploy", "unknown")
CHANGE, CONFIGURATION, RETRY, RESUME, ROLLBACK, REDEPLOY, UNKNOWN = range(len(KINDS))
RETRY_WITHIN = 120 * MINUTE  # after a failure, where no run says whether it is the same
RECOVER_WITHIN = 24 * 60 * MINUTE  # after a roll-back that failed or was stopped

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class Facts:
    """The rows as numbers, sorted by place and start; -1 and NaN stand for what is not known.

    Attributes
    ----------
    order : ndarray of int
        Which row of the deployments each is.
    place, service, version, definition, run, explicit : ndarray of int
        Codes.
    before, definition_before : ndarray of int
        What ran in the place: as ECS says, else what the last deployment that succeeded left.
    maker : ndarray of int or None
        The row that left what ran before, -1 where none did; None where ECS itself says what ran.
    started, finished, rollback_started : ndarray of float
        UTC microseconds.
    status : ndarray of int
        As a place in `STATUSES`.
    ok, open_, undone, recovery_failed, run_back : ndarray of bool
        Succeeded; in progress; set back; whose own roll-back failed; made by an execution that rolls back.
    run_from, run_until : ndarray of float
        When its run began and ended, UTC microseconds.
    """

    order: Ints
    place: Ints
    service: Ints
    version: Ints
    definition: Ints
    run: Ints
    explicit: Ints
    before: Ints
    maker: Ints | None
    definition_before: Ints
    started: Floats
    finished: Floats
    rollback_started: Floats
    status: NDArray[np.integer[Any]]
    ok: Bools
    open_: Bools
    stopped: Bools
    undone: Bools
    recovery_failed: Bools
    run_back: Bools
    run_from: Floats
    run_until: Floats


def facts(rows: pd.DataFrame, region: Ints, run: Ints, table: pd.DataFrame) -> Facts:
    """Turn rows into numbers and put them in order; `table` is that of the runs."""
    service = rows["service"].cat.codes.to_numpy(dtype=np.int64)
    place = service * (int(region.max(initial=0)) + 1) + region
    started = rows["started"].to_numpy(dtype=float)
    created = rows["created"].to_numpy(dtype=float)
    order = ordered(place, started) if np.array_equal(created, started) else np.lexsort((created, started, place))
    version, before = _two(rows["version"], rows["before"])
    definition, definition_before = _two(rows["task_definition"], rows["task_definition_before"])
    status = rows["status"].cat.codes.to_numpy(dtype=np.int8)
    is_ = {name: number for number, name in enumerate(STATUSES)}
    back = (table["rollback"] == True).to_numpy(dtype=bool)  # noqa: E712

    def put(values: NDArray[Any]) -> NDArray[Any]:
        return values[order]

    status, run = put(status), put(run)
    ok = status == is_["succeeded"]
    place, version, definition = put(place), put(version), put(definition)
    before, definition_before = put(before), put(definition_before)
    maker = last_success(place, ok)
    left, left_definition = _left(maker, version), _left(maker, definition)
    told = (before >= 0).any()
    before = np.where(before >= 0, before, left)
    definition_before = np.where(definition_before >= 0, definition_before, left_definition)
    return Facts(
        order=order,
        place=place,
        service=put(service),
        version=version,
        definition=definition,
        run=run,
        explicit=put(_codes(rows["rollout"])),
        before=before,
        maker=None if told else maker,
        definition_before=definition_before,
        started=put(started),
        finished=put(rows["finished"].to_numpy(dtype=float)),
        rollback_started=put(rows["rollback_started"].to_numpy(dtype=float)),
        ok=ok,
        status=status,
        open_=status == is_["in_progress"],
        stopped=status == is_["stopped"],
        undone=status == is_["rolled_back"],
        recovery_failed=put(rows["recovery_failed"].to_numpy(dtype=bool)),
        run_back=np.append(back, False)[run],
        run_from=np.append(table["started"].to_numpy(dtype=float), np.nan)[run],
        run_until=np.append(table["ended"].to_numpy(dtype=float), np.nan)[run],
    )


def _codes(values: "pd.Series[Any]") -> Ints:
    """Return the codes of texts, -1 where there is none; a column of nothing costs nothing."""
    if values.isna().all():
        return np.full(len(values), -1, dtype=np.int64)
    return pd.factorize(values)[0].astype(np.int64)


def _two(first: "pd.Series[str]", second: "pd.Series[str]") -> tuple[Ints, Ints]:
    """Return the codes of two columns in one numbering."""
    if second.isna().all():
        return _codes(first), np.full(len(first), -1, dtype=np.int64)
    both = pd.concat([first.astype(object), second.astype(object)], ignore_index=True)
    codes = _codes(both)
    return codes[: len(first)], codes[len(first) :]


def last_success(place: Ints, ok: Bools) -> Ints:
    """Return the last row of the same place before each that succeeded, -1 where there is none."""
    count = len(place)
    at = np.maximum.accumulate(np.where(ok, np.arange(count), -1)) if count else np.zeros(0, np.int64)
    at = np.concatenate([[-1], at[:-1]])[:count]
    same = (at >= 0) & (place[np.maximum(at, 0)] == place)
    return np.where(same, at, -1)


def _left(maker: Ints, value: Ints) -> Ints:
    """Return the value that the last row that succeeded left, -1 where there is none."""
    return np.where(maker >= 0, value[np.maximum(maker, 0)] if len(value) else value, -1)


def kinds(f: Facts, said: "pd.Series[str]") -> tuple[Ints, Bools]:
    """Return the kind of each row, in the order of the facts, and whether a resume may as well be a roll-back.

    It may where a version that ran here comes back after an older one, and no run says why: either people went back to
    the older one and go on now, or a run shipped the older one again and people go back from it.

    Parameters
    ----------
    f : Facts
        The rows.
    said : Series of str
        The kind that a table says itself, None elsewhere; in the order of the facts.
    """
    if not len(f.order):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    same = (f.version >= 0) & (f.version == f.before)
    (ran, here), ran_so = _ran(f, f.version, f.before), np.zeros(len(f.order), dtype=bool)
    if (f.definition >= 0).any():
        ran_so, _ = _ran(f, _pair(f.version, f.definition), _pair(f.before, f.definition_before))
    previous = _previous_attempt(f, here)
    older = _older(f) | _returns(f)
    found = np.full(len(f.order), CHANGE, dtype=np.int64)
    tried = previous >= 0
    found[tried] = np.where(_soon(f, previous), RETRY, RESUME)[tried]
    found[ran] = np.where(older | f.run_back, ROLLBACK, RESUME)[ran]
    other = same & (f.definition >= 0) & (f.definition_before >= 0) & (f.definition != f.definition_before)
    found[same] = np.where(other, np.where(ran_so, ROLLBACK, CONFIGURATION), REDEPLOY)[same]
    found[same & _recovers(f)] = ROLLBACK
    found[f.version < 0] = UNKNOWN
    known: dict[str, int] = {name: number for number, name in enumerate(KINDS)}
    told = said.map(known).fillna(-1).to_numpy(dtype=np.int64) if said.notna().any() else np.full(len(said), -1)
    unsure = ran & (found == RESUME) & (told < 0) & (f.run < 0) & (f.explicit < 0)
    return np.where(told >= 0, told, found), unsure


def _pair(first: Ints, second: Ints) -> Ints:
    """Count off pairs; -1 where the second is not known."""
    return np.where(second >= 0, first * (int(second.max(initial=0)) + 1) + second, -1)


def _ran(f: Facts, what: Ints, source: Ints) -> tuple[Bools, Ints]:
    """Return whether this ran in this place before: a deployment of it succeeded, or ECS names it as what ran.

    And the number of what, in its place.
    """
    target, replaced, count = _numbered(f, f.place, what, source)
    first = np.full(count, np.inf)
    np.minimum.at(first, target, np.where(f.ok & (what >= 0), f.started, np.inf))
    np.minimum.at(first, replaced, np.where(source >= 0, f.started, np.inf))
    return (what >= 0) & (first[target] < f.started), target


def _older(f: Facts) -> Bools:
    """Return whether a version was first seen in its service before the one it replaces, deployed or replaced."""
    target, replaced, count = _numbered(f, f.service, f.version, f.before)
    first = np.full(count, np.inf)
    np.minimum.at(first, target, f.started)
    np.minimum.at(first, replaced, f.started - 1.0)  # what a deployment replaced was there before it
    return (f.before >= 0) & (first[target] < first[replaced])


def _numbered(f: Facts, where: Ints, what: Ints, source: Ints) -> tuple[Ints, Ints, int]:
    """Return numbers of what was deployed, by where, those of what it replaced, and how many numbers there are."""
    size = int(max(what.max(initial=0), source.max(initial=0))) + 2
    if f.maker is not None:  # what was replaced has the number that it had when it came
        codes, keys = pd.factorize(where * size + what + 1)
        return codes, np.where(f.maker >= 0, codes[f.maker], len(keys)), len(keys) + 1
    codes, keys = pd.factorize(np.concatenate([where * size + each + 1 for each in (what, source)]))
    return codes[: len(what)], codes[len(what) :], len(keys)


def _returns(f: Facts) -> Bools:
    """Return whether a deployment goes back to what ran just before a run brought the version that runs now.

    It does so in that same run or without one; a resume has a run of its own. Ages do not tell, where a run shipped
    an older version again.
    """
    maker = last_success(f.place, f.ok)
    at = np.maximum(maker, 0)
    by_run = (maker >= 0) & (f.run[at] >= 0) & ~f.run_back[at]
    return by_run & (f.version == f.before[at]) & (f.version[at] == f.before) & ((f.run == -1) | (f.run == f.run[at]))


def _previous_attempt(f: Facts, here: Ints) -> Ints:
    """Return the row of the deployment of the same version here before it, -1 where there is none.

    `here` numbers the versions of each place; rows are in order of their start.
    """
    before = pd.Series(np.arange(len(here))).groupby(here).shift(fill_value=-1).to_numpy()
    return np.where(f.version >= 0, before, -1)


def _soon(f: Facts, previous: Ints) -> Bools:
    """Return whether a deployment goes on with the run of the one before, or follows so soon that it must."""
    at = np.maximum(previous, 0)
    both = (f.run >= 0) & (f.run[at] >= 0)
    told = (f.explicit >= 0) & (f.explicit[at] >= 0)
    end = np.where(np.isnan(f.finished[at]), f.started[at], f.finished[at])
    near = f.started - end <= RETRY_WITHIN
    return np.where(told, f.explicit == f.explicit[at], np.where(both, f.run == f.run[at], near))


def _recovers(f: Facts) -> Bools:
    """Return whether a deployment of what runs here anyway brings it back: another version has just failed to go."""
    count = len(f.order)
    at = np.maximum(np.arange(count) - 1, 0)
    follows = (np.arange(count) > 0) & (f.place[at] == f.place) & (f.version[at] != f.version)
    end = np.where(np.isnan(f.finished[at]), f.started[at], f.finished[at])
    stuck = (f.recovery_failed | f.stopped)[at] & (f.started - end <= RECOVER_WITHIN)
    # A table may tell of a roll-back twice: as the end of what it set back, and as a row of its own.
    twice = f.undone[at] & (f.started >= f.rollback_started[at]) & (f.started <= end + MINUTE)
    return follows & (stuck | twice)
