"""The incidents: the open ones first, worst first, with who is in command and what is due; then those that are over.

Always true here: what is overdue is said with a sign and by how much, for the one under the cursor in words.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, broken, ends, line, separated, span
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.panels.alert_words import age_s, counted
from opsconsole.console.panels.document import labelled
from opsconsole.console.panels.incident_words import (
    due_line,
    left_s,
    person_span,
    severity_span,
    state_span,
    timer_words,
)
from opsconsole.console.place import Place
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import filter_note, list_body, rows_above
from opsconsole.console.widgets.table import Cell, Column

COLUMNS: tuple[Column, ...] = (
    Column("severity", "sev", 5),
    Column("incident", "id", 6),
    Column("state", "state", 15),
    Column("title", "what", 10, grow=5),
    Column("due", "due", 20),
    Column("commander", "command", 8, grow=1),
    Column("age", "age", 4, is_right=True),
    Column("services", "services", 20, from_width=110),
    Column("follow_ups", "to do", 5, is_right=True, from_width=110),
    Column("review", "review", 8, from_width=110),
)
LEAST_DETAIL = 9
LABEL_CELLS = 12
NOTHING: tuple[Line, ...] = (
    EMPTY,
    (Span("   i on an alert             ", "accent"), Span("makes an incident of it", "dim")),
    (Span("   :incident open WHAT       ", "accent"), Span("opens one by hand", "dim")),
)
"""Below a list in which nothing is."""


def listing(frame: Frame) -> Listing | None:
    view = frame.answer(wire.IncidentsView)
    if view is None:
        return None
    return frame.listings.of(
        ("incidents",), view, lambda: Listing("incidents", "incident", tuple(map(_item, view.incidents)))
    )


def _item(each: wire.IncidentBrief) -> Item:
    return Item(
        each.incident,
        {
            "incident": each.incident,
            "severity": each.severity,
            "status": each.status,
            "title": each.title,
            "service": each.services[0] if each.services else "",
            "services": " ".join(each.services),
            "commander": each.commander,
            "opened_at": each.opened_at.isoformat(),
            "due": "; ".join(timer.told for timer in each.due),
            "follow_ups": each.open_follow_ups,
            "review": each.review,
        },
        each.resolved_at is None,
        Place("incident").choosing(key=each.incident),
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.IncidentsView)
    if view is None:
        return block([EMPTY, line(Span("   waiting for the incidents", "dim"))], width, height)
    items = frame.shown(listing(frame))
    by_name = {each.incident: each for each in view.incidents}
    none = f"there was no incident yet; {frame.key('new_incident')} opens one"
    rows = [by_name[item.key] for item in items]
    above = [_head(view, frame, len(items), width)]
    listed = list_body(
        frame,
        items,
        table.visible(COLUMNS, width),
        lambda i: _cells(rows[i], frame, view),
        width,
        rows_above(len(items), height - len(above), LEAST_DETAIL),
        nothing=f"no incident matches; {frame.shows_all}" if by_name else none,
    )
    detail = _detail(rows[cursor(items, frame.state.place.cursor)], view, frame, width) if rows else NOTHING
    return block([*above, *listed, *detail], width, height)


def _head(view: wire.IncidentsView, frame: Frame, shown: int, width: int) -> Line:
    n = sum(each.resolved_at is None for each in view.incidents)
    overdue = len(view.findings)
    parts: list[Line | Span] = [
        (Span(" ", "text"), Span(counted(n, "open incident"), "strong")),
        filter_note(frame, shown, len(view.incidents)),
        Span(f"✖ {overdue} overdue afterwards: reviews, follow-ups" if overdue else "", "fail"),
    ]
    return ends(separated(parts), (Span(f"{frame.key('new_incident')} opens one ", "dim"),), width)


def _cells(each: wire.IncidentBrief, frame: Frame, view: wire.IncidentsView) -> dict[str, Cell]:
    is_open = each.resolved_at is None
    ink: Ink = "text" if is_open else "dim"
    return {
        "severity": severity_span(each.severity, is_open=is_open),
        "incident": span(each.incident, "strong" if is_open else "dim"),
        "state": state_span(each.status),
        "title": span(each.title, ink),
        "due": due_line(each.due, frame, view),
        "commander": person_span(each.commander) if is_open else span(each.commander, "dim"),
        "age": Span(numbers.age(max(60.0, age_s(frame, view, each.opened_at))), ink),
        "services": span(", ".join(each.services), ink),
        "follow_ups": Span(str(each.open_follow_ups) if each.open_follow_ups else numbers.MISSING, ink),
        "review": span(each.review, ink),
    }


def _detail(each: wire.IncidentBrief, view: wire.IncidentsView, frame: Frame, width: int) -> list[Line]:
    left = (Span("── ", "faint"), span(f"{each.incident} ", "strong"), severity_span(each.severity), Span(" ", "text"))
    opened = (Span(f" opened {each.opened_at:%m-%d %H:%M} UTC ", "dim"),)
    rows: list[Line] = [EMPTY, ends(left, opened, width, "─", "faint")]
    titles = broken((span(each.title),), width - LABEL_CELLS, 0, 2)
    rows += [labelled("" if i else "what", *row) for i, row in enumerate(titles)]
    rows.append(labelled("services", span(", ".join(each.services) or numbers.MISSING)))
    rows.append(labelled("command", person_span(each.commander)))
    for timer in sorted(each.due, key=lambda timer: timer.due_by)[:3]:
        rows.append(labelled("due", timer_words(timer, frame, view), span(f"  {timer.told}", "dim")))
    mine = [found for found in view.findings if found.incident == each.incident]
    for found in mine[:2]:
        late = numbers.age(max(60.0, -left_s(frame, view, found.due)))
        rows.append(labelled("overdue", Span(f"✖ {late} over ", "fail"), span(found.title)))
    if each.open_follow_ups:
        rows.append(labelled("to do", Span(counted(each.open_follow_ups, "follow-up"), "text")))
    if each.resolved_at is not None:
        rows.append(labelled("over", span(f"{each.resolved_at:%m-%d %H:%M} UTC, review: {each.review}")))
    return rows
