"""How the tests run the command line, and the small logs that they run it on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import zstandard

from opsconsole import wire
from opsconsole.cli import main

T = TypeVar("T")
Record = dict[str, Any]
NUMBERS = count()
START = datetime(2026, 11, 20, 10, 0, 0, 250_000, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str

    def decoded(self, kind: type[T]) -> T:
        """The JSON on stdout as a struct."""
        return msgspec.json.decode(self.out, type=kind)

    @property
    def cells(self) -> list[list[str]]:
        """The lines of stdout, each split where two blanks or more divide its cells."""
        return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in self.out.splitlines()]


def opsconsole(*words: str | Path) -> Outcome:
    """Run one command in this process, its stdout and stderr being pipes for it."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return Outcome(code, *texts)


@contextmanager
def passing_home(room: Path) -> Iterator[Path]:
    """A home with a short name, whose daemon is stopped afterwards."""
    home = room / f"h{next(NUMBERS)}"
    try:
        yield home
    finally:
        stopped = opsconsole("daemon", "stop", "--home", home)
        assert stopped.code == 0, stopped.err


PROGRAM = [sys.executable, "-m", "opsconsole.cli"]
"""The same as a process of its own."""


def served(n: int, **changes: Any) -> list[Record]:
    """``n`` requests, one a second: every third by v2, every tenth failed, latency 100…139 ms, $0.002 each."""
    return [
        {
            "timestamp": (START + timedelta(seconds=i)).isoformat(),
            "service": "chat",
            "model": "m-small",
            "version": "v2" if i % 3 == 0 else "v1",
            "status": 503 if i % 10 == 9 else 200,
            "latency_ms": 100.0 + i % 40,
            "input_tokens": 10 + i % 5,
            "output_tokens": 20 + i % 9,
            "cost_usd": 0.002,
            "user": f"u{i % 7}",
            "lang": ("en", "de", "fr")[i % 3],
            "temperature": (i * 37 % 101) / 101,
            **changes,
        }
        for i in range(n)
    ]


def lines(records: Iterable[Record]) -> bytes:
    """Records as JSON lines."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def rows(records: list[Record]) -> bytes:
    """Records as CSV with a header."""
    text = io.StringIO()
    out = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    out.writeheader()
    out.writerows(records)
    return text.getvalue().encode()


def written(path: Path, content: bytes) -> Path:
    """Write a file, packed if its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pack = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}.get(path.suffix, bytes)
    path.write_bytes(pack(content))
    return path


def only_service(outcome: Outcome) -> wire.StatusService:
    """The one service of a status as JSON."""
    (service,) = outcome.decoded(wire.StatusView).services
    return service
