"""A gateway's log file: whole lines appended, and renamed away before it grows large.

Always true here: every write is whole lines; the file and its one predecessor (``.1``) stay within the limit each, so a
fleet that nobody stops does not fill the disk.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import orjson

LIMIT_BYTES = 64_000_000
_WRITE_BYTES = 1_000_000
_TAIL_BYTES = 65_536


class RotatingLog:
    """An open log file of one service."""

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        self._open()

    def append(self, lines: list[bytes]) -> None:
        """Write these lines, rotating where the next ones would not fit."""
        batch: list[bytes] = []
        batch_bytes = 0
        for line in lines:
            if batch_bytes + len(line) > min(_WRITE_BYTES, self._limit_bytes):
                self._write(b"".join(batch))
                batch, batch_bytes = [], 0
            batch.append(line)
            batch_bytes += len(line)
        if batch:
            self._write(b"".join(batch))

    def close(self) -> None:
        self._file.close()

    def _write(self, block: bytes) -> None:
        if self._size and self._size + len(block) > self._limit_bytes:
            self._file.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._open()
        self._file.write(block)
        self._file.flush()
        self._size += len(block)

    def _open(self) -> None:
        self._file = self.path.open("ab")
        self._size = os.fstat(self._file.fileno()).st_size


def last_logged_s(path: Path) -> float | None:
    """When the newest request of this log ended, in epoch seconds; None for a log that is missing or empty."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            tail = file.read()
    except FileNotFoundError:
        return None
    end = tail.rfind(b"\n")
    if end < 0:
        return None
    record = orjson.loads(tail[tail.rfind(b"\n", 0, end) + 1 : end])
    return datetime.fromisoformat(record["ts"]).timestamp() + float(record["latency_ms"]) / 1000
