"""``watch --once`` tells the same truth about the same requests, however they are written down."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import PROGRAM, START, Outcome, Record, lines, only_service, opsconsole, rows, served, written

from opsconsole import wire

REQUESTS = served(600)


def in_parts(place: Path, requests: list[Record]) -> Path:
    for i in range(3):
        written(place / "logs" / f"part-{i}.jsonl", lines(requests[i * 200 : (i + 1) * 200]))
    return place / "logs"


WRITTEN: dict[str, Callable[[Path, list[Record]], Path]] = {
    "json lines": lambda place, requests: written(place / "serving.jsonl", lines(requests)),
    "csv": lambda place, requests: written(place / "serving.csv", rows(requests)),
    "gz": lambda place, requests: written(place / "serving.jsonl.gz", lines(requests)),
    "zst": lambda place, requests: written(place / "serving.csv.zst", rows(requests)),
    "directory": in_parts,
    "pattern": lambda place, requests: in_parts(place, requests) / "part-*.jsonl",
}


@pytest.fixture(scope="module")
def every_way(room: Path) -> dict[str, wire.StatusService]:
    """Way → what is seen of the same requests, those of each way being of a service with its name, in one look."""
    paths = [write(room / "ways" / way, served(600, service=way)) for way, write in WRITTEN.items()]
    outcome = opsconsole("watch", *paths, "--once", "--json")
    assert outcome.code == 0, outcome.err
    return {service.service: service for service in outcome.decoded(wire.StatusView).services}


@pytest.mark.parametrize("way", WRITTEN)
def test_every_way_of_writing_requests_down_gives_the_same_numbers(
    way: str, every_way: dict[str, wire.StatusService]
) -> None:
    assert every_way.keys() == WRITTEN.keys()
    service = every_way[way]
    total = service.total
    assert (total.requests, total.errors) == (600, 60)
    assert total.error_rate == pytest.approx(0.1)
    assert {version.version: (version.requests, version.errors) for version in service.versions} == {
        "v1": (400, 40),
        "v2": (200, 20),
    }
    assert total.tokens.input == sum(r["input_tokens"] for r in REQUESTS)
    assert total.tokens.output == sum(r["output_tokens"] for r in REQUESTS)
    assert total.cost.usd == pytest.approx(1.2)
    assert service.users == 7
    assert total.first_at == START
    p50 = total.latency_ms.p50
    assert p50 is not None
    assert (p50.n, p50.low <= 119.5 <= p50.high) == (600, True)
    assert {finding.feature for finding in service.drift.findings} >= {"lang", "temperature"}


def test_page_says_the_same_as_the_json(log: Path) -> None:
    page = opsconsole("watch", log, "--once")
    assert page.code == 0
    assert ["chat", "FAIL"] in page.cells
    assert ["v1", "67%", "400", "10.0%"] in [cells[:4] for cells in page.cells]
    assert ["all", "100%", "600", "10.0%"] in [cells[:4] for cells in page.cells]
    assert "60: 60 HTTP 503" in page.out
    assert "not logged  ttft_ms" in page.out


def test_newest_record_counts_even_at_the_very_end_of_a_minute(place: Path) -> None:
    at_the_minute = [{**r, "timestamp": f"2026-11-20T10:{i:02d}:00Z"} for i, r in enumerate(served(31))]
    log = written(place / "serving.jsonl", lines(at_the_minute))
    assert only_service(opsconsole("watch", log, "--once", "--json")).total.requests == 31


def test_rejected_lines_are_counted_and_explained(place: Path) -> None:
    content = lines(REQUESTS[:50]) + b"not a record\n{'half': \n" + lines(REQUESTS[50:100])
    outcome = opsconsole("watch", written(place / "torn.jsonl", content), "--once")
    assert outcome.code == 0
    (source,) = [cells for cells in outcome.cells if cells and cells[0].endswith("torn.jsonl") and len(cells) == 6]
    assert source[-2:] == ["100", "2"]
    assert "2 rejected: not JSON" in outcome.out


def test_payload_log_of_litellm_is_read_without_a_word_of_configuration(place: Path) -> None:
    payload = {
        "id": "chatcmpl-1", "call_type": "acompletion", "stream": True, "response_cost": 0.000258, "status": "success",
        "custom_llm_provider": "openai", "total_tokens": 406, "prompt_tokens": 351, "completion_tokens": 55,
        "startTime": 1760000000.123, "endTime": 1760000001.543, "completionStartTime": 1760000000.433,
        "model": "gpt-4o-mini", "model_group": "chat-small", "metadata": {"user_api_key_hash": "88dc28d0"},
        "cache_hit": False, "end_user": "u04827", "messages": "redacted", "error_str": None,
    }  # fmt: skip
    calls = [
        {**payload, "id": f"chatcmpl-{i}", "startTime": 1760000000.123 + i, "endTime": 1760000001.543 + i,
         "completionStartTime": 1760000000.433 + i}
        for i in range(40)
    ]  # fmt: skip
    outcome = opsconsole("watch", written(place / "calls.jsonl", lines(calls)), "--once", "--json")
    assert outcome.code == 0, outcome.err
    view = outcome.decoded(wire.StatusView)
    assert [source.format for source in view.sources] == ["litellm_payload"]
    (service,) = view.services
    assert service.total.requests == 40
    assert service.total.cost.usd == pytest.approx(40 * 0.000258)
    latency, ttft = service.total.latency_ms.p50, service.total.ttft_ms.p50
    assert latency is not None
    assert ttft is not None
    assert latency.low <= 1420 <= latency.high
    assert ttft.low <= 310 <= ttft.high


def test_window_looks_only_as_far_back_as_it_says(log: Path) -> None:
    outcome = opsconsole("watch", log, "--once", "--json", "--window", "15m")
    assert outcome.decoded(wire.StatusView).window == "15m"
    assert opsconsole("watch", log, "--once", "--window", "3d").code == 2


def test_pipe_gets_data_alone(log: Path, place: Path) -> None:
    torn = written(place / "torn.bin", bytes(range(256)) * 8)
    done = subprocess.run([*PROGRAM, "watch", log, torn, "--once", "--json"], capture_output=True, check=False)
    assert json.loads(done.stdout)["services"][0]["service"] == "chat"
    assert b"left out" in done.stderr
    assert b"torn.bin" in done.stderr


def test_reader_that_stops_reading_is_no_error(log: Path, place: Path) -> None:
    program = " ".join(f"'{word}'" for word in [*PROGRAM, "watch", str(log), "--once", "--json"])
    done = subprocess.run(
        ["bash", "-c", f"{program} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_terminal_without_unicode_gets_question_marks_instead_of_a_traceback(full_home: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "status", "--home", full_home],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"chat  FAIL" in done.stdout


def test_named_path_that_cannot_be_read_fails_the_command_but_not_the_others(log: Path, place: Path) -> None:
    outcome: Outcome = opsconsole("watch", log, place / "missing.jsonl", "--once", "--json")
    assert outcome.code == 4
    assert "missing.jsonl names no file" in outcome.err
    assert only_service(outcome).total.requests == 600


def test_stranger_in_a_directory_is_left_out_and_fails_nothing(place: Path) -> None:
    directory = in_parts(place, REQUESTS)
    written(directory / "core.jsonl", bytes(range(256)) * 16)
    outcome = opsconsole("watch", directory, "--once", "--json")
    assert outcome.code == 0
    assert "core.jsonl is binary" in outcome.err
    assert only_service(outcome).total.requests == 600
