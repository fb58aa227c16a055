"""The checklists: the runs that are under way, then every list with how fresh it is, then the runs of late.

Always true here: a list whose review is too long ago is amber, in words; one with errors says so and is not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, line, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels import document
from opsconsole.console.panels.document import Row, Section
from opsconsole.console.panels.run_words import phase_sign, tally_line
from opsconsole.console.place import Place
from opsconsole.console.text import fit

PANELS: tuple[str, ...] = ("under way", "checklists", "runs of late")
UNDER_WAY, LISTS, LATE = 1, 2, 3
RUN_CELLS, TOLD_CELLS, MOST_NAME = 7, 10, 36
"""Of a run's id, of how fresh a list is, and of a list's name at the most."""


def listing(frame: Frame) -> Listing | None:
    view = frame.answer(wire.ChecklistsView)
    if view is None:
        return None
    panel = frame.state.panel
    return frame.listings.of(
        ("checklists", str(panel)), view, lambda: document.listing("checklists", sections(view, frame), panel, {})
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.ChecklistsView)
    if view is None:
        return block([EMPTY, line(Span("   waiting for the checklists", "dim"))], width, height)
    return document.painted(sections(view, frame), frame.shown(listing(frame)), frame, width, height)


def sections(view: wire.ChecklistsView, frame: Frame) -> tuple[Section, ...]:
    stale = sum(bool(each.stale) for each in view.checklists)
    runs = (Span(f"{frame.key('start_checklist')} runs one", "dim"),)
    amber = (Span(f"▲ {stale} not reviewed for too long", "warn"),) if stale else runs
    under_way = tuple(_run(each) for each in view.runs if each.phase != "ended")
    late = tuple(_run(each) for each in view.runs if each.phase == "ended")
    return (
        Section(UNDER_WAY, PANELS[0], under_way, nothing="nothing"),
        Section(LISTS, PANELS[1], tuple(_lists(view)), amber, "there is none"),
        Section(LATE, PANELS[2], late),
    )


def _run(each: wire.RunBrief) -> Row:
    sign = phase_sign(each.word, each.phase)
    where = f"at {each.step}" if each.step else ""
    flags = f"▲ {each.flags[0]}" if each.flags else ""
    return Row(
        each.id,
        (
            span(f" {fit(each.id, RUN_CELLS)}", "strong"),
            Span(f"{sign.sign} {sign.word:<9} ", sign.ink),
            span(f"{each.title} "),
            span(f"{each.incident} " if each.incident else "", "accent"),
            *tally_line(each.tally),
        ),
        {"run": each.id, "checklist": each.checklist, "state": each.word or each.phase, "by": each.started_by},
        Place("run").choosing(key=each.id),
        is_fault=each.phase != "ended",
        hang=RUN_CELLS + 1,
        below=separated((span(where, "dim"), span(flags, "warn")), "  "),
    )


def _lists(view: wire.ChecklistsView) -> Iterator[Row]:
    cells = min(MOST_NAME, max((len(each.id) for each in view.checklists), default=0))
    for each in view.checklists:
        told, ink = ("✖ errors", "fail") if each.problems else ("▲ stale", "warn") if each.stale else ("✔ fresh", "ok")
        why = f"{each.problems} errors" if each.problems else "; ".join(each.stale)
        yield Row(
            each.id,
            (
                Span(f" {told:<8} ", ink),
                span(fit(each.id, cells), "strong"),
                Span(f"  reviewed {_day(each.last_reviewed)}  drilled {_day(each.last_drilled)}", "dim"),
            ),
            {
                "checklist": each.id,
                "title": each.title,
                "owner": each.owner,
                "stale": "; ".join(each.stale),
                "severity": " ".join(each.severity),
            },
            Place("checklist").choosing(key=each.id),
            is_fault=bool(each.stale or each.problems),
            hang=TOLD_CELLS,
            beside=(span(f"  {each.steps:>2} steps  {', '.join(each.severity)}", "dim"),),
            below=(span(why, ink),) if why else (),
        )


def _day(at: date | datetime | None) -> str:
    return f"{at:%m-%d}" if at is not None else numbers.MISSING
