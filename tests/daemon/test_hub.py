"""Consoles that look at the same thing share one computation, and wait until there is something new."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.daemon import hub as hub_module


async def fleet(http: httpx.AsyncClient, after: int = 0, window: str = "1h", **more: str) -> wire.FleetView:
    response = await http.get("/v1/fleet", params={"after": after, "window": window} | more)
    return msgspec.json.decode(response.content, type=wire.FleetView)


async def until_waiting(daemon: Daemon, n: int) -> None:
    while daemon.hub.waiting < n:
        await asyncio.sleep(0)


def test_twenty_consoles_cost_one_computation(daemon: Daemon) -> None:
    async def talk(http: httpx.AsyncClient) -> None:
        views = await asyncio.gather(*(fleet(http) for _ in range(20)))
        assert len({view.revision for view in views}) == 1
        assert len(daemon.computed) == 1

    asyncio.run(daemon.asking(talk))


def test_a_long_poll_wakes_on_a_commit_and_is_shared(daemon: Daemon, tmp_path: Path) -> None:
    log = write_calls(tmp_path / "calls.jsonl", START, range(10))
    daemon.attach(log)

    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http)
        waiting = [asyncio.create_task(fleet(http, after=first.revision)) for _ in range(20)]
        await until_waiting(daemon, 20)
        computed = len(daemon.computed)
        assert not any(task.done() for task in waiting)
        write_calls(log, START, range(10, 15))
        await asyncio.to_thread(daemon.settle)
        views = await asyncio.gather(*waiting)
        assert {view.services[0].requests for view in views} == {15}
        assert {view.revision for view in views} == {first.revision + 1}
        assert len(daemon.computed) == computed + 1
        assert daemon.hub.waiting == 0

    asyncio.run(daemon.asking(talk))


def test_however_fast_records_arrive_a_view_is_computed_once_in_a_while(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LEAST_INTERVAL_S", 60.0)

    async def talk(http: httpx.AsyncClient) -> None:
        for _ in range(5):
            await fleet(http)
            daemon.engine.changed()
        assert len(daemon.computed) == 1

    asyncio.run(daemon.asking(talk))


def test_a_console_that_is_behind_does_not_wait(daemon: Daemon) -> None:
    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http)
        daemon.engine.changed()
        assert (await fleet(http, after=first.revision)).revision == first.revision + 1

    asyncio.run(daemon.asking(talk))


def test_without_news_a_console_gets_the_view_of_the_present_moment(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LONGEST_WAIT_S", 0.0)
    monkeypatch.setattr(hub_module, "STALE_AFTER_S", -1.0)
    monkeypatch.setattr(hub_module, "LEAST_INTERVAL_S", 0.0)

    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http)
        daemon.clock.advance(600)
        second = await fleet(http, after=first.revision)
        assert second.revision == first.revision
        assert second.now > first.now

    asyncio.run(daemon.asking(talk))


def test_other_windows_are_other_views(daemon: Daemon) -> None:
    async def talk(http: httpx.AsyncClient) -> None:
        views = await asyncio.gather(fleet(http), fleet(http, window="24h"))
        assert [view.window for view in views] == ["1h", "24h"]
        assert len(daemon.computed) == 2

    asyncio.run(daemon.asking(talk))


def test_an_error_is_not_remembered(daemon: Daemon, tmp_path: Path) -> None:
    async def ask(http: httpx.AsyncClient) -> int:
        return (await http.get("/v1/service", params={"service": "chat"})).status_code

    assert asyncio.run(daemon.asking(ask)) == 400
    daemon.attach(write_calls(tmp_path / "calls.jsonl", START, range(3)))
    assert asyncio.run(daemon.asking(ask)) == 200


def test_whoever_follows_a_dear_view_hears_of_it_less_often(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "REST_PER_WORK", 1e6)
    monkeypatch.setattr(hub_module, "LEAST_INTERVAL_S", 0.0)

    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http)
        waiting = asyncio.create_task(fleet(http, after=first.revision))
        await until_waiting(daemon, 1)
        daemon.engine.changed()
        assert (await fleet(http, window="24h")).revision == first.revision + 1
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(daemon.asking(talk))


LONG_AGO = (START - timedelta(minutes=10)).isoformat()


def test_a_settled_moment_is_not_computed_for_every_commit(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LEAST_INTERVAL_S", 0.0)

    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http, as_of=LONG_AGO)
        for _ in range(5):
            daemon.engine.changed()
            assert (await fleet(http, as_of=LONG_AGO)).revision == first.revision
        assert len(daemon.computed) == 1
        monkeypatch.setattr(hub_module, "SETTLED_FOR_S", 0.0)  # some time later: a late record may be among them
        assert (await fleet(http, as_of=LONG_AGO)).revision == first.revision + 5

    asyncio.run(daemon.asking(talk))


def test_whoever_looks_at_a_settled_moment_is_left_alone_by_commits(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LEAST_INTERVAL_S", 0.0)
    monkeypatch.setattr(hub_module, "REST_PER_WORK", 0.0)

    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http, as_of=LONG_AGO)
        waiting = asyncio.create_task(fleet(http, after=first.revision, as_of=LONG_AGO))
        await until_waiting(daemon, 1)
        daemon.engine.changed()
        live = await fleet(http)
        assert live.revision == first.revision + 1
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(daemon.asking(talk))


def test_a_moment_just_gone_still_takes_in_what_comes_late(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LEAST_INTERVAL_S", 0.0)
    just_now = (START - timedelta(seconds=5)).isoformat()

    async def talk(http: httpx.AsyncClient) -> None:
        first = await fleet(http, as_of=just_now)
        daemon.engine.changed()
        assert (await fleet(http, as_of=just_now)).revision == first.revision + 1

    asyncio.run(daemon.asking(talk))


@pytest.mark.parametrize("limit", ["MOST_ANSWERS", "MOST_BYTES"])
def test_stepping_through_time_does_not_fill_the_memory(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(hub_module, limit, {"MOST_ANSWERS": 3, "MOST_BYTES": 2_000}[limit])

    async def talk(http: httpx.AsyncClient) -> None:
        for minutes in range(2, 30):
            await fleet(http, as_of=(START - timedelta(minutes=minutes)).isoformat())
        assert 1 <= len(daemon.hub._answers) <= 8

    asyncio.run(daemon.asking(talk))
