"""What a view says about its window: its numbers agree, and what is not known is not zero."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from calls import write_calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.config.settings import RetentionSetting, Settings
from opsconsole.store import folds
from opsconsole.store.database import rows

HOUR = 3600


def test_a_service_without_records_in_the_window_is_quiet(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(
        write_calls(tmp_path / "a.jsonl", START, range(-3 * HOUR, -3 * HOUR + 100), service="silent"),
        write_calls(tmp_path / "b.jsonl", START, range(-100, 0), service="busy"),
    )
    rows_of = {row.service: row for row in daemon.fleet("1h").services}
    silent = rows_of["silent"]
    assert (silent.state, silent.requests) == ("quiet", 0)
    assert (silent.error_rate, silent.usd_per_hour, silent.latency_ms.p50) == (None, None, None)
    assert silent.last_at == START - timedelta(seconds=3 * HOUR - 99)
    assert rows_of["busy"].state == "ok"


def test_a_view_of_a_live_service_ends_now(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-600, -60)))
    view = daemon.service("chat", "1h")
    assert (view.is_live, view.end) == (True, START)
    daemon.clock.advance(300)
    assert daemon.service("chat", "15m").end == START + timedelta(seconds=300)


@pytest.mark.parametrize("window", [name for name in wire.WINDOWS if name != "7d"])
def test_a_view_of_old_records_ends_at_the_newest(daemon: Daemon, tmp_path: Path, window: str) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-200 * HOUR, -150 * HOUR, 600)))
    newest = START - timedelta(seconds=150 * HOUR + 600)
    view = daemon.service("chat", window)
    assert (view.is_live, view.end, view.total.last_at) == (False, newest, newest)
    assert view.total.requests > 0


def test_the_newest_record_is_in_the_window_even_on_a_minutes_edge(daemon: Daemon, tmp_path: Path) -> None:
    edge = START.replace(minute=0, second=0) - timedelta(days=3)
    daemon.attach(write_calls(tmp_path / "a.jsonl", edge, range(-30, 1)))
    for window in wire.WINDOWS:
        assert daemon.service("chat", window).total.requests == 31
        assert daemon.fleet(window).services[0].requests == 31


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_lines_add_up_to_totals_in_every_window(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("views")
    daemon = Daemon(folder / "home", Settings())
    try:
        seconds = data.draw(st.lists(st.integers(-9 * 86_400, 0), min_size=1, max_size=60))
        versions = data.draw(st.integers(1, 3))
        log = write_calls(
            folder / "a.jsonl",
            START,
            seconds,
            version=lambda i: f"v{i % versions}",
            status=lambda i: 500 if i % 3 == 0 else 200,
            cost_usd=lambda i: "absent" if i % 4 == 0 else 0.25,
        )
        daemon.attach(log)
        if data.draw(st.booleans()):
            daemon.engine.submit(lambda: folds.fold_recent(daemon.engine.database.writer)).result()
            daemon.engine.submit(lambda: folds.fold_level(daemon.engine.database.writer, "hour")).result()
        for window, length in wire.WINDOWS.items():
            view = daemon.service("chat", window)
            inside = [
                i
                for i, second in enumerate(seconds)
                if view.axis.start
                <= START + timedelta(seconds=second)
                < view.axis.start + timedelta(seconds=view.axis.step_s * view.axis.buckets)
            ]
            assert view.total.requests == len(inside)
            assert not length or view.axis.start <= view.end - timedelta(seconds=length)
            _adds_up(view)
    finally:
        daemon.engine.stop()


def _adds_up(view: wire.ServiceView) -> None:
    total = view.total
    assert sum(view.lines.requests) == total.requests == sum(version.requests for version in view.versions)
    assert sum(view.lines.errors) == total.errors == sum(version.errors for version in view.versions)
    for lines in (view.lines, *(version.lines for version in view.version_lines)):
        assert {len(line) for line in (lines.requests, lines.errors, lines.p50_ms, lines.p99_ms, lines.usd)} == {
            view.axis.buckets
        }
        for n, p50 in zip(lines.requests, lines.p50_ms, strict=True):
            assert (n == 0) == (p50 is None)
    spent = [usd for usd in view.lines.usd if usd is not None]
    assert (sum(spent) if spent else None) == (pytest.approx(total.cost.usd) if spent else total.cost.usd)
    assert sum(version.share for version in view.versions) == pytest.approx(1.0 if total.requests else 0.0)


def test_tokens_without_a_price_are_shown_and_cost_nothing(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-100, 0), cost_usd="absent"))
    view = daemon.service("chat")
    assert (view.total.cost.usd, view.total.cost.usd_per_request, view.total.cost.n_known) == (None, None, 0)
    assert view.total.cost.unpriced_tokens == view.spend.unpriced_tokens == 100 * 30
    assert (view.spend.today_usd, view.spend.month_end_usd) == (None, None)
    assert set(view.lines.usd) == {None}
    assert "cost_usd" in view.not_logged
    assert daemon.fleet().services[0].usd_per_hour is None


def test_a_new_version_is_marked_where_it_begins(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(
        write_calls(tmp_path / "a.jsonl", START, range(-1800, 0)),
        write_calls(tmp_path / "b.jsonl", START, range(-600, 0), version="v2", latency_ms=900),
    )
    view = daemon.service("chat")
    (marker,) = view.markers
    assert (marker.at, marker.text) == (START - timedelta(seconds=600), "v2 first seen")
    assert [(version.version, version.requests) for version in view.versions] == [("v1", 1800), ("v2", 600)]
    assert view.state == "warn"
    assert any("v2" in reason for reason in view.reasons)
    assert view.versions[1].latency_ms.p50 is not None
    assert view.versions[1].latency_ms.p50.low < 900 <= view.versions[1].latency_ms.p50.high


def test_two_views_of_one_revision_agree(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(
        write_calls(tmp_path / "a.jsonl", START, range(-1800, 0), status=lambda i: 500 if i % 9 == 0 else 200)
    )
    (row,), view = daemon.fleet().services, daemon.service("chat")
    (status,) = daemon.ask("GET", "/v1/status", wire.StatusView, window="1h").services
    assert row.requests == view.total.requests == status.total.requests
    assert row.errors == view.total.errors == status.total.errors
    assert row.latency_ms == view.total.latency_ms == status.total.latency_ms
    assert row.state == view.state == status.state
    assert row.trend == view.lines
    assert row.requests_per_s == view.requests_per_s


def test_retention_counts_from_the_newest_record(daemon: Daemon, tmp_path: Path) -> None:
    settings = RetentionSetting(requests_days=1, minutes_days=1, hours_days=1)
    daemon.engine.settings = Settings(retention=settings)
    year_ago = START - timedelta(days=365)
    daemon.attach(write_calls(tmp_path / "a.jsonl", year_ago, range(0, 3 * 86_400, 600)))

    def age() -> None:
        folds.fold_recent(daemon.engine.database.writer)
        for level in ("hour", "day"):
            folds.fold_level(daemon.engine.database.writer, level)
        daemon.engine._expire()

    daemon.engine.submit(age).result()
    assert daemon.service("chat", "6h").total.requests >= 36
    kept = daemon.engine.submit(lambda: rows(daemon.engine.database.writer, "SELECT count(*) FROM requests")).result()
    assert kept == [(145,)]
    assert daemon.fleet("all").services[0].first_at == year_ago


def test_users_are_those_of_the_window_and_not_of_its_hours(daemon: Daemon, tmp_path: Path) -> None:
    write_calls(tmp_path / "a.jsonl", START - timedelta(minutes=25), range(60), user="early")
    write_calls(tmp_path / "a.jsonl", START - timedelta(minutes=5), range(60), user="late")
    daemon.attach(tmp_path / "a.jsonl")
    assert daemon.service("chat", "15m").users == 1
    assert daemon.service("chat", "1h").users == 2
