"""Credentials, sessions and clients: one session per account, one client per account, region and service.

Not here: what is asked (`history.sources`), in which order (`history.collecting.fetch`).
"""

import datetime as dt
import os
import socket
import threading
import uuid
from functools import partial
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config as ClientConfig
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import EndpointConnectionError
from botocore.utils import get_environ_proxies, parse_timestamp

from history.aws.secrets import guard_logs, learn
from history.aws.transport import Pacer, Wire
from history.collecting.config import Account, CodeCatalystProject, Config

BEARER = "AWS_BEARER_TOKEN_CODECATALYST"
CONNECT_SECONDS = 5
STS_SECONDS = 60.0  # for who we are, and for assuming a role
# Head and body of a request go out in two pieces: without this the second waits 40 ms for the first one's receipt.
NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
# CodeCatalyst has one endpoint for the whole world; botocore signs nothing there, but wants a region to be named.
CODECATALYST_REGION = "us-west-2"

_loader = botocore.loaders.create_loader()  # shared: reading AWS's service models costs more than anything else here


class WrongAccount(Exception):
    """The credentials belong to another account than the config says."""


class Client:
    """A boto3 client with its wire.

    Attributes
    ----------
    boto : botocore.client.BaseClient
        The client.
    wire : Wire
        What its requests go through.
    threads : int
        How many requests it may have under way at once.
    """

    def __init__(self, boto: Any, wire: Wire, threads: int) -> None:
        self.boto = boto
        self.wire = wire
        self.threads = threads


class _AssumedRole:
    """A provider of credentials, for botocore's chain, that assumes a role and does so again before it expires."""

    METHOD = "wavecast-assume-role"
    CANONICAL_NAME = METHOD

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(method=self.METHOD, refresh_using=self._fetch)

    def _fetch(self) -> dict[str, Any]:
        credentials: dict[str, Any] = self._fetcher.fetch_credentials()
        learn(credentials.get("secret_key"), credentials.get("token"), credentials.get("access_key"))
        return credentials


class Clients:
    """Makes clients for a config, each once; safe to be shared by threads.

    Parameters
    ----------
    config : Config
        The plan of collection.
    stop : threading.Event
        Set to make every client refuse to send anything more.
    """

    def __init__(self, config: Config, stop: threading.Event) -> None:
        self._config = config
        self._stop = stop
        self._lock = threading.RLock()
        self._sessions: dict[str, botocore.session.Session] = {}
        self._clients: dict[tuple[str, str, str], Client] = {}
        self._wires: list[Wire] = []
        learn(os.environ.get(BEARER))

    def client(self, account: Account, region: str, service: str) -> Client:
        """Give the client of a service in a region of an account."""
        with self._lock:
            key = (account.id, region, service)
            if key not in self._clients:
                core = self._session(account)
                self._clients[key] = self._make(core, service, region, self._config.endpoint_url)
            return self._clients[key]

    def codecatalyst(self, project: CodeCatalystProject) -> Client:
        """Give the client of a CodeCatalyst project."""
        with self._lock:
            key = (project.space, project.project, "codecatalyst")
            if key not in self._clients:
                core = self._core(project.profile)
                address = self._config.codecatalyst_endpoint_url
                self._clients[key] = self._make(core, "codecatalyst", CODECATALYST_REGION, address)
            return self._clients[key]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.boto.close()
            for wire in self._wires:
                wire.close()

    def home(self, account: Account) -> str:
        """Give the region in which to ask STS."""
        return self._config.home_region or account.regions[0]

    def _session(self, account: Account) -> botocore.session.Session:
        if account.id not in self._sessions:
            core = self._core(account.profile)
            self._sessions[account.id] = self._assume(core, account) if account.role else core
        return self._sessions[account.id]

    def _core(self, profile: str | None) -> botocore.session.Session:
        core = botocore.session.Session(profile=profile)
        core.register_component("data_loader", _loader)
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=in_utc)
        return core

    def _assume(self, core: botocore.session.Session, account: Account) -> botocore.session.Session:
        source = core.get_credentials()
        if source is None:
            return core  # the first call will say that there are no credentials
        _learn(source)
        extra = {"RoleSessionName": f"wavecast-{uuid.uuid4().hex[:12]}"}
        if account.external_id:
            extra["ExternalId"] = account.external_id
        make = partial(self._for_a_role, core, self.home(account))
        fetcher = AssumeRoleCredentialFetcher(make, source, account.role, extra_args=extra)
        assumed = self._core(account.profile)
        assumed.get_component("credential_provider").providers.insert(0, _AssumedRole(fetcher))
        return assumed

    def _for_a_role(self, core: botocore.session.Session, region: str, service: str, **keys: Any) -> Any:
        """Make the client of one call of AssumeRole, with a pacer and a deadline like all others."""
        address, options = self._config.endpoint_url, self._options(region)
        try:
            boto = core.create_client(service, region_name=region, endpoint_url=address, config=options, **keys)
        except ValueError as error:
            raise _nowhere(address, error) from None
        self._wired(core, boto).start(STS_SECONDS)
        return boto

    def _options(self, region: str) -> ClientConfig:
        return ClientConfig(
            region_name=region,
            retries={"mode": "adaptive", "total_max_attempts": self._config.attempts},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self._config.read_timeout_seconds,
            max_pool_connections=self._config.threads,
            user_agent_extra="wavecast",
        )

    def _make(self, core: botocore.session.Session, service: str, region: str, address: str | None) -> Client:
        if service != "codecatalyst":
            _learn(core.get_credentials())
        try:
            boto = boto3.Session(botocore_session=core).client(
                service, region_name=region, endpoint_url=address, config=self._options(region)
            )
        except ValueError as error:
            raise _nowhere(address, error) from None
        wire = self._wired(core, boto)
        guard_logs()
        return Client(boto, wire, self._config.threads)

    def _wired(self, core: botocore.session.Session, boto: Any) -> Wire:
        wire = Wire(
            pacer=Pacer(self._config.requests_per_second),
            stop=self._stop,
            results=boto.meta.service_model.service_name == "sts",
            timeout=(CONNECT_SECONDS, self._config.read_timeout_seconds),
            max_pool_connections=self._config.threads,
            socket_options=NO_DELAY,
            verify=core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True,
            proxies=get_environ_proxies(boto.meta.endpoint_url),
        )
        boto.meta.events.register_last("before-send", wire.on_sending, unique_id="wavecast-wire")
        self._wires.append(wire)
        return wire


def _nowhere(address: str | None, error: ValueError) -> EndpointConnectionError:
    """Name an address that is none: the config's are checked when they are read, the environment's are not."""
    where = address or "that of AWS_ENDPOINT_URL, or of the profile"
    return EndpointConnectionError(endpoint_url=where, error=error)


def in_utc(value: Any) -> dt.datetime:
    """Read a time of an answer as botocore does, but in UTC: its way, through this machine's zone, takes far longer.

    Raises
    ------
    ValueError
        Where it is no time, or has no zone.
    """
    if type(value) in (int, float):
        try:
            return dt.datetime.fromtimestamp(value, dt.UTC)
        except (OverflowError, OSError, ValueError):
            pass  # botocore reaches further, and says what is wrong
    try:
        found: dt.datetime = parse_timestamp(value)
    except RuntimeError as error:
        raise ValueError(str(error)) from None
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found.astimezone(dt.UTC)


def _learn(credentials: Any) -> None:
    """Learn the secrets of fixed credentials; those that are fetched are learned when they come."""
    if credentials is not None and not isinstance(credentials, DeferredRefreshableCredentials):
        frozen = credentials.get_frozen_credentials()
        learn(frozen.secret_key, frozen.token)
