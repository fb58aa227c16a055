"""Working a run in a plain terminal: one step at a time, what machines found as it is found, and one key a question.

Always true here: leaving ends nothing, for the run is the daemon's; Enter never does anything but look again; what does
something to the world is confirmed by typing what its plan asks for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands import checklist_page
from opsconsole.console.text import safe
from opsconsole.errors import OpsConsoleError

POLL_S = 0.5
_LINE_LIMIT = 2_000
LEAVE = "q"


class Dialogue(Protocol):
    """Where a person is asked."""

    def say(self, line: str) -> None: ...

    def ask(self, question: str) -> str:
        """What they type, without its line end; ``q`` where they are gone."""
        ...

    def wait(self) -> None:
        """A moment, while a machine looks."""
        ...


class Terminal:
    """The terminal that the command runs in."""

    def say(self, line: str) -> None:
        sys.stdout.write(f"{safe(line, _LINE_LIMIT)}\n")
        sys.stdout.flush()

    def ask(self, question: str) -> str:
        sys.stdout.write(safe(question, _LINE_LIMIT))
        sys.stdout.flush()
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else LEAVE

    def wait(self) -> None:
        time.sleep(POLL_S)


class _Session:
    """One person working one run."""

    def __init__(self, client: Client, dialogue: Dialogue, console: str) -> None:
        self._client, self._dialogue, self._console = client, dialogue, console
        self._said: set[str] = set()
        self._at: tuple[str, str, int] = ("", "", 0)
        self._verbs: Mapping[wire.StepVerb, Callable[[wire.RunView], wire.RunView]] = {
            "skip": lambda view: self._with_reason(view, "skip", "why: "),
            "deny": lambda view: self._with_reason(view, "deny", "why: "),
            "note": lambda view: self._with_reason(view, "note", "note: "),
            "abort": lambda view: self._with_reason(view, "abort", "why: "),
            "plan": self._act,
            "approve": self._approve,
        }

    def step(self, view: wire.RunView, verb: wire.StepVerb, **more: str) -> wire.RunView:
        request = wire.StepRequest(
            run=view.run.id,
            verb=verb,
            step=view.run.current,
            undoes=view.undoing,
            console=self._console,
            **more,
        )
        return self._client.step(request).view

    def look(self, view: wire.RunView) -> wire.RunView:
        """How it stands at this moment."""
        return look(self._client, view.run.id)

    def show(self, view: wire.RunView) -> None:
        """What is new: a step is introduced once, and each thing that was found is said once."""
        run = view.run
        progress = run.steps.get(run.current)
        at = (run.id, run.current or run.phase, progress.attempt if progress else 0)
        if at != self._at:
            self._at = at
            self._said.clear()
            self._dialogue.say("")
        for line in self._lines(view):
            if line not in self._said:
                self._said.add(line)
                self._dialogue.say(line)

    def _lines(self, view: wire.RunView) -> Iterator[str]:
        for line in checklist_page.turn(view):
            yield line.partition(" for ")[0] if line.startswith("… waiting") else line

    def answer(self, view: wire.RunView) -> wire.RunView | None:
        """Ask, and do what is answered; None: the person leaves."""
        step = view.run.checklist.step(view.run.current) if view.run.current else None
        options = {option.key for option in step.options} if step is not None and "decide" in view.verbs else set()
        offered = checklist_page.keys(view)
        typed = self._dialogue.ask(checklist_page.prompt(view)).strip()
        if typed in options:
            return self.step(view, "decide", option=typed)
        if typed == LEAVE:
            return None
        if typed not in offered:
            return self.look(view)
        verb = offered[typed]
        return self._verbs[verb](view) if verb in self._verbs else self.step(view, verb)

    def _with_reason(self, view: wire.RunView, verb: wire.StepVerb, question: str) -> wire.RunView:
        return self.step(view, verb, text=self._dialogue.ask(question))

    def _approve(self, view: wire.RunView) -> wire.RunView:
        typed = self._dialogue.ask(f"Type {view.confirm} to approve: ") if view.confirm else ""
        return self.step(view, "approve", typed=typed)

    def _act(self, view: wire.RunView) -> wire.RunView:
        request = wire.StepRequest(run=view.run.id, verb="plan", step=view.run.current, console=self._console)
        plan = self._client.step(request).plan
        if plan is None:
            raise AssertionError("a plan is answered by one")
        for line in checklist_page.plan_page(plan).splitlines():
            self._dialogue.say(line)
        if plan.refusals:
            return self.look(view)
        typed = self._dialogue.ask(f"Type {plan.confirm_with} to {plan.order.act}; anything else does nothing: ")
        if typed != plan.confirm_with:
            self._dialogue.say("nothing was done")
            return self.look(view)
        return self.step(view, "act", op_id=plan.op_id, typed=typed)


def look(client: Client, run: str) -> wire.RunView:
    """A run as it stands at this moment, which a view that others share need not be."""
    return client.step(wire.StepRequest(run=run)).view


def work(client: Client, view: wire.RunView, dialogue: Dialogue, console: str) -> wire.RunView:
    """Go through a run with a person, until it ends or they leave; how it stands then."""
    session = _Session(client, dialogue, console)
    dialogue.say(checklist_page.head(view.run))
    while True:
        session.show(view)
        if view.run.phase == "ended":
            return view
        if view.child:
            inner = work(client, look(client, view.child), dialogue, console)
            view = look(client, view.run.id)
            if inner.run.phase != "ended":
                return view
            continue
        if view.waits or (view.run.phase == "aborting" and not view.undoing):
            dialogue.wait()
            view = look(client, view.run.id)
            continue
        try:
            answered = session.answer(view)
        except OpsConsoleError as error:
            for line in str(error).split("\n"):
                dialogue.say(line)
            answered = look(client, view.run.id)
        if answered is None:
            dialogue.say(f"{view.run.id} goes on in the daemon: opsconsole checklist resume {view.run.id}")
            return view
        view = answered
