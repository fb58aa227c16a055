"""Where one instance lives: every path of it is named here, and nowhere else.

An instance is a directory of mode 0700, and who may enter it may talk to the daemon, whose socket is in it; or of mode
0710, where a Unix group may connect to the socket and see nothing else.
"""

from __future__ import annotations

import grp
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from opsconsole.errors import ConfigError, UsageError

_PRIVATE, _SHARED = 0o700, 0o710
_SOCKET_SHARED = 0o660
_OTHERS = 0o077
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
        """What a person's console remembers of this home; of somebody else's, in a place of their own."""
        plain = "".join(character if character.isalnum() else "_" for character in user)
        if self.owner_uid in (None, os.geteuid()):
            return self.directory / "console" / f"{plain}.json"
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        return _state_directory() / "opsconsole-visits" / digest / f"{plain}.json"

    @property
    def owner_uid(self) -> int | None:
        """The account that the home belongs to; None where there is no home yet."""
        try:
            return self.directory.stat().st_uid
        except FileNotFoundError:
            return None

    @property
    def checklists(self) -> Path:
        """Checklists of one's own: they go before the library's."""
        return self.directory / "checklists"

    @property
    def config(self) -> Path:
        return self.directory / "opsconsole.yaml"

    def create(self) -> None:
        """Make the directory (mode 0700), or take one that is empty or a home already.

        Raises UsageError when it holds something else, which must not be locked away from others, when it is somebody
        else's, or when the socket's path would be longer than the kernel takes.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_LIMIT:
            raise UsageError(
                f"{self.socket} is too long for a Unix socket ({SOCKET_PATH_LIMIT} bytes at most)",
                "Choose a shorter directory with --home or OPSCONSOLE_HOME.",
            )
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.directory.stat()
        if found.st_uid != os.geteuid() and os.geteuid() != 0:
            raise UsageError(
                f"{self.directory} is the home of another account ({found.st_uid}), which alone can start its daemon",
                "Ask for its daemon to be started, and for `access.group` to name a group of yours; or use --home.",
            )
        is_private = stat.S_IMODE(found.st_mode) in (_PRIVATE, _SHARED)
        is_ours = any(mark.exists() for mark in (self.config, self.store, self.journal))
        if not is_private and not is_ours and any(self.directory.iterdir()):
            raise UsageError(
                f"{self.directory} holds other things and is no home of opsconsole",
                "Choose an empty or a new directory with --home or OPSCONSOLE_HOME.",
            )
        if not is_private:
            self.directory.chmod(_PRIVATE)

    def open_to(self, group: str) -> None:
        """Let the members of this Unix group reach the socket, or, without a name, nobody.

        What else is in the home is closed to them. Raises ConfigError when there is no such group, or the account that
        runs this is not in it.
        """
        if not group:
            self.directory.chmod(_PRIVATE)
            return
        for path in self.directory.iterdir():
            if path != self.config and not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
        _hand_to(group, self.directory, _SHARED)

    def open_socket_to(self, group: str) -> None:
        """The same for the socket, once it is there."""
        if group:
            _hand_to(group, self.socket, _SOCKET_SHARED)


def _hand_to(group: str, path: Path, mode: int) -> None:
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
        path.chmod(mode)
    except KeyError as error:
        raise ConfigError(f"access.group: there is no Unix group {group!r}", "`getent group` lists them.") from error
    except OSError as error:
        raise ConfigError(
            f"access.group: {path} cannot be given to the group {group!r} ({error.strerror})",
            "The account that the daemon runs as has to be a member of it.",
        ) from error


def default_home() -> Home:
    """``$OPSCONSOLE_HOME``, else ``$XDG_STATE_HOME/opsconsole``, else ``~/.local/state/opsconsole``."""
    if named := os.environ.get("OPSCONSOLE_HOME"):
        return Home(Path(named).expanduser().absolute())
    return Home(_state_directory() / "opsconsole")


def _state_directory() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser().absolute()


def watch_home(paths: Iterable[str]) -> Home:
    """An instance of its own for a look at these paths, so that they never mix with the fleet's records."""
    resolved = sorted(str(Path(path).expanduser().absolute()) for path in paths)
    digest = hashlib.sha256("\0".join(resolved).encode()).hexdigest()[:12]
    return Home(default_home().directory / "watch" / digest)
