"""A moment in the past looks the same whenever one looks at it: nothing that came later shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.daemon import remembering
from opsconsole.daemon.views import VIEWS
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import UsageError

AT = START.replace(minute=7, second=23)
"""Some time before the clock, in the middle of a minute."""
SINCE_ATTACHED = {"revision", "now", "query_ms", "sources", "sources_lagging", "rejects"}
"""What a view says of the daemon and not of the moment."""


def asked(kind: str, window: str = "1h", at: datetime | None = AT, **options: str) -> Asked:
    service = "" if kind in ("fleet", "status") else "chat"
    return Asked(kind, window, service, at, tuple(sorted(options.items())))


def shown(daemon: Daemon, question: Asked) -> dict[str, Any]:
    view = msgspec.to_builtins(daemon.desk.view(question), builtin_types=(datetime,))
    return {name: value for name, value in view.items() if name not in SINCE_ATTACHED}


def moments(value: object) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from moments(each)


@pytest.fixture
def before(daemon: Daemon, tmp_path: Path) -> Daemon:
    """An hour of ``chat`` that ends at the moment, a request every ten seconds."""
    daemon.attach(write_calls(tmp_path / "a.jsonl", AT, range(-3600, 0, 10), cost_usd=lambda i: 0.01))
    return daemon


@pytest.fixture
def after(before: Daemon, tmp_path: Path) -> Daemon:
    """And what came later: the same service dearer, slower, of a new version; and a new service."""
    later = {"version": "v2", "cost_usd": 5.0, "latency_ms": 9_000, "status": 500, "size": 999}
    before.attach(
        write_calls(tmp_path / "b.jsonl", AT, range(0, 1800, 10), **later),
        write_calls(tmp_path / "c.jsonl", AT, range(60, 1800, 10), service="search"),
    )
    return before


def test_later_records_change_nothing_in_a_view_of_the_past(before: Daemon, request: pytest.FixtureRequest) -> None:
    questions = [asked(kind, window) for kind in VIEWS if kind != "request" for window in ("15m", "1h", "7d", "all")]
    seen = {question: shown(before, question) for question in questions}
    assert all(max(moments(each)) <= AT for each in seen.values())
    before.desk.drift.forget()
    daemon = request.getfixturevalue("after")
    for question in questions:
        assert shown(daemon, question) == seen[question], question


def test_now_is_not_mixed_with_the_past(after: Daemon) -> None:
    past, live = asked("service"), asked("service", at=None)
    first = {question: shown(after, question) for question in (past, live)}
    assert first[past]["drift"] != first[live]["drift"]
    assert {question: shown(after, question) for question in (live, past)} == first


def test_money_is_counted_up_to_the_moment_and_no_further(after: Daemon) -> None:
    spend = shown(after, asked("service"))["spend"]
    assert spend["today_usd"] == pytest.approx(3.58)  # up to 12:07:00, the last whole minute
    assert spend["month_to_date_usd"] == pytest.approx(3.58)
    half = shown(after, asked("service", at=AT - timedelta(minutes=30)))["spend"]
    assert half["today_usd"] == pytest.approx(1.78)


def test_money_of_the_very_last_record_counts(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", datetime(2025, 6, 3, 12, tzinfo=UTC), range(-600, 1, 60)))
    assert daemon.service("chat", "1h").spend.today_usd == pytest.approx(0.11)


@pytest.mark.parametrize(
    ("window", "cut"), [("15m", timedelta(minutes=1)), ("24h", timedelta(minutes=1)), ("7d", timedelta(hours=1))]
)
def test_a_view_of_the_past_ends_within_a_bucket_of_the_moment(after: Daemon, window: str, cut: timedelta) -> None:
    view = after.desk.view(asked("service", window))
    assert isinstance(view, wire.ServiceView)
    assert AT - cut < view.end <= AT
    assert view.axis.start + timedelta(seconds=view.axis.step_s * view.axis.buckets) == view.end
    assert view.end - view.axis.start == timedelta(seconds=wire.WINDOWS[window])


def test_a_service_that_was_quiet_then_says_when_it_was_last_seen(after: Daemon) -> None:
    later = AT + timedelta(days=3)
    after.clock.advance(timedelta(days=4).total_seconds())
    view = after.desk.view(asked("fleet", at=later))
    assert isinstance(view, wire.FleetView)
    assert {row.service: row.last_at for row in view.services} == {
        "chat": AT + timedelta(seconds=1790),
        "search": AT + timedelta(seconds=1790),
    }


def test_a_service_that_was_not_there_yet_is_refused_in_words(after: Daemon) -> None:
    with pytest.raises(UsageError, match="'search' was not there yet"):
        after.desk.view(Asked("service", "1h", "search", AT))


def test_stepping_through_time_does_not_fill_the_memory(after: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_PAST", 3)
    for minutes in range(8):
        after.desk.view(asked("service", at=AT - timedelta(minutes=minutes)))
    assert len(after.desk.drift._answers) <= 4
