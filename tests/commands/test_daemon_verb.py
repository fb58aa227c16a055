"""One daemon owns a home, for its owner alone; starting and stopping it twice is no accident."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path

from commandline import PROGRAM, opsconsole

from opsconsole import wire
from strays import processes_of


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_daemon_starts_once_answers_and_stops_once(home: Path) -> None:
    assert opsconsole("daemon", "start", "--home", home).out == f"the daemon answers on {home}/opsconsole.sock\n"
    first = opsconsole("daemon", "status", "--json", "--home", home).decoded(wire.Health)
    assert opsconsole("daemon", "start", "--home", home).code == 0
    again = opsconsole("daemon", "status", "--json", "--home", home).decoded(wire.Health)
    assert (again.pid, again.home) == (first.pid, str(home))
    assert f"pid {first.pid}" in opsconsole("daemon", "status", "--home", home).out
    stopped = opsconsole("daemon", "stop", "--home", home)
    assert (stopped.code, stopped.out) == (0, "stopped\n")
    assert processes_of(home) == {}
    once_more = opsconsole("daemon", "stop", "--home", home)
    assert (once_more.code, once_more.out) == (0, f"no daemon runs on {home}\n")
    assert opsconsole("daemon", "start", "--home", home).code == 0


def test_home_and_socket_are_for_their_owner_alone_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        home.mkdir(mode=0o777)
        assert opsconsole("daemon", "start", "--home", home).code == 0
    finally:
        os.umask(before)
    assert mode(home) == 0o700
    assert [mode(home / name) for name in ("opsconsole.sock", "hash.key", "daemon.log")] == [0o600] * 3


def test_second_daemon_on_a_home_is_refused_and_the_first_goes_on(home: Path) -> None:
    opsconsole("daemon", "start", "--home", home)
    first = opsconsole("daemon", "status", "--json", "--home", home).decoded(wire.Health)
    second = subprocess.run(
        [*PROGRAM, "daemon", "run", "--home", home], capture_output=True, text=True, check=False, timeout=30
    )
    assert second.returncode == 5
    assert f"a daemon runs on {home} already" in second.stderr
    assert opsconsole("daemon", "status", "--json", "--home", home).decoded(wire.Health).pid == first.pid


def test_status_of_no_daemon_starts_none_and_says_how_to(room: Path) -> None:
    nowhere = room / "nowhere"
    asked = subprocess.run(
        [*PROGRAM, "daemon", "status", "--home", nowhere], capture_output=True, text=True, check=False
    )
    assert (asked.returncode, asked.stdout) == (5, "")
    assert "opsconsole daemon start" in asked.stderr
    assert not nowhere.exists()


def test_socket_of_a_killed_daemon_keeps_nobody_from_starting(home: Path) -> None:
    opsconsole("daemon", "start", "--home", home)
    killed = opsconsole("daemon", "status", "--json", "--home", home).decoded(wire.Health).pid
    os.kill(killed, signal.SIGKILL)
    os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    assert (home / "opsconsole.sock").exists()
    assert opsconsole("daemon", "start", "--home", home).code == 0
    assert opsconsole("daemon", "status", "--json", "--home", home).decoded(wire.Health).pid != killed
