"""What a test of real processes must not leave behind: a daemon, a fleet or a home.

Always true here: every home and every temporary file of a test session lies under one short root in /tmp (Unix sockets
take 107 bytes), so that whatever still runs there when the session ends is a stray.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

GONE_WITHIN_S = 10.0
"""A process that was told to end still needs a moment."""


@contextmanager
def room_for_processes() -> Iterator[Path]:
    """A root for homes, logs and temporary files; at its end nothing may run or remain in it but what a test wrote."""
    root = Path(tempfile.mkdtemp(prefix="oct-", dir="/tmp"))
    temporary = root / "tmp"
    temporary.mkdir()
    patch = pytest.MonkeyPatch()
    patch.setenv("TMPDIR", str(temporary))
    patch.setattr(tempfile, "tempdir", str(temporary))
    patch.setenv("OPSCONSOLE_HOME", str(root / "default"))
    patch.setenv("XDG_STATE_HOME", str(root / "state"))
    try:
        yield root
        deadline = time.monotonic() + GONE_WITHIN_S
        while (running := processes_of(root)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert running == {}, "tests left processes behind"
        assert sorted(path.name for path in temporary.iterdir()) == [], "tests left temporary homes behind"
    finally:
        patch.undo()
        shutil.rmtree(root)


def processes_of(root: Path) -> dict[int, str]:
    """pid → command line of every process that names something under the root; a terminal around one does not count."""
    found, named = {}, re.compile(re.escape(str(root)) + r"(?![\w.-])")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        if named.search(command) and not command.startswith("tmux "):
            found[int(entry.name)] = command
    return found
