"""A drill as whoever is in it may ask of it: its pace where people attend, and what only the facilitator may.

Always true here: who may know what is decided here, by the person that the socket names; as long as it runs nobody but
a facilitator is told of faults, of what is to come, or of the score, where the scenario does not show it them; time
stands still while it is paused, and how fast it goes changes nothing of what a second brings.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic, perf_counter
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsconsole import wire
from opsconsole.daemon.drilling import telling
from opsconsole.daemon.drilling.driver import Driver
from opsconsole.daemon.drilling.stage import Stage
from opsconsole.daemon.identity import person_of
from opsconsole.daemon.views.untimed import frame_of
from opsconsole.drills import events
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.company import KEPT, Part, Stop, stop_of
from opsconsole.drills.goals import Hint
from opsconsole.drills.moments import moment_s
from opsconsole.drills.paper import html, markdown
from opsconsole.drills.reading import ScenarioFile
from opsconsole.drills.scenario import Inject
from opsconsole.drills.score import scored
from opsconsole.errors import RequestRefused, UsageError
from opsconsole.releases.access import Person

FACILITATOR, PLAYER, OBSERVER = "facilitator", "player", "observer"
FASTEST = 60.0
SLICE_S = 0.05
"""Longest sleep between two looks at whether it was paused or ended."""
S = TypeVar("S", bound=msgspec.Struct)
log = logging.getLogger("opsconsole")


class Session:
    """One drill."""

    def __init__(
        self,
        stage: Stage,
        file: ScenarioFile,
        run: Run,
        facilitators: tuple[str, ...],
        speed: float,
        observers: tuple[str, ...] = (),
        *,
        is_scripted: bool = False,
    ) -> None:
        """Without facilitators it is a solo drill: whoever plays may pause it, and sees nothing of what is to come.

        One that ``is_scripted`` has no pace of its own, and nobody stops it.
        """
        self.stage, self._file, self._run = stage, file, run
        self._facilitators, self._observers = facilitators, observers
        if not is_scripted:
            stage.pause = self._stand_still
        manual = stop_of(stage.scenario.stop_conditions, "manual")
        is_theirs = not facilitators or (manual is not None and manual.manual == "players")
        self._players_stop = is_theirs and not is_scripted
        self._speed = speed
        self._is_paused = False
        self._stopping = threading.Event()
        self._hinted = 0
        self.was_ended = False
        """By the account that runs it: nobody is waited for. Where a guest ended it, it stays open for the debrief."""
        self._is_kept = False
        self._gave_way: frozenset[str] = frozenset()
        self._lock = threading.RLock()
        """Held while a second goes by, and while somebody changes the drill's course."""
        self._thread = threading.Thread(target=self._go_on, name="drill", daemon=True)
        stage.desk.drill = self

    def lead_up(self) -> None:
        """Everything that was before its start, at once."""
        driver = Driver(self.stage, ())
        try:
            driver.lead_up()
        finally:
            driver.close()

    def start(self) -> None:
        """Let its time go on."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    # Its pace -----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        due = monotonic()
        while not self._stopping.is_set() and not self.stage.is_over:
            if self._is_paused or monotonic() < due:
                self._stopping.wait(min(SLICE_S, max(due - monotonic(), 0.01)))
                continue
            due = max(due + 1 / self._speed, monotonic() - 1)
            with self._lock:
                self.stage.engine.guarded("a second of the drill", self.stage.second)
        with self._lock:
            self.stage.end()
            if not self._is_kept:
                self.stage.engine.guarded("keeping the drill", self.keep)
            self.stage.ring(f"the drill is over: opsconsole drill report {self._run.name}")

    def keep(self) -> wire.DrillReport:
        """Write down what was played: from now on everybody may read it."""
        self._run.take(self._file)
        if not self._is_kept:
            self._run.keep_shown(self.stage.shown())
        self._run.events.write_bytes(events.written(self.stage.log.events))
        made = Archive(self._run.directory.parent).keep(self._run)
        self._is_kept = True
        return made

    # What people ask ----------------------------------------------------------------------------------------------

    def now(self) -> wire.DrillNow:
        """What everybody may know."""
        stage = self.stage
        stage.log.follow()
        taken = stage.scenario.hints[: self._hinted]
        may_be_taken = [each for each in self._hints() if moment_s(each.after) <= stage.t]
        return wire.DrillNow(
            t=stage.t,
            length_s=stage.length_s,
            speed=self._speed,
            is_paused=self._is_paused,
            is_over=stage.is_over,
            brief=stage.scenario.brief,
            messages=telling.messages(list(stage.log.events)),
            hints=len(may_be_taken),
            hint_cost=may_be_taken[0].cost if may_be_taken else None,
            hinted=tuple(wire.DrillHint(text=each.text, cost=each.cost) for each in taken),
            facilitators=self._facilitators,
            observers=self._observers,
            players_stop=self._players_stop,
            run=self._run.name,
        )

    def _hints(self) -> tuple[Hint, ...]:
        """Those that nobody took yet; none where they are hidden."""
        scenario = self.stage.scenario
        return () if "hints" in scenario.views.player.hide else scenario.hints[self._hinted :]

    def hint(self, person: Person, _: wire.HintRequest) -> wire.DrillHint:
        """Raises UsageError where there is none yet."""
        with self._lock:
            left = self._hints()
            if not left or moment_s(left[0].after) > self.stage.t or self.stage.is_over:
                raise UsageError("there is no hint now", "Look at the versions, the timeline, and what changed.")
            self._hinted += 1
            self.stage.log.note(events.HINTED, hint=self._hinted, cost=left[0].cost, by=person.actor)
        self.stage.engine.changed()
        return wire.DrillHint(text=left[0].text, cost=left[0].cost)

    def plan(self, person: Person) -> wire.DrillPlan:
        """What this person may see of it. Raises RequestRefused for whoever may see nothing, as long as it runs."""
        hidden = self._hidden(self.eyes(person))
        if hidden.issuperset(KEPT):
            self._require(person, "see what is coming")
        return self._plan(hidden)

    def _plan(self, hidden: frozenset[Part]) -> wire.DrillPlan:
        consoles = tuple(
            f"{each.user} ({each.origin}): {each.view} {each.service} {each.armed}".rstrip()
            for each in self.stage.desk.attendance.here()
        )
        return telling.plan(self.stage, self.now(), self.score(), consoles, hidden)

    def _hidden(self, eyes: str) -> frozenset[Part]:
        """What somebody does not see: nothing is hidden from the facilitator, and from nobody once it is over."""
        views = self.stage.scenario.views
        sees_all = eyes == FACILITATOR or (eyes == OBSERVER and views.observer.as_ == FACILITATOR) or self.stage.is_over
        return frozenset() if sees_all else frozenset({*views.player.hide} - {"hints"})

    def eyes(self, person: Person) -> str:
        """Whoever has the same sees the same: its view is computed once for all of them."""
        if person.name in self._facilitators:
            return FACILITATOR
        return OBSERVER if person.name in self._observers else PLAYER

    def view(self, eyes: str) -> wire.DrillView:
        """On a console; of a revision that it is not behind of: after the end there is no newer one."""
        began, revision = perf_counter(), self.stage.engine.revision
        hidden = self._hidden(eyes)
        plan = self._plan(hidden) if not hidden.issuperset(KEPT) else None
        return wire.DrillView(
            drill=plan.now if plan is not None else self.now(),
            plan=plan,
            is_facilitator=eyes == FACILITATOR,
            is_observer=eyes == OBSERVER,
            here=self.stage.desk.attendance.here(),
            **{**frame_of(self.stage.engine, began), "revision": revision},
        )

    def score_as(self, person: Person) -> wire.DrillScore:
        """Raises RequestRefused for whoever does not see it."""
        hidden = self._hidden(self.eyes(person))
        if "expectations" in hidden:
            self._require(person, "see the score")
        return telling.nameless(self.score(), hidden)

    def score(self) -> wire.DrillScore:
        return scored(self.stage.scenario, self._file.text, list(self.stage.log.events))

    def papers(self) -> wire.DrillPapers:
        """For everybody, once it is over: the files belong to the account that started it. Raises UsageError."""
        if not self.stage.is_over:
            raise UsageError("the drill goes on", f"opsconsole drill end {self._run.name}")
        with self._lock:
            made = self.keep()
        return wire.DrillPapers(name=self._run.name, report=made, markdown=markdown(made), html=html(made))

    def command(self, person: Person, asked: wire.DrillCommand) -> wire.DrillNow:
        """Raises RequestRefused for whoever may not, UsageError for what means nothing."""
        is_of_player = asked.word in ("pause", "resume", "end") and self._players_stop
        is_of_one_alone = asked.word == "speed" and self._players_stop and not self._facilitators
        if not (is_of_player or is_of_one_alone):
            self._require(person, _ACTS[asked.word])
        with self._lock:
            if self.stage.is_over:
                raise UsageError("the drill is over", f"opsconsole drill report {self._run.name}")
            _COMMANDS[asked.word](self, person, asked)
        self.stage.engine.changed()
        return self.now()

    def _require(self, person: Person, act: str) -> None:
        if person.name in self._facilitators:
            return
        raise RequestRefused(
            f"{person.actor} is a player of this drill and may not {act}",
            "A facilitator is named when it is started: opsconsole drill run ID --facilitator NAME.",
        )

    def give_way(self, pages: Sequence[wire.Alert]) -> None:
        """A real page: time stands still at once, or as the scenario wants it, and everybody is told why; once for
        each."""
        new = [each for each in pages if each.id not in self._gave_way]
        rule = stop_of(self.stage.scenario.stop_conditions, "real_incident") or Stop(real_incident=True)
        if not new or not rule.real_incident:
            return
        is_over = rule.does == "end"
        with self._lock:
            self._gave_way |= {each.id for each in new}
            self._is_paused = not is_over
            for each in new:
                word = "over" if is_over else "paused"
                words = f"A REAL PAGE: {each.title}. This drill is {word}; look at the live console."
                self.stage.tell(Inject(id="real", at="manual", sender="opsconsole", via="page", text=words))
            if is_over:
                self.stage.end()

    def _stand_still(self) -> None:
        """The scenario wants people to stop and talk."""
        self._is_paused = True
        self.stage.ring("the drill is paused: opsconsole drill resume goes on", has_bell=True)

    def _pause(self, person: Person, asked: wire.DrillCommand) -> None:
        self._is_paused = asked.word == "pause"

    def _set_speed(self, person: Person, asked: wire.DrillCommand) -> None:
        if not 0 < asked.number <= FASTEST:
            raise UsageError(f"{asked.number:g} is no speed", f"Between 0 and {FASTEST:g}.")
        self._speed = asked.number

    def _inject(self, person: Person, asked: wire.DrillCommand) -> None:
        inject = self.stage.direction.by_hand(asked.text)
        if inject is None:
            known = ", ".join(each.id for each in self.stage.scenario.injects) or "none"
            raise UsageError(f"there is no inject {asked.text!r}", f"There are: {known}.")
        self.stage.tell(inject)

    def _say(self, person: Person, asked: wire.DrillCommand) -> None:
        if not asked.text.strip():
            raise UsageError("nothing is said", "Write what people are to be told.")
        self.stage.tell(Inject(id="by hand", at="manual", sender="facilitator", via="facilitator", text=asked.text))

    def _note(self, person: Person, asked: wire.DrillCommand) -> None:
        self.stage.log.note(events.NOTED, by=person.actor, text=asked.text)

    def _judge(self, person: Person, asked: wire.DrillCommand) -> None:
        judged = [each.id for each in self.stage.scenario.expectations if each.judged]
        if asked.text not in judged:
            known = ", ".join(judged) or "none"
            raise UsageError(f"no expectation {asked.text!r} is to be judged", f"There are: {known}.")
        if not 0 <= asked.number <= 1:
            raise UsageError(f"{asked.number:g} is not between 0 and 1", "1: as it should be done.")
        self.stage.log.note(events.JUDGED, expectation=asked.text, quality=asked.number, by=person.actor)

    def _end(self, person: Person, asked: wire.DrillCommand) -> None:
        self.stage.end()
        self.was_ended = person.uid == os.geteuid()
        self.keep()

    # Its doors ----------------------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Beside those of every daemon."""

        async def now(request: Request) -> Response:
            return _json(await asyncio.to_thread(self.now))

        async def plan(request: Request) -> Response:
            return _json(await asyncio.to_thread(self.plan, person_of(request)))

        async def score(request: Request) -> Response:
            return _json(await asyncio.to_thread(self.score_as, person_of(request)))

        async def papers(request: Request) -> Response:
            return _json(await asyncio.to_thread(self.papers))

        def post(path: str, kind: type[S], call: Callable[[Person, S], msgspec.Struct]) -> Route:
            async def answer(request: Request) -> Response:
                try:
                    asked = msgspec.json.decode(await request.body(), type=kind)
                except msgspec.DecodeError as error:
                    raise UsageError(f"the request is not understood: {error}") from error
                return _json(await asyncio.to_thread(call, person_of(request), asked))

            handler: Callable[[Request], Awaitable[Response]] = answer
            return Route(f"/v1/{path}", handler, methods=["POST"])

        return [
            Route("/v1/drill/now", now),
            Route("/v1/drill/plan", plan),
            Route("/v1/drill/score", score),
            Route("/v1/drill/report", papers),
            post("drill/hint", wire.HintRequest, self.hint),
            post("drill/command", wire.DrillCommand, self.command),
        ]


_COMMANDS: dict[str, Callable[[Session, Person, wire.DrillCommand], None]] = {
    "pause": Session._pause,
    "resume": Session._pause,
    "speed": Session._set_speed,
    "inject": Session._inject,
    "say": Session._say,
    "note": Session._note,
    "judge": Session._judge,
    "end": Session._end,
}
_ACTS: dict[wire.DrillWord, str] = {
    "pause": "stop its time",
    "resume": "let its time go on",
    "speed": "change the speed of its time",
    "inject": "tell what is to come",
    "say": "speak to everybody",
    "note": "write the facilitator's notes",
    "judge": "judge what was done",
    "end": "end it",
}
"""Word → what a player may not do, where they may not."""


def _json(struct: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(struct), media_type="application/json")
