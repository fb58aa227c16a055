"""A run that goes on by itself: checks, waits, outcomes that are looked up, sub-checklists.

Always true here: what is done is what ``course.due`` says and nothing else; each deed leaves an event or changes
nothing; an action is never sent from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec

from opsconsole import wire
from opsconsole.checklists.book import RunBook
from opsconsole.checklists.catalogue import Catalogue
from opsconsole.checklists.course import Deed, Due, deadline, due, probe_of
from opsconsole.checklists.given import params_of
from opsconsole.checklists.hands import Hands
from opsconsole.checklists.machine import pending, tally
from opsconsole.checklists.params import filled, values_of
from opsconsole.checklists.probing import Answer, answered, exhibit
from opsconsole.errors import ChecklistError, OpsConsoleError

MOST_DEEDS = 200
"""Of one going on: a list whose checks lead in a circle waits for the next one."""
DEEPEST = 4
"""Sub-checklists within each other."""
LOOK_FOR_STOPS_EVERY = timedelta(seconds=10)


class Parent(NamedTuple):
    """The step that a run is a part of."""

    run: str
    step: str
    attempt: int


NOBODY = Parent("", "", 0)


class Onward:
    """What goes on without anybody, in the runs of one home."""

    def __init__(self, book: RunBook, catalogue: Catalogue, hands: Hands) -> None:
        self._book, self._catalogue, self._hands = book, catalogue, hands
        self._deeds: Mapping[Deed, Callable[[wire.Run, Due], bool]] = {
            "enter": self._enter,
            "capture": self._capture,
            "probe": self._probe,
            "probe undo": self._probe_undo,
            "look up": self._look_up,
            "child": self._child,
            "timer": self._timer,
            "end": self._end,
        }

    def _write(self, kind: str, run: str, **data: Any) -> None:
        self._book.note(self._hands.actor, f"checklist.{kind}", run=run, **data)

    # Beginning ----------------------------------------------------------------------------------------------------

    def begin(self, name: str, given: Mapping[str, str], incident: str, parent: Parent = NOBODY) -> wire.Run:
        """Write down that a run begins. Raises UsageError and ChecklistError."""
        parsed = self._catalogue.parsed(name)
        checklist = parsed.checklist
        if checklist is None or any(problem.is_error for problem in parsed.problems):
            first = next(problem for problem in parsed.problems if problem.is_error)
            raise ChecklistError(f"{name} is not run as it is: {first}", first.remedy)
        params = params_of(checklist, given, incident, self._hands)
        roles = {"operator": self._hands.party}
        for role, rule in checklist.roles.items():
            if rule.need == "required" and not rule.distinct_from:
                roles[role] = self._hands.party
        with self._book.naming:
            run = f"RUN-{self._book.state.count + 1}"
            self._write(
                "started",
                run,
                checklist=msgspec.to_builtins(checklist),
                sha256=parsed.sha256,
                params=params,
                incident=incident,
                parent=parent.run,
                parent_step=parent.step,
                parent_attempt=parent.attempt,
                roles=msgspec.to_builtins(roles),
                service=params.get("service", ""),
            )
        return self._book.run(run)

    def abort(self, run: wire.Run, reason: str) -> None:
        """End a run early: what it did is to be undone; so with the part of it that is under way."""
        by = msgspec.to_builtins(self._hands.party)
        self._write("aborted", run.id, reason=reason, by=by)
        for child in self._book.state.runs.values():
            if child.parent == run.id and child.phase == "running":
                with self._book.only_hand_on(child.id):
                    self.abort(child, f"{run.id}: {reason}")
                    self.go_on(child.id)

    # Going on -----------------------------------------------------------------------------------------------------

    def go_on(self, name: str) -> wire.Run:
        self._look_for_stops(self._book.run(name))
        for _ in range(MOST_DEEDS):
            run = self._book.run(name)
            todo = due(run, self._hands.clock.now(), self._book.looked)
            if todo is None or not self._deeds[todo.deed](run, todo):
                break
        return self._book.run(name)

    def _look_for_stops(self, run: wire.Run) -> None:
        """Once it is written down that a stop condition holds, it is not asked again."""
        now, key = self._hands.clock.now(), (run.id, "", 0, "stop")
        last = self._book.looked.get(key)
        if run.phase != "running" or run.stopped or (last is not None and now < last[0] + LOOK_FOR_STOPS_EVERY):
            return
        for probe in run.checklist.stop_conditions:
            found = answered(probe, run, self._hands)
            self._book.looked[key] = (now, found.told)
            if found.ok:
                told = f"{found.query}: {found.told}"
                self._write("expected", run.id, which="stop", ok=True, told=told, query=found.query)
                if "stop_condition" in run.checklist.abort.on:
                    self.abort(run, f"stop condition: {told}")
                return

    def _enter(self, run: wire.Run, todo: Due) -> bool:
        self._write("entered", run.id, step=todo.step, service=run.params.get("service", ""))
        return True

    def _capture(self, run: wire.Run, todo: Due) -> bool:
        wishes = run.checklist.step(todo.step).evidence
        found = [msgspec.to_builtins(exhibit(wish, run, self._hands)) for wish in wishes]
        self._write("evidence", run.id, step=todo.step, items=found)
        return True

    def _probe(self, run: wire.Run, todo: Due) -> bool:
        step, progress = run.checklist.step(todo.step), run.steps[todo.step]
        if todo.which == "precondition":
            self._finding(run, todo, self._all(step.preconditions, run))
            return True
        probe = probe_of(step, todo.which)
        if probe is None:
            raise AssertionError(f"{step.id} has nothing to ask for {todo.which}")
        now, key = self._hands.clock.now(), (run.id, step.id, progress.attempt, todo.which)
        found = answered(probe, run, self._hands)
        is_first = key not in self._book.looked
        self._book.looked[key] = (now, found.told)
        waits = not found.ok and now < deadline(progress, probe)
        if waits and not is_first:
            return False
        self._finding(run, todo, found, waits=waits)
        return not waits

    def _all(self, probes: tuple[wire.Probe, ...], run: wire.Run) -> Answer:
        """Do all hold? The first that does not is the answer."""
        found = [answered(probe, run, self._hands) for probe in probes]
        wrong = next((each for each in found if not each.ok), None)
        return wrong or Answer(True, "; ".join(each.told for each in found), "; ".join(each.query for each in found))

    def _finding(self, run: wire.Run, todo: Due, found: Answer, *, waits: bool = False) -> None:
        self._write(
            "expected", run.id, step=todo.step, which=todo.which, ok=found.ok, told=found.told, query=found.query,
            waits=waits,
        )  # fmt: skip

    def _probe_undo(self, run: wire.Run, todo: Due) -> bool:
        undo = run.checklist.step(todo.step).undo
        if undo is None or undo.verify is None:
            raise AssertionError(f"{todo.step} has nothing to look at after its undoing")
        self._finding(run, todo, answered(undo.verify, run, self._hands))
        return True

    def _look_up(self, run: wire.Run, todo: Due) -> bool:
        """What became of what was sent before a restart, or was not answered."""
        op = pending(run)
        if op is None:
            return False
        if op.kind == "notice":
            told = "it may have been sent: nobody knows, for the daemon stopped in the middle"
            self.known(run, op, "indeterminate", told)
            return True
        outcome = self._hands.outcome(op.service, op.op_id)
        if outcome is None:
            self.known(run, op, "never sent", "nothing was sent: the daemon stopped before")
            return True
        if outcome.word == "indeterminate":
            if not op.word:
                self.known(run, op, "indeterminate", outcome.told)
            return False
        self.known(run, op, outcome.word, outcome.told)
        return True

    def known(self, run: wire.Run, op: wire.Op, word: str, told: str) -> None:
        """Write down what became of an operation."""
        data = {
            "step": op.step, "attempt": op.attempt, "key": op.key, "word": word, "told": told,
            "is_release": op.kind == "release",
        }  # fmt: skip
        if op.undoes:
            self._write("undone", run.id, **data, undoes=op.undoes)
        else:
            self._write("acted", run.id, **data, phase="known")
        if op.kind == "release":
            shown = wire.Exhibit(kind="outcome", query=op.told, told=f"{word}: {told}", at=self._hands.clock.now())
            self._write("evidence", run.id, step=op.step, items=[msgspec.to_builtins(shown)])

    def _timer(self, run: wire.Run, todo: Due) -> bool:
        step = run.checklist.step(todo.step)
        self._write("ticked", run.id, step=step.id, is_ok=True, is_verified=True, note=f"{step.for_} have gone by")
        return True

    def _child(self, run: wire.Run, todo: Due) -> bool:
        """Begin a sub-checklist, or see that it has ended."""
        step, progress = run.checklist.step(todo.step), run.steps[todo.step]
        parent = Parent(run.id, step.id, progress.attempt)
        child = child_of(parent, self._book)
        if child is None:
            return self._begin_child(run, step, parent)
        if child.phase != "ended":
            return False
        counted = tally(child)
        told = (
            f"{child.id} {child.word}: {counted.verified} verified, {counted.ticked} ticked, {counted.skipped} skipped"
        )
        self._write(
            "ticked", run.id, step=step.id, is_ok=child.word == "done", note=told,
            is_verified=not counted.ticked and not counted.skipped,
        )  # fmt: skip
        return True

    def _begin_child(self, run: wire.Run, step: wire.Step, parent: Parent) -> bool:
        try:
            if _depth(run, self._book) >= DEEPEST:
                raise ChecklistError(f"{DEEPEST} checklists within each other are enough", "Run it by itself.")
            wanted = self._catalogue.parsed(step.checklist).checklist
            inherited = {name: run.params[name] for name in run.params if wanted and name in wanted.params}
            values = values_of(run)
            words = {name: filled(word, values) for name, word in step.with_.items()}
            child = self.begin(step.checklist, inherited | words, run.incident, parent)
        except OpsConsoleError as error:
            self._write("ticked", run.id, step=step.id, is_ok=False, note=error.message)
            return True
        with self._book.only_hand_on(child.id):
            self.go_on(child.id)
        return True

    def _end(self, run: wire.Run, todo: Due) -> bool:
        counted = tally(run)
        told = (
            f"{counted.verified} verified, {counted.ticked} ticked, {counted.skipped} skipped, {counted.failed} failed"
        )
        self._write(
            "ended", run.id, word=todo.word, told=run.why or told, tally=msgspec.to_builtins(counted),
            service=run.params.get("service", ""),
        )  # fmt: skip
        return True


def child_of(parent: Parent, book: RunBook) -> wire.Run | None:
    """The run of a step's sub-checklist."""
    return next(
        (
            each
            for each in reversed(list(book.state.runs.values()))
            if Parent(each.parent, each.parent_step, each.parent_attempt) == parent
        ),
        None,
    )


def _depth(run: wire.Run, book: RunBook) -> int:
    depth = 1
    while run.parent and run.parent in book.state.runs:
        run = book.state.runs[run.parent]
        depth += 1
    return depth
