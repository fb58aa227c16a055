"""The page of an act before it is done: exactly what would be done, what is known now, and what has to be typed for it.

Always true here: environment, change, evidence and prompt are on the screen at every size; what has no room is scrolled
to, and the page says how much that is; where a rule refuses, there is nothing to type.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, line, line_width, span
from opsconsole.console.palette import Ink, environment_ink
from opsconsole.console.panels.shares import EVIDENCE_COLUMNS, evidence_cells, labelled, routing_line, shares_line, told
from opsconsole.console.proceeding import ActStage, Proceeding
from opsconsole.console.text import cut, safe
from opsconsole.console.views import outcome, versions
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Column

AGE = Column("age", "last", 5, is_right=True)
MOST_BODY = 4_000
"""Characters of one request's body that are shown."""
OVER: frozenset[ActStage] = frozenset({"sent", "done"})
"""Stages in which there is nothing to type any more."""
TYPED_CELLS = 15
"""What is typed needs beside its own: its cursor, some slips, and how they are mended."""
MOST_TABLE_CELLS = 124
"""Wider, and an eye loses the row."""


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    """The plan and its prompt; once it was confirmed, what becomes of it."""
    going = frame.proceeding
    if going is None or going.plan is None:
        return block([EMPTY, line(Span("   nothing is planned", "dim"))], width, height)
    plan, ink = going.plan, environment_ink(going.plan.environment, frame.environment_kinds)
    title = f" {plan.environment} · {going.phrase} · {plan.order.service} "
    above, body, room = _parts(going, plan, frame, width, height)
    first = max(0, min(going.scroll, len(body) - room))
    hidden = len(body) - first - room
    more = f" ↓ {hidden} more lines " if hidden > 0 else f" ↑ {first} lines above " if first else ""
    shown = block(body[first : first + room], width, room)
    if going.stage in OVER:
        return [_bar(title, more, ink, width), *shown]
    head = _bar(title, _good_for(going, frame), ink, width)
    below = [_bar(f" risk {plan.risk} ", more, ink, width), _prompt(going, plan, frame, width)]
    return [head, *block(above, width, len(above)), *shown, *block(below, width, 2)]


def furthest(frame: Frame, width: int, height: int) -> int:
    """How many lines the page can be scrolled."""
    going = frame.proceeding
    if going is None or going.plan is None:
        return 0
    _, body, room = _parts(going, going.plan, frame, width, height)
    return max(0, len(body) - room)


def _parts(
    going: Proceeding, plan: wire.Plan, frame: Frame, width: int, height: int
) -> tuple[list[Line], list[Line], int]:
    """What stands below the first line, what is scrolled, and the rows that there are for that."""
    if going.stage in OVER:
        return [], outcome.lines(going, plan, frame, width), height - 1
    above = [_change(plan, width), *_evidence(plan, frame, going, width)]
    return above, list(_body(going, plan, frame, width)), height - len(above) - 3


def hints(frame: Frame) -> Line:
    """What keys do here, for the last line."""
    going = frame.proceeding
    if going is None or going.confirming is None:
        return ()
    if going.stage == "confirming":
        closes = "any key closes" if going.plan is not None and going.plan.refusals else "other keys cancel"
        moves = f"{frame.key('plan_up')} {frame.key('plan_down')} scroll"
        return (Span(f"{moves} · {frame.key('copy_plan')} copy · {closes} ", "dim"),)
    again = f"{going.again} plans anew · " if outcome.has_moved(going) and going.again else ""
    moves = f"{frame.key('outcome_down')} {frame.key('outcome_up')} scroll"
    return (Span(f"{again}{moves} · {frame.key('close_outcome')}: {going.watched_in} ", "dim"),)


def _bar(left: str, right: str, ink: Ink, width: int) -> Line:
    """A line in the colour of the environment."""
    return ends((span(left, ink),), (span(right, ink),) if right else (Span(" ", ink),), width, " ", ink)


def _good_for(going: Proceeding, frame: Frame) -> str:
    """How long the plan is good, coarsely: whole minutes, and below one tens of seconds."""
    if going.confirming is None or going.stage != "confirming":
        return ""
    left_s = max(0.0, going.confirming.expires_s - frame.now_s)
    if left_s > 60:
        return f" good for {math.ceil(left_s / 60)}m "
    return f" good for {math.ceil(left_s / 10) * 10}s "


def _change(plan: wire.Plan, width: int) -> Line:
    """From which shares to which."""
    now = shares_line(plan.before.routing.shares)
    return block([(Span("   now ", "head"), *now, Span("  → then ", "head"), *routing_line(plan.after))], width, 1)[0]


def _evidence(plan: wire.Plan, frame: Frame, going: Proceeding, width: int) -> list[Line]:
    """How the two versions of the change do now; one that no record names has no numbers."""
    known = {each.version: each for each in plan.evidence.versions}
    names = [name for name in dict.fromkeys((plan.from_version, plan.to_version)) if name]
    columns, width = [*EVIDENCE_COLUMNS, AGE], min(width, MOST_TABLE_CELLS)
    rows = [table.header(columns, width)]
    for name in names:
        each = known.get(name) or wire.VersionEvidence(version=name, share=None, n=0)
        age = numbers.MISSING if each.last_at is None else numbers.coarse_age(_age_s(each, plan, frame, going))
        rows.append(table.row(columns, {**evidence_cells(each), "age": age}, width))
    return rows


def _age_s(each: wire.VersionEvidence, plan: wire.Plan, frame: Frame, going: Proceeding) -> float | None:
    if each.last_at is None:
        return None
    return (plan.planned_at - each.last_at) / timedelta(seconds=1) + max(0.0, frame.now_s - going.since_s)


# What is scrolled -------------------------------------------------------------------------------------------------


def _body(going: Proceeding, plan: wire.Plan, frame: Frame, width: int) -> Iterator[Line]:
    """What matters most first."""
    for refusal in plan.refusals:
        yield from told("refused", f"✖ {refusal.rule}: {refusal.why}", width, "fail")
        yield from told("", f"→ {refusal.remedy}", width, "strong")
    for label, texts, ink in (
        ("marked", (going.note,), "warn"),
        ("others", _others(plan, frame), "alert"),
        ("out of band", (plan.evidence.out_of_band,), "alert"),
        ("incidents", plan.evidence.open_incidents, "warn"),
        ("warning", plan.warnings, "warn"),
    ):
        for text in texts:
            if text:
                yield from told(label, f"▲ {text}", width, ink)
    if plan.evidence.comparisons:
        yield from _comparisons(plan, width)
    pinned = f"{plan.pinned or 'no version is pinned'}{': ' if plan.pinned_health else ''}{plan.pinned_health}"
    yield from told("way back", pinned, width)
    yield labelled("", (Span("the shares then ", "dim"), *routing_line(plan.inverse)))
    yield from told("undo", plan.undo_command, width, "accent")
    yield from told("same as", plan.command, width, "accent")
    yield from _requests(plan, width)
    yield from told("target", f"{plan.target}; tested against {plan.caps.tested_against}", width, "dim")
    yield from told("asked by", f"{plan.actor}, {plan.planned_at:%H:%M:%S} UTC, plan {plan.op_id}", width, "dim")


def _others(plan: wire.Plan, frame: Frame) -> tuple[str, ...]:
    """Who else has something open on this service: as the plan found it, and by now."""
    now = tuple(
        f"{each.user} has open: {each.armed}"
        for each in frame.present
        if each.armed and each.service == plan.order.service
    )
    return now or plan.others


def _comparisons(plan: wire.Plan, width: int) -> Iterator[Line]:
    width = min(width, MOST_TABLE_CELLS)
    columns = table.visible(versions.COLUMNS, width)
    window = f"last {plan.evidence.window_s // 60}m" if plan.evidence.window_s else ""
    title = (span(f"── {plan.to_version} against {plan.from_version} ", "strong"),)
    yield ends(title, (Span(f" {window} ", "dim"),), width, "─", "faint")
    for each in plan.evidence.comparisons:
        yield table.row(columns, versions.comparison_cells(each), width)


def _requests(plan: wire.Plan, width: int) -> Iterator[Line]:
    for i, each in enumerate(plan.requests):
        yield from told("" if i else "sends", f"{each.method} {each.where}", width, "strong")
        if each.body:
            shown = each.body if len(each.body) <= MOST_BODY else each.body[: MOST_BODY - 1] + "…"
            for row in shown.split("\n"):
                yield from told("", row, width)


# What is typed ----------------------------------------------------------------------------------------------------


def _prompt(going: Proceeding, plan: wire.Plan, frame: Frame, width: int) -> Line:
    prompt = going.confirming
    if plan.refusals or prompt is None:
        return block([(Span("   refused: there is nothing to type", "strong"),)], width, 1)[0]
    if not prompt.can_be_typed:
        return block([(Span("   no keys can confirm this here: use the command", "warn"),)], width, 1)[0]
    if prompt.is_deaf(frame.now_s):
        return block([(Span("   read …", "dim"),)], width, 1)[0]
    ink = "strong" if prompt.is_right_so_far else "fail"
    wrong = (Span(" Bksp mends", "warn"),) if not prompt.is_right_so_far else ()
    asked = _asked(prompt.token, going, plan, width)
    typed: Line = (span(prompt.typed, ink), Span("▏", "accent"), *wrong)
    if line_width((*asked, *typed)) > width:  # what is typed is seen to its end
        typed = (span(prompt.typed[-(width - line_width(asked) - 14) :], ink), *typed[1:])
    return block([(*asked, *typed)], width, 1)[0]


def _asked(token: str, going: Proceeding, plan: wire.Plan, width: int) -> Line:
    """What has to be typed and what for, in as many words as leave room for it; the service is in the first line."""
    kind, named = Span("   type ", "strong"), span(token, "notice")
    room = width - line_width((named,)) - TYPED_CELLS
    for asked in ((kind, named, span(f" to {going.phrase}: ", "strong")), (kind, named, Span(": ", "strong"))):
        if line_width(asked) <= room:
            return asked
    if token == plan.order.service:
        return (Span("   type the service's name: ", "strong"),)
    return (kind, span(cut(safe(token), width // 3), "notice"), Span(": ", "strong"))
