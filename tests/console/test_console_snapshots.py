"""Panels alone, odd data and what opens above a view, at both sizes, as the text a person reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from driver import FOUR, LARGE, SMALL, Session, check_snapshot, drive
from fleet import NOW, FakeClient, crowded_view, fleet_view
from textual.pilot import Pilot

from opsconsole.clock import ManualClock
from opsconsole.console.app import OpsConsole
from opsconsole.console.glyphs import GLYPHS

SCREENS = {
    "latency": ("j", "enter", "1"),
    "traffic": ("j", "enter", "2"),
    "drift": ("j", "enter", "3"),
    "cost": ("j", "enter", "4"),
    "versions": ("j", "enter", "5"),
    "tokens_only": ("G", "enter"),
    "historical": ("enter",),
    "help": ("?",),
    "window": ("t", "l"),
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
@pytest.mark.parametrize("name", SCREENS)
def test_view_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    async def scenario(session: Session) -> None:
        await session.press(*SCREENS[name])
        rows = session.text.splitlines()
        assert len(rows) == size[1]
        check_snapshot(f"{name}_{size[0]}x{size[1]}", session.text)

    drive(scenario, size=size)


@pytest.mark.parametrize("glyphs", ["block", "ascii"])
def test_other_glyph_sets_look_as_they_did(glyphs: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter")
        check_snapshot(f"service_80x24_{glyphs}", session.text)
        assert glyphs != "ascii" or session.text.isascii()

    drive(scenario, glyph_set=GLYPHS[glyphs])


def test_a_fleet_whose_data_ended_says_when() -> None:
    async def scenario(session: Session) -> None:
        assert "end of data 2024-12-08 13:00" in session.top
        check_snapshot("fleet_historical_80x24", session.text)

    drive(scenario, client=FakeClient(fleet_answer=lambda window: fleet_view(window, is_live=False)))


@pytest.mark.parametrize("glyphs", ["braille", "block", "ascii"])
@pytest.mark.parametrize("colours", ["truecolor", "ansi16", "mono"])
def test_every_mode_tells_the_same_states(colours: str, glyphs: str) -> None:
    async def scenario(session: Session) -> None:
        rows = [session.line(name) for name in ("lora-g", "chat-a", "ticket", "azure-l")]
        told = [row[1:11].split() for row in rows]
        assert [word for _, word in told] == ["FAIL", "warn", "ok", "unknown"]
        assert len({sign for sign, _ in told}) == 4

    drive(scenario, colours=colours, glyph_set=GLYPHS[glyphs])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_three_weeks_of_87_versions_look_as_they_did(size: tuple[int, int]) -> None:
    async def scenario(session: Session) -> None:
        await session.press("enter")
        check_snapshot(f"crowded_{size[0]}x{size[1]}", session.text)
        await session.press("5", "j")
        check_snapshot(f"crowded_versions_{size[0]}x{size[1]}", session.text)

    drive(scenario, size=size, client=FakeClient(service_answer=crowded_view))


def test_fleet_is_painted_as_it_was(snap_compare: Callable[..., bool]) -> None:
    """Colours and all; ``--snapshot-update`` draws it anew."""

    async def arrived(pilot: Pilot[None]) -> None:
        await pilot.press("j")
        await pilot.pause()

    client = FakeClient(fleet_answer=lambda window: fleet_view(window, names=FOUR))
    app = OpsConsole(client, clock=ManualClock(NOW), colours="truecolor", glyph_set=GLYPHS["braille"])
    assert snap_compare(app, terminal_size=SMALL, run_before=arrived)
