"""A home that a Unix group may connect to: the socket and nothing else is theirs, and the daemon tells them apart."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import Outcome, lines, opsconsole, served, written

from opsconsole.errors import ConfigError, UsageError
from opsconsole.home import Home

NOBODY = 65534
STRANGER = 4711

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")

AS_ANOTHER = """
import os, sys
from opsconsole.cli import main, parser
import httpx, opsconsole.commands.reading, opsconsole.journal.exports, opsconsole.config.load, opsconsole.console.memory
import encodings.idna, yaml
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def shared(room: Path) -> Iterator[Path]:
    """A home with a short name, in a place that every account may enter."""
    directory = Path(tempfile.mkdtemp(prefix="ocs-", dir="/tmp"))
    directory.chmod(0o711)
    home = directory / "h"
    home.mkdir(mode=0o700)
    try:
        yield home
    finally:
        assert opsconsole("daemon", "stop", "--home", home).code == 0
        shutil.rmtree(directory)


def configured(home: Path, access: str) -> None:
    written(home / "opsconsole.yaml", f"environment: prod\naccess: {access}\n".encode())


def as_account(uid: int, *words: str | Path) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, str(uid), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": "/nonexistent"},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@as_root
def test_members_of_the_group_reach_the_socket_and_no_file(shared: Path) -> None:
    configured(shared, "{group: nogroup, operators: ['@nogroup']}")
    before = os.umask(0)
    try:
        assert opsconsole("ingest", written(shared / "a.jsonl", lines(served(30))), "--home", shared).code == 0
    finally:
        os.umask(before)
    sock = shared / "opsconsole.sock"
    assert (mode(shared), mode(sock)) == (0o710, 0o660)
    assert {shared.stat().st_gid, sock.stat().st_gid} == {NOBODY}
    others = {path.name: oct(mode(path)) for path in shared.iterdir() if path not in (sock, shared / "opsconsole.yaml")}
    assert {name: found for name, found in others.items() if int(found, 8) & 0o077} == {}
    assert opsconsole("doctor", "--home", shared).code == 0

    assert "chat" in as_account(NOBODY, "status", "--home", shared).out
    pinned = as_account(NOBODY, "baseline", "set", "chat", "--version", "v1", "--home", shared)
    assert pinned.code == 0, pinned.err
    (event,) = json.loads(opsconsole("audit", "show", "--kind", "baseline.set", "--json", "--home", shared).out)
    assert event["actor"] == "nobody"

    stopped = as_account(NOBODY, "daemon", "stop", "--home", shared)
    assert stopped.code == 6
    assert "nobody may not stop the daemon: `access.admins`" in stopped.err
    for action in ("verify", "show", "export"):
        seen = as_account(NOBODY, "audit", action, "--home", shared)
        assert (seen.code, seen.out) == (2, ""), seen.err
        assert "is for the home's owner alone" in seen.err


@as_root
def test_an_account_outside_the_group_reaches_nothing_and_starts_nothing(shared: Path) -> None:
    configured(shared, "{group: nogroup}")
    assert opsconsole("daemon", "start", "--home", shared).code == 0
    outcome = as_account(STRANGER, "status", "--home", shared)
    assert (outcome.code, outcome.out) == (2, "")
    assert "is the home of another account" in outcome.err
    assert "access.group" in outcome.err


@as_root
def test_a_member_who_may_not_look_is_told_so_by_the_daemon(shared: Path) -> None:
    configured(shared, "{group: nogroup, viewers: [ann]}")
    assert opsconsole("daemon", "start", "--home", shared).code == 0
    outcome = as_account(NOBODY, "status", "--home", shared)
    assert (outcome.code, outcome.out) == (6, "")
    assert "nobody may not look: `access.viewers`" in outcome.err


@as_root
def test_a_home_that_is_no_longer_shared_is_closed_again(shared: Path) -> None:
    configured(shared, "{group: nogroup}")
    assert opsconsole("daemon", "start", "--home", shared).code == 0
    assert opsconsole("daemon", "stop", "--home", shared).code == 0
    configured(shared, "{}")
    assert opsconsole("daemon", "start", "--home", shared).code == 0
    assert (mode(shared), mode(shared / "opsconsole.sock")) == (0o700, 0o600)


def test_a_group_that_there_is_not_is_a_configuration_error(home: Path) -> None:
    configured_home = written(home / "opsconsole.yaml", b"access: {group: no-such-group}\n")
    outcome = opsconsole("daemon", "start", "--home", configured_home.parent)
    assert (outcome.code, outcome.out) == (3, "")
    assert "access.group: there is no Unix group 'no-such-group'" in outcome.err


def test_a_group_that_the_account_is_not_in_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, os.strerror(1))

    home = Home(tmp_path / "h")
    home.create()
    monkeypatch.setattr("opsconsole.home.os.chown", refused)
    with pytest.raises(ConfigError, match="Operation not permitted") as found:
        home.open_to("nogroup")
    assert "has to be a member of it" in found.value.remedy
    assert mode(home.directory) == 0o700


def test_a_client_that_comes_while_a_shared_daemon_starts_does_not_close_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    home.create()
    home.directory.chmod(0o710)
    home.create()
    assert mode(home.directory) == 0o710


def test_somebody_elses_home_is_not_taken_over_and_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "h")
    home.create()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert home.console_memory("ann").parent == home.directory / "console"
    monkeypatch.setattr("opsconsole.home.os.geteuid", lambda: 4711)
    with pytest.raises(UsageError, match="is the home of another account"):
        home.create()
    assert tmp_path / "state" in home.console_memory("ann").parents
