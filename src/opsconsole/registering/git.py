"""What git says of a checkout, by plain git.

Always true here: git is run with words of its own and never through a shell, asks nobody anything, and writes nothing;
an address is told without the password or the token that may stand in it.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from opsconsole.errors import InputError
from opsconsole.provenance.pins import DIRTY

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://|[^/:]+:")
"""``https://host/…``, ``host:path``."""
_USER_INFO = re.compile(r"^(https?://)[^/@]*@")
_PASSWORD = re.compile(r"^([a-z+]+://[^/@:]*):[^/@]*@")

NOT_PUSHED = "is on no branch of its remote: nobody else can check it out"
NO_REMOTE = "has no remote: it is on this machine alone"


@dataclass(frozen=True)
class Checkout:
    """A repository as it is checked out."""

    root: Path
    remote: str
    """Its address without secrets; the path of the repository where it has no remote."""
    commit: str
    changed: tuple[str, ...]
    """Paths with changes that were not committed."""
    tags: tuple[str, ...]
    """That point at the commit."""
    caveat: str
    """Why somebody else could not check it out; empty when somebody could."""

    @property
    def revision(self) -> str:
        """The commit, marked when changes came on top of it."""
        return f"{self.commit}{DIRTY}" if self.changed else self.commit

    def tracked(self, *patterns: str) -> list[str]:
        """Paths that git tracks, relative to the root; all that match one of the patterns of git."""
        listed = _git(self.root, "ls-files", "-z", "--", *patterns)
        return sorted(path for path in listed.split("\0") if path)

    def commit_of(self, tag: str) -> str:
        """The commit that a tag points at; empty when there is no such tag."""
        return _git(self.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}", may_fail=True).strip()


def checkout(directory: Path) -> Checkout:
    """The repository that a directory is in.

    Raises InputError when it is in none, or nothing was ever committed.
    """
    root = Path(_git(directory, "rev-parse", "--show-toplevel").rstrip("\n"))
    commit = _git(root, "rev-parse", "--verify", "HEAD^{commit}").strip()
    remotes = _git(root, "remote").split()
    name = "origin" if "origin" in remotes else next(iter(remotes), "")
    address = _git(root, "remote", "get-url", name).strip() if name else str(root)
    tags = tuple(_git(root, "tag", "--points-at", commit).split())
    is_out = bool(_git(root, "branch", "--remotes", "--contains", commit).strip()) or bool(tags)
    return Checkout(
        root=root,
        remote=without_secrets(_absolute(address, root)),
        commit=commit,
        changed=tuple(_changed(root)),
        tags=tags,
        caveat=NO_REMOTE if not name else "" if is_out else NOT_PUSHED,
    )


def _absolute(address: str, root: Path) -> str:
    """A remote that is a directory, named from the root on: who clones it is elsewhere."""
    is_directory = not _ELSEWHERE.match(address)
    return os.path.normpath(root / address) if is_directory else address


def without_secrets(address: str) -> str:
    """An address without user name and password over HTTP, and without a password elsewhere."""
    return _PASSWORD.sub(r"\1@", _USER_INFO.sub(r"\1", address))


def _changed(root: Path) -> list[str]:
    """Paths that differ from the commit; what is new and not ignored is among them."""
    entries = iter(_git(root, "status", "--porcelain=v1", "-z", "--untracked-files=normal").split("\0"))
    paths = []
    for entry in entries:
        if entry:
            paths.append(entry[3:])
            if entry[0] in "RC":
                next(entries)  # where it came from
    return paths


def _git(directory: Path, *words: str, may_fail: bool = False) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(directory), *words]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and no shell
            command, capture_output=True, stdin=subprocess.DEVNULL, env=environment, check=False
        )
    except FileNotFoundError as error:
        raise InputError("git is not installed here", "Install git, or name the parts by hand.") from error
    if done.returncode and not may_fail:
        words_of_git = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise InputError(f"git in {directory}: {words_of_git}", "Name a directory inside a repository with a commit.")
    return done.stdout.decode(errors="replace")
