"""The page of a small log that never changes looks as it did; UPDATE_SNAPSHOTS=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commandline import lines, opsconsole, served, written

SNAPSHOTS = Path(__file__).parent / "snapshots"
ONE_VERSION = served(240, version="v7", status=200)
DRIFTED = [
    {**r, "lang": "tlh", "latency_ms": r["latency_ms"] * 4} if i >= 300 and r["version"] == "v2" else r
    for i, r in enumerate(served(600))
]
LOGS = {
    "two_versions": lines(DRIFTED[:200]) + b"not a record\n" + lines(DRIFTED[200:]),
    "one_version": lines(ONE_VERSION),
    "tokens_only": lines({key: r[key] for key in ("timestamp", "input_tokens", "output_tokens")} for r in ONE_VERSION),
}


@pytest.mark.parametrize("name", LOGS)
def test_status_page_looks_as_it_did(name: str, room: Path) -> None:
    log = written(room / f"{name}.jsonl", LOGS[name])
    outcome = opsconsole("watch", log, "--once")
    assert outcome.code == 0, outcome.err
    page = outcome.out.replace(str(room), "/logs".ljust(len(str(room)), "_"))
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8"), f"{name} changed; UPDATE_SNAPSHOTS=1 writes it anew"
