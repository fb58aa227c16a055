"""The time axis that every panel shares: labels in UTC, and what happened on it.

Always true here: labels stand at round times, exactly over the column of that time; markers keep their column even
where their text has no room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from opsconsole import wire
from opsconsole.console.lines import Line, Span, from_cells
from opsconsole.console.text import cut, safe
from opsconsole.console.text import width as text_width
from opsconsole.console.widgets.plot import GUTTER, slot_of

STEPS_S: tuple[int, ...] = (
    60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
)  # fmt: skip
"""Distances between labels, the least that leaves room between them is taken."""

LABEL_ROOM = 11
"""Cells that a label and the blank after it take."""


def columns_of(markers: Sequence[wire.Marker], axis: wire.Axis, width: int) -> list[int]:
    """The column of each marker on a plot of this width."""
    return [_column(marker.at, axis, width) for marker in markers]


def axis_line(axis: wire.Axis, width: int) -> Line:
    """Labels under a plot of ``width`` cells, behind its gutter."""
    span_s = axis.step_s * axis.buckets
    if span_s <= 0 or width <= 0:
        return (Span(" " * GUTTER, "dim"),)
    most = max(1, width // LABEL_ROOM)
    step_s = next((step for step in STEPS_S if span_s / step <= most), span_s)
    cells: list[str] = [" "] * width
    at_s = (int(axis.start.timestamp()) // step_s + 1) * step_s
    while at_s < axis.start.timestamp() + span_s:
        at = datetime.fromtimestamp(at_s, UTC)
        column = _column(at, axis, width)
        label = _label(at, step_s)
        if column + len(label) <= width:
            cells[column : column + len(label)] = label
        at_s += step_s
    return (Span("UTC".rjust(GUTTER - 2) + " │", "dim"), Span("".join(cells), "dim"))


def marker_line(markers: Sequence[wire.Marker], axis: wire.Axis, width: int) -> Line:
    """Each marker as a sign in its column, with its text where it fits."""
    cells: list[tuple[str, str]] = [(" ", "text")] * width
    places = sorted(zip(columns_of(markers, axis, width), markers, strict=True), key=lambda place: place[0])
    for i, (column, marker) in enumerate(places):
        until = places[i + 1][0] if i + 1 < len(places) else width
        note = cut(" " + safe(marker.text), until - column - 2)
        if text_width(note) == len(note):
            cells[column + 1 : column + 1 + len(note)] = [(character, "dim") for character in note]
        cells[column] = ("▼", "marker")
    return (Span(" " * GUTTER, "text"), *from_cells(cells))


def _column(at: datetime, axis: wire.Axis, width: int) -> int:
    return slot_of((at - axis.start) / timedelta(seconds=axis.step_s), axis.buckets, width)


def _label(at: datetime, step_s: int) -> str:
    if step_s >= 86_400:
        return f"{at:%b %d}"
    return f"{at:%b %d}" if at.hour == 0 and at.minute == 0 else f"{at:%H:%M}"
