"""Alerts on the screen: what fires and who has it, what an alert rests on, and what can be done about it by key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest
from answers_alerts import ALERTS, PAGE, SILENCE, alert_view, alerts_view
from driver import LARGE, SEND, Session, drive
from fleet import NOW, FakeClient, fleet_view
from painting import LARGE as WIDE
from painting import frame_at, moved, row_with, text_of

from opsconsole import wire
from opsconsole.console.place import Place
from opsconsole.errors import UsageError

LIST, ONE = Place("alerts"), Place("alert").choosing(key="A-3")
VIEWER = wire.Permission(actor="guest", roles=("viewer",), is_read_only=False, environment="prod")
LOCKED = wire.Permission(actor="ann", roles=("operator",), is_read_only=True, environment="prod")
TAKEN = msgspec.structs.replace(PAGE, state="acknowledged", acknowledged_by="ann", acknowledged_at=NOW)


def client(**options: object) -> FakeClient:
    return FakeClient(fleet_answer=lambda window: fleet_view(window, names=("chat-assist", "ticket-router")), **options)  # type: ignore[arg-type]


# What is seen -----------------------------------------------------------------------------------------------------


def test_a_row_says_severity_evidence_and_who_has_it_in_words_and_signs() -> None:
    frame = frame_at(LIST)
    assert row_with(frame, "A-3").split()[:3] == ["›✖", "PAGE", "A-3"]
    assert "call 2 in 4m" in row_with(frame, "A-3")
    assert "call 1 now" in row_with(frame, "A-4")
    assert "✔ bob" in row_with(frame, "A-2")
    assert "◌ silenced" in row_with(frame, "A-1")
    assert row_with(frame, "A-0").split()[:2] == ["✔", "over"]


def test_what_did_not_arrive_is_said_before_what_did() -> None:
    assert "told      NOT TOLD: status-page; not told yet: mail; told on-call" in text_of(frame_at(LIST))


@pytest.mark.parametrize(
    ("why", "row", "faults"),
    [(wire.NO_NOTIFIER, "▲ nobody was told: no notifier takes it", True),
     (wire.IN_A_DRILL, " a drill: nobody outside is told", False)],
)  # fmt: skip
def test_who_was_told_nothing_is_missed_except_in_a_drill(why: str, row: str, faults: bool) -> None:
    told = (wire.AlertTold(at=NOW, step=0, notify=(), why_nobody=why),)
    view = msgspec.structs.replace(
        alert_view({}), alert=msgspec.structs.replace(PAGE, told=told), deliveries=(), history=()
    )
    assert row in text_of(frame_at(ONE, view))
    assert (row in text_of(frame_at(replace(ONE, is_faults_only=True), view))) is faults


def test_rules_that_were_never_looked_at_are_no_quiet_night() -> None:
    view = msgspec.structs.replace(
        alerts_view({}), alerts=(), resolved=(), looked_at=None, trouble="looking: disk full"
    )
    text = text_of(frame_at(LIST, view))
    assert "? the rules were not looked at yet" in text
    assert "▲ looking: disk full" in text


def test_a_page_says_number_threshold_n_and_how_often_by_accident() -> None:
    text = text_of(frame_at(ONE))
    assert "errors-burn-1h · n 60,211 · p 2e-09 · 14.6 of 14.4 times the budget's pace" in text
    assert "by accident: 0 to 0.07 in 30 days" in text
    assert "version v42: 92% of the change in errors" in text


def test_what_changed_is_on_the_first_screen_however_much_was_found() -> None:
    many = tuple(msgspec.structs.replace(PAGE.members[0], detail=f"route {i}", told=f"route {i}") for i in range(20))
    view = alert_view({"alert": "A-3"})
    frame = frame_at(ONE, msgspec.structs.replace(view, alert=msgspec.structs.replace(PAGE, members=many)))
    text = text_of(frame)
    assert "version v42: 92% of the change in errors" in text
    assert "and 20 more: 1 shows 17 of them" in text
    assert "route 7" in text_of(moved(frame, panel=1))


def test_wide_screens_have_the_deliveries_beside_the_evidence() -> None:
    rows = text_of(frame_at(ONE), WIDE).split("\n")
    title = next(row for row in rows if "1 evidence" in row)
    assert "3 told" in title
    assert any("✖ NEVER TOLD status-page" in row for row in rows)


@pytest.mark.parametrize("keys", [(), ("j", "enter"), ("s",), ("A",), ("j", "enter", "T")])
def test_every_view_says_in_its_first_line_how_much_is_open(keys: tuple[str, ...]) -> None:
    async def scenario(session: Session) -> None:
        await session.press(*keys)
        assert "✖ 2 pages · ▲ 1 ticket" in session.top

    drive(scenario, client=client(on_call=wire.OnCall(pages=2, tickets=1, unanswered=1, incidents=0)))


def test_pages_that_somebody_has_look_another_way_and_none_is_nothing() -> None:
    async def taken(session: Session) -> None:
        assert "● 1 page · 1 incident" in session.top

    async def none(session: Session) -> None:
        assert "page" not in session.top

    drive(taken, client=client(on_call=wire.OnCall(pages=1, tickets=0, unanswered=0, incidents=1)))
    drive(none, client=client(on_call=wire.OnCall(pages=0, tickets=0, unanswered=0, incidents=0)))


# What is done -----------------------------------------------------------------------------------------------------


def test_a_page_is_taken_with_a_note_and_the_answer_is_said() -> None:
    fake = client(answered={"alert/ack": TAKEN})

    async def scenario(session: Session) -> None:
        await session.press("A", "a")
        assert "take A-3 · what you will do:" in session.bottom
        await session.press(*"looking", SEND)
        await session.until("A-3 is with ann: nobody else is called")

    drive(scenario, client=fake)
    assert fake.done == [("alert/ack", wire.AckRequest(alert="A-3", note="looking"))]


def test_escape_does_nothing_and_says_so() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press("A", "a", *"look", "escape")
        assert "nothing was done" in session.bottom
        assert session.app.frame.state.view == "alerts"

    drive(scenario, client=fake)
    assert fake.done == []


def test_a_silence_has_an_end_and_a_reason() -> None:
    fake = client(answered={"alert/silence": SILENCE})

    async def scenario(session: Session) -> None:
        await session.press("A", "m", "enter")
        assert "for 1h · because:" in session.bottom
        await session.press("enter")
        assert "because is missing" in session.bottom
        await session.press(*"load test", SEND)
        await session.until("S-3: chat-assist inputs is silent until 11-23 14:04 UTC")

    drive(scenario, client=fake)
    assert fake.done == [("alert/silence", wire.SilenceRequest(subject="A-3", minutes=60, reason="load test"))]


def test_a_silence_is_ended() -> None:
    fake = client(answered={"alert/unsilence": SILENCE})

    async def scenario(session: Session) -> None:
        await session.press("A", "u", SEND)
        await session.until("S-3 has ended")

    drive(scenario, client=fake)


def test_the_silence_of_the_row_stands_first_and_says_what_it_is_of() -> None:
    other = msgspec.structs.replace(SILENCE, id="S-1", subject="ticket-router", what="", reason="moving house")

    class Two(FakeClient):
        def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
            answer = super().answer(kind, parameters)
            is_list = isinstance(answer, wire.AlertsView)
            return msgspec.structs.replace(answer, silences=(other, SILENCE)) if is_list else answer

    fake = Two(answered={"alert/unsilence": SILENCE})

    async def scenario(session: Session) -> None:
        await session.press("A", "j", "j", "j", "u")
        assert "end S-3 chat-assist inputs until 14:04: load test; S-1 ticket-router until" in session.bottom
        await session.press(SEND)
        await session.until("S-3 has ended")

    drive(scenario, client=fake, size=LARGE)
    assert fake.done == [("alert/unsilence", wire.UnsilenceRequest(silence="S-3"))]


class Silenced(FakeClient):
    """Two silences are in force; the page of A-1 is held by one of them, and A-2's does not come."""

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        if parameters.get("alert") == "A-2":
            await asyncio.Event().wait()
        return await super().view(kind, parameters, after)

    def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
        answer = super().answer(kind, parameters)
        other = msgspec.structs.replace(SILENCE, id="S-1", subject="ticket-router", what="", reason="moving house")
        is_list = isinstance(answer, wire.AlertsView)
        return msgspec.structs.replace(answer, silences=(other, SILENCE)) if is_list else answer


def test_on_the_page_of_an_alert_only_the_silences_that_hold_it_are_ended() -> None:
    async def scenario(session: Session) -> None:
        await session.press("A", "j", "j", "j", "enter", "u")
        assert "end S-3 chat-assist inputs until 14:04: load test · which: S-3" in session.bottom
        assert session.app.frame.state.form is not None
        assert session.app.frame.state.form.fields[0].choices == ("S-3",)

    drive(scenario, client=Silenced(), size=LARGE)


def test_a_silence_of_the_page_before_is_not_offered_on_a_page_that_has_not_come() -> None:
    async def scenario(session: Session) -> None:
        await session.press("A", "j", "j", "j", "enter", ":", *"alert A-2", "enter", "u")
        assert "no silence is in force" in session.bottom

    drive(scenario, client=Silenced(), size=LARGE)


def test_what_the_daemon_refuses_is_said_and_can_be_typed_again() -> None:
    fake = client(answered={"alert/ack": UsageError("no alert 'A-3' is open", "Open are: none.")})

    async def scenario(session: Session) -> None:
        await session.press("A", "a", *"mine", SEND)
        await session.until("not done: no alert 'A-3' is open")
        assert session.app.frame.state.draft == "mine"
        await session.press("escape")

    drive(scenario, client=fake, size=LARGE)


def test_a_long_refusal_is_read_whole_on_a_small_screen_beside_what_was_typed() -> None:
    why = "chat-assist inputs is silent already, by bob, until 11-23 14:04 UTC"
    remedy = "End that silence first (u), or name a narrower one by its finding."
    fake = client(answered={"alert/silence": UsageError(why, remedy)})

    async def scenario(session: Session) -> None:
        await session.press("A", "m", "enter", *"load test", SEND)
        await session.until("not done: chat-assist inputs")
        rows = session.text.splitlines()
        assert f"not done: {why}. {remedy}" in " ".join(row.strip() for row in rows[-4:-1])
        assert "because: load test" in session.bottom
        assert "Enter does it" in session.bottom

    drive(scenario, client=fake)


@pytest.mark.parametrize(
    ("options", "keys", "why"),
    [
        ({"permission": VIEWER}, ("A", "a"), "guest may look and not act"),
        ({}, ("A", "j", "j", "a"), "A-2 is with bob already"),
        ({}, ("A", "G", "a"), "A-0 is over"),
        ({}, ("=", "A", "a"), "in the past: :now returns"),
    ],
)
def test_a_key_that_cannot_work_says_why(options: dict[str, object], keys: tuple[str, ...], why: str) -> None:
    fake = client(**options)

    async def scenario(session: Session) -> None:
        await session.press(*keys)
        assert why in session.bottom

    drive(scenario, client=fake)
    assert fake.done == []


def test_a_console_that_is_not_armed_may_take_a_page() -> None:
    async def scenario(session: Session) -> None:
        await session.press("A", "a")
        assert "take A-3" in session.bottom

    drive(scenario, client=client(permission=LOCKED))


def test_what_stands_under_the_cursor_when_the_form_opens_is_meant_whatever_moves_then() -> None:
    order = list(ALERTS)

    class Moving(FakeClient):
        def answer(self, kind: str, parameters: object) -> wire.Answer:
            answer = super().answer(kind, parameters)  # type: ignore[arg-type]
            return (
                msgspec.structs.replace(answer, alerts=tuple(order)) if isinstance(answer, wire.AlertsView) else answer
            )

    fake = Moving(answered={"alert/ack": TAKEN})

    async def scenario(session: Session) -> None:
        await session.press("A", "a")
        order.reverse()
        fake.publish()
        await session.settle()
        await session.press(SEND)
        await session.settle()

    drive(scenario, client=fake)
    assert [request.alert for _, request in fake.done if isinstance(request, wire.AckRequest)] == ["A-3"]


@pytest.mark.parametrize(("key", "said"), [("a", "take A-3"), ("m", "silence A-3")])
def test_a_page_that_comes_between_the_look_and_the_key_is_not_meant(key: str, said: str) -> None:
    shown = list(ALERTS)

    class Moving(FakeClient):
        def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
            answer = super().answer(kind, parameters)
            is_list = isinstance(answer, wire.AlertsView)
            return msgspec.structs.replace(answer, alerts=tuple(shown)) if is_list else answer

    fake = Moving()

    async def scenario(session: Session) -> None:
        await session.press("A")
        shown.insert(0, msgspec.structs.replace(PAGE, id="A-5"))
        fake.publish()
        await session.until("A-5")
        assert session.line("A-3").startswith("›")
        shown.append(shown.pop(1))
        fake.publish()
        await session.settle()
        await session.press(key)
        assert said in session.bottom

    drive(scenario, client=fake)


def test_enter_leads_from_the_alert_to_what_shows_it() -> None:
    async def scenario(session: Session) -> None:
        await session.press("A", "enter", "enter")
        assert session.app.frame.state.place.view == "service"
        await session.press("escape", "2", "enter")
        assert session.app.frame.state.place == Place("explain", "chat-assist").choosing(metric="errors")
        await session.press("escape", "escape", "x")
        assert session.app.frame.state.place == Place("explain", "chat-assist").choosing(metric="errors")

    drive(scenario, client=client())


def test_an_alert_is_opened_by_its_id() -> None:
    async def scenario(session: Session) -> None:
        await session.press(":", *"alert a-2", "enter")
        await session.until("$9.10 in the hour")
        await session.press(":", *"alert", "enter")
        assert "which alert?" in session.bottom

    drive(scenario, client=client())
