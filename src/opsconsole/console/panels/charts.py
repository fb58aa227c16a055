"""The three charts over the shared time axis: latency, traffic with errors, cost.

Always true here: each is a block of exactly the size asked for, with its plot in the same columns as the others', so
that one axis line serves a stack of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, separated, span
from opsconsole.console.palette import Ink
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.widgets import areas, plot, timeline

LEAST_BAR_ROWS_WITH_ERRORS = 4
LEAST_ROWS_BY_VERSION = 12
LEAST_ELAPSED = 0.25
"""Part of a bucket that must have passed before its rate is drawn."""


@dataclass(frozen=True)
class Course:
    """What the charts draw: numbers on an axis, and what happened on it."""

    key: str
    """Whose numbers: keeps the axis' top steady between updates."""
    lines: wire.Lines
    axis: wire.Axis
    end_s: float
    """Seconds from the axis' start to the window's end: the newest bucket may be unfinished."""
    now: datetime
    is_live: bool
    markers: tuple[wire.Marker, ...] = ()
    versions: tuple[wire.VersionLines, ...] = ()
    """Of the versions with the largest shares."""
    breaches: tuple[wire.Breach, ...] = ()


Chart = Callable[[Course, Frame, int, int], list[Line]]
"""A course, the frame, columns and rows → exactly that block."""


def of_service(view: wire.ServiceView) -> Course:
    key = f"service {view.service} {view.window}"
    return Course(
        key, view.lines, view.axis, _end_s(view), view.now, view.is_live, view.markers,
        versions=view.version_lines, breaches=view.breaches,
    )  # fmt: skip


def of_row(view: wire.FleetView, row: wire.ServiceRow) -> Course:
    key = f"fleet {row.service} {view.window}"
    return Course(key, row.trend, view.axis, _end_s(view), view.now, view.is_live)


def _end_s(view: wire.View) -> float:
    return (view.end - view.axis.start) / timedelta(seconds=1)


def latency(course: Course, frame: Frame, width: int, height: int) -> list[Line]:
    """p50 dotted below p99, under the markers; where there is room, version against version."""
    lines = course.lines
    if not has_latency(lines):
        return absent("no request in this window has a latency", width, height)
    measured = [each for each in course.versions if has_latency(each.lines)]
    if len(measured) > 1 and height >= LEAST_ROWS_BY_VERSION:
        return _latency_by_version(course, (measured[0], measured[1]), frame, width, height)
    cells = width - plot.GUTTER
    rules = timeline.rules_of(course.markers, course.axis, cells)
    above = _marked(course, cells) if height >= 5 else []
    top = frame.scales.top(("latency", course.key), (*lines.p99_ms, *lines.p50_ms))
    below = _breached(course, cells) if height >= 7 else []
    rows = areas.band_plot(
        lines.p50_ms, lines.p99_ms, cells, height - len(above) - len(below), top, frame.glyphs, rules
    )
    rows = with_crosshair(rows, course.axis, frame, cells)
    return block(above + plot.with_axis(rows, top, numbers.tick_duration) + below, width, height)


def _breached(course: Course, cells: int) -> list[Line]:
    return [timeline.breach_line(course.breaches, course.axis, cells)] if course.breaches else []


def bucket_of(frame: Frame) -> int | None:
    """The bucket of the view's axis on which the crosshair stands; None where it stands on none."""
    view, at = frame.view, frame.state.crosshair
    if view is None or at is None:
        return None
    bucket = int((at - view.axis.start) / timedelta(seconds=view.axis.step_s))
    return bucket if at >= view.axis.start and bucket < view.axis.buckets else None


def with_crosshair(rows: list[Line], axis: wire.Axis, frame: Frame, cells: int) -> list[Line]:
    """The plot, and the crosshair over it where it stands on this axis."""
    bucket = bucket_of(frame)
    if bucket is None:
        return rows
    return areas.crossed(rows, plot.slot_of(bucket + 0.5, axis.buckets, cells))


def at(values: Sequence[float | None], bucket: int) -> float | None:
    """The value of a bucket; None where there is none."""
    return values[bucket] if bucket < len(values) else None


Reading = tuple[str, float | None, Callable[[float | None], str], Ink]
"""(name, value, how it is written, ink)."""


def read_out(frame: Frame, bucket: int, *readings: Reading) -> Line:
    """``at 12:31  p50 790ms · p99 1.21s``: what the crosshair reads."""
    view = frame.view
    if view is None:
        return ()
    moment = view.axis.start + timedelta(seconds=view.axis.step_s * bucket)
    told = separated((Span(f"{name} ", "dim"), Span(write(value), ink)) for name, value, write, ink in readings)
    return (Span(f"at {moment:%H:%M}  ", "crosshair"), *told)


def elapsed_of_newest(view: wire.View) -> float:
    """How much of the newest bucket has passed, 0 to 1."""
    step = timedelta(seconds=view.axis.step_s)
    return min(1.0, (view.end - view.axis.start - step * (view.axis.buckets - 1)) / step)


def newest(frame: Frame) -> datetime | None:
    """The newest record that the view on the screen knows of; the window's end where it does not say."""
    view = frame.view
    return view.total.last_at if isinstance(view, wire.ServiceView) else view.end if view is not None else None


def has_latency(lines: wire.Lines) -> bool:
    return any(value is not None for value in (*lines.p50_ms, *lines.p99_ms))


def has_cost(lines: wire.Lines) -> bool:
    return any(value is not None for value in lines.usd)


def _marked(course: Course, cells: int) -> list[Line]:
    return [timeline.marker_line(course.markers, course.axis, cells)] if course.markers else []


LEGENDS: dict[str, tuple[str, str]] = {"braille": ("⠤⠤⠤", "⠄⠄⠄"), "block": ("▀▀▀", "▀ ▀"), "ascii": ("***", "+++")}
"""How a whole and a dotted line look in each set of glyphs."""


def _latency_by_version(
    course: Course, versions: tuple[wire.VersionLines, wire.VersionLines], frame: Frame, width: int, height: int
) -> list[Line]:
    """p99 above p50, each of the two largest versions side by side: the largest whole, the other dotted."""
    cells = width - plot.GUTTER
    rules = timeline.rules_of(course.markers, course.axis, cells)
    above = _marked(course, cells)
    room = height - len(above)
    upper = room * 3 // 5
    rows = list(above)
    one, other = (each.lines for each in versions)
    for name, whole, dotted, rows_here in (
        ("p99", one.p99_ms, other.p99_ms, upper),
        ("p50", one.p50_ms, other.p50_ms, room - upper),
    ):
        top = frame.scales.top((f"latency {name} by version", course.key), (*whole, *dotted))
        series = (
            plot.Series(whole, "first", "*"),
            plot.Series(dotted, "second", "+", is_dotted=not frame.glyphs.is_ascii),
        )
        drawn = plot.lines_plot(series, cells, rows_here - 1, top, frame.glyphs, rules)
        drawn = with_crosshair(drawn, course.axis, frame, cells)
        rows += [_legend(name, versions, frame), *plot.with_axis(drawn, top, numbers.tick_duration)]
    return block(rows, width, height)


def _legend(name: str, versions: tuple[wire.VersionLines, wire.VersionLines], frame: Frame) -> Line:
    named = [
        (Span(f"{look} ", ink), span(each.version or UNNAMED, ink))
        for look, ink, each in zip(LEGENDS[frame.glyphs.name], ("first", "second"), versions, strict=True)
    ]
    return (Span(" " * plot.GUTTER + f"{name}  ", "head"), *separated(named))


def traffic(course: Course, frame: Frame, width: int, height: int) -> list[Line]:
    """Requests a second as bars; below them, on an axis of their own, the errors."""
    lines, axis = course.lines, course.axis
    if not lines.requests:
        return absent("no requests in this window", width, height)
    cells = width - plot.GUTTER
    rules = timeline.rules_of(course.markers, axis, cells)
    is_open = _is_open(course)
    per_s = _rates(lines.requests, course)
    error_rows = 0 if height < LEAST_BAR_ROWS_WITH_ERRORS or not any(lines.errors) else max(1, height // 5)
    top = frame.scales.top(("traffic", course.key), per_s)
    bars = plot.bars_plot(
        per_s, cells, height - error_rows, top, "traffic", frame.glyphs, rules=rules, has_open_end=is_open
    )
    bars = with_crosshair(bars, axis, frame, cells)
    rows = plot.with_axis(bars, top, lambda rate: f"{numbers.tick(rate)}/s" if rate else "0")
    if error_rows:
        most = frame.scales.top(("errors", course.key), lines.errors)
        marks = plot.bars_plot(
            lines.errors, cells, error_rows, most, "fail", frame.glyphs, sum, rules, has_open_end=is_open
        )
        marks = with_crosshair(marks, axis, frame, cells)
        rows += plot.with_axis(marks, most, lambda n: f"✖ {numbers.tick(n)}" if n else "0")
    return block(rows, width, height)


def _is_open(course: Course) -> bool:
    """Is the newest bucket still being filled?"""
    return course.is_live and course.end_s < course.axis.step_s * course.axis.buckets


def _rates(values: Sequence[float | None], course: Course) -> list[float | None]:
    """Each bucket's sum by the second; the unfinished one by its elapsed part, once that is enough to say."""
    step_s = float(course.axis.step_s)
    rates = [None if value is None else value / step_s for value in values]
    elapsed_s = course.end_s - (len(values) - 1) * step_s
    if values and elapsed_s < step_s:
        newest = values[-1]
        is_early = elapsed_s < LEAST_ELAPSED * step_s
        rates[-1] = None if newest is None or is_early else newest / elapsed_s
    return rates


def cost(course: Course, frame: Frame, width: int, height: int) -> list[Line]:
    """Dollars an hour as bars."""
    if not has_cost(course.lines):
        return absent("no request in this window has a known cost", width, height)
    cells = width - plot.GUTTER
    rules = timeline.rules_of(course.markers, course.axis, cells)
    per_h = [None if rate is None else rate * 3600 for rate in _rates(course.lines.usd, course)]
    top = frame.scales.top(("cost", course.key), per_h)
    bars = plot.bars_plot(per_h, cells, height, top, "cost", frame.glyphs, rules=rules, has_open_end=_is_open(course))
    bars = with_crosshair(bars, course.axis, frame, cells)
    return block(plot.with_axis(bars, top, lambda usd: f"${numbers.tick(usd)}/h" if usd else "0"), width, height)


def axis_line(course: Course, width: int) -> Line:
    return timeline.axis_line(course.axis, width - plot.GUTTER, course.now)


def absent(why: str, width: int, height: int) -> list[Line]:
    """Instead of an empty chart: that nothing was logged, and what."""
    rows: list[Line] = [EMPTY] * max(0, (height - 1) // 2)
    return block([*rows, (Span("   not logged: ", "strong"), Span(why, "dim"))], width, height)
