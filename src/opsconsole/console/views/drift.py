"""Drift: every input against its baseline, worst first, and the distributions of the one under the cursor."""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, beside, block, ends, line, separated, span
from opsconsole.console.listing import Listing, cursor
from opsconsole.console.panels import drift
from opsconsole.console.widgets import histogram, table
from opsconsole.console.widgets.listed import list_body

WIDE_FROM = (130, 30)
LEAST_BARS = 8


def listing(frame: Frame) -> Listing | None:
    """The findings, worst first."""
    view = frame.answer(wire.DriftView)
    if view is None:
        return None
    make = lambda: Listing("findings", "feature", tuple(map(drift.item, view.drift.findings)))  # noqa: E731
    return frame.listings.of(("drift",), view, make)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.DriftView)
    if view is None:
        return block([EMPTY, (Span("   waiting for ", "dim"), span(frame.state.service))], width, height)
    head = _head(view, width)
    if not view.drift.findings:
        told = drift.why_nothing(view.drift)
        return block([head, EMPTY, line(Span(f"   nothing judged: {told}", "dim"))], width, height)
    items = frame.shown(listing(frame))
    keyed = {drift.item(each).key: i for i, each in enumerate(view.drift.findings)}
    if width >= WIDE_FROM[0] and height >= WIDE_FROM[1]:
        left = (width - 2) * 11 // 20
        listed = block(_listed(frame, view, keyed, left, height - 1), left, height - 1)
        detail = _detail(frame, view, keyed, width - 2 - left, height - 1)
        return [head, *beside(listed, detail, (Span("  ", "text"),))]
    room = max(4, min(len(items) + 2, height - 1 - LEAST_BARS - 4))
    listed = _listed(frame, view, keyed, width, room)
    listed = block(listed, width, min(len(listed), room))
    return [head, *listed, *_detail(frame, view, keyed, width, height - 1 - len(listed))]


def _head(view: wire.DriftView, width: int) -> Line:
    counts = drift.counted(view.drift)
    left = (Span(" drift of ", "head"), span(view.service, "strong"), Span("  ", "text"), *counts)
    against = (Span("against ", "dim"), span(view.drift.baseline.label or "nothing", "text"), Span(" ", "text"))
    return ends(left, against, width)


def _listed(frame: Frame, view: wire.DriftView, keyed: dict[str, int], width: int, height: int) -> list[Line]:
    items = frame.shown(listing(frame))
    columns = table.visible(drift.COLUMNS, width)
    findings = view.drift.findings
    return list_body(
        frame,
        items,
        columns,
        lambda i: drift.cells(findings[keyed[items[i].key]]),
        width,
        height,
        nothing=frame.nothing_matches,
    )


def _detail(frame: Frame, view: wire.DriftView, keyed: dict[str, int], width: int, height: int) -> list[Line]:
    """The finding under the cursor in words and as bars."""
    items = frame.shown(listing(frame))
    if not items or height < 2:
        return block((), width, height)
    at = keyed[items[cursor(items, frame.state.place.cursor)].key]
    found, shown = view.drift.findings[at], view.distributions[at]
    title = (Span("── ", "faint"), span(found.feature, "strong"), Span(" ", "text"))
    on = (span(f" {found.version} ", "text"),) if found.version else ()
    facts = separated(
        (
            _named("effect", numbers.effect(found.effect)),
            _named("n", f"{numbers.count(found.n)} against {numbers.count(found.n_baseline)}"),
            _named("φ", numbers.MISSING if found.phi is None else f"{found.phi:.1f}"),
            _named("null", f"{numbers.percent(found.null_rate)} was {numbers.percent(found.null_rate_baseline)}"),
            _named("unseen", numbers.percent(found.unseen_rate)) if found.unseen_rate is not None else (),
        )
    )
    rows: list[Line] = [ends(title, on, width, "─", "faint"), (Span("  ", "text"), *facts)]
    if found.reasons:
        rows.append((Span("  ", "text"), span("; ".join(found.reasons), "warn" if found.verdict == "drift" else "dim")))
    if not shown.bins:
        rows.append(line(Span("   no distribution: nothing to compare it with", "dim")))
        return block(rows, width, height)
    rows.append((Span("  ", "text"), *histogram.legend(frame.glyphs)))
    rows = block(rows, width, len(rows))
    return (rows + histogram.histogram(shown.bins, width, max(0, height - len(rows)), frame.glyphs))[:height]


def _named(name: str, text: str) -> Line:
    return (Span(f"{name} ", "dim"), Span(text, "text"))
