"""Deeds from their key to what came of them: the form is filled in, the daemon is asked once, and its answer is said.

Always true here: whatever is sent was named when the form was opened; a deed that the daemon refuses leaves its form as
it was typed, where the person has not gone on meanwhile; nothing is sent twice, and where no answer came it is said
that nobody knows whether it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from opsconsole import wire
from opsconsole.console.acting import Task
from opsconsole.console.confirming import DEAF_S
from opsconsole.console.deeds import runs
from opsconsole.console.deeds.base import Done, may_not
from opsconsole.console.deeds.incidents import new_form
from opsconsole.console.deeds.table import DEEDS
from opsconsole.console.feed import Client
from opsconsole.console.forms import Form
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.actions import IN_THE_PAST_UNTIMED
from opsconsole.console.grammar.verbs import went
from opsconsole.console.panels.run_words import VERBS, meant
from opsconsole.console.place import Place
from opsconsole.console.views import pages
from opsconsole.errors import DaemonError, OpsConsoleError, RequestRefused, UsageError

TOO_SOON = "the step has just changed: read it, then press the key again"
UNKNOWN = "not known whether it was done: look before you repeat it"


@dataclass(frozen=True)
class Desk:
    """What this needs of the console that it is in."""

    state: Callable[[], State]
    frame: Callable[[], Frame]
    become: Callable[[State], None]
    plan: Callable[[wire.StepRequest, wire.OrderRequest, str], None]
    """Ask for the plan of a step, by this key; what follows is a prompt's."""
    tell: Callable[[], None]
    """Hear at once how much is open, for a deed may have changed it."""
    run: Callable[[Task, str], object]
    """Begin something, by name: what was begun under that name before is given up."""


class Working:
    """The forms of one console."""

    def __init__(self, client: Client, desk: Desk) -> None:
        self._client, self._desk = client, desk
        self._sent = 0
        self._step: tuple[str, str, int] = ("", "", 0)
        self._step_since_s = float("-inf")

    @property
    def effects(self) -> Mapping[str, Callable[[str], None]]:
        """Action → what it does, given the key."""
        return {
            **{name: partial(self._begin, name) for name in DEEDS},
            "form_next": lambda key: self._answer(),
            "form_after": lambda key: self._choose(1),
            "form_before": lambda key: self._choose(-1),
            "cancel_form": lambda key: self._close("nothing was done"),
        }

    @property
    def words(self) -> Mapping[str, Callable[[str], None]]:
        """Word of the command line → what it does, given the rest of the command."""
        return {"open_incident_of": lambda rest: self.ask(new_form(rest, self._desk.state().service))}

    # Steps --------------------------------------------------------------------------------------------------------

    def hear(self, answer: wire.Answer, at_s: float) -> None:
        """Take note of a step that has just come on the screen: keys so soon after it were meant for the one before."""
        if not isinstance(answer, wire.RunView):
            return
        run = answer.run
        progress = run.steps.get(run.current)
        step = (run.id, run.current or run.phase, progress.attempt if progress is not None else 0)
        if step != self._step:
            self._step, self._step_since_s = step, at_s

    def takes(self, key: str, action: str, at_s: float) -> bool:
        """A key on the page of a run: one of the ways of a decision that is open, or one that came too soon."""
        state, frame = self._desk.state(), self._desk.frame()
        view = runs.run_here(state, frame)
        option = runs.option_of(view, key)
        if at_s - self._step_since_s < DEAF_S and (option is not None or action in VERBS):
            self._desk.become(replace(state, notice=TOO_SOON))
            return True
        if option is None or view is None:
            return False
        if why_not := IN_THE_PAST_UNTIMED if state.as_of is not None else may_not(frame.permission):
            self._desk.become(replace(state, notice=why_not))
        else:
            self._send(runs.step_form(view, "decide", option.label, option.key))
        return True

    def _begin(self, name: str, key: str) -> None:
        state = self._desk.state()
        view = runs.run_here(state, self._desk.frame())
        if view is not None and name in VERBS and (found := meant(name, view)) is not None and found[0] == "plan":
            self._desk.plan(runs.request_of(view, "plan"), runs.order_of(view), key)
            return
        try:
            self.ask(DEEDS[name].begin(state, self._desk.frame()))
        except UsageError as error:
            self._desk.become(replace(state, notice=f"{error.message} {error.remedy}".strip()))

    def ask(self, form: Form, draft: str | None = None, notice: str = "") -> None:
        """Have a form filled in; one that asks nothing is sent."""
        field = form.field
        if field is None:
            self._send(form)
            return
        text = field.value if draft is None else draft
        self._desk.become(replace(self._desk.state(), mode="form", form=form, draft=text, choice=0, notice=notice))

    def _answer(self) -> None:
        state = self._desk.state()
        if state.form is None:
            return
        try:
            self.ask(state.form.answered(state.draft))
        except UsageError as error:
            self._desk.become(replace(state, notice=error.message))

    def _choose(self, by: int) -> None:
        state = self._desk.state()
        if state.form is not None and state.form.page:
            self._desk.become(replace(state, choice=pages.scrolled(self._desk.frame(), by), notice=""))
        elif state.form is not None:
            self._desk.become(replace(state, draft=state.form.chosen(state.draft, by), notice=""))

    def _close(self, notice: str) -> None:
        self._desk.become(replace(self._desk.state(), mode="browse", form=None, draft="", notice=notice))

    def _send(self, form: Form) -> None:
        self._close(f"{form.title} …")
        self._sent += 1
        self._desk.run(partial(self._do, form), f"deed {self._sent}")

    async def _do(self, form: Form) -> None:
        before = self._desk.state().place
        try:
            done = await DEEDS[form.deed].send(self._client, form)
        except OpsConsoleError as error:
            self._failed(form, error, is_still_there=self._is_at(before))
            return
        self._desk.tell()
        self._say(done, is_still_there=self._is_at(before))

    def _is_at(self, place: Place) -> bool:
        """Is the person where they were, with nothing open above it?"""
        state = self._desk.state()
        return state.mode == "browse" and replace(state.place, cursor="") == replace(place, cursor="")

    def _say(self, done: Done, *, is_still_there: bool) -> None:
        state = self._desk.state()
        if not is_still_there:
            self._desk.become(replace(state, notice=done.told))
        elif done.form is not None:
            self.ask(done.form, notice=done.told)
        elif done.page:
            self._desk.become(replace(state, mode="text", choice=0, page=done.page, notice=done.told))
        elif done.place is not None:
            self._desk.become(replace(went(state, done.place, self._desk.frame()), notice=done.told))
        else:
            self._desk.become(replace(state, notice=done.told))

    def _failed(self, form: Form, error: OpsConsoleError, *, is_still_there: bool) -> None:
        """Say why, with what was typed last to be mended; what may have been done is not offered a second time."""
        state = self._desk.state()
        if isinstance(error, DaemonError) and not isinstance(error, RequestRefused):
            told = f"{form.title}: {UNKNOWN} ({error.message})"
            self._desk.become(replace(state, notice=told))
            return
        told = f"not done: {error.told}"
        if form.given and is_still_there:
            *before, (_, last) = form.given
            self.ask(replace(form, given=tuple(before)), last, told)
        else:
            self._desk.become(replace(state, notice=told))
