"""The data on the screen: how it arrives, ages, and stays when the daemon is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from driver import Session, drive
from fleet import FakeClient, fleet_view

from opsconsole import wire
from opsconsole.console.feed import FIRST_RETRY_S, LAST_RETRY_S, LEAST_PAUSE_S, Feed, Question
from opsconsole.console.frame import Link
from opsconsole.errors import DaemonError


def follow(client: FakeClient, pauses: int) -> tuple[list[wire.Answer], list[Link], list[float]]:
    """Run a feed until it has paused so many times."""
    answers: list[wire.Answer] = []
    links: list[Link] = []
    slept: list[float] = []

    async def pause(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) >= pauses:
            raise asyncio.CancelledError
        client.publish()

    async def run() -> None:
        feed = Feed(client, lambda question, answer: answers.append(answer), links.append, pause=pause)
        try:
            await feed.follow(Question("fleet", (("window", "1h"),)))
        except asyncio.CancelledError:
            return

    asyncio.run(run())
    return answers, links, slept


def test_every_newer_revision_arrives_once_and_no_faster_than_the_pause() -> None:
    answers, links, slept = follow(FakeClient(), 3)
    assert [answer.revision for answer in answers] == [7, 8, 9]
    assert slept == [LEAST_PAUSE_S] * 3
    assert [link.word for link in links] == ["ok"]


def test_a_time_out_without_news_repaints_nothing() -> None:
    class Patient(FakeClient):
        async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
            return fleet_view(parameters["window"])

    answers, _, _ = follow(Patient(), 4)
    assert len(answers) == 1


def test_a_lost_daemon_is_asked_ever_more_slowly() -> None:
    answers, links, slept = follow(FakeClient(is_gone=True), 8)
    assert not answers
    assert [link.word for link in links] == ["lost"]
    assert slept[0] == FIRST_RETRY_S
    assert slept == sorted(slept)
    assert slept[-1] == LAST_RETRY_S


def test_lost_daemon_keeps_the_data_and_says_so_while_its_age_grows() -> None:
    async def scenario(session: Session) -> None:
        assert "data 2s old" in session.bottom
        session.client.lose()
        await session.until("daemon lost, retrying")
        assert "chat-assist" in session.text
        session.clock.advance(34)
        session.app._surface.show()
        assert "data 30s old" in session.bottom
        session.client.is_gone = False
        session.client.publish()
        await session.until("✔ daemon")
        assert "data 2s old" in session.bottom

    drive(scenario)


def test_a_tick_repaints_the_age_of_the_data_and_nothing_else() -> None:
    async def scenario(session: Session) -> None:
        before = session.text.splitlines()
        session.clock.advance(1)
        session.app._surface.show()
        after = session.text.splitlines()
        changed = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
        assert [now[:14] for _, now in changed] == [" data 3s old ·"]
        assert changed[0][0].replace("data 2s", "data 3s") == changed[0][1]

    drive(scenario)


def test_what_the_daemon_refuses_is_said() -> None:
    async def scenario(session: Session) -> None:
        assert "no service of that name" in session.bottom

    drive(scenario, client=FakeClient(refusal="no service of that name"), start_service="gone")


def test_first_paint_waits_for_nothing() -> None:
    class Silent(FakeClient):
        async def health(self) -> wire.Health:
            await asyncio.Event().wait()
            raise AssertionError

    async def scenario(session: Session) -> None:
        assert "opsconsole" in session.top
        assert "waiting for the daemon" in session.bottom
        await session.press("?")
        assert "fleet: what works here" in session.text

    drive(scenario, client=Silent())


def test_leaving_a_view_stops_asking_for_it() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter")
        await session.until("1 latency")
        session.client.asked.clear()
        session.client.publish()
        for _ in range(50):
            await session.pilot.pause(0.02)
            if session.client.asked:
                break
        assert {question[0] for question in session.client.asked} == {"service"}

    drive(scenario)


def test_tokens_without_a_price_are_never_free() -> None:
    async def scenario(session: Session) -> None:
        assert "unpriced" in session.line("azure-llm")
        assert "$0" not in session.text
        await session.press("G")
        assert "unpriced 12.4k tok" in session.text
        await session.press("enter", "4")
        assert "unpriced 12.4k tok" in session.text
        assert "$0" not in session.text

    drive(scenario)


def test_panels_without_data_say_not_logged() -> None:
    async def scenario(session: Session) -> None:
        await session.press("G", "enter", "1")
        assert "not logged: no request in this window has a latency" in session.text

    drive(scenario)


def test_a_daemon_of_another_version_ends_the_console_with_what_to_do() -> None:
    class Newer(FakeClient):
        async def health(self) -> wire.Health:
            return msgspec.structs.replace(await super().health(), api_version=wire.API_VERSION + 1, version="9.0.0")

    async def scenario(session: Session) -> None:
        assert session.app.return_code == DaemonError.exit_code
        assert "9.0.0" in str(session.app.mismatch)
        assert "opsconsole daemon stop" in str(session.app.mismatch)

    drive(scenario, client=Newer())
