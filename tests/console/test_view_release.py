"""The releases of a service, the page of a plan and what others have armed, as they are seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from answers_release import canary_release
from driver import LARGE, SMALL, Session, check_snapshot, drive
from fleet import NOW
from painting import LARGE as WIDE
from painting import SMALL as NARROW
from painting import frame_at, text_of
from releasing import releasing, state, type_as_a_person

from opsconsole import wire
from opsconsole.console.glyphs import GLYPHS
from opsconsole.console.panels.shares import differs
from opsconsole.console.place import Place

# Others -----------------------------------------------------------------------------------------------------------


def test_what_is_armed_is_told_at_once_and_taken_back_at_once() -> None:
    client = releasing()

    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("type chat-assist")
        assert client.told[-1].armed == "promote v42"
        assert client.told[-1].service == "chat-assist"
        await session.pilot.pause(0.45)
        await session.press("escape")
        assert client.told[-1].armed == ""

    drive(scenario, client=client)


def test_what_others_have_armed_is_in_the_top_line_and_in_the_plan() -> None:
    bob = wire.Presence(
        console="b",
        user="bob",
        origin="10.0.0.9",
        view="release",
        service="chat-assist",
        armed="promote v42",
        since=NOW,
    )
    client = releasing(others=(bob,))

    async def scenario(session: Session) -> None:
        await session.until("bob: promote v42 of chat-assist")
        await session.press("j", "b")
        await session.until("bob has open: promote v42")

    drive(scenario, client=client)


# How it looks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_a_plan_looks_as_it_did(size: tuple[int, int], glyphs: str) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "p")
        await session.until("promote v42")
        await session.pilot.pause(0.45)
        await session.until("type chat-assist")
        assert glyphs != "ascii" or session.text.isascii()
        check_snapshot(f"plan_{size[0]}x{size[1]}_{glyphs}", session.text)

    drive(scenario, client=releasing(), size=size, glyph_set=GLYPHS[glyphs])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_an_outcome_looks_as_it_did(size: tuple[int, int]) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        await session.until("type ba")
        await type_as_a_person(session, "ba")
        await session.until("routing.yaml says it")
        check_snapshot(f"outcome_{size[0]}x{size[1]}", session.text)

    drive(scenario, client=releasing(), size=size)


def test_an_entry_of_the_history_opens_as_a_page() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "V")
        await session.until("5 history")
        await session.press("j", "enter")
        assert "before   v41 100%" in session.text
        assert "by       ann" in session.text
        await session.press("escape")
        assert state(session)[:2] == ("browse", "release")

    drive(scenario, client=releasing())


def test_what_is_out_of_band_stands_in_the_first_line_whatever_else_there_is() -> None:
    view = canary_release(
        {"service": "chat-assist"},
        out_of_band="the file says v41 80%, v40 20%",
        trouble="permission denied",
        state=None,
        freezes=tuple(
            wire.Freeze(service="", until=NOW + timedelta(days=i), reason=f"freeze {i}", by="ann") for i in range(3)
        ),
        approvals=(
            wire.Approval(fingerprint="f", service="chat-assist", told="promote v42", by="bob", at=NOW,
                          expires_at=NOW + timedelta(hours=1)),
        ),
    )  # fmt: skip
    for size in (NARROW, WIDE):
        rows = text_of(frame_at(Place("release", "chat-assist"), view), size).split("\n")
        assert "out of band: the file says v41 80%, v40 20%" in rows[0]
        assert "the target cannot be read: permission denied" in rows[1]
        assert any("approved by bob" in row for row in rows)
        assert any("1 versions" in row for row in rows)


def test_shares_that_are_surely_not_the_targets_are_marked_and_chance_is_not() -> None:
    assert differs(0.1, 0.2, 5_000)
    assert not differs(0.1, 0.11, 5_000)
    assert not differs(0.1, 0.2, 20)
    assert differs(0.0, 0.05, 5_000)
    assert not differs(None, 0.5, 5_000)
    assert not differs(0.5, None, 5_000)
