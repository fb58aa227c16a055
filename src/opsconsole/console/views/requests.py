"""Single requests: a live tail, or the slowest, dearest and failing ones, searched by any column.

Always true here: the daemon searches all requests of the window; what is on the screen is the beginning of what it
found, and the head says how many there are. The tail is held while somebody reads further down in it. A filter that is
still being typed looks only through what is here. A column that none of these rows has is left out and named, and its
cells go to others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import timedelta

import msgspec

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, line_width, separated, span
from opsconsole.console.listing import Item, Listing
from opsconsole.console.place import Place
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.search import Value

KEY = ("requests",)
"""Under which the listing is kept."""

LIMITS: tuple[int, ...] = (200, 2_000, wire.MOST_REQUESTS)
"""Rows that are asked for: more each time the cursor comes to the end of what is here."""

FAULTS = "status>=400"
"""The word that ``faults only`` adds to a search."""
PENDING_BELOW, FAILED_FROM = 200, 400
"""Statuses of requests that are not over, and of those that failed."""

DAY_WINDOWS = frozenset({"15m", "1h", "6h", "24h"})
"""Windows in which the time of day says when."""


def searched(search: str, *, is_faults_only: bool) -> str:
    """The words that the daemon is asked for."""
    return f"{search} {FAULTS}".strip() if is_faults_only else search


def asks(place: Place) -> dict[str, str]:
    """The search, the order, how many rows, and up to when where the tail is held."""
    options = {
        "search": searched(place.filter, is_faults_only=place.is_faults_only),
        "order": place.choice("order"),
        "limit": place.choice("limit"),
        "until": held_until(place),
    }
    return {name: value for name, value in options.items() if value}


def held_until(place: Place) -> str:
    """The moment at which the tail is held: where the cursor has left its top. Empty: nothing is held."""
    is_held = place.cursor and place.choice("order", "newest") == "newest"
    return place.choice("until") if is_held else ""


def grow(place: Place, frame: Frame) -> Place:
    """The place after its cursor was moved: at the end of a list that was cut, with more rows; away from the top of the
    live tail, holding it, so that no request slides away; back at the top, following the tail as at first."""
    view = frame.answer(wire.RequestsView)
    items = frame.shown(listing(frame))
    if view is None or not items:
        return place
    if view.order == "newest" and place.cursor == items[0].key:
        return place.choosing(limit="", until="").changed(cursor="")
    if is_tail(view) and not held_until(frame.state.place):
        newest = max(row.at for row in view.rows) + timedelta(microseconds=1)
        place = place.choosing(until=newest.isoformat())
    if place.cursor == items[-1].key and view.matched > len(view.rows):
        more = next((limit for limit in LIMITS if limit > len(view.rows)), LIMITS[-1])
        return place.choosing(limit=str(more))
    return place


def is_tail(view: wire.RequestsView) -> bool:
    """Do newer requests come in at the top?"""
    return view.is_live and view.order == "newest" and view.as_of is None


@dataclass(frozen=True)
class RequestListing(Listing):
    """The requests of one answer, and what is known of all of them: found once, not with every movement."""

    by_key: Mapping[str, wire.RequestRow] = dataclass_field(default_factory=dict)
    logged: frozenset[str] = frozenset()
    """Columns that one of them has."""


def listing(frame: Frame) -> RequestListing | None:
    """The requests in the order that was asked for; a filter that the daemon has not answered yet is applied here."""
    view = frame.answer(wire.RequestsView)
    if view is None:
        return None
    state = frame.state
    whole = frame.listings.of(KEY, view, lambda: _listed(view.rows, frame))
    if view.search != searched(state.filter, is_faults_only=state.is_faults_only):
        return _as_requests(whole)
    answered = frame.listings.of((*KEY, "searched"), view, lambda: replace(whole, is_searched=True, _shown={}))
    return _as_requests(answered)


def _as_requests(found: Listing) -> RequestListing:
    if not isinstance(found, RequestListing):
        raise TypeError("only requests are listed under the key of requests")
    return found


def _listed(rows: Sequence[wire.RequestRow], frame: Frame) -> RequestListing:
    """A request never changes, so the items of those of the last answer are taken over."""
    last = frame.listings.last(KEY)
    held = {item.key: item for item in last.items} if last is not None else {}
    listed = RequestListing(
        "requests",
        "request_id",
        tuple(held.get(row.key) or item(row) for row in rows),
        by_key={row.key: row for row in rows},
        logged=logged_in(rows),
    )
    listed.prepare()
    return listed


def item(row: wire.RequestRow) -> Item:
    """A request as it is filtered, written to a file and opened."""
    values: dict[str, Value] = {**msgspec.structs.asdict(row), "at": row.at.isoformat()}
    return Item(row.key, values, is_failed(row), Place("request", row.service, choices=(("key", row.key),)))


def is_failed(row: wire.RequestRow) -> bool:
    return row.status is not None and row.status >= FAILED_FROM


def outcome(row: wire.RequestRow) -> Span:
    """Sign and word: the kind of failure where the log has one, else the status."""
    if row.status is None:
        return Span("? unknown", "unknown")
    if row.status < PENDING_BELOW:
        return Span("◌ pending", "quiet")
    if row.status < FAILED_FROM:
        return Span(f"✔ {row.status}", "ok")
    return span(f"✖ {row.error_type or row.status}", "fail")


@dataclass(frozen=True)
class Field:
    """A column of the table: how it is shown, and what a request holds in it."""

    column: Column
    of: Callable[[wire.RequestRow], object | None]
    """What was logged; None where nothing was."""
    cell: Callable[[wire.RequestRow], Cell]
    rank: int
    """What has the lowest is given room first."""
    wide: int = 0
    """Its cells where there is much room; 0: as many as anywhere."""


def _said(text: Callable[[wire.RequestRow], str | None]) -> Callable[[wire.RequestRow], Cell]:
    """The cell of a text."""

    def cell(row: wire.RequestRow) -> Cell:
        said = text(row)
        return span(said) if said else Span(numbers.MISSING, "dim")

    return cell


def _counted(of: Callable[[wire.RequestRow], int | None]) -> Callable[[wire.RequestRow], Cell]:
    return lambda row: _number(numbers.count(of(row)), of(row))


def _lasting(of: Callable[[wire.RequestRow], float | None]) -> Callable[[wire.RequestRow], Cell]:
    return lambda row: _number(numbers.duration(of(row)), of(row))


def _number(written: str, value: float | None) -> Span:
    return Span(written, "dim" if value is None else "text")


def _text(id_: str, title: str, width: int, rank: int, of: Callable[[wire.RequestRow], str | None]) -> Field:
    return Field(Column(id_, title, width), of, _said(of), rank)


def _count(id_: str, title: str, width: int, rank: int, of: Callable[[wire.RequestRow], int | None]) -> Field:
    return Field(Column(id_, title, width, is_right=True), of, _counted(of), rank)


def _duration(id_: str, title: str, rank: int, of: Callable[[wire.RequestRow], float | None]) -> Field:
    return Field(Column(id_, title, max(6, len(title)), is_right=True), of, _lasting(of), rank)


def _cost(row: wire.RequestRow) -> Cell:
    return _number(numbers.money(row.cost_usd), row.cost_usd)


FIELDS: tuple[Field, ...] = (
    Field(Column("outcome", "outcome", 12), lambda row: True, outcome, 1, wide=16),
    _text("service", "service", 15, 2, lambda row: row.service),
    Field(Column("version", "version", 8, grow=1), lambda row: row.version, _said(lambda row: row.version), 4),
    Field(Column("route", "route", 12, grow=2), lambda row: row.route, _said(lambda row: row.route), 5, wide=21),
    Field(Column("model", "model", 16, grow=1), lambda row: row.model, _said(lambda row: row.model), 10),
    _text("region", "region", 10, 11, lambda row: row.region),
    _duration("latency", "latency", 3, lambda row: row.latency_ms),
    _duration("ttft", "ttft", 6, lambda row: row.ttft_ms),
    _duration("queue", "queue", 13, lambda row: row.queue_ms),
    _count("input", "in", 5, 7, lambda row: row.input_tokens),
    _count("output", "out", 5, 8, lambda row: row.output_tokens),
    _count("cached", "cached", 6, 14, lambda row: row.cached_tokens),
    _count("reasoning", "reason", 6, 18, lambda row: row.reasoning_tokens),
    Field(Column("cost", "cost", 8, is_right=True), lambda row: row.cost_usd, _cost, 9),
    _text("finish", "finish", 8, 15, lambda row: row.finish_reason),
    _text("user", "user", 10, 12, lambda row: row.user_key),
    _text("api_key", "API key", 10, 17, lambda row: row.api_key_id),
    _text("prediction", "predicted", 12, 19, lambda row: row.prediction),
    _text("request_id", "request id", 20, 16, lambda row: row.request_id),
)
"""In their places; the time stands before them."""

MUCH_ROOM = 130
"""Cells from which texts are given more than they need at the least."""
NAMED_WHEN_MISSING = 10
"""Columns below this rank are named when they were not logged: they would have had room on any screen."""


def moment_column(window: str) -> Column:
    return Column("at", "UTC", 8 if window in DAY_WINDOWS else 14)


def moment_cell(row: wire.RequestRow, window: str) -> Span:
    return Span(numbers.clock_time(row.at) if window in DAY_WINDOWS else f"{row.at:%m-%d %H:%M:%S}", "dim")


def logged_in(rows: Sequence[wire.RequestRow]) -> frozenset[str]:
    """The columns that at least one of these requests has."""
    return frozenset(field.column.id for field in FIELDS if any(field.of(row) is not None for row in rows))


def fields_of(logged: frozenset[str], room: int, *, has_service: bool) -> list[Field]:
    """Those that were logged and have room, the most telling first, in their places."""
    there = [field for field in FIELDS if field.column.id in logged and (has_service or field.column.id != "service")]
    if room >= MUCH_ROOM:
        there = [
            replace(field, column=replace(field.column, width=field.wide or field.column.width)) for field in there
        ]
    wanted = sorted(there, key=lambda field: field.rank)
    taken: set[str] = set()
    for field in wanted:
        if field.column.width + 1 <= room:
            taken.add(field.column.id)
            room -= field.column.width + 1
    return [field for field in there if field.column.id in taken]


def _not_logged(logged: frozenset[str]) -> Line:
    missing = [
        field.column.title for field in FIELDS if field.rank < NAMED_WHEN_MISSING and field.column.id not in logged
    ]
    return (span(f"not logged here: {', '.join(missing)}", "dim"),) if missing and logged else ()


COUNTED_CELLS = 43
"""Of the foot, for which rows are on the screen and the way to more."""

ORDER_WORDS: dict[wire.RequestOrder, str] = {
    "newest": "newest first",
    "slowest": "slowest first",
    "dearest": "dearest first",
    "failing": "failing only, newest first",
}
NOTHING: dict[wire.RequestOrder, str] = {
    "newest": "no requests",
    "slowest": "no requests with a latency",
    "dearest": "no requests with a known cost",
    "failing": "no request failed",
}


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view, listed = frame.answer(wire.RequestsView), listing(frame)
    if view is None or listed is None:
        waiting = (Span("   waiting for the requests of ", "dim"), span(frame.state.service or "every service"))
        return block([EMPTY, waiting], width, height)
    items = frame.shown(listed)
    when = moment_column(view.window)
    fields = fields_of(listed.logged, width - 1 - when.width, has_service=not view.service)
    columns = [when, *(field.column for field in fields)]

    def cells(i: int) -> dict[str, Cell]:
        row = listed.by_key[items[i].key]
        return {"at": moment_cell(row, view.window), **{field.column.id: field.cell(row) for field in fields}}

    foot = _foot(view, listed.logged, width)
    body = list_body(frame, items, columns, cells, width, height - 1, told=foot, nothing=_nothing(view, frame))
    return block([_head(view, frame, width), *body], width, height)


def _head(view: wire.RequestsView, frame: Frame, width: int) -> Line:
    """Of what, in which order, which words; at the right how many there are."""
    words = searched(frame.state.filter, is_faults_only=frame.state.is_faults_only)
    is_answered = view.search == words
    left = separated(
        (
            (Span(" ", "text"), span(view.service or "every service", "strong")),
            (Span(ORDER_WORDS[view.order], "text"),),
            (Span("/", "accent"), span(words, "strong")) if words else (),
        )
    )
    if not is_answered:
        return ends(left, (Span("among the rows here ", "dim"),), width)
    here = f", {len(view.rows):,} here" if view.matched > len(view.rows) else ""
    n = (Span(f"n {numbers.count(view.matched)} in {view.window}{here} ", "dim"),)
    return ends(left, separated((_tail(view, frame), n)), width)


def _tail(view: wire.RequestsView, frame: Frame) -> Line:
    """Does the list go on by itself?"""
    if held_until(frame.state.place) and frame.state.as_of is None:
        return (Span("held, ", "dim"), Span("g", "accent"), Span(" follows", "dim"))
    return (Span("● live", "ok"),) if is_tail(view) else ()


def _foot(view: wire.RequestsView, logged: frozenset[str], width: int) -> list[Line]:
    """What none of the rows has; and where rows are missing how to come to them, if there is room or no other way."""
    missing = _not_logged(logged)
    told: list[Line] = [missing] if missing else []
    if view.matched > len(view.rows):
        if len(view.rows) >= wire.MOST_REQUESTS:
            return [(Span("narrow the search to see the others", "warn"),), *told]
        if line_width(missing) <= width - COUNTED_CELLS:
            return [(Span("G", "accent"), Span(" asks for more", "dim")), *told]
    return told


def _nothing(view: wire.RequestsView, frame: Frame) -> str:
    nothing = NOTHING[view.order]
    return f"{nothing} that the filter leaves; {frame.shows_all}" if view.search or frame.state.filter else nothing
