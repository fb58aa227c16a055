"""What can be done with checklists: begin a run, from an alert, an incident or the list, and work its steps.

Always true here: a run is begun with its parameters shown and answered for; a step is named with what is done about it,
so that nothing is done to another one; what changes the world goes through a plan, never through here.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console.deeds import alerts, incidents
from opsconsole.console.deeds.base import MAY_ACT, Deed, Done, never, only_asked, subject
from opsconsole.console.feed import Client
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.verbs import under_cursor
from opsconsole.console.hands import CONSOLE
from opsconsole.console.panels.run_words import VERBS, meant
from opsconsole.console.place import Place
from opsconsole.errors import UsageError

ACTS: dict[str, wire.Act] = {
    "release.rollback": "rollback",
    "release.abort": "abort",
    "release.hold": "hold",
    "release.resume": "resume",
    "release.advance": "advance",
    "release.start": "start",
    "release.promote": "promote",
}
"""Action of a step → what it is called while its plan is being asked for; the plan says what it is."""
ALERT = "alert "
"""What the linked alert is carried as: no parameter has a blank in its name."""
FALLBACK = "error-spike"
"""Where no trigger of any list holds."""


def run_here(state: State, frame: Frame) -> wire.RunView | None:
    view = frame.answer(wire.RunView)
    return view if view is not None and view.run.id == state.place.choice("key").upper() else None


# Beginning --------------------------------------------------------------------------------------------------------


def _wanted(state: State, frame: Frame) -> tuple[str, dict[str, str], str]:
    """(checklist, what is known of its parameters, incident): of what is open or under the cursor, and has come."""
    if state.view in ("alerts", "alert"):
        alert = alerts.alert_here(state, frame)
        if alert is None:
            return "", {}, ""
        return alert.checklist, _known(alert), alerts.incident_of(alert, frame)
    if state.view == "incident":
        incident = incidents.incident_of(state, frame)
        if incident is None:
            return "", {}, ""
        item = under_cursor(state, frame)
        suggested = str(item.values.get("checklist") or "") if item is not None else ""
        first = incident.services[0] if incident.services else ""
        service = str(item.values["service"]) if item is not None and suggested else first
        return suggested, {"service": service, ALERT: _first_alert(incident)}, incident.incident
    if (listed := frame.answer(wire.IncidentsView)) is not None:
        name = subject(state, frame)
        brief = next((each for each in listed.incidents if each.incident == name), None)
        service = brief.services[0] if brief is not None and brief.services else ""
        return "", {"service": service}, name
    return subject(state, frame), {"service": state.service}, ""


def _has_not_come(state: State, frame: Frame) -> str:
    """A page that is open and still empty, or shows nothing of it yet: what was there before it is not meant."""
    has_come = {
        "alert": lambda: alerts.alert_here(state, frame) is not None,
        "incident": lambda: incidents.incident_of(state, frame) is not None,
    }
    if state.view not in has_come or has_come[state.view]():
        return ""
    return f"{state.place.choice('key')} has not come yet: press the key again"


def _first_alert(incident: wire.Incident) -> str:
    """The alert that it was linked to first: its checklist is the one to take."""
    return next((link.ref for link in incident.links if link.kind == "alert"), "")


def _known(alert: wire.Alert) -> dict[str, str]:
    """What an alert knows of a checklist's parameters; of two findings the worse one counts."""
    known = {"service": alert.services[0]} if alert.services else {}
    for member in alert.members:
        known = {**member.params, **known}
    return known


def _why_not_begin(state: State, frame: Frame) -> str:
    checklist, _, incident = _wanted(state, frame)
    if why_not := _has_not_come(state, frame):
        return why_not
    if checklist.startswith("RUN-"):
        return f"{checklist} is a run: {frame.key('enter')} goes on with it"
    lists = frame.key("open_checklists")
    return "" if checklist or incident else f"no checklist is named for it: {lists} lists them"


def _begin(state: State, frame: Frame) -> Form:
    """Its parameters have to be asked of the daemon first, and which list it is where nothing says so."""
    checklist, known, incident = _wanted(state, frame)
    carried = (*((name, value) for name, value in known.items() if value), ("incident", incident))
    if checklist:
        return Form("look_up_checklist", f"run {checklist}", checklist, carried=carried)
    return Form("choose_checklist", f"a checklist for {incident}", "", carried=carried)


async def _choose(client: Client, form: Form) -> Done:
    view = await client.view("checklists", {"service": form.said("service")})
    if not isinstance(view, wire.ChecklistsView):
        raise AssertionError("the view `checklists` is answered by a ChecklistsView")
    names = tuple(each.id for each in view.checklists if not each.problems)
    if not names:
        raise UsageError("there is no checklist", "`opsconsole checklist new NAME` begins one.")
    wanted = (await _of_alert(client, form.said(ALERT)), *(each.checklist for each in view.suggested), FALLBACK)
    first = next((name for name in wanted if name in names), names[0])
    fields = (Field("checklist", "which", first, names, is_needed=True),)
    return Done("", form=Form("look_up_checklist", form.title, "", fields, carried=form.carried))


async def _of_alert(client: Client, alert: str) -> str:
    """The checklist of an alert; empty where none is linked, or it is gone."""
    if not alert:
        return ""
    try:
        view = await client.view("alert", {"alert": alert})
    except UsageError:
        return ""
    return view.alert.checklist if isinstance(view, wire.AlertView) else ""


async def _look_up(client: Client, form: Form) -> Done:
    name = form.of or form.said("checklist")
    view = await client.view("checklist", {"id": name})
    if not isinstance(view, wire.ChecklistView) or view.checklist is None:
        raise UsageError(f"{name} cannot be understood", "`opsconsole checklist lint` says why.")
    fields = [_field(each, param, form.said(each)) for each, param in view.checklist.params.items()]
    fields.append(Field("incident", "of incident", form.said("incident")))
    return Done("", form=Form("begin_run", f"run {name}", name, tuple(fields)))


def _field(name: str, param: wire.Param, known: str) -> Field:
    """One that the daemon can fill in may stay empty."""
    fills = " (empty: filled in)" if param.sql and not known else ""
    is_needed = param.required and not param.sql and not param.default
    return Field(name, f"{name}{fills}", known or param.default, param.values, is_needed=is_needed)


async def _run(client: Client, form: Form) -> Done:
    params = {name: value for name, value in form.given if value and name != "incident"}
    request = wire.RunRequest(checklist=form.of, params=params, incident=form.said("incident"))
    view = (await client.do("checklist/run", request, wire.StepReply)).view
    return Done(f"{view.run.id} began", Place("run").choosing(key=view.run.id))


# Steps ------------------------------------------------------------------------------------------------------------

ASKED: dict[wire.StepVerb, Field] = {
    "skip": Field("text", "why", is_needed=True),
    "deny": Field("text", "why", is_needed=True),
    "note": Field("text", "note", is_needed=True),
    "abort": Field("text", "why (what ran is undone, each step confirmed)", is_needed=True),
}
"""Verb → what has to be said."""


def request_of(view: wire.RunView, verb: wire.StepVerb, **more: str) -> wire.StepRequest:
    return wire.StepRequest(run=view.run.id, verb=verb, step=view.run.current, console=CONSOLE, **more)


def _of_step(action: str) -> Deed:
    def why_not(state: State, frame: Frame) -> str:
        view = run_here(state, frame)
        if view is None:
            return "open a run first"
        if meant(action, view) is not None:
            return ""
        return f"{view.run.id} has ended" if view.run.phase == "ended" else "this step has nothing to do with that"

    def begin(state: State, frame: Frame) -> Form:
        view = run_here(state, frame)
        found = meant(action, view) if view is not None else None
        if view is None or found is None:
            raise UsageError("this step has nothing to do with that")
        return step_form(view, found[0], found[1])

    return Deed(why_not, begin, _step, MAY_ACT | {"approver"})


def order_of(view: wire.RunView) -> wire.OrderRequest:
    """What the plan of the current step will be about, as far as it can be told before it is there."""
    step = view.run.checklist.step(view.run.current) if view.run.current and view.run.phase == "running" else None
    act = ACTS.get(step.action, "set") if step is not None else "set"
    return wire.OrderRequest(service=view.run.params.get("service", ""), act=act, console=CONSOLE, via="checklist")


def option_of(view: wire.RunView | None, key: str) -> wire.Option | None:
    """The way to decide that a key stands for."""
    if view is None or "decide" not in view.verbs or not view.run.current:
        return None
    options = view.run.checklist.step(view.run.current).options
    return next((option for option in options if option.key == key), None)


def step_form(view: wire.RunView, verb: wire.StepVerb, words: str, option: str = "") -> Form:
    """What is done about the current step."""
    fields: tuple[Field, ...] = (ASKED[verb],) if verb in ASKED else ()
    if verb == "approve" and view.confirm:
        fields = (Field("typed", f"type {view.confirm}", must_be=view.confirm),)
    carried = (("verb", verb), ("step", view.run.current), ("option", option), ("undoes", view.undoing))
    of = f" the undoing of {view.undoing}" if verb == "skip" and view.undoing else ""
    return Form("step", f"{view.run.id}: {words}{of}", view.run.id, fields, carried=carried)


async def _step(client: Client, form: Form) -> Done:
    request = wire.StepRequest(
        run=form.of,
        verb=form.said("verb"),  # type: ignore[arg-type]  # put there above
        step=form.said("step"),
        undoes=form.said("undoes"),
        option=form.said("option"),
        text=form.said("text"),
        typed=form.said("typed"),
        console=CONSOLE,
    )
    view = (await client.do("checklist/step", request, wire.StepReply)).view
    return Done(_stands(view.run))


def _stands(run: wire.Run) -> str:
    """Where a run is after something was done about it."""
    if run.phase == "aborting":
        return f"{run.id} is aborting: what ran is undone step by step"
    if run.phase == "ended" or not run.current:
        return f"{run.id} {run.word or run.phase}"
    step = run.checklist.step(run.current)
    return f"now: {step.title or step.id}"


DEEDS: dict[str, Deed] = {
    **dict.fromkeys(
        ("run_checklist", "begin_checklist", "start_checklist"), Deed(_why_not_begin, _begin, _look_up, asks=True)
    ),
    "choose_checklist": Deed(never, only_asked, _choose, asks=True),
    "look_up_checklist": Deed(never, only_asked, _look_up, asks=True),
    "begin_run": Deed(never, only_asked, _run),
    "step": Deed(never, only_asked, _step),
    **{action: _of_step(action) for action in VERBS},
}
