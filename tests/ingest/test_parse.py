"""What becomes of a line: a row, or one reject; and of a value: the column's, or not logged."""

from __future__ import annotations

import json
import math
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ingesting import TakeIn, means_of

from opsconsole.clock import ManualClock
from opsconsole.ingest.framing import frame_csv, frame_lines
from opsconsole.ingest.guess import guess
from opsconsole.ingest.mapping import Mapping, Rule
from opsconsole.ingest.parse import Parser, Staged, feature_names
from opsconsole.ingest.sniff import sniff
from opsconsole.ingest.source import Means
from opsconsole.store.database import Database, rows

WORDS = {"success": 200, "failure": 500, "running": 102}


def line(i: int, **changed: Any) -> bytes:
    record = {
        "ts": f"2026-01-01T00:00:{i:02d}Z",
        "request_id": f"r{i}",
        "service": "chat",
        "model": "m",
        "status": 200,
        "latency_ms": 100.5 + i,
        "prompt_tokens": 10,
        "completion_tokens": 5,
    }
    return json.dumps(record | changed).encode()


GOOD = [line(i) for i in range(10)]

HOSTILE: dict[str, tuple[bytes, str]] = {
    "truncated": (b'{"ts": "2026-01-01T00:00:30Z", "lat', "not JSON"),
    "trailer": (line(30) + b"}", "not JSON"),
    "text behind": (line(30) + b" and more", "not JSON"),
    "two objects": (line(30) + line(31), "not JSON"),
    "invalid utf-8": (line(30).replace(b"chat", b"ch\xff\xfe"), "not UTF-8"),
    "array": (b"[1, 2]", "not a JSON object"),
    "string": (b'"text"', "not a JSON object"),
    "number": (b"17", "not a JSON object"),
    "plain text": (b"Traceback (most recent call last):", "not JSON"),
    "too deep": (b'{"ts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "without a time": (b'{"service": "chat"}', "no usable time"),
    "null": (b"null", "no usable time"),
    "a time that is none": (line(30, ts="yesterday"), "no usable time"),
    "a time that never ends": (line(30, ts="infinity"), "no usable time"),
    "the year 290000": (line(30, ts="290000-01-01T00:00:00Z"), "no usable time"),
}

HARMLESS: dict[str, bytes] = {
    "NaN": b'{"ts": "2026-01-01T00:00:30Z", "latency_ms": NaN, "prompt_tokens": NaN}',
    "infinity": b'{"ts": "2026-01-01T00:00:30Z", "latency_ms": Infinity, "prompt_tokens": 1e400}',
    "key named twice": b'{"ts": "2026-01-01T00:00:30Z", "latency_ms": 1, "latency_ms": "x"}',
    "key twice and a wrong value": b'{"ts": "2026-01-01 00:00:30", "status": 1, "latency_ms": "x", "status": 2}',
    "half a surrogate pair": b'{"ts": "2026-01-01T00:00:30Z", "model": "a\\ud800b"}',
    "NUL in a text": b'{"ts": "2026-01-01T00:00:30Z", "model": "a\\u0000b"}',
    "more tokens than a sum can hold": b'{"ts": "2026-01-01T00:00:30Z", "prompt_tokens": 9223372036854775807}',
    "fewer tokens than none": b'{"ts": "2026-01-01T00:00:30Z", "prompt_tokens": -5}',
    "a number of forty digits": b'{"ts": "2026-01-01T00:00:30Z", "prompt_tokens": ' + b"1" * 40 + b"}",
    "wrong types everywhere": b'{"ts": "2026-01-01T00:00:30Z", "latency_ms": [1], "prompt_tokens": {}, "model": [2]}',
}

SKIPPED: dict[str, bytes] = {"blank": b"", "spaces": b"  \t ", "NULs": b"\0" * 4096, "carriage return": b"\r"}


def mapped(directory: Path, *lines: bytes) -> Mapping:
    sample = directory / "sample.jsonl"
    sample.write_bytes(b"\n".join(lines or GOOD) + b"\n")
    return guess(sniff(sample), path=sample)


def staged(means: Means, mapping: Mapping, *lines: bytes) -> tuple[Staged, list[dict[str, Any]]]:
    data = b"".join(each + b"\n" for each in lines)
    if mapping.framing == "csv":
        framed = frame_csv(data, delimiter=mapping.delimiter, final=True)
    else:
        framed = frame_lines(data, final=True)
    found = Parser(mapping, 1).stage(means.connection, means.spool, framed.body, framed.offsets)
    answer = means.connection.execute(f"SELECT * FROM {found.relation}")
    names = [column[0] for column in answer.description or []]
    shown = [name for name in names if not name.startswith("raw")]
    return found, [{name: row[names.index(name)] for name in shown} for row in answer.fetchall()]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_costs_one_reject_and_no_neighbour(
    tmp_path: Path, means: Means, take_in: TakeIn, name: str
) -> None:
    hostile, reason = HOSTILE[name]
    before, after = GOOD[:5], GOOD[5:]
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\n".join([*before, hostile, *after]) + b"\n")
    source = take_in(log, mapping=mapped(tmp_path))
    assert (source.tally.accepted, source.tally.rejected) == (10, 1)
    ((found, length, why),) = rows(means.connection, "SELECT source_offset, length, reason FROM rejects")
    assert found == sum(len(each) + 1 for each in before)
    assert why.startswith(reason)
    assert length in (len(hostile), 0)
    kept = rows(means.connection, "SELECT request_id, latency_ms, source_offset FROM requests ORDER BY source_offset")
    assert [(row[0], row[1]) for row in kept] == [(f"r{i}", 100.5 + i) for i in range(10)]
    assert [log.read_bytes()[row[2] :].split(b"\n", 1)[0] for row in kept] == GOOD


@pytest.mark.parametrize("name", HARMLESS)
def test_an_odd_value_costs_that_value_and_not_the_line(
    tmp_path: Path, means: Means, take_in: TakeIn, name: str
) -> None:
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\n".join([*GOOD[:5], HARMLESS[name], *GOOD[5:]]) + b"\n")
    source = take_in(log, mapping=mapped(tmp_path))
    assert (source.tally.accepted, source.tally.rejected) == (11, 0)
    total = rows(
        means.connection, "SELECT sum(latency_ms), sum(input_tokens) FROM requests WHERE request_id IS NOT NULL"
    )
    assert total == [(1050.0, 100)]
    ((latency, tokens),) = rows(
        means.connection, "SELECT latency_ms, input_tokens FROM requests WHERE request_id IS NULL"
    )
    assert tokens is None
    assert latency is None


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_no_line_is_neither_counted_nor_rejected(tmp_path: Path, take_in: TakeIn, name: str) -> None:
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\n".join([*GOOD[:5], SKIPPED[name], *GOOD[5:]]) + b"\n")
    source = take_in(log)
    assert (source.tally.accepted, source.tally.rejected) == (10, 0)


def test_nuls_before_a_record_are_skipped_and_the_record_is_kept(tmp_path: Path, means: Means, take_in: TakeIn) -> None:
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\0" * 5000 + b"\n".join(GOOD) + b"\n")
    assert take_in(log).tally.accepted == 10
    assert rows(means.connection, "SELECT min(source_offset) FROM requests") == [(5000,)]


def test_a_byte_order_mark_belongs_to_no_record(tmp_path: Path, take_in: TakeIn) -> None:
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\xef\xbb\xbf" + b"\n".join(GOOD) + b"\n")
    source = take_in(log)
    assert (source.tally.accepted, source.tally.rejected) == (10, 0)


def test_a_line_of_20_mb_is_one_reject(tmp_path: Path, means: Means, take_in: TakeIn) -> None:
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\n".join([*GOOD[:5], line(30, text="x" * 20_000_000), *GOOD[5:]]) + b"\n")
    source = take_in(log)
    assert (source.tally.accepted, source.tally.rejected) == (10, 1)
    ((offset, reason),) = rows(means.connection, "SELECT source_offset, reason FROM rejects")
    assert (offset, reason) == (sum(len(each) + 1 for each in GOOD[:5]), "line too long")


def test_all_hostile_lines_at_once_are_counted_one_by_one(tmp_path: Path, take_in: TakeIn) -> None:
    hostile = [each for each, _ in HOSTILE.values()]
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\n".join([*GOOD, *hostile, *HARMLESS.values(), *SKIPPED.values(), *GOOD]) + b"\n")
    source = take_in(log, mapping=mapped(tmp_path))
    assert (source.tally.accepted, source.tally.rejected) == (20 + len(HARMLESS), len(hostile))
    assert sum(source.tally.reject_reasons.values()) == len(hostile)


def test_a_value_of_the_wrong_type_is_counted_as_coerced(tmp_path: Path, take_in: TakeIn) -> None:
    log = tmp_path / "serving.jsonl"
    wrong = [line(1, latency_ms="n/a"), line(2, latency_ms=[1]), line(3, prompt_tokens="many")]
    log.write_bytes(b"\n".join([*GOOD, *wrong, line(4, latency_ms=None), line(5, latency_ms="")]) + b"\n")
    source = take_in(log, mapping=mapped(tmp_path))
    assert source.tally.accepted == 15
    assert source.tally.coerced == {"latency_ms": 2, "prompt_tokens": 1}


def test_the_spool_keeps_nothing_of_a_log(tmp_path: Path, means: Means, take_in: TakeIn) -> None:
    log = tmp_path / "serving.jsonl"
    log.write_bytes(b"\n".join([*GOOD, b"broken"]) + b"\n")
    take_in(log)
    assert list(means.spool.iterdir()) == []


# Times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_a_naive_time_is_utc_wherever_the_daemon_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        database = Database(tmp_path / "store.duckdb", tmp_path / "spool")
        means = means_of(database, clock)
        mapping = Mapping(format="generic", framing="jsonl", columns={"ts": (Rule(path="ts", unit="iso8601"),)})
        times = ["2026-07-01 12:00:00", "2026-07-01T12:00:00Z", "2026-07-01T14:00:00+02:00", "2026-07-01T06:30:00-0530"]
        for each in (times, [*times, "no time"]):  # strictly, and line by line
            _, found = staged(means, mapping, *(json.dumps({"ts": text}).encode() for text in each))
            assert {row["ts"] for row in found} - {None} == {datetime(2026, 7, 1, 12)}  # noqa: DTZ001
        assert rows(database.reader(), "SELECT current_setting('TimeZone')") == [("UTC",)]
        database.close()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("unit", "value"),
    [("s", 1767225600.5), ("ms", 1767225600500), ("us", 1767225600500000), ("ns", "1767225600500000000")],
)
def test_a_count_since_1970_is_a_time(means: Means, unit: str, value: object) -> None:
    mapping = Mapping(format="generic", framing="jsonl", columns={"ts": (Rule(path="at", unit=unit),)})
    for more in ((), (b'{"at": "x"}',)):
        _, found = staged(means, mapping, json.dumps({"at": value}).encode(), *more)
        assert found[0]["ts"] == datetime(2026, 1, 1, 0, 0, 0, 500_000)  # noqa: DTZ001


# Both ways agree --------------------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**6),
    st.integers(),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(
        ["12", " 12 ", "1e3", "", " ", "NaN", "inf", "n/a", "true", "200", "success", "FAILURE", "running"]
    ),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3), max_size=1),
)
RECORDS = st.fixed_dictionaries(
    {"ts": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01 00:00:00.123456", "2026-01-01T00:00:00+02:00"])},
    optional={
        "status": VALUES,
        "latency_ms": VALUES,
        "out": VALUES,
        "model": VALUES,
        "usage": st.one_of(VALUES, st.fixed_dictionaries({}, optional={"in": VALUES, "cached": VALUES})),
        "usage.in": VALUES,
        "hit": VALUES,
        "feature": VALUES,
        "kind": VALUES,
    },
)
BOTH = Mapping(
    format="generic",
    framing="jsonl",
    columns={
        "ts": (Rule(path="ts", unit="iso8601"),),
        "status": (Rule(path="status", words=WORDS),),
        "latency_ms": (Rule(path="latency_ms", unit="ms"),),
        "input_tokens": (Rule(path="usage.in"),),
        "cached_tokens": (Rule(path="usage.cached"),),
        "output_tokens": (Rule(path="out"),),
        "model": (Rule(path="model"),),
        "cache_hit": (Rule(path="hit"),),
    },
    features={"feature": "numeric", "kind": "categorical"},
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORDS, min_size=1, max_size=4))
@example(records=[{"ts": "2026-01-01T00:00:00Z", "latency_ms": True, "feature": False}])
@example(records=[{"ts": "2026-01-01T00:00:00Z", "usage.in": 3, "usage": {"in": 4, "cached": 1}}])
def test_a_bad_line_beside_them_changes_no_record(means: Means, records: list[dict[str, Any]]) -> None:
    lines = [json.dumps(record).encode() for record in records]
    _, alone = staged(means, BOTH, *lines)
    found, beside = staged(means, BOTH, *lines, b"{broken")
    assert len(alone) == len(beside) == len(records)
    assert list(map(_comparable, beside)) == list(map(_comparable, alone))
    assert [reject[2] for reject in found.rejects] == ["not JSON"]


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {k: "nan" if isinstance(v, float) and math.isnan(v) else v for k, v in row.items() if k != "source_offset"}


CELLS = st.one_of(
    st.integers(0, 10**6).map(str), st.floats(0, 1e6).map(str), st.text(max_size=6), st.sampled_from(["", " 5 ", "n/a"])
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_a_broken_row_beside_them_changes_no_row(means: Means, table: list[tuple[str, str, str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""').replace("\0", "").replace("\r", "") + '"'

    mapping = Mapping(
        format="generic",
        framing="csv",
        header=("ts", "latency_ms", "model", "n"),
        columns={
            "ts": (Rule(path="ts", unit="iso8601"),),
            "latency_ms": (Rule(path="latency_ms", unit="ms"),),
            "model": (Rule(path="model"),),
        },
        features={"n": "numeric"},
    )
    lines = [f"2026-01-01 00:00:00,{','.join(map(quoted, cells))}".encode(errors="ignore") for cells in table]
    _, alone = staged(means, mapping, *lines)
    found, beside = staged(means, mapping, *lines, b"2026-01-01 00:00:00,1")
    assert len(alone) == len(beside) == len(table)
    assert list(map(_comparable, beside)) == list(map(_comparable, alone))
    assert [reject[2] for reject in found.rejects] == ["2 cells instead of 4"]


# Columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("includes", [True, False])
def test_token_classes_are_disjoint_under_both_conventions(means: Means, includes: bool) -> None:
    columns = {"ts": (Rule(path="ts", unit="iso8601"),)} | {
        f"{name}_tokens": (Rule(path=name),) for name in ("input", "output", "cached", "cache_write", "reasoning")
    }
    mapping = Mapping(
        format="generic",
        framing="jsonl",
        columns=columns,
        input_includes_cached=includes,
        output_includes_reasoning=includes,
    )
    counts = {"input": 1000, "output": 300, "cached": 600, "cache_write": 100, "reasoning": 200}
    _, (row,) = staged(means, mapping, json.dumps({"ts": "2026-01-01T00:00:00Z", **counts}).encode())
    expected = counts | ({"input": 300, "output": 100} if includes else {})
    assert {name: row[f"{name}_tokens"] for name in counts} == expected


def test_litellm_latency_and_first_token_follow_its_rules(tmp_path: Path, means: Means) -> None:
    def call(**changed: object) -> bytes:
        base = {
            "startTime": 1767225600.0,
            "endTime": 1767225602.0,
            "completionStartTime": 1767225600.25,
            "response_time": 0.25,
            "stream": True,
            "call_type": "acompletion",
            "response_cost": 0.001,
            "status": "success",
            "model": "gpt-4o-mini",
            "prompt_tokens": 10,
            "completion_tokens": 5,
        }
        return json.dumps(base | changed).encode()

    lines = [
        call(),
        call(stream=False),
        call(completionStartTime=1767225602.0),
        call(completionStartTime=None),
        call(status="failure", error_information={"error_code": "429", "error_class": "RateLimitError"}),
        call(status="failure", endTime=1767225600.0),
    ]
    mapping = mapped(tmp_path, *lines)
    assert mapping.format == "litellm_payload"
    _, found = staged(means, mapping, *lines)
    assert [row["latency_ms"] for row in found] == pytest.approx([2000.0] * 5 + [0.0])
    assert [row["ttft_ms"] for row in found] == [pytest.approx(250.0), None, None, None, pytest.approx(250.0), None]
    assert [row["status"] for row in found] == [200, 200, 200, 200, 429, 500]
    assert [row["error_type"] for row in found][4:] == ["RateLimitError", "failure"]


def test_outcomes_in_words_and_in_numbers_become_statuses(means: Means) -> None:
    mapping = Mapping(
        format="generic",
        framing="jsonl",
        columns={"ts": (Rule(path="ts", unit="iso8601"),), "status": (Rule(path="s", words=WORDS),)},
    )
    spoken = ["success", "FAILURE", " running ", "204", 429, 200.0, "who knows", 7, None, True]
    lines = [json.dumps({"ts": "2026-01-01T00:00:00Z", "s": each}).encode() for each in spoken]
    _, found = staged(means, mapping, *lines)
    assert [row["status"] for row in found] == [200, 500, 102, 204, 429, 200, None, None, None, None]
    assert [row["error_type"] for row in found][:5] == [None, "FAILURE", None, None, None]


@pytest.mark.parametrize(
    "record",
    [
        {"attributes.gen_ai.usage.input_tokens": 7},
        {"attributes": {"gen_ai": {"usage": {"input_tokens": 7}}}},
        {"attributes": {"gen_ai.usage.input_tokens": 7}},
        {"attributes": {"gen_ai": {"usage.input_tokens": 7}}},
    ],
)
def test_a_dotted_path_finds_its_value_however_its_keys_are_nested(means: Means, record: dict[str, object]) -> None:
    path = "attributes.gen_ai.usage.input_tokens"
    mapping = Mapping(
        format="generic",
        framing="jsonl",
        columns={"ts": (Rule(path="ts", unit="iso8601"),), "input_tokens": (Rule(path=path),)},
    )
    for more in ((), (b"broken",)):
        _, found = staged(means, mapping, json.dumps({"ts": "2026-01-01T00:00:00Z", **record}).encode(), *more)
        assert found[0]["input_tokens"] == 7


def test_text_is_trimmed_and_empty_text_is_not_logged(means: Means) -> None:
    mapping = Mapping(
        format="generic",
        framing="jsonl",
        columns={"ts": (Rule(path="ts", unit="iso8601"),), "model": (Rule(path="m"),)},
        features={"kind": "categorical"},
    )
    texts = [" m ", "", "  ", None, "é ", "x" * 500]
    lines = [json.dumps({"ts": "2026-01-01T00:00:00Z", "m": t, "kind": t}).encode() for t in texts]
    _, found = staged(means, mapping, *lines)
    assert [row["model"] for row in found] == ["m", None, None, None, "é", "x" * 500]
    assert [row["f0"] for row in found] == ["m", None, None, None, "é", "x" * 128]


def test_a_quoted_line_break_is_part_of_its_cell(tmp_path: Path, means: Means, take_in: TakeIn) -> None:
    log = tmp_path / "serving.csv"
    log.write_text('ts,model,latency_ms\n2026-01-01 00:00:00,"a\nb",1\n' + "2026-01-01 00:00:01,c,2\n" * 4 + "broken\n")
    source = take_in(log)
    assert (source.tally.accepted, source.tally.rejected) == (5, 1)
    assert rows(means.connection, "SELECT model, source_offset FROM requests")[:2] == [("a\nb", 20), ("c", 48)]


def test_features_are_named_without_the_object_that_holds_them() -> None:
    assert feature_names(("features.age", "level", "inputs.age.years")) == {
        "features.age": "age",
        "level": "level",
        "inputs.age.years": "age.years",
    }


def test_features_that_would_be_named_alike_keep_their_paths() -> None:
    assert feature_names(("features.age", "inputs.age")) == {"features.age": "features.age", "inputs.age": "inputs.age"}
