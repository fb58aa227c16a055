"""The sources: what is being read, how far, what was rejected and what the log does not hold."""

from __future__ import annotations

from datetime import timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, line, span, wrapped
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.states import SOURCE_STATES
from opsconsole.console.text import safe
from opsconsole.console.text import width as text_width
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import filter_note, list_body, rows_above
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.search import Value

COLUMNS: tuple[Column, ...] = (
    Column("state", "state", 11),
    Column("path", "path", 16, grow=1),
    Column("format", "format", 8),
    Column("progress", "read", 4, is_right=True),
    Column("accepted", "taken", 6, is_right=True),
    Column("rejected", "rejected", 8, is_right=True),
    Column("speed", "lines/s", 7, is_right=True),
    Column("lag", "lag", 4, is_right=True),
    Column("size", "on disk", 8, is_right=True, from_width=110),
    Column("newest", "newest record", 16, from_width=130),
)

LEAST_DETAIL = 10


def listing(frame: Frame) -> Listing | None:
    """Every source, as the daemon has them."""
    view = frame.sources
    if view is None:
        return None
    return frame.listings.of(("sources",), view, lambda: Listing("sources", "path", tuple(map(_item, view.sources))))


def _item(source: wire.SourceRow) -> Item:
    values: dict[str, Value] = {
        "path": source.path,
        "format": source.format,
        "state": source.state,
        "read_bytes": source.read_bytes,
        "size_on_disk_bytes": source.size_on_disk_bytes,
        "accepted": source.accepted,
        "rejected": source.rejected,
        "lines_per_s": source.lines_per_s,
        "lag_s": source.lag_s,
        "error": source.error,
    }
    return Item(str(source.source_id), values, source.state == "failed" or source.rejected > 0)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.sources
    if view is None:
        return block([EMPTY, line(Span("   waiting for the sources", "dim"))], width, height)
    if not view.sources:
        return block([EMPTY, line(Span("   no sources yet: opsconsole watch PATH… adds some", "dim"))], width, height)
    columns = table.visible(COLUMNS, width)
    items = frame.shown(listing(frame))
    by_key = {str(source.source_id): source for source in view.sources}
    sources = [by_key[item.key] for item in items]
    note = filter_note(frame, len(sources), len(view.sources))
    above = [ends((Span(" ", "text"), *note), (), width)] if note else []
    path_cells = table.widths(columns, width)[1]
    listed = list_body(
        frame,
        items,
        columns,
        lambda i: _cells(sources[i], path_cells),
        width,
        rows_above(len(sources), height - len(above), LEAST_DETAIL),
        nothing=f"no source matches; {frame.shows_all}",
    )
    detail = _detail(sources[cursor(items, frame.state.place.cursor)], width) if sources else []
    return block([*above, *listed, *detail], width, height)


def _cells(source: wire.SourceRow, path_cells: int) -> dict[str, Cell]:
    return {
        "state": SOURCE_STATES[source.state].span,
        "path": Span(_tail(source.path, path_cells), "strong"),
        "format": span(source.format),
        "progress": numbers.share(min(1.0, source.read_bytes / source.size_on_disk_bytes))
        if source.size_on_disk_bytes
        else numbers.MISSING,
        "accepted": numbers.count(source.accepted),
        "rejected": Span(numbers.count(source.rejected), "warn" if source.rejected else "dim"),
        "speed": numbers.count(source.lines_per_s) if source.lines_per_s else Span(numbers.MISSING, "dim"),
        "lag": numbers.age(source.lag_s),
        "size": numbers.size(source.size_on_disk_bytes),
        "newest": numbers.MISSING if source.last_at is None else numbers.minute(source.last_at),
    }


def _tail(path: str, cells: int) -> str:
    """The end of a path: its last parts tell files apart."""
    shown = safe(path, 1000)
    while text_width(shown) > cells:
        shown = "…" + shown.lstrip("…")[1:]
    return shown


def _detail(source: wire.SourceRow, width: int) -> list[Line]:
    """What was guessed, refused and missed, for the source under the cursor."""
    rows: list[Line] = [
        EMPTY,
        ends((Span("── ", "faint"), Span(_tail(source.path, width - 8), "strong"), Span(" ", "text")), (), width),
    ]
    if source.error:
        rows += [_fact("error", part, "fail") for part in _wrap(source.error, width)]
    if source.first_at is not None and source.last_at is not None:
        spans = f"{numbers.minute(source.first_at)} to {numbers.minute(source.last_at)} UTC, {_length(source)}"
        rows.append(_fact("records", spans))
    read = f"{numbers.size(source.read_bytes)} of {numbers.size(source.size_on_disk_bytes)}"
    rows.append(
        _fact("read", f"{read}, {numbers.count(source.accepted)} taken, {numbers.count(source.rejected)} rejected")
    )
    facts = (
        ("rejected", [f"{numbers.count(n)}  {why}" for why, n in source.reject_reasons.items()], "warn"),
        (
            "not a value",
            [f"{column}: {numbers.count(n)} became not logged" for column, n in source.coerced.items()],
            "warn",
        ),
        ("not logged", _wrap(", ".join(source.not_logged), width) if source.not_logged else [], "text"),
        ("notes", [part for note in source.notes for part in _wrap(note, width)], "text"),
    )
    for name, told, ink in facts:
        rows += [_fact(name if i == 0 else "", each, ink) for i, each in enumerate(told)]
    return rows


LABEL_CELLS = 14


def _wrap(text: str, width: int) -> list[str]:
    return [piece[0].text for piece in wrapped(text, width - LABEL_CELLS - 1)]


def _fact(name: str, told: str, ink: str = "text") -> Line:
    return (Span(f"  {name:<{LABEL_CELLS - 2}}", "head"), span(told, ink))


def _length(source: wire.SourceRow) -> str:
    if source.first_at is None or source.last_at is None:
        return numbers.MISSING
    return numbers.age((source.last_at - source.first_at) / timedelta(seconds=1))
