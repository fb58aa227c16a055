"""Webhooks of Alertmanager and Grafana: what is taken from them, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from room import START, Room

from opsconsole.alerts.incoming import LONGEST_TOLD, MOST_AT_ONCE, MOST_REMEMBERED, Heard, Remembered, Sender, read
from opsconsole.errors import UsageError


def webhook(*alerts: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts, **more}).encode()


def sent(name: str = "HighLatency", status: str = "firing", **labels: str) -> dict[str, Any]:
    return {"status": status, "labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} it is"}}


def heard(body: bytes, sender: Sender = "alertmanager") -> tuple[Heard, ...]:
    return read(sender, body).heard


def test_a_real_alertmanagers_webhook_is_understood(shared: Path) -> None:
    (alert,) = heard((shared / "samples" / "prometheus" / "alertmanager_webhook.jsonl").read_bytes())
    assert (alert.subject, alert.is_firing, alert.reading.severity) == ("gone", True, "page")
    assert alert.reading.told == "TargetDown on 127.0.0.1:5999: gone down"
    assert alert.reading.url.startswith("http://vm:9190/graph")


def test_grafanas_own_fields_are_understood() -> None:
    body = webhook(
        {
            **sent("DiskFull", service="chat", severity="warning"),
            "fingerprint": "ab12",
            "panelURL": "https://grafana.example/d/1?viewPanel=2",
            "generatorURL": "https://grafana.example/alerting/1",
            "values": {"B": 91.5},
            "valueString": "[ var='B' value=91.5 ]",
            "silenceURL": "https://grafana.example/silence",
        },
        version="1",
        orgId=1,
        title="[FIRING:1]",
        state="alerting",
    )
    (alert,) = heard(body, "grafana")
    assert (alert.subject, alert.reading.name, alert.reading.severity) == ("chat", "grafana DiskFull", "ticket")
    assert alert.reading.url == "https://grafana.example/d/1?viewPanel=2"


def test_a_version_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match="version '5'"):
        heard(webhook(sent(), version="5"))


def test_what_is_sent_is_bounded() -> None:
    body = webhook(
        *(sent(f"a{i}", service="s" * 500) | {"annotations": {"summary": "x" * 9_000}} for i in range(1_200))
    )
    alerts, left_out, _ = read("alertmanager", body)
    assert (len(alerts), left_out) == (MOST_AT_ONCE, 200)
    assert all(len(alert.reading.told) <= LONGEST_TOLD and len(alert.subject) <= 80 for alert in alerts)


def test_what_we_told_an_alertmanager_is_not_heard_again() -> None:
    webhook_of_both = read("alertmanager", webhook(sent(service="chat"), sent(service="rank", generator="opsconsole")))
    assert [each.subject for each in webhook_of_both.heard] == ["chat"]
    assert (webhook_of_both.left_out, webhook_of_both.own) == (0, 1)


def test_what_is_remembered_is_bounded_and_what_was_resolved_makes_room() -> None:
    remembered = Remembered()
    for i in range(0, MOST_REMEMBERED, MOST_AT_ONCE):
        body = webhook(*(sent(f"a{i + j}", service="chat") for j in range(MOST_AT_ONCE)))
        assert remembered.take(heard(body), START) == 0
    assert remembered.take(heard(webhook(sent("more", service="chat"))), START) == 1
    remembered.take(heard(webhook(sent("a7", "resolved", service="chat"))), START)
    assert remembered.take(heard(webhook(sent("more", service="chat"))), START) == 0
    (facts,) = remembered.facts(START, ())
    assert len(facts.readings["incoming"]) == MOST_REMEMBERED


def look(room: Room, remembered: Remembered, minutes: float = 0) -> set[str]:
    """The causes that are open after so long a time."""
    for _ in range(max(int(minutes), 1)):
        room.clock.advance(60)
        alerts = room.state.open.values()
        members = [(alert.subject, alert.cause, member) for alert in alerts for member in alert.members]
        room.look(*remembered.facts(room.clock.now(), members))
    return {alert.cause for alert in room.alerts}


def test_after_a_restart_what_nobody_has_spoken_of_goes_on() -> None:
    room, remembered = Room(), Remembered()
    remembered.take(heard(webhook(sent(service="chat"))), START)
    assert look(room, remembered) == {"alertmanager HighLatency"}
    room.restart()
    again = Remembered()
    assert look(room, again, minutes=30) == {"alertmanager HighLatency"}
    again.take(heard(webhook(sent("Other", service="chat"))), room.clock.now())
    assert look(room, again, minutes=30) == {"alertmanager HighLatency", "alertmanager Other"}
    again.take(heard(webhook(sent("HighLatency", "resolved", service="chat"))), room.clock.now())
    assert look(room, again, minutes=3) == {"alertmanager Other"}


def test_what_was_not_repeated_for_a_day_is_over() -> None:
    room, remembered = Room(), Remembered()
    remembered.take(heard(webhook(sent(service="chat"))), START)
    assert look(room, remembered, minutes=23 * 60) == {"alertmanager HighLatency"}
    assert look(room, remembered, minutes=65) == set()
