"""Spend: what is not known is not $0, and the projection is the run rate carried to the month's end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from opsconsole import wire
from opsconsole.signals.spend import month_end, project

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def spend(
    window_s: float = 3600, covered_s: float = 1e6, window_usd: float | None = 2.0, month: float | None = 100.0
) -> wire.Spend:
    return project(
        now=NOW,
        window_s=window_s,
        covered_s=covered_s,
        window_usd=window_usd,
        today_usd=7.0,
        month_to_date_usd=month,
        unpriced_tokens=11,
    )


def test_the_month_ends_at_the_run_rate_of_the_window() -> None:
    found = spend()
    assert found.usd_per_hour == pytest.approx(2.0)
    assert found.month_end_usd == pytest.approx(100 + 2 * (7 * 24 + 12))
    assert (found.today_usd, found.month_to_date_usd, found.unpriced_tokens) == (7.0, 100.0, 11)


def test_a_window_longer_than_the_log_is_not_diluted() -> None:
    assert spend(window_s=86_400, covered_s=7_200).usd_per_hour == pytest.approx(1.0)


def test_the_window_of_everything_is_what_is_covered() -> None:
    assert spend(window_s=0, covered_s=7_200).usd_per_hour == pytest.approx(1.0)


def test_unknown_costs_stay_unknown() -> None:
    found = spend(window_usd=None, month=None)
    assert found.usd_per_hour is None
    assert found.month_end_usd is None
    assert found.month_to_date_usd is None


def test_less_than_an_hour_projects_no_month() -> None:
    found = spend(covered_s=1_800, window_usd=1.0)
    assert found.usd_per_hour == pytest.approx(2.0)
    assert found.month_end_usd is None


def test_a_few_seconds_give_no_run_rate() -> None:
    assert spend(covered_s=5).usd_per_hour is None


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (NOW, datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_months_end_where_the_calendar_says(now: datetime, end: datetime) -> None:
    assert month_end(now) == end
    assert month_end(end - timedelta(microseconds=1)) == end
