"""Single requests are found by any column, in four orders, and one of them has a page that says where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from calls import write_calls
from hypothesis import given
from hypothesis import strategies as st
from inprocess import START, Daemon

from opsconsole import records, wire
from opsconsole.errors import UsageError
from opsconsole.search import Term, Value, matches, parse
from opsconsole.store.requests import TEXTS, condition

WORDS = ("chat", "Timeout", "v1", "v 2", "50%", "a_b", "", None)


@pytest.fixture
def served(daemon: Daemon, tmp_path: Path) -> Daemon:
    daemon.attach(
        write_calls(
            tmp_path / "a.jsonl",
            START,
            range(-300, 0),
            status=lambda i: 503 if i % 10 == 9 else 200,
            error_type=lambda i: "rate limit" if i % 10 == 9 else None,
            cost_usd=lambda i: i / 1000,
        )
    )
    return daemon


def ask(daemon: Daemon, **options: str) -> wire.RequestsView:
    return daemon.ask("GET", "/v1/requests", wire.RequestsView, service="chat", window="15m", **options)


def test_the_newest_come_first_and_all_are_counted(served: Daemon) -> None:
    view = ask(served, limit="20")
    assert (len(view.rows), view.matched) == (20, 300)
    assert view.rows[0].at == START - timedelta(seconds=1)
    assert [row.at for row in view.rows] == sorted((row.at for row in view.rows), reverse=True)


@pytest.mark.parametrize(
    ("search", "n"),
    [("status=503", 30), ("!status=503", 270), ('"rate limit"', 30), ("~rtlm", 30), ("error_type=", 270),
     ("latency_ms>=140", 60), ("latency_ms<0.12s status!=200", 12), ("features.size=3", 33), ("user_key=nobody", 0)],
)  # fmt: skip
def test_any_column_can_be_searched(served: Daemon, search: str, n: int) -> None:
    view = ask(served, search=search)
    assert (view.matched, len(view.rows)) == (n, min(n, 200))


def test_orders_put_the_slowest_the_dearest_and_the_failing_first(served: Daemon) -> None:
    slowest = [row.latency_ms for row in ask(served, order="slowest").rows]
    assert slowest == sorted(slowest, key=float, reverse=True)  # type: ignore[arg-type]
    assert ask(served, order="dearest").rows[0].cost_usd == pytest.approx(0.299)
    failing = ask(served, order="failing")
    assert {row.status for row in failing.rows} == {503}
    assert failing.matched == 30


def test_a_moment_hides_what_came_after_it(served: Daemon) -> None:
    at = START - timedelta(seconds=75)
    view = ask(served, as_of=at.isoformat())
    assert (view.matched, view.end) == (225, at)
    assert max(row.at for row in view.rows) == at - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"search": "sttus=5"}, "no column 'sttus'"), ({"order": "best"}, "no order 'best'"), ({"limit": "0"}, "limit")],
)
def test_what_cannot_be_asked_is_refused_in_words(served: Daemon, options: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ask(served, **options)


def test_a_request_says_where_it_stands_among_its_version(served: Daemon) -> None:
    slowest = ask(served, order="slowest").rows[0]
    page = served.ask("GET", "/v1/request", wire.RequestView, window="15m", key=slowest.key)
    assert page.row == slowest
    assert page.features["size"] == int(slowest.request_id[1:]) % 9  # type: ignore[index]
    (latency,) = (each for each in page.standings if each.column == "latency_ms")
    assert (latency.value, latency.n) == (149.0, 300)
    assert latency.rank == pytest.approx(294 / 300)
    assert page.source.endswith("a.jsonl")
    assert page.neighbours_by == "user"
    assert {row.user_key for row in page.neighbours} == {slowest.user_key}
    assert slowest.key not in {row.key for row in page.neighbours}


def test_a_request_that_is_not_there_is_refused(served: Daemon) -> None:
    for key in ("1:999999", "nonsense", ""):
        with pytest.raises(UsageError, match="there is no request"):
            served.ask("GET", "/v1/request", wire.RequestView, key=key)


@pytest.fixture(scope="module")
def table() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    columns = ", ".join(f"{column.name} {column.sql_type}" for column in records.COLUMNS)
    connection.execute(f"CREATE TABLE requests ({columns})")
    yield connection
    connection.close()


VALUES = st.fixed_dictionaries(
    {name: st.sampled_from(WORDS) for name in ("service", "version", "error_type", "route")}
    | {"status": st.sampled_from((200, 429, 503, None)), "latency_ms": st.sampled_from((0.0, 99.5, 2_000.0, None))}
)
SEARCHES = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(("", "!")),
        st.sampled_from(
            ("chat", "TIME", "~tmt", "~v2", '"v 2"', "50%", "a_b", "~a_b", "version=v1", "version=v*", "version!=v1",
             "error_type=", "route!=", "status=503", "status>=400", "status<300", "latency_ms>1s", "latency_ms<=99.5",
             "latency_ms=2s", "service=CHAT", "error_type>5", "20"),
        ),
    ),
    max_size=3,
).map(" ".join)  # fmt: skip


GLOBS = st.text(alphabet="ab*?[]!-\\%_", min_size=1, max_size=6)


@given(value=st.text(alphabet="ab[]!-\\%_", min_size=1, max_size=4), pattern=GLOBS, is_inverse=st.booleans())
def test_patterns_of_file_names_mean_the_same_in_sql_and_in_the_console(
    table: duckdb.DuckDBPyConnection, value: str, pattern: str, is_inverse: bool
) -> None:
    terms = [Term("=", pattern, "route", is_inverse=is_inverse)]
    parameters: dict[str, object] = {"value": value}
    sql = f"SELECT count(*) FROM (SELECT $value AS route) WHERE {condition(terms, parameters)}"
    (found,) = table.execute(sql, parameters).fetchall()
    assert bool(found[0]) is matches(terms, {"route": value})


@given(values=VALUES, search=SEARCHES)
def test_words_mean_the_same_in_sql_and_in_the_console(
    table: duckdb.DuckDBPyConnection, values: dict[str, Value], search: str
) -> None:
    table.execute("DELETE FROM requests")
    table.execute(
        f"INSERT INTO requests ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", [*values.values()]
    )
    terms = parse(search)
    parameters: dict[str, object] = {}
    (found,) = table.execute(
        f"SELECT count(*) FROM requests WHERE {condition(terms, parameters)}", parameters
    ).fetchall()
    seen = {name: value for name, value in values.items() if name in (*TEXTS, "status")}
    text = "\n".join(str(value).lower() for value in seen.values() if value is not None)
    assert bool(found[0]) is matches(terms, values, text)


def test_a_tail_that_is_held_ends_where_it_was_held(served: Daemon) -> None:
    until = START - timedelta(seconds=50)
    view = ask(served, until=until.isoformat())
    assert view.matched == 250
    assert max(row.at for row in view.rows) < until
    with pytest.raises(UsageError, match="until is no time"):
        ask(served, until="soon")
