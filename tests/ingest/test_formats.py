"""Known formats, and the page that lists them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import orjson
import pytest

from opsconsole.ingest.formats import FORMATS, formats_page
from opsconsole.ingest.guess import guess
from opsconsole.ingest.mapping import Mapping, Rule
from opsconsole.ingest.sniff import sniff
from opsconsole.records import MAPPABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"


def read(directory: Path, *records: dict[str, Any]) -> Mapping:
    path = directory / "gateway.jsonl"
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return guess(sniff(path), path=path)


@pytest.fixture(scope="session")
def litellm_payload(shared: Path) -> dict[str, Any]:
    record: dict[str, Any] = runpy.run_path(str(shared / "peers/ingest/litellm_sample.py"))["p"]
    return record


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == formats_page(), "stale: write formats_page() to it"


def test_the_table_names_real_columns_and_ends_with_generic() -> None:
    assert len({known.name for known in FORMATS}) == len(FORMATS)
    assert FORMATS[-1].name == "generic"
    for known in FORMATS:
        assert set(known.columns) <= set(MAPPABLE)
        assert known.tested_against
        assert known.uses_aliases or "ts" in known.columns


def test_litellm_latency_is_end_minus_start_and_never_response_time(
    tmp_path: Path, litellm_payload: dict[str, Any]
) -> None:
    mapping = read(tmp_path, litellm_payload, {**litellm_payload, "status": "failure"})
    assert mapping.format == "litellm_payload"
    assert mapping.columns["latency_ms"] == (Rule(path="endTime", minus="startTime", unit="s"),)
    assert mapping.columns["ttft_ms"] == (
        Rule(path="completionStartTime", minus="startTime", unit="s", only_if="stream", before="endTime"),
    )
    assert "response_time" in mapping.left_out
    assert "response_time" not in mapping.paths()


def test_litellm_keeps_names_of_keys_and_drops_content_and_persons(
    tmp_path: Path, litellm_payload: dict[str, Any]
) -> None:
    mapping = read(tmp_path, litellm_payload)
    assert mapping.columns["api_key_id"][0] == Rule(path="metadata.user_api_key_alias", plain=True)
    assert not mapping.columns["api_key_id"][1].plain
    assert mapping.columns["service"] == (Rule(path="model_group"), Rule(value="gateway"))
    assert mapping.columns["status"][0].path == "error_information.error_code"
    assert mapping.columns["status"][1].words["failure"] == 500
    private = {"messages", "response", "metadata.user_api_key_user_email", "requester_ip_address"}
    assert private <= set(mapping.left_out)


SPEND = {
    "request_id": "chatcmpl-1", "call_type": "acompletion", "api_key": "88dc28d0f1", "spend": 0.0002,
    "total_tokens": 40,
    "prompt_tokens": 30, "completion_tokens": 10, "startTime": "2025-10-09T08:53:20.020Z",
    "endTime": "2025-10-09T08:53:21.020Z", "completionStartTime": "2025-10-09T08:53:20.320Z",
    "request_duration_ms": 1000,
    "model": "gpt-4o-mini", "model_id": "cb41", "model_group": "chat", "custom_llm_provider": "openai", "user": "",
    "metadata": "{}", "cache_hit": "False", "request_tags": "[]", "end_user": "u1", "status": "success",
}  # fmt: skip


def test_litellm_spend_rows_are_read_from_lines_and_from_csv(tmp_path: Path) -> None:
    mapping = read(tmp_path, SPEND)
    assert mapping.format == "litellm_spend"
    assert mapping.columns["latency_ms"][0] == Rule(path="request_duration_ms", unit="ms")
    assert mapping.columns["latency_ms"][1] == Rule(path="endTime", minus="startTime", unit="iso8601")
    assert mapping.columns["api_key_id"] == (Rule(path="api_key"),)
    assert mapping.left_out["metadata"] == "nested in text"
    table = {name: value for name, value in SPEND.items() if name != "request_duration_ms"}
    path = tmp_path / "spend.csv"
    path.write_text(f"{','.join(table)}\n{','.join(map(str, table.values()))}\n")
    mapping = guess(sniff(path), path=path)
    assert mapping.format == "litellm_spend"
    assert [rule.path for rule in mapping.columns["latency_ms"]] == ["endTime"]


def test_langfuse_token_classes_are_disjoint_already(tmp_path: Path) -> None:
    mapping = read(
        tmp_path,
        {
            "id": "o1", "traceId": "t1", "type": "GENERATION", "name": "answer",
            "startTime": "2025-10-09T08:53:20.020Z",
            "endTime": "2025-10-09T08:53:21.020Z", "level": "ERROR", "statusMessage": "boom", "model": "gpt-4o-mini",
            "usageDetails": {"input": 86, "input_cached_tokens": 17_817, "output": 12, "total": 17_915},
            "totalCost": 0.01, "latency": 1.0, "timeToFirstToken": 0.3, "userId": "u1", "input": "secret question",
            "version": "v2", "environment": "production",
        },
    )  # fmt: skip
    assert mapping.format == "langfuse_v2"
    assert not mapping.input_includes_cached
    assert mapping.columns["latency_ms"][0] == Rule(path="latency", unit="s")
    assert mapping.columns["status"][0].words == {"default": 200, "debug": 200, "warning": 200, "error": 500}
    assert mapping.left_out["input"] == "content"
    assert mapping.features == {"type": "categorical", "environment": "categorical"}


def test_nginx_times_are_seconds_and_its_urls_are_left_out(tmp_path: Path) -> None:
    mapping = read(
        tmp_path,
        {
            "time_iso8601": "2025-10-09T08:53:20+00:00", "msec": "1760000000.123", "request_id": "a1b2",
            "status": "200",
            "remote_addr": "10.2.3.4", "request": "GET /v1?api_key=1 HTTP/1.1", "uri": "/v1", "request_time": "0.310",
            "upstream_response_time": "0.010, 0.300", "bytes_sent": "512", "http_user_agent": "curl/8",
        },
    )  # fmt: skip
    assert mapping.format == "nginx_json"
    assert mapping.columns["latency_ms"] == (Rule(path="request_time", unit="s"),)
    assert mapping.columns["ts"][1] == Rule(path="msec", unit="s")
    assert {"request", "remote_addr", "upstream_response_time"} <= set(mapping.left_out)
    assert mapping.features["bytes_sent"] == "numeric"


def test_envoy_duration_is_milliseconds(tmp_path: Path) -> None:
    mapping = read(
        tmp_path,
        {
            "start_time": "2016-04-15T20:17:00.310Z", "method": "POST", "path": "/v1/locations?key=1",
            "protocol": "HTTP/2",
            "response_code": 204, "response_flags": "-", "bytes_received": 154, "bytes_sent": 0, "duration": 226,
            "upstream_service_time": "100", "x_forwarded_for": "10.0.35.28", "request_id": "cc21",
            "authority": "locations",
        },
    )  # fmt: skip
    assert mapping.format == "envoy_json"
    assert mapping.columns["latency_ms"] == (Rule(path="duration", unit="ms"),)
    assert mapping.columns["status"] == (Rule(path="response_code"),)
    assert {"path", "x_forwarded_for"} <= set(mapping.left_out)


def test_load_test_details_have_a_monotonic_clock(shared: Path) -> None:
    for path in sorted((shared / "data/vllm_logs").glob("detail_log_*.json")):
        mapping = guess(sniff(path), path=path)
        assert mapping.format == "burstgpt_detail"
        assert mapping.columns["ts"] == (Rule(path="record_time", unit="s", clock="monotonic"),)
        assert mapping.columns["ttft_ms"] == (Rule(path="first_chunk_time", unit="s"),)
        assert mapping.features["GPU_utilization"] == "numeric"
        assert any("monotonic" in note for note in mapping.notes)
