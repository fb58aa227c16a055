"""The timeline: who did what, over the traffic they did it to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from answers_requests import EVENTS, event, timeline_view
from fleet import NOW
from hypothesis import given
from hypothesis import strategies as st
from painting import LARGE, SMALL, frame_at, row_with, text_of

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.place import Place
from opsconsole.console.views import timeline
from opsconsole.console.widgets.log_list import Entry, log_list

CHAT = Place("timeline", "chat-assist")


def of_events(*events: wire.TimelineEvent, place: Place = CHAT, **fields: object) -> Frame:
    view = timeline_view({"service": place.service})
    return frame_at(place, msgspec.structs.replace(view, events=events, matched=len(events), **fields))


def test_events_stand_newest_first_with_sign_and_word() -> None:
    rows = text_of(frame_at(CHAT)).split("what happened")[1].split("\n")[1:]
    assert [row[10:20].strip() for row in rows[: len(EVENTS)]] == [
        "▲ drift", "✖ breach", "= baseline", "▼ release", "✖ source", "· config", "* note", "· daemon",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "leads"),
    [("release", Place("versions", "chat-assist")), ("drift", Place("drift", "chat-assist")),
     ("breach", Place("service", "chat-assist")), ("note", Place("service", "chat-assist")),
     ("source", Place("sources")), ("baseline", Place("drift", "chat-assist"))],
)  # fmt: skip
def test_enter_opens_what_an_event_is_about(kind: wire.EventKind, leads: Place) -> None:
    frame = of_events(event(3, kind, "so"))
    assert frame.shown(timeline.listing(frame))[0].opens == leads


def test_an_event_of_no_service_leads_nowhere() -> None:
    frame = of_events(event(3, "daemon", "started", service=""))
    assert frame.shown(timeline.listing(frame))[0].opens is None


def test_the_service_is_named_where_all_are_shown() -> None:
    assert "chat-assist · amira" in text_of(
        of_events(event(3, "note", "so", actor="amira"), place=Place("timeline")), LARGE
    )
    assert "chat-assist ·" not in text_of(of_events(event(3, "note", "so", actor="amira")), LARGE)


@given(st.lists(st.sampled_from(["a", "b"]), max_size=6), st.lists(st.sampled_from(["a", "b"]), max_size=3))
def test_an_event_keeps_its_key_when_newer_ones_come(old: list[str], new: list[str]) -> None:
    before = tuple(event(5, "note", text) for text in old)
    after = (*(event(5, "note", text) for text in new), *before)
    one, other = (of_events(*events) for events in (before, after))
    keys, later = ([item.key for item in frame.shown(timeline.listing(frame))] for frame in (one, other))
    assert len(set(later)) == len(later)
    assert later[len(new) :] == keys


def test_a_text_that_its_row_cuts_is_whole_below() -> None:
    text = "the batch tenant of the eastern region was moved to a pool of its own, for the whole of this week"
    frame = of_events(event(3, "note", text, actor="amira"))
    shown = text_of(frame)
    assert f"amira · {text}" in " ".join(line.strip() for line in shown.split("\n"))


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_traffic_stands_above_under_the_events(size: tuple[int, int]) -> None:
    text = text_of(frame_at(CHAT), size)
    assert "▼" in text.split("\n")[1]
    assert "/s ┤" in text


def test_without_traffic_the_list_has_the_room() -> None:
    frame = of_events(*EVENTS, lines=wire.Lines())
    assert "┤" not in text_of(frame)
    assert "drift is measured against v41" in text_of(frame)


def test_many_events_leave_the_chart_a_quarter() -> None:
    events = tuple(event(i, "note", f"note {i}") for i in range(50))
    text = text_of(of_events(*events))
    assert "┤" in text
    assert "of 50" in text


def test_a_filter_and_what_it_hides_are_told() -> None:
    text = text_of(frame_at(CHAT.changed(filter="amira")))
    assert "/amira · 2 of 8" in text
    assert "no event matches" in text_of(frame_at(CHAT.changed(filter="nobody")))


def test_nothing_happened_is_said() -> None:
    assert "nothing happened in 1h" in text_of(of_events())


def test_a_fault_is_more_than_its_kind() -> None:
    frame = of_events(event(3, "daemon", "store is full", state="fail"))
    assert "✖ daemon" in row_with(frame, "store is full")
    assert frame.shown(timeline.listing(frame))[0].is_fault


@given(st.integers(1, 60), st.integers(0, 59), st.integers(30, 120), st.integers(3, 30))
def test_a_log_list_is_exactly_its_block_and_shows_the_cursor(n: int, at: int, width: int, height: int) -> None:
    at %= n
    entries = [Entry(NOW - timedelta(minutes=i), "· note", "text", "amira", f"entry {i}!") for i in range(n)]
    rows = ["".join(piece.text for piece in row) for row in log_list(entries, at, width, height)]
    assert [len(row) for row in rows] == [width] * height
    assert sum(row.startswith("›") for row in rows) == 1


def test_a_link_that_is_slow_leaves_the_chart_out() -> None:
    frame = replace(frame_at(CHAT), is_numbers_only=True)
    assert "┤" not in text_of(frame)
    assert "drift is measured against v41" in text_of(frame)
