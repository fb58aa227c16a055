"""Where a system is reached over HTTP, and what of that may be shown.

Always true here: credentials go to no address that is not encrypted, unless the configuration allows it; an address
that is itself a secret (an incoming webhook's) is shown by its host alone, and what of it an answer may echo is masked.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

import httpx

from opsconsole.errors import ConfigError
from opsconsole.outside.secrets import MASK, Secret

_TELLING = 12
"""A piece of a secret address that is so long is a secret by itself: ids and signatures are longer, words shorter."""


@dataclass(frozen=True)
class Address:
    """One address."""

    url: str = field(repr=False)
    """Without its last slash."""
    host: str
    shown: str
    """For messages."""
    secrets: tuple[Secret, ...] = ()
    """What to mask in an answer, where the address is a secret."""


def plain(url: str, *, is_plain_allowed: bool) -> Address:
    """An address that stands in the configuration. Raises ConfigError unless credentials may be sent there."""
    url = url.rstrip("/")
    return Address(url, checked(url, repr(url), is_plain_allowed=is_plain_allowed), url)


def secret(secret: Secret, *, is_plain_allowed: bool) -> Address:
    """An address that is a secret. Raises ConfigError, without quoting it."""
    url = secret.reveal()
    host = checked(url, f"what {secret.name} holds", is_plain_allowed=is_plain_allowed)
    parsed = httpx.URL(url)
    behind = parsed.raw_path.decode()
    telling = dict.fromkeys((url, behind, *re.split(r"[/?&=]", behind)))
    secrets = tuple(Secret(secret.name, text) for text in telling if len(text) >= _TELLING)
    return Address(url, host, f"{parsed.scheme}://{host}/{MASK}", secrets)


def checked(url: str, shown: str, *, is_plain_allowed: bool) -> str:
    """The host in it; ``shown`` stands for it in messages."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"{shown} is no address: {type(error).__name__}", "Write `https://host/…`.") from None
    if parsed.userinfo:
        raise ConfigError(
            f"the address of {parsed.host} has a password in it", "Name the secret as a header: `{env: NAME}`."
        )
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(f"{shown} is no address of HTTP", "Write `https://host/…`.")
    if parsed.scheme == "http" and not is_plain_allowed and not is_this_machine(parsed.host):
        raise ConfigError(
            f"{shown} is not encrypted", "Write `https://…`, or `plain_http: true` if the way there is trusted."
        )
    return parsed.host


def is_this_machine(host: str) -> bool:
    """Does the way there leave the machine?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
