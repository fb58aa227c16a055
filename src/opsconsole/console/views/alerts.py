"""The alerts: what is open, worst first, one row a cause; and below them the one under the cursor in words.

Always true here: a row says who has it or when the next call is made; what was resolved within the day stands last.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, broken, ends, line, separated, span, whole
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.panels.alert_words import age_s, metric_of, severity_span, standing, told_of
from opsconsole.console.panels.document import labelled
from opsconsole.console.place import Place
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import filter_note, list_body, rows_above
from opsconsole.console.widgets.table import Cell, Column

COLUMNS: tuple[Column, ...] = (
    Column("severity", "severity", 8),
    Column("id", "id", 5),
    Column("subject", "of", 13, grow=1),
    Column("told", "what", 24, grow=5),
    Column("since", "since", 5, is_right=True),
    Column("standing", "who has it", 14),
    Column("incident", "incident", 8, from_width=100),
    Column("checklist", "checklist", 26, from_width=130),
)
LEAST_DETAIL = 11
LABEL_CELLS = 12
MOST_MEMBERS = 3
NOTHING: tuple[Line, ...] = (
    EMPTY,
    (Span("   opsconsole alert rules      ", "accent"), Span("what is looked for, and what cannot be judged", "dim")),
    (Span("   opsconsole notify test NAME ", "accent"), Span("whether the way to people works", "dim")),
)
"""Below a list in which nothing is."""


def listing(frame: Frame) -> Listing | None:
    view = frame.answer(wire.AlertsView)
    if view is None:
        return None
    return frame.listings.of(
        ("alerts",),
        view,
        lambda: Listing("alerts", "alert", tuple(_item(each, view) for each in (*view.alerts, *view.resolved))),
    )


def _item(alert: wire.Alert, view: wire.AlertsView) -> Item:
    return Item(
        alert.id,
        {
            "alert": alert.id,
            "severity": alert.severity,
            "state": alert.state,
            "service": alert.services[0] if alert.services else "",
            "metric": metric_of(alert),
            "subject": alert.subject,
            "cause": alert.cause,
            "title": alert.title,
            "since": alert.fired_at.isoformat(),
            "acknowledged_by": alert.acknowledged_by,
            "told": view.deliveries.get(alert.id, ""),
            "incident": view.incidents.get(alert.id, ""),
            "checklist": alert.checklist,
        },
        alert.state not in ("resolved", "silenced", "inhibited"),
        Place("alert").choosing(key=alert.id),
    )


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.answer(wire.AlertsView)
    if view is None:
        return block([EMPTY, line(Span("   waiting for the alerts", "dim"))], width, height)
    items = frame.shown(listing(frame))
    by_id = {alert.id: alert for alert in (*view.alerts, *view.resolved)}
    alerts = [by_id[item.key] for item in items]
    above = _head(view, frame, len(items), width)
    listed = list_body(
        frame,
        items,
        table.visible(COLUMNS, width),
        lambda i: _cells(alerts[i], view, frame),
        width,
        rows_above(len(items), height - len(above), LEAST_DETAIL),
        nothing=f"no alert matches; {frame.shows_all}" if by_id else "nothing fires, and nothing did within a day",
    )
    detail = _detail(alerts[cursor(items, frame.state.place.cursor)], view, frame, width) if alerts else NOTHING
    return block([*above, *listed, *detail], width, height)


def _head(view: wire.AlertsView, frame: Frame, shown: int, width: int) -> list[Line]:
    """How much is open, of what, and whether the rules were looked at at all."""
    whose = frame.state.service or "every service"
    note = filter_note(frame, shown, len(view.alerts) + len(view.resolved))
    quiet = sum(alert.state in ("silenced", "inhibited") for alert in view.alerts)
    parts: list[Line | Span] = [
        (Span(" ", "text"), span(whose, "strong")),
        note,
        Span(f"{len(view.alerts)} open", "text"),
        Span(f"{quiet} silenced or held back" if quiet else "", "dim"),
        Span(f"{len(view.resolved)} resolved" if view.resolved else "", "dim"),
    ]
    rows = [ends(separated(parts), _looked(view, frame), width)]
    if view.trouble:
        rows += [(Span(" ▲ ", "warn"), *row) for row in whole(view.trouble, width - 4, "warn", limit=2 * width)][:2]
    return rows


def _looked(view: wire.AlertsView, frame: Frame) -> Line:
    if view.looked_at is None:
        return (Span("? the rules were not looked at yet ", "unknown"),)
    age = age_s(frame, view, view.looked_at)
    return (Span(f"looked {numbers.coarse_age(age)} ", "dim" if age < 60 else "warn"),)


def _cells(alert: wire.Alert, view: wire.AlertsView, frame: Frame) -> dict[str, Cell]:
    is_over = alert.state in ("resolved", "silenced", "inhibited")
    ink: Ink = "dim" if is_over else "text"
    return {
        "severity": severity_span(alert),
        "id": span(alert.id, ink),
        "subject": span(alert.subject, "dim" if is_over else "strong"),
        "told": span(told_of(alert), ink),
        "since": Span(numbers.age(max(60.0, age_s(frame, view, alert.fired_at))), ink),
        "standing": standing(alert, frame, view),
        "incident": span(view.incidents.get(alert.id, ""), "accent"),
        "checklist": span(alert.checklist, ink),
    }


def _detail(alert: wire.Alert, view: wire.AlertsView, frame: Frame, width: int) -> list[Line]:
    """The one under the cursor: its evidence, what changed, who has it, who was told, what to do."""
    left = (Span("── ", "faint"), span(f"{alert.id} {alert.subject}", "strong"), span(f" {alert.cause} ", "dim"))
    at = f" since {alert.fired_at:%m-%d %H:%M} UTC "
    rows: list[Line] = [EMPTY, ends(left, (Span(at, "dim"),), width, "─", "faint")]
    rows += _evidence(alert, width)
    for i, each in enumerate(alert.explained[:1]):
        rows += _told("changed" if not i else "", each, width)
    rows += _holding(alert, frame, view, width)
    nobody = (alert.told[-1].why_nobody if alert.told else "") or "nobody yet"
    rows += _told("told", view.deliveries.get(alert.id) or nobody, width, _told_ink(view.deliveries, alert))
    if incident := view.incidents.get(alert.id):
        rows.append(labelled("incident", span(incident, "accent")))
    if alert.checklist:
        rows.append(
            labelled(
                "checklist", span(alert.checklist, "accent"), Span(f"  {frame.key('run_checklist')} runs it", "dim")
            )
        )
    return rows


def _told_ink(deliveries: dict[str, str], alert: wire.Alert) -> Ink:
    return "fail" if "NOT TOLD" in deliveries.get(alert.id, "") else "text"


def _evidence(alert: wire.Alert, width: int) -> list[Line]:
    rows: list[Line] = []
    for i, member in enumerate(alert.members[:MOST_MEMBERS]):
        is_counted = member.n and member.unit != "so or not"
        n = f" (n {numbers.count(member.n)})" if is_counted else ""
        gone = "" if member.is_present else ", gone"
        rows += _told("evidence" if not i else "", f"{member.told}{n}{gone}", width)
    more = len(alert.members) - MOST_MEMBERS + alert.more if len(alert.members) > MOST_MEMBERS else alert.more
    if more > 0:
        rows.append(labelled("", Span(f"and {more:,} more findings", "dim")))
    return rows


def _holding(alert: wire.Alert, frame: Frame, view: wire.AlertsView, width: int) -> list[Line]:
    if alert.acknowledged_by:
        note = f": {alert.note}" if alert.note else ""
        return _told("with", f"{alert.acknowledged_by}, since {alert.acknowledged_at:%H:%M}{note}", width)
    if alert.held_by:
        return _told("held back", alert.held_by, width)
    if alert.resolved_at is not None:
        return _told("over", f"since {alert.resolved_at:%m-%d %H:%M}: {alert.resolved_why}", width)
    takes = Span(f"  {frame.key('acknowledge')} takes it", "dim")
    return [labelled("with", Span("nobody, ", "text"), *standing(alert, frame, view), takes)]


def _told(label: str, text: str, width: int, ink: Ink = "text") -> list[Line]:
    """On two lines at the most; an ellipsis says that there is more."""
    found = broken((span(text, ink, limit=2 * width),), width - LABEL_CELLS, 0, 2)
    return [labelled("" if i else label, *row) for i, row in enumerate(found)]
