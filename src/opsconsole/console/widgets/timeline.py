"""The time axis that every panel shares: labels in UTC, and what happened on it.

Always true here: labels stand at round times, exactly over the column of that time, and say the date where the axis is
not all of today; markers keep their column even where their text has no room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.lines import Line, Span, from_cells
from opsconsole.console.text import cut, safe
from opsconsole.console.text import width as text_width
from opsconsole.console.widgets.plot import GUTTER, slot_of

STEPS_S: tuple[int, ...] = (
    60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
    7_776_000, 15_552_000, 31_536_000,
)  # fmt: skip
"""Distances between labels, the least that leaves room between them is taken."""

LABEL_ROOM = 11
"""Cells that a label and the blank after it take."""

DAY_S = 86_400

MOST_RULES = 8
"""Markers that are drawn through a whole chart; more of them would hide it, and are a sign above it only."""
LEAST_NOTE = 8
"""Cells from which the beginning of a marker's text says anything."""


def columns_of(markers: Sequence[wire.Marker], axis: wire.Axis, width: int) -> list[int]:
    """The column of each marker on a plot of this width."""
    return [_column(marker.at, axis, width) for marker in markers]


def rules_of(markers: Sequence[wire.Marker], axis: wire.Axis, width: int) -> list[int]:
    """The columns in which markers run through a chart: none where there are too many."""
    return columns_of(markers, axis, width) if len(markers) <= MOST_RULES else []


def axis_line(
    axis: wire.Axis, width: int, now: datetime, *, crosshair: datetime | None = None, is_past: bool = False
) -> Line:
    """Labels under a plot of ``width`` cells, behind its gutter; ``now`` tells which dates go without saying.

    The crosshair's time stands under its column; where the axis ends in the past, a ghost of now stands at its end.
    """
    span_s = axis.step_s * axis.buckets
    if span_s <= 0 or width <= 0:
        return (Span(" " * GUTTER, "dim"),)
    most = max(1, width // LABEL_ROOM)
    step_s = next((step for step in STEPS_S if span_s / step <= most), span_s)
    cells: list[str] = [" "] * width
    at_s = (int(axis.start.timestamp()) // step_s + 1) * step_s
    free_from = 0
    is_dated = axis.start.date() == now.date()
    while at_s < axis.start.timestamp() + span_s:
        at = datetime.fromtimestamp(at_s, UTC)
        column = _column(at, axis, width)
        label = _label(at, step_s, now, is_first=not is_dated)
        if free_from <= column <= width - len(label):
            cells[column : column + len(label)] = label
            free_from = column + len(label) + 1
            is_dated = True
        at_s += step_s
    inked = [(character, "dim") for character in cells]
    ghost = _ghost(axis, now) if is_past else ""
    if crosshair is not None and axis.start <= crosshair < axis.start + timedelta(seconds=span_s):
        column = _column(crosshair, axis, width)
        _write(inked, crosshair.strftime("%H:%M"), "crosshair", column=column)
        ghost = ghost if column < width - len(ghost) - LABEL_ROOM // 2 else ""
    if ghost:
        _write(inked, ghost, "ghost", at_end=True)
    return (Span("UTC".rjust(GUTTER - 2) + " │", "dim"), *from_cells(inked))


def _ghost(axis: wire.Axis, now: datetime) -> str:
    """``now +12m ▸``: how far beyond the axis' end it is now."""
    ahead_s = (now - axis.start) / timedelta(seconds=1) - axis.step_s * axis.buckets
    return f"now +{numbers.age(max(0.0, ahead_s))} ▸"


def _write(cells: list[tuple[str, str]], text: str, ink: str, *, column: int = 0, at_end: bool = False) -> None:
    """Text over the labels, with a blank on either side, moved so that all of it is there."""
    if len(text) + 2 > len(cells):
        return
    begin = len(cells) - len(text) if at_end else max(0, min(len(cells) - len(text), column - len(text) // 2))
    for x in range(max(0, begin - 1), min(len(cells), begin + len(text) + 1)):
        inside = begin <= x < begin + len(text)
        cells[x] = (text[x - begin] if inside else " ", ink if inside else "dim")


def breach_line(breaches: Sequence[wire.Breach], axis: wire.Axis, width: int) -> Line:
    """The spans in which something was worse than it should be, as a line under the plot; empty when there is none."""
    cells: list[tuple[str, str]] = [(" ", "text")] * width
    end = axis.start + timedelta(seconds=axis.step_s * axis.buckets)
    for breach in breaches:
        if breach.stop <= axis.start or breach.start >= end:
            continue
        first, last = _column(breach.start, axis, width), _column(breach.stop - timedelta(seconds=1), axis, width)
        sign, ink = ("✖", "fail") if breach.state == "fail" else ("▲", "warn")
        for x in range(first, last + 1):
            cells[x] = ("━", ink)
        cells[first] = (sign, ink)
    return (Span("breach".rjust(GUTTER - 2) + "  ", "dim"), *from_cells(cells))


def marker_line(markers: Sequence[wire.Marker], axis: wire.Axis, width: int) -> Line:
    """Each marker as a sign in its column, with its text where it fits."""
    cells: list[tuple[str, str]] = [(" ", "text")] * width
    places = sorted(zip(columns_of(markers, axis, width), markers, strict=True), key=lambda place: place[0])
    for i, (column, marker) in enumerate(places):
        until = places[i + 1][0] if i + 1 < len(places) else width
        text = " " + safe(marker.text)
        note = cut(text, until - column - 2)
        if text_width(note) == len(note) and (note == text or len(note) >= LEAST_NOTE):
            cells[column + 1 : column + 1 + len(note)] = [(character, "dim") for character in note]
        cells[column] = ("▼", "marker")
    counted = f"{len(markers)}×".rjust(GUTTER - 1) + " " if len(markers) > MOST_RULES else " " * GUTTER
    return (Span(counted, "dim"), *from_cells(cells))


def _column(at: datetime, axis: wire.Axis, width: int) -> int:
    return slot_of((at - axis.start) / timedelta(seconds=axis.step_s), axis.buckets, width)


def _label(at: datetime, step_s: int, now: datetime, *, is_first: bool) -> str:
    """The time; a date at midnight and where days are the step; and both at the first label of an axis not of today."""
    year = "" if at.year == now.year else f"{at:%Y}-"
    if step_s > 366 * DAY_S // 2:
        return f"{at:%Y-%m}"
    if step_s >= DAY_S or (at.hour == 0 and at.minute == 0):
        return f"{year if is_first else ''}{at:%m-%d}"
    return f"{at:%m-%d %H:%M}" if is_first else f"{at:%H:%M}"
