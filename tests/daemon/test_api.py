"""The API in one process: what a client asks, and what comes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import journal, wire
from opsconsole.client import decoded
from opsconsole.config.settings import Settings, SourceSetting
from opsconsole.daemon.desk import Desk
from opsconsole.errors import InputError, OpsConsoleError, QueryError, UsageError

AGO = START - timedelta(minutes=30)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_calls(tmp_path / "calls.jsonl", AGO, range(300))


def query(daemon: Daemon, sql: str, limit: int = 100) -> wire.QueryReply:
    return daemon.ask("POST", "/v1/query", wire.QueryReply, wire.QueryRequest(sql=sql, limit=limit))


def test_an_empty_daemon_answers_every_view(daemon: Daemon) -> None:
    daemon.start()
    fleet = daemon.fleet()
    assert (fleet.services, fleet.sources, fleet.rejects, fleet.environment) == ((), 0, 0, "test")
    assert daemon.ask("GET", "/v1/status", wire.StatusView).services == ()
    assert daemon.ask("GET", "/v1/sources", wire.SourcesView).sources == ()
    health = daemon.ask("GET", "/v1/health", wire.Health)
    assert (health.requests, health.sources, health.api_version) == (0, 0, wire.API_VERSION)
    assert health.store_bytes > 0


def test_what_is_attached_is_seen_in_every_view(daemon: Daemon, log: Path) -> None:
    attached = daemon.attach(log)
    assert attached.refused == {}
    assert "latency_ms" in attached.mapping_yaml[str(log)]
    (row,) = daemon.fleet().services
    assert (row.service, row.requests, row.errors) == ("chat", 300, 0)
    view = daemon.service("chat")
    assert (view.total.requests, view.users, view.total.tokens.output) == (300, 5, 6000)
    (status,) = daemon.ask("GET", "/v1/status", wire.StatusView, window="all").services
    assert status.total.requests == 300
    (source,) = daemon.ask("GET", "/v1/sources", wire.SourcesView).sources
    assert (source.path, source.accepted, source.state) == (str(log), 300, "following")
    assert source.offset_bytes == source.size_bytes == log.stat().st_size
    health = daemon.ask("GET", "/v1/health", wire.Health)
    assert (health.requests, health.journal_events) == (300, 1)


def test_a_path_that_cannot_be_read_is_refused_with_its_reason(daemon: Daemon, tmp_path: Path, log: Path) -> None:
    (tmp_path / "empty.log").touch()
    attached = daemon.attach(tmp_path / "nowhere", tmp_path / "empty.log", log, follow=False)
    assert len(attached.source_ids) == 1
    assert set(attached.refused) == {str(tmp_path / "nowhere"), str(tmp_path / "empty.log")}
    assert "names no file" in attached.refused[str(tmp_path / "nowhere")]


def test_a_mapping_can_be_asked_for_and_pinned(daemon: Daemon, log: Path) -> None:
    guessed = daemon.ask("POST", "/v1/map", wire.MapReply, wire.MapRequest(path=str(log))).mapping_yaml
    pinned = guessed.replace("path: model", "path: version")
    daemon.attach(log, mapping_yaml=pinned)
    assert query(daemon, "SELECT DISTINCT model FROM requests").rows == [["v1"]]


def test_a_column_can_be_overridden_on_a_pinned_mapping(daemon: Daemon, log: Path) -> None:
    guessed = daemon.ask("POST", "/v1/map", wire.MapReply, wire.MapRequest(path=str(log))).mapping_yaml
    daemon.attach(log, mapping_yaml=guessed, overrides=("region=model",))
    assert query(daemon, "SELECT DISTINCT region, version FROM requests").rows == [["m1", "v1"]]


def test_what_was_followed_is_followed_again_after_a_restart(tmp_path: Path, log: Path) -> None:
    first = Daemon(tmp_path / "home", Settings())
    first.attach(log, service="late")
    first.engine.stop()
    write_calls(log, START, range(10))
    settings = Settings(sources=(SourceSetting(path=tmp_path / "nowhere.log", mapping=tmp_path / "no.yaml"),))
    again = Daemon(tmp_path / "home", settings)
    again.start()
    again.desk.restore()
    again.settle()
    assert query(again, "SELECT count(*) FROM requests").rows == [[310]]
    assert any("nowhere.log" in what for what in again.engine.failures)
    again.engine.stop()
    assert journal.verify(again.home.journal) == 1


def test_a_baseline_of_a_version_is_pinned_and_in_the_journal(daemon: Daemon, log: Path) -> None:
    daemon.attach(log)
    request = wire.BaselineRequest(service="chat", version="v1")
    reply = daemon.ask("POST", "/v1/baseline", wire.BaselineReply, request)
    assert (reply.baseline.kind, reply.baseline.label, reply.baseline.set_by) == ("version", "v1", "ann")
    assert reply.features["size"] == reply.features["output_tokens"] == 300
    assert daemon.service("chat").drift.baseline == reply.baseline
    assert [event.kind for event in daemon.engine.journal.events()] == ["sources.attached", "baseline.set"]


def test_a_baseline_can_be_a_range_or_a_file(daemon: Daemon, log: Path) -> None:
    daemon.attach(log)
    ranged = wire.BaselineRequest(service="chat", start=AGO, end=AGO + timedelta(minutes=2))
    reply = daemon.ask("POST", "/v1/baseline", wire.BaselineReply, ranged)
    assert (reply.baseline.kind, reply.features["size"]) == ("range", 120)  # the minutes that begin in it
    filed = wire.BaselineRequest(service="chat", file=str(log))
    reply = daemon.ask("POST", "/v1/baseline", wire.BaselineReply, filed)
    assert (reply.baseline.label, reply.features["size"]) == ("calls.jsonl", 300)
    assert query(daemon, "SELECT count(*) FROM requests").rows == [[300]]


ERRORS = [
    ("GET", "/v1/fleet?window=2h", b"", UsageError, "15m"),
    ("GET", "/v1/fleet?after=-1", b"", UsageError, "a whole number"),
    ("GET", "/v1/service?service=nobody", b"", UsageError, "chat"),
    ("POST", "/v1/attach", b"{", UsageError, "version"),
    ("POST", "/v1/attach", b"{}", UsageError, "version"),
    ("POST", "/v1/map", b'{"path": "/nowhere"}', InputError, "path"),
    ("POST", "/v1/baseline", b'{"service": "chat"}', UsageError, "baseline"),
    ("POST", "/v1/baseline", b'{"service": "chat", "version": "v9"}', UsageError, "status"),
    ("POST", "/v1/baseline", b'{"service": "x", "version": "v1"}', UsageError, "status"),
    ("POST", "/v1/query", b'{"sql": "SELECT 1", "limit": 0}', UsageError, "1 row at least"),
]


@pytest.mark.parametrize(("method", "path", "body", "kind", "told"), ERRORS)
def test_an_error_crosses_as_its_class_with_its_remedy(
    daemon: Daemon, log: Path, method: str, path: str, body: bytes, kind: type[OpsConsoleError], told: str
) -> None:
    daemon.attach(log)

    async def talk(http: httpx.AsyncClient) -> httpx.Response:
        return await http.request(method, path, content=body)

    response = asyncio.run(daemon.asking(talk))
    with pytest.raises(kind) as refused:
        decoded(response, wire.View)
    assert response.status_code == 400
    assert type(refused.value) is kind
    assert told in f"{refused.value.message} {refused.value.remedy}"


REFUSED_SQL = [
    "INSERT INTO requests SELECT * FROM requests",
    "DELETE FROM requests",
    "DROP TABLE requests",
    "CREATE TABLE t (a INTEGER)",
    "COPY requests TO '/tmp/stolen.csv'",
    "COPY (SELECT 1) TO '/tmp/stolen.csv'",
    "ATTACH '/tmp/other.db'",
    "PRAGMA database_list",
    "SET memory_limit = '100GB'",
    "CALL pragma_version()",
    "EXPLAIN ANALYZE DELETE FROM requests",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE requests",
    "",
    "SELEKT 1",
    "SELECT * FROM nowhere",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('{home}/hash.key')",
    "SELECT * FROM '/etc/passwd'",
]


@pytest.mark.parametrize("sql", REFUSED_SQL)
def test_a_query_that_does_more_than_read_the_store_is_refused(daemon: Daemon, log: Path, sql: str) -> None:
    daemon.attach(log)
    with pytest.raises(QueryError) as refused:
        query(daemon, sql.format(home=daemon.home.directory))
    assert refused.value.remedy
    assert query(daemon, "SELECT count(*) FROM requests").rows == [[300]]


def test_an_answer_that_is_cut_short_says_so(daemon: Daemon) -> None:
    daemon.start()
    whole, cut = query(daemon, "FROM range(5)", limit=5), query(daemon, "FROM range(6)", limit=5)
    assert (len(whole.rows), whole.truncated) == (5, False)
    assert (len(cut.rows), cut.truncated) == (5, True)


def test_every_kind_of_value_crosses(daemon: Daemon) -> None:
    daemon.start()
    sql = (
        "SELECT 1 AS a, 1.5 AS b, 'x' AS c, NULL AS d, true AS e, TIMESTAMP '2026-01-01' AS f, [1] AS g, "
        "170141183460469231731687303715884105727 AS h, 'nan'::DOUBLE AS i, '\\xff'::BLOB AS j"
    )
    reply = query(daemon, sql)
    assert reply.columns == tuple("abcdefghij")
    assert reply.rows == [
        [1, 1.5, "x", None, True, "2026-01-01 00:00:00", "[1]", str((1 << 127) - 1), None, "b'\\xff'"]
    ]


def test_stop_is_passed_on(daemon: Daemon) -> None:
    daemon.ask("POST", "/v1/stop", dict[str, str])
    assert len(daemon.stops) == 1


def test_a_bug_is_no_refusal(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Desk, consoles: int) -> wire.Health:
        raise ZeroDivisionError

    monkeypatch.setattr(Desk, "health", broken)
    with pytest.raises(ZeroDivisionError):
        daemon.ask("GET", "/v1/health", wire.Health)


def test_every_answer_is_json_of_its_struct(daemon: Daemon, log: Path) -> None:
    daemon.attach(log)

    async def talk(http: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            await http.get(f"/v1/{path}") for path in ("fleet", "service?service=chat", "status", "sources", "health")
        ]

    for response in asyncio.run(daemon.asking(talk)):
        assert response.headers["content-type"] == "application/json"
        assert isinstance(msgspec.json.decode(response.content), dict)
