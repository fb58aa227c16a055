"""Pages that open above a view: plain text to select from, the doctor of keys, an act before it is done."""

from __future__ import annotations

from collections.abc import Callable

from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, line, span
from opsconsole.console.views import plan
from opsconsole.console.views.catalog import BY_NAME


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


def asked(frame: Frame, width: int, height: int) -> list[Line]:
    """What has to be read before the last line is answered; the view where there is nothing to read."""
    form = frame.state.form
    if form is None or not form.page:
        return BY_NAME[frame.state.view].paint(frame, width, height)
    rows: list[Line] = [(Span("   ", "text"), span(each)) for each in form.page]
    room = height - 2
    first = min(frame.state.choice, max(0, len(rows) - room))
    hidden = len(rows) - first - room
    more = f" ↓ {hidden} more lines " if hidden > 0 else f" ↑ {first} lines above " if first else "──"
    head = ends((Span("── ", "faint"), span(f"{form.title} ", "strong")), (Span(more, "dim"),), width, "─", "faint")
    return block([head, EMPTY, *rows[first:]], width, height)


PAGES: dict[str, Callable[[Frame, int, int], list[Line]]] = {
    "text": text,
    "keys": keys,
    "plan": plan.paint,
    "outcome": plan.paint,
    "form": asked,
}
