"""A recording: requests as they once were, without anybody's name, in one Parquet file.

Always true here: a moment is in microseconds from the beginning of the drill that was made of it; ids, users and keys
are digests under a salt that nobody kept; no other file is read than the one whose sha256 the scenario names, and its
rows come in one order, whatever their order in the file, the machine or the number of its cores.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from opsconsole import records
from opsconsole.errors import ConfigError

ENDING = ".parquet"
MOMENT = "at_us"
NAMES = ("request_id", "user_key", "api_key_id")
"""Columns that are digests."""
_OF_THE_STORE = frozenset({"ts", "cost_source", "source_id", "source_offset"})
_TYPES = {MOMENT: "BIGINT"} | {
    column.name: "VARCHAR" if column.name == "features" else column.sql_type
    for column in records.COLUMNS
    if column.name not in _OF_THE_STORE
}
COLUMNS = tuple(_TYPES)
"""Of a recording: the canonical ones, but for where a line came from; ``features`` is JSON."""
REQUIRED = (MOMENT, "service", "version", "status", "latency_ms")
"""What a file that was not made by `drill record` has to have."""
_DIGEST_LENGTH = 16
_PIECE = 1 << 20


def select(start_us: str, salt: str) -> str:
    """The SELECT list that makes a recording of stored records; both arguments are SQL."""
    told = {
        MOMENT: f"epoch_us(ts) - {start_us}",
        **{name: f"left(sha256({salt} || {name}), {_DIGEST_LENGTH})" for name in NAMES},
    }
    return ", ".join(f"({told.get(name, name)})::{kind} AS {name}" for name, kind in _TYPES.items())


ORDER = ", ".join((MOMENT, "request_id", *(name for name in COLUMNS if name not in (MOMENT, "request_id"))))
"""Of rows in a recording: every column, so that nothing is left to chance."""


def sha256_of(path: Path) -> str:
    """Raises ConfigError for a file that cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "The recording lies beside its scenario.") from error
    return found.hexdigest()


def opened(path: Path, sha256: str) -> duckdb.DuckDBPyConnection:
    """A connection with the table ``recorded``, to be closed; a column that the file has not is null in it.

    Raises ConfigError for a file that is not the one that the scenario names, or no recording.
    """
    if sha256_of(path) != sha256:
        raise ConfigError(
            f"{path} is not the recording that the scenario names", "Record it again, or name its sha256."
        )
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        _load(connection, path)
    except ConfigError:
        connection.close()
        raise
    return connection


def _load(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    try:
        found = connection.execute("SELECT name FROM parquet_schema(?)", [str(path)]).fetchall()
        known = {str(name) for (name,) in found}
        if missing := [name for name in REQUIRED if name not in known]:
            raise ConfigError(f"{path} has no column {missing[0]!r}", f"It needs {', '.join(REQUIRED)}.")
        columns = ", ".join(f"{name if name in known else 'NULL'}::{kind} AS {name}" for name, kind in _TYPES.items())
        connection.execute(f"CREATE TABLE recorded AS SELECT {columns} FROM read_parquet(?)", [str(path)])
    except duckdb.Error as error:
        first = str(error).partition("\n")[0]
        raise ConfigError(f"{path} is no recording: {first}", "opsconsole drill record makes one.") from error
