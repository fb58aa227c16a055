"""One checklist, to be read before it is run: how fresh it is, what it asks for, its steps, its file.

Always true here: what is wrong with its file stands first, with its line and a remedy.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, broken, ends, fill, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels import document
from opsconsole.console.panels.document import Row, Section, fact, prose
from opsconsole.console.place import Place

PANELS: tuple[str, ...] = ("about", "steps", "file")
ABOUT, STEPS, FILE = 1, 2, 3
MOST_OF_LINE = 1_000
"""Characters of a line of its file that are shown."""


def asks(place: Place) -> dict[str, str]:
    return {"id": place.choice("key")}


def answered(frame: Frame) -> wire.ChecklistView | None:
    """The checklist that the place names."""
    view = frame.answer(wire.ChecklistView)
    return view if view is not None and view.entry.id == frame.state.place.choice("key") else None


def listing(frame: Frame) -> Listing | None:
    view = answered(frame)
    if view is None:
        return None
    panel = frame.state.panel
    return frame.listings.of(
        ("checklist", str(panel)), view, lambda: document.listing("lines", sections(view, frame), panel, {})
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = answered(frame)
    if view is None:
        return document.not_there(frame, "checklist", "checklists", width, height)
    head = _head(view, width)
    items = frame.shown(listing(frame))
    return [*head, *document.painted(sections(view, frame), items, frame, width, height - len(head))]


def _head(view: wire.ChecklistView, width: int) -> list[Line]:
    entry = view.entry
    left = separated(((Span(" ", "text"), span(entry.title, "strong")), span(entry.id, "head")), "  ")
    rows = [ends(left, (span(f"{', '.join(entry.severity)} ", "dim"),), width)]
    for each in entry.stale:
        rows += broken((Span(" ▲ ", "warn"), span(each, "warn")), width, 3, 2)
    return [fill(row, width) for row in rows]


def sections(view: wire.ChecklistView, frame: Frame) -> tuple[Section, ...]:
    return (
        Section(ABOUT, PANELS[0], tuple(_about(view)), (Span(f"{frame.key('start_checklist')} runs it", "dim"),)),
        Section(STEPS, PANELS[1], tuple(_steps(view)), nothing="its file cannot be understood"),
        Section(FILE, PANELS[2], tuple(_file(view)), (span(view.entry.path, "dim"),), is_beside=True),
    )


def _about(view: wire.ChecklistView) -> Iterator[Row]:
    entry, checklist = view.entry, view.checklist
    for i, each in enumerate(view.problems):
        ink = "fail" if each.is_error else "warn"
        yield from prose(f"problem {i}", f"✖ {each.path}:{each.line}: {each.message}. {each.remedy}", ink)
    reviewed, drilled, ran = entry.last_reviewed, entry.last_drilled, entry.last_run
    fresh = (
        ("reviewed", f"{reviewed:%Y-%m-%d}" if reviewed else "never"),
        ("drilled", f"{drilled:%Y-%m-%d}" if drilled else "never"),
        ("last run", f"{ran:%Y-%m-%d %H:%M}" if ran else "never"),
        ("owner", entry.owner or numbers.MISSING),
    )
    for name, told in fresh:
        yield fact(f"about {name}", name, span(told))
    if checklist is None:
        return
    for i, probe in enumerate(checklist.triggers):
        yield fact(f"trigger {i}", "when", span(probe.signal or " ".join(probe.sql.split())))
    for name, param in checklist.params.items():
        need = "needed" if param.required else "may be left out"
        yield fact(f"param {name}", "asks for", span(f"{name}: {param.about or param.type}"), Span(f"  {need}", "dim"))
    if checklist.about:
        yield from prose("about text", " ".join(checklist.about.split()))


def _steps(view: wire.ChecklistView) -> Iterator[Row]:
    for i, step in enumerate(view.checklist.steps if view.checklist is not None else ()):
        about = " · ".join(word for word in (step.type, step.role, step.timebox) if word)
        line = (Span(f" {i + 1:>2} ", "dim"), span(step.title or step.id, "strong"), span(f"  {about}", "dim"))
        yield Row(f"step {step.id}", line, page=(step.title or step.id, about, "", *step.text.split("\n")), hang=4)


def _file(view: wire.ChecklistView) -> Iterator[Row]:
    for i, text in enumerate(view.text.split("\n")):
        indent = len(text) - len(text.lstrip()) + 3
        yield Row(f"file {i}", (Span(" ", "text"), span(text, limit=MOST_OF_LINE)), {"text": text}, hang=indent)
