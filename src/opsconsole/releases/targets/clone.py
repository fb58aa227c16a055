"""A clone of a git repository, its remote, and the few things that a registry of tags asks of them.

Always true here: what is read is what the remote has, kept under ``refs/opsconsole`` and never mixed with the clone's
own tags, because a tag that lost a race stays in a clone and says the wrong thing there; a tag is made as an object,
pushed by its name alone, and gets its ref in the clone only after the remote has taken it. Git never asks anybody
anything (no terminal, no pass phrase dialogue), and each call has a deadline after which its processes are ended.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Rejected,
    TargetError,
    Unreachable,
)
from opsconsole.releases.targets.gto import Tag

_KEPT = "refs/opsconsole/tags/"
_FIELDS = "%00".join(
    ("%(refname)", "%(objecttype)", "%(*objectname)", "%(taggerdate:unix)", "%(taggername)", "%(contents:subject)")
)
_CREDENTIALS = "Give the daemon's user the credentials: a key without a pass phrase, or a credential helper."
_MEANINGS: tuple[tuple[re.Pattern[str], type[TargetError], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, remedy)
    for pattern, kind, remedy in (
        (r"authentication failed|could not read (username|password)|permission denied|error: 40[13]\b",
         AuthFailed, _CREDENTIALS),
        (r"unable to access.*error: (423|429|503)\b", Busy, "It takes no calls for now: wait."),
        (r"does not appear to be a git repository|repository .*not (found|exported)|no such remote|"
         r"not a git repository|cannot change to", Rejected, "Correct `clone` or `remote`."),
        (r"could not resolve host|connection refused|failed to connect|unable to connect|no route to host|"
         r"network is unreachable|unable to access", Unreachable, "Check the remote's address and the network."),
    )
)  # fmt: skip
"""What git's words mean, the first that fits: it has no other way to say it than its one exit code."""


@dataclass(frozen=True)
class Pushed:
    """What the remote said about one tag."""

    is_taken: bool
    told: str


@cache
def _lock(directory: Path) -> threading.Lock:
    """Two fetches into one clone at once fail at each other's refs."""
    return threading.Lock()


class Clone:
    """One clone and one of its remotes. Safe to use from several threads."""

    def __init__(self, directory: Path, remote: str, timeout_s: float, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._remote = remote
        self._timeout_s = timeout_s
        self._environ = {
            **environ,
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "SSH_ASKPASS": "true",
            "GIT_SSH_COMMAND": environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        }

    def tags(self, artifact: str) -> list[Tag]:
        """The remote's annotated tags of an artifact. Raises Unreachable, AuthFailed or Rejected."""
        specs = [f"+refs/tags/{artifact}{mark}*:{_KEPT}{artifact}{mark}*" for mark in "@#"]
        with _lock(self._directory.resolve()):
            self._read("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--prune", self._remote, *specs)
            listed = self._read("for-each-ref", f"--format={_FIELDS}", f"{_KEPT}{artifact}@*", f"{_KEPT}{artifact}#**")
        tags = []
        for line in listed.splitlines():
            name, kind, commit, at, tagger, subject = line.split("\0")
            if kind == "tag":
                tags.append(Tag(name.removeprefix(_KEPT), commit, int(at), tagger, subject))
        return tags

    def push(self, name: str, text: str) -> Pushed:
        """Make the annotated tag that this text describes and push it, alone, unless the remote has one of the name.

        Raises Unreachable, AuthFailed, Busy or Rejected when nothing was sent, Indeterminate when nobody can say.
        """
        made = self._read("mktag", given=text).strip()
        ref = f"refs/tags/{name}"
        process = self._run("push", "--porcelain", self._remote, f"{made}:{ref}", given="")
        verdict = next((line.split("\t") for line in process.stdout.splitlines() if f":{ref}\t" in line), None)
        if verdict is None:
            raise self._failure("push", process.stderr, is_read=False)
        is_taken = verdict[0].strip() in ("*", "=")
        self._adopt(ref, is_taken=is_taken, made=made)
        return Pushed(is_taken, " ".join([verdict[-1], *_own_words(process.stderr, "remote:")]))

    def _adopt(self, ref: str, *, is_taken: bool, made: str) -> None:
        """Let the clone's own tag of this name be the remote's, for whoever looks in the clone with other tools.

        A losing tag that another tool left there goes with it. The remote's refusal is what counts: that there is no
        such tag to fetch is no error.
        """
        if is_taken:
            self._read("update-ref", ref, made)
            return
        with suppress(TargetError):
            self._read("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._remote, f"+{ref}:{ref}")

    def _read(self, *words: str, given: str = "") -> str:
        process = self._run(*words, given=given)
        if process.returncode:
            raise self._failure(words[0], process.stderr, is_read=True)
        return process.stdout

    def _run(self, *words: str, given: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self._directory), *words]
        try:
            process = subprocess.Popen(  # noqa: S603 - the words are ours, and no shell reads them
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=self._environ,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable(f"git cannot be run: {error.strerror}", "Install git.") from error
        with process:
            try:
                stdout, stderr = process.communicate(given, timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # git's helpers hold the pipes open: they go, too
                process.communicate()
                words_said = f"git {words[0]} with {self._remote}: no answer within {self._timeout_s:g} s"
                if words[0] == "push":
                    raise Indeterminate(words_said, "It may have been taken: read back.") from None
                raise Unreachable(words_said, "Check the remote and the network.") from None
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def _failure(self, verb: str, stderr: str, *, is_read: bool) -> TargetError:
        said = " ".join(stderr.split()) or "git failed and said nothing"
        told = f"git {verb} with {self._remote}: {said[:300]}"
        for pattern, kind, remedy in _MEANINGS:
            if pattern.search(said):
                return (Unreachable if is_read and kind is Busy else kind)(told, remedy)
        if is_read:
            return Unreachable(told, "Try again; the same command shows more.")
        return Indeterminate(told, "It may have been taken: read back.")


def _own_words(stderr: str, prefix: str) -> list[str]:
    """What a hook of the remote said."""
    return [line.removeprefix(prefix).strip() for line in stderr.splitlines() if line.startswith(prefix)]
