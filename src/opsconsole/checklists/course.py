"""What comes next in a run: pure, of the run and the time.

Always true here: what a machine can do by itself is due and nothing else is; without a person no action is sent, and no
action is repeated; a step that fails leads where it says, or waits for somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from opsconsole import wire
from opsconsole.checklists.machine import pending, to_undo
from opsconsole.checklists.probing import within_of
from opsconsole.durations import duration, spelled

Deed = Literal["enter", "capture", "probe", "look up", "child", "timer", "end", "probe undo"]


class Due(NamedTuple):
    """Something that the machine is to do now."""

    deed: Deed
    step: str = ""
    which: wire.Which = "expect"
    word: str = ""


Looked = Mapping[tuple[str, str, int, str], tuple[datetime, str]]


def due(run: wire.Run, now: datetime, looked: Looked) -> Due | None:
    """The next thing that the machine does by itself; None: it is somebody's turn, or too early to look again."""
    if run.phase == "ended":
        return None
    if (op := pending(run)) is not None:
        return Due("look up", op.step)
    if run.phase == "aborting":
        return _aborting(run)
    if not run.current:
        return Due("enter", run.checklist.steps[0].id)
    step, progress = run.checklist.step(run.current), run.steps[run.current]
    if progress.word in wire.PASSED:
        return _onward(run, step, progress)
    if progress.word == "failed":
        return _failed(step, progress, now)
    return _going_on(run, step, progress, now, looked)


def _aborting(run: wire.Run) -> Due | None:
    last = next((op for op in reversed(run.ops) if op.undoes), None)
    if last is not None and last.word == "done" and not last.key.endswith(":left"):
        step, progress = run.checklist.step(last.step), run.steps[last.step]
        is_looked_at = any(each.which == "undo" and each.at >= last.at for each in progress.findings)
        if step.undo is not None and step.undo.verify is not None and not is_looked_at:
            return Due("probe undo", step.id, "undo")
    return Due("end", word="aborted") if to_undo(run) is None else None


def _onward(run: wire.Run, step: wire.Step, progress: wire.Progress) -> Due:
    if run.checklist.style == "do-confirm":
        after = next((each.id for each in run.checklist.steps if not is_passed(run, each.id)), wire.END)
    else:
        after = following(run.checklist, step, progress.choice)
    return Due("end", word="done") if after == wire.END else Due("enter", after)


def following(checklist: wire.Checklist, step: wire.Step, choice: str = "") -> str:
    """Id of the step after this one, or ``end``."""
    option = next((each for each in step.options if each.key == choice), None)
    named = (option.goto if option is not None else "") or step.goto
    if named:
        return named
    ids = [each.id for each in checklist.steps]
    return next(iter(ids[ids.index(step.id) + 1 :]), wire.END)


def is_passed(run: wire.Run, step: str) -> bool:
    return step in run.steps and run.steps[step].word in wire.PASSED


def _failed(step: wire.Step, progress: wire.Progress, now: datetime) -> Due | None:
    """Where a failure leads by itself: once more, for a check that says so, or somewhere else."""
    retry, ended = step.retry, progress.ended_at or now
    is_check = step.type in ("check", "wait")
    if retry is not None and is_check and progress.attempt <= retry.times:
        return Due("enter", step.id) if now >= ended + duration(retry.every) else None
    branch = branch_of(step, progress)
    if branch is None:
        return None
    return Due("end", word="done") if branch.goto == wire.END else Due("enter", branch.goto)


def branch_of(step: wire.Step, progress: wire.Progress) -> wire.Branch | None:
    """Where a failed step leads: what was waited for in vain has a way of its own."""
    last = progress.findings[-1] if progress.findings else None
    probe = probe_of(step, last.which) if last is not None and last.ok is not True else None
    timed_out = probe.on_timeout if probe is not None else None
    return timed_out or step.on_fail


def probe_of(step: wire.Step, which: wire.Which) -> wire.Probe | None:
    return {"expect": step.expect, "verify": step.verify, "until": step.until}.get(which)


def _going_on(run: wire.Run, step: wire.Step, progress: wire.Progress, now: datetime, looked: Looked) -> Due | None:
    if progress.word == "verifying":
        return _probe(run, step, progress, "verify" if step.verify is not None else "expect", now, looked)
    if step.preconditions and not any(each.which == "precondition" for each in progress.findings):
        return Due("probe", step.id, "precondition")
    captured = [each for each in progress.evidence if each.at >= progress.entered_at and each.kind in _CAPTURED]
    if step.evidence and not captured:
        return Due("capture", step.id)
    if step.type == "check" and step.expect is not None:
        return _probe(run, step, progress, "expect", now, looked)
    if step.type == "wait":
        if step.until is not None:
            return _probe(run, step, progress, "until", now, looked)
        return Due("timer", step.id) if now >= progress.entered_at + duration(step.for_) else None
    return Due("child", step.id) if step.type == "subchecklist" else None


_CAPTURED = ("sql", "signal", "panel")


def _probe(
    run: wire.Run, step: wire.Step, progress: wire.Progress, which: wire.Which, now: datetime, looked: Looked
) -> Due | None:
    probe = probe_of(step, which)
    last = looked.get((run.id, step.id, progress.attempt, which))
    if probe is None or (last is not None and now < last[0] + _poll(probe) and now < deadline(progress, probe)):
        return None
    return Due("probe", step.id, which)


def _poll(probe: wire.Probe) -> timedelta:
    return max(duration(probe.poll), timedelta(seconds=1))


def deadline(progress: wire.Progress, probe: wire.Probe) -> datetime:
    """Until when a probe may take to hold."""
    return progress.since + duration(within_of(probe))


# What a person sees of it ------------------------------------------------------------------------------------------


def flags(run: wire.Run, now: datetime) -> tuple[str, ...]:
    """What is amber about a run; nothing is ended by it."""
    told = [f"stop condition: {run.stopped}"] if run.stopped else []
    if run.phase == "running" and not run.incident:
        told += _overdue(run, now)
    progress = run.steps.get(run.current)
    if run.phase != "running" or progress is None or progress.ended_at is not None:
        return tuple(told)
    step = run.checklist.step(run.current)
    over = now - progress.entered_at - duration(step.timebox)
    if step.timebox and over > timedelta(0):
        told.append(f"over its timebox of {step.timebox} by {spelled(over)}")
    silence = now - progress.heard_at
    if step.on_silence is not None and silence > duration(step.on_silence.flag_after):
        told.append(f"nothing heard for {spelled(silence)}")
    return tuple(told)


def _first_message(run: wire.Run) -> datetime | None:
    return None if _messages(run) else run.started_at


def _next_message(run: wire.Run) -> datetime | None:
    return max(_messages(run), default=None)


def _messages(run: wire.Run) -> list[datetime]:
    return [op.at for op in run.ops if op.kind == "notice" and op.word == "done"]


TIMERS: Mapping[str, tuple[str, Callable[[wire.Run], datetime | None]]] = {
    "first_comms": ("the first message", _first_message),
    "update_every": ("the next message", _next_message),
}
"""Timer of a list → what is due, and since when it counts; None while it does not."""


def _overdue(run: wire.Run, now: datetime) -> list[str]:
    told = []
    for name, length in run.checklist.timers.items():
        what, since_of = TIMERS.get(name, ("", _first_message))
        since = since_of(run)
        if what and since is not None and (over := now - since - duration(length)) > timedelta(0):
            told.append(f"{what} is overdue by {spelled(over)} ({name}: {length})")
    return told


def waits(run: wire.Run, now: datetime, looked: Looked) -> str:
    """What is waited for, in words; empty where it is somebody's turn."""
    if (op := pending(run)) is not None:
        return f"what became of {op.key}"
    progress = run.steps.get(run.current)
    if run.phase != "running" or progress is None:
        return ""
    step = run.checklist.step(run.current)
    if progress.word == "failed" and step.retry is not None and progress.attempt <= step.retry.times:
        return f"the next look, {progress.attempt} of {step.retry.times} again"
    if step.type == "wait" and step.until is None and progress.word == "active":
        return f"{spelled(progress.entered_at + duration(step.for_) - now)} more"
    if progress.word not in ("waiting", "verifying"):
        return ""
    which: wire.Which = (
        "until" if step.until else "verify" if progress.word == "verifying" and step.verify else "expect"
    )
    probe = probe_of(step, which)
    if probe is None:
        return ""
    found = looked.get((run.id, step.id, progress.attempt, which))
    told = f": {found[1]}" if found else ""
    return f"{probe.signal or 'an answer'} for {spelled(deadline(progress, probe) - now)} more{told}"
