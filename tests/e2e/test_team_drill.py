"""A drill that two people play over SSH on accounts of their own, while a third leads it.

``UPDATE_WALKTHROUGH=1`` writes what they saw, and the report, into docs/team-drill.md: `docs/screenshots/story.py` does
that.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts import Account, accounts
from terminal import Screen, Tmux, until
from test_on_call import answer, enter
from test_release import back_to_the_fleet, typed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "team-drill.md"
IS_RECORDED = bool(os.environ.get("UPDATE_WALKTHROUGH"))
PAGED_WITHIN_S = 60.0
READ_S = 0.6
"""Before what has just appeared is answered."""
SPEED = "4"
NOTE = "ben said what he was about to do; ann did not answer"

SCENARIO = Path(__file__).with_name("team-night.yaml")


class Team:
    """Who takes part: the account that the drill runs on, two players, and who leads it."""

    def __init__(self, who: dict[str, Account]) -> None:
        self.ops, self.ann, self.ben, self.eve = who.values()
        self.players = (self.ann, self.ben)


@pytest.fixture
def team(room: Path) -> Iterator[Team]:
    """Four accounts in one group, of which one has a live daemon; their names are the page's where it is written."""
    mark = "" if IS_RECORDED else secrets.token_hex(2)
    names = [f"{name}{mark}" for name in ("ops", "ann", "ben", "eve")]
    group, home = f"oncall{mark}", room / "people" / names[0] / "on"
    with accounts(room, group, names, home) as who:
        team = Team(who)
        team.ops.run("mkdir", "-m", "700", home, f"{home}/drill-scenarios")
        team.ops.write(home / "opsconsole.yaml", f"access: {{group: {group}}}\n")
        team.ops.write(home / "drill-scenarios" / "team-night.yaml", SCENARIO.read_text())
        team.ops.run("opsconsole", "daemon", "start")
        try:
            team.ops.run(
                *("opsconsole", "drill", "run", "team-night", "--speed", SPEED, "--no-console"),
                *("--group", group, "--facilitator", team.eve.name),
            )
            yield team
        finally:
            team.ops.attempt("opsconsole", "daemon", "stop", "--home", home / "drills" / "drill-1" / "home")
            team.ops.run("opsconsole", "daemon", "stop")


def test_two_players_and_a_facilitator_over_ssh(team: Team, tmux: Tmux, room: Path) -> None:
    shown: dict[str, str] = {}
    ann, ben = (tmux.open(who.name, *who.login, "opsconsole", "drill", "join", "drill-1") for who in team.players)
    for screen in (ann, ben):
        screen.until(" DRILL ", "chat-assist", "v42", "1 other")

    leading = tmux.open("eve", *team.eve.login, "opsconsole", "drill", "join", "drill-1")
    leading.until(" DRILL ", "2 others")
    leading.press("D")
    seen = f"here {team.ann.name} (fleet), {team.ben.name} (fleet)"
    shown["plan"] = leading.until("◌ to come", "v42 refuses what it cannot parse", "? to judge", seen)
    ben.press("D")
    shown["player"] = ben.until(f"led by {team.eve.name}", "You are on call for chat-assist", "1 hint may be asked for")
    for secret in ("refuses", "to come", "score", "fails for half"):
        assert secret not in shown["player"]
    ben.press("i")
    ben.until(f"the facilitator's: {team.eve.name}")
    ben.press("q")
    for words in ("plan drill-1", "say drill-1 psst", "end drill-1"):
        refused = team.ann.attempt("opsconsole", "drill", *words.split())
        assert refused.returncode == 6
        assert f"{team.ann.name} is a player of this drill" in refused.stdout
    leading.press("i")
    leading.until("✔ told +", "Is somebody at it?")
    for screen in (ann, ben):
        screen.until("support: Customers get no answer. Is somebody at it?")
    shown["told"] = ben.text

    paged(ann)
    ann.press("A")
    ann.until("PAGE   A-")
    answer(ann, "a", "what you will do", "looking at it")
    ann.until(f"is with {team.ann.name}")
    ann.press("i")
    ann.until("what is wrong:")
    for question in ("services:", "severity:", "opened"):
        enter(ann)
        ann.until(question)
    ann.until("nobody is commander")
    answer(ann, "O", "role in INC-1", "")
    ann.until("whose")
    enter(ann)
    ann.until("commander is")

    ben.until("1 incident")
    ben.press("I")
    ben.until("1 open incident")
    ben.press("Enter")
    shown["incident"] = ben.until("1 what is due", f"{team.ann.name} has it since", f"{team.ann.name} (incident)")
    answer(ben, "n", "note:", "v42 fails, v41 does not. I roll back to v41.")
    ben.until("INC-1: noted")
    ann.press("8")
    shown["noted"] = ann.until("8 timeline", "note: v42 fails")
    ann.press("8")
    team.ben.run("opsconsole", "drill", "hint", "drill-1")

    back_to_the_fleet(ben)
    ben.press("b")
    ben.until("type ca to roll back to v41")
    shown["armed"] = ann.until(f"{team.ben.name}: roll back")
    time.sleep(READ_S)
    typed(ben, "ca")
    shown["changed"] = ben.until("done", "read back")

    answer(ann, "U", "stage:", "")
    ann.until("to whom")
    ann.press("Enter")
    while "type send" not in ann.text:
        ann.press("Enter")
        time.sleep(0.3)
    typed(ann, "send")
    enter(ann)
    ann.until("INC-1: written down")
    answer(leading, ">", "seconds of it in one", "")
    leading.until("5x")
    team.eve.run("opsconsole", "drill", "speed", "drill-1", "30")
    until(lambda: is_well(team), lambda: ann.text)
    answer(ann, "X", "because", "v41 serves again")
    ann.until("✔ resolved")

    answer(leading, "/", "Enter keep", "They say")
    answer(leading, "J", "how well, 0 to 1", "0.5")
    leading.until("✔ judged 0.5")
    answer(leading, "n", "note:", NOTE)
    leading.until("written down; players do not see it")
    leading.press("Escape")
    shown["judged"] = leading.until("✔ judged 0.5", "✔ told +")
    answer(leading, "X", "end drill-1 for everybody", "end")
    for screen in (ann, ben):
        screen.until("the drill is over: opsconsole drill report drill-1")
    ann.press("D")
    shown["over"] = ann.until("✔ over", "score", "it is over; the rest: opsconsole drill report drill-1", "judged 0.5")
    team.eve.run("opsconsole", "drill", "report", "drill-1", "--out", ".")
    report = (room / "people" / team.eve.name / "drill-1.md").read_text()
    improved = report.partition("## To be improved")[2].partition("\n## ")[0].strip().splitlines()
    assert improved[0] == f"- A hint was taken (takes hint 1, by {team.ben.name}): 5 points."
    assert "- Done in part, 5 of 10 points: They say what they are about to do." in improved
    assert f"after {team.ben.name} at" in report.partition("## Strengths")[2].partition("\n## ")[0]
    assert NOTE in report.partition("## The facilitator's notes")[2].partition("\n## ")[0]
    for who, what in ((team.ann, "opens INC-1 SEV-2"), (team.ann, "acknowledges A-1: looking at it"),
                      (team.ben, "notes: v42 fails"), (team.ben, "rollback chat-assist v41"),
                      (team.ann, "tells internal (investigating)"), (team.ann, "resolves INC-1")):  # fmt: skip
        assert f"| {who.name} | {what}" in report
    assert (room / "people" / team.eve.name / "drill-1.html").read_text().startswith("<!")
    if IS_RECORDED:
        written(shown, report, room)


def written(shown: dict[str, str], report: str, room: Path) -> None:
    """The page shows these very steps, and this report."""
    page = PAGE.read_text(encoding="utf-8")
    screens = re.compile(r"(?<=<!-- screen: )(\w+)( -->\n```text\n)(.*?)(?=```\n)", re.S)
    assert [found[1] for found in screens.finditer(page)] == list(shown)
    page = screens.sub(lambda found: found[1] + found[2] + as_seen(shown[found[1]], room), page)
    page = re.sub(
        r"(<!-- report -->\n).*", lambda found: found[1] + re.sub("^#", "##", report, flags=re.M), page, flags=re.S
    )
    PAGE.write_text(page, encoding="utf-8")


def as_seen(screen: str, room: Path) -> str:
    return "".join(f"{line.rstrip()}\n" for line in screen.replace(str(room), "").rstrip("\n").splitlines())


def is_well(team: Team) -> bool:
    """Have users been well for long enough that somebody may be said to have helped them?"""
    plan = json.loads(team.eve.run("opsconsole", "drill", "plan", "drill-1", "--json"))
    return plan["score"]["durations"]["mitigate_s"] is not None


def paged(screen: Screen) -> None:
    deadline = time.monotonic() + PAGED_WITHIN_S
    while "✖ 1 page" not in screen.text:
        assert time.monotonic() < deadline, screen.text
        time.sleep(0.2)
