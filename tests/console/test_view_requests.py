"""The requests view: a tail that stays under the cursor, searched by the daemon, with the columns that there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from answers_requests import chat_request, requests_view
from fleet import NOW
from painting import LARGE, SMALL, frame_at, lines_of, moved, row_with, text_of

from opsconsole import wire
from opsconsole.console.listing import cursor
from opsconsole.console.place import Place
from opsconsole.console.views import requests

CHAT = Place("requests", "chat-assist")


def newer(view: wire.RequestsView, n: int) -> wire.RequestsView:
    """The same view, ``n`` requests later."""
    came = tuple(
        msgspec.structs.replace(chat_request(i), key=f"9:{i}", at=NOW + timedelta(seconds=n - i)) for i in range(n)
    )
    return msgspec.structs.replace(view, rows=(*came, *view.rows)[: len(view.rows)], matched=view.matched + n)


def test_the_screen_says_order_words_and_how_many_match() -> None:
    head = text_of(frame_at(CHAT.choosing(order="failing").changed(filter="timeout"))).split("\n")[0]
    assert head.startswith(" chat-assist · failing only, newest first · /timeout")
    assert head.endswith("n 17 in 1h")


def test_columns_are_as_many_as_the_screen_is_wide() -> None:
    narrow, wide = (text_of(frame_at(CHAT), size).split("\n")[1].split() for size in (SMALL, LARGE))
    assert narrow == ["UTC", "outcome", "version", "route", "latency", "ttft", "in", "out", "cost"]
    assert [*narrow, "request", "id"] != wide
    assert set(narrow) < set(wide)


def test_a_column_that_no_request_has_is_left_out_and_named() -> None:
    text = text_of(frame_at(Place("requests", "azure-llm-code")))
    assert "not logged here: version, route, latency, ttft, cost" in text
    assert text.split("\n")[1].split()[:2] == ["UTC", "outcome"]
    assert "latency" not in text.split("\n")[1]


def test_the_service_is_a_column_where_all_are_shown() -> None:
    assert "service" in text_of(frame_at(Place("requests"))).split("\n")[1]
    assert "service" not in text_of(frame_at(CHAT)).split("\n")[1]


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [(200, None, "✔ 200"), (503, None, "✖ 503"), (504, "timeout", "✖ timeout"), (102, None, "◌ pending"),
     (None, None, "? unknown")],
)  # fmt: skip
def test_an_outcome_is_a_sign_and_a_word(status: int | None, error: str | None, told: str) -> None:
    row = msgspec.structs.replace(chat_request(0), status=status, error_type=error)
    assert requests.outcome(row).text == told


def test_a_number_that_was_not_logged_is_no_zero() -> None:
    view = requests_view({"service": "chat-assist"})
    row = msgspec.structs.replace(view.rows[0], ttft_ms=None, cost_usd=None)
    frame = frame_at(CHAT, msgspec.structs.replace(view, rows=(row, *view.rows[1:])))
    assert row_with(frame, "›").split()[-1] == "–"


def test_the_cursor_stays_on_its_request_while_newer_ones_come() -> None:
    view = requests_view({"service": "chat-assist"})
    place = CHAT.changed(cursor=view.rows[5].key)
    before, after = frame_at(place, view), frame_at(place, newer(view, 3))
    assert cursor(before.shown(requests.listing(before)), place.cursor) == 5
    assert cursor(after.shown(requests.listing(after)), place.cursor) == 8
    assert row_with(before, "›") == row_with(after, "›")


def test_on_the_first_row_the_cursor_follows_the_newest() -> None:
    view = requests_view({"service": "chat-assist"})
    frame = frame_at(CHAT.changed(cursor=view.rows[0].key), view)
    assert requests.grow(frame.state.place, frame).cursor == ""


def test_the_tail_is_held_while_somebody_reads_further_down() -> None:
    view = requests_view({"service": "chat-assist"})
    frame = frame_at(CHAT.changed(cursor=view.rows[4].key), view)
    held = requests.grow(frame.state.place, frame)
    assert requests.asks(held)["until"] == (view.rows[0].at + timedelta(microseconds=1)).isoformat()
    assert "held, g follows" in text_of(frame_at(held, view))
    top = moved(frame, cursor=view.rows[0].key, choices=held.choices)
    assert "until" not in requests.asks(requests.grow(top.state.place, top))
    assert "● live" in text_of(frame_at(CHAT, view))


def test_a_tail_that_was_let_go_is_held_anew_where_it_is_then() -> None:
    view = requests_view({"service": "chat-assist"})
    following = CHAT.choosing(until="2026-11-23T12:00:00+00:00")
    assert "until" not in requests.asks(following)
    here = following.changed(cursor=view.rows[4].key)
    held = requests.grow(here, frame_at(following, view))
    assert requests.asks(held)["until"] == (view.rows[0].at + timedelta(microseconds=1)).isoformat()


def test_another_order_is_never_held() -> None:
    place = CHAT.choosing(order="slowest", until="2026-11-23T12:00:00+00:00").changed(cursor="1:2")
    assert "until" not in requests.asks(place)


def test_what_does_not_go_on_is_not_held() -> None:
    for place in (CHAT.choosing(order="slowest"), Place("requests", "lora-gateway")):
        frame = frame_at(place)
        view = frame.answer(wire.RequestsView)
        assert view is not None
        here = place.changed(cursor=view.rows[4].key)
        assert requests.grow(here, moved(frame, cursor=here.cursor)) == here


@pytest.mark.parametrize(("n", "limit"), [(200, "2000"), (2_000, "10000"), (10_000, "10000")])
def test_the_end_of_a_list_that_was_cut_asks_for_more(n: int, limit: str) -> None:
    view = requests_view({"service": "lora-gateway"})
    rows = tuple(msgspec.structs.replace(view.rows[0], key=f"4:{i}") for i in range(n))
    frame = frame_at(
        Place("requests", "lora-gateway", cursor=rows[-1].key), msgspec.structs.replace(view, rows=rows, matched=44_640)
    )
    grown = requests.grow(frame.state.place, frame)
    assert requests.asks(grown)["limit"] == limit
    assert grown.cursor == rows[-1].key
    assert ("narrow the search to see the others" if n == 10_000 else "G asks for more") in text_of(frame)
    assert f"n 44.6k in 1h, {n:,} here" in text_of(frame)


def test_the_end_of_a_whole_list_asks_for_nothing() -> None:
    frame = frame_at(CHAT.choosing(order="failing"))
    view = frame.answer(wire.RequestsView)
    assert view is not None
    end = CHAT.choosing(order="failing").changed(cursor=view.rows[-1].key)
    assert requests.grow(end, moved(frame, cursor=end.cursor)) == end


def test_what_the_daemon_has_searched_is_not_searched_again() -> None:
    view = requests_view({"service": "chat-assist"})
    place = CHAT.changed(filter="features.language=de")
    frame = frame_at(place, msgspec.structs.replace(view, search="features.language=de"))
    assert len(frame.shown(requests.listing(frame))) == len(view.rows)


def test_a_filter_that_is_being_typed_looks_through_the_rows_that_are_here() -> None:
    frame = replace(frame_at(CHAT), state=replace(frame_at(CHAT).state, mode="filter", draft="timeout"))
    shown = frame.shown(requests.listing(frame))
    assert {item.values["error_type"] for item in shown} == {"timeout"}
    assert "among the rows here" in text_of(frame)


def test_a_filter_marks_what_it_found() -> None:
    matched = [
        piece.text
        for line in lines_of(frame_at(CHAT.changed(filter="v42")))
        for piece in line
        if piece.ink.startswith("match")
    ]
    assert set(matched) == {"v42"}


def test_faults_only_is_a_word_of_the_search() -> None:
    place = CHAT.changed(is_faults_only=True, filter="v42")
    assert requests.asks(place)["search"] == "v42 status>=400"
    frame = frame_at(place)
    assert all(item.is_fault for item in frame.shown(requests.listing(frame)))


def test_enter_leads_to_the_page_of_the_request() -> None:
    frame = frame_at(CHAT)
    item = frame.shown(requests.listing(frame))[2]
    assert item.opens == Place("request", "chat-assist", choices=(("key", item.key),))


def test_a_request_that_was_there_before_is_not_made_again() -> None:
    view = requests_view({"service": "chat-assist"})
    first = frame_at(CHAT, view)
    before = first.shown(requests.listing(first))
    later = replace(first, answers={"requests": newer(view, 3)})
    assert later.shown(requests.listing(later))[3] is before[0]


@pytest.mark.parametrize(
    ("order", "told"), [("slowest", "no requests with a latency"), ("failing", "no request failed")]
)
def test_an_empty_list_says_why(order: str, told: str) -> None:
    assert told in text_of(frame_at(Place("requests", "azure-llm-code").choosing(order=order)))


def test_before_the_first_answer_it_says_what_it_waits_for() -> None:
    frame = replace(frame_at(CHAT), answers={})
    assert "waiting for the requests of chat-assist" in text_of(frame)


def test_long_windows_have_dates() -> None:
    view = msgspec.structs.replace(requests_view({"service": "chat-assist"}), window="7d")
    assert "11-23 13:04:11" in text_of(frame_at(CHAT, view))
