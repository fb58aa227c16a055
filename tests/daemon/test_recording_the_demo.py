"""The demo's own incident, recorded and played again: what its panels are made of is the same, minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.config.load import load
from opsconsole.daemon.drilling.playing import play
from opsconsole.demo.gateway import Fleet
from opsconsole.demo.stage import prepare
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.linting import errors_of, lint
from opsconsole.drills.reading import read
from strays import room_for_processes

HISTORY_S = 1_800.0
STEP_S = 10
LOOK_S = 30
ALERT_WITHIN_S = 600
SERVICES = ("chat-assist", "fraud-score")
KEYS = {"traffic": "s.model, s.region", "failures": "error_class", "histograms": "metric, code"}
PANELS = """
SELECT s.service, s.version, bucket, {key}, {sums} FROM (SELECT * FROM {family}_recent UNION ALL BY NAME
SELECT * FROM {family}_minute) JOIN series AS s USING (series_id)
WHERE bucket >= ? AND bucket < ? AND list_contains(?, s.service) GROUP BY ALL ORDER BY ALL
"""
"""Panels read nothing but these sums; whatever quantile they show follows from the counts of the bins."""
FEATURES = """
SELECT d.service, d.version, bucket, f.name, f.kind, coalesce(c.value, t.code::VARCHAR) AS value, sum(requests) AS n
FROM (SELECT * FROM distributions_recent UNION ALL BY NAME SELECT * FROM distributions_minute) AS t
JOIN deployments AS d USING (deployment_id) JOIN features AS f USING (feature_id)
LEFT JOIN categories AS c ON f.kind = 'categorical' AND c.feature_id = t.feature_id AND c.category_id = t.code
WHERE bucket >= ? AND bucket < ? AND list_contains(?, d.service) GROUP BY ALL ORDER BY ALL
"""
SUMS = {
    "traffic": "sum(requests), sum(errors), sum(input_tokens), sum(output_tokens), sum(cached_tokens), "
    "round(sum(cost_usd), 9), sum(cost_known), sum(unpriced_tokens), min(first_at), max(last_at)",
    "failures": "sum(requests)",
    "histograms": "sum(requests)",
}


class Demo:
    """The fleet that `opsconsole demo` runs, and a daemon on its logs, both on one clock."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True)
        prepare(directory)
        self.fleet = Fleet(directory, seed=7, start=START)
        self.fleet.write_history(HISTORY_S)
        self.daemon = Daemon(directory, load(directory / "opsconsole.yaml"))
        self.daemon.start()
        self.daemon.desk.restore()
        self._look()

    def advance(self, seconds: int) -> None:
        for second in range(STEP_S, seconds + 1, STEP_S):
            self.daemon.clock.advance(STEP_S)
            self.fleet.step(self.daemon.clock.now())
            if second % LOOK_S == 0:
                self._look()

    def _look(self) -> None:
        desk = self.daemon.desk
        self.daemon.settle()
        for service in desk.releasing.around.targets:
            desk.releasing.watch.look(service)
        desk.alerting.look()
        desk.responding.look()

    def until_it_is_noticed(self) -> wire.Alert:
        for _ in range(0, ALERT_WITHIN_S, LOOK_S):
            self.advance(LOOK_S)
            if found := self.daemon.ask("GET", "/v1/alerts", wire.AlertsView).alerts:
                return found[0]
        raise AssertionError("nothing was noticed")

    def do(self, verb: str, request: Any) -> None:
        self.daemon.ask("POST", f"/v1/{verb}", dict[str, Any], request)

    def close(self) -> None:
        self.fleet.close()
        self.daemon.engine.stop()


@dataclass(frozen=True)
class Played:
    original: Path
    """The store of the demo."""
    scenario: Path
    run: Run


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with room_for_processes() as room:
        demo = Demo(room / "demo")
        try:
            reply = worked(demo)
        finally:
            demo.close()
        file = read(Path(reply.path))
        run = Archive(room / "runs").new(file.scenario.id)
        play(file, run, (), file.scenario.seed, beat_s=30)
        yield Played(room / "demo" / "store.duckdb", Path(reply.path), run)


def worked(demo: Demo) -> wire.DrillRecorded:
    """Somebody takes the demo's ticket, takes the canary back, and says that it is over."""
    daemon = demo.daemon
    alert = demo.until_it_is_noticed()
    assert alert.title.startswith("chat-assist: v42 fails")
    demo.do("alert/ack", wire.AckRequest(alert=alert.id))
    opened = wire.OpenIncident(
        title="the canary fails", severities=("SEV-3",), services=("chat-assist",), alert=alert.id
    )
    demo.do("incident/open", opened)
    demo.do("incident/note", wire.AddNote(incident="INC-1", text="v42 is slow and fails", is_cause=True))
    plan = daemon.desk.releasing.plan(daemon.owner, wire.OrderRequest(service="chat-assist", act="rollback"))
    done = daemon.desk.releasing.apply(daemon.owner, wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with))
    assert done.word == "done"
    demo.advance(60)
    demo.do("incident/resolve", wire.ResolveIncident(incident="INC-1"))
    demo.advance(90)
    recorded = wire.RecordRequest(incident="INC-1", services=("fraud-score",))
    return daemon.ask("POST", "/v1/drill/record", wire.DrillRecorded, recorded)


def asked(store: Path, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(str(store), read_only=True)) as connection:
        return connection.execute(sql, list(parameters)).fetchall()


def test_recording_of_the_demo_has_no_mistake(played: Played) -> None:
    assert not errors_of(lint(played.scenario, played.scenario.read_text()))
    clock = read(played.scenario).scenario.clock
    assert [each.id for each in read(played.scenario).scenario.expectations] == ["answer", "cause", "act-1", "over"]
    assert clock.start.second == 0


@pytest.mark.parametrize("family", [*SUMS, "distributions"])
def test_every_minute_of_every_version_is_what_it_was(played: Played, family: str) -> None:
    """From the first record that there is up to the last minute, of which some requests had not ended."""
    clock = read(played.scenario).scenario.clock
    begin = START.replace(tzinfo=None) - timedelta(seconds=HISTORY_S)
    end = clock.start.replace(tzinfo=None) + timedelta(minutes=int(clock.length.removesuffix("m")) - 1)
    sql = FEATURES if family == "distributions" else PANELS.format(family=family, key=KEYS[family], sums=SUMS[family])
    original = asked(played.original, sql, begin, end, SERVICES)
    replayed = asked(played.run.home / "store.duckdb", sql, begin, end, SERVICES)
    assert {row[:2] for row in original} == {
        ("chat-assist", "v41"), ("chat-assist", "v42"), ("fraud-score", "v3"), ("fraud-score", "v4"),
    }  # fmt: skip
    assert len({row[2] for row in original}) >= (20 if family == "failures" else 30)
    assert replayed == original
