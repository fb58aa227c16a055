"""Alertmanager, the real one: what fires is there, what is over goes, and what it then tells has the recorded shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alertmanager_peer import Alertmanager, alertmanager
from telling import WHERE, notice

from faulty_server import Answer, FaultyServer
from opsconsole.alerts import incoming
from opsconsole.clock import SystemClock
from opsconsole.notifiers.base import Message, Notifier, Refreshing, Site
from opsconsole.notifiers.registry import make
from opsconsole.wire import Notice
from waiting import until

RECORDED = Path(__file__).with_name("alertmanager_webhook_v4.json")


@pytest.fixture
def listener() -> Iterator[FaultyServer]:
    with FaultyServer(lambda asked: Answer(200, {})) as server:
        yield server


@pytest.fixture
def peer(tmp_path: Path, listener: FaultyServer) -> Iterator[Alertmanager]:
    with alertmanager(tmp_path, listener.url) as running:
        yield running


def notifier_at(url: str, directory: Path, **options: Any) -> Notifier:
    where = Site(directory, SystemClock(), {}, environment="prod")
    return make("alertmanager", {"url": url, "labels": {"team": "ml-platform"}} | options, where, WHERE)[1]


def now(**changed: Any) -> Notice:
    return notice(at=datetime.now(UTC), **changed)


def told(listener: FaultyServer, status: str) -> list[dict[str, Any]]:
    return [each.json() for each in listener.asked if each.json()["status"] == status]


def test_what_fires_is_there_and_what_is_over_goes(peer: Alertmanager, listener: FaultyServer, tmp_path: Path) -> None:
    notifier = notifier_at(peer.url, tmp_path)
    fired = now()
    assert notifier.send(Message(fired, "1")) == "200 OK"
    [alert] = until(peer.alerts)
    assert alert["labels"] == {
        "alertname": "burn",
        "environment": "prod",
        "generator": "opsconsole",
        "key": "alert:chat-assist:burn",
        "rule": "burn",
        "service": "chat-assist",
        "severity": "page",
        "team": "ml-platform",
        "version": "v42",
    }
    assert alert["annotations"]["summary"] == "error budget burns 14 times too fast"
    assert datetime.fromisoformat(alert["startsAt"]) == fired.at.replace(
        microsecond=fired.at.microsecond // 1000 * 1000
    )
    ends_in = datetime.fromisoformat(alert["endsAt"]) - datetime.now(UTC)
    assert timedelta(seconds=200) < ends_in <= timedelta(seconds=240)

    [first] = until(lambda: told(listener, "firing"))
    assert shape_of(first) == json.loads(RECORDED.read_text())

    notifier.send(Message(now(kind="resolved", severity="info", labels={}), "2", opened=fired))
    until(lambda: not peer.alerts())
    [last] = until(lambda: told(listener, "resolved"))
    assert last["alerts"][0]["fingerprint"] == first["alerts"][0]["fingerprint"]
    notifier.close()


def test_what_an_alertmanager_tells_us_of_our_own_is_not_heard_again(
    peer: Alertmanager, listener: FaultyServer, tmp_path: Path
) -> None:
    notifier = notifier_at(peer.url, tmp_path)
    notifier.send(Message(now(), "1"))
    [webhook] = until(lambda: told(listener, "firing"))
    assert incoming.read("alertmanager", json.dumps(webhook).encode()) == ((), 0, 1)
    notifier.close()


def test_what_is_open_lives_as_long_as_it_is_refreshed(peer: Alertmanager, tmp_path: Path) -> None:
    notifier = notifier_at(peer.url, tmp_path, refresh_s=1)
    assert isinstance(notifier, Refreshing)
    fired, other = now(), now(key="another", labels={})
    notifier.send(Message(fired, "1"))
    first = until(peer.alerts)[0]["endsAt"]
    notifier.refresh((fired, other))
    assert until(lambda: len(peer.alerts()) == 2)
    assert max(alert["endsAt"] for alert in peer.alerts()) > first
    until(lambda: not peer.alerts())
    notifier.close()


def test_what_becomes_more_severe_is_another_alert_and_the_old_one_ends(peer: Alertmanager, tmp_path: Path) -> None:
    notifier = notifier_at(peer.url, tmp_path)
    before = now(severity="ticket")
    notifier.send(Message(before, "1"))
    until(peer.alerts)
    notifier.send(Message(now(), "2", opened=before))
    until(lambda: [each["labels"]["severity"] for each in peer.alerts()] == ["page"])
    notifier.close()


def test_a_test_arrives_and_ends_by_itself(peer: Alertmanager, listener: FaultyServer, tmp_path: Path) -> None:
    notifier = notifier_at(peer.url, tmp_path, refresh_s=1)
    notifier.send(Message(now(kind="test", key="test:am", severity="info", labels={}), "1"))
    [arrived] = until(lambda: told(listener, "firing"))
    assert arrived["commonLabels"]["alertname"] == "test:am"
    until(lambda: not peer.alerts())
    notifier.close()


def test_whatever_names_labels_have_it_takes_them(peer: Alertmanager, tmp_path: Path) -> None:
    notifier = notifier_at(peer.url, tmp_path)
    odd = {"a-b": "1", "2x": "2", "": "3", "ü.ö": "4", "empty": "", "esc\x1b": "\x1b[31m", "instance": "𝔘" * 400}
    assert notifier.send(Message(now(labels=odd, service=""), "1")) == "200 OK"
    [alert] = until(peer.alerts)
    assert {"a_b", "_2x", "instance"} <= alert["labels"].keys()
    assert "empty" not in alert["labels"]
    notifier.close()


def shape_of(document: Any) -> Any:
    """The document with what differs from run to run replaced by what it is."""
    if isinstance(document, dict):
        return {name: _VARYING.get(name, shape_of)(value) for name, value in document.items()}
    return [shape_of(each) for each in document] if isinstance(document, list) else document


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return "<moment>"


_VARYING: dict[str, Callable[[Any], Any]] = {
    "startsAt": _moment,
    "endsAt": lambda text: text if text.startswith("0001-") else _moment(text),
    "externalURL": lambda text: "<url>",
    "fingerprint": lambda text: f"<{len(text)} hexadecimal digits>" if int(text, 16) else "",
}
