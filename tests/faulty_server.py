"""A real HTTP server on the loopback interface that can be told to fail in the ways in which servers fail.

What it serves is a function from what was asked to an answer: the system that a test pretends is there. A fault stands
between the two: the request always arrives whole, and the system may have obeyed it before the answer is lost.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_DRIP_S = 0.05


@dataclass(frozen=True)
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    document: Any = None
    """Sent as JSON; bytes are sent as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        return self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()


System = Callable[[Asked], Answer]


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong."""

    ending: Literal["answer", "hang", "reset", "drip", "cut"] = "answer"
    """``cut``: the answer ends in the middle of its body; ``drip``: it comes one byte at a time."""
    answer: Answer | None = None
    """What is answered instead of what the system says."""
    is_obeyed: bool = False
    """Does the system get the request before it goes wrong?"""
    instead: System | None = None
    """What the system does in place of what it should: the half of it, for example."""


class FaultyServer:
    """Use as a context manager; ``fail`` sets up what goes wrong next."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, tuple[str, ...]]] = []
        self._closing = threading.Event()
        self.asked: list[Asked] = []
        self.surprises: list[BaseException] = []
        """What broke in the server itself; leaving the context raises the first of them."""
        self._server = _Server(self, 0)
        self._thread = self._serving()

    def _serving(self) -> threading.Thread:
        return threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def writes(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method in WRITES]

    def fail(self, fault: Fault, *, on: Collection[str] = WRITES) -> None:
        """The next request with one of these methods goes wrong like this."""
        with self._lock:
            self._faults.append((fault, tuple(on)))

    def refuse_connections(self) -> None:
        """Nobody listens at its port until ``listen_again``."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def listen_again(self) -> None:
        self._server = _Server(self, self._server.server_address[1])
        self._thread = self._serving()
        self._thread.start()

    def answered(self, asked: Asked) -> tuple[Fault, Answer]:
        """What becomes of a request."""
        with self._lock:
            self.asked.append(asked)
            chosen = next((entry for entry in self._faults if asked.method in entry[1]), None)
            if chosen is None:
                return Fault(), self._system(asked)
            self._faults.remove(chosen)
            fault = chosen[0]
            answer = Answer(500)
            if fault.instead is not None:
                answer = fault.instead(asked)
            elif fault.is_obeyed:
                answer = self._system(asked)
            return fault, fault.answer or answer

    def wait_until_closing(self, seconds: float | None = None) -> bool:
        return self._closing.wait(seconds)

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if error is None and self.surprises:
            raise self.surprises[0]


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, owner: FaultyServer, port: int) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is what many tests are about."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.owner.surprises.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault, answer = self.server.owner.answered(Asked(self.command, self.path, headers, body))
        getattr(self, f"_{fault.ending}")(answer)

    def _answer(self, answer: Answer) -> None:
        self.wfile.write(self._bytes_of(answer))

    def _hang(self, answer: Answer) -> None:
        self.server.owner.wait_until_closing()

    def _reset(self, answer: Answer) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def _drip(self, answer: Answer) -> None:
        for byte in self._bytes_of(answer):
            self.wfile.write(bytes([byte]))
            if self.server.owner.wait_until_closing(_DRIP_S):
                return

    def _cut(self, answer: Answer) -> None:
        self.wfile.write(self._bytes_of(answer)[:-1])

    def _bytes_of(self, answer: Answer) -> bytes:
        body = answer.body()
        lines = [f"HTTP/1.1 {answer.status} Told", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def log_message(self, *_: Any) -> None:
        """Nothing is logged: tests look at ``asked``."""
