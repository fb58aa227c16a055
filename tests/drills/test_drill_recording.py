"""From an incident to a drill: the same traffic, without names, for whoever was not there."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from rehearsing import BACK, NOTE, OPEN, SMALL, small

from opsconsole import wire
from opsconsole.daemon.drilling.doors import by_script, person_named
from opsconsole.daemon.drilling.driver import Driver
from opsconsole.daemon.drilling.playing import play
from opsconsole.daemon.drilling.stage import Stage
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.linting import lint
from opsconsole.drills.reading import read
from opsconsole.drills.scenario import Line
from opsconsole.errors import ConfigError, StoreError, UsageError

OVER = Line(at="+200s", by="ann", run="incident resolve INC-1")
MINUTES = """
SELECT service, version, date_trunc('minute', ts) AS minute, count(*) AS n, count(*) FILTER (status >= 400) AS errors,
       round(sum(latency_ms), 3) AS latency_ms, round(sum(cost_usd), 6) AS usd, sum(input_tokens) AS input,
       sum(cached_tokens) AS cached, sum(output_tokens) AS output, count(DISTINCT api_key_id) AS keys
FROM requests WHERE ts >= ? AND ts < ? GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class Recorded:
    scenario: Path
    reply: wire.DrillRecorded
    original: Path
    """The store that it was recorded from."""
    names: frozenset[str]
    """Ids, users and keys of the original."""


@pytest.fixture(scope="module")
def recorded(room: Path) -> Recorded:
    """An incident that was worked on a stage, recorded from its store as from any live one."""
    home = room / "lived"
    stage = Stage(small(SMALL).scenario, home, 42, by_script)
    driver = Driver(stage, (OPEN, NOTE, BACK, OVER))
    try:
        driver.run()
        in_its_way = stage.home.spool / "inc-1.parquet"
        in_its_way.mkdir()
        with pytest.raises(StoreError, match="the recording cannot be written"):
            stage.desk.recording.record(person_named("ann"), wire.RecordRequest(incident="INC-1"))
        assert not list((home / "drill-scenarios").iterdir())
        in_its_way.rmdir()
        reply = stage.desk.recording.record(person_named("ann"), wire.RecordRequest(incident="INC-1"))
        with pytest.raises(UsageError, match="is there, and perhaps edited"):
            stage.desk.recording.record(person_named("ann"), wire.RecordRequest(incident="INC-1"))
    finally:
        driver.close()
        stage.close()
    connection = duckdb.connect(str(home / "store.duckdb"), read_only=True)
    rows = connection.execute("SELECT request_id, user_key, api_key_id FROM requests").fetchall()
    connection.close()
    names = frozenset(str(name) for row in rows for name in row if name)
    return Recorded(Path(reply.path), reply, home / "store.duckdb", names)


@pytest.fixture(scope="module")
def again(recorded: Recorded, room: Path) -> Run:
    file = read(recorded.scenario)
    run = Archive(room / "again").new(file.scenario.id)
    play(file, run, (), file.scenario.seed)
    return run


def minutes(store: Path, start: Any, stop: Any) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(store), read_only=True)
    try:
        return connection.execute(MINUTES, [start, stop]).fetchall()
    finally:
        connection.close()


def test_recording_is_a_scenario_without_a_mistake(recorded: Recorded) -> None:
    assert [each for each in lint(recorded.scenario, recorded.scenario.read_text()) if each.is_error] == []
    assert recorded.reply.records > 2_000


def test_recording_holds_no_id_user_or_key(recorded: Recorded) -> None:
    found = duckdb.read_parquet(str(recorded.scenario.with_suffix(".parquet"))).fetchall()
    assert len(found) == recorded.reply.records
    assert not {str(value) for row in found for value in row} & recorded.names


def test_replay_is_the_original_minute_by_minute(recorded: Recorded, again: Run) -> None:
    clock = read(recorded.scenario).scenario.clock
    start = clock.start.replace(tzinfo=None)
    stop = start + timedelta(minutes=4)
    original, replayed = minutes(recorded.original, start, stop), minutes(again.home / "store.duckdb", start, stop)
    assert len(original) > 8
    assert [row for row in replayed if row[0] == "chat"] == [row for row in original if row[0] == "chat"]


def test_report_of_a_replay_has_charts_and_no_world_to_compare_with(again: Run) -> None:
    assert "chat: latency p99" in again.html.read_text()
    assert "without faults" not in again.html.read_text().partition("<h2>Overview")[0]


def test_what_was_done_then_is_expected_now(recorded: Recorded, again: Run) -> None:
    expected = {each.id: each.match for each in read(recorded.scenario).scenario.expectations}
    assert expected["answer"] == "ack or open"
    assert expected["act-1"] == "action(rollback, service=chat)"
    assert {"cause", "over"} <= set(expected)
    score = msgspec.json.decode(again.score.read_bytes(), type=wire.DrillScore)
    assert score.score == 0
    assert score.durations.fault_t is not None


def test_recording_that_was_changed_is_not_played(recorded: Recorded, room: Path) -> None:
    directory = room / "changed"
    directory.mkdir()
    scenario = directory / recorded.scenario.name
    scenario.write_text(recorded.scenario.read_text())
    (directory / "inc-1.parquet").write_bytes(b"something else")
    file = read(scenario)
    with pytest.raises(ConfigError, match="is not the recording"):
        play(file, Archive(directory).new("inc-1"), (), 1)


def test_export_holds_all_that_a_score_is_computed_from(worked: Run, tmp_path: Path) -> None:
    packed = worked.packed()
    assert packed == worked.packed()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(tmp_path, filter="data")
    elsewhere = Run(tmp_path / worked.name)
    assert elsewhere.kept_shown() == worked.kept_shown() != ()
    assert elsewhere.score_again() == worked.score_again()
