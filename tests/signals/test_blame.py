"""Whose an error is: ours, the provider's, the caller's."""

from __future__ import annotations

import pytest

from opsconsole.signals.blame import SUFFERED, Kind, Owner, blame, by_owner


@pytest.mark.parametrize(
    ("error_class", "behind_us", "alone"),
    [
        ("HTTP 500", ("ours", "failed"), ("ours", "failed")),
        ("HTTP 429", ("provider", "limited"), ("caller", "limited")),
        ("HTTP 502", ("provider", "unavailable"), ("provider", "unavailable")),
        ("HTTP 503", ("provider", "unavailable"), ("ours", "unavailable")),
        ("HTTP 504", ("provider", "timeout"), ("provider", "timeout")),
        ("HTTP 529", ("provider", "unavailable"), ("ours", "unavailable")),
        ("HTTP 400", ("caller", "asked wrongly"), ("caller", "asked wrongly")),
        ("HTTP 401", ("ours", "refused"), ("caller", "refused")),
        ("HTTP 499", ("caller", "gave up"), ("caller", "gave up")),
        ("RateLimitError", ("provider", "limited"), ("caller", "limited")),
        ("Timeout", ("provider", "timeout"), ("ours", "timeout")),
        ("timed_out", ("provider", "timeout"), ("ours", "timeout")),
        ("APIConnectionError", ("provider", "unavailable"), ("ours", "unavailable")),
        ("InternalServerError", ("provider", "failed"), ("ours", "failed")),
        ("overloaded_error", ("provider", "unavailable"), ("ours", "unavailable")),
        ("AuthenticationError", ("ours", "refused"), ("caller", "refused")),
        ("invalid_request_error", ("caller", "asked wrongly"), ("caller", "asked wrongly")),
        ("ContextWindowExceededError", ("caller", "asked wrongly"), ("caller", "asked wrongly")),
        ("BudgetExceededError", ("caller", "limited"), ("caller", "limited")),
        ("upstream_rate_limited", ("provider", "limited"), ("provider", "limited")),
        ("UT", ("provider", "timeout"), ("provider", "timeout")),
        ("UF", ("provider", "unavailable"), ("provider", "unavailable")),
        ("DC", ("caller", "gave up"), ("caller", "gave up")),
        ("CUDA out of memory", ("ours", "failed"), ("ours", "failed")),
        ("", ("ours", "failed"), ("ours", "failed")),
    ],
)
def test_an_error_has_one_owner(error_class: str, behind_us: tuple[Owner, Kind], alone: tuple[Owner, Kind]) -> None:
    for has_provider, expected in ((True, behind_us), (False, alone)):
        found = blame(error_class, has_provider=has_provider)
        assert (found.owner, found.kind) == expected


def test_a_status_speaks_where_the_class_says_nothing() -> None:
    assert blame("E1234", 429, has_provider=True).owner == "provider"
    assert blame("RateLimitError", 500, has_provider=True).kind == "limited"


def test_a_callers_mistakes_use_up_no_budget() -> None:
    found = by_owner({"HTTP 500": 3, "RateLimitError": 4, "HTTP 404": 90}, has_provider=True)
    assert found == {"ours": 3, "provider": 4, "caller": 90}
    assert sum(n for owner, n in found.items() if owner in SUFFERED) == 7
