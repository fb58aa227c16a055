"""A real SMTP server on the loopback interface: STARTTLS, TLS from the beginning, passwords; it fails as it is told."""

from __future__ import annotations

import base64
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "ops", "hunter2-and-more"
Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True)
class Received:
    """A mail that the server took."""

    sender: str
    recipients: tuple[str, ...]
    mail: EmailMessage
    was_encrypted: bool


@dataclass
class Mailbox:
    """Where the server is, what it took, and what it does instead of taking."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """Verb (`MAIL`, `RCPT a@b`, `DATA`, `.`) → what is answered instead; `hang` and `drop` are no answers."""
    offers_tls: bool = True
    closing: threading.Event = field(default_factory=threading.Event)


class _HungUpError(Exception):
    pass


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            self._talk()
        except (_HungUpError, ConnectionError, ssl.SSLError):
            return
        finally:
            for each in (self.rfile, self.wfile, self.connection):
                each.close()

    def finish(self) -> None:
        """``handle`` has closed what there was, TLS or not."""

    def _talk(self) -> None:
        self.is_encrypted, self.is_known = self.server.security == "tls", False
        if self.is_encrypted:
            self._encrypt()
        self._answer("CONNECT", "220 mail.test ESMTP")
        sender, recipients = "", []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            self.server.box.said.append(line)
            match verb.upper():
                case "EHLO":
                    self._answer("EHLO", "\r\n".join(self._abilities()))
                case "STARTTLS":
                    self._answer("STARTTLS", "220 go on")
                    self._encrypt()
                case "AUTH":
                    self._answer("AUTH", self._judged(rest))
                case "MAIL":
                    sender = rest.partition("<")[2].partition(">")[0]
                    needs = self.server.needs_password and not self.is_known
                    self._answer("MAIL", "530 5.7.0 who are you?" if needs else "250 ok")
                case "RCPT":
                    recipient = rest.partition("<")[2].partition(">")[0]
                    if self._answer(f"RCPT {recipient}", "250 ok").startswith("250"):
                        recipients.append(recipient)
                case "DATA":
                    if self._answer("DATA", "354 go on").startswith("354"):
                        self._take(sender, tuple(recipients))
                case "QUIT":
                    self._answer("QUIT", "221 bye")
                    return
                case _:
                    self._answer(verb, "250 ok")

    def _take(self, sender: str, recipients: tuple[str, ...]) -> None:
        content = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            content += line.removeprefix(b".") if line.startswith(b"..") else line
        mail = cast("EmailMessage", message_from_bytes(content, policy=policy.default))
        answer = self.server.box.answers.get(".", "250 taken")
        if answer.startswith("250") or answer == "drop after":
            self.server.box.received.append(Received(sender, recipients, mail, self.is_encrypted))
        self._answer(".", "250 taken")

    def _abilities(self) -> list[str]:
        offered = ["mail.test", "8BITMIME"]
        if self.server.security == "starttls" and self.server.box.offers_tls and not self.is_encrypted:
            offered.append("STARTTLS")
        if self.server.needs_password:
            offered.append("AUTH PLAIN")
        return [f"250{'-' if index < len(offered) - 1 else ' '}{word}" for index, word in enumerate(offered)]

    def _judged(self, rest: str) -> str:
        given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        self.is_known = given[1:] == [USER, PASSWORD]
        return "235 welcome" if self.is_known else f"535 5.7.8 no: {given[-1]}"

    def _encrypt(self) -> None:
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        for plain in (self.rfile, self.wfile):
            plain.close()
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.is_encrypted = True

    def _answer(self, verb: str, usual: str) -> str:
        answer = self.server.box.answers.get(verb, usual)
        if answer == "hang":
            self.server.box.closing.wait()
        if answer == "drip":
            for byte in b"250-" + b"x" * 1_000:
                self.wfile.write(bytes([byte]))
                if self.server.box.closing.wait(0.05):
                    break
        if answer in ("hang", "drip", "drop", "drop after"):
            self.connection.shutdown(socket.SHUT_RDWR)
            raise _HungUpError
        self.wfile.write(f"{answer}\r\n".encode())
        return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, box: Mailbox, security: Security, needs_password: bool, tls: ssl.SSLContext) -> None:
        self.box, self.security, self.needs_password, self.tls = box, security, needs_password, tls
        super().__init__(("127.0.0.1", 0), _Session)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is what some tests are about."""


@contextmanager
def mail_server(directory: Path, security: Security = "starttls", *, needs_password: bool = True) -> Iterator[Mailbox]:
    """A server whose certificate is ``ca.pem`` in this directory."""
    box = Mailbox()
    server = _Server(box, security, needs_password, _certified(directory))
    box.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield box
    finally:
        box.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _certified(directory: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (directory / "ca.pem").write_bytes(pem)
    (directory / "server.pem").write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "server.pem")
    return context
