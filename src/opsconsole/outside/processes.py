"""Running a program: no shell, a deadline, a bounded output, and nothing left running when time is up.

Always true here: the program leads a process group of its own; at the deadline the whole group is asked to end, then
killed; output beyond the cap is read and dropped, so a chatty program neither blocks nor fills the memory.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from opsconsole.outside.secrets import Secret, masked

LONGEST_OUTPUT = 1_000_000
"""Bytes kept of each of stdout and stderr."""
_GRACE_S = 1.0
"""Between asking a group to end and killing it."""
_LONGEST_QUOTE = 200


@dataclass(frozen=True)
class Finished:
    """A program that ended, or was ended."""

    code: int | None
    """Exit code; below 0 the signal that ended it; None when the deadline did."""
    output: bytes
    complaint: bytes
    """Its stderr."""

    def told(self, secrets: Sequence[Secret] = ()) -> str:
        """How it ended and the last line that it said, secrets masked."""
        lines = (self.complaint if self.complaint.strip() else self.output).decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in last).split())
        words = masked(line, secrets)
        if len(words) > _LONGEST_QUOTE:
            words = f"{words[:_LONGEST_QUOTE]}…"
        return ": ".join(filter(None, (self._ending(), words)))

    def _ending(self) -> str:
        if self.code is None:
            return "ended at its deadline"
        return f"exit {self.code}" if self.code >= 0 else f"ended by {signal.Signals(-self.code).name}"


def run(
    argv: Sequence[str], *, timeout_s: float, environment: Mapping[str, str], directory: Path, given: bytes = b""
) -> Finished:
    """Run a program to its end or to its deadline; ``given`` is what it finds on its stdin.

    Raises OSError when it cannot be started.
    """
    # In memory and not in a pipe, so that a program that does not read it keeps nobody waiting.
    with os.fdopen(os.memfd_create("stdin"), "w+b") as stdin:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(  # noqa: S603 - the words of the configuration, and no shell reads them
            argv,
            cwd=directory,
            env=dict(environment),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    if process.stdout is None or process.stderr is None:
        raise AssertionError("both were asked to be pipes")
    # A program that ends may leave a child that keeps its pipes open: what counts is the end of the program itself.
    ended = os.pidfd_open(process.pid)
    try:
        with process.stdout, process.stderr, selectors.DefaultSelector() as selector:
            kept = {process.stdout: bytearray(), process.stderr: bytearray()}
            for pipe in kept:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, kept[pipe])
            selector.register(ended, selectors.EVENT_READ)
            is_late = not _listen(selector, time.monotonic() + timeout_s)
            if is_late:
                _end(process.pid, ended)
            for pipe, buffer in kept.items():
                _drain(pipe, buffer)
            code = process.wait()
            return Finished(None if is_late else code, *(bytes(buffer) for buffer in kept.values()))
    finally:
        os.close(ended)


def _listen(selector: selectors.BaseSelector, deadline: float) -> bool:
    """Read until the program ends; False when the deadline came first."""
    while (left := deadline - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            if key.data is None:
                return True
            if not _drain(key.fileobj, key.data):  # type: ignore[arg-type]
                selector.unregister(key.fileobj)
    return False


def _drain(pipe: IO[bytes], buffer: bytearray) -> bool:
    """Take what is there; False when there will be no more."""
    while True:
        try:
            chunk = os.read(pipe.fileno(), 65_536)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        buffer += chunk[: LONGEST_OUTPUT - len(buffer)]


def _end(group: int, ended: int) -> None:
    """The leader is collected only afterwards, so that its number, which is the group's, cannot be given away."""
    os.killpg(group, signal.SIGTERM)
    with selectors.DefaultSelector() as selector:
        selector.register(ended, selectors.EVENT_READ)
        selector.select(_GRACE_S)
    os.killpg(group, signal.SIGKILL)


def minimal_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What every program needs, of the daemon's environment, and nothing that could be a secret."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8"} | {
        name: environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in environ
    }
