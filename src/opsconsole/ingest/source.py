"""One log that is being read: its open file, its place in it, and what came of it.

Always true here: the offset only moves with a commit, so whatever happens between two commits is read again; a file
that was renamed is read to its end before its successor is begun; a file that no longer begins as it did is another
file.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb
import msgspec
import numpy as np
import orjson

from opsconsole.clock import Clock
from opsconsole.ingest.enrich import enriched
from opsconsole.ingest.framing import MAX_LINE, Framed, frame_csv, frame_lines
from opsconsole.ingest.identity import HEAD_BYTES, Identity, identify, same_content
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.parse import Parser
from opsconsole.ingest.prices import PriceBook
from opsconsole.ingest.privacy import Hasher
from opsconsole.ingest.readers import Reader
from opsconsole.ingest.sniff import column_names, document_records
from opsconsole.store.sources import KnownSource, describe
from opsconsole.store.writer import Batch, Committed, Writer

State = Literal["reading", "following", "done", "gone", "failed"]

FIRST_CHUNK = 2 << 20
LARGEST_CHUNK = 32 << 20
"""Bytes: a backlog is taken in growing bites, so that panels fill soon and throughput comes after."""
LIVE_GAIN = 1 << 20
"""Bytes: whoever is less behind than this is following and not catching up."""
_DOCUMENT_BATCH = 50_000
_RATE_SMOOTHING = 0.3


@dataclass
class Tally:
    """What came of a source so far."""

    accepted: int = 0
    rejected: int = 0
    raw_bytes: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    reject_reasons: dict[str, int] = field(default_factory=dict)
    coerced: dict[str, int] = field(default_factory=dict)
    lines_per_s: float = 0.0
    lag_s: float | None = None


@dataclass(frozen=True)
class Means:
    """What every source needs to turn bytes into commits; one for all of them."""

    connection: duckdb.DuckDBPyConnection
    spool: Path
    writer: Writer
    hasher: Hasher
    prices: PriceBook
    clock: Clock


class Source:
    """One file, read from its offset on."""

    def __init__(self, known: KnownSource, mapping: Mapping, reader: Reader, means: Means) -> None:
        self.known = known
        self.mapping = mapping
        self.reader = reader
        self.state: State = "reading"
        self.error = ""
        self.notes = mapping.notes
        self.tally = Tally(
            known.accepted,
            known.rejected,
            known.raw_bytes,
            known.first_at,
            known.last_at,
            dict(known.reject_reasons),
            dict(known.coerced),
        )
        self.offset = known.offset
        self._means = means
        self._size = reader.size_on_disk()
        self._chunk = FIRST_CHUNK
        self._is_inside_long_line = mapping.framing != "json" and _is_inside_long_line(reader, self.offset)
        self._partial = b""
        self._parser = Parser(mapping, known.source_id, clock_anchor_us=self._anchor_us())
        self._last_commit_s = means.clock.monotonic()
        if mapping.framing != "json":
            reader.seek(self.offset)

    @property
    def is_active(self) -> bool:
        """May there still be something to read?"""
        return self.state not in ("done", "failed")

    def current(self) -> KnownSource:
        """What the store knows of it by now."""
        tally = self.tally
        return replace(
            self.known,
            offset=self.offset,
            raw_bytes=tally.raw_bytes,
            accepted=tally.accepted,
            rejected=tally.rejected,
            first_at=tally.first_at,
            last_at=tally.last_at,
            reject_reasons=dict(tally.reject_reasons),
            coerced=dict(tally.coerced),
        )

    def size_on_disk(self) -> int:
        """Bytes of the file, as it was last seen."""
        with contextlib.suppress(OSError):  # closed
            self._size = self.reader.size_on_disk()
        return self._size

    def begins_as_before(self) -> bool:
        """Is the open file still the one that was attached?"""
        is_stream = self.mapping.framing != "json" and not self.reader.compression
        if is_stream and self.reader.size_on_disk() < self.offset:
            return False
        return same_content(identity_of(self.known), self.reader)

    def end(self, state: State, error: str = "") -> None:
        """Stop reading; the file is closed."""
        self.size_on_disk()
        self.state, self.error = state, error
        if self.reader.truncated:
            self.notes = (*self.notes, "The archive breaks off in the middle: only what it held was read.")
        self.reader.close()

    def has_more(self) -> bool:
        """Is there anything that was not read?"""
        if self.mapping.framing == "json":
            return self.tally.raw_bytes < self.reader.size_on_disk()
        return not self.reader.at_end

    def is_behind(self) -> bool:
        """Is there more to read than what a live log gains between two looks?"""
        is_live = self.known.follow and self.mapping.framing != "json" and not self.reader.compression
        if is_live:
            return self.reader.size_on_disk() - self.reader.offset > LIVE_GAIN
        return self.has_more()

    def step(self, *, is_final: bool) -> int:
        """Read and commit the next piece; the number of records taken in or rejected.

        With ``is_final`` nothing will be appended any more: a last line without a line end counts.
        """
        return self._step_document() if self.mapping.framing == "json" else self._step_lines(is_final)

    def take_last_line(self) -> int:
        """A last line without a line end counts as it is; nothing more is read."""
        return self._take(self._partial, is_final=True) if self._partial else 0

    def notice_cut(self) -> None:
        """An unfinished last line that was cut off again, as by a writer that starts anew, was never there."""
        is_plain = self.mapping.framing != "json" and not self.reader.compression
        if is_plain and self._partial and self.reader.size_on_disk() < self.reader.offset:
            self._partial = b""
            self.reader.seek(self.offset)

    def _step_lines(self, is_final: bool) -> int:
        new = self.reader.read(self._chunk)
        self._chunk = min(self._chunk * 2, LARGEST_CHUNK) if len(new) == self._chunk else FIRST_CHUNK
        return self._take(self._partial + new, is_final=is_final and self.reader.at_end)

    def _take(self, data: bytes, *, is_final: bool) -> int:
        framed = self._frame(data, is_final)
        body, offsets = framed.body, framed.offsets
        is_before_header = self.mapping.framing == "csv" and self.offset == 0
        if not framed.consumed or (is_before_header and not len(offsets) and not framed.rejects):
            self._partial = data
            return 0
        if is_before_header:
            body, offsets = without_header(body, offsets, self.mapping)
        is_packed = bool(self.reader.compression)
        taken = self._commit(
            body,
            offsets,
            tuple((reject.offset, reject.length, reject.reason) for reject in framed.rejects),
            end_offset=self.offset + framed.consumed,
            raw_bytes=max(0, self.reader.raw_bytes_read - self.tally.raw_bytes) if is_packed else framed.consumed,
        )
        self._partial = data[framed.consumed :]
        self._is_inside_long_line = framed.inside_long_line
        return taken

    def _frame(self, data: bytes, is_final: bool) -> Framed:
        if self.mapping.framing == "csv":
            return frame_csv(
                data,
                self.offset,
                delimiter=self.mapping.delimiter,
                final=is_final,
                inside_long_line=self._is_inside_long_line,
            )
        return frame_lines(data, self.offset, final=is_final, inside_long_line=self._is_inside_long_line)

    def _step_document(self) -> int:
        """A JSON document is read whole; its offset counts records."""
        size = self.reader.size_on_disk()
        records = document_records(self.reader.path, self.mapping)
        taken = 0
        while self.offset < len(records) or self.tally.raw_bytes < size:
            batch = records[self.offset : self.offset + _DOCUMENT_BATCH]
            is_last = self.offset + len(batch) >= len(records)
            taken += self._commit(
                b"".join(orjson.dumps(record) + b"\n" for record in batch),
                np.arange(self.offset, self.offset + len(batch), dtype=np.int64),
                (),
                end_offset=self.offset + len(batch),
                raw_bytes=size - self.tally.raw_bytes if is_last else 0,
            )
        return taken

    def _commit(
        self,
        body: bytes,
        offsets: np.ndarray[tuple[int], np.dtype[np.int64]],
        rejects: tuple[tuple[int, int, str], ...],
        *,
        end_offset: int,
        raw_bytes: int,
    ) -> int:
        means, parser = self._means, self._parser
        staged = parser.stage(means.connection, means.spool, body, offsets)
        batch = Batch(
            relation=enriched(means.connection, staged.relation, self.mapping, means.hasher, means.prices),
            source_id=self.known.source_id,
            end_offset=end_offset,
            raw_bytes=raw_bytes,
            features=parser.features,
            logged=parser.logged,
            rejects=rejects + staged.rejects,
            coerced=staged.coerced,
        )
        committed = means.writer.commit(batch)
        self.offset = end_offset
        self._record(batch, committed)
        return committed.accepted + committed.rejected

    def _record(self, batch: Batch, committed: Committed) -> None:
        tally, now = self.tally, self._means.clock.monotonic()
        tally.accepted += committed.accepted
        tally.rejected += committed.rejected
        tally.raw_bytes += batch.raw_bytes
        for reason, n in committed.reject_reasons.items():
            tally.reject_reasons[reason] = tally.reject_reasons.get(reason, 0) + n
        for column, n in batch.coerced.items():
            tally.coerced[column] = tally.coerced.get(column, 0) + n
        if committed.last_at is not None and committed.first_at is not None:
            tally.first_at = min(tally.first_at or committed.first_at, committed.first_at)
            tally.last_at = max(tally.last_at or committed.last_at, committed.last_at)
            if self.known.follow:
                tally.lag_s = (self._means.clock.now() - committed.last_at).total_seconds()
        elapsed = max(now - self._last_commit_s, 1e-3)
        tally.lines_per_s += _RATE_SMOOTHING * (committed.accepted / elapsed - tally.lines_per_s)
        self._last_commit_s = now

    def describe_again(self) -> None:
        """Remember a longer head once there is one."""
        identity = identity_now(self.reader, self.mapping)
        self.known = replace(
            self.known,
            device=identity.device,
            inode=identity.inode,
            head_length=identity.head_length,
            head_sha256=identity.head_sha256,
        )
        describe(self._means.connection, self.known, self._means.clock.now())

    def _anchor_us(self) -> int:
        """For times of a monotonic clock: what makes the last record fall on the file's time of change."""
        rule = next((rule for rule in self.mapping.columns["ts"] if rule.clock == "monotonic"), None)
        if rule is None or self.mapping.framing != "json":
            return 0
        per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[rule.unit]
        values = [record.get(rule.path) for record in document_records(self.reader.path, self.mapping)]
        times = [float(value) for value in values if isinstance(value, int | float)]
        last_s = max(times, default=0.0) / per_second
        return int((self.reader.status().st_mtime - last_s) * 1e6)


def without_header(
    body: bytes, offsets: np.ndarray[tuple[int], np.dtype[np.int64]], mapping: Mapping
) -> tuple[bytes, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """A framed CSV body without its first record, if that is the header: a log that was cut by copying has none."""
    starts = [*frame_csv(body, delimiter=mapping.delimiter, final=True).offsets.tolist(), len(body)]
    try:
        first = next(csv.reader([body[: starts[1]].decode()], delimiter=mapping.delimiter), []) if offsets.size else []
    except (UnicodeDecodeError, csv.Error):
        first = []
    is_header = bool(first) and column_names(first) == mapping.header
    return (body[starts[1] :], offsets[1:]) if is_header else (body, offsets)


def identity_now(reader: Reader, mapping: Mapping) -> Identity:
    """Who an open file is; what closes a JSON document is left out, because records are added before it."""
    identity = identify(reader)
    if mapping.framing != "json":
        return identity
    head = reader.head(HEAD_BYTES).rstrip(b" \t\r\n]}")
    return Identity(identity.device, identity.inode, len(head), hashlib.sha256(head).hexdigest())


def _is_inside_long_line(reader: Reader, offset: int) -> bool:
    """Did reading stop in the middle of a line that was already rejected as too long?"""
    if offset < MAX_LINE:
        return False
    reader.seek(offset - MAX_LINE)
    before = reader.read(MAX_LINE)
    return b"\n" not in before and b"\0" not in before


def mapping_json(mapping: Mapping) -> str:
    """As the store keeps it."""
    return msgspec.json.encode(mapping).decode()


def mapping_from_json(text: str) -> Mapping:
    return msgspec.json.decode(text, type=Mapping)


def identity_of(known: KnownSource) -> Identity:
    return Identity(known.device, known.inode, known.head_length, known.head_sha256)
