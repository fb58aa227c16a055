"""What the store remembers of each source: who it is, how it is read, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from opsconsole.store.database import aware, naive, rows, transaction


@dataclass(frozen=True)
class KnownSource:
    """A source with the sums over its commits."""

    source_id: int
    path: str
    device: int
    inode: int
    head_length: int
    head_sha256: str
    follow: bool
    mapping_json: str
    offset: int = 0
    raw_bytes: int = 0
    accepted: int = 0
    rejected: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    reject_reasons: Mapping[str, int] = field(default_factory=dict)
    coerced: Mapping[str, int] = field(default_factory=dict)


_KNOWN = """
SELECT s.source_id, s.path, s.device, s.inode, s.head_length, s.head_sha256, s.follow, s.mapping,
       coalesce(p.offset_bytes, 0), coalesce(p.raw, 0), coalesce(p.accepted, 0), coalesce(p.rejected, 0), p.first_at,
       p.last_at
FROM (SELECT * FROM sources QUALIFY row_number() OVER (PARTITION BY source_id ORDER BY rowid DESC) = 1) AS s
LEFT JOIN (SELECT source_id, max(end_offset) AS offset_bytes, sum(raw_bytes) AS raw, sum(accepted) AS accepted,
                  sum(rejected) AS rejected, min(first_at) AS first_at, max(last_at) AS last_at
           FROM progress GROUP BY source_id) AS p USING (source_id)
ORDER BY s.source_id
"""


def known_sources(connection: duckdb.DuckDBPyConnection) -> list[KnownSource]:
    """Every source that was ever attached, as it was last described."""
    what: dict[tuple[int, str], dict[str, int]] = {}
    for source_id, kind, name, n in rows(
        connection, "SELECT source_id, kind, what, sum(occurrences) FROM quarantine GROUP BY ALL ORDER BY 4 DESC, 3"
    ):
        what.setdefault((source_id, kind), {})[name] = int(n)
    return [
        KnownSource(
            source_id=source_id,
            path=path,
            device=device,
            inode=inode,
            head_length=head_length,
            head_sha256=head_sha256,
            follow=follow,
            mapping_json=mapping,
            offset=int(offset),
            raw_bytes=int(raw),
            accepted=int(accepted),
            rejected=int(rejected),
            first_at=aware(first) if first else None,
            last_at=aware(last) if last else None,
            reject_reasons=what.get((source_id, "rejected"), {}),
            coerced=what.get((source_id, "coerced"), {}),
        )
        for (
            source_id,
            path,
            device,
            inode,
            head_length,
            head_sha256,
            follow,
            mapping,
            offset,
            raw,
            accepted,
            rejected,
            first,
            last,
        ) in rows(connection, _KNOWN)
    ]


def describe(connection: duckdb.DuckDBPyConnection, source: KnownSource, at: datetime) -> None:
    """Write down a source, or how a known one now looks."""
    connection.execute(
        "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            source.source_id,
            naive(at),
            source.path,
            source.device,
            source.inode,
            source.head_length,
            source.head_sha256,
            source.follow,
            source.mapping_json,
        ],
    )


def compact_progress(connection: duckdb.DuckDBPyConnection) -> None:
    """Merge the rows of past commits: one a source."""
    with transaction(connection):
        merged = rows(
            connection,
            "SELECT source_id, max(end_offset), sum(raw_bytes), sum(accepted), sum(rejected), min(first_at), "
            "max(last_at) FROM progress GROUP BY source_id",
        )
        connection.execute("DELETE FROM progress")
        if merged:
            connection.executemany("INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, ?)", merged)
