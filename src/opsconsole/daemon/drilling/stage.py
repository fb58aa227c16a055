"""The stage: a whole opsconsole in a home of its own, a fleet that answers back, and the drill's time.

Always true here: time goes on by whole seconds, and everything that a second brings happens in one order on one thread,
so that the event log depends on the scenario, the seed and what people did and when, and on nothing else; how fast the
seconds follow one another is somebody else's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
from starlette.applications import Starlette

from opsconsole import wire
from opsconsole.clock import Clock, ManualClock, SystemClock
from opsconsole.daemon.app import make_app
from opsconsole.daemon.asking import ask
from opsconsole.daemon.desk import Desk
from opsconsole.daemon.drilling import panels
from opsconsole.daemon.drilling.doors import Audience, Unshared, by_script, watching
from opsconsole.daemon.drilling.equipment import LOGS, Targets, settings_of, write_hash_key
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.hub import Hub
from opsconsole.daemon.identity import Who
from opsconsole.drills import events
from opsconsole.drills.direction import Direction
from opsconsole.drills.fleet import SPAN_S, Fleet, Name, Served
from opsconsole.drills.goals import SteadyState
from opsconsole.drills.logbook import Logbook
from opsconsole.drills.moments import length_s, moment_s
from opsconsole.drills.scenario import Inject, Scenario
from opsconsole.drills.tape import Tape
from opsconsole.drills.target import routing_of
from opsconsole.errors import OpsConsoleError
from opsconsole.home import Home

BEATS_S = (1, 2, 5, 10, 20, 30)
"""Records are taken in and looked after once in so many seconds: seldom where nobody looks, since it is the same work
each time. Requests are answered as often, or once in ``SPAN_S``."""
USUAL_BEAT_S = 10
REPORT_S = 10
"""What the worlds did is written down once in so many seconds."""
HISTORY_SPAN_S = 60.0

Alert = dict[str, object]


class DrillEngine(Engine):
    """An engine whose disk is as full as the scenario says."""

    free_share: float | None = None

    def disk(self) -> tuple[int, int]:
        free, total = 10**12 // 2, 10**12
        return (int(total * self.free_share), total) if self.free_share is not None else (free, total)


class Stage:
    """One drill that is played."""

    def __init__(
        self,
        scenario: Scenario,
        directory: Path,
        seed: int,
        who: Who,
        beat_s: int = USUAL_BEAT_S,
        stop: Callable[[], None] = lambda: None,
        people: Clock | None = None,
        observers: tuple[str, ...] = (),
    ) -> None:
        """Make the drill's home in this directory, and open everything. Raises StoreError and UsageError.

        ``who`` finds a request's person; ``stop`` is what a request to stop does; ``people`` the clock
        of those who attend, the machine's where none is given; ``observers`` may look and not act.
        """
        self.scenario, self.seed, self.beat_s = scenario, seed, beat_s
        self._start_s = scenario.clock.start.timestamp()
        lead_s = max([length_s(scenario.clock.lead), *(-moment_s(each.at) for each in scenario.prelude)])
        self.home = Home(directory)
        self.home.create()
        (directory / LOGS).mkdir(exist_ok=True)
        write_hash_key(self.home, seed)
        self.clock = ManualClock(scenario.clock.start - timedelta(seconds=lead_s))
        self.fleet = _fleet(scenario, seed, self._start_s)
        settings = settings_of(scenario, self.home, self.fleet.mappings)
        self._opened_at = self.clock.now()
        self.engine = DrillEngine(self.home, settings, self.clock, "opsconsole", is_driven=True)
        self.log = Logbook(self.engine.journal, self.clock, scenario.clock.start, str(directory))
        self.targets = Targets(scenario, self.clock, self._effective)
        staging = replace(self.targets.staging, access=partial(Audience, observers))
        self.desk = Desk(self.engine, staging, people or SystemClock())
        self.hub = Hub(self.engine, self.desk.compute)
        self.app: Starlette = make_app(self.desk, self.hub, stop, watching(who, observers))
        self.inside: Starlette = make_app(self.desk, Unshared(self.desk.compute), stop, by_script)
        """The same for scripts, who say themselves who they are."""
        self.direction = Direction(scenario, self.log)
        self.pause: Callable[[], None] = lambda: None
        """Makes its time stand still, where people attend."""
        self._has_begun = False
        self.is_over = False
        self._changed_elsewhere: set[str] = set()
        self._levels: dict[str, bool] = {}
        self._served: dict[Name, dict[str, Served]] = {}
        self.length_s = length_s(scenario.clock.length)
        self._look_s = max(int(length_s(scenario.clock.look)) // beat_s, 1) * beat_s

    @property
    def t(self) -> float:
        """Seconds since the drill's start."""
        return round((self.clock.now() - self.scenario.clock.start).total_seconds())

    # Its time -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Everything that was before: the records of its history, and who served then."""
        self._write_history()
        self.desk.restore()
        self.engine.turn()
        self._look_after_releases()
        if self.t >= 0:  # without a lead
            self._begin()

    def second(self, act: Callable[[float], None] = lambda t: None) -> None:
        """One second goes by; ``act`` is what people do in it, when everything else has happened."""
        self.clock.advance(1.0)
        t = self.t
        if t >= 0 and not self._has_begun:
            self._begin()
        if int(t) % min(self.beat_s, int(SPAN_S)) == 0:
            self._serve()
        if int(t) % self.beat_s == 0:
            self._beat()
        if self.scenario.replay is not None and t == moment_s(self.scenario.replay.impact):
            self.log.note(events.FAULTED, fault="recorded", decoy=False)
        for inject in self.direction.due(t):
            self.tell(inject)
        act(t)
        self.log.follow()
        self._react(t)
        self._stop(t)
        if t >= self.length_s and not self.is_over:
            self.end()

    def _stop(self, t: float) -> None:
        """What is to stop it does."""
        for each in self.direction.stops(t) if not self.is_over else ():
            does = each.does or "end"
            self.log.note(events.STOPPED, when=each.when, does=does)
            if does == "pause":
                self.pause()
            else:
                self.end()

    def shown(self) -> tuple[wire.ShownService, ...]:
        """What players' panels showed until now."""
        return panels.shown(self.engine, self._opened_at, self.clock.now())

    def end(self) -> None:
        """It is over; what is written down afterwards is not part of it."""
        if not self.is_over:
            self._report()
            self._look_at_steady_state()
            self.log.note(events.ENDED)
            self.is_over = True

    def close(self) -> None:
        self.engine.stop()

    def _begin(self) -> None:
        self._has_begun = True
        self.targets.begin()
        self.fleet.begin(self.targets.intended())
        self._served = {}
        told = {"scenario": self.scenario.id, "version": self.scenario.version}
        self.log.note(events.STARTED, **told, seed=self.seed, beat_s=self.beat_s)
        self._look_at_steady_state()

    def _beat(self) -> None:
        before = self.engine.revision
        self.engine.turn()
        self._look_after_releases()
        self.desk.running.look()
        self.engine.guarded("looking after incidents", self.desk.responding.look)
        if int(self.t) % self._look_s == 0:
            self.engine.guarded("looking after alerts", self.desk.alerting.look)
        self.log.follow()
        if self.engine.revision == before:  # where nothing serves, nobody would see that time goes on
            self.engine.changed()

    def _look_after_releases(self) -> None:
        for service, target in self.targets.by_service.items():
            behaviour = self.scenario.services[service].target
            is_due = behaviour.conflict_at and self.t >= moment_s(behaviour.conflict_at)
            if is_due and service not in self._changed_elsewhere:
                self._changed_elsewhere.add(service)
                target.changed_elsewhere(routing_of(behaviour.conflict_to))
            self.engine.guarded(f"looking after {service}", lambda service=service: self._watch(service))  # type: ignore[misc]

    def _watch(self, service: str) -> None:
        self.desk.releasing.watch.look(service)

    # Traffic ------------------------------------------------------------------------------------------------------

    def _write_history(self) -> None:
        now_s = self.clock.now().timestamp()
        at_s = now_s - length_s(self.scenario.clock.history)
        shares = self.targets.serving()
        while at_s < now_s and self.scenario.services:
            span_s = min(HISTORY_SPAN_S, now_s - at_s)
            self.fleet.past(at_s, span_s, shares)
            at_s += span_s
            self._log(self.fleet.logged(at_s))

    def _serve(self) -> None:
        if not self.scenario.services:
            return
        now_s = self.clock.now().timestamp()
        self._tell_faults()
        span_s = min(float(self.beat_s), SPAN_S)
        served = self.fleet.serve(now_s - span_s, span_s, self.targets.serving())
        for world, services in served.items():
            sums = self._served.setdefault(world, {})
            for service, part in services.items():
                sums[service] = sums.get(service, Served()) + part
        self._log(self.fleet.logged(now_s))
        t = int(self.t)
        if t > 0 and t % REPORT_S == 0:
            self._report()

    def _log(self, lines: Mapping[str, list[bytes]]) -> None:
        for log, ended in lines.items():
            with (self.home.directory / LOGS / f"{log}.jsonl").open("ab") as file:
                file.writelines(ended)

    def _tell_faults(self) -> None:
        """For the log: what begins and what is over; the disk is as full as faults say."""
        active = {each.fault.id: each for each in self.fleet.actual.weather.active(self.t)}
        free = [each.fault.effect.disk_free for each in active.values() if each.fault.effect.disk_free is not None]
        self.engine.free_share = min(free, default=None)
        for fault in self.scenario.faults:
            is_there = fault.id in active
            if is_there != self._levels.get(fault.id, False):
                self._levels[fault.id] = is_there
                self.log.note(events.FAULTED if is_there else events.CLEARED, fault=fault.id, decoy=fault.decoy)

    def _report(self) -> None:
        worlds = {
            world: {name: [each.requests, each.bad, each.errors, round(each.usd, 6)] for name, each in services.items()}
            for world, services in self._served.items()
        }
        if worlds and self.t > 0:
            self.log.note(events.SERVED, seconds=REPORT_S, worlds=worlds)
        self._served = {}

    def _look_at_steady_state(self) -> None:
        for each in self.scenario.steady_state:
            try:
                rows = ask(self.engine, wire.QueryRequest(sql=each.sql)).rows
            except OpsConsoleError as error:
                self.log.note(events.LOOKED, sql=each.sql, value=None, holds=False, told=error.message)
                continue
            value = rows[0][0] if rows and rows[0] else None
            number = float(value) if isinstance(value, int | float) else None
            self.log.note(events.LOOKED, sql=each.sql, value=number, holds=_holds(each, number), told="")

    # What people hear, and what their acts set off ----------------------------------------------------------------

    def tell(self, inject: Inject) -> None:
        """Somebody is told something: by a message, or by an alert of another system."""
        self.log.note(events.TOLD, inject=inject.id, via=inject.via, cost=inject.cost if inject.when else 0.0)
        if inject.via == "alert":
            self.desk.alerting.receive("alertmanager", _webhook(inject))
        self._say(inject.sender, inject.via, inject.to, inject.text, inject.service)

    def _say(self, sender: str, via: str, to: str, text: str, service: str = "") -> None:
        data = {"via": via, "to": to, "text": text, "service": service}
        self.engine.journal.append(sender, events.SAID, data)
        self.ring(f"{sender}: {text}", has_bell=via in ("page", "alert"))
        self.engine.changed()

    def ring(self, words: str, *, has_bell: bool = False) -> None:
        """Whoever attends sees this at once, and it is no part of the drill."""
        self.desk.attendance.ring(words, has_bell, is_said=True)

    def _react(self, t: float) -> None:
        for reaction in self.direction.reactions(t):
            weather = self.fleet.actual.weather.cleared(reaction.clears, t).started(reaction.starts, t)
            self.fleet.actual.weather = weather
            if reaction.says:
                self._say(reaction.by, "chat", "", reaction.says)

    def _effective(self, service: str, what: str) -> None:
        self.log.note(events.EFFECTIVE, service=service, told=what)


def _fleet(scenario: Scenario, seed: int, start_s: float) -> Fleet | Tape:
    """What serves: a simulated fleet, or a recording."""
    replay = scenario.replay
    return Fleet(scenario, seed, start_s) if replay is None else Tape(replay.file, replay.sha256, start_s)


def _holds(each: SteadyState, number: float | None) -> bool:
    if number is None:
        return False
    return (each.low is None or number >= each.low) and (each.high is None or number <= each.high)


def _webhook(inject: Inject) -> bytes:
    alert: Alert = {
        "status": "firing",
        "labels": {"alertname": inject.sender, "service": inject.service, "severity": "page"},
        "annotations": {"summary": inject.text},
        "fingerprint": inject.id,
    }
    return msgspec.json.encode({"version": "4", "alerts": [alert]})
