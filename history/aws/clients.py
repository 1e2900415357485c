"""Credentials, sessions and clients: one session per account, one client per account, region and service.

Not here: what is asked (`history.sources`), in which order (`history.collecting.fetch`).
"""

import os
import socket
import threading
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config as ClientConfig
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import EndpointConnectionError
from botocore.utils import get_environ_proxies

from history.aws.answers import LenientParsers, in_utc
from history.aws.secrets import guard_logs, learn
from history.aws.transport import Pacer, Wire

BEARER = "AWS_BEARER_TOKEN_CODECATALYST"
CONNECT_SECONDS = 5
STS_SECONDS = 60.0  # for who we are, and for assuming a role
# Head and body of a request go out in two pieces: without this the second waits 40 ms for the first one's receipt.
NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
# CodeCatalyst has one endpoint for the whole world; botocore signs nothing there, but wants a region to be named.
CODECATALYST_REGION = "us-west-2"

_loader = botocore.loaders.create_loader()  # shared: reading AWS's service models costs more than anything else here


@dataclass(frozen=True)
class Login:
    """Whose credentials are used, and where they come from.

    Attributes
    ----------
    name : str
        The account's id, or space and project of CodeCatalyst.
    home : str
        The region in which STS is asked.
    profile : str or None
        Of the AWS configuration; None: the environment's credentials.
    role, external_id : str or None
        What is assumed with them.
    bearer : bool
        Whether it is by a bearer token, as CodeCatalyst wants it.
    """

    name: str
    home: str
    profile: str | None = None
    role: str | None = None
    external_id: str | None = None
    bearer: bool = False


@dataclass(frozen=True)
class Limits:
    """Where to, and how gently.

    Attributes
    ----------
    attempts : int
        How often one request is sent.
    threads : int
        How many a client may have under way.
    read_timeout_seconds : float
        How long to wait for the next bytes of an answer.
    requests_per_second : float or None
        At most so many through one client.
    endpoint_url, codecatalyst_endpoint_url : str or None
        Other addresses than AWS's own.
    """

    attempts: int = 6
    threads: int = 4
    read_timeout_seconds: float = 20.0
    requests_per_second: float | None = None
    endpoint_url: str | None = None
    codecatalyst_endpoint_url: str | None = None


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
    """Makes clients, each once; safe to be shared by threads.

    Parameters
    ----------
    limits : Limits
        What all of them keep to.
    stop : threading.Event
        Set to make every client refuse to send anything more.
    """

    def __init__(self, limits: Limits, stop: threading.Event) -> None:
        self._limits = limits
        self._stop = stop
        self._lock = threading.RLock()
        self._sessions: dict[Login, botocore.session.Session] = {}
        self._clients: dict[tuple[Login, str, str], Client] = {}
        self._wires: list[Wire] = []
        learn(os.environ.get(BEARER))

    def client(self, login: Login, region: str, service: str) -> Client:
        """Return the client of a service in a region."""
        with self._lock:
            key = (login, region, service)
            if key not in self._clients:
                address = self._limits.codecatalyst_endpoint_url if login.bearer else self._limits.endpoint_url
                where = CODECATALYST_REGION if login.bearer else region
                self._clients[key] = self._make(self._session(login), service, where, address)
            return self._clients[key]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.boto.close()
            for wire in self._wires:
                wire.close()

    def _session(self, login: Login) -> botocore.session.Session:
        if login not in self._sessions:
            core = self._core(login.profile)
            self._sessions[login] = self._assume(core, login) if login.role else core
        return self._sessions[login]

    def _core(self, profile: str | None) -> botocore.session.Session:
        core = botocore.session.Session(profile=profile)
        core.register_component("data_loader", _loader)
        parsers = LenientParsers()
        parsers.set_parser_defaults(timestamp_parser=in_utc)
        core.register_component("response_parser_factory", parsers)
        return core

    def _assume(self, core: botocore.session.Session, login: Login) -> botocore.session.Session:
        source = core.get_credentials()
        if source is None:
            return core  # the first call will say that there are no credentials
        _learn(source)
        extra = {"RoleSessionName": f"wavecast-{uuid.uuid4().hex[:12]}"}
        if login.external_id:
            extra["ExternalId"] = login.external_id
        make = partial(self._for_a_role, core, login.home)
        fetcher = AssumeRoleCredentialFetcher(make, source, login.role, extra_args=extra)
        assumed = self._core(login.profile)
        assumed.get_component("credential_provider").providers.insert(0, _AssumedRole(fetcher))
        return assumed

    def _for_a_role(self, core: botocore.session.Session, region: str, service: str, **keys: Any) -> Any:
        """Make the client of one call of AssumeRole, with a pacer and a deadline like all others."""
        address, options = self._limits.endpoint_url, self._options(region)
        try:
            boto = core.create_client(service, region_name=region, endpoint_url=address, config=options, **keys)
        except ValueError as error:
            raise _nowhere(address, error) from None
        self._wired(core, boto).start(STS_SECONDS)
        return boto

    def _options(self, region: str) -> ClientConfig:
        return ClientConfig(
            region_name=region,
            retries={"mode": "adaptive", "total_max_attempts": self._limits.attempts},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self._limits.read_timeout_seconds,
            max_pool_connections=self._limits.threads,
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
        return Client(boto, wire, self._limits.threads)

    def _wired(self, core: botocore.session.Session, boto: Any) -> Wire:
        wire = Wire(
            pacer=Pacer(self._limits.requests_per_second),
            stop=self._stop,
            results=boto.meta.service_model.service_name == "sts",
            timeout=(CONNECT_SECONDS, self._limits.read_timeout_seconds),
            max_pool_connections=self._limits.threads,
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


def _learn(credentials: Any) -> None:
    """Learn the secrets of fixed credentials; those that are fetched are learned when they come."""
    if credentials is not None and not isinstance(credentials, DeferredRefreshableCredentials):
        frozen = credentials.get_frozen_credentials()
        learn(frozen.secret_key, frozen.token)
