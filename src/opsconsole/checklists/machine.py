"""A run as a pure function of what happened: (runs, event) → runs.

Always true here: the journal alone decides how a run stands, so that a daemon which was killed goes on where it was; a
step is verified only by what a machine found, and ticked by what somebody said; what was sent is there before what
became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.journal.walk import Event

MOST_RUNS = 500
"""Runs that are kept at hand, the newest; the journal has all."""
RAN = frozenset({"done", "indeterminate", "not effective"})
"""Outcomes after which the world may be otherwise: what is undone when a run is aborted."""

replace = msgspec.structs.replace


@dataclass(frozen=True)
class Runs:
    """Every run, oldest first."""

    runs: Mapping[str, wire.Run] = field(default_factory=dict)
    count: int = 0
    """So many were begun: the next one's number is one more."""

    def of(self, checklist: str) -> list[wire.Run]:
        return [run for run in self.runs.values() if run.checklist.id == checklist]


def fold(events: Iterable[Event], state: Runs | None = None) -> Runs:
    state = state or Runs()
    for event in events:
        state = after(state, event)
    return state


def after(state: Runs, event: Event) -> Runs:
    """The state after one more event; events of other rooms change nothing."""
    if event.kind == "checklist.started":
        return _started(state, event)
    change = _CHANGES.get(event.kind)
    run = state.runs.get(str(event.data.get("run"))) if change is not None else None
    if change is None or run is None:
        return state
    return Runs({**state.runs, run.id: change(run, event)}, state.count)


def _started(state: Runs, event: Event) -> Runs:
    data = event.data
    run = wire.Run(
        id=str(data["run"]),
        checklist=msgspec.convert(data["checklist"], wire.Checklist),
        sha256=str(data["sha256"]),
        params=dict(data["params"]),
        incident=str(data["incident"]),
        parent=str(data["parent"]),
        parent_step=str(data["parent_step"]),
        parent_attempt=int(data["parent_attempt"]),
        started_at=_at(event),
        started_by=event.actor,
        roles=msgspec.convert(data["roles"], dict[str, wire.Party]),
    )
    ended = [each.id for each in state.runs.values() if each.phase == "ended"]
    surplus = set(ended[: max(len(state.runs) + 1 - MOST_RUNS, 0)])
    kept = {name: each for name, each in state.runs.items() if name not in surplus}
    return Runs({**kept, run.id: run}, state.count + 1)


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)


def _by(event: Event) -> wire.Party | None:
    return msgspec.convert(event.data["by"], wire.Party) if event.data.get("by") else None


def _with(run: wire.Run, event: Event, **changes: Any) -> wire.Run:
    """The run with its event's step changed; a step that a run never entered stays so."""
    step = str(event.data["step"])
    progress = run.steps.get(step)
    if progress is None:
        return run
    return replace(run, steps={**run.steps, step: replace(progress, heard_at=_at(event), **changes)})


def _ended_as(word: wire.StepWord, event: Event, **more: Any) -> dict[str, Any]:
    return {"word": word, "ended_at": _at(event), "by": _by(event), **more}


def _entered(run: wire.Run, event: Event) -> wire.Run:
    step, at = str(event.data["step"]), _at(event)
    before = run.steps.get(step)
    progress = wire.Progress(
        attempt=before.attempt + 1 if before else 1,
        entered_at=at,
        since=at,
        heard_at=at,
        evidence=before.evidence if before else (),
    )
    steps = {name: each for name, each in run.steps.items() if name != step}
    return replace(run, current=step, steps={**steps, step: progress})


def _evidence(run: wire.Run, event: Event) -> wire.Run:
    found = msgspec.convert(event.data["items"], tuple[wire.Exhibit, ...])
    progress = run.steps.get(str(event.data["step"]))
    return _with(run, event, evidence=(*progress.evidence, *found)) if progress else run


def _expected(run: wire.Run, event: Event) -> wire.Run:
    data = event.data
    which: wire.Which = data["which"]
    finding = wire.Finding(
        which=which, ok=data["ok"], told=str(data["told"]), at=_at(event), query=str(data.get("query", ""))
    )
    if which == "stop":
        return replace(run, stopped=finding.told)
    progress = run.steps.get(str(data["step"]))
    if progress is None:
        return run
    findings = (*(each for each in progress.findings if each.which != which), finding)
    if which == "undo" or progress.word not in ("active", "waiting", "verifying"):
        return _with(run, event, findings=findings)
    if data.get("waits"):
        word: wire.StepWord = "verifying" if which == "verify" else "waiting"
        return _with(run, event, findings=findings, word=word)
    if not finding.ok:
        return _with(run, event, findings=findings, **_ended_as("failed", event))
    if which == "precondition":
        return _with(run, event, findings=findings)
    return _with(run, event, findings=findings, **_ended_as("verified", event, by=progress.by))


def _ticked(run: wire.Run, event: Event) -> wire.Run:
    data = event.data
    note = str(data.get("note", ""))
    if not data["is_ok"]:
        return _with(run, event, **_ended_as("failed", event, note=note))
    if data.get("is_verified_next"):
        return _with(run, event, word="verifying", since=_at(event), by=_by(event), note=note)
    word: wire.StepWord = "verified" if data.get("is_verified") else "ticked"
    return _with(run, event, **_ended_as(word, event, note=note))


def _decided(run: wire.Run, event: Event) -> wire.Run:
    return _with(run, event, **_ended_as("decided", event, choice=str(event.data["option"])))


def _skipped(run: wire.Run, event: Event) -> wire.Run:
    if key := str(event.data.get("undoes", "")):
        return _without(run, key, event)
    return _with(run, event, **_ended_as("skipped", event, note=str(event.data["reason"])))


def _without(run: wire.Run, key: str, event: Event) -> wire.Run:
    """An operation that somebody chose to leave as it is."""
    left = next(each for each in run.ops if each.key == key)
    op = wire.Op(
        key=f"{key}:left", kind=left.kind, step=left.step, attempt=left.attempt, undoes=key, word="done",
        told=f"left as it is: {event.data['reason']}", at=_at(event),
    )  # fmt: skip
    return replace(run, ops=(*run.ops, op))


def _approved(run: wire.Run, event: Event) -> wire.Run:
    word: wire.StepWord = "approved" if event.data["is_given"] else "failed"
    run = _with(run, event, **_ended_as(word, event, note=str(event.data.get("note", ""))))
    role, by = str(event.data.get("role", "")), _by(event)
    return replace(run, roles={**run.roles, role: by}) if role and by and event.data["is_given"] else run


def _acted(run: wire.Run, event: Event) -> wire.Run:
    """Either that something is about to be sent, or what became of it."""
    if event.data["phase"] == "sending":
        op = msgspec.convert(event.data["op"], wire.Op)
        run = replace(run, ops=(*run.ops, op))
        return _with(run, event, **({} if op.undoes else {"word": "acting", "by": _by(event)}))
    run = _known(run, event)
    progress = run.steps.get(str(event.data["step"]))
    if progress is None or progress.word != "acting":
        return run
    word = str(event.data["word"])
    if word == "indeterminate" and event.data.get("is_release", True):
        return _with(run, event)
    if word != "done":
        return _with(run, event, **_ended_as("failed", event, by=progress.by, note=str(event.data["told"])))
    if run.checklist.step(str(event.data["step"])).verify is not None:
        return _with(run, event, word="verifying", since=_at(event))
    return _with(run, event, **_ended_as(_word_of(event), event, by=progress.by))


def _word_of(event: Event) -> wire.StepWord:
    """A change that was read back is verified; a message that was handed over is what somebody did."""
    return "verified" if event.data.get("is_release", True) else "ticked"


def _known(run: wire.Run, event: Event) -> wire.Run:
    key, word, told = event.data["key"], str(event.data["word"]), str(event.data["told"])
    return replace(run, ops=tuple(replace(each, word=word, told=told) if each.key == key else each for each in run.ops))


def _undone(run: wire.Run, event: Event) -> wire.Run:
    """What became of taking something back."""
    run = _known(run, event)
    return _with(run, event, **_ended_as("undone", event)) if event.data["word"] == "done" else _with(run, event)


def _noted(run: wire.Run, event: Event) -> wire.Run:
    step, text = str(event.data.get("step", "")), str(event.data["text"])
    note = wire.RunNote(at=_at(event), actor=event.actor, step=step, text=text)
    return _with(replace(run, notes=(*run.notes, note)), event) if step else replace(run, notes=(*run.notes, note))


def _joined(run: wire.Run, event: Event) -> wire.Run:
    by = _by(event)
    return replace(run, roles={**run.roles, str(event.data["role"]): by}) if by else run


def _aborted(run: wire.Run, event: Event) -> wire.Run:
    return replace(run, phase="aborting", why=str(event.data["reason"]))


def _run_ended(run: wire.Run, event: Event) -> wire.Run:
    return replace(
        run, phase="ended", word=str(event.data["word"]), ended_at=_at(event), current="",
        why=str(event.data.get("told", "")) or run.why,
    )  # fmt: skip


_CHANGES: dict[str, Callable[[wire.Run, Event], wire.Run]] = {
    "checklist.entered": _entered,
    "checklist.evidence": _evidence,
    "checklist.expected": _expected,
    "checklist.ticked": _ticked,
    "checklist.decided": _decided,
    "checklist.skipped": _skipped,
    "checklist.approved": _approved,
    "checklist.acted": _acted,
    "checklist.undone": _undone,
    "checklist.noted": _noted,
    "checklist.joined": _joined,
    "checklist.aborted": _aborted,
    "checklist.ended": _run_ended,
}


# What follows from how a run stands ---------------------------------------------------------------------------------


def pending(run: wire.Run) -> wire.Op | None:
    """What was sent and whose outcome is not known."""
    return next((op for op in run.ops if not op.word or (op.kind == "release" and op.word == "indeterminate")), None)


def to_undo(run: wire.Run) -> wire.Op | None:
    """What is to be undone next: of what ran, and was not undone, the last."""
    undone = {op.undoes for op in run.ops if op.undoes and op.word == "done"}
    return next(
        (
            op
            for op in reversed(run.ops)
            if op.kind == "release" and not op.undoes and op.word in RAN and op.key not in undone
        ),
        None,
    )


def tally(run: wire.Run) -> wire.RunTally:
    """How many steps are verified, and how many only ticked."""
    counts = dict.fromkeys(("verified", "ticked", "skipped", "failed", "decided"), 0)
    for progress in run.steps.values():
        word = "decided" if progress.word == "approved" else progress.word
        if word in counts:
            counts[word] += 1
    return wire.RunTally(**counts, open=len(run.checklist.steps) - sum(counts.values()))
