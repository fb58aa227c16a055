"""Answers about checklists: a run at a decision, others at an action and at a manual step, and a list that is stale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from answers_alerts import CHECKLIST, ago
from answers_charts import frame_of

from opsconsole import wire

STEPS = (
    wire.Step(
        id="confirm", type="check", title="Is it really failing?", section="Whose errors are they?", timebox="2m",
        expect=wire.Probe(signal="error_rate($service) > 1% over 10m"),
    ),
    wire.Step(id="look", type="manual", title="Look at one of them", section="Whose errors are they?", timebox="5m"),
    wire.Step(
        id="decide", type="decision", title="Roll back?", timebox="2m", section="Make it stop",
        text="What the newest version answers is lost.\n\n- users wait\n- a fix can follow",
        options=(
            wire.Option(key="r", label="Roll back now", consequence="v42 loses its traffic", goto="rollback"),
            wire.Option(key="w", label="Not yet", consequence="users go on failing", goto="look"),
        ),
    ),
    wire.Step(
        id="rollback", type="action", title="Roll back", timebox="5m", action="release.rollback",
        with_={"service": "$service"}, section="Make it stop",
        verify=wire.Probe(signal="share($service, $version) < 1% over 2m", within="10m"),
    ),
    wire.Step(id="tell", type="comms", title="Tell people", timebox="3m", audience="internal", to=("ops-chat",)),
)  # fmt: skip
LIST = wire.Checklist(
    id="error-spike", title="Error spike", steps=STEPS, severity=("SEV-1", "SEV-2"), owner="opsconsole",
    about="Requests fail. First find out whose failures they are.",
    params={
        "service": wire.Param(type="service", required=True, about="the service that fails"),
        "version": wire.Param(type="version", required=True, sql="FROM newest_version($service)"),
    },
    triggers=(wire.Probe(signal="error_rate($service) > 5% over 5m"),),
)  # fmt: skip
ANN = wire.Party(who="ann")
HOLDS = wire.Finding(which="expect", ok=True, told="8.1% > 1%, n 4,412", at=ago(6), query="error_rate($service) > 1%")
SHOWN = wire.Exhibit(
    kind="sql", query="FROM versions($service, '15m')", columns=("version", "n", "error_rate"),
    rows=(("v42", 441, 0.081), ("v41", 3_971, 0.004)), told="2 rows", at=ago(1),
)  # fmt: skip


def progress(word: wire.StepWord, minutes: float, **changes: Any) -> wire.Progress:
    base = wire.Progress(word=word, entered_at=ago(minutes), since=ago(minutes), heard_at=ago(minutes))
    return msgspec.structs.replace(base, **changes)


def run(name: str = "RUN-3", current: str = "decide", **changes: Any) -> wire.Run:
    passed = {
        "confirm": progress("verified", 6, findings=(HOLDS,)),
        "look": progress("ticked", 4, by=ANN, note="all time out"),
    }
    base = wire.Run(
        id=name, checklist=LIST, sha256="ab", params={"service": "chat-assist", "version": "v42"}, incident="INC-7",
        started_at=ago(7), started_by="ann", current=current,
        steps={**passed, current: progress("active", 2, evidence=(SHOWN,))} if current else passed,
        notes=(wire.RunNote(at=ago(3), actor="ann", step="look", text="only the batch key"),),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


CURRENT = {"RUN-3": "decide", "RUN-4": "rollback", "RUN-5": "look", "RUN-6": "tell"}
ALWAYS: tuple[wire.StepVerb, ...] = ("note", "join", "abort")
OFFERED: dict[str, tuple[wire.StepVerb, ...]] = {
    "decide": ("decide", "skip", *ALWAYS),
    "rollback": ("plan", "act", "skip", *ALWAYS),
    "look": ("tick", "fail", "skip", *ALWAYS),
    "tell": ("send", "tick", "skip", *ALWAYS),
    "": (),
}


def view_of(one: wire.Run, parameters: Mapping[str, str], **changes: Any) -> wire.RunView:
    base = wire.RunView(
        run=one, tally=wire.RunTally(verified=1, ticked=1, open=3), verbs=OFFERED[one.current], waits="",
        flags=("Roll back?: over its timebox of 2m by 40s",) if one.current == "decide" else (), undoing="",
        message="chat-assist: it was v42" if one.current == "tell" else "", confirm="", child="",
        **frame_of(parameters),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def run_view(parameters: Mapping[str, str]) -> wire.RunView:
    name = parameters.get("id", "RUN-3")
    if name == "RUN-2":
        return view_of(run(name, "", phase="ended", word="done", ended_at=ago(1)), parameters)
    return view_of(run(name, CURRENT.get(name, "decide")), parameters)


def brief(name: str, **changes: Any) -> wire.RunBrief:
    base = wire.RunBrief(
        id=name, checklist="error-spike", title="Error spike", phase="running", word="", step="Roll back?",
        started_at=ago(7), started_by="ann", incident="INC-7", tally=wire.RunTally(verified=1, ticked=1, open=3),
        flags=("over its timebox of 2m by 40s",),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


STALE = msgspec.structs.replace(
    CHECKLIST, id="handover", title="Handover", stale=("reviewed 200 days ago, stale after 90d",), steps=9
)


def checklists_view(parameters: Mapping[str, str]) -> wire.ChecklistsView:
    ended = brief("RUN-2", phase="ended", word="done", step="", flags=())
    return wire.ChecklistsView(
        checklists=(CHECKLIST, STALE), runs=(brief("RUN-3"), ended), **frame_of(parameters)
    )  # fmt: skip


def checklist_view(parameters: Mapping[str, str]) -> wire.ChecklistView:
    entry = STALE if parameters.get("id") == "handover" else CHECKLIST
    return wire.ChecklistView(
        entry=entry, checklist=LIST, text="---\nid: error-spike\n---\n\n### 1. Is it really failing?", problems=(),
        **frame_of(parameters),
    )  # fmt: skip


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {"checklists": checklists_view, "checklist": checklist_view, "run": run_view}
