"""The DuckDB file: opened once, by one process, with its doors shut.

Always true here: every session's time zone is UTC, whatever the machine's; DuckDB's file functions reach the spool
folder only; no thread shares a connection with another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from opsconsole.errors import StoreError
from opsconsole.store import schema

ROW_GROUP = 26_624
"""Rows that are compressed and skipped as one. A backlog's bite holds several, so that it is compressed into the file
at once instead of passing through the write-ahead log first; a short window reads little beside its own rows."""
_CATALOG = "store"


class Database:
    """An open store. ``writer`` belongs to the one thread that ingests; everybody else takes a ``reader``."""

    def __init__(self, path: Path, spool: Path, *, memory_limit_mb: int = 400, threads: int = 1) -> None:
        """Open or create the store and bring its schema up to date.

        Raises StoreError when another process has it open, or a newer opsconsole wrote it.
        """
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self.spool = spool
        try:
            self._root = duckdb.connect(":memory:")
            self._root.execute(f"ATTACH '{_quoted(path)}' AS {_CATALOG} (ROW_GROUP_SIZE {ROW_GROUP})")
        except duckdb.IOException as error:
            raise StoreError(
                f"{path} cannot be opened: {str(error).splitlines()[0]}",
                "Is another daemon running on this home? `opsconsole daemon status` tells; else check permissions.",
            ) from error
        spill = path.with_name(path.name + ".tmp")
        for statement in (
            f"USE {_CATALOG}",
            "SET GLOBAL TimeZone = 'UTC'",
            f"SET threads = {threads}",
            f"SET memory_limit = '{memory_limit_mb}MB'",
            "SET checkpoint_threshold = '64MB'",
            "SET preserve_insertion_order = true",
            "SET autoinstall_known_extensions = false",
            f"SET temp_directory = '{_quoted(spill)}'",
            f"SET allowed_directories = ['{_quoted(spool)}', '{_quoted(spill)}']",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._root.execute(statement)
        self._migrate()
        self.writer = self.reader()

    def _migrate(self) -> None:
        tables = {row[0] for row in self._root.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        found = 0
        if "meta" in tables:
            row = self._root.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()
            found = int(row[0]) if row else 0
        if found > schema.SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema {found}, this opsconsole knows {schema.SCHEMA_VERSION}",
                "Run the newer opsconsole that wrote it, or choose another --home.",
            )
        if found == schema.SCHEMA_VERSION:
            return
        with transaction(self._root):
            for version in range(found + 1, schema.SCHEMA_VERSION + 1):
                self._root.execute(schema.MIGRATIONS[version])
            self._root.execute("DELETE FROM meta WHERE name = 'schema_version'")
            self._root.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(schema.SCHEMA_VERSION)])

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own to the same store; close it after use."""
        connection = self._root.cursor()
        connection.execute(f"USE {_CATALOG}")
        return connection

    def checkpoint(self) -> None:
        """Write the log into the file; readers go on."""
        with contextlib.suppress(duckdb.TransactionException):  # somebody reads: the next one will do it
            self.writer.execute("CHECKPOINT")

    def size_bytes(self) -> int:
        """Bytes on disk, the write-ahead log included."""
        wal = self.path.with_name(self.path.name + ".wal")
        return sum(file.stat().st_size for file in (self.path, wal) if file.exists())

    def close(self) -> None:
        self.writer.close()
        self._root.close()


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block, or nothing of it."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def rows(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] | dict[str, object] = ()
) -> list[tuple[Any, ...]]:
    """Every row of a query's answer."""
    return connection.execute(sql, parameters or None).fetchall()


def naive(moment: datetime) -> datetime:
    """UTC without a zone, as the store keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """UTC with its zone, as everything outside the store has it."""
    return moment.replace(tzinfo=UTC)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
