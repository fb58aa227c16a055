"""What the daemon makes of records: which alerts fire, what they rest on, and what people can do about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.config.alerting import AlertSetting, RuleSetting, SloSetting
from opsconsole.config.notifying import NotifierSetting
from opsconsole.config.settings import ServiceSetting, Settings
from opsconsole.daemon.views.reading import Asked
from opsconsole.demo.fleet import ROUTING
from opsconsole.demo.gateway import Fleet
from opsconsole.demo.stage import staged_files, write_missing
from opsconsole.errors import RequestRefused, UsageError
from opsconsole.notifiers import pagerduty
from opsconsole.releases.access import Person

MINUTE, HOUR = 60, 3600
GUEST = Person(name="guest", uid=4711)


@pytest.fixture
def told(daemon: Daemon) -> list[wire.Notice]:
    """What people are told."""
    notices: list[wire.Notice] = []

    def tell(notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        notices.append(notice)
        return ("pager",)

    daemon.desk.alerting.keeper._tell = tell
    return notices


def look(daemon: Daemon, minutes: float = 0, every_s: float = 30) -> tuple[wire.Alert, ...]:
    """Look once, or again and again while the clock goes on."""
    daemon.desk.alerting.look()
    for _ in range(int(minutes * MINUTE / every_s)):
        daemon.clock.advance(every_s)
        daemon.desk.alerting.look()
    assert daemon.engine.failures == {}
    return daemon.ask("GET", "/v1/alerts", wire.AlertsView).alerts


def unknown(daemon: Daemon, service: str, rule: str) -> str:
    """Why a rule cannot be judged."""
    reply = daemon.ask("GET", "/v1/alert/rules", wire.AlertRulesReply, service=service)
    return next(each.unknown for each in reply.rules if each.id == rule)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo fleet's logs of the last hour and a half, with a fifth of the traffic for v42."""
    directory = tmp_path_factory.mktemp("demo")
    routing = {**ROUTING, "chat-assist": {"v41": 80.0, "v42": 20.0}}
    write_missing(directory, staged_files(routing, environment="demo"))
    fleet = Fleet(directory, seed=1, start=START)
    fleet.write_history(1.5 * HOUR)
    fleet.close()
    return directory / "logs"


def test_the_demo_raises_one_alert_of_v42_and_says_which_slice_it_is(
    daemon: Daemon, demo: Path, told: list[wire.Notice]
) -> None:
    daemon.attach(demo)
    alerts = look(daemon, minutes=8)
    assert [(alert.subject, alert.cause, alert.severity) for alert in alerts] == [
        ("chat-assist", "version v42", "ticket")
    ]
    (alert,) = alerts
    assert {"version-errors", "version-latency", "version-cost"} <= {member.rule for member in alert.members}
    errors = alert.members[0]
    assert errors.rule == "version-errors"
    assert errors.p_value is not None
    assert errors.p_value < 1e-5
    assert errors.n > 500
    assert alert.explained[0].startswith("version v42")
    (notice,) = told
    assert notice.title == alert.title
    assert alert.explained[0] in notice.body
    rows = {row.service: row for row in daemon.fleet().services}
    assert rows["chat-assist"].reasons[0].startswith("! ticket A-1: v42 fails")
    assert rows["chat-assist"].alerts == rows["chat-assist"].reasons[:1]
    assert (rows["doc-search"].state, rows["doc-search"].alerts) == ("ok", ())
    assert daemon.service("chat-assist").reasons[0] == rows["chat-assist"].reasons[0]


def test_an_outage_is_a_page_within_minutes(daemon: Daemon, tmp_path: Path, told: list[wire.Notice]) -> None:
    daemon.attach(
        write_calls(tmp_path / "a.jsonl", START, range(-2 * HOUR, -10 * MINUTE, 2)),
        write_calls(tmp_path / "b.jsonl", START, range(-10 * MINUTE, 0, 2), status=500, error_type="internal_error"),
    )
    (alert,) = look(daemon)
    assert (alert.severity, alert.cause, alert.checklist) == ("page", "errors", "error-spike")
    assert alert.members[0].told.startswith("16% failed in 1 h, 100% in 5 min")
    assert daemon.fleet().services[0].state == "fail"
    assert [notice.severity for notice in told] == ["page"]


def test_what_the_caller_got_wrong_uses_up_no_budget(daemon: Daemon, tmp_path: Path) -> None:
    wrong = {"status": 400, "error_type": "invalid_request_error"}
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-2 * HOUR, 0, 5), **wrong))
    assert look(daemon) == ()


@pytest.mark.parametrize(("failed", "pages"), [(1, 0), (5, 1)])
def test_few_requests_neither_cry_wolf_nor_sleep_through_an_outage(
    daemon: Daemon, tmp_path: Path, failed: int, pages: int
) -> None:
    """Ten requests an hour, of which one or five fail."""
    hours = [-6 * HOUR + i * 360 for i in range(50)]
    daemon.attach(
        write_calls(tmp_path / "a.jsonl", START, hours),
        write_calls(tmp_path / "b.jsonl", START, range(-HOUR, -failed * 50, 360)[: 10 - failed]),
        write_calls(tmp_path / "c.jsonl", START, range(-failed * 50, 0, 50), status=503),
    )
    assert len([alert for alert in look(daemon) if alert.severity == "page"]) == pages


def test_no_records_are_an_alert_and_nothing_is_fine_without_them(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-6 * HOUR, 0, 5)))
    assert look(daemon) == ()
    (alert,) = look(daemon, minutes=10)
    assert (alert.cause, alert.severity) == ("silence", "page")
    assert "no records for" in alert.members[0].told
    assert daemon.fleet("15m").services[0].state == "fail"
    daemon.clock.advance(2 * HOUR)
    (alert,) = look(daemon)
    assert alert.state == "firing", "an hour without requests has no error rate, and is not over"
    assert unknown(daemon, "chat", "errors-burn-1h") == "no requests"


def test_an_alert_stays_open_when_its_service_goes_silent(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-20 * MINUTE, 0, 2), status=500))
    look(daemon)
    daemon.clock.advance(2 * HOUR)
    assert [alert.cause for alert in look(daemon)] == ["errors"]


def test_a_log_of_last_month_is_no_outage(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-40 * 24 * HOUR, -40 * 24 * HOUR + HOUR, 5)))
    assert look(daemon, minutes=5) == ()


def test_a_look_at_alerts_does_not_change_what_a_view_of_old_records_shows(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-48 * HOUR, -46 * HOUR, 10)))
    look(daemon)
    assert daemon.service("chat", "1h").drift.findings
    assert unknown(daemon, "chat", "input-drift") == "no records in the last hour"


def test_a_log_that_is_not_followed_is_not_missed(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-6 * HOUR, 0, 5)), follow=False)
    assert look(daemon, minutes=15) == ()
    assert unknown(daemon, "chat", "missing-data") == "no log is followed"


def test_a_providers_outage_is_told_once_for_every_service(
    daemon: Daemon, tmp_path: Path, told: list[wire.Notice]
) -> None:
    def traffic(service: str, since: int, until: int, **changed: Any) -> Path:
        path = tmp_path / f"{service}.jsonl"
        return write_calls(path, START, range(since, until), service=service, provider="acme", **changed)

    for service in ("chat", "search", "scoring"):
        traffic(service, -30 * MINUTE, 0)
        traffic(service, 0, 2 * MINUTE, status=429, error_type="rate_limit_error")
    daemon.clock.advance(2 * MINUTE)
    daemon.attach(*(tmp_path / f"{service}.jsonl" for service in ("chat", "search", "scoring")))
    alerts = look(daemon, minutes=2)
    firing = [alert for alert in alerts if alert.state == "firing"]
    assert [(alert.subject, alert.services) for alert in firing] == [("provider acme", ("chat", "scoring", "search"))]
    assert "limited" in firing[0].members[0].told
    look(daemon, minutes=6)
    assert {notice.labels["subject"] for notice in told if notice.kind == "escalated"} == {"provider acme"}


def test_slow_answers_are_held_against_a_promise(tmp_path: Path) -> None:
    promised = ServiceSetting(slo=SloSetting(latency_ms=200, latency_share=0.9))
    daemon = Daemon(tmp_path / "home", Settings(services={"chat": promised}))
    try:
        daemon.attach(
            write_calls(tmp_path / "a.jsonl", START, range(-5 * HOUR, -2 * HOUR, 5)),
            write_calls(tmp_path / "b.jsonl", START, range(-2 * HOUR, 0, 5), latency_ms=900),
        )
        (alert,) = look(daemon)
        assert (alert.severity, alert.cause) == ("page", "latency")
        assert "slower than 202 ms" in alert.members[0].told
    finally:
        daemon.engine.stop()


def test_a_rule_can_be_turned_off_for_one_service(tmp_path: Path) -> None:
    off = {"errors-burn-1h": RuleSetting(enabled=False), "errors-burn-6h": RuleSetting(severity="ticket")}
    settings = Settings(
        services={"chat": ServiceSetting(alerts=off)},  # type: ignore[arg-type]
        alerts=AlertSetting(rules={"errors-burn-1d": RuleSetting(enabled=False)}),
    )
    daemon = Daemon(tmp_path / "home", settings)
    try:
        daemon.attach(
            write_calls(tmp_path / "a.jsonl", START, range(-20 * MINUTE, 0, 2), status=500),
            write_calls(tmp_path / "b.jsonl", START, range(-20 * MINUTE, 0, 2), status=500, service="search"),
        )
        severities = {alert.subject: alert.severity for alert in look(daemon)}
        assert severities == {"chat": "ticket", "search": "page"}
        reply = daemon.ask("GET", "/v1/alert/rules", wire.AlertRulesReply, service="chat")
        assert {each.id for each in reply.rules if not each.is_enabled} == {"errors-burn-1h", "errors-burn-1d"}
    finally:
        daemon.engine.stop()


def test_a_checklist_that_a_rule_names_and_there_is_not_is_said(tmp_path: Path) -> None:
    own = {"errors-burn-1h": RuleSetting(checklist="eror-spike")}
    settings = Settings(services={"chat": ServiceSetting(alerts=own)})  # type: ignore[arg-type]
    daemon = Daemon(tmp_path / "home", settings)

    def trouble() -> str:
        return daemon.desk.alerting.view(Asked("alerts", wire.DEFAULT_WINDOW)).trouble

    try:
        said = "alerts name the checklist 'eror-spike', which there is not"
        assert trouble() == said
        file = daemon.home.checklists / "eror-spike.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(daemon.desk.running.catalogue.parsed("handover").text.replace("id: handover", "id: eror-spike"))
        assert trouble() == ""
    finally:
        daemon.engine.stop()


def test_what_an_incident_left_to_be_done_is_an_alert_until_it_is_done(daemon: Daemon, told: list[wire.Notice]) -> None:
    daemon.start()
    daemon.ask("POST", "/v1/incident/open", wire.Responded, wire.OpenIncident(title="slow", severities=("SEV-4",)))
    asked = wire.ChangeFollowUp(incident="INC-1", text="alert on it", owner="ann", due=START.date())
    daemon.ask("POST", "/v1/incident/followup", wire.Responded, asked)
    assert look(daemon) == ()
    daemon.clock.advance(24 * HOUR)
    daemon.desk.alerting.look()
    (notice,) = told
    assert notice.title == "opsconsole: alert on it: due by 2026-02-04 00:00, ann has it"
    (alert,) = daemon.desk.alerting.keeper.alerts()
    assert (alert.cause, alert.severity) == ("after INC-1", "ticket")
    done = wire.ChangeFollowUp(incident="INC-1", number=1, is_done=True)
    daemon.ask("POST", "/v1/incident/followup", wire.Responded, done)
    look(daemon, minutes=2)
    assert daemon.desk.alerting.keeper.alerts() == ()


def test_worse_feedback_is_found(daemon: Daemon, tmp_path: Path) -> None:
    def judged(name: str, seconds: range, bad_of: int) -> Path:
        return write_calls(tmp_path / name, START, seconds, feedback=lambda i: "bad" if i % bad_of == 0 else "good")

    daemon.attach(judged("a.jsonl", range(-5 * HOUR, -HOUR, 6), 20), judged("b.jsonl", range(-HOUR, 0, 6), 3))
    assert "feedback" in [alert.cause for alert in look(daemon)]


@pytest.fixture
def burning(daemon: Daemon, tmp_path: Path, told: list[wire.Notice]) -> Daemon:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-20 * MINUTE, 0, 2), status=500))
    look(daemon)
    return daemon


def test_an_operator_acknowledges_and_a_viewer_does_not(burning: Daemon, told: list[wire.Notice]) -> None:
    request = wire.AckRequest(alert="a-1", note="on it")
    with pytest.raises(RequestRefused, match="may not acknowledge"):
        burning.ask("POST", "/v1/alert/ack", wire.Alert, request, person=GUEST)
    alert = burning.ask("POST", "/v1/alert/ack", wire.Alert, request)
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", "ann")
    look(burning, minutes=20)
    assert [(notice.kind, notice.acknowledged_by) for notice in told] == [("firing", ""), ("update", "ann")]
    assert pagerduty.actions(told[-1]) == ("acknowledge",)
    with pytest.raises(UsageError, match="A-7"):
        burning.ask("POST", "/v1/alert/ack", wire.Alert, wire.AckRequest(alert="A-7"))
    assert burning.ask("GET", "/v1/alerts", wire.AlertsView, person=GUEST).alerts[0].id == "A-1"


def test_a_silence_is_somebodys_and_is_listed(burning: Daemon) -> None:
    request = wire.SilenceRequest(subject="chat", minutes=30, reason="a load test")
    with pytest.raises(RequestRefused, match="may not silence"):
        burning.ask("POST", "/v1/alert/silence", wire.Silence, request, person=GUEST)
    silence = burning.ask("POST", "/v1/alert/silence", wire.Silence, request)
    assert (silence.id, silence.by) == ("S-1", "ann")
    view = burning.ask("GET", "/v1/alerts", wire.AlertsView)
    assert (view.alerts[0].state, view.silences) == ("silenced", (silence,))
    assert burning.fleet().services[0].alerts == ()
    burning.ask("POST", "/v1/alert/unsilence", wire.Silence, wire.UnsilenceRequest(silence="S-1"))
    assert burning.ask("GET", "/v1/alerts", wire.AlertsView).alerts[0].state == "firing"


def test_every_call_of_a_ladder_is_handed_to_the_notifiers(tmp_path: Path, shared: Path) -> None:
    """Nothing has changed and nobody has answered, twice: the second time is no repetition of the first."""
    webhook = (shared / "samples" / "prometheus" / "alertmanager_webhook.jsonl").read_bytes()
    daemon = Daemon(tmp_path / "home", Settings(notifiers={"pager": NotifierSetting(kind="terminal")}))
    try:
        daemon.start()
        daemon.ask("POST", "/v1/incoming/alertmanager", wire.IncomingReply, webhook)
        (alert,) = look(daemon, minutes=16)
        assert [told.notify for told in alert.told] == [("pager",)] * 3
        sent = daemon.ask("GET", "/v1/deliveries", wire.DeliveriesReply).deliveries
        calls = [each.title.removesuffix(alert.title) for each in reversed(sent)]
        assert calls == ["", "nobody has answered (call 2): ", "nobody has answered (call 3): "]
    finally:
        daemon.engine.stop()


def test_a_restart_of_the_daemon_keeps_alerts_and_timers(tmp_path: Path) -> None:
    first = Daemon(tmp_path / "home", Settings(environment="test"))
    first.attach(write_calls(tmp_path / "a.jsonl", START, range(-20 * MINUTE, 0, 2), status=500))
    look(first, minutes=2)
    first.engine.stop()
    again = Daemon(tmp_path / "home", Settings(environment="test"))
    try:
        again.clock.advance(2 * MINUTE)
        (alert,) = look(again)
        assert (alert.id, [step.step for step in alert.told]) == ("A-1", [0])
        assert alert.next_at is not None
        again.clock.advance(3 * MINUTE)
        (alert,) = look(again)
        assert [step.step for step in alert.told] == [0, 1]
    finally:
        again.engine.stop()


def test_the_journal_tells_who_did_what(burning: Daemon) -> None:
    burning.ask("POST", "/v1/alert/ack", wire.Alert, wire.AckRequest(alert="A-1", note="on it"))
    view = burning.ask("GET", "/v1/timeline", wire.TimelineView, service="chat", window="1h")
    texts = [event.text for event in view.events]
    assert "A-1 acknowledged by ann: on it" in texts
    assert any(text.startswith("A-1 page fired: chat: 100% failed in 1 h") for text in texts)


def test_another_systems_alert_is_an_alert_here(daemon: Daemon, shared: Path, told: list[wire.Notice]) -> None:
    webhook = (shared / "samples" / "prometheus" / "alertmanager_webhook.jsonl").read_bytes()
    with pytest.raises(RequestRefused, match="may not raise"):
        daemon.ask("POST", "/v1/incoming/alertmanager", wire.IncomingReply, webhook, person=GUEST)
    reply = daemon.ask("POST", "/v1/incoming/alertmanager", wire.IncomingReply, webhook)
    assert (reply.firing, reply.resolved) == (1, 0)
    (alert,) = daemon.ask("GET", "/v1/alerts", wire.AlertsView).alerts
    assert (alert.subject, alert.cause, alert.severity) == ("gone", "alertmanager TargetDown", "page")
    look(daemon, minutes=30)
    ended = webhook.replace(b'"status":"firing"', b'"status":"resolved"')
    daemon.ask("POST", "/v1/incoming/alertmanager", wire.IncomingReply, ended)
    look(daemon, minutes=2)
    assert [notice.kind for notice in told] == ["firing", "escalated", "escalated", "resolved"]


def test_an_alert_that_is_over_keeps_its_incident_and_who_was_told(tmp_path: Path, shared: Path) -> None:
    webhook = (shared / "samples" / "prometheus" / "alertmanager_webhook.jsonl").read_bytes()
    ended = webhook.replace(b'"status":"firing"', b'"status":"resolved"')
    daemon = Daemon(tmp_path / "home", Settings(notifiers={"pager": NotifierSetting(kind="terminal")}))
    try:
        daemon.start()
        daemon.ask("POST", "/v1/incoming/alertmanager", wire.IncomingReply, webhook)
        look(daemon)
        request = wire.OpenIncident(title="gone", services=("chat",), severities=("SEV-2",), alert="A-1")
        daemon.ask("POST", "/v1/incident/open", wire.Responded, request)
        daemon.ask("POST", "/v1/incoming/alertmanager", wire.IncomingReply, ended)
        look(daemon, minutes=2)
        view = daemon.ask("GET", "/v1/alerts", wire.AlertsView)
    finally:
        daemon.engine.stop()
    assert (view.alerts, [alert.id for alert in view.resolved]) == ((), ["A-1"])
    assert view.incidents == {"A-1": "INC-1"}
    assert "pager" in view.deliveries["A-1"]


def test_what_is_no_webhook_is_refused(daemon: Daemon) -> None:
    for body in (b"", b"[]", b"{}", b'{"alerts": 3}'):
        with pytest.raises(UsageError, match="no webhook of grafana"):
            daemon.ask("POST", "/v1/incoming/grafana", wire.IncomingReply, body)
    with pytest.raises(UsageError, match="no sender"):
        daemon.ask("POST", "/v1/incoming/nagios", wire.IncomingReply, b'{"alerts": []}')


def test_an_eye_that_fails_is_said_and_keeps_the_others_open(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-20 * MINUTE, 0, 2), status=500))

    def broken(look: object) -> Iterator[object]:
        raise ValueError("no such column")

    eyes = daemon.desk.alerting._observer._eyes
    monkeypatch.setattr(next(each for each in eyes if each.name == "drift"), "eye", broken)
    daemon.desk.alerting.look()
    view = daemon.ask("GET", "/v1/alerts", wire.AlertsView)
    assert [alert.cause for alert in view.alerts] == ["errors"]
    assert "looking at drift: ValueError: no such column" in view.trouble
