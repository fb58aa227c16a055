"""Checklists in the daemon: what there is, the runs, and the thread that lets them go on.

Always true here: a run goes on whether or not anybody looks, and after a restart from where it was; who may do what is
asked for each verb, and whether an action is done is the release gate's to say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

import msgspec

from opsconsole import wire
from opsconsole.checklists.book import RunBook
from opsconsole.checklists.catalogue import Catalogue
from opsconsole.checklists.course import flags, waits
from opsconsole.checklists.drilled import SCORED, Drills
from opsconsole.checklists.looked import CheckSql
from opsconsole.checklists.machine import fold, tally, to_undo
from opsconsole.checklists.onward import Parent, child_of
from opsconsole.checklists.params import filled, values_of
from opsconsole.checklists.parsing import parse
from opsconsole.checklists.runner import Runner
from opsconsole.checklists.suggesting import suggested
from opsconsole.checklists.template import template
from opsconsole.checklists.verbs import verbs
from opsconsole.checklists.writing import to_markdown, to_yaml
from opsconsole.daemon.asking import rehearse
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.handling import DaemonHands, View
from opsconsole.daemon.notifying import Notify
from opsconsole.daemon.releasing import Releasing
from opsconsole.daemon.views.reading import Asked
from opsconsole.daemon.views.untimed import frame_of
from opsconsole.errors import QueryError, UsageError
from opsconsole.releases.access import Access, Person

LOOK_EVERY_S = 1.0
SUGGESTED_FOR_S = 30.0
"""What a service asks for is looked up once in so long, however many look at it."""
MOST_SHOWN = 50
"""Runs of the view of all."""
KINDS = ("checklists", "checklist", "run")
"""Views that are answered here."""

_NEEDS: Mapping[wire.StepVerb, wire.Role] = {"look": "viewer", "approve": "approver", "deny": "approver"}
"""Verb → the role that it takes; an operator's where none is named."""


class Running:
    """The checklists and runs of one home."""

    def __init__(
        self,
        engine: Engine,
        releasing: Releasing,
        view: View,
        access: Access,
        notify: Notify | None,
        incident_of: Callable[[str], wire.Incident],
    ) -> None:
        """Without ``notify`` messages are shown, to be sent by hand. Raises JournalError for a broken journal."""
        self._engine, self._releasing, self._view, self._access = engine, releasing, view, access
        self._notify, self._incident_of = notify, incident_of
        self.catalogue = Catalogue(engine.home.checklists, engine.clock)
        self.book = RunBook(engine.journal.append, fold(engine.journal.events()), self._tell_views)
        self._drills = Drills(engine.journal.events)
        self._suggested: dict[str, tuple[float, tuple[wire.Suggestion, ...]]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="checklists", daemon=True)
        engine.on_stop(self.stop)

    def start(self) -> None:
        """Let the runs go on that are open."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tell_views(self) -> None:
        self._engine.submit(self._engine.changed)

    def runner(self, person: Person | None = None) -> Runner:
        """The runs, in this person's hands."""
        hands = DaemonHands(self._engine, self._releasing, self._view, self._notify, person)
        return Runner(self.book, self.catalogue, hands)

    def look(self) -> None:
        """Let every open run go on as far as it goes by itself."""
        runner = self.runner()
        for run in list(self.book.state.runs.values()):
            if run.phase != "ended":
                self._engine.guarded(f"going on with {run.id}", lambda run=run: runner.go_on(run.id))  # type: ignore[misc]

    def _look_after(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(LOOK_EVERY_S)

    # What people ask for ------------------------------------------------------------------------------------------

    def params_of(self, checklist: str) -> tuple[str, ...] | None:
        """The parameters of a checklist; None where there is none of this id that can be read."""
        item = self.catalogue.items().get(checklist)
        return tuple(item.parsed.checklist.params) if item and item.parsed.checklist else None

    def begin(self, person: Person, request: wire.RunRequest) -> wire.StepReply:
        """Raises UsageError for an incident that there is not, as for what the runner refuses."""
        if request.incident:
            name = self._incident_of(request.incident).incident
            request = msgspec.structs.replace(request, incident=name)
        run = self.runner(person).start(request)
        return wire.StepReply(view=self._of_run(run, perf_counter()))

    def do(self, person: Person, request: wire.StepRequest) -> wire.StepReply:
        """Raises RequestRefused for whoever may not."""
        self._access.require(person, _NEEDS.get(request.verb, "operator"), f"{request.verb} in a checklist")
        run, plan = self.runner(person).do(request)
        return wire.StepReply(view=self._of_run(run, perf_counter()), plan=plan)

    def drilled(self, person: Person, request: wire.DrillScored) -> wire.DrillScored:
        """A drill was scored that used these lists: that is when they were drilled last."""
        self._engine.journal.append(person.actor, SCORED, msgspec.to_builtins(request))
        self._tell_views()
        return request

    def lint(self, request: wire.LintRequest) -> wire.LintReply:
        """Look files over, their SQL included: it is planned on the store, and not run."""
        looked = Catalogue(self._engine.home.checklists, self._engine.clock, self._check_sql())
        read = [parse(each.text, each.path) for each in request.texts]
        parsed = read or [item.parsed for item in looked.items().values()]
        problems = tuple(problem for each in parsed for problem in looked.problems(each))
        return wire.LintReply(paths=tuple(each.path for each in parsed), problems=problems)

    def _check_sql(self) -> CheckSql:
        def wrong(sql: str, names: frozenset[str]) -> str:
            try:
                rehearse(self._engine, sql, dict.fromkeys(names, "1"))
            except QueryError as error:
                return error.message.splitlines()[0]
            return ""

        return wrong

    def template(self, person: Person, request: wire.TemplateRequest) -> wire.TemplateReply:
        text = template(request.id, person.who, self._engine.clock.now().date())
        return wire.TemplateReply(text=text)

    # What is shown ------------------------------------------------------------------------------------------------

    def view(self, asked: Asked) -> wire.View:
        """Raises UsageError for what there is not."""
        began = perf_counter()
        if asked.kind == "checklists":
            return self._all(asked.service, began)
        if asked.kind == "checklist":
            return self._one(asked.option("id"), asked.option("form"), began)
        return self._of_run(self.book.run(asked.option("id")), began)

    def suggested(self, services: Iterable[str], incident: str = "") -> tuple[wire.Suggestion, ...]:
        """The checklists that these services ask for now, or did less than ``SUGGESTED_FOR_S`` ago.

        With ``incident`` not those that are taken already: that run on it now.
        """
        now_s = self._engine.clock.monotonic()
        found: list[wire.Suggestion] = []
        for service in services:
            known = self._suggested.get(service)
            if known is None or now_s - known[0] >= SUGGESTED_FOR_S:
                lists = (item.parsed.checklist for item in self.catalogue.items().values())
                hands = DaemonHands(self._engine, self._releasing, self._view, self._notify)
                known = now_s, tuple(suggested((each for each in lists if each is not None), service, hands))
                self._suggested[service] = known
            found += known[1]
        runs = self.book.state.runs.values() if incident else ()
        taken = {run.checklist.id for run in runs if run.incident == incident and run.phase != "ended"}
        return tuple(each for each in found if each.checklist not in taken)

    def entry(self, name: str) -> wire.ChecklistEntry | None:
        """One checklist in a line; None where there is none of that name."""
        item = self.catalogue.items().get(name)
        if item is None:
            return None
        return self.catalogue.entry(item, self.book.state.of(name), self._drills.last().get(name))

    def _all(self, service: str, began: float) -> wire.ChecklistsView:
        runs = self.book.state
        drilled, items = self._drills.last(), self.catalogue.items().items()
        entries = tuple(self.catalogue.entry(item, runs.of(name), drilled.get(name)) for name, item in items)
        latest = list(runs.runs.values())[-MOST_SHOWN:]
        return wire.ChecklistsView(
            checklists=entries,
            runs=tuple(self._brief(run) for run in reversed(latest)),
            suggested=self.suggested([service] if service else []),
            **frame_of(self._engine, began),
        )

    def _brief(self, run: wire.Run) -> wire.RunBrief:
        return wire.RunBrief(
            id=run.id,
            checklist=run.checklist.id,
            title=run.checklist.title,
            phase=run.phase,
            word=run.word,
            step=run.checklist.step(run.current).title if run.current else "",
            started_at=run.started_at,
            started_by=run.started_by,
            incident=run.incident,
            tally=tally(run),
            flags=flags(run, self._engine.clock.now()),
        )

    def _one(self, name: str, form: str, began: float) -> wire.ChecklistView:
        parsed = self.catalogue.parsed(name)
        item = self.catalogue.items()[name]
        text = parsed.text
        if form and parsed.checklist is not None:
            if form not in _FORMS:
                raise UsageError(f"there is no form {form!r}", f"There are: {', '.join(_FORMS)}.")
            text = _FORMS[form](parsed.checklist)
        return wire.ChecklistView(
            entry=self.catalogue.entry(item, self.book.state.of(name), self._drills.last().get(name)),
            checklist=parsed.checklist,
            text=text,
            problems=parsed.problems,
            **frame_of(self._engine, began),
        )

    def _of_run(self, run: wire.Run, began: float) -> wire.RunView:
        now = self._engine.clock.now()
        step = run.checklist.step(run.current) if run.current else None
        progress = run.steps.get(run.current)
        undo = to_undo(run) if run.phase == "aborting" else None
        child = child_of(Parent(run.id, run.current, progress.attempt), self.book) if progress is not None else None
        return wire.RunView(
            run=run,
            tally=tally(run),
            verbs=verbs(run) if run.current or run.phase != "running" else (),
            waits=waits(run, now, self.book.looked),
            flags=flags(run, now),
            undoing=undo.key if undo is not None else "",
            message=filled(step.message, values_of(run)) if step is not None else "",
            confirm=filled(step.type_to_confirm, values_of(run)) if step is not None else "",
            child=child.id if child is not None and child.phase != "ended" else "",
            **frame_of(self._engine, began),
        )


_FORMS = {"markdown": to_markdown, "yaml": to_yaml}
