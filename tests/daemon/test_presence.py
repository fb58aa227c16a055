"""Consoles say where they are, for as long as they go on saying it; what they say is bounded."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import msgspec
import pytest
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.client import AsyncClient
from opsconsole.clock import ManualClock
from opsconsole.daemon import presence
from opsconsole.daemon.presence import Attendance
from opsconsole.errors import UsageError


def console(name: str, view: str = "fleet", armed: str = "") -> wire.Presence:
    return wire.Presence(console=name, user="ann", origin="10.0.0.7", view=view, service="chat", armed=armed)


def names(present: wire.Present) -> list[str]:
    return [each.console for each in present.consoles]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def test_the_daemon_says_since_when_a_console_is_here_whatever_it_claims(clock: ManualClock) -> None:
    here = Attendance(clock)
    claimed = wire.Presence(console="a", user="", origin="", view="", service="", since=START - timedelta(days=9))
    here.tell(claimed)
    clock.advance(5)
    present = here.tell(console("b"))
    assert [(each.console, each.since) for each in present.consoles] == [("a", START), ("b", clock.now())]
    clock.advance(5)
    assert here.tell(console("a", view="drift")).consoles[0].view == "drift"
    assert here.tell(console("a")).consoles[0].since == START


def test_a_console_that_fell_silent_begins_anew(clock: ManualClock) -> None:
    here = Attendance(clock)
    here.tell(console("a"))
    clock.advance(presence.FORGET_AFTER.total_seconds() + 1)
    assert names(here.tell(console("b"))) == ["b"]
    assert here.tell(console("a")).consoles[-1].since == clock.now()


def test_people_are_silent_and_rung_in_their_own_time_whatever_the_daemons_does(clock: ManualClock) -> None:
    """A drill's clock stands years away and goes at another speed."""
    people = ManualClock(START + timedelta(days=400))
    here = Attendance(clock, people)
    assert here.tell(console("a")).consoles[0].since == START
    clock.advance(3600)
    here.ring("support: is somebody at it?", has_bell=False)
    present = here.tell(console("b"))
    assert names(present) == ["a", "b"]
    assert [ring.until - people.now() for ring in present.rings] == [presence.RINGS_FOR]
    people.advance(presence.FORGET_AFTER.total_seconds() + 1)
    assert names(here.tell(console("b"))) == ["b"]


def test_a_full_house_refuses_the_next_until_somebody_falls_silent(clock: ManualClock) -> None:
    here = Attendance(clock)
    for i in range(presence.MOST_CONSOLES):
        here.tell(console(f"c{i}"))
    with pytest.raises(UsageError, match="64 consoles are attached already"):
        here.tell(console("one too many"))
    assert len(here.tell(console("c0")).consoles) == presence.MOST_CONSOLES
    clock.advance(presence.FORGET_AFTER.total_seconds() + 1)
    assert names(here.tell(console("one too many"))) == ["one too many"]


@pytest.mark.parametrize("what", ["console", "user", "origin", "view", "service", "armed"])
def test_no_word_of_a_console_can_be_endless(clock: ManualClock, what: str) -> None:
    here = Attendance(clock)
    with pytest.raises(UsageError, match="200 characters"):
        here.tell(msgspec.structs.replace(console("a"), **{what: "x" * 201}))
    assert names(here.tell(console("b"))) == ["b"]


def test_the_consoles_client_hears_of_the_others(daemon: Daemon) -> None:
    async def talk() -> wire.Present:
        client = AsyncClient(daemon.home, httpx.ASGITransport(daemon.app))
        try:
            await client.present(console("a", armed="rollback chat"))
            return await client.present(console("b"))
        finally:
            await client.close()

    present = asyncio.run(talk())
    assert [(each.console, each.armed) for each in present.consoles] == [("a", "rollback chat"), ("b", "")]
