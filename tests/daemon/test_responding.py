"""Incidents through the daemon: who may act, what evidence sets by itself, who is told, and what others see."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.config.notifying import NotifierSetting
from opsconsole.config.responding import IncidentSetting
from opsconsole.config.settings import AccessSetting, ReleaseSetting, ServiceSetting, Settings
from opsconsole.daemon.responding import Responding
from opsconsole.errors import ConfigError, RequestRefused, UsageError
from opsconsole.releases.access import Person

BOB = Person(name="bob", uid=1001)
EVE = Person(name="eve", uid=1002)
NAMES = ("ops-chat", "status-page")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    routing = tmp_path / "routing.yaml"
    routing.write_text("chat:\n  v1: 100\n")
    release = ReleaseSetting(target="file", options={"path": str(routing)})
    return Settings(
        environment="test",
        access=AccessSetting(operators=("bob",)),
        services={"chat": ServiceSetting(budget_usd_per_month=1_000, release=release)},
        incidents=IncidentSetting(external=NAMES, templates=tmp_path / "templates"),
    )


@pytest.fixture
def daemon(daemon: Daemon) -> Daemon:
    daemon.start()
    return daemon


def respond(daemon: Daemon, word: str, request: msgspec.Struct, person: Person | None = None) -> wire.Responded:
    return daemon.ask("POST", f"/v1/incident/{word}", wire.Responded, request, person=person)


def opened(daemon: Daemon, *severities: wire.Severity, **more: Any) -> wire.Incident:
    asked = {"title": "chat answers slowly", "services": ("chat",), "severities": severities, **more}
    return respond(daemon, "open", wire.OpenIncident(**asked)).incident


def view(daemon: Daemon, name: str = "INC-1", person: Person | None = None) -> wire.IncidentView:
    return daemon.ask("GET", "/v1/incident", wire.IncidentView, incident=name, person=person)


def told(daemon: Daemon) -> list[tuple[wire.Notice, tuple[str, ...]]]:
    """What people are told from here on."""
    found: list[tuple[wire.Notice, tuple[str, ...]]] = []

    def notify(notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        found.append((notice, names))
        return names

    daemon.desk.responding._notify = notify
    return found


def outage(path: Path, *, minutes: int = 12) -> Path:
    """An hour of requests up to the daemon's start, of which the last minutes failed."""
    write_calls(path, START - timedelta(hours=1), range(3_600 - 60 * minutes))
    return write_calls(path, START - timedelta(minutes=minutes), range(60 * minutes), status=503)


# Who and how ------------------------------------------------------------------------------------------------------


def test_viewers_read_and_operators_write_in_their_own_name(daemon: Daemon) -> None:
    opened(daemon, "SEV-2")
    note = wire.AddNote(incident="INC-1", text="it is the cache")
    with pytest.raises(RequestRefused, match="eve may not work on incidents"):
        respond(daemon, "note", note, EVE)
    respond(daemon, "note", note, BOB)
    seen = view(daemon, person=EVE)
    assert [each.by for each in seen.incident.notes] == ["bob"]
    assert (seen.incident.opened_by, seen.environment, seen.is_live) == ("ann", "test", True)
    listed = daemon.ask("GET", "/v1/incidents", wire.IncidentsReply, person=EVE)
    assert [(each.incident, each.status) for each in listed.incidents] == [("INC-1", "investigating")]


def test_what_is_known_outlives_the_daemon(daemon: Daemon) -> None:
    opened(daemon, "SEV-2")
    respond(daemon, "role", wire.ChangeRole(incident="INC-1", role="commander", act="take"))
    again = Responding(daemon.engine, daemon.desk.view, daemon.desk.attendance)
    assert again.conduct.state == daemon.desk.responding.conduct.state


def test_a_person_on_a_shared_account_has_a_role_by_their_own_name(daemon: Daemon) -> None:
    opened(daemon, "SEV-2")
    shared = Person(name="bob", uid=1001, key="SHA256:abcdefghijklmnopqrst", called="carol")
    answer = respond(daemon, "role", wire.ChangeRole(incident="INC-1", role="scribe", act="take"), shared)
    assert answer.told == "INC-1: scribe is carol"
    assert answer.incident.role_history[0].by == "bob (carol, SHA256:abcdefghijk…)"


def test_who_looks_at_it_or_at_its_services_is_seen(daemon: Daemon) -> None:
    opened(daemon, "SEV-2")
    for console, user, where, service in (
        ("c1", "bob", "incident", "INC-1"), ("c2", "eve", "service", "chat"), ("c3", "amy", "fleet", ""),
    ):  # fmt: skip
        said = wire.Presence(console=console, user=user, origin="10.0.0.7", view=where, service=service)
        daemon.desk.attendance.tell(said)
    assert [each.user for each in view(daemon).here] == ["bob", "eve"]


@pytest.mark.parametrize("name", ["INC-9", "", "'; DROP"])
def test_an_incident_that_there_is_not_is_refused(daemon: Daemon, name: str) -> None:
    with pytest.raises(UsageError, match="there is no incident"):
        view(daemon, name)


# Evidence ---------------------------------------------------------------------------------------------------------


def test_an_alert_and_a_release_set_the_milestones_by_themselves(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(outage(tmp_path / "a.jsonl"))
    note = daemon.engine.journal.append
    note(
        "alerts",
        "alert.fired",
        {"subject": "chat", "cause": "errors", "services": ["chat"], "severity": "page", "title": "errors"},
    )
    opened(daemon, "SEV-2", alert="A-1")
    daemon.clock.advance(60)
    note("bob", "alert.acknowledged", {"alert": "A-1", "person": "bob", "note": ""})
    daemon.desk.responding.look()
    held = {name: entry.at for name, entry in view(daemon).incident.milestones.items()}
    assert held["detected"] == START
    assert held["acknowledged"] == START + timedelta(minutes=1)
    assert START - timedelta(minutes=14) <= held["impact_start"] <= START - timedelta(minutes=10)  # type: ignore[operator]
    plan = {"op_id": "op1", "order": {"act": "rollback"}, "requests": [],
            "before": {"routing": {"shares": {"v2": 1.0}}}, "after": {"shares": {"v1": 1.0}}}  # fmt: skip
    note("bob", "release.started", {"service": "chat", "plan": plan})
    daemon.clock.advance(30)
    verdict = {"effect": "effective", "why": "92 of 92"}
    note("bob", "release.verified", {"service": "chat", "op_id": "op1", "verdict": verdict})
    daemon.desk.responding.look()
    assert view(daemon).incident.status == "mitigating"
    assert [(link.kind, link.ref, link.by) for link in view(daemon).incident.links][1:] == [
        ("release", "op1", "incidents")
    ]
    daemon.clock.advance(120)
    note("alerts", "alert.resolved", {"alert": "A-1", "why": "gone"})
    daemon.desk.responding.look()
    assert view(daemon).incident.milestones["mitigated"].at == START + timedelta(seconds=210)
    assert view(daemon).incident.status == "monitoring"


def test_without_alerts_it_is_mitigated_once_the_signals_stay_back(daemon: Daemon, tmp_path: Path) -> None:
    log = outage(tmp_path / "a.jsonl")
    daemon.attach(log)
    opened(daemon, "SEV-2")
    note = daemon.engine.journal.append
    plan = {"op_id": "op1", "order": {"act": "rollback"}, "requests": [],
            "before": {"routing": {"shares": {"v2": 1.0}}}, "after": {"shares": {"v1": 1.0}}}  # fmt: skip
    note("bob", "release.started", {"service": "chat", "plan": plan})
    note("bob", "release.verified", {"service": "chat", "op_id": "op1", "verdict": {"effect": "effective", "why": ""}})

    def minutes(n: int, **changed: Any) -> None:
        """So many more minutes of requests, and a look."""
        write_calls(log, daemon.clock.now(), range(60 * n), **changed)
        daemon.clock.advance(60 * n)
        daemon.settle()
        daemon.desk.responding.look()

    minutes(1)
    assert "mitigated" not in view(daemon).incident.milestones, "one good minute is none"
    minutes(4)
    entry = view(daemon).incident.milestones["mitigated"]
    assert entry.source == "auto"
    assert entry.at is not None
    assert START <= entry.at <= START + timedelta(minutes=2)
    assert entry.evidence.startswith("opsconsole show service chat --window ")


def test_a_checklist_that_says_it_belongs_to_it_is_linked_and_its_decision_identifies(daemon: Daemon) -> None:
    opened(daemon, "SEV-2")
    daemon.engine.journal.append(
        "bob", "checklist.started", {"run": "RUN-1", "checklist": {"title": "Bad canary"}, "incident": "INC-1"}
    )
    daemon.clock.advance(30)
    daemon.engine.journal.append("bob", "checklist.decided", {"run": "RUN-1", "step": "decide", "option": "r"})
    daemon.desk.responding.look()
    daemon.desk.responding.look()
    incident = view(daemon).incident
    assert [(link.kind, link.ref) for link in incident.links] == [("checklist", "RUN-1")]
    assert incident.milestones["identified"].at == START + timedelta(seconds=30)


def test_what_it_works_on_is_called_as_it_is_however_it_was_typed(daemon: Daemon) -> None:
    note = daemon.engine.journal.append
    fired = {"cause": "errors", "services": ["chat"], "severity": "page", "title": "errors"}
    for alert in ("A-1", "A-2"):
        note("alerts", "alert.fired", {"alert": alert, "subject": "chat", **fired})
    note("bob", "checklist.started", {"run": "RUN-1", "checklist": {"title": "Bad canary"}, "incident": ""})
    opened(daemon, "SEV-2", alert="a-1")
    with pytest.raises(UsageError, match="INC-1 works on the alert A-1 already"):
        opened(daemon, alert="A-1")
    respond(daemon, "link", wire.AddLink(incident="inc-1", kind="alert", ref="a-2"))
    respond(daemon, "link", wire.AddLink(incident="inc-1", kind="checklist", ref="run-1"))
    linked = [("alert", "A-1"), ("alert", "A-2"), ("checklist", "RUN-1")]
    assert [(link.kind, link.ref) for link in view(daemon).incident.links] == linked


def test_what_there_is_not_is_not_worked_on(daemon: Daemon) -> None:
    with pytest.raises(UsageError, match="there is no alert 'A-9'"):
        opened(daemon, alert="A-9")
    opened(daemon)
    for kind, ref, refusal in (("alert", "A-9", "no alert 'A-9'"), ("checklist", "RUN-9", "no run 'RUN-9'")):
        with pytest.raises(UsageError, match=refusal):
            respond(daemon, "link", wire.AddLink(incident="INC-1", kind=kind, ref=ref))  # type: ignore[arg-type]


def test_a_query_is_linked_with_the_hash_of_its_rows(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(10)))
    opened(daemon)
    sql = "SELECT version, count(*) AS n FROM requests GROUP BY 1"
    link = respond(daemon, "link", wire.AddLink(incident="INC-1", kind="query", ref=sql)).incident.links[0]
    rows = json.dumps([["version", "n"], [["v1", 10]]], separators=(",", ":"))
    assert link.result_sha256 == hashlib.sha256(rows.encode()).hexdigest()
    assert view(daemon).timeline[-1].command == f"opsconsole query '{sql}'"
    with pytest.raises(UsageError, match="there is no release 'nowhere'"):
        respond(daemon, "link", wire.AddLink(incident="INC-1", kind="release", ref="nowhere"))


def test_how_a_service_does_says_of_how_many_requests_and_of_which_minutes(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(10)))
    opened(daemon)
    (now,) = view(daemon).services
    assert (now.requests, now.n_judged, now.n_timed, now.window) == (10, 10, 10, "15m")
    assert now.end is not None


def test_a_service_without_records_keeps_nobody_from_working(daemon: Daemon) -> None:
    opened(daemon, "SEV-2", services=("nowhere",))
    daemon.desk.responding.look()
    assert view(daemon).services == (
        wire.ServiceNow(service="nowhere", state="unknown", reasons=("no records of it",)),
    )
    review = daemon.ask("POST", "/v1/incident/review", wire.ReviewFiles, wire.ReviewRequest(incident="INC-1"))
    assert (review.review.impacts, review.review.series) == ((), ())


# Telling ----------------------------------------------------------------------------------------------------------


def draft(daemon: Daemon, stage: wire.Stage, audience: wire.Audience = "external", **said: str) -> wire.Draft:
    asked = wire.DraftRequest(incident="INC-1", stage=stage, audience=audience, said=said)
    return daemon.ask("POST", "/v1/incident/draft", wire.Draft, asked)


def send(daemon: Daemon, stage: wire.Stage, text: str, **said: str) -> wire.Responded:
    asked = wire.SendRequest(incident="INC-1", stage=stage, audience="external", text=text, said=said)
    return respond(daemon, "send", asked)


def test_a_message_goes_out_in_the_words_that_were_shown_and_is_written_down(daemon: Daemon) -> None:
    found = told(daemon)
    opened(daemon, "SEV-1")
    shown = draft(daemon, "investigating", impact="answers take 20 s")
    assert (shown.notifiers, shown.template) == (NAMES, "built in")
    assert found == [], "a draft tells nobody"
    answer = send(daemon, "investigating", shown.text)
    assert answer.told == "INC-1: sent by ops-chat, status-page"
    ((notice, names),) = found
    assert names == NAMES
    assert f"{notice.title}\n\n{notice.body}\n" == shown.text
    assert (notice.key, notice.kind, notice.severity, notice.service) == ("INC-1/external", "update", "info", "chat")
    (update,) = view(daemon).incident.updates
    assert (update.text, update.notifiers, update.by) == (shown.text, NAMES, "ann")
    assert "first update" not in {timer.name for timer in view(daemon).timers}


def test_that_it_is_over_is_told_with_a_word_on_lost_data_or_not_at_all(daemon: Daemon) -> None:
    found = told(daemon)
    opened(daemon, "SEV-1")
    respond(daemon, "resolve", wire.ResolveIncident(incident="INC-1"))
    without = draft(daemon, "resolved")
    assert any("whether data was lost" in each for each in without.warnings)
    with pytest.raises(UsageError, match="whether data was lost"):
        send(daemon, "resolved", without.text)
    assert (found, view(daemon).incident.updates) == ([], ())
    send(daemon, "resolved", draft(daemon, "resolved", data_loss="none").text, data_loss="none")
    assert found[0][0].labels["stage"] == "resolved"


def test_each_audience_hears_its_own_messages_and_every_one_of_them(tmp_path: Path) -> None:
    """Nobody hears what was said to others; that it is over is told once more when it was over twice."""
    audiences: tuple[wire.Audience, ...] = ("internal", "external")
    told = Settings(
        notifiers={name: NotifierSetting(kind="terminal") for name in audiences},
        incidents=IncidentSetting(internal=("internal",), external=("external",)),
    )
    daemon = Daemon(tmp_path, told)
    daemon.start()
    opened(daemon, "SEV-1")
    said: tuple[tuple[wire.Audience, wire.Stage], ...] = (
        ("internal", "investigating"), ("external", "resolved"), ("internal", "update"), ("internal", "resolved"),
        ("internal", "update"), ("internal", "resolved"),
    )  # fmt: skip
    for number, (audience, stage) in enumerate(said):
        text = f"{audience} message {number}\nlost data: none\n"
        asked = wire.SendRequest(
            incident="INC-1", stage=stage, audience=audience, text=text, said={"data_loss": "none"}
        )
        assert respond(daemon, "send", asked).told == f"INC-1: sent by {audience}"
    sent = daemon.ask("GET", "/v1/deliveries", wire.DeliveriesReply).deliveries
    for audience in audiences:
        titles = {each.title for each in sent if each.notifier == audience}
        assert titles == {f"{whom} message {number}" for number, (whom, _) in enumerate(said) if whom == audience}
    daemon.engine.stop()


def test_only_those_are_said_to_be_told_who_are(tmp_path: Path) -> None:
    """Alertmanager takes no news of what it does not know of; who is named gets what it does not get unnamed."""
    notifiers = {
        "pager": NotifierSetting(kind="alertmanager", options={"url": "http://127.0.0.1:9"}),
        "desk": NotifierSetting(kind="terminal", severities=("page",)),
    }
    settings = Settings(notifiers=notifiers, incidents=IncidentSetting(external=("pager", "desk")))
    daemon = Daemon(tmp_path, settings)
    daemon.start()
    opened(daemon, "SEV-1")
    answer = send(daemon, "investigating", "chat is slow")
    assert answer.told == "INC-1: sent by desk; NOT by pager, which there is not, or which does not take it"
    assert answer.incident.updates[0].notifiers == ("desk",)
    daemon.engine.stop()


def test_nobody_is_said_to_be_told_where_nobody_can_be(daemon: Daemon) -> None:
    opened(daemon, "SEV-1")
    shown = draft(daemon, "investigating")
    assert shown.notifiers == ()
    assert any("nobody is told" in each for each in shown.warnings)
    assert send(daemon, "investigating", shown.text).told == "INC-1: written down; nobody was told"
    assert view(daemon).incident.updates[0].notifiers == ()


def test_a_template_of_ones_own_is_read_where_the_configuration_says(daemon: Daemon, tmp_path: Path) -> None:
    opened(daemon, "SEV-1")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "external-update.txt").write_text("Harbor news\n\n$changed\n")
    assert draft(daemon, "update", changed="v41 again").text == "Harbor news\n\nv41 again\n"
    (tmp_path / "templates" / "external-update.txt").write_text("$nothing\n")
    with pytest.raises(ConfigError, match=r"external-update.txt:1: there is no fact \$nothing"):
        draft(daemon, "update")
    with pytest.raises(UsageError, match="there is no fact 'colour'"):
        draft(daemon, "update", colour="red")


# What others see --------------------------------------------------------------------------------------------------


def test_a_release_waits_for_serious_incidents_and_going_back_does_not(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START - timedelta(minutes=9), range(500), version="v2"))
    opened(daemon, "SEV-2")
    plans = {
        act: daemon.ask(
            "POST", "/v1/release/plan", wire.Plan, wire.OrderRequest(service="chat", act=act, version=version)
        )
        for act, version in (("promote", "v2"), ("rollback", ""))
    }
    assert plans["promote"].evidence.open_incidents == ("INC-1 SEV-2 chat answers slowly",)
    assert "incident" in {refusal.rule for refusal in plans["promote"].refusals}
    assert "incident" not in {refusal.rule for refusal in plans["rollback"].refusals}
    respond(daemon, "severity", wire.SetSeverity(incident="INC-1", severities=("SEV-4",)))
    order = wire.OrderRequest(service="chat", act="promote", version="v2")
    assert daemon.ask("POST", "/v1/release/plan", wire.Plan, order).evidence.open_incidents == ()


def test_the_services_timeline_tells_of_the_incident(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START - timedelta(minutes=9), range(500)))
    opened(daemon, "SEV-2")
    daemon.clock.advance(1)
    seen = daemon.ask("GET", "/v1/timeline", wire.TimelineView, service="chat", window="1h")
    assert "INC-1 opened, SEV-2: chat answers slowly" in {event.text for event in seen.events}


def test_what_goes_on_at_its_services_is_on_the_page(daemon: Daemon) -> None:
    daemon.desk.responding._running = lambda services: tuple(f"{each}: rollout of v2" for each in services)
    opened(daemon, "SEV-2")
    assert view(daemon).running == ("chat: rollout of v2",)


# The review -------------------------------------------------------------------------------------------------------


def test_the_review_counts_what_users_had_and_is_a_draft_until_it_is_finished(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(outage(tmp_path / "a.jsonl"))
    opened(daemon, "SEV-1")
    daemon.desk.responding.look()
    respond(daemon, "milestone", wire.SetMilestone(incident="INC-1", milestone="mitigated"))
    asked = wire.ReviewRequest(incident="INC-1")
    files = daemon.ask("POST", "/v1/incident/review", wire.ReviewFiles, asked)
    (impact,) = files.review.impacts
    assert 600 <= impact.errors <= 720
    assert impact.error_rate is not None
    assert impact.error_rate > 0.85
    assert impact.error_rate_before == 0.0
    assert impact.budget_share == pytest.approx(impact.usd / 1_000)  # type: ignore[operator]
    assert files.review.incident.review == "draft"
    assert files.markdown.startswith("# INC-1 chat answers slowly\n")
    assert files.html.count("<polyline") >= 4
    finished = wire.ReviewRequest(incident="INC-1", is_reviewed=True)
    with pytest.raises(UsageError, match="INC-1 is open"):
        daemon.ask("POST", "/v1/incident/review", wire.ReviewFiles, finished)
    respond(daemon, "resolve", wire.ResolveIncident(incident="INC-1"))
    daemon.clock.advance(4 * 86_400)
    reply = daemon.ask("GET", "/v1/incidents", wire.IncidentsReply)
    assert [each.key for each in reply.findings] == ["INC-1:review"]
    assert daemon.ask("POST", "/v1/incident/review", wire.ReviewFiles, finished).review.incident.status == "reviewed"
    assert daemon.ask("GET", "/v1/incidents", wire.IncidentsReply).findings == ()


def test_the_thread_that_looks_for_evidence_ends_with_the_engine(daemon: Daemon) -> None:
    daemon.desk.responding.start()
    opened(daemon, "SEV-2")
    for ending in daemon.engine._endings:
        ending()
    assert not daemon.desk.responding._thread.is_alive()
