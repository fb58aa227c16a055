"""What can be done in an incident: open it, note, set severity, roles and milestones, tell people, end it, review it.

Always true here: an incident is named before anything is asked about it; what is told of it has a file of its own.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from opsconsole import wire
from opsconsole.console.deeds import alerts
from opsconsole.console.deeds.base import Deed, Done, never, only_asked, subject
from opsconsole.console.exports import path_of
from opsconsole.console.feed import Client
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame, State
from opsconsole.console.place import Place
from opsconsole.console.review_files import written
from opsconsole.errors import UsageError
from opsconsole.handover import handover

SEVERITIES: tuple[str, ...] = tuple(each.severity for each in wire.SEVERITIES)


def page_of(incident: str) -> Place:
    return Place("incident").choosing(key=incident)


def _brief(state: State, frame: Frame) -> wire.IncidentBrief | None:
    view = frame.answer(wire.IncidentsView)
    name = subject(state, frame)
    return next((each for each in view.incidents if each.incident == name), None) if view is not None else None


def incident_of(state: State, frame: Frame) -> wire.Incident | None:
    """The one whose page is open, with everything in it."""
    view = frame.answer(wire.IncidentView)
    name = state.place.choice("key").upper()
    return view.incident if view is not None and view.incident.incident == name else None


def _page(state: State) -> str:
    """The incident whose page is open, whether or not it has come yet."""
    return state.place.choice("key").upper() if state.view == "incident" else ""


def name_of(state: State, frame: Frame) -> str:
    """Raises UsageError where none is meant."""
    brief = _brief(state, frame)
    name = _page(state) or (brief.incident if brief is not None else "")
    if not name:
        raise UsageError("choose an incident first", f"{frame.key('open_incidents')} lists them.")
    return name


def status_of(state: State, frame: Frame) -> wire.IncidentStatus | None:
    incident, brief = incident_of(state, frame), _brief(state, frame)
    return incident.status if incident is not None else brief.status if brief is not None else None


def none_meant(state: State, frame: Frame) -> str:
    return "" if _page(state) or _brief(state, frame) is not None else "choose an incident first"


def _is_over(state: State, frame: Frame) -> bool:
    return status_of(state, frame) in ("resolved", "reviewed")


# Opening ----------------------------------------------------------------------------------------------------------


def new_form(title: str = "", services: str = "", severity: str = "SEV-3", alert: str = "") -> Form:
    fields = (
        Field("title", "what is wrong", title, is_needed=True),
        Field("services", "services", services),
        Field("severity", "severity", severity, SEVERITIES, is_needed=True),
    )
    return Form("new_incident", "open an incident" + (f" of {alert}" if alert else ""), alert, fields)


def _begin_new(state: State, frame: Frame) -> Form:
    return new_form(services=state.service)


def _begin_of_alert(state: State, frame: Frame) -> Form:
    """Of an alert that has an incident already: that one."""
    alert = alerts.alert_here(state, frame)
    if alert is None:
        raise UsageError("choose an alert first", f"{frame.key('open_alerts')} lists them.")
    if incident := alerts.incident_of(alert, frame):
        return Form("join_incident", f"to {incident}", incident)
    services = ", ".join(alert.services)
    return new_form(alert.title, services, alerts.SEVERITY_OF[alert.severity], alert.id)


def _why_not_of_alert(state: State, frame: Frame) -> str:
    return "" if alerts.alert_here(state, frame) is not None else "choose an alert first"


async def _open(client: Client, form: Form) -> Done:
    names = [name for name in form.said("services").replace(",", " ").split() if name]
    request = wire.OpenIncident(
        title=form.said("title"),
        services=tuple(names),
        severities=(form.said("severity"),),  # type: ignore[arg-type]  # one of the choices
        alert=form.of,
    )
    return responded(await client.do("incident/open", request, wire.Responded), is_new=True)


async def _join(client: Client, form: Form) -> Done:
    return Done("", page_of(form.of))


def responded(answer: wire.Responded, *, is_new: bool = False) -> Done:
    warnings = "".join(f"; ▲ {each}" for each in answer.warnings[:1])
    return Done(f"{answer.told}{warnings}", page_of(answer.incident.incident) if is_new else None)


# Words ------------------------------------------------------------------------------------------------------------


def _begin_note(state: State, frame: Frame) -> Form:
    name = name_of(state, frame)
    return Form("note", f"note on {name}", name, (Field("text", "note", is_needed=True),))


def _begin_cause(state: State, frame: Frame) -> Form:
    name = name_of(state, frame)
    return Form("cause", f"cause of {name}", name, (Field("text", "the cause", is_needed=True),))


async def _note(client: Client, form: Form) -> Done:
    request = wire.AddNote(incident=form.of, text=form.said("text"), is_cause=form.deed == "cause")
    return responded(await client.do("incident/note", request, wire.Responded))


def _begin_severity(state: State, frame: Frame) -> Form:
    incident, brief = incident_of(state, frame), _brief(state, frame)
    now = incident.severity if incident is not None else brief.severity if brief is not None else "SEV-3"
    fields = (Field("severity", "severity", now, SEVERITIES, is_needed=True), Field("why", "because"))
    name = name_of(state, frame)
    return Form("severity", f"severity of {name}", name, fields)


async def _severity(client: Client, form: Form) -> Done:
    severities: tuple[wire.Severity, ...] = (form.said("severity"),)  # type: ignore[assignment]  # one of the choices
    request = wire.SetSeverity(incident=form.of, severities=severities, why=form.said("why"))
    return responded(await client.do("incident/severity", request, wire.Responded))


# People -----------------------------------------------------------------------------------------------------------

ME, NOBODY = "me", "nobody"


def _begin_role(state: State, frame: Frame) -> Form:
    """A role that was offered to this person stands first; the daemon judges it where nobody knows who they are."""
    incident, name = incident_of(state, frame), name_of(state, frame)
    me = frame.permission.actor if frame.permission is not None else ""
    roles = incident.roles if incident is not None else ()
    offered = [each.role for each in roles if each.offered_to and each.offered_to == (me or each.offered_to)]
    fields = (
        Field("role", "role", offered[0] if offered else "commander", wire.INCIDENT_ROLES, is_needed=True),
        Field("who", f"whose ({ME}, {NOBODY}, or a name to hand it over)", ME, is_needed=True),
    )
    return Form("role", f"role in {name}", name, fields, carried=tuple((role, "offered") for role in offered))


async def _role(client: Client, form: Form) -> Done:
    role, who = form.said("role"), form.said("who")
    is_offered = form.said(role) == "offered"
    act = "leave" if who == NOBODY else "accept" if who == ME and is_offered else "take" if who == ME else "offer"
    request = wire.ChangeRole(
        incident=form.of,
        role=role,  # type: ignore[arg-type]  # one of the choices
        act=act,  # type: ignore[arg-type]  # one of four words
        to=who.removeprefix("@") if act == "offer" else "",
    )
    return responded(await client.do("incident/role", request, wire.Responded))


def _begin_milestone(state: State, frame: Frame) -> Form:
    incident, name = incident_of(state, frame), name_of(state, frame)
    known = incident.milestones if incident is not None else {}
    first = next((each for each in wire.MILESTONES if each not in known), "mitigated")
    fields = (
        Field("milestone", "milestone", first, wire.MILESTONES, is_needed=True),
        Field("at", "when (now, 03:12, or a date with it; - takes it back)", "now", is_needed=True, check=_moment),
        Field("why", "because"),
    )
    return Form("milestone", f"milestone of {name}", name, fields)


WORDS_FOR_A_MOMENT = ("now", "-")
"""Now by the daemon's clock; and what takes a milestone back."""


def _moment(text: str) -> None:
    """Can it be understood? Raises UsageError."""
    if text not in WORDS_FOR_A_MOMENT:
        moment_of(text, datetime.min.replace(year=2000, tzinfo=UTC))


def moment_of(text: str, now: datetime) -> datetime:
    """``03:12`` is the last time that it was so; else ISO 8601, UTC. Raises UsageError."""
    try:
        if "-" not in text:
            hour, _, minute = text.partition(":")
            at = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            return at if at <= now else at - timedelta(days=1)
        at = datetime.fromisoformat(text.replace(" ", "T"))
    except ValueError as error:
        raise UsageError(f"{text!r} is no time: write now, 03:12 or 2026-01-31T03:12") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def view_of(client: Client, incident: str) -> wire.IncidentView:
    """The incident as it is now, by the daemon's clock, which in a drill is another one than this machine's."""
    view = await client.view("incident", {"incident": incident})
    if not isinstance(view, wire.IncidentView):
        raise AssertionError("the view `incident` is answered by an IncidentView")
    return view


async def _milestone(client: Client, form: Form) -> Done:
    at = form.said("at")
    is_withdrawn = at == "-"
    request = wire.SetMilestone(
        incident=form.of,
        milestone=form.said("milestone"),  # type: ignore[arg-type]  # one of the choices
        at=None if is_withdrawn or at == "now" else moment_of(at, (await view_of(client, form.of)).now),
        is_withdrawn=is_withdrawn,
        why=form.said("why"),
    )
    return responded(await client.do("incident/milestone", request, wire.Responded))


# Afterwards -------------------------------------------------------------------------------------------------------


def _begin_follow_up(state: State, frame: Frame) -> Form:
    name = name_of(state, frame)
    fields = (
        Field("text", "to do", is_needed=True),
        Field("owner", "whose"),
        Field("due", "due (2026-12-04)", check=_day),
    )
    return Form("follow_up", f"follow-up of {name}", name, fields)


async def _follow_up(client: Client, form: Form) -> Done:
    request = wire.ChangeFollowUp(
        incident=form.of,
        text=form.said("text"),
        owner=form.said("owner").removeprefix("@"),
        due=_day(form.said("due")),
    )
    return responded(await client.do("incident/followup", request, wire.Responded))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"{text!r} is no day: write 2026-12-04") from error


def _to_do(state: State, frame: Frame) -> tuple[str, ...]:
    incident = incident_of(state, frame)
    if incident is None:
        return ()
    return tuple(str(each.number) for each in incident.follow_ups if each.done_at is None)


def _why_not_finish(state: State, frame: Frame) -> str:
    if incident_of(state, frame) is None:
        return "open the incident first"
    return "" if _to_do(state, frame) else "no follow-up is open"


def _begin_finish(state: State, frame: Frame) -> Form:
    open_now, name = _to_do(state, frame), name_of(state, frame)
    under = state.place.cursor.removeprefix("f")
    first = under if under in open_now else open_now[0]
    return Form(
        "finish_follow_up", f"follow-up of {name} is done", name,
        (Field("number", "which", first, open_now, is_number=True, is_needed=True),),
    )  # fmt: skip


async def _finish(client: Client, form: Form) -> Done:
    request = wire.ChangeFollowUp(incident=form.of, number=int(form.said("number")), is_done=True)
    return responded(await client.do("incident/followup", request, wire.Responded))


def _begin_resolve(state: State, frame: Frame) -> Form:
    """Or open it again, where it is over."""
    name = name_of(state, frame)
    if _is_over(state, frame):
        return Form("reopen", f"open {name} again", name, (Field("why", "because", is_needed=True),))
    return Form("resolve", f"resolve {name}", name, (Field("why", "because"),))


async def _resolve(client: Client, form: Form) -> Done:
    request = wire.ResolveIncident(incident=form.of, why=form.said("why"))
    return responded(await client.do("incident/resolve", request, wire.Responded))


async def _reopen(client: Client, form: Form) -> Done:
    request = wire.ReopenIncident(incident=form.of, why=form.said("why"))
    return responded(await client.do("incident/reopen", request, wire.Responded))


def _begin_review(state: State, frame: Frame) -> Form:
    name = name_of(state, frame)
    fields = [Field("directory", "into which directory", "reviews", is_needed=True, check=path_of)]
    if _is_over(state, frame):
        fields.append(Field("finished", "is it finished", "no", ("no", "yes"), is_needed=True))
    return Form("review", f"review of {name}", name, tuple(fields))


async def _review(client: Client, form: Form) -> Done:
    directory = path_of(form.said("directory")).absolute()
    request = wire.ReviewRequest(incident=form.of, is_reviewed=form.said("finished") == "yes")
    files = await client.do("incident/review", request, wire.ReviewFiles)
    paths = written(directory, files)
    return Done(f"wrote {paths[0]} and {paths[1].suffix}")


def _begin_handover(state: State, frame: Frame) -> Form:
    name = name_of(state, frame)
    return Form("handover", f"handover of {name}", name)


async def _handover(client: Client, form: Form) -> Done:
    view = await view_of(client, form.of)
    return Done(f"opsconsole incident handover {form.of} prints it", page=tuple(handover(view).splitlines()))


DEEDS: dict[str, Deed] = {
    "open_incident": Deed(_why_not_of_alert, _begin_of_alert, _open),
    "new_incident": Deed(never, _begin_new, _open),
    "join_incident": Deed(never, only_asked, _join, asks=True),
    "note": Deed(none_meant, _begin_note, _note),
    "cause": Deed(none_meant, _begin_cause, _note),
    "severity": Deed(none_meant, _begin_severity, _severity),
    "role": Deed(none_meant, _begin_role, _role),
    "milestone": Deed(none_meant, _begin_milestone, _milestone),
    "follow_up": Deed(none_meant, _begin_follow_up, _follow_up),
    "finish_follow_up": Deed(_why_not_finish, _begin_finish, _finish),
    "resolve": Deed(none_meant, _begin_resolve, _resolve),
    "reopen": Deed(none_meant, only_asked, _reopen),
    "review": Deed(none_meant, _begin_review, _review),
    "handover": Deed(none_meant, _begin_handover, _handover, asks=True),
}
