"""A console rings once for each ring, with safe words, in the sequences of its own terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from driver import Session, drive
from fleet import NOW, FakeClient, fleet_view
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.console.app import OpsConsole
from opsconsole.console.ringing import Ringing

AT = datetime(2026, 11, 25, 3, tzinfo=UTC)
XTERM = {"TERM": "xterm-256color"}


def ring(number: int, words: str = "[FIRING] prod chat: burns", *, has_bell: bool = True) -> wire.Ring:
    return wire.Ring(number=number, has_bell=has_bell, words=words, until=AT + timedelta(seconds=30))


def heard(environ: dict[str, str], *batches: tuple[wire.Ring, ...], at: datetime = AT) -> list[str]:
    written: list[str] = []
    ringing = Ringing(written.append, environ)
    for batch in batches:
        ringing.hear(batch, at)
    return written


def test_a_ring_is_a_bell_a_notification_and_the_title() -> None:
    words = "[FIRING] prod chat: burns"
    assert heard(XTERM, (ring(1),)) == [f"\x07\x1b]9;{words}\x07\x1b]2;{words}\x07"]
    assert heard(XTERM, (ring(1, has_bell=False),)) == [f"\x1b]9;{words}\x07\x1b]2;{words}\x07"]


def test_each_is_done_once_however_often_it_is_heard() -> None:
    first, second = ring(7), ring(8, "another")
    assert len(heard(XTERM, (first,), (first,), (first, second), (second,), ())) == 2


def test_one_that_comes_too_late_is_none() -> None:
    assert heard(XTERM, (ring(1),), at=AT + timedelta(seconds=31)) == []


def test_inside_tmux_the_notification_goes_through_and_the_bell_is_tmuxs() -> None:
    [written] = heard(XTERM | {"TMUX": "/tmp/tmux,1,0"}, (ring(1, "x"),))
    assert written == "\x07\x1bPtmux;\x1b\x1b]9;x\x07\x1b\\\x1b]2;x\x07"


@pytest.mark.parametrize("term", ["linux", "dumb", ""])
def test_a_terminal_that_would_print_sequences_gets_the_bell_alone(term: str) -> None:
    assert heard({"TERM": term}, (ring(1),)) == ["\x07"]
    assert heard({"TERM": term}, (ring(1, has_bell=False),)) == []


@given(st.text())
def test_words_from_data_never_end_the_sequence_or_begin_another(words: str) -> None:
    [written] = heard(XTERM, (ring(1, words, has_bell=False),))
    title = written.removeprefix("\x1b]9;").partition("\x07")[0]
    assert written == f"\x1b]9;{title}\x07\x1b]2;{title}\x07"
    assert not set(title) & set("\x07\x1b\x9c\x9d\n\r")


class RingingClient(FakeClient):
    """A daemon that has something to tell whoever is attached."""

    is_said = False

    async def present(self, presence: wire.Presence) -> wire.Present:
        here = await super().present(presence)
        late = msgspec.structs.replace(ring(2), until=NOW + timedelta(seconds=30), is_said=self.is_said)
        return msgspec.structs.replace(here, rings=(late,))


class SayingClient(RingingClient):
    """A drill, in which somebody has said something."""

    is_said = True


@pytest.mark.parametrize(("client", "is_shown"), [(RingingClient, False), (SayingClient, True)])
def test_what_is_said_stands_in_the_last_line_and_a_page_does_not(
    client: type[RingingClient], is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpsConsole, "_write", lambda app, sequence: None)

    async def scenario(session: Session) -> None:
        session.app._tell_presence()
        await session.settle()
        assert ("prod chat: burns" in session.text) is is_shown

    drive(scenario, client=client(fleet_answer=fleet_view))


def test_a_console_that_attaches_rings_for_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(OpsConsole, "_write", lambda app, sequence: written.append(sequence))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)

    async def scenario(session: Session) -> None:
        for _ in range(200):
            if written:
                break
            await session.pilot.pause(0.02)
        session.app._tell_presence()
        await session.settle()

    drive(scenario, client=RingingClient(fleet_answer=fleet_view))
    assert written == ["\x07\x1b]9;[FIRING] prod chat: burns\x07\x1b]2;[FIRING] prod chat: burns\x07"]
