"""A recording: requests as they once were, without anybody's name, played back at the drill's time.

Always true here: a recording holds times as microseconds from its own beginning of the drill; ids, users and keys are
digests under a salt that nobody kept; what people do changes nothing of it, since it has happened.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from opsconsole.drills.fleet import Name, Served, Shares, World
from opsconsole.drills.weather import forecast
from opsconsole.errors import ConfigError

LOG = "fleet"
COLUMNS = (
    "ts", "service", "request_id", "provider", "model", "version", "region", "route", "status", "latency_ms", "ttft_ms",
    "queue_ms", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_usd", "finish_reason",
    "prediction", "confidence", "user", "api_key_alias", "error_type", "features",
)  # fmt: skip
"""Of a line, in the words of a gateway's log."""


def packed(rows: Iterable[Mapping[str, Any]], start: datetime, salt: bytes) -> bytes:
    """Stored records (columns by name) as a recording that begins at this moment; the same rows, the same bytes."""
    lines = sorted((_line(row, start, salt) for row in rows), key=lambda line: (line["due_us"], line["request_id"]))
    return gzip.compress(b"".join(orjson.dumps(line) + b"\n" for line in lines), mtime=0)


def _line(row: Mapping[str, Any], start: datetime, salt: bytes) -> dict[str, Any]:
    at_us = round((row["ts"] - start) / timedelta(microseconds=1))
    prompt = _sum(row, "input_tokens", "cached_tokens", "cache_write_tokens")
    named = {
        "request_id": _digest(row["request_id"], salt),
        "prompt_tokens": prompt,
        "completion_tokens": _sum(row, "output_tokens", "reasoning_tokens"),
        "user": _digest(row["user_key"], salt),
        "api_key_alias": _digest(row["api_key_id"], salt),
        "features": orjson.loads(row["features"]) if row["features"] else None,
    }
    told = {name: named[name] if name in named else row[name] for name in COLUMNS if name != "ts"}
    return {"at_us": at_us, "due_us": at_us + round((row["latency_ms"] or 0.0) * 1000), **told}


def _sum(row: Mapping[str, Any], *names: str) -> int | None:
    known = [row[name] for name in names if row[name] is not None]
    return sum(known) if known else None


def _digest(word: str | None, salt: bytes) -> str | None:
    return hashlib.blake2b(word.encode(), key=salt, digest_size=8).hexdigest() if word else None


class Tape:
    """Plays one recording; stands where a fleet stands."""

    def __init__(self, path: Path, sha256: str, start_s: float) -> None:
        """Raises ConfigError for a file that is not the one that was recorded."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}", "The recording lies beside its scenario.") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ConfigError(f"{path} is not the recording that the scenario names", "Record it again.")
        self._start = datetime.fromtimestamp(start_s, tz=UTC)
        self._lines = _read(gzip.decompress(content))
        self._next = next(self._lines, None)
        self.actual = World("actual", forecast(()))

    def begin(self, shares: Shares) -> None:
        """Nothing differs: there is one world."""

    def past(self, begin_s: float, length_s: float, shares: Shares) -> None:
        """It is on the tape."""

    def serve(self, begin_s: float, length_s: float, shares: Shares) -> dict[Name, dict[str, Served]]:
        """Nobody is served who was not."""
        return {}

    def logged(self, until_s: float) -> dict[str, list[bytes]]:
        """The lines of requests that had ended by then."""
        until_us = round((until_s - self._start.timestamp()) * 1_000_000)
        ended: list[bytes] = []
        while self._next is not None and self._next["due_us"] <= until_us:
            ended.append(self._spoken(self._next))
            self._next = next(self._lines, None)
        return {LOG: ended} if ended else {}

    def _spoken(self, line: Mapping[str, Any]) -> bytes:
        ts = self._start + timedelta(microseconds=line["at_us"])
        told = {"ts": ts.isoformat(timespec="microseconds"), **{name: line[name] for name in COLUMNS if name != "ts"}}
        return orjson.dumps(told) + b"\n"


def _read(content: bytes) -> Iterator[dict[str, Any]]:
    return (orjson.loads(line) for line in content.splitlines() if line)
