"""Texts that are longer than the screen: broken between their words, and one thing all the same to every key."""

from __future__ import annotations

import base64
from dataclasses import replace

import msgspec
import pytest
from answers_alerts import CHECKLIST, PAGE, alert_view, alerts_view, delivery
from answers_incidents import incident
from answers_runs import STALE, brief, checklists_view
from driver import LARGE, SMALL, Session, drive
from fleet import FakeClient, fleet_view
from hypothesis import given
from hypothesis import strategies as st
from painting import frame_at, lines_of, text_of

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.grammar.verbs import items_of, under_cursor
from opsconsole.console.lines import Span, broken, line_width, plain
from opsconsole.console.place import Place

WHY = "the server refused it: 451 try again later, because a queue of 12,000 letters has to be worked off first"
NOTE = " ".join(f"word{i}" for i in range(40))
LONG = "\n".join([NOTE, *(f"line {i}" for i in range(30)), "the very end of it"])
ALERT, INCIDENT = Place("alert").choosing(key="A-3"), Place("incident").choosing(key="INC-7")


def alert_frame(place: Place = ALERT) -> Frame:
    view = alert_view({"alert": "A-3"})
    return frame_at(place, msgspec.structs.replace(view, deliveries=(delivery("mail", "failed", WHY, 9),)))


def words_of(frame: Frame) -> str:
    """What is on the screen, as words alone."""
    return " ".join(text_of(frame).split())


@given(
    st.lists(st.text(st.sampled_from("ab  界́"), max_size=12), max_size=6),
    st.integers(8, 30),
    st.integers(0, 5),
)
def test_breaking_loses_no_word_and_keeps_to_its_cells(texts: list[str], cells: int, hang: int) -> None:
    spans = tuple(Span(text, "text") for text in texts)
    rows = broken(spans, cells, hang)
    assert all(line_width(row) <= cells for row in rows)
    assert "".join("".join(map(plain, rows)).split()) == "".join(plain(spans).split())


def test_inks_go_on_and_the_last_of_as_many_lines_as_there_may_be_says_that_it_is_cut() -> None:
    spans = (Span(" 12:55 ", "dim"), Span("a long story without an end", "strong"))
    assert broken(spans, 16, 7) == (
        (Span(" 12:55 ", "dim"), Span("a long", "strong")),
        (Span("       ", "text"), Span("story", "strong")),
        (Span("       ", "text"), Span("without", "strong")),
        (Span("       ", "text"), Span("an end", "strong")),
    )
    assert plain(broken(spans, 16, 7, 2)[1]).strip() == "story without an end"


def test_a_row_that_is_longer_than_the_screen_is_read_whole_and_is_one_row() -> None:
    frame = alert_frame(ALERT.changed(panel=3))
    assert " ".join(WHY.split()) in words_of(frame)
    assert len(items_of(frame.state, frame)) == 2


def test_a_filter_finds_words_that_stand_on_different_lines_and_leaves_all_of_the_text() -> None:
    frame = alert_frame(ALERT.changed(filter="server worked"))
    assert [item.key.split()[:2] for item in items_of(frame.state, frame)] == [["d", "mail"]]
    assert WHY in words_of(frame)


def test_what_is_copied_is_the_text_as_it_was() -> None:
    client = FakeClient(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)))
    note = wire.IncidentNote(number=3, at=incident().opened_at, by="ann", text=NOTE)
    sent: list[str] = []

    class Noted(FakeClient):
        def answer(self, kind: str, parameters: object) -> wire.Answer:
            answer = client.answer(kind, parameters)  # type: ignore[arg-type]
            if not isinstance(answer, wire.IncidentView):
                return answer
            return msgspec.structs.replace(answer, incident=incident(notes=(note,)))

    async def scenario(session: Session) -> None:
        session.app._write = sent.append  # type: ignore[method-assign]
        await session.press("I", "enter", "6")
        assert session.line("word0").startswith("›")
        assert "word39" in session.text
        await session.press("y", "enter", "y")

    drive(scenario, client=Noted(fleet_answer=client.fleet_answer))
    copied = [base64.b64decode(each.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() for each in sent]
    assert copied[0] == NOTE
    assert copied[1].split("\n")[2] == NOTE


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_a_page_of_text_is_broken_between_words_and_its_end_is_reached(size: tuple[int, int]) -> None:
    note = wire.IncidentNote(number=3, at=incident().opened_at, by="ann", text=LONG)

    class Noted(FakeClient):
        def answer(self, kind: str, parameters: object) -> wire.Answer:
            answer = super().answer(kind, parameters)  # type: ignore[arg-type]
            is_page = isinstance(answer, wire.IncidentView)
            return msgspec.structs.replace(answer, incident=incident(notes=(note,))) if is_page else answer

    async def scenario(session: Session) -> None:
        await session.press("I", "enter", "6", "enter")
        assert NOTE in " ".join(session.text.split())
        await session.press(*["pagedown"] * 9)
        rows = session.text.splitlines()
        assert rows[-2] == "the very end of it" or size == LARGE
        assert "the very end of it" in session.text
        await session.press("k")
        assert "the very end of it" not in session.text or size == LARGE

    drive(scenario, client=Noted(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",))), size=size)


def test_whole_pages_are_turned_and_neither_a_row_nor_a_title_is_torn_off() -> None:
    frame = alert_frame()
    seen: list[str] = []
    for item in items_of(frame.state, frame):
        at = replace(frame, state=frame.state.at(cursor=item.key))
        chosen = under_cursor(at.state, at)
        assert chosen is not None
        rows = [plain(each) for each in lines_of(at, (80, 12))]
        assert any(row.startswith("›") for row in rows), item.key
        assert not rows[-2].strip().startswith(("2 what changed", "3 told", "4 history"))
        seen += rows
    assert WHY in " ".join(" ".join(seen).split())


def test_below_a_list_what_has_no_room_on_two_lines_says_that_it_was_cut() -> None:
    told = msgspec.structs.replace(PAGE.members[0], told=" ".join(f"part{i}" for i in range(60)))
    alerts = (msgspec.structs.replace(PAGE, members=(told,), explained=()),)
    view = msgspec.structs.replace(alerts_view({}), alerts=alerts)
    rows = text_of(frame_at(Place("alerts"), view)).split("\n")
    first = next(i for i, row in enumerate(rows) if row.startswith(" evidence"))
    assert rows[first + 1].strip().startswith("part")
    assert rows[first + 1].endswith("…")


@pytest.mark.parametrize("size", [(80, 22), (160, 48)], ids=["80x24", "160x50"])
def test_the_list_of_checklists_has_one_line_for_each_that_is_well_and_says_below_what_is_wrong(
    size: tuple[int, int],
) -> None:
    entry = msgspec.structs.replace(CHECKLIST, id="latency-regression-after-promote", last_drilled=CHECKLIST.last_run)
    view = msgspec.structs.replace(checklists_view({}), checklists=(entry, STALE), runs=(brief("RUN-3"),))
    rows = text_of(frame_at(Place("checklists"), view), size).split("\n")
    at = next(i for i, row in enumerate(rows) if entry.id in row)
    assert "reviewed 11-14  drilled 11-21" in rows[at]
    assert ("11 steps  SEV-1, SEV-2" in rows[at]) == (size[0] == 160)
    assert "handover" in rows[at + 1]
    assert "reviewed 200 days ago, stale after 90d" in rows[at + 2]
    run = next(i for i, row in enumerate(rows) if "RUN-3" in row)
    assert "at Roll back?  ▲ over its timebox of 2m by 40s" in rows[run + 1]
    assert not any("…" in row for row in rows)
