"""The server: a loopback socket for HTTP, one for HTTPS, a thread a connection, and an end by itself.

It refuses to listen anywhere but on loopback. Not here: what is answered (`desk`).
"""

import contextlib
import io
import os
import socket
import socketserver
import ssl
import struct
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

from tests.aws_stand_in import certificate
from tests.aws_stand_in.desk import Desk, Reply
from tests.aws_stand_in.faults import Call, Fault, Script
from tests.aws_stand_in.history import History
from tests.aws_stand_in.things import MINUTE

LOOPBACK = ("127.0.0.1", "localhost")
LARGEST_BODY = 1 << 20
MOST_CONNECTIONS = 256
IDLE_SECONDS = 60.0
PIECES = 20  # of a slow body


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, host: str, port: int, desk: Desk, stopping: threading.Event, tls: ssl.SSLContext | None) -> None:
        self.desk, self.stopping, self.tls = desk, stopping, tls
        self.places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.open: set[socket.socket] = set()
        super().__init__((host, port), Handler)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; the handshake is the handler's, so that a slow one holds up nobody."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(IDLE_SECONDS)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, if there is a place for it."""
        if not self.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self.open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open.discard(request)
            self.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up, and tests make them; anything else is a mistake of the stand-in."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.desk.problems.append(f"{type(error).__name__}: {error}")

    def hang_up(self) -> None:
        """Close what is open."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def setup(self) -> None:
        """Shake hands first."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the desk keeps a log."""

    def do_POST(self) -> None:
        """Answer."""
        self._serve()

    def do_GET(self) -> None:
        """Answer."""
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LARGEST_BODY:
            self.send_error(413)
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.desk.answer(self.command, self.path, headers, body))

    def _send(self, reply: Reply) -> None:
        kind = reply.wire.kind if reply.wire else ""
        if kind == "reset":
            self._reset()
            return
        if kind == "hang":
            assert reply.wire is not None
            self.server.stopping.wait(reply.wire.seconds)
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {reply.status} {'OK' if reply.status == 200 else 'Refused'}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        head = "\r\n".join([*lines, f"Content-Length: {len(reply.body)}", "", ""]).encode()
        if kind == "slow_drip":
            assert reply.wire is not None
            self._drip(head, reply.body, reply.wire.seconds)
        elif kind == "short_body":
            self.wfile.write(head + reply.body[: len(reply.body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(head + reply.body)

    def _reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.close_connection = True
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The descriptor itself: closing the socket object would wait for the files made from it.
        self.wfile.close()
        self.rfile.close()
        self.request.close()
        self.wfile = io.BytesIO()  # the base class flushes what it finds here

    def _drip(self, head: bytes, body: bytes, seconds: float) -> None:
        self.wfile.write(head)
        size = max(1, -(-len(body) // PIECES))
        for start in range(0, len(body), size):
            if self.server.stopping.wait(seconds / PIECES):
                self.close_connection = True
                return
            self.wfile.write(body[start : start + size])


class StandIn:
    """A local server that answers as AWS would; a context manager.

    Parameters
    ----------
    history
        What there is to tell. Its clock moves with `mutate`.
    faults
        What goes wrong.
    tls
        Whether `endpoint_url` speaks TLS too; CodeCatalyst always does.
    host, port, codecatalyst_port
        Where to listen, on loopback only; port 0 for any that is free.
    seconds
        After so long the server stops by itself.
    largest_page
        The most items a page has, whatever is asked for; None for as many as AWS gives.
    session_seconds
        How long assumed roles last; None for as long as was asked for.

    Attributes
    ----------
    endpoint_url, codecatalyst_url
        Where boto3 is to be pointed to.
    ca_bundle
        The certificate to trust.

    Raises
    ------
    ValueError
        For a host that is not loopback.
    """

    def __init__(
        self,
        history: History,
        faults: Iterable[Fault] = (),
        tls: bool = False,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        codecatalyst_port: int = 0,
        seconds: float = 3600.0,
        largest_page: int | None = None,
        session_seconds: float | None = None,
    ) -> None:
        if host not in LOOPBACK:
            raise ValueError(f"host is {host!r}; the stand-in listens on loopback only: {' or '.join(LOOPBACK)}")
        self.history, self.seconds, self.tls = history, seconds, tls
        self.desk = Desk(history, Script(list(faults)), largest=largest_page, session=session_seconds)
        self._where = (host, port, codecatalyst_port)
        self._stopping = threading.Event()
        self._listeners: list[Listener] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._timer: threading.Timer | None = None
        self.endpoint_url = self.codecatalyst_url = self.ca_bundle = ""

    def start(self) -> Self:
        """Listen."""
        host, port, other = self._where
        self._folder = tempfile.TemporaryDirectory(prefix="aws-stand-in-")
        with contextlib.ExitStack() as opened:  # where a port is taken, nothing stays behind
            opened.callback(self._folder.cleanup)
            pem, key = certificate.write(Path(self._folder.name))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem, key)
            plain = Listener(host, port, self.desk, self._stopping, context if self.tls else None)
            opened.callback(plain.server_close)
            secure = Listener(host, other, self.desk, self._stopping, context)
            opened.pop_all()
        self._listeners = [plain, secure]
        scheme = "https" if self.tls else "http"
        self.endpoint_url = f"{scheme}://{host}:{plain.server_address[1]}"
        self.codecatalyst_url = f"https://{host}:{secure.server_address[1]}"
        self.ca_bundle = str(pem)
        for listener in self._listeners:
            threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True, name="aws-stand-in").start()
        self._timer = threading.Timer(self.seconds, self._end)
        self._timer.daemon = True
        self._timer.start()
        return self

    def stop(self) -> None:
        """Hang up and forget the certificate."""
        if self._timer:
            self._timer.cancel()
        self._end()
        if self._folder:
            self._folder.cleanup()

    def _end(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            for listener in self._listeners:
                listener.shutdown()
                listener.hang_up()
                listener.server_close()

    @property
    def stopped(self) -> bool:
        """Whether it has stopped."""
        return self._stopping.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it has stopped; return whether it has."""
        return self._stopping.wait(seconds)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if self.problems and kind is None:
            raise AssertionError("the stand-in itself was wrong: " + "; ".join(self.problems[:5]))

    @property
    def requests(self) -> list[Call]:
        """The log, oldest first: operation, account, region, time, outcome, service, parameters."""
        with self.desk.lock:
            return list(self.desk.calls)

    @property
    def problems(self) -> list[str]:
        """What the stand-in itself did wrong; leaving the context raises them."""
        return self.desk.problems

    def forget(self) -> None:
        """Empty the log."""
        with self.desk.lock:
            self.desk.calls.clear()

    def script(self, *faults: Fault) -> None:
        """Replace the faults, and count anew; without any, nothing goes wrong from now on."""
        self.desk.script = Script(list(faults))

    def mutate(
        self, *, minutes: float = 0.0, change: dict[str, dict[str, Any]] | None = None, unknown: float | None = None
    ) -> None:
        """Change what there is to tell.

        Parameters
        ----------
        minutes
            By how much AWS's clock goes on: records begin, change and end.
        change
            ARN or id → members of the answer that are to be different.
        unknown
            The share of records with enum values that no model lists.
        """
        with self.desk.lock:
            self.history.now += round(minutes * MINUTE)
            for identity, members in (change or {}).items():
                self.history.changed.setdefault(identity, {}).update(members)
            if unknown is not None:
                self.history.unknown = unknown

    def environment(self, account: str | None = None) -> dict[str, str]:
        """The environment variables that point boto3 here, as a user of an account; the first one if left out."""
        return {
            "AWS_ACCESS_KEY_ID": f"AKIA{account or self.history.accounts[0]}",
            "AWS_SECRET_ACCESS_KEY": "stand-in",
            "AWS_DEFAULT_REGION": self.history.regions[0],
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_CODECATALYST": self.codecatalyst_url,
            "AWS_BEARER_TOKEN_CODECATALYST": "stand-in",
            "AWS_CA_BUNDLE": self.ca_bundle,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @contextlib.contextmanager
    def alone(self, folder: Path) -> Iterator[None]:
        """Point this process's AWS clients here, and away from whatever the machine knows of AWS."""
        nobody = {name: str(folder / "none") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with mock.patch.dict(os.environ, {**own, **nobody, **self.environment()}, clear=True):
            yield
