"""One alert's page: what it rests on, what had changed, who was told, what was done about it.

Always true here: every finding says its number, its threshold and its n, the worst one how often such a one is found by
accident; a message that did not arrive says so and why.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, broken, ends, fill, separated, span
from opsconsole.console.listing import Listing
from opsconsole.console.panels import document
from opsconsole.console.panels.alert_words import DELIVERY_INKS, age_s, call_span, metric_of, severity_span, told_of
from opsconsole.console.panels.document import MOST_CELLS, TIME_CELLS, Row, Section, prose
from opsconsole.console.place import Place, ViewName
from opsconsole.console.states import ALERT_STATES

EVIDENCE, CHANGED, TOLD, DONE = 1, 2, 3, 4
PANELS: tuple[str, ...] = ("evidence", "what changed", "told", "history")
SHOWN: frozenset[str] = frozenset(
    {"fleet", "service", "versions", "drift", "cost", "saturation", "requests", "explain", "timeline", "sources",
     "release"}
)  # fmt: skip
"""Views that a finding can lead to."""
MOST_AT_FIRST = 3
"""Findings beside everything else; what changed has to be on the first screen."""
LATER_S = 90.0
"""A finding that was first found so long after its alert began says when."""
OF_EVERYTHING: frozenset[str] = frozenset({"fleet", "sources"})


def asks(place: Place) -> dict[str, str]:
    return {"alert": place.choice("key")}


def answered(frame: Frame) -> wire.AlertView | None:
    """The alert that the place names: the one that was open before it is not shown in its stead."""
    view = frame.answer(wire.AlertView)
    return view if view is not None and view.alert.id == frame.state.place.choice("key").upper() else None


def listing(frame: Frame) -> Listing | None:
    view = answered(frame)
    if view is None:
        return None
    panel = frame.state.panel
    about = {"service": _service(view.alert), "metric": metric_of(view.alert)}
    return frame.listings.of(
        ("alert", str(panel)), view, lambda: document.listing("lines", sections(view, frame), panel, about)
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = answered(frame)
    if view is None:
        return document.not_there(frame, "alert", "alerts", width, height)
    head = _head(view, frame, width)
    items = frame.shown(listing(frame))
    return [*head, *document.painted(sections(view, frame), items, frame, width, height - len(head))]


def _head(view: wire.AlertView, frame: Frame, width: int) -> list[Line]:
    """What it is and since when; who has it, or when somebody is called next; where it is worked."""
    alert = view.alert
    left = separated(
        ((Span(" ", "text"), severity_span(alert)), span(alert.id, "strong"), span(alert.subject, "strong")), "  "
    )
    since = f"since {alert.fired_at:%m-%d %H:%M} UTC, {numbers.age(max(60.0, age_s(frame, view, alert.fired_at)))} "
    came_back = f" · came back {alert.flaps} times" if alert.flaps else ""
    title = (Span("   ", "text"), span(told_of(alert), "strong"))
    rows = [
        ends(left, (Span(f"{since}{came_back}", "dim"),), width),
        *broken(title, width, 3, 2),
        *broken((Span("   ", "text"), *separated(_with(view, frame))), width, 3, 2),
    ]
    return [fill(row, width) for row in rows]


def _with(view: wire.AlertView, frame: Frame) -> Iterator[Line]:
    alert = view.alert
    sign = ALERT_STATES[alert.state]
    if alert.acknowledged_by:
        note = f": {alert.note}" if alert.note else ""
        yield (Span("✔ with ", "ok"), span(f"{alert.acknowledged_by} since {alert.acknowledged_at:%H:%M}{note}"))
    elif alert.state == "firing":
        yield (call_span(alert, frame, view),)
    if alert.state not in ("firing", "acknowledged"):
        yield (sign.span,)
    if view.incident:
        yield (Span("in ", "dim"), span(view.incident, "accent"))
    if alert.checklist:
        stale = view.checklist is not None and bool(view.checklist.stale)
        yield (Span("checklist ", "dim"), span(alert.checklist, "warn" if stale else "accent"))


def sections(view: wire.AlertView, frame: Frame) -> tuple[Section, ...]:
    alert = view.alert
    looks = frame.key("open_explain")
    return (
        Section(
            EVIDENCE,
            PANELS[0],
            tuple(_evidence(view, MOST_AT_FIRST if not frame.state.panel else len(alert.members))),
            (Span(f"{len(alert.members) + alert.more:,} found", "dim"),),
            "nothing",
        ),
        Section(CHANGED, PANELS[1], tuple(_changed(alert)), nothing=f"not looked for: {looks} looks"),
        Section(TOLD, PANELS[2], tuple(_told(view, frame)), nothing="nobody yet", is_beside=True),
        Section(DONE, PANELS[3], tuple(_history(view)), nothing="nothing yet", is_beside=True),
    )


def _service(alert: wire.Alert) -> str:
    return alert.services[0] if alert.services else ""


def _evidence(view: wire.AlertView, most: int) -> Iterator[Row]:
    alert = view.alert
    by_accident = {rule.id: rule.false_alarms for rule in view.rules}
    for i, member in enumerate(alert.members[:most]):
        opens = _shows(member, alert)
        sign = "▲" if member.is_present else "◌"
        ink = "warn" if member.is_present else "quiet"
        rows = list(prose(f"e{i}", member.told, "strong", indent=3, opens=opens))
        first = rows[0]
        marked = (Span(f" {sign} ", ink), *first.line[1:])
        yield Row(first.key, marked, opens=opens, is_fault=member.is_present)
        yield from rows[1:]
        yield Row(f"e{i} n", (Span("   ", "text"), *_numbers(member, alert)), opens=opens)
        if not i and (alarm := by_accident.get(member.rule)):  # of the others `opsconsole alert explain` says it
            yield from prose(f"e{i} by accident", f"by accident: {alarm}", "dim", indent=3, opens=opens)
        if member.url:
            yield Row(f"e{i} url", (Span("   ", "text"), span(member.url, "accent")))
    if (hidden := len(alert.members[most:])) or alert.more:
        shows = f": {EVIDENCE} shows {hidden} of them" if hidden else ""
        yield Row("more", (Span(f"   and {hidden + alert.more:,} more{shows}", "dim"),))


def _numbers(member: wire.AlertMember, alert: wire.Alert) -> Line:
    chance = "" if member.p_value is None else f"p {member.p_value:.1g}"
    value = "" if member.unit == "so or not" else f"{member.value:.3g} of {member.threshold:.3g} {member.unit}"
    gone = "" if member.is_present else "gone"
    later = abs((member.since - alert.fired_at).total_seconds()) >= LATER_S
    since = f"since {member.since:%m-%d %H:%M}" if later else ""
    parts = (member.rule, gone, f"n {member.n:,}", chance, value, since)
    return separated(span(part, "dim") for part in parts)


def _shows(member: wire.AlertMember, alert: wire.Alert) -> Place | None:
    """The view that shows it."""
    if member.view not in SHOWN:
        return None
    view: ViewName = member.view  # type: ignore[assignment]  # it is one of SHOWN
    if view in OF_EVERYTHING:
        return Place(view)
    return Place(view, _service(alert)) if _service(alert) else None


def _changed(alert: wire.Alert) -> Iterator[Row]:
    service = _service(alert)
    opens = Place("explain", service).choosing(metric=metric_of(alert)) if service else None
    for i, told in enumerate(alert.explained):
        yield from prose(f"x{i}", told, "strong" if not i else "text", opens=opens)


def _told(view: wire.AlertView, frame: Frame) -> Iterator[Row]:
    """Each delivery, and the next call."""
    alert = view.alert
    if alert.state == "firing" and alert.next_at is not None:
        at = (Span(f" {alert.next_at:%H:%M:%S} ", "dim"), call_span(alert, frame, view))
        yield Row("next", (*at, Span(" unless somebody takes it", "dim")))
    for each in view.deliveries:
        words, ink = DELIVERY_INKS[each.word]
        tried = f"{each.last_at or each.queued_at:%H:%M:%S}"
        tries = f", {each.attempts} tries" if each.attempts > 1 else ""
        answer = f"  {each.told}" if each.told else ""
        line = (
            Span(f" {tried} ", "dim"),
            Span(f"{words} ", ink),
            span(each.notifier, "strong"),
            span(f" {each.kind}{tries}", "dim"),
            span(answer, "dim" if each.word == "sent" else "text"),
        )
        page = (
            each.title,
            "",
            f"to       {each.notifier}",
            f"kind     {each.kind}",
            f"result   {words}{tries}",
            f"answer   {each.told or numbers.MISSING}",
            f"queued   {each.queued_at:%Y-%m-%d %H:%M:%S} UTC",
        )
        is_fault = each.word in ("failed", "given up")
        yield Row(f"d {each.notifier} {each.id}", line, page=page, is_fault=is_fault, hang=TIME_CELLS)
    if alert.told and not view.deliveries:
        why = alert.told[-1].why_nobody or "it is no longer known whom it was told to"
        is_drill = why == wire.IN_A_DRILL
        told = span(f" {why}", "dim") if is_drill else span(f" ▲ {why}", "warn")
        yield Row("unheard", (told,), is_fault=not is_drill)


def _history(view: wire.AlertView) -> Iterator[Row]:
    n = len(view.history)
    for i, event in enumerate(view.history):  # newest first, and each keeps its key when one is added
        at = (Span(f" {event.at:%H:%M:%S} ", "dim"), span(f"{event.actor} ", "head"))
        page = (f"{event.at:%Y-%m-%d %H:%M:%S} UTC  {event.actor}", "", event.text)
        yield Row(
            f"h{n - i}",
            (*at, span(event.text, limit=MOST_CELLS)),
            {"text": f"{event.at:%H:%M:%S} {event.actor} {event.text}"},
            page=page,
            hang=TIME_CELLS,
        )
