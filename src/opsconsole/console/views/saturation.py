"""Saturation: how full one service is, and where its latency begins to rise with load.

Always true here: what the log does not have is named and takes no room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, beside, block, ends, is_wide, line, separated, span
from opsconsole.console.panels import charts
from opsconsole.console.panels.stack import Panel, Place, column, draw, tabs
from opsconsole.console.text import fit
from opsconsole.console.widgets import areas, heatmap, plot, timeline

Values = Sequence[float | None]


def _view(frame: Frame) -> wire.SaturationView:
    view = frame.answer(wire.SaturationView)
    if view is None:
        raise LookupError("a panel is drawn only when there is a view")
    return view


def _newest(values: Values) -> float | None:
    """Of the newest bucket that is over."""
    return values[-2] if len(values) > 1 else values[-1] if values else None


def _most(values: Values) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _level(value: float | None) -> str:
    return numbers.MISSING if value is None else f"{value:.2f}" if value < 9.995 else numbers.count(value)


def _named(name: str, text: str, ink: str = "text") -> Line:
    return (Span(f"{name} ", "dim"), Span(text, ink))


def _load_summary(frame: Frame) -> Line:
    view = _view(frame)
    return separated(
        (
            _named("req/s", numbers.rate(_newest(view.requests_per_s))),
            _named("in progress", _level(_newest(view.concurrency)), "p99"),
            _named("most", _level(_most(view.concurrency))),
            _named("pending", numbers.count(view.pending)) if view.pending else (),
        )
    )


def _load_read(frame: Frame, bucket: int) -> Line:
    view = _view(frame)
    return charts.read_out(
        frame,
        bucket,
        ("req/s", charts.at(view.requests_per_s, bucket), numbers.rate, "text"),
        ("in progress", charts.at(view.concurrency, bucket), _level, "p99"),
    )


def _load_body(frame: Frame, width: int, height: int) -> list[Line]:
    """Requests in progress, as a line; what carries them is in the title."""
    view = _view(frame)
    return _lines(frame, (("in progress", view.concurrency, "p99"),), numbers.tick, width, height)


def _queue_summary(frame: Frame) -> Line:
    view = _view(frame)
    p50, p99 = _newest(view.queue_p50_ms), _newest(view.queue_p99_ms)
    return separated((_named("p50", numbers.duration(p50), "p50"), _named("p99", numbers.duration(p99), "p99")))


def _queue_read(frame: Frame, bucket: int) -> Line:
    view = _view(frame)
    return charts.read_out(
        frame,
        bucket,
        ("p50", charts.at(view.queue_p50_ms, bucket), numbers.duration, "p50"),
        ("p99", charts.at(view.queue_p99_ms, bucket), numbers.duration, "p99"),
    )


def _queue_body(frame: Frame, width: int, height: int) -> list[Line]:
    view = _view(frame)
    cells = width - plot.GUTTER
    top = frame.scales.top(("queue", view.service, view.window), view.queue_p99_ms)
    rules = timeline.rules_of(view.markers, view.axis, cells)
    rows = areas.band_plot(view.queue_p50_ms, view.queue_p99_ms, cells, height, top, frame.glyphs, rules)
    rows = charts.with_crosshair(rows, view.axis, frame, cells)
    return block(plot.with_axis(rows, top, numbers.tick_duration), width, height)


def _limits_summary(frame: Frame) -> Line:
    view = _view(frame)
    throttled, timeouts = sum(view.throttled), sum(view.timeouts)
    return separated(
        (
            _named("refused for a limit", numbers.count(throttled), "warn" if throttled else "text"),
            _named("timed out", numbers.count(timeouts), "fail" if timeouts else "text"),
        )
    )


def _limits_read(frame: Frame, bucket: int) -> Line:
    view = _view(frame)
    return charts.read_out(
        frame,
        bucket,
        ("refused", charts.at(view.throttled, bucket), numbers.count, "warn"),
        ("timed out", charts.at(view.timeouts, bucket), numbers.count, "fail"),
    )


def _limits_body(frame: Frame, width: int, height: int) -> list[Line]:
    view = _view(frame)
    cells = width - plot.GUTTER
    stacks = (areas.Stack(view.throttled, "warn", "refused"), areas.Stack(view.timeouts, "fail", "timed out"))
    both = [a + b for a, b in zip(view.throttled, view.timeouts, strict=True)]
    top = frame.scales.top(("limits", view.service, view.window), both)
    rows = areas.stacked_plot(
        stacks, cells, height, top, frame.glyphs, timeline.rules_of(view.markers, view.axis, cells)
    )
    rows = charts.with_crosshair(rows, view.axis, frame, cells)
    return block(plot.with_axis(rows, top, numbers.tick), width, height)


def _work_summary(frame: Frame) -> Line:
    view = _view(frame)
    hits = _newest(view.cache_hit_rate)
    return separated(
        (
            _named("tokens/s", numbers.count(_newest(view.tokens_per_s)), "p99"),
            _named("cache hits", numbers.percent(hits)) if hits is not None else (),
        )
    )


def _work_read(frame: Frame, bucket: int) -> Line:
    view = _view(frame)
    return charts.read_out(
        frame,
        bucket,
        ("tokens/s", charts.at(view.tokens_per_s, bucket), numbers.count, "p99"),
        ("cache hits", charts.at(view.cache_hit_rate, bucket), numbers.percent, "text"),
    )


def _work_body(frame: Frame, width: int, height: int) -> list[Line]:
    return _lines(frame, (("tokens/s", _view(frame).tokens_per_s, "p99"),), numbers.tick, width, height)


def _heat_summary(frame: Frame) -> Line:
    return (*heatmap.legend(frame.glyphs), Span(" few to many requests of that latency", "dim"))


def _heat_body(frame: Frame, width: int, height: int) -> list[Line]:
    view = _view(frame)
    cells = width - plot.GUTTER
    rows = heatmap.heatmap(view.heat, cells, height, frame.glyphs)
    rows = charts.with_crosshair(rows, view.axis, frame, cells)
    edges = heatmap.edges_shown(view.heat_edges_ms, len(view.heat), height)
    labels = ["" if edge is None else numbers.duration(edge) for edge in edges]
    gutter = [(Span(fit(label, plot.GUTTER - 2, right=True), "dim"), Span(" │", "faint")) for label in labels]
    return block([(*mark, *row) for mark, row in zip(gutter, rows, strict=True)], width, height)


def _knee_summary(frame: Frame) -> Line:
    view = _view(frame)
    if not view.knee:
        return line(Span("too few buckets to say", "dim"))
    first, last = view.knee[0], view.knee[-1]
    grown = last.value / first.value if first.value and last.value else None
    return separated(
        (
            _named("p99 idlest fifth", numbers.duration(first.value)),
            _named("busiest", numbers.duration(last.value), "p99"),
            _named("", numbers.ratio(grown), "warn" if _is_sure(first, last) else "text"),
        )
    )


def _is_sure(idle: wire.Measure, busy: wire.Measure) -> bool:
    """Are the two intervals apart?"""
    return busy.low is not None and idle.high is not None and busy.low > idle.high


def _knee_body(frame: Frame, width: int, height: int) -> list[Line]:
    """p99 of each fifth of the buckets, by how many requests a second they had."""
    view = _view(frame)
    most = max((each.high or each.value or 0.0 for each in view.knee), default=0.0) or 1.0
    room = max(4, width - 46)
    rows: list[Line] = []
    for each, per_s in zip(view.knee, view.knee_per_s, strict=True):
        filled = max(1, round((each.value or 0.0) / most * room))
        bar = ("#" if frame.glyphs.is_ascii else "█") * filled
        bounds = f"({numbers.duration(each.low)}–{numbers.duration(each.high)})"
        rows.append(
            (
                Span(f"  {numbers.rate(per_s):>6} req/s ", "dim"),
                Span(f"{numbers.duration(each.value):>6} ", "p99"),
                Span(fit(bounds, 17), "dim"),
                Span(bar, "p50"),
                Span(f" n {numbers.count(each.n)}", "dim"),
            )
        )
    return block(rows, width, height)


def _lines(
    frame: Frame, series: Sequence[tuple[str, Values, str]], unit: Callable[[float], str], width: int, height: int
) -> list[Line]:
    view = _view(frame)
    cells = width - plot.GUTTER
    key = (series[0][0], view.service, view.window)
    top = frame.scales.top(key, [value for _, values, _ in series for value in values])
    rules = timeline.rules_of(view.markers, view.axis, cells)
    drawn = plot.lines_plot(
        [plot.Series(values, ink, "*") for _, values, ink in series], cells, height, top, frame.glyphs, rules
    )
    return block(plot.with_axis(charts.with_crosshair(drawn, view.axis, frame, cells), top, unit), width, height)


def _counted(frame: Frame) -> str:
    return f"n {numbers.count(sum(sum(band) for band in _view(frame).heat))}"


def _lacks(column_name: str) -> Callable[[Frame], bool]:
    return lambda frame: column_name in _view(frame).not_logged


PANELS: tuple[Panel, ...] = (
    Panel(1, "load", _load_summary, _counted, _load_body, True, _lacks("latency_ms"), _load_read),
    Panel(2, "latency", _heat_summary, _counted, _heat_body, True, _lacks("latency_ms")),
    Panel(3, "queue", _queue_summary, _counted, _queue_body, True, _lacks("queue_ms"), _queue_read),
    Panel(
        4,
        "limits",
        _limits_summary,
        _counted,
        _limits_body,
        True,
        lambda f: not any(_view(f).throttled) and not any(_view(f).timeouts),
        _limits_read,
    ),
    Panel(5, "work", _work_summary, _counted, _work_body, True, _lacks("tokens"), _work_read),
    Panel(6, "p99 by load", _knee_summary, _counted, _knee_body, False, lambda f: not _view(f).knee),
)
BY_DIGIT: dict[int, Panel] = {panel.digit: panel for panel in PANELS}

STACK: tuple[Place, ...] = ((1, 5, 3), (2, 6, 3), (3, 3, 2), (4, 1, 1), (5, 1, 1), (6, 1, 1))
LEFT: tuple[Place, ...] = ((1, 6, 3), (3, 5, 3), (4, 5, 2), (5, 5, 2))
RIGHT: tuple[Place, ...] = ((2, 10, 4), (6, 7, 0))


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.SaturationView)
    if view is None:
        return block([EMPTY, (Span("   waiting for ", "dim"), span(frame.state.service))], width, height)
    missing = f"not logged: {', '.join(view.not_logged)} " if view.not_logged else ""
    head = ends((Span(" saturation of ", "head"), span(view.service, "strong")), (span(missing, "dim"),), width)
    panel = BY_DIGIT.get(frame.state.panel)
    if panel is not None:
        body = draw(panel, frame, width, height - 2, has_axis=True)
        return [head, tabs(PANELS, frame.state.panel, width), *body]
    if is_wide(width, height):
        left = (width - 2) // 2
        right = column(BY_DIGIT, RIGHT, frame, width - 2 - left, height - 1)
        return [head, *beside(column(BY_DIGIT, LEFT, frame, left, height - 1), right, (Span("  ", "text"),))]
    return [head, *column(BY_DIGIT, STACK, frame, width, height - 1)]
