"""One incident's page: what is due, its milestones, who has which role, what belongs to it, and what happened.

Always true here: a milestone says whether evidence or a person set it; what is overdue stands first; who else looks at
it is in the first lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, broken, ends, fill, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.palette import Ink
from opsconsole.console.panels import document
from opsconsole.console.panels.alert_words import age_s
from opsconsole.console.panels.document import LABEL_CELLS, MOST_CELLS, TIME_CELLS, Row, Section, prose
from opsconsole.console.panels.incident_words import person_span, severity_span, state_span, timer_words
from opsconsole.console.place import Place, ViewName
from opsconsole.console.states import HEALTH

PANELS: tuple[str, ...] = (
    "what is due", "milestones", "people", "linked", "messages", "notes", "follow-ups", "timeline",
)  # fmt: skip
DUE, MILESTONES, PEOPLE, LINKED, MESSAGES, NOTES, FOLLOW_UPS, TIMELINE = range(1, 9)
MILESTONE_CELLS = 14
"""Of its name, with its blanks."""
LINK_SIGNS: dict[wire.LinkKind, tuple[str, Ink]] = {
    "alert": ("✖ alert", "fail"),
    "release": ("▼ release", "marker"),
    "checklist": ("● run", "accent"),
    "view": ("· view", "text"),
    "query": ("· query", "text"),
}


def asks(place: Place) -> dict[str, str]:
    return {"incident": place.choice("key")}


def answered(frame: Frame) -> wire.IncidentView | None:
    """The incident that the place names: the one that was open before it is not shown in its stead."""
    view = frame.answer(wire.IncidentView)
    return view if view is not None and view.incident.incident == frame.state.place.choice("key").upper() else None


def listing(frame: Frame) -> Listing | None:
    view = answered(frame)
    if view is None:
        return None
    services = view.incident.services
    panel, service = frame.state.panel, services[0] if services else ""
    return frame.listings.of(
        ("incident", str(panel)),
        view,
        lambda: document.listing("lines", sections(view, frame), panel, {"service": service}),
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = answered(frame)
    if view is None:
        return document.not_there(frame, "incident", "incidents", width, height)
    head = _head(view, frame, width)
    items = frame.shown(listing(frame))
    return [*head, *document.painted(sections(view, frame), items, frame, width, height - len(head))]


def _head(view: wire.IncidentView, frame: Frame, width: int) -> list[Line]:
    """Which it is and how it stands; its services now; who else is here; what is not as it should be."""
    incident = view.incident
    is_open = incident.status not in ("resolved", "reviewed")
    left = separated(
        (
            (Span(" ", "text"), severity_span(incident.severity, is_open=is_open)),
            span(incident.incident, "strong"),
            state_span(incident.status),
        ),
        "  ",
    )
    age = numbers.age(max(60.0, age_s(frame, view, incident.opened_at)))
    rows = [
        ends(
            left, (span(f"opened {incident.opened_at:%m-%d %H:%M} UTC, {age}, by {incident.opened_by} ", "dim"),), width
        ),
        *broken((Span("   ", "text"), span(incident.title, "strong")), width, 3, 2),
        *broken((Span("   ", "text"), *separated(_services(view))), width, 3, 2),
    ]
    if others := _others(view, frame):
        rows.append((Span("   here ", "dim"), span(others, "accent")))
    for warning in view.warnings[:2]:
        rows += broken((Span(" ▲ ", "warn"), span(warning, "warn")), width, 3, 2)
    return [fill(row, width) for row in rows]


def _services(view: wire.IncidentView) -> Iterator[Line]:
    """Each with its numbers, of how many requests they are, and of which minutes."""
    for each in view.services:
        told = "".join(f"  {part}" for part in _numbers(each)) or f"  {'; '.join(each.reasons)}".rstrip()
        yield (HEALTH[each.state].span, span(f" {each.service}", "text"), span(told, "dim"))
    if not view.services:
        yield (Span("no service is named", "dim"),)


def _numbers(each: wire.ServiceNow) -> Iterator[str]:
    if not each.requests:
        return
    yield f"errors {numbers.percent(each.error_rate)} (n {numbers.count(each.n_judged)})"
    yield f"p99 {numbers.duration(each.p99_ms)} (n {numbers.count(each.n_timed)})"
    if each.end is not None:
        yield f"{each.window} to {each.end:%H:%M}"


def _others(view: wire.IncidentView, frame: Frame) -> str:
    """The other consoles that look at it, or at one of its services: as was heard last, not when it last changed."""
    mine = (view.incident.incident, *view.incident.services)
    here = [each for each in frame.present if each.service in mine]
    return ", ".join(f"{each.user} ({each.view})" for each in here)


def sections(view: wire.IncidentView, frame: Frame) -> tuple[Section, ...]:
    incident = view.incident
    to_do = sum(each.done_at is None for each in incident.follow_ups)
    takes, drafts, writes = (frame.key(action) for action in ("role", "tell", "note"))
    cut = f" of {view.matched:,}" if view.matched > len(view.timeline) else ""
    return (
        Section(DUE, PANELS[0], tuple(_due(view, frame)), nothing="nothing"),
        Section(MILESTONES, PANELS[1], tuple(_milestones(incident))),
        Section(PEOPLE, PANELS[2], tuple(_people(view, frame)), nothing=f"nobody has a role: {takes} takes one"),
        Section(LINKED, PANELS[3], tuple(_links(view)), nothing="nothing yet"),
        Section(
            MESSAGES,
            PANELS[4],
            tuple(_messages(incident)),
            nothing=f"none was sent yet: {drafts} drafts one",
        ),
        Section(NOTES, PANELS[5], tuple(_notes(incident)), nothing=f"none yet: {writes} writes one"),
        Section(FOLLOW_UPS, PANELS[6], tuple(_follow_ups(incident)), (Span(f"{to_do} open" if to_do else "", "dim"),)),
        Section(
            TIMELINE,
            PANELS[7],
            tuple(_timeline(view)),
            (Span(f"{len(view.timeline)}{cut} lines, newest first", "dim"),),
            "nothing yet",
            is_beside=True,
        ),
    )


def _due(view: wire.IncidentView, frame: Frame) -> Iterator[Row]:
    for timer in view.timers:
        late = timer.word == "overdue"
        told = span(f"  {timer.told}", "text" if timer.word != "later" else "dim")
        yield Row(f"due {timer.name}", (Span(" ", "text"), timer_words(timer, frame, view), told), is_fault=late)
    for i, each in enumerate(view.running):
        yield from prose(f"running {i}", f"● running: {each}", "accent")
    yield from _suggested(view, frame)


def _suggested(view: wire.IncidentView, frame: Frame) -> Iterator[Row]:
    """The checklists that the signals ask for; several share a row, so that people are on the first screen as well."""
    begins = frame.key("begin_checklist")
    if len(view.suggested) > 1 and frame.state.panel != DUE:
        names = ", ".join(dict.fromkeys(asks.checklist for asks in view.suggested))
        told = Span(f"  {DUE} shows why, {begins} begins one", "dim")
        here = frame.state.place.changed(panel=DUE, cursor="")
        yield Row("suggested", (Span(" ◌ suggested ", "accent"), span(names), told), opens=here)
        return
    for asks in view.suggested:
        line = (
            Span(" ◌ suggested ", "accent"),
            span(asks.checklist, "strong"),
            Span(f"  {begins} begins it  ", "dim"),
            span(asks.told),
        )
        values = {"checklist": asks.checklist, "service": asks.service}
        yield Row(f"suggested {asks.checklist} {asks.service}", line, values, _list_of(asks.checklist))


def _list_of(checklist: str) -> Place:
    return Place("checklist").choosing(key=checklist)


def _milestones(incident: wire.Incident) -> Iterator[Row]:
    for name in wire.MILESTONES:
        entry = incident.milestones.get(name)
        label = Span(f" {name.replace('_', ' '):<{MILESTONE_CELLS - 1}}", "head")
        if entry is None or entry.at is None:
            yield Row(f"m {name}", (label, Span(f"{numbers.MISSING}  not yet", "dim")))
            continue
        by = "by evidence" if entry.source == "auto" else f"by {entry.set_by}"
        page = (
            f"{name.replace('_', ' ')}  {entry.at:%Y-%m-%d %H:%M:%S} UTC, {by}",
            "",
            *(each for each in (entry.why, entry.evidence) if each),
            "",
            *_before(incident, name),
        )
        at = f"{entry.at:%m-%d %H:%M:%S}"
        line = (label, span(f"{at} ", "strong"), span(f"{by}  ", "text"), span(entry.why, "dim"))
        values = {"text": " ".join(each for each in (name, at, by, entry.why, entry.evidence) if each)}
        yield Row(f"m {name}", line, values, page=page, hang=MILESTONE_CELLS)


def _before(incident: wire.Incident, name: str) -> Iterator[str]:
    """Every value that it was given, the newest last."""
    for each in incident.milestone_history:
        if each.milestone == name:
            at = f"{each.at:%Y-%m-%d %H:%M:%S}" if each.at is not None else "taken back"
            yield f"{each.set_at:%H:%M:%S} {each.set_by}: {at} {each.why}".rstrip()


def _people(view: wire.IncidentView, frame: Frame) -> Iterator[Row]:
    incident = view.incident
    for role in incident.roles:
        had = numbers.age(max(60.0, age_s(frame, view, role.since)))
        offered = (Span("  ▲ offered to ", "warn"), span(f"{role.offered_to}, who has not accepted", "warn"))
        line = (Span(f" {role.role:<10}", "head"), person_span(role.person), Span(f"  for {had}", "dim"))
        yield Row(f"role {role.role}", (*line, *(offered if role.offered_to else ())), hang=LABEL_CELLS)
    free = [role for role in wire.INCIDENT_ROLES if role not in {each.role for each in incident.roles}]
    if incident.roles and free:
        yield Row("role free", (Span(f" {'free':<10}", "head"), Span(", ".join(free), "dim")))


def _links(view: wire.IncidentView) -> Iterator[Row]:
    for i, link in enumerate(view.incident.links):
        words, ink = LINK_SIGNS[link.kind]
        line = (
            Span(f" {words:<10}", ink),
            span(f"{link.ref} ", "strong"),
            span(f"{link.service} " if link.service else "", "text"),
            span(link.note or f"{link.at:%H:%M:%S} by {link.by}", "dim"),
        )
        page = (f"{link.kind} {link.ref}", "", link.note, f"linked {link.at:%Y-%m-%d %H:%M:%S} UTC by {link.by}",
                f"SHA-256 of its rows  {link.result_sha256}" if link.result_sha256 else "")  # fmt: skip
        opens = _leads(link)
        values = {"service": link.service}
        yield Row(f"l{i}", line, values, opens, page if opens is None else (), hang=LABEL_CELLS)


def _leads(link: wire.IncidentLink) -> Place | None:
    if link.kind == "alert":
        return Place("alert").choosing(key=link.ref)
    if link.kind == "checklist":
        return Place("run").choosing(key=link.ref)
    if link.kind == "release" and link.service:
        return Place("release", link.service)
    if link.kind == "view" and link.service and link.ref in VIEWS_OF_SERVICE:
        return Place(VIEWS_OF_SERVICE[link.ref], link.service)
    return None


VIEWS_OF_SERVICE: dict[str, ViewName] = {
    "service": "service", "versions": "versions", "drift": "drift", "cost": "cost", "saturation": "saturation",
    "requests": "requests", "explain": "explain", "timeline": "timeline", "release": "release",
}  # fmt: skip
"""Views that a link can name."""


def _messages(incident: wire.Incident) -> Iterator[Row]:
    """Newest first; Enter shows one whole."""
    for i, each in reversed(list(enumerate(incident.updates))):
        to = ", ".join(each.notifiers)
        sign = Span("✔ sent " if to else "▲ not sent ", "ok" if to else "warn")
        title = each.text.partition("\n")[0]
        line = (
            Span(f" {each.at:%H:%M:%S} ", "dim"),
            sign,
            span(f"{each.audience} {each.stage}  ", "head"),
            span(title),
        )
        page = (
            f"{each.at:%Y-%m-%d %H:%M:%S} UTC by {each.by}, {each.audience}, {each.stage}",
            f"through {to}" if to else "written down; nobody was told",
            "",
            *each.text.split("\n"),
        )
        yield Row(f"u{i}", line, {"text": each.text}, page=page, is_fault=not to, hang=TIME_CELLS)


def _notes(incident: wire.Incident) -> Iterator[Row]:
    for each in reversed(incident.notes):
        cause = (Span("▲ cause ", "warn"),) if each.is_cause else ()
        head = (Span(f" {each.at:%H:%M:%S} ", "dim"), span(f"{each.by} ", "head"), *cause)
        page = (f"{each.at:%Y-%m-%d %H:%M:%S} UTC {each.by}", "", *each.text.split("\n"))
        line = (*head, span(" ".join(each.text.split()), limit=MOST_CELLS))
        yield Row(f"n{each.number}", line, {"text": each.text}, page=page, hang=TIME_CELLS)


def _follow_ups(incident: wire.Incident) -> Iterator[Row]:
    for each in incident.follow_ups:
        sign = Span(" ✔ done ", "ok") if each.done_at is not None else Span(" ◌ open ", "accent")
        owner = f"  @{each.owner}" if each.owner else "  nobody's"
        due = f" due {each.due}" if each.due else ""
        line = (sign, span(f"{each.number}. {each.text}", "text"), span(f"{owner}{due}", "dim"))
        yield Row(f"f{each.number}", line, is_fault=each.done_at is None)


def _timeline(view: wire.IncidentView) -> Iterator[Row]:
    n = len(view.timeline)
    for i, each in enumerate(reversed(view.timeline)):
        line = (Span(f" {each.at:%H:%M:%S} ", "dim"), span(f"{each.actor} ", "head"), span(each.text, limit=MOST_CELLS))
        page = (f"{each.at:%Y-%m-%d %H:%M:%S} UTC  {each.actor}", "", each.text, "", each.command)
        values = {"service": each.service, "text": f"{each.at:%H:%M:%S} {each.actor} {each.text}"}
        yield Row(f"t{n - i}", line, values, page=page, hang=TIME_CELLS)
