"""Deeds from their key to what came of them: the form is filled in, the daemon is asked once, and its answer is said.

Always true here: whatever is sent was named when the form was opened, and was sent by a key of its own: one that came
when what is sent had stood on the screen for ``DEAF_S``, and that no other key followed. Keys that come faster fill
fields and send nothing. A deed that the daemon refuses, or that does not reach it, leaves its form as it was typed;
nothing is sent twice, and where no answer came it is said that nobody knows whether it was done. While the next
question is on its way, keys wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from textual.events import Key, Paste

from opsconsole import wire
from opsconsole.console.acting import NOTHING_DONE, SETTLE_S, Task
from opsconsole.console.confirming import DEAF_S, HAND_S, QUIET_S
from opsconsole.console.deeds import runs
from opsconsole.console.deeds.base import Done, may_not
from opsconsole.console.deeds.incidents import new_form
from opsconsole.console.deeds.table import DEEDS
from opsconsole.console.feed import Client
from opsconsole.console.forms import Form
from opsconsole.console.frame import Frame, Refusal, State
from opsconsole.console.grammar.actions import IN_THE_PAST_UNTIMED
from opsconsole.console.grammar.verbs import went
from opsconsole.console.panels.run_words import VERBS, meant
from opsconsole.console.place import Place
from opsconsole.console.views import pages
from opsconsole.errors import DaemonError, NotReached, OpsConsoleError, RequestRefused, UsageError

TOO_SOON = Refusal("the step has just changed: read it, then press the key again")
UNKNOWN = "not known whether it was done: look before you repeat it"
ONCE_MORE = "read it, then {enter} once more does it"
TOO_FAST = Refusal(f"that was faster than a hand: {NOTHING_DONE}")
LOST = "the link to the daemon is lost: not sent; {enter} sends it when you say so again"
KEPT = "as you typed it"
GIVES_UP: frozenset[str] = frozenset({"cancel_form", "leave"})
"""Actions that do not wait for the question that is on its way."""


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
    later: Callable[[float, Callable[[], None]], object]
    """Call something in so many seconds."""
    have: Callable[[Key | Paste], None]
    """Have a key, or pasted text, that had to wait."""
    now_s: Callable[[], float]
    """The clock of the keys' own moments."""


class Working:
    """The forms of one console."""

    def __init__(self, client: Client, desk: Desk) -> None:
        self._client, self._desk = client, desk
        self._sent = 0
        self._key_s = self._before_s = float("-inf")
        """When the newest key came, and the one before it."""
        self._since_s = float("-inf")
        """Since when the form has stood on the screen as it is."""
        self._due: Form | None = None
        """What is sent unless another key follows."""
        self._waiting: list[Key | Paste] = []
        """Keys for the question that is on its way."""
        self._left: dict[tuple[str, str], Form] = {}
        """Deed and what it is of → the form that it left behind, as it was typed."""
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
            "form_back": lambda key: self._go_back(),
            "cancel_form": lambda key: self._close(NOTHING_DONE),
        }

    @property
    def words(self) -> Mapping[str, Callable[[str], None]]:
        """Word of the command line → what it does, given the rest of the command."""
        return {"open_incident_of": lambda rest: self.ask(new_form(rest, self._desk.state().service))}

    # Keys ---------------------------------------------------------------------------------------------------------

    def keeps(self, event: Key, action: str) -> bool:
        """Take note of a key before it does what it does; whether it waits for the question that is on its way."""
        self._before_s, self._key_s = self._key_s, event.time
        if self._due is not None:
            due, self._due, self._since_s = self._due, None, event.time
            self._desk.become(replace(self._desk.state(), notice=self._named(ONCE_MORE) if due.fields else TOO_FAST))
        form = self._desk.state().form
        if form is None:
            return False
        if form.field is None and action not in GIVES_UP:
            self._waiting.append(event)
            return True
        if action != "form_next":
            self._since_s = event.time
        return False

    def _named(self, told: str) -> Refusal:
        """With the key that goes on."""
        return Refusal(told.format(enter=self._desk.frame().key("form_next")))

    def keeps_text(self, event: Paste) -> bool:
        """The same of text that is pasted: it has to be read as well before it is sent."""
        self._key_s = self._since_s = event.time
        self._due = None
        form = self._desk.state().form
        if form is None or form.field is not None:
            return False
        self._waiting.append(event)
        return True

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
            self._desk.become(replace(state, notice=Refusal(why_not)))
        else:
            self.ask(runs.step_form(view, "decide", option.label, option.key))
        return True

    def _begin(self, name: str, key: str) -> None:
        state = self._desk.state()
        view = runs.run_here(state, self._desk.frame())
        if view is not None and name in VERBS and (found := meant(name, view)) is not None and found[0] == "plan":
            self._desk.plan(runs.request_of(view, "plan"), runs.order_of(view), key)
            return
        try:
            form = DEEDS[name].begin(state, self._desk.frame())
        except UsageError as error:
            self._desk.become(replace(state, notice=Refusal(f"{error.message} {error.remedy}".strip())))
            return
        left = self._left.pop((form.deed, form.of), None)
        if left is not None and left.title == form.title and len(left.fields) == len(form.fields):
            self.ask(replace(form, kept=left.given), notice=KEPT)
        else:
            self.ask(form)

    def ask(self, form: Form, draft: str | None = None, notice: str = "") -> None:
        """Have a form filled in; one that asks nothing is sent, where its key was one of its own."""
        if form.field is not None:
            text = form.begins if draft is None else draft
            self._since_s = self._desk.now_s()
            state = replace(self._desk.state(), mode="form", form=form, choice=0, notice=notice)
            self._desk.become(replace(state, draft=text, is_offered=draft is None and form.field.is_number))
        elif DEEDS[form.deed].asks:
            self._look_up(form)
        elif self._key_s - self._before_s <= HAND_S:
            self._desk.become(replace(self._desk.state(), notice=TOO_FAST))
        else:
            self._send_soon(form)

    def _answer(self) -> None:
        state = self._desk.state()
        if state.form is None or state.form.field is None:
            return
        try:
            form = state.form.answered(state.draft)
        except UsageError as error:
            self._desk.become(replace(state, notice=Refusal(error.told)))
            return
        if form.field is not None or DEEDS[form.deed].asks:
            self.ask(form)
        elif self._key_s - self._since_s < DEAF_S:
            is_text = self._key_s - self._before_s <= HAND_S  # the end of a line that was pasted as keys
            draft = f"{state.draft.rstrip()} " if is_text and state.draft else state.draft
            self._desk.become(replace(state, draft=draft, notice=self._named(ONCE_MORE)))
        else:
            self._send_soon(form)

    def _choose(self, by: int) -> None:
        """Scroll what has to be read, go through the choices, or from field to field."""
        state = self._desk.state()
        form = state.form
        if form is None or form.field is None:
            return
        if form.page:
            self._desk.become(replace(state, choice=pages.scrolled(self._desk.frame(), by), notice=""))
        elif form.field.choices:
            self._desk.become(replace(state, draft=form.chosen(state.draft, by), notice=""))
        elif by < 0:
            self._go_back()
        elif not form.is_last:
            self._answer()

    def _go_back(self) -> None:
        """To the field before, with what is typed in this one kept for later."""
        state = self._desk.state()
        if state.form is not None and state.form.given:
            form = state.form.back(state.draft)
            is_number = form.field is not None and form.field.is_number
            self._desk.become(replace(state, form=form, draft=form.begins, is_offered=is_number, notice=""))

    def _close(self, notice: str) -> None:
        self._desk.become(
            replace(self._desk.state(), mode="browse", form=None, draft="", is_offered=False, choice=0, notice=notice)
        )

    # Sending ------------------------------------------------------------------------------------------------------

    def _send_soon(self, form: Form) -> None:
        """Once it is sure that no other key follows."""
        self._due = form
        self._desk.later(QUIET_S + SETTLE_S, partial(self._send, form))

    def _send(self, form: Form) -> None:
        if self._due is not form:
            return
        self._due = None
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
        """Say why, with what was typed to be mended or sent again; what may have been done is not offered again."""
        is_asked = DEEDS[form.deed].asks
        if isinstance(error, DaemonError) and not isinstance(error, RequestRefused | NotReached) and not is_asked:
            self._leave(form, Refusal(f"{form.title}: {UNKNOWN} ({error.message})"))
        elif not form.given or not is_still_there:
            self._leave(form, Refusal(f"{form.title}: not done: {error.told}"))
        else:
            *before, (_, last) = form.given
            is_lost = isinstance(error, NotReached)
            why = self._named(LOST) if is_lost else Refusal(f"not done: {error.told}")
            self.ask(replace(form, given=tuple(before)), last, why)

    def _leave(self, form: Form, notice: str) -> None:
        """Let the form go, and keep what was typed for when it is begun again."""
        if form.given:
            self._left[form.deed, form.of] = form
        self._desk.become(replace(self._desk.state(), notice=notice))

    # Asking on ----------------------------------------------------------------------------------------------------

    def _look_up(self, form: Form) -> None:
        """Ask the daemon what has to be known before the next question; Esc gives it up."""
        state = self._desk.state()
        self._waiting = []
        self._desk.become(replace(state, mode="form", form=form, draft="", choice=0, notice=""))
        self._desk.run(partial(self._ask_on, form), "looking up")

    async def _ask_on(self, form: Form) -> None:
        before = self._desk.state().place
        try:
            done = await DEEDS[form.deed].send(self._client, form)
        except OpsConsoleError as error:
            if self._is_asking(form):
                self._close("")
                self._failed(form, error, is_still_there=self._is_at(before))
            return
        if not self._is_asking(form):
            return
        self._close("")
        self._say(done, is_still_there=self._is_at(before))
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self._desk.have(event)

    def _is_asking(self, form: Form) -> bool:
        """Does the person still wait for it?"""
        return self._desk.state().form is form
