"""HTTP to another system, for everything that speaks it: what was sent, what came back, and what that means.

Always true here: each call has a connection of its own and one deadline for all of it; nothing is sent twice and no
redirect is followed; what a write's missing answer means is decided by whether anything may have been sent; secrets go
out in headers and are masked in everything that is said. TLS is the rule: plain HTTP is for the machine itself, unless
the configuration allows it.

What is raised::

    sent, or how it was answered          a write                  a read
    no connection                         Unreachable              Unreachable
    no (whole) answer, 408, other 5xx     Indeterminate            Unreachable
    401, 403, 407                         AuthFailed               AuthFailed
    409, 412                              Conflict                 Rejected
    423, 429, 503                         Busy                     Unreachable
    3xx, other 4xx, 501                   Rejected                 Rejected

How long the other side asks to be left alone (``Retry-After``) goes along with every one of them.

Use: one ``Web`` a system. ``send`` a read with ``is_read=True`` (a dry run by POST is one, too), a write with
``is_read=False``; statuses named in ``accepted`` come back as answers. ``request`` says what ``send`` would send, for
``Target.requests``. Options of such a system extend ``WebOptions``; tests hand in a ``transport``.
"""

from __future__ import annotations

import contextlib
import json as jsonlib
import ssl
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx
from msgspec import Meta

from opsconsole import __version__
from opsconsole.errors import ConfigError
from opsconsole.outside import address
from opsconsole.outside.address import Address
from opsconsole.outside.deadline import Deadline
from opsconsole.outside.failures import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    OutsideError,
    Rejected,
    Unreachable,
)
from opsconsole.outside.options import Options
from opsconsole.outside.secrets import Secret, SecretSource, masked

_LONGEST_ANSWER = 8_000_000
"""Bytes; a routing is small, and an endless answer must not fill the daemon."""
_LONGEST_QUOTE = 200
"""Characters of an answer that are quoted in an error."""
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)

_CREDENTIALS = "Renew the credentials that the configuration names, or ask for the permission."
_READ_BACK = "It may have been done: read back before anything is sent again."
_AGAIN = "Try again when it answers."
_ADDRESS = "Correct the address, or what is sent to it."
_MEANINGS: dict[int, tuple[type[OutsideError], str]] = {
    401: (AuthFailed, _CREDENTIALS),
    403: (AuthFailed, _CREDENTIALS),
    407: (AuthFailed, "The proxy wants credentials."),
    408: (Indeterminate, _READ_BACK),
    409: (Conflict, "Somebody else changed it: look again, then decide again."),
    412: (Conflict, "Somebody else changed it: look again, then decide again."),
    423: (Busy, "It is locked by another change: wait until that is done."),
    429: (Busy, "It takes no more calls for now: wait."),
    501: (Rejected, _ADDRESS),
    503: (Busy, "It takes no calls for now: wait."),
}
"""Status → what it means as the answer to a write; others go by their hundred, else it is Indeterminate."""
_HUNDREDS: dict[int, tuple[type[OutsideError], str]] = {
    3: (Rejected, "It has moved: name the new address in the configuration."),
    4: (Rejected, _ADDRESS),
}
_OF_A_READ: dict[type[OutsideError], tuple[type[OutsideError], str]] = {
    Indeterminate: (Unreachable, _AGAIN),
    Busy: (Unreachable, _AGAIN),
    Conflict: (Rejected, _ADDRESS),
}
"""What the same status means as the answer to a read, which changes nothing and can be repeated."""


class WebOptions(Options, frozen=True, kw_only=True):
    """What every system that is reached over HTTP may be told."""

    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0
    """Deadline of one call, from connecting to the last byte of the answer, in seconds."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust instead of the system's."""
    plain_http: bool = False
    """Allow `http://` to another machine: who is on the way can then read the credentials and change the answers."""


@dataclass(frozen=True)
class WebAnswer:
    """An answer that was expected."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = field(repr=False)
    asked: str
    """``GET https://…``: for messages."""
    is_read: bool
    secrets: tuple[Secret, ...] = ()
    """That went along, and that an answer may echo."""

    def json(self) -> Any:
        """The body's JSON. Raises Rejected (of a read) or Indeterminate (of a write) when it is none."""
        try:
            return jsonlib.loads(self.body)
        except ValueError as error:
            kind, remedy = (Rejected, _ADDRESS) if self.is_read else (Indeterminate, _READ_BACK)
            raise kind(f"{self.asked}: the answer is no JSON", remedy) from error

    def told(self) -> str:
        """The answer in one line, for receipts and errors: its status, and its own words with secrets masked."""
        said = masked(_quoted(self.body) or self.headers.get("location", ""), self.secrets)
        return ": ".join(filter(None, (_status_words(self.status), said)))


class Web:
    """One system's HTTP interface. Safe to use from several threads."""

    def __init__(
        self,
        base_url: str | SecretSource,
        options: WebOptions,
        *,
        headers: Mapping[str, str | SecretSource] | None = None,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``headers`` go with every call; ``tls`` is for client certificates; an address that is a secret is read
        again at every call.

        Raises ConfigError for an address that is no address, has a password in it, or is plain HTTP where that is not
        allowed; and for certificates that cannot be read.
        """
        self._base = base_url
        self._is_plain_allowed = options.plain_http
        self.host = self._address().host
        self._headers = dict(headers or {})
        self._timeout_s = options.timeout_s
        self._http = httpx.Client(
            timeout=options.timeout_s,
            verify=tls or _trusting(options.ca_file),
            # A connection that is kept may be closed by the other side just as a write goes out: nobody could then tell
            # whether it arrived.
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"User-Agent": f"opsconsole/{__version__}", "Accept": "application/json"},
            transport=transport,
            trust_env=not address.is_this_machine(self.host),  # a proxy is for the way to other machines
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        is_read: bool,
        accepted: Collection[int] = (),
        secrets_sent: Iterable[Secret] = (),
    ) -> WebAnswer:
        """One call and its answer: a 2xx, or one of the ``accepted`` statuses. Raises OutsideError as in the table.

        ``secrets_sent`` are those in the body, which an answer may echo.
        """
        there = self._address_now()
        secrets = {name: value.secret() for name, value in self._headers.items() if isinstance(value, SecretSource)}
        own = {name: value for name, value in self._headers.items() if isinstance(value, str)}
        call = _Call(
            method=method,
            url=there.url + path,
            shown=there.shown + path,
            headers=own | {name: secret.reveal() for name, secret in secrets.items()} | dict(headers or {}),
            body=None if json is None else encoded(json),
            is_read=is_read,
            secrets=(*secrets.values(), *there.secrets, *secrets_sent),
        )
        with Deadline(self._timeout_s) as deadline:
            try:
                answer = self._exchange(call, deadline)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self._unanswered(call, error, deadline) from None
        if answer.status // 100 == 2 or answer.status in accepted:
            return answer
        raise _meaning(answer)

    def where(self, path: str) -> str:
        """The whole address of a path as it may be shown. Raises ConfigError, and AuthFailed."""
        return self._address().shown + path

    def close(self) -> None:
        self._http.close()

    def _address(self) -> Address:
        """Raises ConfigError, and AuthFailed for a secret that cannot be read."""
        if isinstance(self._base, SecretSource):
            return address.secret(self._base.secret(), is_plain_allowed=self._is_plain_allowed)
        return address.plain(self._base, is_plain_allowed=self._is_plain_allowed)

    def _address_now(self) -> Address:
        """The same for a call: what was put where the address was kept may be none."""
        try:
            return self._address()
        except ConfigError as error:
            raise AuthFailed(error.message, error.remedy) from None

    def _exchange(self, call: _Call, deadline: Deadline) -> WebAnswer:
        body = bytearray()
        with self._http.stream(
            call.method,
            call.url,
            content=None if call.body is None else call.body.encode(),
            headers=call.wire_headers(),
            extensions={"trace": deadline.watch},
        ) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LONGEST_ANSWER:
                    raise httpx.ReadError(f"the answer is longer than {_LONGEST_ANSWER:,} bytes")
        if deadline.is_over:
            raise httpx.ReadTimeout("the answer was cut off")
        plain = {name.lower(): value for name, value in response.headers.items()}
        return WebAnswer(response.status_code, plain, bytes(body), call.asked, call.is_read, call.secrets)

    def _unanswered(self, call: _Call, error: Exception, deadline: Deadline) -> OutsideError:
        why = masked(" ".join(str(error).split()), call.secrets) or type(error).__name__
        if deadline.is_over or isinstance(error, httpx.TimeoutException):
            why = f"no answer within {self._timeout_s:g} s"
        if isinstance(error, _NOT_SENT):
            return Unreachable(f"{call.asked}: {why}; nothing was sent", "Check the address, the network and TLS.")
        if call.is_read:
            return Unreachable(f"{call.asked}: {why}", _AGAIN)
        return Indeterminate(f"{call.asked}: {why}", _READ_BACK)


@dataclass(frozen=True)
class _Call:
    """Everything that goes out; never shown, as it holds secrets in the clear."""

    method: str
    url: str = field(repr=False)
    shown: str
    headers: dict[str, str] = field(repr=False)
    body: str | None
    is_read: bool
    secrets: tuple[Secret, ...]

    @property
    def asked(self) -> str:
        return f"{self.method} {self.shown}"

    def wire_headers(self) -> list[tuple[bytes, bytes]]:
        """Each name once, whatever its case; a call's own content type wins."""
        given = {name.lower(): value for name, value in self.headers.items()}
        content = {} if self.body is None else {"content-type": "application/json"}
        return [(name.encode(), value.encode()) for name, value in (content | given).items()]


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return _usual()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{ca_file}: certificates cannot be read: {error}", "Name a PEM file.") from error


@cache
def _usual() -> ssl.SSLContext:
    """Whom this machine trusts: one for all systems, since its certificates take longer to read than a call."""
    return ssl.create_default_context()


def encoded(json: Any) -> str:
    """A body as it is sent."""
    return jsonlib.dumps(json, ensure_ascii=False)


def _meaning(answer: WebAnswer) -> OutsideError:
    kind, remedy = _MEANINGS.get(answer.status) or _HUNDREDS.get(answer.status // 100, (Indeterminate, _READ_BACK))
    if answer.is_read:
        kind, remedy = _OF_A_READ.get(kind, (kind, remedy))
    wait_s = _retry_after_s(answer.headers)
    if wait_s is not None and kind in (Busy, Unreachable):
        remedy = f"It asks to be tried again in {wait_s:g} s."
    return kind(f"{answer.asked}: {answer.told()}", remedy, retry_after_s=wait_s)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until it wants to be asked again (RFC 9110, 10.2.3); a moment is counted from the answer's own."""
    after = headers.get("retry-after", "").strip()
    if after.isdecimal():
        return float(after)
    try:
        return max(0.0, (parsedate_to_datetime(after) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, TypeError, ValueError):  # none, or no moment: then it has not said
        return None


def _status_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _quoted(body: bytes) -> str:
    """What an answer says in its own words, on one line: its message where it has one, else how it begins."""
    text = body[: 20 * _LONGEST_QUOTE].decode("utf-8", "replace")
    with contextlib.suppress(ValueError):  # an error page that is no JSON is quoted as it is
        text = _message(jsonlib.loads(body)) or text
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"


def _message(document: Any) -> str:
    if isinstance(document, dict):
        for key in ("message", "detail", "error", "reason"):
            if found := document.get(key):
                return found if isinstance(found, str) else _message(found)
    return ""
