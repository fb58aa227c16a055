"""Working a run: what people do about its steps, each as an event before anything follows from it.

Always true here: one hand at a time is on a run; what is sent stands in the journal before, with the operation's id,
and what became of it is looked up and never sent again; whatever a machine can go on with, it goes on with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.checklists.actions import order_of, restoring
from opsconsole.checklists.book import Planned, RunBook
from opsconsole.checklists.catalogue import Catalogue
from opsconsole.checklists.hands import Hands
from opsconsole.checklists.machine import pending, to_undo
from opsconsole.checklists.onward import Onward
from opsconsole.checklists.params import filled, values_of
from opsconsole.checklists.verbs import verbs
from opsconsole.durations import duration
from opsconsole.errors import ChecklistError, UsageError

LEAST_REASON = 3
"""Characters of a reason."""
_OF_THE_RUN = ("note", "join", "abort")
"""What is not about one step."""


class Runner:
    """The runs of one home, worked by one person (or by nobody, when the daemon looks)."""

    def __init__(self, book: RunBook, catalogue: Catalogue, hands: Hands) -> None:
        self.book = book
        self._hands = hands
        self._onward = Onward(book, catalogue, hands)
        self._verbs: Mapping[wire.StepVerb, Callable[[wire.Run, wire.StepRequest], wire.Plan | None]] = {
            "look": lambda run, asked: None,
            "tick": self._tick,
            "fail": self._fail,
            "retry": self._retry,
            "skip": self._skip,
            "decide": self._decide,
            "plan": self._plan,
            "act": self._act,
            "send": self._send,
            "approve": self._approve,
            "deny": self._deny,
            "note": self._note,
            "join": self._join,
            "abort": self._abort,
        }

    def start(self, request: wire.RunRequest) -> wire.Run:
        """Begin a run, and let it go on as far as it goes by itself.

        Raises UsageError for an unknown checklist or wrong parameters, ChecklistError for one with errors.
        """
        run = self._onward.begin(request.checklist, request.params, request.incident)
        return self.go_on(run.id)

    def do(self, asked: wire.StepRequest) -> tuple[wire.Run, wire.Plan | None]:
        """One thing that somebody does; how the run stands then, and the plan if one was asked for.

        Raises UsageError for what means nothing now, ChecklistError for what a rule of the list refuses.
        """
        with self.book.only_hand_on(asked.run):
            self.go_on(asked.run)
            run = self._addressed(self.book.run(asked.run), asked)
            plan = self._verbs[asked.verb](run, asked)
            run = self.go_on(asked.run)
        if run.parent:
            self.go_on(run.parent)
        return run, plan

    def go_on(self, name: str) -> wire.Run:
        """Let a run go on as far as it goes without anybody: after a step, after a restart, and now and then."""
        with self.book.only_hand_on(name):
            return self._onward.go_on(name)

    def _addressed(self, run: wire.Run, asked: wire.StepRequest) -> wire.Run:
        """The run with the step in hand that is meant. Raises UsageError where that cannot be."""
        if asked.verb == "look":
            return run
        step = asked.step or run.current
        if run.phase == "running" and step != run.current:
            if step not in {each.id for each in run.checklist.steps}:
                raise UsageError(f"there is no step {step!r} in {run.id}", f"It is at {run.current!r}.")
            if asked.verb in _OF_THE_RUN:
                return run
            if run.checklist.style != "do-confirm" or asked.verb not in verbs(run, step):
                raise UsageError(f"{run.id} is at {run.current!r}, not at {step!r}", "Look at it again.")
            self._write("entered", run, step=step)
            run = self._onward.go_on(run.id)
        allowed = verbs(run)
        if asked.verb not in allowed:
            where = f"{run.id} has ended" if run.phase == "ended" else f"{run.id} at {run.current!r}"
            raise UsageError(
                f"{where}: `{asked.verb}` means nothing now", f"What does: {', '.join(allowed) or 'nothing'}."
            )
        return run

    def _write(self, kind: str, run: wire.Run, **data: Any) -> None:
        by = msgspec.to_builtins(self._hands.party)
        self.book.note(self._hands.actor, f"checklist.{kind}", **({"run": run.id, "by": by} | data))

    def _now_at(self, run: wire.Run) -> tuple[wire.Step, wire.Progress]:
        return run.checklist.step(run.current), run.steps[run.current]

    # Roles --------------------------------------------------------------------------------------------------------

    def _as_role(self, run: wire.Run, role: str) -> None:
        """Whoever acts has this role, or takes it where nobody does. Raises ChecklistError."""
        if not role:
            return
        holder = run.roles.get(role)
        if holder is None:
            self._distinct(run, role, "")
            self._write("joined", run, role=role)
        elif holder.who != self._hands.party.who:
            raise ChecklistError(
                f"{role} of {run.id} is {holder.who}, not {self._hands.party.who}",
                f"Take it over: opsconsole checklist step {run.id} join {role}.",
            )

    def _distinct(self, run: wire.Run, role: str, distinct_from: str) -> None:
        """Raises ChecklistError for somebody who may not have a role because of another one that they have."""
        other = distinct_from or (run.checklist.roles[role].distinct_from if role in run.checklist.roles else "")
        holder = run.roles.get(other)
        if other and holder is not None and not self._hands.is_another(holder):
            raise ChecklistError(
                f"{role or 'this'} has to be another person than {other}, who is {holder.who}", "Ask somebody else."
            )

    def _join(self, run: wire.Run, asked: wire.StepRequest) -> None:
        role = asked.text.strip()
        known = {*run.checklist.roles, *(step.role for step in run.checklist.steps if step.role), "operator"}
        if role not in known:
            raise UsageError(f"{run.id} has no role {role!r}", f"It has: {', '.join(sorted(known))}.")
        self._distinct(run, role, "")
        for name, rule in run.checklist.roles.items():
            holder = run.roles.get(name)
            if rule.distinct_from == role and holder is not None and not self._hands.is_another(holder):
                raise ChecklistError(f"{role} has to be another person than {name}", "Ask somebody else.")
        self._write("joined", run, role=role)

    # Steps --------------------------------------------------------------------------------------------------------

    def _tick(self, run: wire.Run, asked: wire.StepRequest) -> None:
        step, _ = self._now_at(run)
        self._as_role(run, step.role)
        is_looked_at = step.type == "manual" and (step.verify is not None or step.expect is not None)
        self._write("ticked", run, step=step.id, is_ok=True, note=asked.text, is_verified_next=is_looked_at)

    def _fail(self, run: wire.Run, asked: wire.StepRequest) -> None:
        step, _ = self._now_at(run)
        self._as_role(run, step.role)
        self._write("ticked", run, step=step.id, is_ok=False, note=asked.text)

    def _retry(self, run: wire.Run, asked: wire.StepRequest) -> None:
        self._write("entered", run, step=run.current)

    def _skip(self, run: wire.Run, asked: wire.StepRequest) -> None:
        reason = _reason(asked, "skip")
        op = to_undo(run) if run.phase == "aborting" else None
        undone = op.key if op is not None else ""
        if asked.undoes is not None and asked.undoes != undone:
            now = f"{undone} is to be undone" if undone else f"it is at {run.current!r}"
            raise UsageError(f"{run.id} is not where it was when this was asked for: {now}", "Look at it again.")
        if run.phase == "aborting":
            if op is not None:
                self._write("skipped", run, step=op.step, undoes=op.key, reason=reason)
            return
        self._write("skipped", run, step=run.current, reason=reason)

    def _decide(self, run: wire.Run, asked: wire.StepRequest) -> None:
        step, _ = self._now_at(run)
        if asked.option not in {each.key for each in step.options}:
            told = ", ".join(f"{each.key} ({each.label})" for each in step.options)
            raise UsageError(f"{step.id!r} has no option {asked.option!r}", f"It has: {told}.")
        self._as_role(run, step.role)
        self._write("decided", run, step=step.id, option=asked.option, note=asked.text)

    def _note(self, run: wire.Run, asked: wire.StepRequest) -> None:
        if not asked.text.strip():
            raise UsageError("a note without words", "Say something.")
        self._write("noted", run, step=asked.step or run.current, text=asked.text)

    def _abort(self, run: wire.Run, asked: wire.StepRequest) -> None:
        self._onward.abort(run, _reason(asked, "abort"))

    # Approvals ----------------------------------------------------------------------------------------------------

    def _approve(self, run: wire.Run, asked: wire.StepRequest) -> None:
        step, _ = self._now_at(run)
        self._distinct(run, step.role, step.distinct_from)
        wanted = filled(step.type_to_confirm, values_of(run))
        if asked.typed != wanted:
            raise UsageError(f"{step.id!r} is confirmed by typing {wanted!r}", "Type it whole.")
        self._write("approved", run, step=step.id, is_given=True, role=step.role, note=asked.text)

    def _deny(self, run: wire.Run, asked: wire.StepRequest) -> None:
        step, _ = self._now_at(run)
        self._distinct(run, step.role, step.distinct_from)
        self._write("approved", run, step=step.id, is_given=False, role=step.role, note=_reason(asked, "deny"))

    def _approvals_hold(self, run: wire.Run) -> None:
        """Raises ChecklistError where an approval that was given has grown old."""
        now = self._hands.clock.now()
        for step in run.checklist.steps:
            progress = run.steps.get(step.id)
            if not step.expires or progress is None or progress.word != "approved" or progress.ended_at is None:
                continue
            if now >= progress.ended_at + duration(step.expires):
                raise ChecklistError(
                    f"the approval {step.title or step.id!r} held for {step.expires}, and that is over",
                    "Skip this step with a reason and have it approved anew, or abort.",
                )

    # Actions ------------------------------------------------------------------------------------------------------

    def _plan(self, run: wire.Run, asked: wire.StepRequest) -> wire.Plan:
        """Exactly what would be done; nothing is."""
        undone = to_undo(run) if run.phase == "aborting" else None
        if undone is not None:
            order = self._undoing(run, undone, asked.console)
            planned = Planned(undone.step, undone.attempt, undone.key, self._hands.plan(order))
        else:
            step, progress = self._now_at(run)
            self._as_role(run, step.role)
            words = {name: filled(word, values_of(run)) for name, word in step.with_.items()}
            planned = Planned(
                step.id, progress.attempt, "", self._hands.plan(order_of(step.action, words, asked.console))
            )
        self.book.planned[run.id] = planned
        return planned.plan

    def _undoing(self, run: wire.Run, op: wire.Op, console: str) -> wire.OrderRequest:
        step = run.checklist.step(op.step)
        if step.undo is None or step.undo.action == wire.RESTORE:
            return restoring(op.service, op.before, console)
        words = {name: filled(word, values_of(run)) for name, word in step.undo.with_.items()}
        return order_of(step.undo.action, {"service": op.service} | words, console)

    def _act(self, run: wire.Run, asked: wire.StepRequest) -> None:
        planned = self.book.planned.get(run.id)
        if planned is None or planned.plan.op_id != asked.op_id:
            raise UsageError("this plan is not of this step as it stands now", "Plan again.")
        if asked.typed != planned.plan.confirm_with:
            raise UsageError("what was typed is not what the plan asks for", f"Type {planned.plan.confirm_with}.")
        undone = to_undo(run) if run.phase == "aborting" else None
        if undone is None:
            step, progress = self._now_at(run)
            if (planned.step, planned.attempt, planned.undoes) != (step.id, progress.attempt, ""):
                raise UsageError("this plan is not of this step as it stands now", "Plan again.")
            self._as_role(run, step.role)
            self._approvals_hold(run)
        elif planned.undoes != undone.key:
            raise UsageError("this plan undoes something else", "Plan again.")
        op = self._op(run, planned)
        plan = planned.plan
        shown = wire.Exhibit(
            kind="plan", query=plan.command, told=f"{plan.order.act} by {plan.target}", at=self._hands.clock.now()
        )
        self._write("evidence", run, step=op.step, items=[msgspec.to_builtins(shown)])
        self._write("acted", run, step=op.step, attempt=op.attempt, phase="sending", op=msgspec.to_builtins(op))
        del self.book.planned[run.id]
        outcome = self._hands.act(wire.ApplyRequest(op_id=plan.op_id, typed=asked.typed))
        self._onward.known(self.book.run(run.id), op, outcome.word, outcome.told)

    def _op(self, run: wire.Run, planned: Planned) -> wire.Op:
        """Raises UsageError where this was done already: a key is used once."""
        key = f"{run.id}:{planned.step}:{planned.attempt}"
        if planned.undoes:
            key = f"{planned.undoes}:undo{1 + sum(1 for each in run.ops if each.undoes == planned.undoes)}"
        if pending(run) is not None or any(each.key == key for each in run.ops):
            raise UsageError(f"{key} was done already", "Nothing was sent again.")
        plan = planned.plan
        return wire.Op(
            key=key,
            kind="release",
            step=planned.step,
            attempt=planned.attempt,
            op_id=plan.op_id,
            service=plan.order.service,
            undoes=planned.undoes,
            told=plan.command,
            before=plan.before.routing.shares,
            after=plan.after.shares,
            at=self._hands.clock.now(),
        )

    def _send(self, run: wire.Run, asked: wire.StepRequest) -> None:
        """Hand a message over; asked again after a failure, it is another attempt with a key of its own."""
        step, progress = self._now_at(run)
        self._as_role(run, step.role)
        now = self._hands.clock.now()
        body = filled(step.message, values_of(run))
        key = f"{run.id}:{step.id}:{progress.attempt}"
        op = wire.Op(key=key, kind="notice", step=step.id, attempt=progress.attempt, told=body, at=now)
        self._write("acted", run, step=step.id, attempt=op.attempt, phase="sending", op=msgspec.to_builtins(op))
        notice = wire.Notice(
            key=key,
            kind="update",
            severity="info",
            service=run.params.get("service", ""),
            title=step.title or run.checklist.title,
            body=body,
            at=now,
            labels={"run": run.id, "step": step.id, "audience": step.audience, "incident": run.incident},
        )
        told = self._hands.tell(notice, step.to)
        sent = wire.Exhibit(kind="message", query=body, told=told, at=now)
        self._write("evidence", run, step=step.id, items=[msgspec.to_builtins(sent)])
        self._onward.known(self.book.run(run.id), op, "done", told)


def _reason(asked: wire.StepRequest, verb: str) -> str:
    if len(asked.text.strip()) < LEAST_REASON:
        raise UsageError(f"{verb} needs a reason", "It stands in the record: say why.")
    return asked.text.strip()
