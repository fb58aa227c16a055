"""What every view sends is measured against a committed table: a change that makes one dearer has to say so."""

from __future__ import annotations

import pytest
from fleet import fleet_view

from benchmarks.byte_budget import (
    MOST_LIVE,
    MOST_STILL,
    RENEW,
    SIZES,
    Sent,
    as_budget,
    committed,
    complaints,
    measured,
    sent,
)
from benchmarks.moving import moved
from opsconsole.console.views.catalog import BY_NAME, VIEWS


@pytest.fixture(scope="module")
def found() -> list[tuple[str, str, Sent]]:
    return list(measured())


def test_no_view_sends_a_quarter_more_than_the_table_says(found: list[tuple[str, str, Sent]]) -> None:
    told = complaints(as_budget(found), committed())
    assert told == [], "\n".join(told)


def test_every_view_keeps_to_the_limits_of_a_slow_link(found: list[tuple[str, str, Sent]]) -> None:
    for view, size, each in found:
        assert each.live_per_s <= MOST_LIVE[size], view
        assert each.still_per_s <= MOST_STILL, view


def test_the_table_holds_every_view_and_no_other() -> None:
    assert set(committed()) == {spec.name for spec in VIEWS}


def test_bytes_are_the_same_on_every_run() -> None:
    assert sent(BY_NAME["fleet"], SIZES["80x24"]) == sent(BY_NAME["fleet"], SIZES["80x24"])


def test_growth_is_told_with_the_numbers_and_how_to_renew_the_table() -> None:
    table = {"fleet": {"80x24": {"live_per_s": 400.0}}}
    assert complaints({"fleet": {"80x24": {"live_per_s": 510.0}}}, table) == []
    told = complaints({"fleet": {"80x24": {"live_per_s": 530.0}}, "new": {"80x24": {"first": 1.0}}}, table)
    assert told[0] == "fleet 80x24 live_per_s: 530 B, the table says 400 B"
    assert "no number" in told[1]
    assert told[2].endswith(RENEW)


def test_moving_answers_keep_their_names_and_their_order() -> None:
    view = fleet_view("1h")
    later = moved(view, 5)
    assert [row.service for row in later.services] == [row.service for row in view.services]
    assert later.end > view.end
    assert later != view
    assert moved(view, 5) == later
