"""What changed: the headline in words, shares that add up, and the way from a slice to its requests."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest
from answers_requests import explain_view
from fleet import NOW, service_view
from painting import LARGE, frame_at, row_with, text_of

from opsconsole import search, wire
from opsconsole.console.frame import Frame
from opsconsole.console.place import Place
from opsconsole.console.views import explain

CHAT = Place("explain", "chat-assist")


def changed(**fields: object) -> Frame:
    return frame_at(CHAT, msgspec.structs.replace(explain_view({"service": "chat-assist"}), **fields))


def test_the_headline_says_what_changed_and_by_how_much() -> None:
    text = text_of(frame_at(CHAT))
    assert "▲ typical latency 1.18s → 2.11s, +79%" in text
    assert "12:49–13:04 (n 4,412) against 12:34–12:49 (n 4,310) UTC, the 15 min before" in text


@pytest.mark.parametrize(
    ("metric", "told"),
    [("errors", "▲ error rate 0.40% → 2.10%, +1.70 points"), ("cost", "▲ cost of a request 70µ$ → 91µ$, +30%")],
)
def test_a_rate_changes_by_points_and_money_by_percent(metric: str, told: str) -> None:
    assert told in text_of(frame_at(CHAT.choosing(metric=metric)))


def test_a_fall_has_another_sign_than_a_rise() -> None:
    assert "▼ typical latency 2.11s → 1.18s, -44%" in text_of(changed(value=1_180.0, baseline_value=2_110.0))


def test_what_chance_gives_as_well_says_so() -> None:
    text = text_of(frame_at(CHAT.choosing(metric="traffic")))
    assert "✔ requests a second did not change beyond chance: 12.4 → 12.6, +1.6%" in text
    assert "nothing to explain" in text


@pytest.mark.parametrize(
    ("field", "told"), [("value", "not logged in the range"), ("baseline_value", "not logged before it")]
)
def test_a_side_without_values_is_named(field: str, told: str) -> None:
    assert f"? typical latency: {told}" in text_of(changed(**{field: None}))


def test_the_shares_on_the_screen_add_up() -> None:
    table = text_of(frame_at(CHAT)).split("share")[1].split("weighed")[0]
    shares = [int(found) for found in re.findall(r"^[ ›]\s+(-?\d+)%", table, re.MULTILINE)]
    assert len(shares) == 5
    assert sum(shares) == 100


def test_everything_else_is_a_row_too() -> None:
    assert " 6%" in row_with(frame_at(CHAT), "everything else")


def test_a_slice_says_its_values_and_its_part_of_the_traffic() -> None:
    row = row_with(frame_at(CHAT), "version v42 · route /v1/chat", LARGE)
    assert row.split()[-7:] == ["1.24s", "4.01s", "10%", "27%", "1,210", "430", "<.001"]


def test_the_slice_under_the_cursor_is_told_whole_where_its_column_is_too_narrow() -> None:
    text = text_of(frame_at(CHAT))
    assert "version v42 · route /v1/chat: 81% of the change" in text


def test_releases_and_drifted_inputs_stand_below() -> None:
    text = text_of(frame_at(CHAT))
    assert "▼ 11-23 12:42 v42 first seen, 7m before the range" in text
    assert "▲ 0.31 prompt_tokens · on v42 · shape" in text


def test_the_metrics_that_one_can_choose_are_named() -> None:
    assert "m  latency [errors] cost  traffic" in text_of(frame_at(CHAT.choosing(metric="errors"))).split("\n")[0]
    assert explain.asks(CHAT.choosing(metric="errors")) == {"metric": "errors"}


def test_enter_leads_to_the_requests_of_the_slice() -> None:
    frame = frame_at(CHAT)
    items = frame.shown(explain.listing(frame))
    assert items[0].opens == Place("requests", "chat-assist", filter="version=v42 route=/v1/chat")
    assert items[3].opens is not None
    assert search.matches(search.parse(items[3].opens.filter), {"route": '/v1/sum "marise" *'})
    assert not search.matches(search.parse(items[3].opens.filter), {"route": '/v1/sum "marise" on'})


@pytest.mark.parametrize(
    ("value", "held", "other"),
    [
        ("timeout", {"error_type": "timeout", "status": 504}, {"error_type": "quota", "status": 429}),
        ("HTTP 503", {"error_type": None, "status": 503}, {"error_type": "timeout", "status": 503}),
        ("", {"error_type": None, "status": 200}, {"error_type": None, "status": 500}),
    ],
)
def test_a_kind_of_failure_is_found_again(
    value: str, held: dict[str, search.Value], other: dict[str, search.Value]
) -> None:
    base = explain_view({"service": "chat-assist"}).slices[0]
    terms = search.parse(explain.slice_filter(msgspec.structs.replace(base, where=(("error_type", value),))))
    assert search.matches(terms, held)
    assert not search.matches(terms, other)


def test_a_value_that_was_not_logged_is_a_slice_too() -> None:
    base = explain_view({"service": "chat-assist"}).slices[0]
    none = msgspec.structs.replace(base, where=(("region", ""),))
    assert explain.slice_words(none) == "region (none)"
    assert search.matches(search.parse(explain.slice_filter(none)), {"region": None})


def at_crosshair(view: wire.ServiceView, minutes: float) -> Frame:
    return frame_at(Place("service", "chat-assist"), view, crosshair=view.axis.start + timedelta(minutes=minutes))


def test_without_a_crosshair_the_daemon_chooses_the_range() -> None:
    assert explain.range_of(frame_at(Place("service", "chat-assist"), service_view("chat-assist"))) == {}


def test_the_range_is_the_bucket_under_the_crosshair() -> None:
    view = service_view("chat-assist")
    start = view.axis.start + timedelta(minutes=10)
    assert explain.range_of(at_crosshair(view, 10)) == {
        "start": start.isoformat(),
        "stop": (start + timedelta(seconds=view.axis.step_s)).isoformat(),
    }


def test_the_range_ends_with_the_window() -> None:
    view = service_view("chat-assist")
    newest = explain.range_of(at_crosshair(view, (view.axis.buckets - 1) * view.axis.step_s / 60))
    assert newest["stop"] == view.end.isoformat()


def test_a_breach_under_the_crosshair_is_the_range() -> None:
    breach = wire.Breach(
        start=NOW - timedelta(minutes=20), stop=NOW - timedelta(minutes=12), state="fail", what="p99 2.4s"
    )
    view = msgspec.structs.replace(service_view("chat-assist"), breaches=(breach,))
    minutes = (breach.start - view.axis.start) / timedelta(minutes=1) + 2
    found = explain.range_of(at_crosshair(view, minutes))
    assert found == {"start": breach.start.isoformat(), "stop": breach.stop.isoformat()}
    asked = explain.asks(CHAT.choosing(**found))
    assert asked == found


def test_a_range_over_midnight_has_its_dates() -> None:
    start = NOW - timedelta(hours=20)
    assert "11-22 17:04–11-23 13:04" in text_of(changed(start=start))


def test_what_was_nothing_before_did_not_grow_by_percent() -> None:
    assert explain.difference(0.0, 3.0, "per s") == "from nothing"
