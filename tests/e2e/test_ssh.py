"""The real program through a real sshd, in tmux: what an engineer sees over a connection that may drop."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from terminal import Screen, Tmux, until
from test_terminal import PROGRAM, stopped_afterwards, write_log

from strays import processes_of

pytestmark = pytest.mark.e2e

GONE_WITHIN_S = 2.0
"""A console promises one second; a busy machine may take another to show it."""


def ssh(port: int, key: Path) -> list[str]:
    """With a terminal on the other side, and without this machine's configuration."""
    options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
    words = ["ssh", "-tt", "-F", "/dev/null", "-p", str(port), "-i", str(key)]
    return [*words, *(word for option in options for word in ("-o", option))]


@dataclass(frozen=True)
class Sshd:
    """A server on loopback that lets this user in with one key."""

    port: int
    key: Path

    def command(self, *words: str | Path, **environment: str) -> list[str]:
        """How a person would type it: a terminal on the other side, and nothing of this machine's configuration."""
        names = ("TMPDIR", "OPSCONSOLE_HOME", "XDG_STATE_HOME", "PYTHONPATH")
        passed = {name: os.environ[name] for name in names if name in os.environ}
        remote = ["env", *(f"{name}={value}" for name, value in {**passed, "LANG": "C.UTF-8", **environment}.items())]
        return [*ssh(self.port, self.key), "127.0.0.1", *remote, *map(str, words)]


def sshd_program() -> str:
    """Skips, or in CI fails, where there is none."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None or shutil.which("ssh") is None:
        if os.environ.get("CI"):
            pytest.fail("sshd must be there in CI: apt-get install openssh-server")
        pytest.skip("needs sshd: apt-get install openssh-server")
    return program


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


@contextmanager
def serving_ssh(directory: Path, users: str) -> Iterator[int]:
    """A server on loopback that lets in each of these accounts with the key ``ACCOUNT`` of the directory; its port."""
    program = sshd_program()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it separates its privileges
    make_key(directory / "host-key")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (directory / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {directory}/host-key\nPidFile none\n"
        f"AuthorizedKeysFile {directory}/%u.pub\nAllowUsers {users}\n"
        "UsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n"
        "ExposeAuthInfo yes\n"
    )
    log = (directory / "log").open("wb")
    with log, subprocess.Popen([program, "-D", "-e", "-f", directory / "config"], stderr=log) as server:
        try:
            until(lambda: _listens(port) or server.poll() is not None, lambda: (directory / "log").read_text())
            assert server.poll() is None, (directory / "log").read_text()
            yield port
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def sshd(room: Path) -> Iterator[Sshd]:
    sshd_program()
    directory = Path(tempfile.mkdtemp(prefix="ssh-", dir=room))  # one for each module that has a server
    user = getpass.getuser()
    make_key(directory / user)
    with serving_ssh(directory, user) as port:
        yield Sshd(port, directory / user)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def log(room: Path) -> Path:
    return write_log(room / "remote.jsonl", 600, step_s=1.0)


@pytest.fixture(scope="module")
def home(room: Path) -> Iterator[Path]:
    with stopped_afterwards(room / "remote") as home:
        yield home


def consoles_of(home: Path) -> list[int]:
    """The console's own process, on the other side of the connection."""
    return [
        pid for pid, line in processes_of(home).items() if line.startswith(f"{sys.executable} ") and "watch" in line
    ]


def clients_of(sshd: Sshd) -> list[int]:
    return [pid for pid, line in processes_of(sshd.key.parent).items() if line.startswith("ssh ")]


def opened(tmux: Tmux, sshd: Sshd, log: Path, home: Path, **environment: str) -> Screen:
    screen = tmux.open("ssh", *sshd.command(*PROGRAM, "watch", log, "--home", home, **environment))
    screen.until("(60 of 600)")
    return screen


def test_the_console_over_ssh_answers_keys_and_gives_the_terminal_back(
    sshd: Sshd, log: Path, home: Path, tmux: Tmux
) -> None:
    screen = opened(tmux, sshd, log, home)
    assert len(screen.lines) == 24
    screen.press("Enter")
    screen.until("1 latency", "n 600")
    screen.press("?")
    screen.until("Enter run", "what works here")
    screen.press("Escape")
    screen.until("2 traffic", without="Enter run")
    screen.press("q")
    screen.until("(60 of 600)")
    screen.press("q")
    screen.until("[left with 0]")
    time.sleep(0.3)  # an answer of the terminal that nobody read would be typed by now
    assert screen.flags("alternate_on", "cursor_flag") == ["0", "1"]
    assert screen.text.strip().splitlines()[-1] == "[left with 0]"


def test_a_connection_that_drops_takes_its_console_with_it_and_leaves_the_daemon(
    sshd: Sshd, log: Path, home: Path, tmux: Tmux
) -> None:
    screen = opened(tmux, sshd, log, home)
    assert len(consoles_of(home)) == 1
    (client,) = clients_of(sshd)
    os.kill(client, signal.SIGKILL)
    dropped = time.monotonic()
    until(lambda: not consoles_of(home), lambda: str(processes_of(home)))
    assert time.monotonic() - dropped < GONE_WITHIN_S
    screen.until("[left with")
    screen.kill()
    again = opened(tmux, sshd, log, home)
    again.press("q")
    again.until("[left with 0]")


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "linux"}, {"NO_COLOR": "1"}, {"LC_ALL": "C", "LANG": "C"}, {"TERM": "xterm"}],
    ids=["linux console", "no colour", "ascii", "sixteen colours"],
)
def test_any_terminal_shows_the_same_states(
    environment: dict[str, str], sshd: Sshd, log: Path, home: Path, tmux: Tmux
) -> None:
    screen = opened(tmux, sshd, log, home, **environment)
    text = screen.until("FAIL", "chat", "10.0%")
    is_ascii = environment.get("TERM") == "linux" or "LC_ALL" in environment
    assert text.isascii() == is_ascii
    screen.press("Enter")
    screen.until("1 latency", "n 600")
    screen.press("q")
    screen.until("(60 of 600)")
    screen.press("q")
    screen.until("[left with 0]")


def test_a_console_whose_connection_stalls_is_right_again_once_it_moves(
    sshd: Sshd, log: Path, home: Path, tmux: Tmux
) -> None:
    screen = opened(tmux, sshd, log, home)
    (client,) = clients_of(sshd)
    os.kill(client, signal.SIGSTOP)
    screen.press("Enter")
    time.sleep(1.0)
    os.kill(client, signal.SIGCONT)
    screen.until("1 latency", "n 600")
    screen.press("q")
    screen.until("(60 of 600)")
    screen.press("q")
    screen.until("[left with 0]")


def test_the_key_that_sshd_let_in_names_the_person_in_the_journal(sshd: Sshd, log: Path, room: Path) -> None:
    """What the accounts that several people share are told apart by."""
    listed = subprocess.run(["ssh-keygen", "-lf", sshd.key], capture_output=True, text=True, check=True)
    fingerprint = listed.stdout.split()[1]
    with stopped_afterwards(room / "keyed") as home:
        home.mkdir(mode=0o700)
        (home / "opsconsole.yaml").write_text(f"access:\n  keys:\n    {fingerprint}: ann\n")
        for words in (("ingest", log), ("audit", "show", "--kind", "sources.attached")):
            command = sshd.command(*PROGRAM, *words, "--home", home)
            done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert f"{getpass.getuser()} (ann, {fingerprint[:18]}…)  sources.attached" in done.stdout
