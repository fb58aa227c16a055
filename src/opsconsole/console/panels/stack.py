"""Panels under each other over one time axis: what the views of one service are made of.

Always true here: charts in one column share their plot's columns and the axis at their foot; a panel without data is
its title line alone and leaves its rows to the others; a crosshair is read out in every title.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, block, ends
from opsconsole.console.listing import Listing
from opsconsole.console.panels import charts
from opsconsole.console.widgets import timeline
from opsconsole.console.widgets.plot import GUTTER

LEAST_CHART = 4
"""Rows of a timed panel from which it draws its chart, and may carry the axis."""

Place = tuple[int, int, int]
"""Digit of a panel, its least rows, and its part of the rows that are left over."""


@dataclass(frozen=True)
class Panel:
    """One panel."""

    digit: int
    title: str
    summary: Callable[[Frame], Line]
    """What the title line says: a panel of one row still answers."""
    measured: Callable[[Frame], str]
    """How many requests or values stand behind it."""
    body: Callable[[Frame, int, int], list[Line]]
    is_timed: bool
    """Drawn over the shared time axis."""
    is_empty: Callable[[Frame], bool] = lambda frame: False
    """Is there nothing to draw? Then its title line says so, and takes no room from others."""
    read: Callable[[Frame, int], Line] = lambda frame, bucket: ()
    """What the title line says instead while a crosshair stands on this bucket of the axis."""
    listing: Callable[[Frame], Listing | None] = lambda frame: None
    """Of a panel that is a list and has a cursor when it is alone on the screen."""


def draw(panel: Panel, frame: Frame, width: int, height: int, *, has_axis: bool = False) -> list[Line]:
    """Title line, body and, at the foot of a stack of timed panels, the axis."""
    rows = [title(panel, frame, width)]
    foot: list[Line] = []
    if panel.is_timed and has_axis and height >= 4:
        foot = [axis_line(frame, width)]
    inner = height - 1 - len(foot)
    if inner > 0:
        rows += paused(width, inner) if panel.is_timed and frame.is_numbers_only else panel.body(frame, width, inner)
    return block(rows + foot, width, height)


def title(panel: Panel, frame: Frame, width: int) -> Line:
    """``1 latency  p50 … ──── n 44.6k · 5s``: the digit, what it says, its n and its data's age."""
    bucket = charts.bucket_of(frame)
    read = panel.read(frame, bucket) if bucket is not None else ()
    left = (
        Span(f" {panel.digit} ", "accent"),
        Span(f"{panel.title}  ", "strong"),
        *(read or panel.summary(frame)),
        Span(" ", "text"),
    )
    age = numbers.coarse_age(frame.age_s(charts.newest(frame)))
    right = (Span(f" {panel.measured(frame)} · {age} ", "dim"),)
    return ends(left, right, width, "─", "faint")


def paused(width: int, height: int) -> list[Line]:
    """Instead of a chart, on a link that cannot carry one: its numbers are in the title."""
    return block([(Span("   chart paused: slow link", "dim"),)], width, height)


def axis_line(frame: Frame, width: int) -> Line:
    """The labels of the time axis that the panels above it share."""
    view = frame.view
    if view is None:
        return ()
    return timeline.axis_line(
        view.axis, width - GUTTER, view.now, crosshair=frame.state.crosshair, is_past=view.as_of is not None
    )


def tabs(panels: Sequence[Panel], panel: int, width: int) -> Line:
    """The digits of the panels, the open one in brackets."""
    spans: list[Span] = [Span(" 0 ", "accent"), Span("all  ", "dim")]
    for each in panels:
        is_open = each.digit == panel
        spans += [
            Span(f"{each.digit} ", "accent"),
            Span(f"[{each.title}]" if is_open else each.title, "strong" if is_open else "dim"),
        ]
        spans.append(Span("  ", "text"))
    return block([tuple(spans)], width, 1)[0]


def column(panels: Mapping[int, Panel], places: Sequence[Place], frame: Frame, width: int, height: int) -> list[Line]:
    """Panels under each other, one without data as its title alone; the last timed one carries the axis."""
    heights = shared_out(
        [(1, 0) if panels[digit].is_empty(frame) else (least, part) for digit, least, part in places], height
    )
    timed = [i for i, (digit, _, _) in enumerate(places) if panels[digit].is_timed and heights[i] >= LEAST_CHART]
    last_timed = timed[-1] if timed else -1
    rows: list[Line] = []
    for i, (digit, _, _) in enumerate(places):
        rows += draw(panels[digit], frame, width, heights[i], has_axis=i == last_timed)
    return block(rows, width, height)


def shared_out(places: Sequence[tuple[int, int]], total: int) -> list[int]:
    """Rows for (least, part) places: everyone's least, then what is left by parts; the last gives way first."""
    heights = [least for least, _ in places]
    spare = total - sum(heights)
    parts = sum(part for _, part in places)
    if spare >= 0:
        heights = [least + spare * part // max(1, parts) for least, part in places]
        heights[next((i for i, (_, part) in enumerate(places) if part), 0)] += total - sum(heights)
        return heights
    for i in reversed(range(len(heights))):
        given = min(heights[i], -spare)
        heights[i] -= given
        spare += given
        if spare == 0:
            break
    return heights
