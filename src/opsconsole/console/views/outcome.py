"""What became of an act that was confirmed: sent, answered, verified; or how it failed, and what to do then.

Always true here: an outcome is a sign and a word; what cannot be told is said as that, and nothing is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, separated, span
from opsconsole.console.panels.shares import labelled, routing_line, shares_line, told
from opsconsole.console.proceeding import Proceeding
from opsconsole.console.states import EFFECTS, OUTCOMES, Sign


def has_moved(going: Proceeding) -> bool:
    return going.outcome is not None and going.outcome.word == "moved"


def lines(going: Proceeding, plan: wire.Plan, frame: Frame, width: int) -> list[Line]:
    """How far it is, and once it is over what came of it."""
    change = (Span("   from ", "head"), *shares_line(plan.before.routing.shares), Span("  → ", "head"))
    return [
        (*change, *routing_line(plan.after)),
        EMPTY,
        *_steps(going, frame),
        EMPTY,
        *_ended(going, plan, frame, width),
    ]


def _steps(going: Proceeding, frame: Frame) -> Iterator[Line]:
    """Confirmed, executed, verified."""
    answered, verdict = going.outcome, verdict_of(going, frame)
    yield _step(Sign("✔", "confirmed", "ok"), "it is asked for once, and never again by itself")
    if answered is None:
        waited = numbers.ticking_age(frame.now_s - going.since_s)
        yield _step(Sign("●", "the daemon executes it", "accent"), waited)
        yield _step(Sign("◌", "then it is verified", "quiet"), "")
        return
    yield _step(OUTCOMES[answered.word], f"after {numbers.duration(answered.took_ms)}" if answered.took_ms else "")
    if verdict is not None:
        yield _step(EFFECTS[verdict.effect], verdict.why)
    elif answered.word == "done":
        yield _step(EFFECTS["pending"], f"being verified: {going.watched_in} says when it is")


def _step(sign: Sign, words: str) -> Line:
    return separated(((Span("   ", "text"), sign.span), span(words, "dim")), "  ")


def verdict_of(going: Proceeding, frame: Frame) -> wire.Verdict | None:
    """The newest there is: what is being watched by now, else that of the outcome."""
    view = frame.release
    if view is not None and view.watch is not None and going.plan is not None and view.watch.op_id == going.plan.op_id:
        return view.watch.verdict or (going.outcome.verdict if going.outcome is not None else None)
    return going.outcome.verdict if going.outcome is not None else None


def _ended(going: Proceeding, plan: wire.Plan, frame: Frame, width: int) -> Iterator[Line]:
    ended = going.outcome
    if ended is None:
        return
    yield from told("result", ended.told, width, "strong")
    for refusal in ended.refusals:
        yield from told("", f"{refusal.rule}: {refusal.why}", width)
        yield from told("", f"→ {refusal.remedy}", width, "strong")
    if ended.receipt is not None:
        yield from told("answer", ended.receipt.answer, width)
    verdict = verdict_of(going, frame)
    if verdict is not None and verdict.observed:
        n = (Span(f"n {numbers.count(verdict.n_observed)}", "dim"),)
        yield labelled("arriving", separated((shares_line(verdict.observed), n)))
    if ended.word == "moved":
        for each in _since(plan, frame):
            yield from told("meanwhile", f"{each.at:%H:%M:%S} {each.actor}: {each.told}", width)
        if going.again:
            yield from told("then", f"{going.again} plans anew, from how it is now", width, "accent")
    if going.undo_command:
        yield from told("undo", going.undo_command, width, "accent")


def _since(plan: wire.Plan, frame: Frame) -> list[wire.HistoryEntry]:
    """What others did to the service since shortly before it was planned."""
    if frame.release is None:
        return []
    begin = plan.before.observed_at - timedelta(minutes=1)
    return [each for each in frame.release.history if each.at >= begin and each.op_id != plan.op_id]
