"""Where one instance lives: every path of it is named here, and nowhere else.

An instance is a directory of mode 0700. The socket is in it, so who may enter the directory may talk to the daemon.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from opsconsole.errors import UsageError

_PRIVATE = 0o700
SOCKET_PATH_LIMIT = 107
"""Bytes that fit into ``sockaddr_un.sun_path`` on Linux, its closing NUL left out."""


@dataclass(frozen=True)
class Home:
    """The directory of one instance."""

    directory: Path

    @property
    def socket(self) -> Path:
        return self.directory / "opsconsole.sock"

    @property
    def store(self) -> Path:
        return self.directory / "store.duckdb"

    @property
    def journal(self) -> Path:
        return self.directory / "journal"

    @property
    def checkpoints(self) -> Path:
        """How far the journal had come, signed now and then."""
        return self.directory / "journal.checkpoints"

    @property
    def journal_key(self) -> Path:
        """The key that signs checkpoints and exports of the journal; mode 0600, made on first use."""
        return self.directory / "journal.key"

    @property
    def journal_public_key(self) -> Path:
        """What they are checked with; a copy of it belongs where the home's owner cannot write."""
        return self.directory / "journal.pub"

    @property
    def spool(self) -> Path:
        """Chunks on their way into DuckDB: the only folder that its file functions can read."""
        return self.directory / "spool"

    @property
    def lock(self) -> Path:
        return self.directory / "daemon.lock"

    @property
    def daemon_log(self) -> Path:
        return self.directory / "daemon.log"

    @property
    def hash_key(self) -> Path:
        """The key that turns users and API keys into digests; mode 0600, made on first use."""
        return self.directory / "hash.key"

    def console_memory(self, user: str) -> Path:
        """What a person's console remembers from one day to the next."""
        plain = "".join(character if character.isalnum() else "_" for character in user)
        return self.directory / "console" / f"{plain}.json"

    @property
    def config(self) -> Path:
        return self.directory / "opsconsole.yaml"

    def create(self) -> None:
        """Make the directory (mode 0700), or take one that is empty or a home already.

        Raises UsageError when it holds something else, which must not be locked away from others, or when the socket's
        path would be longer than the kernel takes.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_LIMIT:
            raise UsageError(
                f"{self.socket} is too long for a Unix socket ({SOCKET_PATH_LIMIT} bytes at most)",
                "Choose a shorter directory with --home or OPSCONSOLE_HOME.",
            )
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_private = stat.S_IMODE(self.directory.stat().st_mode) == _PRIVATE
        is_ours = any(mark.exists() for mark in (self.config, self.store, self.journal))
        if not is_private and not is_ours and any(self.directory.iterdir()):
            raise UsageError(
                f"{self.directory} holds other things and is no home of opsconsole",
                "Choose an empty or a new directory with --home or OPSCONSOLE_HOME.",
            )
        self.directory.chmod(_PRIVATE)


def default_home() -> Home:
    """``$OPSCONSOLE_HOME``, else ``$XDG_STATE_HOME/opsconsole``, else ``~/.local/state/opsconsole``."""
    if named := os.environ.get("OPSCONSOLE_HOME"):
        return Home(Path(named).expanduser().absolute())
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Home(Path(state).expanduser().absolute() / "opsconsole")


def watch_home(paths: Iterable[str]) -> Home:
    """An instance of its own for a look at these paths, so that they never mix with the fleet's records."""
    resolved = sorted(str(Path(path).expanduser().absolute()) for path in paths)
    digest = hashlib.sha256("\0".join(resolved).encode()).hexdigest()[:12]
    return Home(default_home().directory / "watch" / digest)
