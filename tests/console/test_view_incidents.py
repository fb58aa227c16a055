"""Incidents on the screen: what is due and who is here, and everything that is done in one by key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answers_incidents import BOB, BRIEFS, SUGGESTED, incident, incident_view
from driver import LARGE, SEND, Session, drive
from fleet import NOW, FakeClient, fleet_view
from painting import LARGE as WIDE
from painting import frame_at, row_with, text_of

from opsconsole import wire
from opsconsole.console.deeds.messages import stage_of
from opsconsole.console.place import Place
from opsconsole.errors import DaemonError, UsageError

LIST, ONE = Place("incidents"), Place("incident").choosing(key="INC-7")
DRAFT = wire.Draft(
    text="[SEV-2] INC-7 chat: update\n\nChanged: v41 serves again", template="built in", notifiers=("ops-chat",),
    warnings=("1 of its facts missing: they read –",),
)  # fmt: skip


def responded(told: str) -> wire.Responded:
    return wire.Responded(incident=incident(), told=f"INC-7: {told}")


def client(**answered: Any) -> FakeClient:
    answers = {path.replace("_", "/"): answer for path, answer in answered.items()}
    return FakeClient(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)), answered=answers)


def asked(fake: FakeClient) -> list[tuple[str, dict[str, Any]]]:
    """Path and what was said, without what was left as it is."""
    return [
        (path, {name: value for name, value in msgspec.structs.asdict(request).items() if value not in ("", None, ())})
        for path, request in fake.done
    ]


def run(keys: list[str], until: str, **answered: Any) -> list[tuple[str, dict[str, Any]]]:
    """On the page of INC-7: these keys, until this is said; what was asked of the daemon."""
    fake = client(**answered)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", *keys)
        await session.until(until)

    drive(scenario, client=fake, size=LARGE)
    return asked(fake)


# What is seen -----------------------------------------------------------------------------------------------------


def test_a_row_says_severity_state_who_is_in_command_and_what_is_overdue() -> None:
    row = row_with(frame_at(LIST), "INC-7")
    assert row.startswith("›SEV-2 INC-7")
    assert "▲ mitigating" in row
    assert "✖ update 12m over" in row
    assert "nobody" in row_with(frame_at(LIST), "INC-6")
    assert "2 open incidents" in text_of(frame_at(LIST))
    assert "✖ 1 overdue afterwards: reviews, follow-ups" in text_of(frame_at(LIST))


def test_a_page_says_what_is_due_who_set_what_and_who_has_which_role() -> None:
    rows = text_of(frame_at(ONE), WIDE)
    assert "✖ update 12m over  the next message to people" in rows
    assert "▲ call-out in 4m" in rows
    assert "identified   11-23 12:43:12 by ann  v42 fails" in rows
    assert "mitigated    –  not yet" in rows
    assert "▲ offered to bob, who has not accepted" in rows
    assert "▲ ann is commander and operator" in rows


def test_how_its_services_do_is_said_with_n_and_of_which_minutes() -> None:
    assert "▲ warn chat-assist  errors 2.10% (n 9,104)  p99 1.90s (n 9,120)  15m to 13:04" in text_of(frame_at(ONE))
    quiet = wire.ServiceNow(service="chat-assist", state="quiet", reasons=("its newest record is of 12:01 UTC",))
    view = msgspec.structs.replace(incident_view({}), services=(quiet,))
    assert "chat-assist  its newest record is of 12:01 UTC" in text_of(frame_at(ONE, view))


def test_a_checklist_that_the_signals_ask_for_is_shown_and_begun_with_the_key_that_it_names() -> None:
    async def scenario(session: Session) -> None:
        await session.press("I", "enter")
        assert "◌ suggested error-spike  c begins it  error_rate of chat-assist 8.1% > 5%" in session.text
        await session.press("j", "j", "j", "j", "enter")
        await session.until("Requests fail.")
        await session.press("escape", "c")
        await session.until("run error-spike · service: chat-assist")
        await session.press("enter", "enter")
        assert "of incident: INC-7" in session.bottom

    drive(scenario, client=client())


def test_several_checklists_that_are_asked_for_leave_room_for_people_and_are_told_by_their_panel() -> None:
    many = tuple(msgspec.structs.replace(SUGGESTED, checklist=f"list-{i}", told=f"signal {i} > 5%") for i in range(6))
    view = msgspec.structs.replace(incident_view({}), suggested=many)
    text = " ".join(text_of(frame_at(ONE, view)).split())
    assert "◌ suggested list-0, list-1, list-2, list-3, list-4, list-5 1 shows why, c begins one" in text
    assert "3 people" in text
    alone = text_of(frame_at(ONE.changed(panel=1), view))
    assert all(f"suggested list-{i}  c begins it  signal {i} > 5%" in alone for i in range(6))


def test_the_first_screen_of_80x24_has_what_is_due_milestones_and_people() -> None:
    text = text_of(frame_at(ONE))
    assert all(each in text for each in ("1 what is due", "2 milestones", "3 people", "comms"))


def test_who_else_looks_at_it_is_said() -> None:
    fake = client()
    fake.others = (BOB,)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter")
        await session.until("here bob (incident)")

    drive(scenario, client=fake)


def test_this_console_says_which_incident_it_looks_at() -> None:
    said: list[wire.Presence] = []

    class Listening(FakeClient):
        async def present(self, presence: wire.Presence) -> wire.Present:
            said.append(presence)
            return await super().present(presence)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter")
        session.app._tell_presence()
        await session.settle()

    drive(scenario, client=Listening())
    assert (said[-1].view, said[-1].service) == ("incident", "INC-7")


def test_what_belongs_to_it_is_opened_with_enter() -> None:
    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "4", "enter")
        assert session.app.frame.state.place == Place("alert").choosing(key="A-3")
        await session.press("escape", "j", "enter")
        assert session.app.frame.state.place == Place("release", "chat-assist")
        await session.press("escape", "j", "enter")
        assert session.app.frame.state.place == Place("run").choosing(key="RUN-3")
        await session.press("escape", "G", "enter")
        assert "SHA-256 of its rows  ab12" in session.text

    drive(scenario, client=client())


def test_a_message_that_was_sent_is_read_whole() -> None:
    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "5", "enter")
        assert "We look into it." in session.text
        assert "through ops-chat" in session.text

    drive(scenario, client=client())


# What is done -----------------------------------------------------------------------------------------------------


def test_an_incident_is_made_of_an_alert_and_its_page_opens() -> None:
    fake = client(incident_open=responded("opened"))

    async def scenario(session: Session) -> None:
        await session.press("A", "i", "enter", "enter")
        assert "severity: SEV-2" in session.bottom
        await session.press("up", SEND)
        await session.until("INC-7: opened")
        assert session.app.frame.state.place == ONE

    drive(scenario, client=fake)
    assert asked(fake) == [
        (
            "incident/open",
            {
                "title": "chat-assist: burn 14× over 1h, 1,203 of 60,211 failed (errors)",
                "services": ("chat-assist",),
                "severities": ("SEV-1",),
                "alert": "A-3",
            },
        )
    ]


def test_an_alert_that_is_in_an_incident_leads_to_it() -> None:
    async def scenario(session: Session) -> None:
        await session.press("A", "j", "j", "i")
        await session.until("costs of ticket-router")
        assert session.app.frame.state.place.choice("key") == "INC-6"

    drive(scenario, client=client())


def test_an_incident_is_opened_by_a_command() -> None:
    fake = client(incident_open=responded("opened"))

    async def scenario(session: Session) -> None:
        await session.press(":", *"incident open chat is slow", "enter")
        assert "what is wrong: chat is slow" in session.bottom
        await session.press("enter", *"chat-assist", "enter", SEND)
        await session.until("INC-7: opened")

    drive(scenario, client=fake)
    assert asked(fake)[0][1]["severities"] == ("SEV-3",)


def test_notes_and_the_cause() -> None:
    assert run(["n", *"still failing", SEND], "INC-7: noted", incident_note=responded("noted")) == [
        ("incident/note", {"incident": "INC-7", "text": "still failing", "is_cause": False})
    ]
    assert run(["N", *"v42", SEND], "INC-7: noted", incident_note=responded("noted"))[0][1]["is_cause"] is True


def test_a_note_that_says_nothing_is_not_sent() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press("I", "n", "enter")
        assert "note is missing" in session.bottom

    drive(scenario, client=fake)
    assert fake.done == []


def test_a_role_that_was_offered_is_accepted_and_another_is_taken_left_or_offered() -> None:
    told = {"incident_role": responded("so")}
    assert run(["O", "enter", SEND], "INC-7: so", **told)[0][1]["act"] == "accept"
    assert run(["O", "down", "enter", SEND], "INC-7: so", **told)[0][1] == {
        "incident": "INC-7", "role": "deputy", "act": "take",
    }  # fmt: skip
    two = ["backspace", "backspace"]
    assert run(["O", "enter", *two, *"nobody", SEND], "INC-7: so", **told)[0][1]["act"] == "leave"
    offered = run(["O", "enter", *two, *"cid", SEND], "INC-7: so", **told)[0][1]
    assert (offered["act"], offered["to"]) == ("offer", "cid")


@pytest.mark.parametrize(("me", "act"), [("bob", "accept"), ("cid", "take")])
def test_only_whom_a_role_was_offered_to_accepts_it(me: str, act: str) -> None:
    fake = client(incident_role=responded("so"))
    fake.permission = wire.Permission(actor=me, roles=("operator",), is_read_only=False, environment="prod")

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "O", "enter", SEND)
        await session.until("INC-7: so")

    drive(scenario, client=fake, size=LARGE)
    assert [(said["role"], said["act"]) for _, said in asked(fake)] == [("commander", act)]


def test_severity_milestone_follow_up_and_end() -> None:
    severity = run(["l", "up", "enter", *"half", SEND], "INC-7: so", incident_severity=responded("so"))
    assert severity == [("incident/severity", {"incident": "INC-7", "severities": ("SEV-1",), "why": "half"})]
    mitigated = run(["M", "enter", "enter", SEND], "INC-7: so", incident_milestone=responded("so"))
    assert mitigated == [("incident/milestone", {"incident": "INC-7", "milestone": "mitigated", "is_withdrawn": False})]
    todo = run(["F", *"alert", "enter", *"@ann", "enter", *"2026-12-04", SEND], "INC-7: so",
               incident_followup=responded("so"))  # fmt: skip
    assert (todo[0][1]["owner"], str(todo[0][1]["due"])) == ("ann", "2026-12-04")
    done = run(["K", SEND], "INC-7: so", incident_followup=responded("so"))
    assert (done[0][1]["number"], done[0][1]["is_done"]) == (1, True)
    assert run(["X", *"v41 serves", SEND], "INC-7: so", incident_resolve=responded("so")) == [
        ("incident/resolve", {"incident": "INC-7", "why": "v41 serves"})
    ]


@pytest.mark.parametrize(("typed", "at"), [("12:59", NOW.replace(hour=12, minute=59)), ("13:30", None)])
def test_a_milestones_time_of_day_is_the_last_one_by_the_daemons_clock(typed: str, at: datetime | None) -> None:
    keys = ["M", "enter", "backspace", "backspace", "backspace", *typed, "enter", SEND]
    ((_, request),) = run(keys, "INC-7: so", incident_milestone=responded("so"))
    assert request["at"] == (at or NOW.replace(hour=13, minute=30) - timedelta(days=1)).replace(second=0, microsecond=0)


def test_a_message_is_shown_whole_and_goes_out_only_when_send_was_typed() -> None:
    fake = client(incident_draft=DRAFT, incident_send=responded("sent by ops-chat"))

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "U", "enter", SEND)
        await session.until("what has changed:")
        await session.press(*"v41 serves", "enter", "enter", SEND)
        await session.until("Changed: v41 serves again")
        assert "to ops-chat" in session.text
        assert "▲ 1 of its facts missing" in session.text
        await session.press("enter")
        assert "type send, or Esc" in session.bottom
        assert [path for path, _ in fake.done] == ["incident/draft"]
        await session.press(*"send", SEND)
        await session.until("INC-7: sent by ops-chat")

    drive(scenario, client=fake)
    sent = asked(fake)[-1][1]
    assert (sent["text"], sent["stage"], sent["audience"]) == (DRAFT.text, "update", "internal")
    assert sent["said"] == {"changed": "v41 serves"}


def test_a_cause_that_was_named_stands_in_the_message_and_is_not_asked_for_again() -> None:
    fake = client(incident_draft=DRAFT)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "U", *["backspace"] * len("update"), *"identified", "enter", SEND)
        await session.until("what people notice:")
        await session.press("enter")
        await session.until("the cause: v42 holds the cache")
        await session.press("enter", SEND)
        await session.until("type send:")

    drive(scenario, client=fake)
    assert asked(fake)[-1][1]["said"] == {"cause": "v42 holds the cache. TODO: alert"}


@pytest.mark.parametrize(
    ("status", "is_known", "is_first", "stage"),
    [
        ("investigating", False, True, "investigating"),
        ("investigating", False, False, "update"),
        ("identified", True, True, "identified"),
        ("mitigating", False, True, "investigating"),
        ("mitigating", True, True, "identified"),
        ("monitoring", True, False, "update"),
        ("resolved", True, True, "resolved"),
    ],
)
def test_a_message_is_of_the_stage_that_follows_what_was_said(
    status: wire.IncidentStatus, is_known: bool, is_first: bool, stage: str
) -> None:
    one = incident(status=status)
    known = dict(one.milestones) if is_known else {}
    updates = () if is_first else one.updates
    assert stage_of(msgspec.structs.replace(one, milestones=known, updates=updates)) == stage


def test_a_message_begins_with_the_stage_that_the_incident_has_by_now() -> None:
    now: list[wire.IncidentStatus] = ["mitigating"]

    class Ahead(FakeClient):
        """What is on the screen stands there until a newer revision is published."""

        def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
            answer = super().answer(kind, parameters)
            is_page = isinstance(answer, wire.IncidentView)
            return msgspec.structs.replace(answer, incident=incident(status=now[0])) if is_page else answer

    async def scenario(session: Session) -> None:
        await session.press("I", "enter")
        now[0] = "resolved"
        await session.press("U")
        await session.until("stage: resolved")
        assert "▲ mitigating" in session.text

    drive(scenario, client=Ahead(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",))))


def test_a_message_whose_answer_is_lost_may_have_gone_out_and_is_not_offered_again() -> None:
    fake = client(incident_draft=DRAFT, incident_send=DaemonError("no daemon answers (ReadTimeout)", "Start it."))

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "U", "enter", SEND)
        await session.until("what has changed:")
        await session.press("enter", "enter", SEND)
        await session.until("type send:")
        await session.press(*"send", SEND)
        await session.until("not known whether it was done: look before you repeat it")
        assert "not done" not in session.text
        await session.press(SEND)

    drive(scenario, client=fake)
    assert [path for path, _ in fake.done] == ["incident/draft", "incident/send"]


def test_escape_under_a_message_sends_nothing() -> None:
    fake = client(incident_draft=DRAFT)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "U", "enter", "enter")
        await session.until("what has changed:")
        await session.press("enter", "enter", "enter")
        await session.until("type send:")
        await session.press("escape")
        assert "nothing was done" in session.bottom

    drive(scenario, client=fake)
    assert [path for path, _ in fake.done] == ["incident/draft"]


def test_a_review_is_written_and_it_is_said_where(tmp_path: Path) -> None:
    review = wire.IncidentReview(
        incident=incident(), environment="prod", made_at=BRIEFS[0].opened_at, due_at=None,
        metrics=wire.IncidentMetrics(
            detect_s=None, acknowledge_s=None, identify_s=None, mitigate_s=None, resolve_s=None, first_update_s=None,
            longest_silence_s=None,
        ),
        impacts=(), series=(), timeline=(),
    )  # fmt: skip
    files = wire.ReviewFiles(review=review, markdown="# INC-7\n\x1b[2J", html="<p>INC-7</p>")
    rub_out = ["backspace"] * len("reviews")
    run(["W", *rub_out, *str(tmp_path), SEND], f"wrote {tmp_path}/INC-7.md and .html", incident_review=files)
    assert "\x1b" not in (tmp_path / "INC-7.md").read_text()
    assert (tmp_path / "INC-7.html").read_text().startswith("<p>INC-7</p>")


def test_a_directory_of_nobody_is_refused_before_anything_is_asked() -> None:
    rub_out = ["backspace"] * len("reviews")
    assert run(["W", *rub_out, *"~nosuch/x", "enter"], "~nosuch/x is nobody's directory") == []


def test_the_handover_page_opens() -> None:
    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "H")
        await session.until("WHAT IS KNOWN")

    drive(scenario, client=client(), size=LARGE)


@pytest.mark.parametrize(
    ("keys", "why"),
    [(("A", "j", "j", "i", "K"), ""), (("I", "K"), "open the incident first")],
)
def test_a_key_that_makes_no_sense_says_why(keys: tuple[str, ...], why: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press(*keys)
        assert why in session.bottom

    drive(scenario, client=client())


def test_what_is_refused_is_said() -> None:
    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "X", SEND)
        await session.until("not done: INC-7 is resolved already")
        await session.press("escape")
        assert session.app.frame.state.mode == "browse"

    drive(scenario, client=client(incident_resolve=UsageError("INC-7 is resolved already")), size=LARGE)


def test_what_came_of_a_deed_is_said_even_where_it_takes_the_whole_line() -> None:
    told = "linked " + "x" * 60

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"so", SEND)
        await session.until("INC-7: linked xxx")

    drive(scenario, client=client(incident_note=responded(told)))
