"""Questions of one's own: one read-only statement, with a limit in rows and in time.

Always true here: whatever is asked, nothing is written and no file but the store is read (the store's own doors are
shut, and the transaction is read-only); an answer that was cut says so.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from decimal import Decimal
from time import monotonic

import duckdb

from opsconsole import wire
from opsconsole.daemon.engine import Engine
from opsconsole.errors import QueryError, UsageError
from opsconsole.store import macros

QUERY_TIMEOUT_S = 30.0
_REMEDY = "The tables are listed by: SHOW TABLES"


def ask(
    engine: Engine, request: wire.QueryRequest, parameters: Mapping[str, wire.QueryValue] | None = None
) -> wire.QueryReply:
    """Read-only SQL on the store; of the parameters those are bound that the statement names."""
    if request.limit < 1:
        raise UsageError(f"the limit of a query is 1 row at least, not {request.limit}")
    statement = _only_select(request.sql)
    bound = {name: value for name, value in (parameters or {}).items() if name in statement.named_parameters}
    connection, began = _reader(engine, request.sql), monotonic()
    watchdog = threading.Timer(QUERY_TIMEOUT_S, connection.interrupt)
    watchdog.start()
    try:
        connection.execute("BEGIN TRANSACTION READ ONLY")
        answer = connection.execute(request.sql, bound or None)
        described = answer.description or []
        rows = answer.fetchmany(request.limit + 1)
    except duckdb.InterruptException as error:
        raise QueryError(
            f"the query took longer than {QUERY_TIMEOUT_S:.0f} s",
            "Ask for a shorter time range, or a rollup table.",
        ) from error
    except duckdb.Error as error:
        raise QueryError(str(error), _REMEDY) from error
    finally:
        watchdog.cancel()
        connection.close()
    return wire.QueryReply(
        columns=tuple(str(column[0]) for column in described),
        types=tuple(str(column[1]) for column in described),
        rows=[[_plain(value) for value in row] for row in rows[: request.limit]],
        truncated=len(rows) > request.limit,
        elapsed_ms=round((monotonic() - began) * 1000, 1),
    )


def rehearse(engine: Engine, sql: str, parameters: Mapping[str, wire.QueryValue]) -> None:
    """Would this be answered? It is bound and planned, not run. Raises QueryError."""
    statement = _only_select(sql)
    if missing := sorted(statement.named_parameters - parameters.keys()):
        raise QueryError(f"${missing[0]} is no parameter here", f"Known: {', '.join(sorted(parameters))}.")
    connection = _reader(engine, sql)
    try:
        connection.execute("BEGIN TRANSACTION READ ONLY")
        connection.execute(f"EXPLAIN {sql}", {name: parameters[name] for name in statement.named_parameters} or None)
    except duckdb.Error as error:
        raise QueryError(str(error), _REMEDY) from error
    finally:
        connection.close()


def _only_select(sql: str) -> duckdb.Statement:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(str(error), _REMEDY) from error
    readable = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in readable:
        raise QueryError("only one SELECT at a time can be asked", "The store is written by the daemon alone.")
    return statements[0]


def _reader(engine: Engine, sql: str) -> duckdb.DuckDBPyConnection:
    """A connection that knows the macros of a statement, as of now."""
    connection = engine.reader()
    macros.define(connection, engine.clock.now(), sql)
    return connection


def _plain(value: object) -> str | int | float | bool | None:
    """A value that JSON has; everything else, and an integer that JSON readers would round, as text."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
