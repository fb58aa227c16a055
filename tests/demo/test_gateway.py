"""What the fleet logs: the same for the same seed, start and routing, and like a gateway's."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

import orjson
import pytest

from opsconsole.demo.fleet import FLEET, MODEL_PRICES, ROUTING
from opsconsole.demo.gateway import Fleet
from opsconsole.demo.stage import prepare, routing_text

START = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
SERVICES = [service.name for service in FLEET]

Record = dict[str, Any]


def fleet_in(directory: Path, *, seed: int = 7, start: datetime = START, **more: Any) -> Fleet:
    prepare(directory)
    return Fleet(directory, seed=seed, start=start, **more)


def log_bytes(directory: Path) -> dict[str, bytes]:
    return {name: (directory / "logs" / f"{name}.jsonl").read_bytes() for name in SERVICES}


def records(directory: Path, service: str) -> list[Record]:
    return [orjson.loads(line) for line in log_bytes(directory)[service].splitlines()]


def began(record: Record) -> datetime:
    return datetime.fromisoformat(record["ts"])


def by_version(rows: list[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for row in rows:
        groups.setdefault(row["version"], []).append(row)
    return groups


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("history")
    fleet = fleet_in(directory)
    fleet.write_history(2 * 3600)
    fleet.close()
    return directory


def test_same_seed_start_and_steps_give_the_same_bytes(tmp_path: Path) -> None:
    for name, pauses in (("one", (0.1,) * 100), ("two", (0.35, 2.15, 7.5))):
        fleet = fleet_in(tmp_path / name)
        fleet.write_history(600)
        now = START
        for pause in pauses:
            now += timedelta(seconds=pause)
            fleet.step(now)
        fleet.close()
    one, two = log_bytes(tmp_path / "one"), log_bytes(tmp_path / "two")
    assert {name: sorted(text.splitlines()) for name, text in one.items()} == {
        name: sorted(text.splitlines()) for name, text in two.items()
    }
    assert all(len(text) > 10_000 for text in one.values())


def test_another_seed_gives_other_lines(tmp_path: Path) -> None:
    for seed in (7, 8):
        fleet = fleet_in(tmp_path / str(seed), seed=seed)
        fleet.write_history(60)
        fleet.close()
    assert log_bytes(tmp_path / "7") != log_bytes(tmp_path / "8")


def test_lines_appear_when_requests_end(history: Path) -> None:
    for service in SERVICES:
        ends = [began(row) + timedelta(milliseconds=row["latency_ms"]) for row in records(history, service)]
        assert all(later >= earlier - timedelta(milliseconds=2) for earlier, later in pairwise(ends))
        assert max(ends) <= START + timedelta(milliseconds=1)


def test_request_ids_are_unique(history: Path) -> None:
    for service in SERVICES:
        ids = [row["request_id"] for row in records(history, service)]
        assert len(ids) == len(set(ids))


def test_canary_appears_25_minutes_before_the_start_with_its_share(history: Path) -> None:
    canary = by_version(records(history, "chat-assist"))["v42"]
    appeared = START - timedelta(minutes=25)
    assert appeared <= min(map(began, canary)) < appeared + timedelta(minutes=1)
    since = [row for row in records(history, "chat-assist") if began(row) >= appeared]
    assert 0.07 < len(canary) / len(since) < 0.13


def test_canary_is_slower_dearer_and_fails_more(history: Path) -> None:
    versions = by_version(records(history, "chat-assist"))
    p99 = {name: quantiles([row["latency_ms"] for row in rows], n=100)[98] for name, rows in versions.items()}
    cost = {
        name: fmean(row["cost_usd"] for row in rows if row["cost_usd"] is not None) for name, rows in versions.items()
    }
    errors = {name: fmean(row["status"] >= 400 for row in rows) for name, rows in versions.items()}
    assert 1.5 < p99["v42"] / p99["v41"] < 2.7
    assert 1.4 < cost["v42"] / cost["v41"] < 1.8
    assert errors["v41"] < 0.01 < errors["v42"] < 0.05


def test_canary_is_asked_other_things(history: Path) -> None:
    versions = by_version(records(history, "chat-assist"))
    docs = {name: fmean(row["features"]["context_docs"] for row in rows) for name, rows in versions.items()}
    english = {
        name: fmean(row["features"]["prompt_language"] == "en" for row in rows) for name, rows in versions.items()
    }
    assert docs["v42"] > docs["v41"] * 1.4
    assert english["v42"] < english["v41"] - 0.1


@pytest.mark.parametrize(("service", "old", "new"), [("doc-search", "v7", "v8"), ("fraud-score", "v3", "v4")])
def test_the_other_services_are_well(history: Path, service: str, old: str, new: str) -> None:
    versions = by_version(records(history, service))
    p99 = {name: quantiles([row["latency_ms"] for row in rows], n=100)[98] for name, rows in versions.items()}
    assert 0.8 < p99[new] / p99[old] < 1.25
    assert all(fmean(row["status"] >= 400 for row in rows) < 0.005 for rows in versions.values())


def test_logged_cost_is_what_the_price_file_says(history: Path) -> None:
    for row in records(history, "chat-assist")[:500]:
        if row["cost_usd"] is None:
            assert row["status"] >= 400
            continue
        price = MODEL_PRICES[row["model"]]
        fresh = row["prompt_tokens"] - row["cached_tokens"]
        expected = (
            fresh * float(price["input_cost_per_token"])
            + row["cached_tokens"] * float(price["cache_read_input_token_cost"])
            + row["completion_tokens"] * float(price["output_cost_per_token"])
        )
        assert row["cost_usd"] == pytest.approx(expected, abs=1e-8)


def test_each_service_logs_only_what_its_gateway_knows(history: Path) -> None:
    search, fraud = records(history, "doc-search")[0], records(history, "fraud-score")[0]
    assert {"prompt_tokens"} <= search.keys()
    assert not {"cost_usd", "ttft_ms", "completion_tokens"} & search.keys()
    assert {"prediction", "confidence"} <= fraud.keys()
    assert not {"cost_usd", "prompt_tokens", "ttft_ms"} & fraud.keys()
    assert {row["prediction"] for row in records(history, "fraud-score")} == {"legit", "review", "fraud", None}


def test_durations_nest(history: Path) -> None:
    for row in records(history, "chat-assist"):
        assert 0 < row["queue_ms"] <= row["latency_ms"]
        if row["ttft_ms"] is not None:
            assert row["queue_ms"] <= row["ttft_ms"] <= row["latency_ms"]
            assert 0 <= row["cached_tokens"] <= row["prompt_tokens"]


def test_history_of_three_hours_is_of_the_promised_size(history: Path) -> None:
    lines = sum(text.count(b"\n") for text in log_bytes(history).values())
    assert 100_000 <= lines * 1.5 <= 150_000


def test_roll_back_stops_the_canary_from_the_next_tick_on(tmp_path: Path) -> None:
    fleet = fleet_in(tmp_path, rate=20)
    changed = START + timedelta(seconds=10)
    fleet.step(changed)
    beside = tmp_path / "routing.new"
    beside.write_text(routing_text({**ROUTING, "chat-assist": {"v41": 100, "v42": 0}}))
    beside.replace(tmp_path / "routing.yaml")
    fleet.step(changed + timedelta(seconds=50))
    fleet.close()
    shares = Counter((row["version"], began(row) >= changed) for row in records(tmp_path, "chat-assist"))
    assert shares["v42", False] > 10
    assert shares["v41", True] > 1000
    assert shares["v42", True] == 0


def test_second_run_continues_where_the_first_one_ended(tmp_path: Path) -> None:
    first = fleet_in(tmp_path)
    first.write_history(300)
    first.close()
    before = log_bytes(tmp_path)
    second = fleet_in(tmp_path, start=START + timedelta(minutes=10))
    second.write_history(3600)
    second.close()
    for service, text in log_bytes(tmp_path).items():
        assert text.startswith(before[service])
        added = [orjson.loads(line) for line in text[len(before[service]) :].splitlines()]
        assert min(map(began, added)) >= START - timedelta(seconds=5)
        assert len(added) > 500
        assert len({row["version"] for row in added}) == 2


def test_long_sleep_is_skipped_instead_of_filled(tmp_path: Path) -> None:
    fleet = fleet_in(tmp_path)
    fleet.step(START + timedelta(seconds=5))
    awake = START + timedelta(hours=5)
    fleet.step(awake)
    fleet.step(awake + timedelta(seconds=30))
    fleet.close()
    gap = [row for row in records(tmp_path, "doc-search") if START + timedelta(seconds=6) < began(row) < awake]
    assert gap == []
    assert any(began(row) > awake for row in records(tmp_path, "doc-search"))


def test_clock_set_back_does_not_silence_the_fleet(tmp_path: Path) -> None:
    fleet = fleet_in(tmp_path)
    fleet.step(START + timedelta(seconds=50))
    back = START - timedelta(hours=1)
    fleet.step(back)
    fleet.step(back + timedelta(seconds=30))
    fleet.close()
    assert any(back <= began(row) < START for row in records(tmp_path, "doc-search"))


def test_logs_rotate_between_lines_and_stay_within_two_files(tmp_path: Path) -> None:
    limit = 40_000
    fleet = fleet_in(tmp_path, limit_bytes=limit)
    for second in range(1, 120):
        fleet.step(START + timedelta(seconds=second))
    fleet.close()
    logs = sorted((tmp_path / "logs").glob("doc-search*"))
    assert [path.name for path in logs] == ["doc-search.jsonl", "doc-search.jsonl.1"]
    for path in logs:
        assert path.stat().st_size <= limit
        for line in path.read_bytes().splitlines():
            orjson.loads(line)
