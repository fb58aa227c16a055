"""Forms under hands, pastes and slow links: fast keys fill them, a key of its own sends them, nothing is lost."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from answers_alerts import SILENCE
from answers_incidents import incident
from driver import LARGE, READ_S, SEND, SMALL, Session, drive
from fleet import FakeClient, fleet_view
from test_console_bursts import press_at
from test_view_incidents import DRAFT
from textual.events import Paste

from opsconsole import wire
from opsconsole.console.acting import SETTLE_S
from opsconsole.console.confirming import DEAF_S, HAND_S, QUIET_S
from opsconsole.console.working import KEPT, LOST, ONCE_MORE, TOO_FAST, UNKNOWN
from opsconsole.errors import DaemonError, NotReached, UsageError

NOTED = wire.Responded(incident=incident(), told="INC-7: noted")
FAST_S = HAND_S / 4
AGAIN = ONCE_MORE.format(enter="Enter")
SETTLED_S = QUIET_S + 2 * SETTLE_S
GONE = NotReached("no daemon answers on /run/ops.sock (ConnectError)", "Start it.")


@dataclass
class Slow(FakeClient):
    """A daemon that takes its time to answer what is asked on."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def do(self, path: str, request: msgspec.Struct, kind: type[Any]) -> Any:
        if path == "incident/draft":
            await self.may_answer.wait()
        return await super().do(path, request, kind)


def client(kind: type[FakeClient] = FakeClient, **answered: Any) -> Any:
    answers = {path.replace("_", "/"): answer for path, answer in answered.items()}
    return kind(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)), answered=answers)


async def burst(session: Session, *keys: str, begin_s: float = 0.0) -> None:
    """Keys that came together, as those of a paste without brackets or of a link that stood still."""
    at_s = time.monotonic() + begin_s
    for i, key in enumerate(keys):
        press_at(session, " " if key == "space" else key, at_s + i * FAST_S)
    await session.pilot.pause(SETTLED_S)


# What sends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin_s", [0.0, DEAF_S], ids=["at once", "after a while"])
def test_keys_that_come_together_fill_a_form_and_do_not_send_it(begin_s: float) -> None:
    fake = client(incident_note=NOTED)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n")
        await burst(session, *"all well", "enter", *"rm x", "enter", begin_s=begin_s)
        assert session.app.frame.state.draft == "all well rm x "
        assert AGAIN in session.text
        assert fake.done == []
        await session.press(SEND)
        await session.until("INC-7: noted")

    drive(scenario, client=fake)
    assert fake.done == [("incident/note", wire.AddNote(incident="INC-7", text="all well rm x"))]


def test_an_enter_that_other_keys_follow_sends_nothing_and_what_was_typed_stays() -> None:
    fake = client(incident_note=NOTED)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"so")
        at_s = time.monotonic() + READ_S
        for i, key in enumerate(("enter", "x", "y")):
            press_at(session, key, at_s + i * FAST_S)
        await session.pilot.pause(SETTLED_S)
        assert session.app.frame.state.draft == "soxy"
        assert fake.done == []

    drive(scenario, client=fake)


def test_a_held_enter_sends_nothing() -> None:
    fake = client(incident_note=NOTED)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"so")
        at_s = time.monotonic()
        for i in range(40):
            press_at(session, "enter", at_s + DEAF_S + i * 0.03)
        await session.pilot.pause(SETTLED_S)
        assert fake.done == []

    drive(scenario, client=fake)


def test_who_has_read_what_is_on_the_screen_sends_it_with_one_key() -> None:
    fake = client(incident_note=NOTED)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"so", SEND)
        await session.until("INC-7: noted")

    drive(scenario, client=fake)


def test_pasted_text_is_text_of_its_field_with_its_lines_behind_each_other() -> None:
    fake = client(incident_note=NOTED)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n")
        session.app.post_message(Paste("first line\nsecond\x1b[2J line\n"))
        await session.settle()
        assert session.app.frame.state.draft == "first line second[2J line"
        await session.press("enter")
        assert AGAIN in session.text
        assert fake.done == []

    drive(scenario, client=fake)


def test_a_paste_as_keys_ticks_no_step() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press(":", *"run RUN-5", "enter")
        await session.until("Look at one of them")
        await burst(session, *"jjy", begin_s=READ_S)
        assert TOO_FAST in session.text
        await burst(session, *"yj", begin_s=2 * READ_S)
        assert TOO_FAST in session.text

    drive(scenario, client=fake)
    assert fake.done == []


# What is on its way -----------------------------------------------------------------------------------------------


def test_keys_that_come_before_the_next_question_does_are_its_answer() -> None:
    fake = client(Slow, incident_draft=DRAFT)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "U", "enter", "enter")
        await session.until("what has changed:")
        await session.press(*"v41 serves", "enter", "enter", "enter")
        assert "asking the daemon" in session.bottom
        await session.press(*"se", "n")
        session.app.post_message(Paste("d"))
        await session.press("enter")
        assert session.app.frame.state.place.view == "incident"
        fake.may_answer.set()
        await session.until("type send:")
        await session.settle()
        assert session.app.frame.state.draft.strip() == "send"
        assert AGAIN in session.text

    drive(scenario, client=fake)
    assert [path for path, _ in fake.done] == ["incident/draft"]


def test_a_question_that_is_on_its_way_is_given_up_with_escape() -> None:
    fake = client(Slow, incident_draft=DRAFT)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "U", "enter", "enter")
        await session.until("what has changed:")
        await session.press("enter", "enter", "enter", "escape")
        assert "nothing was done" in session.bottom
        fake.may_answer.set()
        await session.settle()
        assert "type send" not in session.text
        assert session.app.frame.state.mode == "browse"

    drive(scenario, client=fake)


# What is kept -----------------------------------------------------------------------------------------------------


def test_a_link_that_is_lost_leaves_the_form_with_its_text_and_sends_it_when_that_is_said_again() -> None:
    fake = client(incident_severity=GONE)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "l", "up", "enter", *"half of them", SEND)
        await session.until(LOST[:30])
        assert session.app.frame.state.draft == "half of them"
        fake.answered["incident/severity"] = NOTED
        await session.settle()
        assert len(fake.done) == 1
        await session.press(SEND)
        await session.until("INC-7: noted")

    drive(scenario, client=fake)
    assert [request.severities for _, request in fake.done] == [("SEV-1",)] * 2


def test_while_one_types_it_is_said_that_the_link_is_lost() -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"so")
        fake.lose()
        await session.until("daemon lost")
        assert "note: so" in session.bottom

    drive(scenario, client=fake)


def test_what_may_have_been_done_is_not_offered_again_but_its_text_is_there_when_it_is_begun_again() -> None:
    fake = client(incident_note=DaemonError("no daemon answers (ReadTimeout)"))

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"a long note", SEND)
        await session.until(UNKNOWN)
        await session.press("enter", "n")
        assert session.app.frame.state.draft == "a long note"
        assert KEPT in session.bottom
        await session.press("escape", "n")
        assert session.app.frame.state.draft == ""

    drive(scenario, client=fake)
    assert len(fake.done) == 1


def test_who_has_gone_on_finds_what_was_refused_where_it_was_typed() -> None:
    class Late(FakeClient):
        async def do(self, path: str, request: msgspec.Struct, kind: type[Any]) -> Any:
            self.done.append((path, request))
            await may_answer.wait()
            raise UsageError("INC-7 is over")

    may_answer = asyncio.Event()
    fake = client(Late)

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n", *"so", SEND, "escape")
        may_answer.set()
        await session.until("not done: INC-7 is over")
        await session.press("enter", "n")
        assert session.app.frame.state.draft == "so"

    drive(scenario, client=fake)


# Going back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", ["shift+tab", "up"])
def test_earlier_answers_are_gone_back_to_and_later_ones_keep_their_text(back: str) -> None:
    fake = client(alert_silence=SILENCE)

    async def scenario(session: Session) -> None:
        await session.press("A", "m", "enter", *"load test")
        assert "↑ back" in session.bottom
        await session.press(back)
        assert "for: 1h" in session.bottom
        await session.press("backspace", "backspace", *"2h", "enter")
        assert "because: load test" in session.bottom
        await session.press(SEND)
        await session.until("S-3: chat-assist inputs is silent")

    drive(scenario, client=fake)
    assert fake.done == [("alert/silence", wire.SilenceRequest(subject="A-3", minutes=120, reason="load test"))]


@pytest.mark.parametrize(
    ("keys", "told", "draft"),
    [
        (("A", "m", "backspace", "backspace", *"soon", "enter"), "'soon' is no span", "soon"),
        (("I", "enter", "M", "enter", *["backspace"] * 3, *"25:00", "enter"), "'25:00' is no time", "25:00"),
        (("I", "enter", "F", "x", "enter", "enter", *"friday", "enter"), "'friday' is no day", "friday"),
    ],
)
def test_an_answer_is_checked_where_it_is_given(keys: tuple[str, ...], told: str, draft: str) -> None:
    fake = client()

    async def scenario(session: Session) -> None:
        await session.press(*keys)
        assert told in session.text
        assert session.app.frame.state.draft == draft

    drive(scenario, client=fake)
    assert fake.done == []


# What is seen -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_a_long_answer_is_seen_whole_and_to_its_end_while_it_is_typed(size: tuple[int, int]) -> None:
    text = " ".join(f"word{i}" for i in range(45))

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "n")
        session.app.post_message(Paste(text))
        await session.press("!")
        assert "word44!▏" in session.bottom
        assert text in " ".join(session.text.split())
        await session.press("backspace")
        assert "word44▏" in session.bottom

    drive(scenario, client=client(), size=size)


@pytest.mark.parametrize("opener", ["/", ":", "?"])
def test_what_is_typed_in_the_last_line_is_seen_to_its_end(opener: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press(opener)
        session.app._type(" ".join(f"w{i}" for i in range(40)))
        await session.press("Z")
        assert "Z▏" in session.bottom

    drive(scenario, client=client())
