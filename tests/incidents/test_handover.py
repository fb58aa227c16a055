"""The handover page: 80 columns, at most 64 kB, nothing that a terminal obeys, whatever is in it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reviewed import worked
from working import HOSTILE, START, Room

from opsconsole import wire
from opsconsole.console.text import is_safe, width
from opsconsole.daemon.views.told import told_of
from opsconsole.handover import COLUMNS, MOST_BYTES, handover, wrapped
from opsconsole.incidents import timeline, timers
from opsconsole.incidents.conduct import warnings

WIDE = "漢字かな交じり文" * 30
MARKS = "e" + "\u0301" * 50
TEXTS = st.one_of(st.just(HOSTILE), st.just(WIDE), st.just(MARKS), st.text(max_size=300), st.just("x" * 300))


def view_of(room: Room, **more: object) -> wire.IncidentView:
    incident, now = room.incident, room.clock.now()
    lines = timeline.lines(incident, room.events(), lambda event: told_of(event)[1:], now)
    fields: dict[str, object] = {
        "revision": 1, "environment": "prod", "now": now, "end": now, "is_live": True, "window": "1h",
        "axis": wire.Axis(start=START, step_s=60, buckets=60), "query_ms": 0.0, "incident": incident,
        "timers": timers.timers(incident, now), "warnings": warnings(incident, ()), "timeline": lines,
        "matched": len(lines),
    }  # fmt: skip
    return wire.IncidentView(**{**fields, **more})  # type: ignore[arg-type]


def bounded(page: str) -> None:
    assert len(page.encode()) <= MOST_BYTES
    assert page.endswith("\n")
    for line in page.splitlines():
        assert width(line) <= COLUMNS, line
        assert is_safe(line), line


def test_the_page_says_who_does_what_and_what_comes_next() -> None:
    room = worked()
    room.conduct.reopen("ann", wire.ReopenIncident(incident="INC-1", why="it is back"))
    room.role("ann", "commander", "offer", "bob")
    here = wire.Presence(console="c", user="eve", origin="10.0.0.7", view="service", service="chat")
    now = wire.ServiceNow(service="chat", state="fail", reasons=("error rate 8.1%",), requests=9_120, error_rate=0.081)
    page = handover(view_of(room, services=(now,), running=("chat: rollout of v43 held at 10%",), here=(here,)))
    bounded(page)
    assert page.splitlines()[0] == f"{'INC-1  SEV-2  identified':<60}2026-11-25 04:00 UTC"
    for words in (
        "chat answers slowly",
        "commander  ann, for 59m; offered to bob, who has not accepted",
        "operator   bob, for 57m",
        "free       deputy, scribe, comms",
        "attached   eve (service)",
        "impact start  11-25 02:55  by evidence",
        "detected      11-25 02:59  by bob: a user wrote",
        "cause         v42 evicts the cache TODO: v42 evicts the cache @ann due\n    2026-12-04 (bob)",
        "chat is fail now: error rate 8.1%; in 15 min n 9,120, errors 8.10%, p99 –, –/h",
        "chat: rollout of v43 held at 10%",
        "due      11-25 04:05  tell people that it is looked into",
        "1. v42 evicts the cache @ann due 2026-12-04",
        "04:00:00 ann: INC-1 opened again: it is back",
        "opsconsole incident role INC-1 commander --accept",
        "opsconsole show service chat --window 1h",
    ):
        assert words in page, words


def test_the_page_of_an_incident_that_was_just_opened_says_what_is_not_known(room: Room) -> None:
    room.open("SEV-4", services=())
    page = handover(view_of(room))
    bounded(page)
    for words in ("nobody has one", "last message  none was sent", "nothing that the console knows of"):
        assert words in page


@pytest.mark.parametrize("text", [HOSTILE, WIDE, MARKS, "x" * 9_000, "\n\n\n", "a\tb\x00c"])
def test_the_page_keeps_its_bounds_with_everything_full_of(text: str) -> None:
    room = Room()
    room.open("SEV-1", title=f"x{text}"[:200], services=tuple(f"{text[:90]}{i}" for i in range(50)))
    for role in wire.INCIDENT_ROLES:
        room.conduct.change_role(text, text, wire.ChangeRole(incident="INC-1", role=role, act="take"))
    for i in range(60):
        room.note(f"{text[:900]} {i}", text, is_cause=True)
        asked = wire.ChangeFollowUp(incident="INC-1", text=f"{text[:900]} {i}", owner=text[:90], due=date(2026, 12, 1))
        room.conduct.change_follow_up(text, asked)
    room.update(text=text)
    now = tuple(
        wire.ServiceNow(service=f"{text}{i}", state="fail", reasons=(text,) * 9, requests=10**9) for i in range(60)
    )
    here = tuple(wire.Presence(console=str(i), user=text, origin=text, view=text, service=text) for i in range(60))
    full = {"running": (text,) * 60, "warnings": (text,) * 60, "environment": text}
    page = handover(view_of(room, services=now, here=here, **full))
    bounded(page)
    assert "… and " in page, "what was left out is said"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXTS, min_size=1, max_size=12))
def test_the_page_keeps_its_bounds_with_any_text(texts: list[str]) -> None:
    room = Room()
    room.open("SEV-1", title=f"x{texts[0]}"[:200], services=tuple(each[:99] for each in texts[:3]))
    for text in texts:
        room.note(f"x{text}", text[:99], is_cause=True)
        room.clock.advance(timedelta(minutes=3).total_seconds())
    bounded(handover(view_of(room, environment=texts[-1], running=tuple(texts))))


@given(text=TEXTS, rows=st.integers(1, 4))
def test_wrapped_lines_fit_and_say_when_they_were_cut(text: str, rows: int) -> None:
    lines = wrapped(text, rows=rows)
    assert 1 <= len(lines) <= rows
    assert all(width(line) <= COLUMNS and is_safe(line) for line in lines)


def test_a_page_that_would_be_too_long_ends_with_where_the_rest_is() -> None:
    room = worked()
    line = wire.IncidentLine(at=START, kind="x", service="", actor="a", text="漢" * 400, command="")
    page = handover(view_of(room, timeline=(line,) * 5_000, matched=9_000, running=("漢" * 600,) * 30))
    bounded(page)
    assert "(the newest 25 of 9000)" in page
