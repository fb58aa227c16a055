"""Single requests: searched by the words of a filter, in one of four orders, and where one of them stands.

Always true here: a word means in SQL what it means in ``search.matches`` (a property test holds both to that); every
value is a parameter; a feature is reached as ``features.NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from opsconsole import records, wire
from opsconsole.errors import UsageError
from opsconsole.search import FUZZY_UP_TO, Term, parse
from opsconsole.store.database import aware, naive, rows

SHOWN: tuple[str, ...] = tuple(
    column.name for column in records.COLUMNS if column.name not in {"ts", "features", "source_id", "source_offset"}
)
"""The columns of a request that a person may search and see."""
TEXTS: tuple[str, ...] = tuple(name for name in SHOWN if records.BY_NAME[name].sql_type == "VARCHAR")
_SEARCHED: tuple[str, ...] = (*(f"lower({name})" for name in TEXTS), "status::VARCHAR")
"""What a word without a column looks through."""
_FEATURE = re.compile(r"^features\.(?P<name>.+)$")

ORDERS: dict[wire.RequestOrder, tuple[str, str]] = {
    "newest": ("true", "ts"),
    "slowest": ("latency_ms IS NOT NULL", "latency_ms"),
    "dearest": ("cost_usd IS NOT NULL", "cost_usd"),
    "failing": ("status >= 400", "ts"),
}
"""Order → (which requests it leaves, the column of which the largest come first)."""

_WHOLE = "$from <= ts AND ts < $to AND ($service = '' OR coalesce(service, '') = $service)"


@dataclass(frozen=True)
class Span:
    """Which requests are looked at: a service's (empty: every one's) between two moments."""

    service: str
    start: datetime
    stop: datetime

    def parameters(self) -> dict[str, Any]:
        return {"service": self.service, "from": naive(self.start), "to": naive(self.stop)}


def condition(terms: Sequence[Term], parameters: dict[str, Any]) -> str:
    """SQL that holds where all words hold; the values are added to ``parameters``."""
    return " AND ".join(["true", *(_word(term, parameters) for term in terms)])


def searched(text: str) -> tuple[Term, ...]:
    """The words of a search. Raises UsageError naming a column that is none."""
    terms = parse(text)
    for term in terms:
        if term.column and term.column not in SHOWN and not _FEATURE.match(term.column):
            raise UsageError(
                f"there is no column {term.column!r} in {text!r}", f"Columns: {', '.join(SHOWN)}, features.NAME."
            )
    return terms


def _word(term: Term, parameters: dict[str, Any]) -> str:
    holds = _holds(term, parameters)
    return f"NOT coalesce({holds}, false)" if term.is_inverse else f"({holds})"


def _holds(term: Term, parameters: dict[str, Any]) -> str:
    if term.operator == "has":
        value = _given(parameters, term.value)
        return " OR ".join(f"contains({column}, {value})" for column in _SEARCHED)
    if term.operator == "fuzzy":
        value = _given(parameters, "%" + "%".join(_escaped(letter) for letter in term.value) + "%")
        return " OR ".join(
            f"({column} LIKE {value} ESCAPE '\\' AND length({column}) <= {FUZZY_UP_TO})" for column in _SEARCHED
        )
    feature = _FEATURE.match(term.column)
    if feature is not None:
        path = _given(parameters, '$."' + feature["name"].replace('"', '\\"') + '"')
        return _compared(term, f"json_extract_string(features, {path})", parameters, is_text=True)
    is_text = records.BY_NAME[term.column].sql_type == "VARCHAR"
    return _compared(term, term.column, parameters, is_text=is_text)


def _compared(term: Term, column: str, parameters: dict[str, Any], *, is_text: bool) -> str:
    is_feature = "features" in column
    if term.operator != "=":
        if is_text and not is_feature:
            return "false"
        number = f"try_cast({column} AS DOUBLE)" if is_feature else column
        return f"{number} {term.operator} {_given(parameters, term.number)}"
    if not term.value:
        return f"coalesce({column}::VARCHAR, '') = ''"
    near = ""
    if term.number is not None and (is_feature or not is_text):
        number = _given(parameters, term.number)
        near = f"abs(try_cast({column} AS DOUBLE) - {number}) <= 1e-9 * abs({number})"
        if not is_feature:
            return near
    glob = f"lower({column}::VARCHAR) GLOB {_given(parameters, _glob(term.value))}"
    return f"{near} OR {glob}" if near else glob


def _glob(pattern: str) -> str:
    """A pattern of ``fnmatch`` as one of the store's: a backslash and a bracket that nothing closes are themselves."""
    parts = re.split(r"(\[!?+\]?+[^\]]*\])", pattern)
    return "".join(part if i % 2 else part.replace("\\", "\\\\").replace("[", "\\[") for i, part in enumerate(parts))


def _escaped(letter: str) -> str:
    return f"\\{letter}" if letter in "%_\\" else letter


def _given(parameters: dict[str, Any], value: object) -> str:
    name = f"p{len(parameters)}"
    parameters[name] = value
    return f"${name}"


_COLUMNS = "ts, source_id, source_offset, " + ", ".join(SHOWN)


def find(
    connection: duckdb.DuckDBPyConnection, span: Span, terms: Sequence[Term], order: wire.RequestOrder, limit: int
) -> tuple[tuple[wire.RequestRow, ...], int]:
    """(the first ``limit`` requests in that order, how many there are).

    One scan counts them and tells the least value that is among the first; a second one fetches only what reaches it.
    """
    parameters = span.parameters()
    leaves, ranked = ORDERS[order]
    where = f"{_WHOLE} AND {leaves} AND {condition(terms, parameters)}"
    if terms or ranked != "ts":
        counted = f"SELECT count(*), list_min(max({ranked}, {int(limit)})) FROM requests WHERE {where}"
        ((matched, least),) = rows(connection, counted, parameters)
        if not matched:
            return (), 0
        where = f"{ranked} >= {_given(parameters, least)} AND {where}"
    else:  # the newest of all are at the table's end, where the engine looks first
        ((matched,),) = rows(connection, f"SELECT count(*) FROM requests WHERE {where}", parameters)
    sql = (
        f"SELECT {_COLUMNS} FROM requests WHERE {where} "
        f"ORDER BY {ranked} DESC, ts DESC, source_id, source_offset DESC LIMIT {int(limit)}"
    )
    return tuple(_row(values) for values in rows(connection, sql, parameters)), int(matched)


def one(
    connection: duckdb.DuckDBPyConnection, source_id: int, offset: int
) -> tuple[wire.RequestRow, str | None, str] | None:
    """(the request whose line begins there, its features as JSON, the path of its log)."""
    found = rows(
        connection,
        f"SELECT {_COLUMNS}, features FROM requests WHERE source_id = ? AND source_offset = ? LIMIT 1",
        [source_id, offset],
    )
    if not found:
        return None
    paths = rows(connection, "SELECT path FROM sources WHERE source_id = ?", [source_id])
    return _row(found[0][:-1]), found[0][-1], paths[0][0] if paths else ""


STANDINGS: dict[str, str] = {
    "latency_ms": "ms",
    "ttft_ms": "ms",
    "queue_ms": "ms",
    "input_tokens": "tokens",
    "output_tokens": "tokens",
    "cost_usd": "usd",
}
"""Numbers of a request that are compared with the others', and their units."""


def standings(connection: duckdb.DuckDBPyConnection, span: Span, row: wire.RequestRow) -> tuple[wire.Standing, ...]:
    """Where each number of the request stands among those of its service and version."""
    held = {name: getattr(row, name) for name in STANDINGS if getattr(row, name) is not None}
    if not held:
        return ()
    parts = ", ".join(
        f"count({name}), count(*) FILTER ({name} < ${name}), quantile_cont({name}, 0.5), quantile_cont({name}, 0.99)"
        for name in held
    )
    parameters = span.parameters() | held | {"version": row.version or ""}
    sql = f"SELECT {parts} FROM requests WHERE {_WHOLE} AND coalesce(version, '') = $version"
    (found,) = rows(connection, sql, parameters)
    told = []
    for i, (name, value) in enumerate(held.items()):
        n, below, p50, p99 = found[4 * i : 4 * i + 4]
        if n:
            told.append(
                wire.Standing(
                    column=name, unit=STANDINGS[name], value=float(value), rank=below / n, p50=p50, p99=p99, n=n
                )
            )
    return tuple(told)


def neighbours(
    connection: duckdb.DuckDBPyConnection, span: Span, row: wire.RequestRow, column: str, each_side: int
) -> tuple[wire.RequestRow, ...]:
    """The requests just before and after that share a column's value; in time's order, without the request itself."""
    shared = "true" if not column else f"coalesce({column}, '') = $shared"
    parameters = span.parameters() | {"at": naive(row.at)} | ({"shared": getattr(row, column) or ""} if column else {})
    found: list[tuple[Any, ...]] = []
    for side, how in (("ts <= $at", "DESC"), ("ts > $at", "ASC")):
        where = f"{_WHOLE} AND {shared} AND {side}"
        sql = f"SELECT {_COLUMNS} FROM requests WHERE {where} ORDER BY ts {how} LIMIT {each_side + 1}"
        found += rows(connection, sql, parameters)
    near = sorted((_row(values) for values in found), key=lambda each: each.at)
    return tuple(each for each in near if each.key != row.key)


def _row(values: Sequence[Any]) -> wire.RequestRow:
    at, source_id, offset, *rest = values
    fields: Mapping[str, Any] = dict(zip(SHOWN, rest, strict=True))
    return wire.RequestRow(at=aware(at), key=f"{source_id}:{offset}", **{**fields, "service": fields["service"] or ""})
