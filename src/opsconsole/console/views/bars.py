"""The two lines that every view has: where you are at the top, and whether it is true at the bottom."""

from __future__ import annotations

from datetime import datetime

from opsconsole import wire
from opsconsole.console import actions, numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, ends, line_width, separated, span


def top(frame: Frame, width: int) -> Line:
    """Name, environment, window, as-of; at the right what there is."""
    left: list[Span] = [Span(" opsconsole ", "accent")]
    if frame.environment:
        left += [span(f" {frame.environment} ", "badge"), Span(" ", "text")]
    view = frame.view
    if view is not None:
        left += [Span(" ", "text"), Span(view.window, "strong")]
        if frame.state.window != view.window:
            left += [Span(f" → {frame.state.window} …", "warn")]
        left += _as_of(view)
    return ends(tuple(left), _counts(frame, width - line_width(tuple(left)) - 2), width)


def _as_of(view: wire.View) -> list[Span]:
    if view.is_live:
        return [Span(" to ", "dim"), Span(f"{numbers.clock_time(view.end)} UTC", "text")]
    return [Span("  ", "text"), Span(f" end of data {numbers.minute(view.end)} ", "alert")]


def _counts(frame: Frame, room: int) -> Line:
    """What there is, what matters most kept longest where room is short."""
    fleet = frame.fleet
    if fleet is None or frame.state.view != "fleet":
        return ()
    lagging = (Span(f"{fleet.sources_lagging} lagging", "warn"),) if fleet.sources_lagging else ()
    rejects = (Span(f"{numbers.count(fleet.rejects)} rejects", "warn"),) if fleet.rejects else ()
    services = (Span(_plural(len(fleet.services), "service"), "dim"),)
    sources = (Span(_plural(fleet.sources, "source"), "dim"),)
    for parts in ((services, sources, lagging, rejects), (sources, lagging, rejects), (lagging, rejects)):
        counts = (*separated(parts), Span(" ", "text"))
        if line_width(counts) <= room:
            return counts
    return ()


def _plural(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def bottom(frame: Frame, width: int) -> Line:
    """What is open above the view, or else the state of the data and the keys that matter."""
    mode = frame.state.mode
    if mode == "filter":
        left = (Span(" /", "accent"), span(frame.state.draft, "strong"), Span("▏", "accent"))
        return ends(left, (Span("Enter keep · Esc cancel · ! first hides ", "dim"),), width)
    if mode == "window":
        return ends(_picker(frame), (Span("Enter take · Esc cancel ", "dim"),), width)
    truth = _truth(frame)
    return ends(truth, _hints(frame, width - line_width(truth) - 3), width)


def _picker(frame: Frame) -> Line:
    spans = [Span(" window ", "accent")]
    for i, name in enumerate(wire.WINDOWS):
        is_marked = i == frame.state.choice
        spans += [
            Span(f" {i + 1} ", "dim"),
            Span(f"[{name}]" if is_marked else f" {name} ", "strong" if is_marked else "text"),
        ]
    return tuple(spans)


def _truth(frame: Frame) -> Line:
    """Data age, daemon, query time: never silent about a lost daemon."""
    link, view = frame.link, frame.view
    age = _data_age(frame)
    if link.word == "lost":
        return (Span(" ✖ daemon lost, retrying", "fail"), *((Span(" · ", "faint"), *age) if age else ()))
    if link.word in ("refused", "foreign"):
        return (Span(" ✖ ", "fail"), span(link.message, "warn"))
    if link.word == "connecting" and view is None:
        return (Span(" ◌ waiting for the daemon", "quiet"),)
    query = (Span(f"query {view.query_ms:.0f} ms", "dim"),) if view is not None else ()
    return (Span(" ", "text"), *separated((age, (Span("✔ ", "ok"), Span("daemon", "dim")), query)))


def _data_age(frame: Frame) -> Line:
    view = frame.view
    if view is None:
        return (Span(f"data {numbers.ticking_age(frame.since_s)} old", "text"),) if frame.sources is not None else ()
    newest = _newest(frame)
    if newest is None:
        return (Span("no data", "dim"),)
    ink = "warn" if frame.link.word == "lost" else "text"
    return (Span("data ", "dim"), Span(numbers.ticking_age(frame.age_s(newest)), ink), Span(" old", "dim"))


def _newest(frame: Frame) -> datetime | None:
    if frame.state.view == "service" and frame.service is not None:
        return frame.service.total.last_at
    services = frame.fleet.services if frame.fleet is not None else ()
    return max((row.last_at for row in services if row.last_at is not None), default=None)


def _hints(frame: Frame, room: int) -> Line:
    spans: list[Span] = []
    taken = 1
    for key, label in actions.hints(actions.context_of(frame.state)):
        cells = len(key) + len(label) + 3
        if taken + cells > room:
            break
        spans += [Span(f"{key} ", "accent"), Span(f"{label}  ", "dim")]
        taken += cells
    return tuple(spans)


def filter_note(frame: Frame, shown: int, total: int) -> Line:
    """Which filters are on, and how much they hide; empty when none is."""
    parts: list[Line | Span] = []
    if frame.state.is_faults_only:
        parts.append(Span("! faults only", "warn"))
    text = frame.state.filter
    if text:
        parts.append((Span("/", "accent"), span(text, "strong")))
    return separated([*parts, Span(f"{shown} of {total}", "dim")]) if parts else ()
