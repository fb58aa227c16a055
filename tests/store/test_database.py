"""The store's file: one owner, a schema that is known, and doors that are shut."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from opsconsole.errors import StoreError
from opsconsole.store import schema
from opsconsole.store.database import Database, rows, transaction


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    for n in range(3):
        database = Database(tmp_path / "store.duckdb", tmp_path / "spool")
        assert rows(database.writer, "SELECT count(*) FROM folds") == [(n,)]
        database.writer.execute("INSERT INTO folds VALUES ('minute', 1, 0)")
        database.close()


def test_no_table_has_a_key_a_constraint_or_an_index(database: Database) -> None:
    assert rows(database.writer, "SELECT * FROM duckdb_constraints()") == []
    assert rows(database.writer, "SELECT * FROM duckdb_indexes()") == []
    tables = rows(database.writer, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'traffic_%'")
    assert tables == [(len(schema.LEVELS),)]


def test_a_store_of_a_newer_opsconsole_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.duckdb", tmp_path / "spool")
    database.writer.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    database.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="schema 99") as refused:
            Database(tmp_path / "store.duckdb", tmp_path / "spool")
        assert "--home" in refused.value.remedy


def test_a_store_that_another_process_has_open_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    program = f"import duckdb, sys; c = duckdb.connect({str(store)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match="cannot be opened") as refused:
            Database(store, tmp_path / "spool")
        assert "daemon status" in refused.value.remedy
        other.communicate()
    Database(store, tmp_path / "spool").close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    store.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        Database(store, tmp_path / "spool")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_every_connection_is_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        database = Database(tmp_path / "store.duckdb", tmp_path / "spool")
        for connection in (database.writer, database.reader()):
            assert rows(connection, "SELECT ('2026-07-01 12:00:00'::TIMESTAMPTZ)::TIMESTAMP::VARCHAR") == [
                ("2026-07-01 12:00:00",)
            ]
        database.close()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{home}/secret')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '{home}/out.csv'",
        "ATTACH '{home}/other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET TimeZone = 'Asia/Tokyo'",
    ],
)
def test_sql_reaches_no_file_and_no_setting(database: Database, tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(duckdb.Error):
        database.reader().execute(sql.format(home=tmp_path))
    assert not (tmp_path / "out.csv").exists()


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    def interrupted() -> None:
        with transaction(database.writer):
            database.writer.execute("INSERT INTO folds VALUES ('minute', 1, 0)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert rows(database.reader(), "SELECT count(*) FROM folds") == [(0,)]


def test_a_checkpoint_waits_for_nobody_who_reads(database: Database) -> None:
    reader = database.reader()
    reader.execute("BEGIN TRANSACTION READ ONLY")
    assert rows(reader, "SELECT count(*) FROM folds") == [(0,)]
    database.writer.execute("INSERT INTO folds VALUES ('minute', 1, 0)")
    database.checkpoint()
    assert rows(reader, "SELECT count(*) FROM folds") == [(0,)]
    assert database.size_bytes() > 0
