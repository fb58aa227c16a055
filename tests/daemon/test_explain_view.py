"""What changed? names the slice that was made worse, says how much of the difference it is, and stays silent else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.daemon.views import explain
from opsconsole.errors import UsageError

N = 2_400
"""Requests, one a second and a half, the last quarter of which is the range."""


def served(daemon: Daemon, path: Path, **changed: Any) -> None:
    """Two versions, two regions and three routes, independent of each other; the last 900 s are the range."""
    columns = {
        "version": lambda i: f"v{1 + i % 2}",
        "region": lambda i: ("eu", "us")[i // 2 % 2],
        "route": lambda i: ("/chat", "/search", "/embed")[i // 4 % 3],
        "latency_ms": lambda i: 100 + i * 7919 % 60,
    }
    daemon.attach(write_calls(path / "a.jsonl", START, [-3600 + 1.5 * i for i in range(N)], **columns | changed))


def ask(daemon: Daemon, **options: str) -> wire.ExplainView:
    return daemon.ask("GET", "/v1/explain", wire.ExplainView, service="chat", window="1h", **options)


def is_late(i: int) -> bool:
    return 1.5 * i >= 2700


def test_the_slice_that_became_slower_is_first_and_is_the_whole_difference(daemon: Daemon, tmp_path: Path) -> None:
    def slower(i: int) -> float:
        return (100 + i * 7919 % 60) * (2 if is_late(i) and i % 2 and i // 2 % 2 else 1)

    served(daemon, tmp_path, latency_ms=slower)
    view = ask(daemon)
    assert view.is_change
    assert view.slices[0].where == (("version", "v2"), ("region", "us"))
    assert view.slices[0].share == pytest.approx(1.0, abs=0.1)
    assert view.slices[0].value == pytest.approx(2 * view.slices[0].baseline_value, rel=0.05)  # type: ignore[operator]
    assert sum(each.share for each in view.slices) + view.rest_share == pytest.approx(1.0)


def test_a_release_that_fails_is_named_with_its_marker(daemon: Daemon, tmp_path: Path) -> None:
    served(
        daemon,
        tmp_path,
        version=lambda i: "v3" if is_late(i) and i % 3 == 0 else "v1",
        status=lambda i: 500 if is_late(i) and i % 3 == 0 and i * 7919 % 10 < 5 else 200,
    )
    view = ask(daemon, metric="errors")
    assert view.slices[0].where == (("version", "v3"),)
    assert [marker.text for marker in view.markers] == ["v3 first seen"]


def test_an_error_type_that_rises_everywhere_is_named_by_itself(daemon: Daemon, tmp_path: Path) -> None:
    fails = lambda i: is_late(i) and i * 7919 % 11 == 0  # noqa: E731
    served(
        daemon,
        tmp_path,
        status=lambda i: 503 if fails(i) else 200,
        error_type=lambda i: "overloaded" if fails(i) else None,
    )
    assert ask(daemon, metric="errors").slices[0].where == (("error_type", "overloaded"),)


def test_traffic_that_grew_in_one_place_is_found(daemon: Daemon, tmp_path: Path) -> None:
    served(daemon, tmp_path)
    flood = [-900 + 0.5 * i for i in range(1_700)]
    daemon.attach(write_calls(tmp_path / "b.jsonl", START, flood, version="v1", region="us", route="/chat", user="u1"))
    view = ask(daemon, metric="traffic")
    assert view.is_change
    assert {name for name, _ in view.slices[0].where} == {"user_key", "route"} or len(view.slices[0].where) == 1
    assert view.slices[0].requests > view.slices[0].baseline_requests


def test_nothing_is_claimed_where_nothing_changed(daemon: Daemon, tmp_path: Path) -> None:
    served(daemon, tmp_path)
    for metric in wire.EXPLAIN_METRICS:
        view = ask(daemon, metric=metric)
        assert not view.is_change, metric
        assert view.slices == ()
        assert view.rest_share == 1.0


def test_a_range_is_held_against_as_much_time_before_it(daemon: Daemon, tmp_path: Path) -> None:
    served(daemon, tmp_path)
    start, stop = START - timedelta(minutes=20), START - timedelta(minutes=10)
    view = ask(daemon, start=start.isoformat(), stop=stop.isoformat())
    assert (view.start, view.stop) == (start, stop)
    assert (view.baseline_start, view.baseline_stop) == (start - timedelta(minutes=10), start)
    assert (view.requests, view.baseline_requests) == (400, 400)
    assert view.baseline_label == "the 10 min before"


def test_a_baseline_with_too_few_requests_reaches_further_back(daemon: Daemon, tmp_path: Path) -> None:
    served(daemon, tmp_path)
    start, stop = START - timedelta(minutes=10), START - timedelta(minutes=8)
    view = ask(daemon, start=start.isoformat(), stop=stop.isoformat())
    assert view.requests == 80
    assert view.baseline_requests >= explain.LEAST_BEFORE
    assert view.baseline_label == "the 8 min before"


def test_a_cache_that_no_longer_answers_explains_the_cost(daemon: Daemon, tmp_path: Path) -> None:
    served(
        daemon,
        tmp_path,
        cost_usd=lambda i: (
            0.0 if i // 2 % 2 and i * 7919 % 10 < (2 if is_late(i) else 8) else 0.01 + i * 7919 % 7 / 1e3
        ),
    )
    view = ask(daemon, metric="cost")
    assert view.slices[0].where == (("region", "us"),)
    assert view.slices[0].share == pytest.approx(1.0, abs=0.05)


def test_what_grew_is_named_where_nothing_became_worse(daemon: Daemon, tmp_path: Path) -> None:
    def is_dear(i: int) -> bool:
        return i // 2 * 7919 % 10 < (6 if is_late(i) else 1)

    served(
        daemon,
        tmp_path,
        route=lambda i: "/report" if is_dear(i) else "/chat",
        cost_usd=lambda i: 0.08 if is_dear(i) else 0.01,
    )
    view = ask(daemon, metric="cost")
    first = view.slices[0]
    assert first.where == (("route", "/report"),)
    assert first.traffic_share > 4 * first.baseline_traffic_share
    assert first.value == pytest.approx(first.baseline_value)
    assert first.share == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"metric": "joy"}, "no metric 'joy'"), ({"start": "soon"}, "start is no time"),
     ({"start": "2026-02-03T13:00", "stop": "2026-02-03T12:00"}, "range is empty")],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_in_words(
    daemon: Daemon, tmp_path: Path, options: dict[str, str], words: str
) -> None:
    served(daemon, tmp_path)
    with pytest.raises(UsageError, match=words):
        ask(daemon, **options)


def test_without_a_range_what_came_since_the_newest_release_is_explained(daemon: Daemon, tmp_path: Path) -> None:
    released = lambda i: 1.5 * i >= 1800 and i % 3 == 0  # noqa: E731
    served(
        daemon,
        tmp_path,
        version=lambda i: "v9" if released(i) else "v1",
        latency_ms=lambda i: (100 + i * 7919 % 60) * (2 if released(i) else 1),
    )
    view = ask(daemon)
    assert view.start == START - timedelta(minutes=30)
    assert view.baseline_label == "the 30 min, before v9 first seen"
    assert view.slices[0].where == (("version", "v9"),)
