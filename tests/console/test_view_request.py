"""One request's page: where its time went, how it stands, and what was around it, on any screen."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from answers_requests import request_view, requests_of
from painting import LARGE, SMALL, frame_at, lines_of, row_with, text_of

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.place import Place
from opsconsole.console.views import request

KEY = requests_of("chat-assist")[11].key
HERE = Place("request", "chat-assist", choices=(("key", KEY),))


def with_row(**changes: object) -> Frame:
    view = request_view({"service": "chat-assist", "key": KEY})
    return frame_at(HERE, msgspec.structs.replace(view, row=msgspec.structs.replace(view.row, **changes)))


def filled(frame: Frame, needle: str) -> int:
    """Cells of the bar in a line."""
    return row_with(frame, needle).count("█")


def test_the_parts_of_its_time_follow_each_other() -> None:
    frame = with_row(queue_ms=250.0, ttft_ms=500.0, latency_ms=1_000.0)
    rows = [row_with(frame, name) for name in ("queue  ", "to first token", "to the end")]
    starts = [row.index("█") for row in rows]
    ends = [row.rindex("█") + 1 for row in rows]
    assert starts[1:] == ends[:-1]
    assert ["250ms" in rows[0], "250ms" in rows[1], "500ms" in rows[2]] == [True, True, True]


def test_a_duration_that_was_not_logged_has_no_bar() -> None:
    text = text_of(with_row(queue_ms=None, ttft_ms=None))
    assert "queue" not in text.split("standing")[0].split("── time")[1]
    assert "all" in text
    nothing = text_of(with_row(queue_ms=None, ttft_ms=None, latency_ms=None))
    assert "not logged: how long it took" in nothing


def test_a_queue_that_the_log_counts_apart_makes_no_negative_part() -> None:
    frame = with_row(queue_ms=900.0, ttft_ms=200.0, latency_ms=600.0)
    assert "200ms" in row_with(frame, "to first token")
    assert filled(frame, "queue  ") > filled(frame, "to first token") > 0


def test_its_numbers_stand_among_those_of_its_version() -> None:
    frame = with_row()
    assert "among 40.2k of v41 in 1h" in text_of(frame)
    assert "slower than 98.6%" in row_with(frame, "latency")
    assert "dearer than 77.0%" in row_with(frame, "cost  ")


def test_a_number_beyond_the_p99_stands_out() -> None:
    (latency,) = (line for line in lines_of(with_row()) if any("slower than 98.6%" in piece.text for piece in line))
    assert {piece.ink for piece in latency if piece.text.strip()} >= {"warn"}


def test_facts_that_were_not_logged_are_not_there() -> None:
    text = text_of(with_row(region=None, finish_reason=None))
    assert "region" not in text.split("── time")[0]
    assert "model gpt-4o-2024-11-20" in text


def test_the_line_in_the_log_is_named_on_a_large_screen() -> None:
    assert f"/var/log/chat-assist/requests.jsonl at byte {int(KEY[2:]):,}" in text_of(with_row(), LARGE)


def test_neighbours_open_their_pages() -> None:
    frame = frame_at(HERE)
    items = frame.shown(request.listing(frame))
    assert items[0].opens == Place("request", "chat-assist", choices=(("key", items[0].key),))
    assert "of the same user" in text_of(frame)


def test_neighbours_say_how_far_before_or_after() -> None:
    text = text_of(frame_at(HERE), LARGE)
    assert " -480ms" in text
    assert " +" in text


def test_a_small_screen_has_every_section_and_three_neighbours() -> None:
    text = text_of(frame_at(HERE), SMALL)
    for title in ("── time", "── standing", "1 features", "2 neighbours"):
        assert title in text
    assert sum("✔ 200" in row for row in text.split("\n")) >= 4


def test_features_are_a_list_with_a_cursor_when_they_are_alone() -> None:
    frame = frame_at(HERE.changed(panel=request.FEATURES))
    assert [item.key for item in frame.shown(request.listing(frame))] == sorted(request_features())
    assert "›conversation_turns" in text_of(frame)


def request_features() -> dict[str, str | float | bool | None]:
    return request_view({"service": "chat-assist", "key": KEY}).features


@pytest.mark.parametrize(
    ("name", "shown"), [("has_tools", "yes"), ("locale", "–"), ("language", "de"), ("temperature", "0.2")]
)
def test_a_feature_is_written_as_what_it_is(name: str, shown: str) -> None:
    assert row_with(frame_at(HERE.changed(panel=request.FEATURES)), name).split()[-1] == shown


def test_a_request_that_logs_next_to_nothing_says_so() -> None:
    key = requests_of("azure-llm-code")[2].key
    text = text_of(frame_at(Place("request", "azure-llm-code", choices=(("key", key),))))
    assert "? unknown" in text
    assert "not logged: how long it took" in text
    assert "1 features  not logged" in text


def test_before_the_answer_it_names_the_request() -> None:
    assert f"waiting for request {KEY}" in text_of(replace(frame_at(HERE), answers={}))


def test_no_neighbours_is_said() -> None:
    view = request_view({"service": "chat-assist", "key": KEY})
    assert "none in this window" in text_of(frame_at(HERE, msgspec.structs.replace(view, neighbours=())))


def test_no_standing_is_said() -> None:
    view = request_view({"service": "chat-assist", "key": KEY})
    bare: wire.RequestView = msgspec.structs.replace(view, standings=())
    assert "not logged: any number to compare" in text_of(frame_at(HERE, bare))


def test_the_request_that_was_open_before_is_not_shown_for_another() -> None:
    frame = frame_at(HERE)
    other = replace(frame, state=frame.state.at(choices=(("key", "1:7"),)))
    assert "waiting for request 1:7" in text_of(other)
    assert request.listing(other) is None
