"""Questions of one's own: one read-only statement, with a limit in rows and in time.

Always true here: whatever is asked, nothing is written and no file but the store is read (the store's own doors are
shut, and the transaction is read-only); an answer that was cut says so.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from time import monotonic

import duckdb

from opsconsole import wire
from opsconsole.daemon.engine import Engine
from opsconsole.errors import QueryError, UsageError

QUERY_TIMEOUT_S = 30.0


def ask(engine: Engine, request: wire.QueryRequest) -> wire.QueryReply:
    """Read-only SQL on the store."""
    if request.limit < 1:
        raise UsageError(f"the limit of a query is 1 row at least, not {request.limit}")
    try:
        statements = duckdb.extract_statements(request.sql)
    except duckdb.Error as error:
        raise QueryError(str(error), "The tables are listed by: SHOW TABLES") from error
    readable = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in readable:
        raise QueryError("only one SELECT at a time can be asked", "The store is written by the daemon alone.")
    connection, began = engine.reader(), monotonic()
    watchdog = threading.Timer(QUERY_TIMEOUT_S, connection.interrupt)
    watchdog.start()
    try:
        connection.execute("BEGIN TRANSACTION READ ONLY")
        answer = connection.execute(request.sql)
        described = answer.description or []
        rows = answer.fetchmany(request.limit + 1)
    except duckdb.InterruptException as error:
        raise QueryError(
            f"the query took longer than {QUERY_TIMEOUT_S:.0f} s",
            "Ask for a shorter time range, or a rollup table.",
        ) from error
    except duckdb.Error as error:
        raise QueryError(str(error), "The tables are listed by: SHOW TABLES") from error
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


def _plain(value: object) -> str | int | float | bool | None:
    """A value that JSON has; everything else, and an integer that JSON readers would round, as text."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
