"""The keys that work here, from the actions table."""

from __future__ import annotations

from opsconsole.console import actions, numbers
from opsconsole.console.actions import Context
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, separated, span
from opsconsole.console.states import HEALTH
from opsconsole.console.widgets import plot

KEY_CELLS = 24

TITLES: dict[Context, str] = {
    "list": "this panel",
    "service": "the service",
    "fleet": "the fleet",
    "sources": "the sources",
}

LEGEND: tuple[tuple[str, str], ...] = (
    ("ok", ""),
    ("warn", "worse than it should be"),
    ("fail", "users hurt"),
    ("quiet", "no records"),
    ("unknown", "too few to say"),
)


CHARTS: tuple[Line, ...] = (
    (Span(plot.OPEN, "dim"), Span(" newest bucket, not over: its rate so far", "dim")),
    (Span("▼ ┊", "marker"), Span(" version first seen", "dim")),
)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    """The list of keys, and what the signs mean."""
    context = actions.view_context(frame.state)
    rows: list[Line] = [ends((Span(f"── keys in {TITLES.get(context, context)} ", "strong"),), (), width, "─", "faint")]
    rows += [(Span(f"   {keys:<{KEY_CELLS}}", "accent"), span(told)) for keys, told in actions.listed(context)]
    signs = [(HEALTH[state].span, span(f" {told}" if told else "", "dim")) for state, told in LEGEND]
    missing = (Span(numbers.MISSING, "text"), Span(" not logged", "dim"))
    legend: list[Line] = [
        (Span("── signs ", "strong"), *separated(signs[:3])),
        (Span("         ", "text"), *separated([*signs[3:], missing])),
        (Span("── charts ", "strong"), *separated(CHARTS)),
    ]
    spaced = [EMPTY, *rows, EMPTY, *legend] if len(rows) + len(legend) + 2 <= height else [*rows, *legend]
    return block(spaced, width, height)
