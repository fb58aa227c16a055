"""Drift is remembered for a while, and found anew beside the views."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import write_calls
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.daemon import remembering
from opsconsole.daemon.views.reading import Asked


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic seconds that drift's age is counted by."""
    seconds = [0.0]
    monkeypatch.setattr(remembering, "monotonic", lambda: seconds[0])
    return seconds


def judged(daemon: Daemon) -> int:
    """Values behind the drift that a view shows."""
    view = daemon.desk.view(Asked(kind="service", window="all", service="chat"))
    assert isinstance(view, wire.ServiceView)
    return sum(finding.n for finding in view.drift.findings)


def test_drift_is_found_anew_only_after_a_while_and_beside_the_views(
    daemon: Daemon, tmp_path: Path, clock: list[float]
) -> None:
    log = write_calls(tmp_path / "a.jsonl", START, range(0, 1200, 2))
    daemon.attach(log)
    first = judged(daemon)
    write_calls(log, START, range(1, 1200, 2))
    daemon.settle()
    clock[0] = remembering.FRESH_S - 1
    assert judged(daemon) == first
    clock[0] = remembering.FRESH_S + 1
    assert judged(daemon) == first
    daemon.desk.drift._worker.submit(lambda: None).result()
    assert judged(daemon) > first


def test_drift_that_nobody_asked_for_long_is_waited_for(daemon: Daemon, tmp_path: Path, clock: list[float]) -> None:
    log = write_calls(tmp_path / "a.jsonl", START, range(0, 1200, 2))
    daemon.attach(log)
    first = judged(daemon)
    write_calls(log, START, range(1, 1200, 2))
    daemon.settle()
    clock[0] = remembering.OLDEST_S + 1
    assert judged(daemon) > first
