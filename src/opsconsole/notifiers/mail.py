"""E-mail by SMTP: plain text, one thread a key.

Always true here: a message's id follows from its delivery, so a second attempt is the same message to whoever compares
ids; every message of a key refers to one id that follows from the key, so mail programs show one thread (RFC 5322,
3.6.4); nothing goes over a connection that is less protected than the configuration says.
"""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from opsconsole.errors import ConfigError
from opsconsole.notifiers import words
from opsconsole.notifiers.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Kind,
    Message,
    Notifier,
    Options,
    OutsideError,
    Rejected,
    Site,
    Unreachable,
)
from opsconsole.outside.address import is_this_machine
from opsconsole.outside.deadline import Deadline
from opsconsole.outside.secrets import Secret, SecretFrom, SecretSource, masked
from opsconsole.wire import Notice

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_MOST_SUBJECT, _MOST_LINES, _MOST_LINE, _MOST_QUOTE = 200, 500, 900, 200
"""A line of a message has at most 998 characters (RFC 5322, 2.1.1)."""
_PRIORITY = {"page": "1 (Highest)", "ticket": "3 (Normal)", "info": "5 (Lowest)"}


class MailOptions(Options, frozen=True, kw_only=True):
    """What a mail server needs to be told."""

    host: str
    """The server that takes the mail: `smtp.example.org`."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Its port; without one 587 for `starttls`, 465 for `tls`, 25 for `none`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: encrypt before anything is said, or say nothing; `tls`: encrypted from the beginning; `none`: not."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust instead of the system's."""
    user: str = ""
    """For servers that want to know who sends …"""
    password: SecretFrom | None = None
    """… and where the password is."""
    sender: str
    """`opsconsole <ops@example.org>`."""
    recipients: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Whom it goes to."""
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 30.0
    """Deadline of one delivery, from connecting to the last answer, in seconds."""


class Mail:
    """Sends to some people by one server."""

    def __init__(self, options: MailOptions, site: Site) -> None:
        """Raises ConfigError."""
        self._options = options
        self._environment = site.environment
        self._sender, self._recipients = _address(options.sender), tuple(map(_address, options.recipients))
        if bool(options.user) != (options.password is not None):
            raise ConfigError("user, password: one without the other", "Name both, or none.")
        if options.password is not None and options.security == "none" and not is_this_machine(options.host):
            raise ConfigError("security: a password would go out in the clear", "Write `starttls` or `tls`.")
        self._password: SecretSource | None = options.password.at(site) if options.password is not None else None
        try:
            self._tls = ssl.create_default_context(cafile=options.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{options.ca_file}: certificates cannot be read: {error}", "Name a PEM file.") from error
        self.where = f"email {', '.join(self._recipients)}"

    def send(self, message: Message) -> str:
        secret = self._password.secret() if self._password is not None else None
        mail = composed(message, self._options, self._environment, self._sender)
        attempt = _Attempt(self._options, self._tls, secret)
        with Deadline(self._options.timeout_s) as deadline:
            return attempt.deliver(mail, self._sender, self._recipients, deadline)

    def close(self) -> None:
        """Each delivery has a connection of its own."""


class _Attempt:
    """One conversation with the server, and what its end means."""

    def __init__(self, options: MailOptions, tls: ssl.SSLContext, secret: Secret | None) -> None:
        self._options, self._tls, self._secret = options, tls, secret
        self._port = options.port or _PORTS[options.security]
        self._asked = f"SMTP {options.host}:{self._port}"
        self._is_sent = False

    def deliver(self, mail: EmailMessage, sender: str, recipients: tuple[str, ...], deadline: Deadline) -> str:
        """Who took it. Raises OutsideError."""
        try:
            server = self._connected(deadline)
            try:
                self._introduce(server, deadline)
                self._is_sent = True
                refused = server.send_message(mail, sender, recipients)
                with contextlib.suppress(OSError, smtplib.SMTPException):  # it is taken, however they part
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = max(error.recipients.values(), key=lambda answer: answer[0] < 500)
            raise self._refusal(code, self._told_refused(error.recipients)) from None
        except smtplib.SMTPAuthenticationError as error:
            raise AuthFailed(self._told(error.smtp_code, error.smtp_error), "Renew the password.") from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code, self._told(error.smtp_code, error.smtp_error)) from None
        except smtplib.SMTPNotSupportedError as error:
            raise Unreachable(f"{self._asked}: {error}; nothing was sent", "Choose another `security`.") from None
        except (OSError, smtplib.SMTPException) as error:  # the first is also what an ended deadline comes out as
            raise self._unanswered(error, deadline) from None
        if refused:
            return f"taken for {len(recipients) - len(refused)} of {len(recipients)}: {self._told_refused(refused)}"
        return f"taken for {', '.join(recipients)}"

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        options = self._options
        name = socket.gethostname()
        if options.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                options.host, self._port, local_hostname=name, timeout=options.timeout_s, context=self._tls
            )
        else:
            server = smtplib.SMTP(options.host, self._port, local_hostname=name, timeout=options.timeout_s)
        self._hold(server, deadline)
        return server

    def _introduce(self, server: smtplib.SMTP, deadline: Deadline) -> None:
        server.ehlo()
        if self._options.security == "starttls":
            server.starttls(context=self._tls)
            self._hold(server, deadline)
            server.ehlo()
        if self._secret is not None:
            server.login(self._options.user, self._secret.reveal())

    @staticmethod
    def _hold(server: smtplib.SMTP, deadline: Deadline) -> None:
        if server.sock is not None:
            deadline.hold(server.sock)

    def _refusal(self, code: int, told: str) -> OutsideError:
        """4xx is for now, 5xx is for good (RFC 5321, 4.2.1): of the mail, once that is what it is about."""
        if not self._is_sent:
            return Unreachable(f"{told}; nothing was sent", "Ask who runs it why it does not talk to this machine.")
        if 400 <= code < 500:
            return Busy(told, "It takes no mail for now: it is sent again.")
        return Rejected(told, "Correct what it complains about.")

    def _unanswered(self, error: Exception, deadline: Deadline) -> OutsideError:
        why = " ".join(str(error).split()) or type(error).__name__
        if deadline.is_over or isinstance(error, TimeoutError):
            why = f"no answer within {self._options.timeout_s:g} s"
        if self._is_sent:
            return Indeterminate(f"{self._asked}: {why}", "It may have been taken.")
        return Unreachable(f"{self._asked}: {why}; nothing was sent", "Check the address, the network and TLS.")

    def _told(self, code: int, said: bytes | str) -> str:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        shown = words.clipped(words.line(text), _MOST_QUOTE)
        return f"{self._asked}: {masked(f'{code} {shown}', [self._secret] if self._secret else [])}"

    def _told_refused(self, refused: dict[str, tuple[int, bytes]]) -> str:
        return "; ".join(f"{address}: {self._told(*answer)}" for address, answer in refused.items())


def composed(message: Message, options: MailOptions, environment: str, sender: str) -> EmailMessage:
    """The mail."""
    notice = message.notice
    domain = sender.rpartition("@")[2]
    thread = f"<opsconsole.{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}@{domain}>"
    mail = EmailMessage()
    mail["Subject"] = words.clipped(words.headline(notice, environment), _MOST_SUBJECT)
    mail["From"] = options.sender
    mail["To"] = ", ".join(options.recipients)
    mail["Date"] = format_datetime(notice.at)
    mail["Message-ID"] = f"<opsconsole.{message.id}@{domain}>"
    mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Priority"] = _PRIORITY[notice.severity]
    mail.set_content(text(notice, environment))
    return mail


def text(notice: Notice, environment: str) -> str:
    """What the mail says: readable in 80 columns, the evidence first."""
    lines = [words.headline(notice, environment), "", *words.body_lines(notice)[:_MOST_LINES], ""]
    lines += [*words.urls(notice), *words.commands(notice), ""]
    lines += [f"{name}: {value}" for name, value in words.facts(notice, environment)]
    return "\n".join(words.clipped(each, _MOST_LINE) for each in lines) + "\n"


def _address(written: str) -> str:
    """The address in ``Ops <ops@example.org>``. Raises ConfigError when there is none."""
    address = parseaddr(written)[1]
    if not written.isprintable() or not all(address.rpartition("@")[::2]):
        raise ConfigError(f"{written!r} is no mail address", "Write `ops@example.org` or `Ops <ops@example.org>`.")
    return address


def _make(options: MailOptions, site: Site) -> Notifier:
    return Mail(options, site)


KIND = Kind(
    name="email",
    about="Mail by SMTP, as plain text; everything that is said of one thing is one thread.",
    options=MailOptions,
    make=_make,
    tested_against="the real thing: an SMTP server with STARTTLS, TLS and passwords, that refuses, waits and hangs up",
    hazards=(
        "What a server takes for some recipients counts as sent; who did not get it stands with the delivery.",
        "That a server took a mail does not say that somebody got it: do not page by mail alone.",
    ),
    example="""\
kind: email
options:
  host: smtp.example.org
  user: ops
  password: {file: smtp.password}
  sender: opsconsole <ops@example.org>
  recipients: [on-call@example.org]
""",
)
