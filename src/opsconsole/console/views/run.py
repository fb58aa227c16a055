"""One run of a checklist: the step whose turn it is with its keys, every step as it stands, and what was noted.

Always true here: what is over its time is said and nothing is ended by it; the run is the daemon's, and leaving the
page ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, broken, ends, fill, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels import document
from opsconsole.console.panels.document import MOST_CELLS, TIME_CELLS, Row, Section
from opsconsole.console.panels.run_words import phase_sign, step_row, tally_line, turn_rows
from opsconsole.console.place import Place

PANELS: tuple[str, ...] = ("now", "steps", "notes")
NOW, STEPS, NOTES = 1, 2, 3


def asks(place: Place) -> dict[str, str]:
    return {"id": place.choice("key")}


def answered(frame: Frame) -> wire.RunView | None:
    """The run that the place names: the one that was open before it is not shown in its stead."""
    view = frame.answer(wire.RunView)
    return view if view is not None and view.run.id == frame.state.place.choice("key").upper() else None


def listing(frame: Frame) -> Listing | None:
    view = answered(frame)
    if view is None:
        return None
    panel, service = frame.state.panel, view.run.params.get("service", "")
    return frame.listings.of(
        ("run", str(panel)), view, lambda: document.listing("lines", sections(view, frame), panel, {"service": service})
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = answered(frame)
    if view is None:
        return document.not_there(frame, "run", "checklists", width, height)
    head = _head(view, width)
    items = frame.shown(listing(frame))
    return [*head, *document.painted(sections(view, frame), items, frame, width, height - len(head))]


def _head(view: wire.RunView, width: int) -> list[Line]:
    """Which it is, how it stands and how far it is; what it is about; what takes too long."""
    run = view.run
    left = separated(
        (
            (Span(" ", "text"), span(run.id, "strong")),
            (phase_sign(run.word, run.phase).span,),
            span(run.checklist.title, "strong"),
            span(run.incident, "accent"),
        ),
        "  ",
    )
    params = " ".join(f"{name}={value}" for name, value in run.params.items() if value)
    began = f"began {run.started_at:%H:%M} by {run.started_by}"
    rows = [
        ends(left, (*tally_line(view.tally), Span(" ", "text")), width),
        *broken((Span("   ", "text"), *separated((span(params), span(began, "dim")))), width, 3, 2),
    ]
    if run.stopped:
        rows += broken((Span(" ✖ ", "fail"), span(f"stop condition: {run.stopped}", "fail")), width, 3, 2)
    for flag in view.flags[:2]:
        rows += broken((Span(" ▲ ", "warn"), span(flag, "warn")), width, 3, 2)
    return [fill(row, width) for row in rows]


def sections(view: wire.RunView, frame: Frame) -> tuple[Section, ...]:
    return (
        Section(NOW, PANELS[0], tuple(_now(view, frame)), _title(view), "the daemon goes on by itself"),
        Section(STEPS, PANELS[1], tuple(_steps(view)), is_beside=True),
        Section(NOTES, PANELS[2], tuple(_notes(view.run))),
    )


def _title(view: wire.RunView) -> Line:
    run = view.run
    if not run.current:
        return ()
    ids = [each.id for each in run.checklist.steps]
    step = run.checklist.step(run.current)
    about = " · ".join(word for word in (step.type, step.role, step.timebox) if word)
    n = f"{ids.index(step.id) + 1}/{len(ids)} "
    return (Span(n, "dim"), span(step.title or step.id, "strong"), span(f"  {about}", "dim"))


def _now(view: wire.RunView, frame: Frame) -> Iterator[Row]:
    if view.child:
        line = (
            Span(" ● ", "accent"),
            span(view.child, "strong"),
            Span(f" is a part of it: {frame.key('enter')} opens it", "text"),
        )
        yield Row("now child", line, opens=Place("run").choosing(key=view.child))
    yield from turn_rows(view, frame)


def _steps(view: wire.RunView) -> Iterator[Row]:
    section = ""
    for step in view.run.checklist.steps:
        if step.section and step.section != section:
            section = step.section
            yield Row(f"section {section}", (span(f" {section}", "head"),))
        yield step_row(view.run, step)


def _notes(run: wire.Run) -> Iterator[Row]:
    for i, note in reversed(list(enumerate(run.notes))):
        head = (Span(f" {note.at:%H:%M:%S} ", "dim"), span(f"{note.actor} ", "head"))
        page = (f"{note.at:%Y-%m-%d %H:%M:%S} UTC {note.actor}, at {note.step}", "", *note.text.split("\n"))
        yield Row(
            f"note {i}", (*head, span(note.text, limit=MOST_CELLS)), {"text": note.text}, page=page, hang=TIME_CELLS
        )
