"""A release as an engineer does it: keys in a real terminal, also over SSH, and the command line beside it.

``UPDATE_WALKTHROUGH=1`` writes what the screens showed into docs/walkthrough.md.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from terminal import Screen, Tmux, until
from test_ssh import Sshd, sshd
from test_terminal import PROGRAM, command, stopped_afterwards

from opsconsole.demo.launch import start_fleet, stop_fleet
from opsconsole.demo.stage import prepare

__all__ = ["sshd"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "walkthrough.md"
SERVICE = "chat-assist"
NUMBERS = count()
HUMAN_S, READ_S = 0.12, 0.6
"""Between two keys of a hand; before a page that has just appeared is answered."""


class Demo:
    """The demo in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.routing = home / "routing.yaml"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``opsconsole release …``, its stdin no terminal."""
        whole = [*PROGRAM, "release", *words, "--home", str(self.home)]
        return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=90, stdin=subprocess.DEVNULL)

    def line(self, service: str = SERVICE) -> str:
        """What the routing file says of a service."""
        return next(line for line in self.routing.read_text().splitlines() if line.startswith(f"{service}:"))

    def say(self, shares: str, service: str = SERVICE) -> None:
        """Somebody edits the file by hand, in one step."""
        beside = self.home / "routing.new"
        beside.write_text(self.routing.read_text().replace(self.line(service), f"{service}: {{{shares}}}"))
        beside.replace(self.routing)

    @property
    def started(self) -> int:
        """How often anything was begun."""
        shown = command("audit", "show", "--kind", "release.started", "--json", "--home", self.home)
        return len(json.loads(shown))


@pytest.fixture
def demo(room: Path) -> Iterator[Demo]:
    directory = room / f"r{next(NUMBERS)}"
    directory.mkdir(mode=0o700)
    prepare(directory)
    config = directory / "opsconsole.yaml"
    doc_search = "doc-search:\n    baseline: {version: v7}\n    release:\n      target: file\n      options: {"
    assert doc_search in config.read_text()
    config.write_text(config.read_text().replace(doc_search, f"{doc_search}reload: ['false'], "))
    with stopped_afterwards(directory):
        start_fleet(directory, history="10m", rate=4.0)
        try:
            command("daemon", "start", "--home", directory)
            yield Demo(directory)
        finally:
            stop_fleet(directory)


def open_fleet(tmux: Tmux, name: str, *words: str | Path) -> Screen:
    """A console on the fleet, the cursor on the service."""
    screen = tmux.open(name, *words)
    until(lambda: any(line.startswith("›") and SERVICE in line for line in screen.lines), lambda: screen.text)
    return screen


def typed(screen: Screen, text: str) -> None:
    for character in text:
        screen.press(character)
        time.sleep(HUMAN_S)


def to_the_release_view(screen: Screen) -> None:
    """Once the outcome was there long enough to be seen."""
    time.sleep(READ_S)
    screen.press("Enter")
    screen.until("4 watch")


def back_to_the_fleet(screen: Screen) -> None:
    """From whatever a burst has opened, a plan that came late included; the cursor on the service."""

    def is_there() -> bool:
        screen.press("Escape")
        time.sleep(READ_S)
        screen.press("g")
        lines = screen.lines
        return lines[1].startswith(" state     service") and lines[2].startswith("›") and SERVICE in lines[2]

    until(lambda: is_there() and is_there(), lambda: screen.text)


# In the console -------------------------------------------------------------------------------------------------------


def test_three_keys_from_the_fleet_take_a_version_back_and_the_panels_show_it(demo: Demo, tmux: Tmux) -> None:
    shown: dict[str, str] = {}
    screen = open_fleet(tmux, "fleet", *PROGRAM, "--home", demo.home)
    until(lambda: "lagging" not in screen.text and is_fresh(screen), lambda: screen.text)
    shown["fleet"] = screen.text
    screen.press("b")
    screen.until("type ca to roll back to v41")
    shown["plan"] = screen.text
    assert "v41: 90, v42: 10" in demo.line(), "a plan changes nothing"
    typed(screen, "ca")
    screen.until("done", "read back")
    shown["outcome"] = screen.text
    assert "v41: 100, v42: 0" in demo.line()
    to_the_release_view(screen)
    screen.until("effective")
    shown["effective"] = screen.text
    screen.press("q")
    screen.until("state     service")
    screen.press("q")
    screen.until("[left with 0]")
    written(shown, demo.home)
    assert demo.started == 1
    assert "each following the one before it" in command("audit", "verify", "--home", demo.home)


def is_fresh(screen: Screen) -> bool:
    """Is the history read, and the service judged?"""
    return all(line.split()[-1] == "now" for line in screen.lines[2:5]) and "warn" in screen.lines[2]


def written(shown: dict[str, str], home: Path) -> None:
    """The page shows these very steps; its screens are written anew when that is asked for."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(r"(?<=<!-- screen: )(\w+)( -->\n```text\n)(.*?)(?=```\n)", re.S)
    assert [found[1] for found in pattern.finditer(page)] == list(shown)
    if os.environ.get("UPDATE_WALKTHROUGH"):
        page = pattern.sub(lambda found: found[1] + found[2] + told(shown[found[1]], home), page)
        PAGE.write_text(page, encoding="utf-8")


def told(screen: str, home: Path) -> str:
    """What is another one each time gets a word of the same length."""
    screen = screen.replace(str(home), "~/demo")
    for pattern, word in ((r"\b\d\d:\d\d:\d\d\b", "hh:mm:ss"), (r"\b[0-9a-f]{12}\b", "3f2a9c01d4e5")):
        screen = re.sub(pattern, word, screen)
    return "".join(f"{line.rstrip()}\n" for line in screen.rstrip("\n").splitlines())


def test_bursts_pastes_and_a_held_enter_against_an_open_prompt_execute_nothing(demo: Demo, tmux: Tmux) -> None:
    chance = random.Random(7)
    screen = open_fleet(tmux, "burst", *PROGRAM, "--home", demo.home)

    def held_enter() -> None:
        screen.press("-N", "60", "Enter")

    def burst() -> None:
        text = "".join(chance.choice("caCAby hl") for _ in range(chance.randint(2, 40)))
        screen.press("-l", text)

    def right_text_in_one_go() -> None:
        screen.press("-l", "ca")

    def right_text_and_more() -> None:
        screen.press("-l", "ca" * 20)

    def pasted() -> None:
        tmux.run("set-buffer", "-b", "p", "ca")
        tmux.run("paste-buffer", "-p", "-b", "p", "-t", "burst")

    def held_opener() -> None:
        screen.press("-N", "60", "b")

    attacks: list[Callable[[], None]] = [held_enter, right_text_in_one_go, right_text_and_more, pasted, held_opener]
    for attack in [*attacks, *[burst] * 3]:
        for is_open in (True, False):
            screen.press("b")
            if is_open:
                screen.until("type ca")
            attack()
            back_to_the_fleet(screen)
            assert "v41: 90, v42: 10" in demo.line(), attack
    assert demo.started == 0


def test_two_consoles_see_each_other_armed_and_only_one_of_them_executes(demo: Demo, tmux: Tmux) -> None:
    first, second = (open_fleet(tmux, name, *PROGRAM, "--home", demo.home) for name in ("first", "second"))
    first.press("b")
    first.until("type ca")
    second.until("roll back to v41 of chat-assist")
    second.press("b")
    second.until("type ca", "has open: roll back to v41")
    first.until("has open: roll back to v41")
    typed(first, "ca")
    first.until("done", "read back")
    typed(second, "ca")
    second.until("moved", "did (rollback) at")
    assert demo.started == 1


def test_three_keys_over_ssh_do_the_same(demo: Demo, tmux: Tmux, sshd: Sshd) -> None:
    screen = open_fleet(tmux, "ssh", *sshd.command(*PROGRAM, "--home", demo.home))
    screen.press("b")
    screen.until("type ca to roll back to v41")
    typed(screen, "ca")
    screen.until("done", "read back")
    assert "v41: 100, v42: 0" in demo.line()
    to_the_release_view(screen)
    screen.until("effective")
    screen.press("C-c")
    screen.until("[left with 0]")


# On the command line --------------------------------------------------------------------------------------------------


def test_a_roll_back_on_the_command_line_is_planned_confirmed_and_proved(demo: Demo) -> None:
    planned = demo.run("plan", "rollback", SERVICE)
    assert (planned.returncode, "now         v41 90%, v42 10%" in planned.stdout) == (0, True), planned
    plan = json.loads(demo.run("plan", "rollback", SERVICE, "--json").stdout)
    assert (plan["confirm_with"], plan["after"]["shares"], plan["order"]["via"]) == ("ca", {"v41": 1.0}, "cli")

    wrong = demo.run("rollback", SERVICE, "--yes-i-mean", "chat-asist")
    assert (wrong.returncode, "--yes-i-mean chat-asist is not chat-assist" in wrong.stderr) == (2, True), wrong
    unasked = demo.run("rollback", SERVICE)
    assert (unasked.returncode, "nobody can be asked here" in unasked.stderr) == (10, True), unasked
    assert demo.started == 0

    done = demo.run("rollback", SERVICE, "--yes-i-mean", SERVICE, "--until-effective", "60", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["word"], outcome["verdict"]["effect"]) == (0, "done", "effective"), done
    assert outcome["verdict"]["observed"] == {"v41": 1.0}
    again = demo.run("rollback", SERVICE, "--yes-i-mean", SERVICE)
    assert (again.returncode, "nowhere to go" in again.stdout) == (10, True), again

    history = demo.run("history", SERVICE).stdout.splitlines()
    assert history[0].split()[2:4] == ["rollback", "done"]
    assert "effective" in history[0]
    first = json.loads(demo.run("history", SERVICE, "--json").stdout)[0]
    assert (first["op_id"], first["effect"]) == (outcome["op_id"], "effective")
    assert "each following the one before it" in command("audit", "verify", "--home", demo.home)


def test_every_end_has_its_exit_code(demo: Demo, tmux: Tmux) -> None:
    command("release", "freeze", SERVICE, "--reason", "the launch", "--home", demo.home)
    frozen = demo.run("promote", SERVICE, "v42", "--yes-i-mean", SERVICE)
    assert (frozen.returncode, "the launch" in frozen.stdout) == (10, True), frozen
    command("release", "freeze", SERVICE, "--lift", "--home", demo.home)

    screen = tmux.open("asked", *PROGRAM, "release", "rollback", SERVICE, "--home", demo.home, columns=160)
    screen.until("Type ca to rollback")
    demo.say("v41: 50, v42: 50")
    screen.press("ca", "Enter")
    screen.until("moved: chat-assist is v41 50 %, v42 50 % now", "[left with 11]")
    again = tmux.open("again", *PROGRAM, "release", "rollback", SERVICE, "--home", demo.home, columns=160)
    again.until("Type ca to rollback")
    again.press("no", "Enter")
    again.until("nothing was done", "[left with 10]")

    unclear = demo.run("promote", "doc-search", "v8", "--yes-i-mean", "doc-search", "--override", "to see it fail")
    assert (unclear.returncode, unclear.stdout.startswith("indeterminate: ")) == (12, True), unclear

    stop_fleet(demo.home)
    stale = demo.run("rollback", SERVICE, "--yes-i-mean", SERVICE, "--until-effective", "4")
    assert (stale.returncode, stale.stdout.startswith("not effective: not effective within 4 s")) == (13, True), stale

    demo.routing.rename(demo.home / "away.yaml")
    unread = demo.run("rollback", SERVICE, "--yes-i-mean", SERVICE)
    assert (unread.returncode, "file routing.yaml cannot be read" in unread.stderr) == (14, True), unread
    assert "each following the one before it" in command("audit", "verify", "--home", demo.home)
