"""What the daemon shows of alerts and incidents to whoever is on call, and what it says to every console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import write_calls
from demo_fleet import DemoFleet
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.errors import UsageError

MINUTE, HOUR = 60, 3600
HERE = wire.Presence(console="c1", user="ann", origin="pts/1", view="fleet", service="")


@pytest.fixture
def paged(daemon: Daemon, tmp_path: Path) -> Daemon:
    """With one page of the service ``chat``."""
    daemon.attach(
        write_calls(tmp_path / "a.jsonl", START, range(-2 * HOUR, -10 * MINUTE, 2)),
        write_calls(tmp_path / "b.jsonl", START, range(-10 * MINUTE, 0, 2), status=500, error_type="internal_error"),
    )
    daemon.desk.alerting.look()
    return daemon


def on_call(daemon: Daemon) -> wire.OnCall | None:
    return daemon.ask("POST", "/v1/presence", wire.Present, HERE).on_call


def of_alert(daemon: Daemon, name: str = "A-1") -> wire.AlertView:
    return daemon.ask("GET", "/v1/alert", wire.AlertView, alert=name)


def opened(daemon: Daemon) -> wire.Incident:
    request = wire.OpenIncident(title="chat fails", services=("chat",), alert="A-1")
    return daemon.ask("POST", "/v1/incident/open", wire.Responded, request).incident


def test_every_console_hears_how_much_is_open(paged: Daemon) -> None:
    assert on_call(paged) == wire.OnCall(pages=1, tickets=0, unanswered=1, incidents=0)
    paged.ask("POST", "/v1/alert/ack", wire.Alert, wire.AckRequest(alert="A-1"))
    opened(paged)
    assert on_call(paged) == wire.OnCall(pages=1, tickets=0, unanswered=0, incidents=1)


def test_what_is_silenced_calls_nobody(paged: Daemon) -> None:
    request = wire.SilenceRequest(subject="A-1", minutes=60, reason="a load test")
    paged.ask("POST", "/v1/alert/silence", wire.Silence, request)
    assert on_call(paged) == wire.OnCall(pages=0, tickets=0, unanswered=0, incidents=0)
    assert [alert.id for alert in paged.ask("GET", "/v1/alerts", wire.AlertsView).alerts] == ["A-1"]


def test_an_alert_comes_with_its_rules_its_history_and_its_checklist(paged: Daemon) -> None:
    paged.ask("POST", "/v1/alert/ack", wire.Alert, wire.AckRequest(alert="A-1", note="looking"))
    view = of_alert(paged)
    assert view.rules[0].id == view.alert.members[0].rule
    assert view.rules[0].false_alarms
    assert view.history[0].text == "A-1 acknowledged by ann: looking"
    assert "page fired" in view.history[-1].text
    assert view.checklist is not None
    assert view.checklist.id == "error-spike"


def test_an_alert_says_which_incident_it_is_in(paged: Daemon) -> None:
    assert of_alert(paged).incident == ""
    name = opened(paged).incident
    assert of_alert(paged).incident == name
    assert paged.ask("GET", "/v1/alerts", wire.AlertsView).incidents == {"A-1": name}


def test_an_alert_that_there_is_not_is_refused_with_those_that_there_are(paged: Daemon) -> None:
    with pytest.raises(UsageError, match="there is no alert 'A-9'"):
        of_alert(paged, "A-9")


def test_incidents_are_the_open_ones_first_and_the_worst_of_them_before_the_others(daemon: Daemon) -> None:
    for title, severity in (("a", "SEV-3"), ("b", "SEV-1"), ("c", "SEV-2")):
        request = wire.OpenIncident(title=title, severities=(severity,))  # type: ignore[arg-type]
        daemon.ask("POST", "/v1/incident/open", wire.Responded, request)
    daemon.ask("POST", "/v1/incident/resolve", wire.Responded, wire.ResolveIncident(incident="INC-2"))
    view = daemon.ask("GET", "/v1/incidents", wire.IncidentsView)
    assert [each.title for each in view.incidents] == ["c", "a", "b"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoFleet]:
    fleet = DemoFleet(tmp_path / "demo")
    yield fleet
    fleet.close()


def test_the_demo_as_it_comes_raises_the_alert_of_its_bad_version_in_little_more_than_two_minutes(
    demo: DemoFleet,
) -> None:
    """The rule asks that it be so for two minutes; that and one look is all that it takes."""
    looked_for_s = 0
    while not demo.daemon.desk.alerting.keeper.alerts() and looked_for_s <= 3 * MINUTE:
        demo.daemon.desk.alerting.look()
        demo.advance(10)
        looked_for_s += 10
    (alert,) = demo.daemon.desk.alerting.keeper.alerts()
    assert (alert.subject, alert.cause, alert.checklist) == ("chat-assist", "version v42", "bad-canary")
    assert looked_for_s <= 2 * MINUTE + 20
