"""A run over all units: who works on which, with whose credentials, and what a dry run shows.

Not here: the work on one unit (`history.collecting.collector`), and which error is which outcome
(`history.aws.errors`).
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from history.aws.clients import STS_SECONDS, Client, Clients, Login, WrongAccount
from history.aws.errors import FAILURES, Fate, fate_of
from history.aws.transport import Stopped
from history.collecting.collector import UnitWork
from history.collecting.config import Account, AnyAccount, Config
from history.collecting.lock import turn
from history.collecting.report import Report, UnitReport
from history.instants import DAY, MINUTE, iso, micros
from history.instants import now as clock
from history.keeping.file import StoreError
from history.keeping.store import Store, StoreFailed
from history.sources import Around, Calls, CodeCatalyst, CodeCatalystProject, Source, Windowed
from history.sources._source import understood
from history.units import Unit

Progress = Callable[[UnitReport, int], None]


@dataclass(frozen=True)
class Task:
    """One unit of the config and how to make its source."""

    unit: Unit
    owner: Account | CodeCatalystProject
    kind: type[Source]
    switched_off: bool = False


def tasks(config: Config) -> Iterator[Task]:
    """Return all units of a config, in its order."""
    for account in config.accounts:
        for region in (*account.regions, *account.disabled_regions):
            for kind in account.sources:
                off = region in account.disabled_regions
                yield Task(Unit(account.id, region, kind.stream), account, kind, off)
    for project in config.codecatalyst:
        yield Task(Unit(project.space, project.project, CodeCatalyst.stream), project, CodeCatalyst)


def fetch(config: Config, *, now: dt.datetime | None = None, progress: Progress | None = None) -> Report:
    """Collect everything a config names into its store; what cannot be looked at now is left for the next run.

    Parameters
    ----------
    config : Config
        The plan of collection.
    now : datetime, optional
        The start of the run, aware; this machine's clock if left out.
    progress : callable, optional
        Called after each unit with its report and the number of all units, in this thread.

    Returns
    -------
    Report
        One line a unit.

    Raises
    ------
    StoreBusy
        Where another fetch into the same store is under way: nobody is asked twice.
    StoreFailed
        Where the store could be opened and then failed, as on a full disk.
    StoreError
        Where the store cannot be opened.
    """
    with Store(config.store_path) as store, turn(config.store_path):
        try:
            return _Run(config, store, clock() if now is None else micros(now)).do(progress)
        except StoreError as error:
            raise StoreFailed(str(error)) from None


class _Run:
    def __init__(self, config: Config, store: Store, now: int) -> None:
        self._config = config
        self._store = store
        self._now = now
        self._stop = threading.Event()
        self._clients = Clients(config.limits, self._stop)
        self._identities = {
            account.id: _Identity(account.login(config.home_region), self._clients) for account in config.accounts
        }
        self._number = 0

    def do(self, progress: Progress | None) -> Report:
        wanted = list(tasks(self._config))
        self._number = self._store.begin_run([task.unit for task in wanted], self._now)
        notices = tuple(self._store.take_notices())
        done: dict[Unit, UnitReport] = {}
        interrupted = False
        pool = ThreadPoolExecutor(self._config.units_at_once, thread_name_prefix="unit")
        try:
            for some in _turns(wanted):
                for report in _finished([pool.submit(self._unit, task) for task in some]):
                    done[report.unit] = report
                    if progress:
                        progress(report, len(wanted))
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self._clients.close()
        if not interrupted:
            self._store.end_run(self._number, self._now)
        return Report(tuple(done[task.unit] for task in wanted if task.unit in done), interrupted, notices)

    def _unit(self, task: Task) -> UnitReport:
        began = time.monotonic()
        if task.switched_off:
            return self._end(task, Fate("disabled", "marked so in the config"), began, expected=True)
        try:
            client = self._client(task)
        except FAILURES as error:
            return self._end(task, fate_of(error, codecatalyst=task.kind is CodeCatalyst), began)
        client.wire.start(self._config.deadline_minutes * 60)
        with Calls(client, task.unit) as calls:
            work = UnitWork(
                self._store,
                self._number,
                calls,
                self._source(task),
                now=self._now,
                since=self._since(task),
                overlap=round(self._config.overlap_minutes * MINUTE),
            )
            found = self._told_apart(task, work.do())
        return self._end(task, found, began, client, work)

    def _client(self, task: Task) -> Client:
        if isinstance(task.owner, CodeCatalystProject):
            return self._clients.client(task.owner.login, task.unit.region, task.kind.service)
        identity = self._identities[task.owner.id]
        identity.confirm()
        return self._clients.client(identity.login, task.unit.region, task.kind.service)

    def _source(self, task: Task) -> Source:
        owner = task.owner
        wanted = owner if isinstance(owner, CodeCatalystProject) else getattr(owner, task.kind.key)
        return task.kind(wanted, self._store.known)

    def _since(self, task: Task) -> int:
        since = micros(self._config.since) if self._config.since else 0
        return max(since, task.kind.earliest)

    def _told_apart(self, task: Task, found: Fate) -> Fate:
        """Tell a region that is switched off from keys that are wrong: AWS says the same of both, but STS knows."""
        if not found.ambiguous or isinstance(task.owner, CodeCatalystProject):
            return found
        try:
            self._identities[task.owner.id].ask()
        except FAILURES as error:
            return fate_of(error)
        text = (
            "the credentials are good elsewhere, so this region is switched off; if so, list it under disabled_regions"
        )
        return Fate("disabled", f"{text} ({found.detail})")

    def _end(
        self,
        task: Task,
        found: Fate,
        began: float,
        client: Client | None = None,
        work: UnitWork | None = None,
        expected: bool = False,
    ) -> UnitReport:
        requests = client.wire.sent if client else 0
        self._store.end_unit(self._number, task.unit, found.outcome, found.detail, requests, self._now)
        seconds = time.monotonic() - began
        counts = {"new": work.new, "changed": work.changed, "malformed": work.malformed} if work else {}
        return UnitReport(
            task.unit, found.outcome, found.detail, requests, seconds=seconds, expected=expected, **counts
        )


def _turns(wanted: list[Task]) -> Iterator[list[Task]]:
    """Return who is asked first, and who is asked around what these found."""
    yield [task for task in wanted if not issubclass(task.kind, Around)]
    yield [task for task in wanted if issubclass(task.kind, Around)]


def _finished(futures: list[Future[UnitReport]]) -> Iterator[UnitReport]:
    """Return the reports as they come; a store that fails ends the run at once."""
    first: BaseException | None = None
    for future in as_completed(futures):
        error = future.exception()
        if error is None:
            yield future.result()
        elif isinstance(error, StoreError):
            raise error
        elif not isinstance(error, Stopped):
            first = first or error  # a fault of this program: the other units are done first all the same
    if first:
        raise first


class _Identity:
    """Whose credentials an account's are: asked once, answered for all its units."""

    def __init__(self, login: Login, clients: Clients) -> None:
        self.login = login
        self._clients = clients
        self._lock = threading.Lock()
        self._answer: Exception | bool | None = None

    def confirm(self) -> None:
        """Raise whatever speaks against the credentials; only the first call asks."""
        with self._lock:
            if self._answer is None:
                try:
                    self.ask()
                    self._answer = True
                except FAILURES as error:
                    self._answer = error
        if isinstance(self._answer, Exception):
            raise self._answer

    def ask(self) -> None:
        """Ask STS now."""
        client = self._clients.client(self.login, self.login.home, "sts")
        client.wire.start(STS_SECONDS)
        found = understood("get_caller_identity", client.boto.get_caller_identity).get("Account")
        if found != self.login.name:
            whose = f"profile {self.login.profile}" if self.login.profile else "these credentials"
            raise WrongAccount(
                f"{whose} belong to account {found}, the config says {self.login.name}; name the right one"
            )


def planned(config: Config) -> list[dict[str, str]]:
    """Say what a run would ask, without asking anybody: the dry run.

    Parameters
    ----------
    config : Config
        The plan of collection.

    Returns
    -------
    list of dict
        One a unit: account, region, stream, with which credentials, the calls that may be made, and since when.

    Raises
    ------
    StoreError
        Where there is a store that cannot be read.
    """
    store = Store(config.store_path) if config.store_path.exists() else None
    try:
        return [_planned(config, task, store) for task in tasks(config)]
    finally:
        if store:
            store.close()


def _planned(config: Config, task: Task, store: Store | None) -> dict[str, str]:
    account, region, stream = task.unit
    rows = (
        store.select(
            "SELECT min(until_at) FROM (SELECT max(until_at) AS until_at FROM coverage"
            " WHERE (account, region, stream) = (?, ?, ?) GROUP BY part)",
            task.unit,
        )
        if store
        else [(None,)]
    )
    known = rows[0][0]
    keeps = f"as far back as AWS keeps ({task.kind.retention // DAY} days)" if task.kind.retention else "the beginning"
    since = f"since {iso(known - round(config.overlap_minutes * MINUTE))}" if known is not None else f"since {keeps}"
    if known is None and config.since and issubclass(task.kind, Windowed):
        since = f"since {iso(micros(config.since))}, at most {keeps}"
    calls = "nothing: marked as switched off" if task.switched_off else ", ".join(task.kind.operations)
    whose = f"profile {task.owner.profile}" if task.owner.profile else "the environment"
    if isinstance(task.owner, AnyAccount) and task.owner.role:
        whose += f", role {task.owner.role}"
    return {"account": account, "region": region, "stream": stream, "with": whose, "since": since, "calls": calls}
