"""Unix accounts for the length of a test, each with a key that sshd lets in.

Always true here: an account has no password and a home below the test's own room; it is gone afterwards, and its
processes with it; where accounts cannot be made, or could not run the program, the test is skipped with the reason.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from terminal import until
from test_ssh import make_key, serving_ssh, ssh, sshd_program

import opsconsole

SHELL = "/bin/sh"


@dataclass(frozen=True)
class Account:
    """Somebody who may log in."""

    name: str
    port: int
    key: Path
    path: str
    """Where their shell finds programs."""

    @property
    def login(self) -> list[str]:
        """How they come in, with a terminal."""
        return [*ssh(self.port, self.key), f"{self.name}@127.0.0.1", "env", f"PATH={self.path}", "LANG=C.UTF-8"]

    def attempt(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """A command of theirs, over a connection of its own."""
        whole = [*self.login, shlex.join(map(str, words))]
        return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=100, stdin=subprocess.DEVNULL)

    def write(self, path: Path, text: str) -> None:
        """A file of theirs."""
        path.write_text(text, encoding="utf-8")
        shutil.chown(path, self.name)

    def run(self, *words: str | Path) -> str:
        """Its stdout, which on a terminal is its stderr as well."""
        done = self.attempt(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def accounts(room: Path, group: str, names: Sequence[str], home: Path) -> Iterator[dict[str, Account]]:
    """These accounts in this group, and ``opsconsole`` on their path with this home."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes accounts of its own")
    if shutil.which("useradd") is None:
        pytest.skip("needs useradd and groupadd: apt-get install passwd")
    sshd_program()
    mode = room.stat().st_mode
    keys, homes, programs = (room / each for each in ("keys", "people", "programs"))
    with ExitStack() as undoing:
        undoing.callback(room.chmod, mode)
        for each in (room, keys, homes, programs):
            each.mkdir(exist_ok=True)
            each.chmod(0o711)
        for each in (keys, homes, programs):
            undoing.callback(shutil.rmtree, each)
        subprocess.run(["groupadd", group], check=True)
        undoing.callback(subprocess.run, ["groupdel", group], check=True)
        for name in names:
            words = ["useradd", "-m", "-d", homes / name, "-s", SHELL, "-p", "*", "-G", group, "-N", name]
            subprocess.run(words, check=True, capture_output=True)
            undoing.callback(_remove, name)
            (homes / name).chmod(0o711)
            make_key(keys / name)
            (keys / f"{name}.pub").chmod(0o644)
        _install(programs / "opsconsole", home)
        _require_program(programs / "opsconsole", names[0])
        path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
        with serving_ssh(keys, " ".join(names)) as port:
            yield {name: Account(name, port, keys / name, path) for name in names}


def _remove(name: str) -> None:
    """Whatever of theirs runs on by then is a stray, and ends with the account."""
    uid = pwd.getpwnam(name).pw_uid
    try:
        until(lambda: not _processes(uid), lambda: f"still there: {_processes(uid)}")
    finally:
        subprocess.run(["pkill", "-KILL", "-U", str(uid)], check=False)
        subprocess.run(["userdel", "-f", name], check=True, capture_output=True)


def _processes(uid: int) -> list[str]:
    found = subprocess.run(["ps", "-o", "args=", "-U", str(uid)], capture_output=True, text=True, check=False)
    return found.stdout.splitlines()


def _install(path: Path, home: Path) -> None:
    """A program like the real one, run by a Python that everybody can reach."""
    python = sys.executable
    if not _is_open(Path(python).resolve()):
        python = (
            shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin")
            or ""
        )
    if not python:
        pytest.skip(f"needs a Python that other accounts can run: {sys.executable} is closed to them")
    packages = [Path(opsconsole.__file__).parents[1], sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    path.write_text(
        f"#!{SHELL}\nexec env OPSCONSOLE_HOME={home} PYTHONPATH={':'.join(dict.fromkeys(map(str, packages)))} "
        f'TMPDIR="$HOME" {python} -m opsconsole.cli "$@"\n'
    )
    path.chmod(0o755)


def _is_open(path: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def _require_program(program: Path, name: str) -> None:
    done = subprocess.run(
        [program, "--version"], user=name, group="nogroup", capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"other accounts cannot run the program: {done.stderr.strip()[-300:]}")
