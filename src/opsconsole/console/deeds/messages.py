"""Telling people: what only a person knows is asked for, the message is shown, and it goes out as it was shown.

Always true here: a message is shown whole, in the words that would go out, and goes out only when ``send`` was typed
under it.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console.deeds.base import Deed, Done, never, only_asked
from opsconsole.console.deeds.incidents import name_of, none_meant, responded, view_of
from opsconsole.console.feed import Client
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame, State

SEND = "send"
"""What has to be typed under a message."""

FACTS: dict[str, tuple[tuple[str, str], ...]] = {
    "investigating": (("impact", "what people notice"), ("doing", "what is being done")),
    "identified": (("impact", "what people notice"), ("cause", "the cause"), ("doing", "what is being done")),
    "update": (("changed", "what has changed"), ("impact", "what people notice"), ("doing", "what is being done")),
    "resolved": (("impact", "what people noticed"), ("cause", "the cause"), ("data_loss", "data lost (none, or what)")),
}
"""Stage → what only a person knows of it: the fact, and how it is asked for."""
STAGE_OF: dict[wire.IncidentStatus, wire.Stage] = {
    "identified": "identified",
    "resolved": "resolved",
    "reviewed": "resolved",
}
"""Status → the stage that a message is of whatever was said before."""


def stage_of(incident: wire.Incident) -> wire.Stage:
    """What a message is most probably about: the first one updates nothing."""
    if stage := STAGE_OF.get(incident.status):
        return stage
    if incident.updates:
        return "update"
    cause = incident.milestones.get("identified")
    return "identified" if cause is not None and cause.at is not None else "investigating"


def cause_of(incident: wire.Incident) -> str:
    """The newest note that names it, in one line; empty where none does."""
    named = [note.text for note in incident.notes if note.is_cause]
    return " ".join(named[-1].split()) if named else ""


def _begin_update(state: State, frame: Frame) -> Form:
    name = name_of(state, frame)
    return Form("tell", f"message of {name}", name)


async def _tell(client: Client, form: Form) -> Done:
    """At which stage, and to whom: as the incident is by now, which may be later than what the screen shows."""
    incident = (await view_of(client, form.of)).incident
    fields = (
        Field("stage", "stage", stage_of(incident), wire.STAGES, is_needed=True),
        Field("audience", "to whom", "internal", wire.AUDIENCES, is_needed=True),
    )
    return Done("", form=Form("facts", form.title, form.of, fields))


async def _facts(client: Client, form: Form) -> Done:
    """What only a person can say, which depends on the stage; what was said of the incident already stands there."""
    stage, audience = form.said("stage"), form.said("audience")
    known = {"cause": cause_of((await view_of(client, form.of)).incident)}
    fields = tuple(
        Field(name, label, known.get(name, ""), is_needed=name == "data_loss") for name, label in FACTS[stage]
    )
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
    page = (f"to {to}  (template: {draft.template})", *warnings, "", *draft.text.split("\n"))
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
    return responded(await client.do("incident/send", request, wire.Responded))


DEEDS: dict[str, Deed] = {
    "tell": Deed(none_meant, _begin_update, _tell, asks=True),
    "facts": Deed(never, only_asked, _facts, asks=True),
    "draft": Deed(never, only_asked, _draft, asks=True),
    "send": Deed(never, only_asked, _send),
}
