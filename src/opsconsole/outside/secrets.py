"""Secrets: named in the configuration, kept in the environment or in a file of mode 0600.

Always true here: a secret's text leaves its object by ``reveal`` alone, so neither ``repr`` nor a format string nor a
traceback's locals show it; a file that others can read is refused; nothing that is told about a secret contains it. A
file is read again at every use, so a token that somebody renews is used from the next call on.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from opsconsole.errors import ConfigError
from opsconsole.outside.failures import AuthFailed
from opsconsole.outside.options import Options, Surroundings

MASK = "***"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """A text that shows itself only when it is asked to."""

    __slots__ = ("_text", "name")

    def __init__(self, name: str, text: str) -> None:
        """``name`` says where it came from and may be shown."""
        self.name = name
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Secret({self.name!r}, {MASK})"

    def __str__(self) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class SecretFrom(Options, frozen=True, kw_only=True):
    """Where a secret is: `{env: NAME}` or `{file: PATH}`."""

    env: str = ""
    """Environment variable of the daemon that holds it …"""
    file: Path | None = None
    """… or a file of mode 0600 that holds it, without its last line end."""
    prefix: str = ""
    """Put before it: `"Bearer "`."""

    def __post_init__(self) -> None:
        if bool(self.env) == (self.file is not None):
            raise ValueError("a secret is either `{env: NAME}` or `{file: PATH}`")

    def at(self, site: Surroundings) -> SecretSource:
        """The secret as this site has it; raises ConfigError when it cannot be read now."""
        source = SecretSource(self, site)
        try:
            source.secret()
        except AuthFailed as failure:
            raise ConfigError(failure.message, failure.remedy) from failure
        return source


@dataclass(frozen=True)
class SecretSource:
    """A secret that is read whenever it is needed."""

    origin: SecretFrom
    site: Surroundings = field(repr=False)

    def secret(self) -> Secret:
        """Raises AuthFailed when it is missing, empty, or others may read it."""
        text, name = self._from_file(self.origin.file) if self.origin.file else self._from_environment()
        if not text:
            raise AuthFailed(f"the secret {name} is empty", "Put the secret into it.")
        if not text.isprintable():
            raise AuthFailed(f"the secret {name} has control characters in it", "A secret is one line of text.")
        return Secret(name, self.origin.prefix + text)

    def _from_environment(self) -> tuple[str, str]:
        name = f"${self.origin.env}"
        if self.origin.env not in self.site.environ:
            raise AuthFailed(
                f"the secret {name} is not in the daemon's environment",
                "Set it and start the daemon again, or keep it in a file of mode 0600.",
            )
        return self.site.environ[self.origin.env], name

    def _from_file(self, path: Path) -> tuple[str, str]:
        path = self.site.directory / path
        try:
            if path.stat().st_mode & _OTHERS:
                raise AuthFailed(f"the secret {path} can be read by others than its owner", f"chmod 600 {path}")
            return path.read_text(encoding="utf-8").rstrip("\r\n"), str(path)
        except UnicodeDecodeError:
            raise AuthFailed(f"the secret {path} is no text", "A secret is one line of UTF-8 text.") from None
        except OSError as error:
            raise AuthFailed(f"the secret {path}: {error.strerror}", "Put it there, with mode 0600.") from error


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """The text with every secret in it masked, whole or without its first word (``Bearer``)."""
    forms = {form for secret in secrets for form in (secret.reveal(), secret.reveal().partition(" ")[2].strip())}
    for form in sorted(filter(None, forms), key=len, reverse=True):
        text = text.replace(form, MASK)
    return text
