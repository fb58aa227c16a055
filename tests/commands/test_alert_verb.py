"""``opsconsole alert``: exit codes, JSON, and text that no terminal obeys."""

from __future__ import annotations

import json
from pathlib import Path

from commandline import opsconsole, written

from opsconsole import wire

HOSTILE = {
    "version": "4",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Dis\u001b[31mk", "service": "chat\u202e", "severity": "critical"},
            "annotations": {"summary": "full \u0007"},
            "fingerprint": "f1",
        }
    ],
}


def test_an_alert_comes_in_is_listed_acknowledged_and_silenced(home: Path, place: Path) -> None:
    webhook = written(place / "hook.json", json.dumps(HOSTILE).encode())
    came = opsconsole("alert", "receive", "alertmanager", "--file", webhook, "--home", home)
    assert (came.code, came.out) == (0, "1 firing, 0 resolved\n")
    listed = opsconsole("alert", "list", "--home", home)
    assert "!! A-1" in listed.out
    for page in (listed, opsconsole("alert", "show", "a-1", "--home", home)):
        assert not {"\u001b", "\u0007", "\u202e"} & set(page.out)
    acked = opsconsole("alert", "ack", "A-1", "--note", "on it", "--json", "--home", home)
    assert acked.decoded(wire.Alert).note == "on it"
    silence = opsconsole("alert", "silence", "A-1", "--for", "2h", "--reason", "known", "--home", home)
    assert silence.out.startswith("S-1: ")
    view = opsconsole("alert", "list", "--json", "--home", home).decoded(wire.AlertsView)
    assert (view.alerts[0].state, view.silences[0].reason) == ("acknowledged", "known")
    assert opsconsole("alert", "unsilence", "S-1", "--home", home).out == "S-1 has ended\n"


def test_mistakes_have_the_exit_code_of_their_kind(full_home: Path, place: Path) -> None:
    for words, code, told in (
        (("ack", "A-99"), 2, "no alert 'A-99' is open"),
        (("show", "A-99"), 2, "there is no alert"),
        (("silence", "chat", "--for", "soon", "--reason", "x"), 2, "Write it like 30m"),
        (("silence", "chat", "--for", "90d", "--reason", "x"), 2, "30 days"),
        (("unsilence", "S-9"), 2, "no silence"),
        (("explain", "errors"), 2, "no rule"),
        (("receive", "grafana", "--file", place / "none.json"), 4, "cannot be read"),
    ):
        outcome = opsconsole("alert", *words, "--home", full_home)
        assert (outcome.code, outcome.out) == (code, ""), words
        assert told in outcome.err


def test_rules_say_what_they_need_and_how_often_they_err(full_home: Path) -> None:
    rules = opsconsole("alert", "rules", "chat", "--home", full_home)
    assert "errors-burn-1h     page" in rules.out
    one = opsconsole("alert", "explain", "errors-burn-1h", "--home", full_home)
    assert "14.4 times the budget's pace" in one.out
    assert "by accident: " in one.out
