"""The drill that this console is in: for players what everybody may know, for its facilitator what is to come as well.

Always true here: what a player's page lacks was not sent to their console; once it is over everybody sees all of it; on
a live home the page says how one is started, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, broken, ends, fill, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels import document
from opsconsole.console.panels.document import Row, Section, prose
from opsconsole.console.panels.drill_words import (
    coming_rows,
    fault_rows,
    here_rows,
    hint_rows,
    said_rows,
    sheet_rows,
)
from opsconsole.page import counted

PANELS: tuple[str, ...] = (
    "what is coming", "faults", "score sheet", "who is here", "said", "hints", "briefing", "guide", "notes",
)  # fmt: skip
"""The facilitator's; players have four."""
NONE: tuple[tuple[str, str], ...] = (
    ("opsconsole drill list", "what there is"),
    ("opsconsole drill run first-shift", "alone"),
    ("opsconsole drill run --any", "one, not told which"),
    ("opsconsole drill run leaked-key --facilitator eve", "a team, and eve leads"),
    ("opsconsole drill join drill-3", "one that runs"),
)
"""How a drill is begun: the command, and what it is for."""


def listing(frame: Frame) -> Listing | None:
    view = frame.answer(wire.DrillView)
    if view is None or view.drill is None:
        return None
    panel, now = frame.state.panel, view.drill
    return frame.listings.of(
        ("drill", str(panel)), view, lambda: document.listing("lines", sections(view, now, frame), panel, {})
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.DrillView)
    if view is None:
        return block([EMPTY, (Span("   waiting for the drill", "dim"),)], width, height)
    if view.drill is None:
        return block(list(_none()), width, height)
    head = _head(view, view.drill, frame, width)
    items = frame.shown(listing(frame))
    shown = sections(view, view.drill, frame)
    return [*head, *document.painted(shown, items, frame, width, height - len(head))]


def _none() -> Iterator[Line]:
    cells = max(len(command) for command, _ in NONE)
    yield EMPTY
    yield (Span("   there is no drill here: this home is a live one", "text"),)
    yield EMPTY
    for command, about in NONE:
        yield (Span(f"   {command:<{cells}}  ", "head"), Span(about, "dim"))


def _head(view: wire.DrillView, now: wire.DrillNow, frame: Frame, width: int) -> list[Line]:
    """How far it is and how it goes on; who leads, or the score as it stands; what is left to do once it is over."""
    is_scripted = not now.facilitators and not now.players_stop
    pace = "" if is_scripted else f"at {now.speed:g}x"
    paused = Span("‖ paused", "warn") if now.is_paused else Span(pace, "text")
    left = separated(
        (
            (Span(" ", "text"), span(now.run, "strong")),
            Span(f"{numbers.since_start(now.t)} of {numbers.minutes(now.length_s)}", "text"),
            Span("✔ over", "ok") if now.is_over else paused,
        ),
        "  ",
    )
    led = f"led by {', '.join(now.facilitators)}" if now.facilitators else _alone(frame)
    led = "a script plays it" if is_scripted else led
    score = view.plan.score if view.plan is not None else None
    told = f"score {score.score:g} of 100" if score is not None else led
    rows = [ends(left, (span(f"{told} ", "strong" if now.is_over else "dim"),), width)]
    if view.plan is not None and view.plan.title:
        rows += broken((Span("   ", "text"), span(view.plan.title, "strong")), width, 3, 2)
    if now.is_over:
        rest = f"opsconsole drill report {now.run}"
        rows.append(fill((Span("   it is over; the rest: ", "text"), span(rest, "head")), width))
    elif view.is_facilitator and frame.present:
        others = sorted(frame.present, key=lambda each: each.user)
        here = ", ".join(f"{each.user} ({each.view} {each.service}".rstrip() + ")" for each in others)
        rows += broken((Span("   here ", "dim"), span(here, "accent")), width, 3, 2)
    return [fill(row, width) for row in rows]


def _alone(frame: Frame) -> str:
    return f"alone: {frame.key('pause')} pauses, {frame.key('end_drill')} ends"


def sections(view: wire.DrillView, now: wire.DrillNow, frame: Frame) -> tuple[Section, ...]:
    """Those that were sent, numbered from 1; a panel beyond them says whose it is."""
    panel = frame.state.panel
    made = [*(_of_plan(view.plan, frame) if view.plan is not None else ()), *_of_all(view, now, frame)]
    numbered = tuple(
        Section(i, title, rows, told, nothing, is_beside)
        for i, (title, rows, told, nothing, is_beside) in enumerate(made, 1)
    )
    if panel > len(numbered):
        told = f"players see it once the drill is over; {frame.key('overview')} shows all"
        return (Section(panel, "not yours", (), nothing=told),)
    return numbered


_Part = tuple[str, tuple[Row, ...], Line, str, bool]
"""A section without its digit."""


def _of_plan(plan: wire.DrillPlan, frame: Frame) -> Iterator[_Part]:
    """What the facilitator has before all others, and others where the scenario shows it them."""
    score = plan.score
    to_come = sum(not each.is_told for each in plan.injects)
    if "injects.future" not in plan.hidden:
        told = (Span(f"{to_come} {'never told' if plan.now.is_over and to_come else 'to tell'}", "dim"),)
        yield PANELS[0], tuple(coming_rows(plan, frame)), told, "nobody says anything in it", False
    if "faults" not in plan.hidden:
        yield PANELS[1], tuple(fault_rows(plan)), (), "none", False
    if score is not None:
        words = f"{score.score:g} of 100: {score.earned:g} earned, {score.lost:g} lost, of {score.possible:g}"
        yield PANELS[2], tuple(sheet_rows(plan, score)), (Span(words, "dim"),), "", False


def _of_all(view: wire.DrillView, now: wire.DrillNow, frame: Frame) -> Iterator[_Part]:
    """For a player the briefing comes first."""
    plan = view.plan
    brief = PANELS[6], tuple(_prose("brief", now.brief)), (), "there is none", plan is not None
    here = (
        PANELS[3],
        tuple(here_rows(view.here, now.observers)),
        (Span(counted(len(view.here), "console"), "dim"),),
        "nobody",
        plan is not None,
    )
    said = PANELS[4], tuple(said_rows(now)), (Span("newest first", "dim"),), "nothing yet", True
    hints = (
        PANELS[5],
        tuple(hint_rows(now, frame)),
        (),
        "" if now.is_over else "none may be asked for now",
        plan is not None,
    )
    if plan is None:
        yield from (brief, said, hints, here)
        return
    yield from (here, said, hints, brief)
    if "guide" in plan.hidden:
        return
    yield PANELS[7], tuple(_prose("guide", plan.guide)), (), "", True
    notes = tuple(row for i, each in enumerate(plan.notes) for row in prose(f"note {i}", each))
    writes = f"{frame.key('drill_note')} writes one that players do not see"
    yield PANELS[8], notes, (), "" if now.is_over else writes, True


def _prose(key: str, text: str) -> Iterator[Row]:
    """A text of paragraphs, however its lines were broken."""
    for i, paragraph in enumerate(text.split("\n\n")):
        yield from prose(f"{key} {i}", " ".join(paragraph.split()))
