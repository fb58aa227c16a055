"""Counting a training set: the same counts as if it had been served, and nothing stored."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from opsconsole import bins
from opsconsole.errors import InputError
from opsconsole.ingest.count import count_file
from opsconsole.ingest.guess import guess
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.sniff import sniff
from opsconsole.ingest.source import Means
from opsconsole.store.database import rows

N = 500
RECORDS = [
    {"ts": f"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z", "size": i % 7 * 1.5 if i % 10 else None, "kind": "ab"[i % 2]}
    for i in range(N)
]
SIZES = np.array([r["size"] for r in RECORDS if r["size"] is not None], dtype=float)


def mapping_of(path: Path) -> Mapping:
    mapping = guess(sniff(path), path=path)
    assert mapping.features == {"size": "numeric", "kind": "categorical"}
    return mapping


def write(directory: Path, form: str) -> Path:
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    table = "ts,size,kind\n" + "".join(
        f"{r['ts']},{'' if r['size'] is None else r['size']},{r['kind']}\n" for r in RECORDS
    )
    content = {
        "jsonl": lines.encode(),
        "jsonl.gz": gzip.compress(lines.encode()),
        "csv": table.encode(),
        "json": json.dumps(RECORDS).encode(),
        "bad.jsonl": lines.encode() + b"{broken",
        "unfinished.csv": table.rstrip("\n").encode(),
    }[form]
    path = directory / f"train.{form}"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "csv", "json", "bad.jsonl", "unfinished.csv"])
def test_every_value_counts_in_its_bin_or_category(tmp_path: Path, means: Means, form: str) -> None:
    path = write(tmp_path, form)
    counts = count_file(path, mapping_of(path), means)
    found = {(name, code, category): n for name, _, code, category, n in counts}
    codes = Counter(bins.codes(SIZES, bins.FEATURE_SCHEMA).tolist())
    expected = {("size", code, None): n for code, n in codes.items()}
    expected[("size", bins.NULL, None)] = N - len(SIZES)
    expected[("kind", 0, "a")] = expected[("kind", 0, "b")] = N // 2
    assert found == expected
    assert rows(means.connection, "SELECT count(*) FROM requests") == [(0,)]
    assert rows(means.connection, "SELECT count(*) FROM sources") == [(0,)]


def test_a_file_without_features_says_so(tmp_path: Path, means: Means) -> None:
    path = tmp_path / "bare.jsonl"
    path.write_text('{"ts": "2026-01-01T00:00:00Z", "latency_ms": 3}\n' * 3)
    with pytest.raises(InputError, match="no feature"):
        count_file(path, guess(sniff(path), path=path), means)
