"""The views that answer one question each: their numbers are those of the requests, and what is not known is said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.config.settings import ServiceSetting, Settings
from opsconsole.errors import UsageError

N = 1_800
"""Requests, two a second, v2 the last third of them."""


@pytest.fixture
def settings() -> Settings:
    return Settings(environment="test", services={"chat": ServiceSetting(budget_usd_per_month=20.0)})


def is_new(i: int) -> bool:
    return i >= 2 * N // 3 and i % 3 == 0


@pytest.fixture
def served(daemon: Daemon, tmp_path: Path) -> Daemon:
    columns: dict[str, Any] = {
        "version": lambda i: "v2" if is_new(i) else "v1",
        "model": lambda i: ("m1", "m2", "m3")[i % 3],
        "route": lambda i: ("/chat", "/search")[i % 2],
        "latency_ms": lambda i: (100 + i * 7919 % 60) * (2 if is_new(i) else 1),
        "queue_ms": lambda i: i % 20,
        "status": lambda i: 429 if i % 50 == 7 else 200,
        "error_type": lambda i: "rate_limit" if i % 50 == 7 else None,
        "cost_usd": lambda i: 0.02 if is_new(i) else 0.01,
        "size": lambda i: i % 9 + (20 if is_new(i) else 0),
    }
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, [-900 + i / 2 for i in range(N)], **columns))
    return daemon


def ask(daemon: Daemon, kind: str, service: str = "chat", **options: str) -> Any:
    return daemon.ask("GET", f"/v1/{kind}", wire.ANSWERS[kind], service=service, window="1h", **options)


def truth(daemon: Daemon, sql: str) -> list[list[Any]]:
    return daemon.ask("POST", "/v1/query", wire.QueryReply, wire.QueryRequest(sql=sql)).rows


# Cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", wire.COST_DIMENSIONS)
def test_money_is_broken_down_to_the_cent(served: Daemon, dimension: str) -> None:
    view: wire.CostView = ask(served, "cost")
    (found,) = (each for each in view.breakdowns if each.dimension == dimension)
    rows = truth(
        served, f"SELECT {dimension}, count(*), sum(cost_usd) FROM requests WHERE {dimension} IS NOT NULL GROUP BY 1"
    )
    assert {each.value: (each.requests, pytest.approx(each.usd)) for each in found.slices} == {
        name: (n, usd) for name, n, usd in rows
    }
    assert found.n_values == len(rows)
    if rows:
        assert sum(each.share for each in found.slices) == pytest.approx(1.0)
    dearest = [each.usd for each in found.slices]
    assert dearest == sorted(dearest, reverse=True)


def test_stacks_add_up_to_the_total(served: Daemon) -> None:
    view: wire.CostView = ask(served, "cost")
    assert {each.label for each in view.stacks} == {"m1", "m2", "m3"}
    assert sum(usd or 0 for each in view.stacks for usd in each.usd) == pytest.approx(view.total.usd)


def test_a_budget_says_when_it_runs_out(served: Daemon) -> None:
    budget = ask(served, "cost").budget
    assert budget.usd_per_month == 20.0
    assert budget.spent_usd == pytest.approx(0.01 * (N - N // 9) + 0.02 * (N // 9))
    assert budget.runs_out_at == START


def test_money_of_every_service_together_has_no_budget_where_one_has_none(served: Daemon, tmp_path: Path) -> None:
    served.attach(write_calls(tmp_path / "b.jsonl", START, range(-60, 0), service="other"))
    view: wire.CostView = ask(served, "cost", service="")
    assert view.requests == N + 60
    assert view.budget.usd_per_month is None


def test_tokens_without_a_price_are_named_and_never_free(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-100, 0), cost_usd="absent", model="nobody-knows"))
    view: wire.CostView = ask(daemon, "cost")
    assert (view.total.usd, view.total.unpriced_tokens) == (None, 3_000)
    assert view.unpriced_models == (("nobody-knows", 3_000),)
    assert view.breakdowns[0].slices[0].usd is None


# Versions ---------------------------------------------------------------------------------------------------------


def test_versions_are_compared_with_intervals_that_hold_the_truth(served: Daemon) -> None:
    view: wire.VersionsView = ask(served, "versions")
    assert (view.baseline, view.candidate) == ("v1", "v2")
    found = {each.metric: each for each in view.comparisons}
    p50 = found["latency p50"]
    assert p50.verdict == "worse"
    assert p50.change_low is not None
    assert p50.change_high is not None
    assert p50.change_low < 1.0 < p50.change_high
    cost = found["USD a request"]
    assert (cost.verdict, cost.change) == ("worse", pytest.approx(1.0))
    assert found["first token p50"].verdict == "not logged"
    assert found["error rate"].verdict in ("same", "unsure")
    assert found["error rate"].baseline.n == N - N // 9


def test_any_two_versions_can_be_chosen(served: Daemon) -> None:
    view: wire.VersionsView = ask(served, "versions", baseline="v2", candidate="v1")
    assert {each.metric: each.verdict for each in view.comparisons}["latency p50"] == "better"
    with pytest.raises(UsageError, match="'v9' has no requests in this window"):
        ask(served, "versions", candidate="v9")


def test_one_version_is_compared_with_nothing(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "a.jsonl", START, range(-100, 0)))
    view: wire.VersionsView = ask(daemon, "versions")
    assert (view.baseline, view.candidate, view.comparisons) == ("v1", "v1", ())


# Drift ------------------------------------------------------------------------------------------------------------


def test_both_sides_of_a_distribution_add_up_to_one(served: Daemon) -> None:
    view: wire.DriftView = ask(served, "drift")
    assert len(view.distributions) == len(view.drift.findings) > 0
    for found, shown in zip(view.drift.findings, view.distributions, strict=True):
        assert (shown.feature, shown.version) == (found.feature, found.version)
        assert len(shown.bins) <= 20
        if shown.n:
            assert sum(each.share for each in shown.bins) == pytest.approx(1.0)
        if shown.n_baseline:
            assert sum(each.baseline_share for each in shown.bins) == pytest.approx(1.0)


# Saturation -------------------------------------------------------------------------------------------------------


def test_concurrency_is_the_seconds_of_latency_in_a_second(served: Daemon) -> None:
    view: wire.SaturationView = ask(served, "saturation")
    ((busy_ms,),) = truth(served, "SELECT sum(latency_ms) FROM requests")
    measured = sum(each or 0 for each in view.concurrency) * view.axis.step_s
    assert measured == pytest.approx(busy_ms / 1000, rel=0.12)  # the newest bucket is shorter than the others
    assert sum(view.throttled) == N // 50
    assert sum(view.timeouts) == 0
    assert sum(sum(band) for band in view.heat) == N
    assert len(view.heat_edges_ms) == len(view.heat) + 1
    assert view.not_logged == ("cache_hit",)
    assert max(each for each in view.queue_p99_ms if each is not None) == pytest.approx(19, rel=0.03)


def test_what_was_not_logged_is_named(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(
        write_calls(
            tmp_path / "a.jsonl", START, range(-100, 0), latency_ms="absent", prompt_tokens="absent",
            completion_tokens="absent",
        )
    )  # fmt: skip
    view: wire.SaturationView = ask(daemon, "saturation")
    assert view.not_logged == ("latency_ms", "queue_ms", "tokens", "cache_hit")
    assert view.heat == ()


# Timeline and breaches --------------------------------------------------------------------------------------------


def test_the_timeline_holds_what_people_and_the_data_did(served: Daemon) -> None:
    view: wire.TimelineView = ask(served, "timeline")
    told = [(event.kind, event.actor, event.text) for event in view.events]
    assert ("release", "data", "v2 first seen") in told
    assert any(kind == "source" and actor == "ann" and text.endswith("a.jsonl") for kind, actor, text in told)
    assert [event.at for event in view.events] == sorted((event.at for event in view.events), reverse=True)
    assert view.matched == len(view.events)


def test_a_span_of_failures_is_one_breach(daemon: Daemon, tmp_path: Path) -> None:
    bad = lambda i: 900 <= i < 1_200  # noqa: E731
    daemon.attach(
        write_calls(
            tmp_path / "a.jsonl", START, [-900 + i / 2 for i in range(N)],
            status=lambda i: 500 if bad(i) and i % 4 == 0 else 200,
        )
    )  # fmt: skip
    breaches = ask(daemon, "service").breaches
    (breach,) = (each for each in breaches if each.what.startswith("errors"))
    assert breach.state == "fail"
    assert abs(breach.start - (START - timedelta(seconds=450))) <= timedelta(minutes=1)
    assert abs(breach.stop - (START - timedelta(seconds=300))) <= timedelta(minutes=1)


def test_ordinary_traffic_breaches_nothing(served: Daemon, daemon: Daemon, tmp_path: Path) -> None:
    served.attach(write_calls(tmp_path / "b.jsonl", START, [-3500 + i / 2 for i in range(7_000)], service="calm"))
    assert ask(served, "service", service="calm").breaches == ()


# Presence ---------------------------------------------------------------------------------------------------------


def test_consoles_see_each_other_until_they_fall_silent(daemon: Daemon) -> None:
    def say(name: str) -> wire.Present:
        said = wire.Presence(console=name, user="ann", origin="10.0.0.7", view="fleet", service="")
        return daemon.ask("POST", "/v1/presence", wire.Present, said)

    say("a")
    daemon.clock.advance(5)
    here = say("b").consoles
    assert [(each.console, each.since) for each in here] == [("a", START), ("b", START + timedelta(seconds=5))]
    daemon.clock.advance(10)
    assert [each.console for each in say("b").consoles] == ["b"]


def test_a_console_without_a_name_is_refused(daemon: Daemon) -> None:
    nobody = wire.Presence(console="", user="", origin="", view="", service="")
    with pytest.raises(UsageError, match="says its name"):
        daemon.ask("POST", "/v1/presence", wire.Present, nobody)
