"""What a file is, from its beginning."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest
import zstandard

from opsconsole.errors import InputError
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.sniff import SAMPLE_RECORDS, document_records, sniff

RECORD = {"ts": "2025-10-09T08:53:20Z", "usage": {"prompt_tokens": 3}, "tags": ["a"], "n": 1}


def written(directory: Path, data: bytes, name: str = "log") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


def lines(*records: object) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def test_json_lines_are_flattened_and_lists_are_named(tmp_path: Path) -> None:
    sample = sniff(written(tmp_path, lines(RECORD, {**RECORD, "n": None})))
    assert sample.framing == "jsonl"
    assert sample.paths() == ("ts", "usage.prompt_tokens", "n")
    assert sample.values("n") == [1]
    assert sample.nested == {"tags": "a list"}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_an_archive_is_looked_into(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    sample = sniff(written(tmp_path, pack(lines(*[RECORD] * 5_000))))
    assert len(sample.records) == SAMPLE_RECORDS


def test_a_big_log_is_sampled_at_a_whole_line(tmp_path: Path) -> None:
    sample = sniff(written(tmp_path, lines(*[{**RECORD, "pad": "x" * 4_000}] * 600)))
    assert 200 < len(sample.records) < 300
    assert sample.skipped == 0


def test_lines_that_are_no_records_are_counted(tmp_path: Path) -> None:
    data = b"starting\n" + lines(RECORD, RECORD) + b'{"half": \n' + lines(RECORD)
    sample = sniff(written(tmp_path, data))
    assert (sample.framing, len(sample.records), sample.skipped) == ("jsonl", 3, 2)


def test_objects_that_are_nested_too_deep_are_named(tmp_path: Path) -> None:
    sample = sniff(written(tmp_path, lines({"a": {"b": {"c": {"d": {"e": 1}}}}, "x": {"y": {"z": {"w": 1}}}})))
    assert sample.paths() == ("x.y.z.w",)
    assert sample.nested == {"a.b.c.d": "nested deeper than 4"}


def test_names_that_differ_by_case_alone_are_one_field(tmp_path: Path) -> None:
    sample = sniff(written(tmp_path, lines({"User": "a", "user": "b", 'q"': 1})))
    assert sample.paths() == ("User",)
    assert sample.nested == {"user": "differs from User by case alone", 'q"': "its name cannot be a path"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    rows = [["ts", "text", "n"], ["2024-11-15 16:57:50", "a, b; c", "1.0"], ["2024-11-15 16:57:51", "", "2"]]
    data = "\r\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows).encode()
    sample = sniff(written(tmp_path, data))
    assert (sample.framing, sample.delimiter, sample.header) == ("csv", delimiter, ("ts", "text", "n"))
    assert sample.values("text") == ["a, b; c"]


def test_a_mark_and_odd_headers_do_no_harm(tmp_path: Path) -> None:
    sample = sniff(written(tmp_path, b"\xef\xbb\xbf,ts,x,X\n0,2024-11-15 16:57:50,1,2\n"))
    assert sample.header == ("column_1", "ts", "x", "X_2")


DOCUMENTS = {
    "an array": ([RECORD, RECORD], ""),
    "an object of records": ({"0": RECORD, "1": RECORD}, ""),
    "records under data": ({"data": [RECORD, RECORD], "meta": {"page": 1}}, "data"),
}


@pytest.mark.parametrize("what", DOCUMENTS)
@pytest.mark.parametrize("indented", [False, True])
def test_documents_hold_records(tmp_path: Path, what: str, indented: bool) -> None:
    document, records_at = DOCUMENTS[what]
    path = written(tmp_path, orjson.dumps(document, option=orjson.OPT_INDENT_2 if indented else 0))
    sample = sniff(path)
    assert (sample.framing, sample.records_at, len(sample.records)) == ("json", records_at, 2)
    mapping = Mapping(format="generic", framing="json", columns={}, records_at=records_at)
    assert document_records(path, mapping) == document_records(path.read_bytes(), mapping) == [RECORD, RECORD]


def test_a_single_record_is_a_line_of_a_log(tmp_path: Path) -> None:
    path = written(tmp_path, lines({"request": {"id": 1}, "response": {"status": 200}}))
    assert sniff(path).framing == "jsonl"


def test_a_document_longer_than_the_sample_is_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path, orjson.dumps({str(n): {**RECORD, "pad": "x" * 100} for n in range(20_000)}))
    assert path.stat().st_size > 1 << 20
    assert len(sniff(path).records) == SAMPLE_RECORDS


REFUSED = {
    "is empty": b"",
    "is empty ": b"\n\n \n",
    "is a Parquet file": b"PAR1\x15\x04",
    "is text in UTF-16": "ts,n\n1,2\n".encode("utf-16"),
    "is binary": bytes(range(256)) * 40,
    "is plain text without columns": b"2026-11-22 INFO: started\nall is well\n",
    "without a header line": b"2024-11-15 16:57:50,12,200\n2024-11-15 16:57:51,13,200\n",
    "is neither JSON lines nor a complete JSON document": b'{"a": {"b": 1},\n "c": [',
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_no_log_is_refused_by_name(tmp_path: Path, why: str) -> None:
    path = written(tmp_path, REFUSED[why])
    with pytest.raises(InputError) as refused:
        sniff(path)
    assert str(path) in refused.value.message
    assert why.strip() in refused.value.message
    assert refused.value.remedy


def test_a_document_without_its_records_says_where_they_should_be(tmp_path: Path) -> None:
    mapping = Mapping(format="generic", framing="json", columns={}, records_at="data.rows")
    with pytest.raises(InputError, match=r"holds nothing at data\.rows"):
        document_records(b'{"data": {}}', mapping)
    with pytest.raises(InputError, match="without records"):
        sniff(written(tmp_path, b'{\n "a": [1, 2]\n}\n'))


def test_real_logs_are_recognised(shared: Path) -> None:
    seen = {
        name: (sample.framing, len(sample.records))
        for name in (
            "data/gentd26/lora_request_trace.csv",
            "data/azure_llm/AzureLLMInferenceTrace_conv.csv",
            "data/vllm_logs/detail_log_scale2000_prompt500.json",
            "data/vllm_logs/vllm_log_scale100_prompt500.csv",
            "samples/bentoml/monitor_data.1.log",
            "samples/sagemaker/datacapture_doc_shape.jsonl",
        )
        if (sample := sniff(shared / name))
    }
    assert list(seen.values()) == [
        ("csv", 1_000),
        ("csv", 1_000),
        ("json", 500),
        ("csv", 538),
        ("jsonl", 6),
        ("jsonl", 3),
    ]


def test_text_logs_and_expositions_are_refused(shared: Path) -> None:
    for name in ("bentoml/access_stdout.log", "kserve/server_stdout.log", "kserve/metrics.txt"):
        with pytest.raises(InputError, match="plain text"):
            sniff(shared / "samples" / name)
