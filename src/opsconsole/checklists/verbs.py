"""What people can do about a step: a table of verbs, and which of them mean something now.

Always true here: nothing is offered that would be refused for how the run stands; who may do it is another question.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsconsole import wire
from opsconsole.checklists.machine import pending, to_undo

_ALWAYS: tuple[wire.StepVerb, ...] = ("note", "join", "abort")
_OF_TYPE: Mapping[wire.StepType, tuple[wire.StepVerb, ...]] = {
    "check": ("retry", "skip"),
    "manual": ("tick", "fail", "skip"),
    "decision": ("decide", "skip"),
    "action": ("plan", "act", "skip"),
    "wait": ("tick", "skip"),
    "comms": ("send", "tick", "skip"),
    "approval": ("approve", "deny", "skip"),
    "subchecklist": ("skip",),
}
"""Type → what may be done while it is the step's turn."""
_FAILED: Mapping[wire.StepType, tuple[wire.StepVerb, ...]] = {
    "check": ("retry", "skip"),
    "manual": ("retry", "skip"),
    "decision": ("retry", "skip"),
    "action": ("retry", "skip"),
    "wait": ("retry", "skip"),
    "comms": ("tick", "retry", "skip"),
    "approval": ("retry", "skip"),
    "subchecklist": ("retry", "skip"),
}
"""The same after it failed. A step that leads elsewhere when it fails has moved on by then."""
_UNDOING: tuple[wire.StepVerb, ...] = ("plan", "act", "skip", "note")


def verbs(run: wire.Run, step: str = "") -> tuple[wire.StepVerb, ...]:
    """What may be done about a step, the current one where none is named."""
    if run.phase == "ended":
        return ()
    if run.phase == "aborting":
        is_ready = pending(run) is None and to_undo(run) is not None
        return _UNDOING if is_ready else ("note",)
    name = step or run.current
    progress = run.steps.get(name)
    kind = run.checklist.step(name).type
    if progress is None or progress.word == "active":
        return (*_OF_TYPE[kind], *_ALWAYS)
    if progress.word == "failed":
        return (*_FAILED[kind], *_ALWAYS)
    if progress.word in ("waiting", "verifying"):
        return ("retry", "skip", *_ALWAYS) if kind != "action" else ("skip", *_ALWAYS)
    return _ALWAYS
