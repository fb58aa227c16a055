"""Services whose requests are drawn from a recording, by version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from rehearsing import BACK, OPEN

from opsconsole.daemon.drilling.playing import play
from opsconsole.drills.archive import Archive
from opsconsole.drills.fleet import Fleet
from opsconsole.drills.linting import lint
from opsconsole.drills.reading import ScenarioFile, read
from opsconsole.drills.recordings import sha256_of
from opsconsole.errors import ConfigError

POOLED = """
apiVersion: opsconsole/v1
kind: Drill
id: pooled
title: A version that fails, as it once did
clock: {start: 2026-11-02T02:55:00Z, length: 4m, lead: 40s, history: 6m, look: 30s}
services:
  chat:
    rate: 6
    versions: {v1: {}, v2: {}, v3: {latency: 2}}
    routing: {v1: 1}
    pool: {file: pool.parquet, sha256: SHA256}
prelude:
  - {at: "-30s", run: "release promote chat v2 --override 'passed its tests' --yes-i-mean chat"}
faults:
  - {id: slow, at: +2m, service: chat, version: v1, effect: {latency: 3}}
expectations:
  - {id: back, title: It is rolled back, match: "action(rollback, service=chat)"}
"""
MADE = """
SELECT (i * 500000 - 600000000)::BIGINT AS at_us, 'req-' || i AS request_id, 'chat' AS service, 'tuned' AS model,
       if(i % 2 = 0, 'v1', 'v2') AS version, if(i % 3 = 0, 'eu', 'us') AS region,
       if(i % 10 = 5, 418, 200)::SMALLINT AS status, if(i % 10 = 5, 'teapot', NULL) AS error_type,
       if(i % 2 = 0, 100, 1000) + i / 10 AS latency_ms, 40 + i AS input_tokens, 10 AS cached_tokens,
       0.001 * i AS cost_usd, '{"words": ' || i || ', "tongue": "en"}' AS features
FROM range(1200) AS t(i)
"""


@dataclass(frozen=True)
class Pooled:
    path: Path
    rows: dict[float, dict[str, Any]]
    """Latency → the row: each has one of its own."""


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Pooled:
    """1200 rows over ten minutes: v1 is quick, v2 slow, and a fifth of v2's fail."""
    directory = tmp_path_factory.mktemp("pool")
    return made(directory, "ORDER BY i")


def made(directory: Path, order: str, scenario: str = POOLED) -> Pooled:
    file = directory / "pool.parquet"
    connection = duckdb.connect(":memory:")
    connection.execute(f"COPY ({MADE} {order}) TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    found = connection.execute(MADE)
    names = [each[0] for each in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    path = directory / "pooled.yaml"
    path.write_text(scenario.replace("SHA256", sha256_of(file)))
    return Pooled(path, {round(row["latency_ms"], 1): row for row in rows})


def lines(path: Path, shares: dict[str, float], t: int = 0, seconds: int = 60) -> list[dict[str, Any]]:
    """What the fleet logs from a moment of the drill on, in the order of the requests."""
    scenario = read(path).scenario
    start_s = scenario.clock.start.timestamp()
    fleet = Fleet(scenario, 42, start_s)
    fleet.begin({"chat": shares})
    for second in range(t, t + seconds, 10):
        fleet.serve(start_s + second, 10.0, {"chat": shares})
    told = [orjson.loads(line) for line in fleet.logged(start_s + t + seconds + 120).get("fleet", [])]
    return sorted(told, key=lambda line: (line["ts"], line["request_id"]))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_answer_is_a_row_of_its_version(pooled: Pooled, version: str) -> None:
    found = lines(pooled.path, {version: 1.0})
    assert len(found) > 200
    for line in found:
        row = pooled.rows[line["latency_ms"]]
        assert (row["version"], row["status"], row["error_type"]) == (version, line["status"], line["error_type"])
        assert (line["version"], line["region"], line["model"]) == (version, row["region"], "tuned")
        assert line["features"] == {"words": row["input_tokens"] - 40, "tongue": "en"}
        if row["status"] == 200:
            assert (line["prompt_tokens"], line["cached_tokens"]) == (row["input_tokens"] + 10, 10)
            assert line["cost_usd"] == pytest.approx(float(row["cost_usd"]))
        else:
            assert line["prompt_tokens"] is line["cost_usd"] is None


def test_version_fails_as_often_as_it_did(pooled: Pooled) -> None:
    assert not any(line["status"] >= 400 for line in lines(pooled.path, {"v1": 1.0}))
    found = lines(pooled.path, {"v2": 1.0}, seconds=240)
    assert sum(line["status"] == 418 for line in found) / len(found) == pytest.approx(0.2, abs=0.05)


def test_version_that_was_not_recorded_is_drawn_from_all_and_differs_as_it_is_written(pooled: Pooled) -> None:
    found = [line for line in lines(pooled.path, {"v3": 1.0}) if line["status"] == 200]
    halves = [pooled.rows[round(line["latency_ms"] / 2, 1)] for line in found]
    assert {row["version"] for row in halves} == {"v1", "v2"}
    assert [problem.message for problem in lint(pooled.path, pooled.path.read_text()) if "v3" in problem.message] == [
        "services.chat.versions.v3: the recording has none of it"
    ]


def test_whoever_is_unlucky_is_so_whatever_version_answers(pooled: Pooled) -> None:
    one, other = (lines(pooled.path, {version: 1.0}) for version in ("v1", "v2"))
    pairs = list(zip(one, other, strict=True))
    assert all(a["request_id"] == b["request_id"] for a, b in pairs)
    well = sorted((a["latency_ms"], b["latency_ms"]) for a, b in pairs if b["status"] == 200)
    assert [b for _, b in well] == sorted(b for _, b in well)


def test_faults_come_on_top(pooled: Pooled) -> None:
    before, under = lines(pooled.path, {"v1": 1.0}, t=60), lines(pooled.path, {"v1": 1.0}, t=120)
    assert all(line["latency_ms"] in pooled.rows for line in before)
    assert all(round(line["latency_ms"] / 3, 1) in pooled.rows for line in under)
    assert all(line["latency_ms"] in pooled.rows for line in lines(pooled.path, {"v2": 1.0}, t=120))


def test_order_of_the_rows_in_the_file_is_nothing(pooled: Pooled, tmp_path: Path) -> None:
    shuffled = made(tmp_path, "ORDER BY hash(i)")
    assert read(shuffled.path).text != read(pooled.path).text
    assert lines(shuffled.path, {"v1": 1.0, "v2": 1.0}) == lines(pooled.path, {"v1": 1.0, "v2": 1.0})


@pytest.mark.parametrize("t", [-60, 30])
def test_arrivals_come_when_they_came(tmp_path: Path, t: int) -> None:
    """Every half second, up to the recording's end; and then from its beginning again."""
    text = POOLED.replace("    rate: 6\n", "").replace("sha256: SHA256", "sha256: SHA256, arrivals: recorded")
    path = made(tmp_path, "ORDER BY i", text).path
    assert not [each for each in lint(path, path.read_text()) if each.is_error]
    start = datetime(2026, 11, 2, 2, 55, tzinfo=UTC) + timedelta(seconds=t)
    expected = [start + timedelta(seconds=n / 2) for n in range(120)]
    assert [datetime.fromisoformat(line["ts"]) for line in lines(path, {"v1": 1.0}, t=t)] == expected


def test_rolling_back_brings_the_old_version_s_rows(pooled: Pooled, room: Path) -> None:
    file = read(pooled.path)
    run = Archive(room / "pooled").new("pooled")
    assert play(file, run, (OPEN, BACK), 42).spoken == ()
    with duckdb.connect(str(run.home / "store.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT ts, version, status, latency_ms FROM requests ORDER BY ts").fetchall()
    start = file.scenario.clock.start.replace(tzinfo=None)
    before = [row for row in found if start < row[0] < start + timedelta(seconds=55)]
    after = [row for row in found if start + timedelta(seconds=80) < row[0] < start + timedelta(seconds=115)]
    assert {row[1] for row in before} == {"v2"}
    assert sum(row[2] == 418 for row in before) > 20
    assert {row[1] for row in after} == {"v1"}
    assert {row[2] for row in after} == {200}
    assert {pooled.rows[latency_ms]["version"] for *_, latency_ms in after} == {"v1"}
    assert (run.directory / "pool.parquet").exists()


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        ("file: pool.parquet", "file: gone.parquet", "gone.parquet is not there", "beside the scenario"),
        ("file: pool.parquet", "file: ../pool.parquet", "pool.parquet is not there", "beside the scenario"),
        ("sha256: ", "sha256: 00", "services.chat.pool.sha256: the file is another one", "If it is right: `sha256: "),
        ("pool: {", "pool: {service: talk, ", "has no requests of talk", "its name in the recording"),
        ("pool: {", "pool: {arrivals: recorded, ", "services.chat.rate: says nothing", "`arrivals: drawn`"),
        ("{latency: 3}", "{drift: 0.5}", "faults[0].effect.drift: requests of a pool do not drift", "no pool"),
    ],
)  # fmt: skip
def test_mistake_in_a_pool_is_found_at_its_line(pooled: Pooled, old: str, new: str, message: str, remedy: str) -> None:
    text = pooled.path.read_text().replace(old, new, 1)
    found = next(each for each in lint(pooled.path, text) if message in each.message)
    assert found.is_error
    assert remedy in found.remedy
    assert found.message.partition(":")[0].rpartition(".")[2] in text.splitlines()[found.line - 1]


def test_errors_of_a_version_that_never_failed_are_said_to_be_nothing(pooled: Pooled) -> None:
    text = pooled.path.read_text().replace("v1: {}", "v1: {errors: 5}")
    found = [each.message for each in lint(pooled.path, text) if "errors" in each.message]
    assert found == ["services.chat.versions.v1.errors: no row of it failed, and none will"]


@pytest.mark.parametrize(("times", "share"), [(0, 0.0), (2, 0.4), (9, 1.0)])
def test_version_can_fail_more_or_less_often_than_it_did(tmp_path: Path, times: int, share: float) -> None:
    path = made(tmp_path, "ORDER BY i", POOLED.replace("v2: {}", f"v2: {{errors: {times}}}")).path
    found = lines(path, {"v2": 1.0}, seconds=240)
    assert sum(line["status"] == 418 for line in found) / len(found) == pytest.approx(share, abs=0.05)


def test_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pool.parquet"
    file.write_bytes(b"no Parquet")
    path = tmp_path / "pooled.yaml"
    path.write_text(POOLED.replace("SHA256", sha256_of(file)))
    assert any("is no recording" in each.message for each in lint(path, path.read_text()))
    duckdb.sql("SELECT 'chat' AS service").write_parquet(str(file))
    path.write_text(POOLED.replace("SHA256", sha256_of(file)))
    assert any("has no column 'at_us'" in each.message for each in lint(path, path.read_text()))


def test_pool_that_was_changed_is_not_drawn_from(pooled: Pooled, tmp_path: Path) -> None:
    changed = made(tmp_path, "ORDER BY i")
    (tmp_path / "pool.parquet").write_bytes(b"another")
    file: ScenarioFile = read(changed.path)
    with pytest.raises(ConfigError, match="is not the recording"):
        Fleet(file.scenario, 42, 0.0)
