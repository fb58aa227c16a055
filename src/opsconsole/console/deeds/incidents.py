"""What can be done in an incident: open it, note, set severity, roles and milestones, tell people, end it, review it.

Always true here: a message is shown whole, in the words that would go out, and goes out only when ``send`` was typed
under it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from opsconsole import wire
from opsconsole.console.deeds import alerts
from opsconsole.console.deeds.base import Deed, Done, subject
from opsconsole.console.feed import Client
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame, State
from opsconsole.console.lines import plain, whole
from opsconsole.console.place import Place
from opsconsole.console.review_files import written
from opsconsole.errors import UsageError
from opsconsole.handover import handover

SEVERITIES: tuple[str, ...] = tuple(each.severity for each in wire.SEVERITIES)
PAGE_CELLS = 76
SEND = "send"
"""What has to be typed under a message."""


def page_of(incident: str) -> Place:
    return Place("incident").choosing(key=incident)


def _brief(state: State, frame: Frame) -> wire.IncidentBrief | None:
    view = frame.answer(wire.IncidentsView)
    name = subject(state, frame)
    return next((each for each in view.incidents if each.incident == name), None) if view is not None else None


def _incident(state: State, frame: Frame) -> wire.Incident | None:
    """The one whose page is open, with everything in it."""
    view = frame.answer(wire.IncidentView)
    name = state.place.choice("key").upper()
    return view.incident if view is not None and view.incident.incident == name else None


def _page(state: State) -> str:
    """The incident whose page is open, whether or not it has come yet."""
    return state.place.choice("key").upper() if state.view == "incident" else ""


def _name(state: State, frame: Frame) -> str:
    """Raises UsageError where none is meant."""
    brief = _brief(state, frame)
    name = _page(state) or (brief.incident if brief is not None else "")
    if not name:
        raise UsageError("choose an incident first", "I lists them.")
    return name


def _status(state: State, frame: Frame) -> wire.IncidentStatus | None:
    incident, brief = _incident(state, frame), _brief(state, frame)
    return incident.status if incident is not None else brief.status if brief is not None else None


def _none(state: State, frame: Frame) -> str:
    return "" if _page(state) or _brief(state, frame) is not None else "choose an incident first"


def _is_over(state: State, frame: Frame) -> bool:
    return _status(state, frame) in ("resolved", "reviewed")


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
        raise UsageError("choose an alert first", "A lists them.")
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
    return _responded(await client.do("incident/open", request, wire.Responded), is_new=True)


async def _join(client: Client, form: Form) -> Done:
    return Done("", page_of(form.of))


def _responded(answer: wire.Responded, *, is_new: bool = False) -> Done:
    warnings = "".join(f"; ▲ {each}" for each in answer.warnings[:1])
    return Done(f"{answer.told}{warnings}", page_of(answer.incident.incident) if is_new else None)


# Words ------------------------------------------------------------------------------------------------------------


def _begin_note(state: State, frame: Frame) -> Form:
    name = _name(state, frame)
    return Form("note", f"note on {name}", name, (Field("text", "note", is_needed=True),))


def _begin_cause(state: State, frame: Frame) -> Form:
    name = _name(state, frame)
    return Form("cause", f"cause of {name}", name, (Field("text", "the cause", is_needed=True),))


async def _note(client: Client, form: Form) -> Done:
    request = wire.AddNote(incident=form.of, text=form.said("text"), is_cause=form.deed == "cause")
    return _responded(await client.do("incident/note", request, wire.Responded))


def _begin_severity(state: State, frame: Frame) -> Form:
    incident, brief = _incident(state, frame), _brief(state, frame)
    now = incident.severity if incident is not None else brief.severity if brief is not None else "SEV-3"
    fields = (Field("severity", "severity", now, SEVERITIES, is_needed=True), Field("why", "because"))
    name = _name(state, frame)
    return Form("severity", f"severity of {name}", name, fields)


async def _severity(client: Client, form: Form) -> Done:
    severities: tuple[wire.Severity, ...] = (form.said("severity"),)  # type: ignore[assignment]  # one of the choices
    request = wire.SetSeverity(incident=form.of, severities=severities, why=form.said("why"))
    return _responded(await client.do("incident/severity", request, wire.Responded))


# People -----------------------------------------------------------------------------------------------------------

ME, NOBODY = "me", "nobody"


def _begin_role(state: State, frame: Frame) -> Form:
    """A role that was offered stands first."""
    incident, name = _incident(state, frame), _name(state, frame)
    offered = [each.role for each in incident.roles if each.offered_to] if incident is not None else []
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
    return _responded(await client.do("incident/role", request, wire.Responded))


def _begin_milestone(state: State, frame: Frame) -> Form:
    incident, name = _incident(state, frame), _name(state, frame)
    known = incident.milestones if incident is not None else {}
    first = next((each for each in wire.MILESTONES if each not in known), "mitigated")
    fields = (
        Field("milestone", "milestone", first, wire.MILESTONES, is_needed=True),
        Field("at", "when (now, 03:12, or a date with it; - takes it back)", "now", is_needed=True),
        Field("why", "because"),
    )
    return Form("milestone", f"milestone of {name}", name, fields)


def moment_of(text: str, now: datetime) -> datetime | None:
    """``now`` is None; ``03:12`` is the last time that it was so; else ISO 8601, UTC. Raises UsageError."""
    if text == "now":
        return None
    try:
        if "-" not in text:
            hour, _, minute = text.partition(":")
            at = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            return at if at <= now else at - timedelta(days=1)
        at = datetime.fromisoformat(text.replace(" ", "T"))
    except ValueError as error:
        raise UsageError(f"{text!r} is no time: write now, 03:12 or 2026-01-31T03:12") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _milestone(client: Client, form: Form) -> Done:
    at = form.said("at")
    request = wire.SetMilestone(
        incident=form.of,
        milestone=form.said("milestone"),  # type: ignore[arg-type]  # one of the choices
        at=None if at == "-" else moment_of(at, datetime.now(UTC)),
        is_withdrawn=at == "-",
        why=form.said("why"),
    )
    return _responded(await client.do("incident/milestone", request, wire.Responded))


# Telling people ---------------------------------------------------------------------------------------------------

FACTS: dict[str, tuple[tuple[str, str], ...]] = {
    "investigating": (("impact", "what people notice"), ("doing", "what is being done")),
    "identified": (("impact", "what people notice"), ("cause", "the cause"), ("doing", "what is being done")),
    "update": (("changed", "what has changed"), ("impact", "what people notice"), ("doing", "what is being done")),
    "resolved": (("impact", "what people noticed"), ("cause", "the cause"), ("data_loss", "data lost (none, or what)")),
}
"""Stage → what only a person knows of it: the fact, and how it is asked for."""
STAGE_OF: dict[wire.IncidentStatus, wire.Stage] = {
    "identified": "identified",
    "mitigating": "update",
    "monitoring": "update",
    "resolved": "resolved",
    "reviewed": "resolved",
}


def _begin_update(state: State, frame: Frame) -> Form:
    incident, name = _incident(state, frame), _name(state, frame)
    sent = {each.stage for each in incident.updates} if incident is not None else set()
    stage = STAGE_OF.get(_status(state, frame) or "investigating", "update" if sent else "investigating")
    fields = (
        Field("stage", "stage", stage, wire.STAGES, is_needed=True),
        Field("audience", "to whom", "internal", wire.AUDIENCES, is_needed=True),
    )
    return Form("tell", f"message of {name}", name, fields)


async def _tell(client: Client, form: Form) -> Done:
    """What only a person can say, which depends on the stage."""
    stage, audience = form.said("stage"), form.said("audience")
    fields = tuple(Field(name, label, is_needed=name == "data_loss") for name, label in FACTS[stage])
    carried = (("stage", stage), ("audience", audience))
    return Done("", form=Form("draft", f"{audience} message, {stage}", form.of, fields, carried=carried))


async def _draft(client: Client, form: Form) -> Done:
    said = {name: answer for name, answer in form.given if answer}
    request = wire.DraftRequest(
        incident=form.of,
        stage=form.said("stage"),  # type: ignore[arg-type]  # one of the choices
        audience=form.said("audience"),  # type: ignore[arg-type]
        said=said,
    )
    draft = await client.do("incident/draft", request, wire.Draft)
    to = ", ".join(draft.notifiers) or "nobody: it is written down alone"
    warnings = tuple(f"▲ {each}" for each in draft.warnings)
    texts = (f"to {to}  (template: {draft.template})", *warnings, "", *draft.text.split("\n"))
    page = tuple(plain(row) for text in texts for row in whole(text, PAGE_CELLS))
    carried = (*form.carried, ("text", draft.text), ("template", draft.template), *said.items())
    sure = (Field("sure", f"type {SEND}", must_be=SEND),)
    return Done("", form=Form("send", "send this message", form.of, sure, page=page, carried=carried))


async def _send(client: Client, form: Form) -> Done:
    """Exactly as it was shown."""
    stage = form.said("stage")
    request = wire.SendRequest(
        incident=form.of,
        stage=stage,  # type: ignore[arg-type]  # one of the choices
        audience=form.said("audience"),  # type: ignore[arg-type]
        text=form.said("text"),
        template=form.said("template"),
        said={name: said for name, _ in FACTS[stage] if (said := form.said(name))},
    )
    return _responded(await client.do("incident/send", request, wire.Responded))


# Afterwards -------------------------------------------------------------------------------------------------------


def _begin_follow_up(state: State, frame: Frame) -> Form:
    name = _name(state, frame)
    fields = (
        Field("text", "to do", is_needed=True),
        Field("owner", "whose"),
        Field("due", "due (2026-12-04)"),
    )
    return Form("follow_up", f"follow-up of {name}", name, fields)


async def _follow_up(client: Client, form: Form) -> Done:
    request = wire.ChangeFollowUp(
        incident=form.of,
        text=form.said("text"),
        owner=form.said("owner").removeprefix("@"),
        due=_day(form.said("due")),
    )
    return _responded(await client.do("incident/followup", request, wire.Responded))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"{text!r} is no day: write 2026-12-04") from error


def _to_do(state: State, frame: Frame) -> tuple[str, ...]:
    incident = _incident(state, frame)
    if incident is None:
        return ()
    return tuple(str(each.number) for each in incident.follow_ups if each.done_at is None)


def _why_not_finish(state: State, frame: Frame) -> str:
    if _incident(state, frame) is None:
        return "open the incident first"
    return "" if _to_do(state, frame) else "no follow-up is open"


def _begin_finish(state: State, frame: Frame) -> Form:
    open_now, name = _to_do(state, frame), _name(state, frame)
    under = state.place.cursor.removeprefix("f")
    first = under if under in open_now else open_now[0]
    return Form(
        "finish_follow_up", f"follow-up of {name} is done", name,
        (Field("number", "which", first, open_now, is_needed=True),),
    )  # fmt: skip


async def _finish(client: Client, form: Form) -> Done:
    request = wire.ChangeFollowUp(incident=form.of, number=int(form.said("number")), is_done=True)
    return _responded(await client.do("incident/followup", request, wire.Responded))


def _begin_resolve(state: State, frame: Frame) -> Form:
    """Or open it again, where it is over."""
    name = _name(state, frame)
    if _is_over(state, frame):
        return Form("reopen", f"open {name} again", name, (Field("why", "because", is_needed=True),))
    return Form("resolve", f"resolve {name}", name, (Field("why", "because"),))


async def _resolve(client: Client, form: Form) -> Done:
    request = wire.ResolveIncident(incident=form.of, why=form.said("why"))
    return _responded(await client.do("incident/resolve", request, wire.Responded))


async def _reopen(client: Client, form: Form) -> Done:
    request = wire.ReopenIncident(incident=form.of, why=form.said("why"))
    return _responded(await client.do("incident/reopen", request, wire.Responded))


def _begin_review(state: State, frame: Frame) -> Form:
    name = _name(state, frame)
    fields = [Field("directory", "into which directory", "reviews", is_needed=True)]
    if _is_over(state, frame):
        fields.append(Field("finished", "is it finished", "no", ("no", "yes"), is_needed=True))
    return Form("review", f"review of {name}", name, tuple(fields))


async def _review(client: Client, form: Form) -> Done:
    request = wire.ReviewRequest(incident=form.of, is_reviewed=form.said("finished") == "yes")
    files = await client.do("incident/review", request, wire.ReviewFiles)
    paths = written(Path(form.said("directory")).expanduser().absolute(), files)
    return Done(f"wrote {paths[0]} and {paths[1].suffix}")


def _begin_handover(state: State, frame: Frame) -> Form:
    name = _name(state, frame)
    return Form("handover", f"handover of {name}", name)


async def _handover(client: Client, form: Form) -> Done:
    view = await client.view("incident", {"incident": form.of})
    if not isinstance(view, wire.IncidentView):
        raise AssertionError("the view `incident` is answered by an IncidentView")
    return Done(f"opsconsole incident handover {form.of} prints it", page=tuple(handover(view).splitlines()))


def _never(state: State, frame: Frame) -> str:
    return ""


def _only_asked(state: State, frame: Frame) -> Form:
    raise UsageError("this follows from something else")


DEEDS: dict[str, Deed] = {
    "open_incident": Deed(_why_not_of_alert, _begin_of_alert, _open),
    "new_incident": Deed(_never, _begin_new, _open),
    "join_incident": Deed(_never, _only_asked, _join),
    "note": Deed(_none, _begin_note, _note),
    "cause": Deed(_none, _begin_cause, _note),
    "severity": Deed(_none, _begin_severity, _severity),
    "role": Deed(_none, _begin_role, _role),
    "milestone": Deed(_none, _begin_milestone, _milestone),
    "tell": Deed(_none, _begin_update, _tell),
    "draft": Deed(_never, _only_asked, _draft),
    "send": Deed(_never, _only_asked, _send),
    "follow_up": Deed(_none, _begin_follow_up, _follow_up),
    "finish_follow_up": Deed(_why_not_finish, _begin_finish, _finish),
    "resolve": Deed(_none, _begin_resolve, _resolve),
    "reopen": Deed(_none, _only_asked, _reopen),
    "review": Deed(_none, _begin_review, _review),
    "handover": Deed(_none, _begin_handover, _handover),
}
