"""Pages that open above a view: plain text to select from, the doctor of keys, an act before it is done."""

from __future__ import annotations

from collections.abc import Callable

from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, line, span
from opsconsole.console.views import plan


def text(frame: Frame, width: int, height: int) -> list[Line]:
    """Lines as they are, from where the person scrolled to."""
    head = ends((Span("── text ", "strong"),), (Span(" j k scroll · q close ", "dim"),), width, "─", "faint")
    rows: list[Line] = [(span(each),) for each in frame.state.page[frame.state.choice :]]
    return block([head, EMPTY, *rows], width, height)


def keys(frame: Frame, width: int, height: int) -> list[Line]:
    """What this terminal sends for each key that is pressed, and what never arrives."""
    head = ends((Span("── keys as they arrive ", "strong"),), (Span(" Esc Esc closes ", "dim"),), width, "─", "faint")
    told: list[Line] = [line(Span("   press any key: what is not listed never reached the console", "dim")), EMPTY]
    rows: list[Line] = [(Span("   ", "text"), span(each)) for each in frame.state.page]
    return block([head, *told, *rows], width, height)


PAGES: dict[str, Callable[[Frame, int, int], list[Line]]] = {
    "text": text,
    "keys": keys,
    "plan": plan.paint,
    "outcome": plan.paint,
}
