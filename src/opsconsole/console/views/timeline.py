"""The timeline: everything that people, automation and the data did, newest first, over the traffic they did it to.

Always true here: an event says who did it; Enter opens what it is about, where it is about something.
"""

from __future__ import annotations

from datetime import timedelta

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, separated, span
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.panels import charts
from opsconsole.console.place import Place, ViewName
from opsconsole.console.states import FAULTS, HEALTH
from opsconsole.console.widgets import plot
from opsconsole.console.widgets import timeline as axis
from opsconsole.console.widgets.listed import filter_note, matched_words, matching, row_sign
from opsconsole.console.widgets.log_list import Entry, log_list, page_of

LEAST_ROWS_WITH_CHART = 18
"""Rows from which the traffic stands above the list."""
MOST_CHART_ROWS = 14
DATED_WINDOWS = frozenset({"24h", "7d", "all"})
"""Windows in which a time needs its date."""

KINDS: dict[wire.EventKind, tuple[str, Ink, ViewName | None]] = {
    "release": ("▼", "marker", "versions"),
    "breach": ("✖", "fail", "service"),
    "drift": ("▲", "warn", "drift"),
    "source": ("↓", "accent", "sources"),
    "baseline": ("=", "text", "drift"),
    "config": ("·", "text", None),
    "daemon": ("·", "dim", None),
    "note": ("*", "notice", None),
}
"""Sign, ink, and the view of what such an event is about."""

OF_EVERYTHING: frozenset[ViewName] = frozenset({"sources"})
"""Views that are of no single service."""


def listing(frame: Frame) -> Listing | None:
    """The events, newest first."""
    view = frame.answer(wire.TimelineView)
    if view is None:
        return None
    return frame.listings.of(
        ("timeline",), view, lambda: Listing("events", "text", tuple(map(_item, _numbered(view.events))))
    )


def _numbered(events: tuple[wire.TimelineEvent, ...]) -> list[tuple[str, wire.TimelineEvent]]:
    """Each event with a key of its own, that does not change when newer ones come."""
    seen: dict[str, int] = {}
    keyed: list[tuple[str, wire.TimelineEvent]] = []
    for event in reversed(events):
        name = f"{event.at.isoformat()} {event.kind} {event.service} {event.text}"
        seen[name] = seen.get(name, 0) + 1
        keyed.append((f"{name} {seen[name]}", event))
    return keyed[::-1]


def _item(keyed: tuple[str, wire.TimelineEvent]) -> Item:
    key, event = keyed
    return Item(
        key,
        {
            "at": event.at.isoformat(),
            "kind": event.kind,
            "service": event.service,
            "actor": event.actor,
            "text": event.text,
            "state": event.state,
        },
        event.state in FAULTS,
        _about(event),
    )


def _about(event: wire.TimelineEvent) -> Place | None:
    """Where Enter leads."""
    view = KINDS[event.kind][2]
    if view in OF_EVERYTHING:
        return Place(view)
    return Place(view or "service", event.service) if event.service else None


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.TimelineView)
    if view is None:
        waiting = (Span("   waiting for the timeline of ", "dim"), span(frame.state.service or "every service"))
        return block([EMPTY, waiting], width, height)
    items = frame.shown(listing(frame))
    head = [_head(view, frame, len(items), width)]
    room = height - len(head)
    has_chart = view.lines.requests and not frame.is_numbers_only
    above = _chart(view, frame, width, _chart_rows(len(items), room)) if has_chart else []
    return block([*head, *above, *_events(view, items, frame, width, room - len(above))], width, height)


def _head(view: wire.TimelineView, frame: Frame, shown: int, width: int) -> Line:
    left = (Span(" ", "text"), span(view.service or "every service", "strong"))
    note = filter_note(frame, shown, len(view.events))
    cut = f" of {view.matched:,}" if view.matched > len(view.events) else ""
    n = (Span(f"{len(view.events)}{cut} events in {view.window} ", "dim"),)
    return ends(separated((left, note)), n, width)


def _chart_rows(n_events: int, room: int) -> int:
    """Rows of the chart: a third of the screen at the most, and what the list does not need up to a half."""
    if room < LEAST_ROWS_WITH_CHART:
        return 0
    return min(MOST_CHART_ROWS, max(min(room // 2, room - n_events - 4), room // 4))


def _chart(view: wire.TimelineView, frame: Frame, width: int, height: int) -> list[Line]:
    """Requests a second, with the events as markers above."""
    if height < 5:
        return []
    markers = tuple(
        wire.Marker(at=event.at, kind="release" if event.kind == "release" else "note", text=event.text)
        for event in view.events
    )
    key, end_s = f"timeline {view.service} {view.window}", (view.end - view.axis.start) / timedelta(seconds=1)
    course = charts.Course(key, view.lines, view.axis, end_s, view.now, view.is_live, markers)
    above = axis.marker_line(markers, view.axis, width - plot.GUTTER)
    rows = [above, *charts.traffic(course, frame, width, height - 3), charts.axis_line(course, width)]
    return block(rows, width, height)


def _events(view: wire.TimelineView, items: tuple[Item, ...], frame: Frame, width: int, height: int) -> list[Line]:
    if not items:
        nothing = f"no event matches; {frame.shows_all}" if view.events else f"nothing happened in {view.window}"
        return block([(Span(f"   {nothing}", "dim"),)], width, height)
    by_key = dict(_numbered(view.events))
    at = cursor(items, frame.state.place.cursor)
    frame.listings.page = page_of(len(items), at, height)
    rows = log_list(
        [_entry(by_key[item.key], view) for item in items],
        at,
        width,
        height,
        has_dates=view.window in DATED_WINDOWS,
        sign_of=lambda i, row: row_sign(frame, items[i].key, row, is_selected=i == at),
    )
    words = matched_words(frame.state.filter)
    return [matching(row, words) for row in rows]


def _entry(event: wire.TimelineEvent, view: wire.TimelineView) -> Entry:
    sign, ink, _ = KINDS[event.kind]
    if event.state in FAULTS:
        sign, ink = HEALTH[event.state].sign, HEALTH[event.state].ink
    source = event.actor if event.service in ("", view.service) else f"{event.service} · {event.actor}"
    return Entry(event.at, f"{sign} {event.kind}", ink, source, event.text)
