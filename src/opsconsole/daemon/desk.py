"""What the daemon can be asked to do and to show, apart from HTTP: the same for a socket, a test and a drill.

Always true here: a write goes to the engine's thread; a read has a connection of its own; every change that a person or
a configuration file makes is in the journal.
"""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Callable
from time import perf_counter
from typing import Protocol, TypeVar

import msgspec

from opsconsole import __version__, wire
from opsconsole.clock import Clock
from opsconsole.config.settings import SourceSetting
from opsconsole.daemon import duty
from opsconsole.daemon.alerting import Alerting
from opsconsole.daemon.drilling.recording import Recording
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.notifying import Notifying
from opsconsole.daemon.pinning import Pinning
from opsconsole.daemon.presence import Attendance
from opsconsole.daemon.registering import Registering
from opsconsole.daemon.releasing import Releasing
from opsconsole.daemon.remembering import DriftMemory
from opsconsole.daemon.responding import Responding
from opsconsole.daemon.running import KINDS, Running
from opsconsole.daemon.surroundings import LIVE, Staging
from opsconsole.daemon.views import VIEWS
from opsconsole.daemon.views.reading import Asked, Context, Reading
from opsconsole.daemon.views.untimed import frame_of
from opsconsole.environment import environment_kind
from opsconsole.errors import ConfigError, InputError, OpsConsoleError, UsageError
from opsconsole.ingest.follower import Outcome, Wish, expand
from opsconsole.ingest.guess import guess
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.mapping_yaml import from_yaml, to_yaml
from opsconsole.ingest.sniff import sniff
from opsconsole.ingest.source import Source
from opsconsole.journal import Event
from opsconsole.releases.access import Person
from opsconsole.releases.arming import Arms
from opsconsole.signals.health import HealthSettings
from opsconsole.store.queries import SpanMemory

T = TypeVar("T")
log = logging.getLogger("opsconsole")


DRILL, EYES = "drill", "eyes"
"""The view whose answer depends on who asks, and what of them it depends on."""


class Drill(Protocol):
    """A drill that people attend."""

    def eyes(self, person: Person) -> str:
        """What somebody is in it."""
        ...

    def view(self, eyes: str) -> wire.DrillView:
        """It, as whoever is that may see it."""
        ...


class Desk:
    """Everything that a client may ask of one home."""

    def __init__(self, engine: Engine, staging: Staging = LIVE, people: Clock | None = None) -> None:
        """``staging`` is what actions take effect on; ``people`` the clock of those who attend, if another one.

        Raises ConfigError and JournalError.
        """
        self.engine = engine
        self.started_at = engine.clock.now()
        self._spans = SpanMemory()
        self.drift = DriftMemory(engine)
        health = engine.settings.health
        self._health_settings = HealthSettings(
            min_requests=health.min_requests,
            fail_error_rate=health.error_rate_fail,
            warn_error_rate=health.error_rate_warn,
            warn_latency=(("p99", 0.99, health.slower_p99), ("p50", 0.5, health.slower_p50)),
            warn_cost_ratio=health.dearer,
        )
        self.attendance = Attendance(engine.clock, people)
        self.access = staging.access(engine.settings.access, engine.home.directory.stat().st_uid)
        environment = engine.settings.environment
        kind = engine.settings.console.environments.get(environment) or environment_kind(environment)
        arms = Arms(self.access, engine.clock, environment, kind)
        self.pinning = Pinning(engine, self.drift.forget)
        self.registering = Registering(engine)
        self.notifying = Notifying(engine, self.attendance)
        tell = self.notifying.notify if engine.settings.notifiers else None
        self.responding = Responding(engine, self.view, self.attendance, self._running, tell, self._suggested)
        self.releasing = Releasing(
            engine, self.view, self.attendance, self.registering, self.access, arms, self.responding.serious_of, staging
        )
        self.recording = Recording(engine, self.responding)
        self.running = Running(engine, self.releasing, self.view, self.access, tell, self.responding.conduct.incident)
        self.alerting = Alerting(
            engine,
            self.view,
            self.releasing,
            self.drift,
            self._spans,
            self.notifying.notify,
            self.running.params_of,
            self.responding.overdue,
        )
        self.duty = duty.Duty(engine, self.alerting, self.responding, self.notifying, self.running)
        self.drill: Drill | None = None
        """What this home rehearses; None in a live one."""
        engine.every_so_often(self.pinning.pin_configured)

    def _running(self, services: tuple[str, ...]) -> tuple[str, ...]:
        """What goes on at these services by itself."""
        return self.releasing.running(services)

    def _suggested(self, incident: wire.Incident) -> tuple[wire.Suggestion, ...]:
        return self.running.suggested(incident.services, incident.incident)

    # Views --------------------------------------------------------------------------------------------------------

    def compute(self, asked: Asked) -> bytes:
        """A view as JSON."""
        return msgspec.json.encode(self.view(asked))

    def view(self, asked: Asked) -> wire.View | wire.SourcesView:
        revision = self.engine.revision
        if asked.kind == "sources":
            return wire.SourcesView(revision=revision, sources=self.sources())
        if asked.kind in duty.KINDS:
            return self.duty.view(asked)
        if asked.kind in KINDS:
            return self.running.view(asked)
        if asked.kind == DRILL:
            return self._drill(asked.option(EYES))
        compute = VIEWS.get(asked.kind)
        if compute is None:
            raise UsageError(f"there is no view {asked.kind!r}", f"There are: {', '.join((*VIEWS, 'sources'))}.")
        connection = self.engine.reader()
        try:
            connection.execute("BEGIN TRANSACTION READ ONLY")
            context = Context(
                revision=revision,
                environment=self.engine.settings.environment,
                now=self.engine.clock.now(),
                settings=self.engine.settings,
                health=self._health_settings,
                find_drift=self.drift.drift_of if asked.as_of is None else self.drift.drift_as_of,
                spans=self._spans,
                sources=self.sources,
                events=self.engine.journal.between,
                out_of_band=self.releasing.out_of_band,
                alerts_of=self.alerting.reasons,
                severity_of=self.alerting.severity,
                deployed_of=self.releasing.deployed,
            )
            return compute(Reading(connection, context, asked))
        finally:
            connection.close()

    def eyes(self, person: Person) -> str:
        """What somebody sees of a drill: whoever has the same shares an answer."""
        return self.drill.eyes(person) if self.drill is not None else ""

    def _drill(self, eyes: str) -> wire.DrillView:
        return (
            self.drill.view(eyes) if self.drill is not None else wire.DrillView(**frame_of(self.engine, perf_counter()))
        )

    def present(self, person: Person, said: wire.Presence) -> wire.Present:
        """One console says where it is, and hears of all, of what it may do, and of the services that it may act on."""
        here = self.attendance.tell(said, person.who)
        return msgspec.structs.replace(
            here,
            permission=self.releasing.permission(person, said.console),
            releases=self.releasing.briefs(),
            on_call=self.duty.tally(),
        )

    def sources(self) -> tuple[wire.SourceRow, ...]:
        """Every source that is or was read since the daemon started."""
        return tuple(_row(source) for source in self.engine.follower.sources)

    def health(self, consoles: int) -> wire.Health:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        connection = self.engine.reader()
        try:
            requests = connection.execute("SELECT coalesce(sum(accepted), 0) FROM progress").fetchone()
        finally:
            connection.close()
        return wire.Health(
            api_version=wire.API_VERSION,
            version=__version__,
            pid=os.getpid(),
            home=str(self.engine.home.directory),
            environment=self.engine.settings.environment,
            started_at=self.started_at,
            revision=self.engine.revision,
            store_bytes=self.engine.database.size_bytes(),
            requests=int(requests[0]) if requests else 0,
            sources=len(self.engine.follower.sources),
            consoles=consoles,
            journal_events=self.engine.journal.length,
            cpu_s=usage.ru_utime + usage.ru_stime,
            rss_bytes=usage.ru_maxrss * 1024,
        )

    # Sources ------------------------------------------------------------------------------------------------------

    def attach(self, request: wire.AttachRequest, actor: str) -> wire.Attached:
        """Take in paths, for this actor; what is followed is remembered across restarts."""
        wish = _wish(request)
        outcome = self._on_engine(lambda: self._attach_and_note(wish, request, actor))
        return wire.Attached(
            source_ids=tuple(source.known.source_id for source in outcome.sources),
            mapping_yaml={path: to_yaml(mapping, path) for path, mapping in outcome.mappings.items()},
            refused={path: str(error) for path, error in outcome.refused.items()},
        )

    def _attach_and_note(self, wish: Wish, request: wire.AttachRequest, actor: str) -> Outcome:
        """It stands in the journal before the first file is taken in. Raises JournalError, and nothing is then."""
        noted: list[Event] = []

        def note() -> None:
            if not noted:
                asked = {"request": msgspec.to_builtins(request)}
                noted.append(self.engine.journal.append(actor, "sources.attached", asked))

        outcome = self.engine.follower.attach(wish, note)
        if noted:
            self.engine.changed()
        return outcome

    def restore(self) -> None:
        """Attach again what was followed when the daemon last stopped, and what the configuration names."""
        wishes: list[Wish] = []
        for setting in self.engine.settings.sources:
            try:
                wishes.append(_wish_of(setting))
            except OpsConsoleError as error:
                self._not_restored(str(setting.path), error)
        wishes += self._followed()
        for wish in wishes:
            outcome = self._on_engine(lambda wish=wish: self.engine.follower.attach(wish))  # type: ignore[misc]
            for path, refusal in outcome.refused.items():
                self._not_restored(path, refusal)
        self.engine.changed()

    def _followed(self) -> list[Wish]:
        """What people asked to be followed, each set of paths as it was last asked for."""
        requests: dict[tuple[str, ...], wire.AttachRequest] = {}
        for event in self.engine.journal.events():
            if event.kind == "sources.attached":
                request = msgspec.convert(event.data["request"], wire.AttachRequest)
                if request.follow:
                    requests[request.paths] = request
        return [_wish(request) for request in requests.values()]

    def _not_restored(self, path: str, error: OpsConsoleError) -> None:
        log.warning("%s is not followed: %s", path, error)
        self.engine.failures[f"following {path}"] = str(error)

    def guessed_mapping(self, request: wire.MapRequest) -> wire.MapReply:
        """What would be guessed for a file."""
        files = list(expand(request.path))
        if not files:
            raise InputError(f"{request.path} names no file", "Check the path.")
        mapping = guess(sniff(files[0]), request.overrides, request.service, files[0])
        return wire.MapReply(mapping_yaml=to_yaml(mapping, str(files[0])))

    def _on_engine(self, call: Callable[[], T]) -> T:
        return self.engine.submit(call).result()


def _wish(request: wire.AttachRequest) -> Wish:
    mapping = from_yaml(request.mapping_yaml, "the pinned mapping") if request.mapping_yaml else None
    return Wish(request.paths, request.follow, request.overrides, mapping, request.service)


def _wish_of(setting: SourceSetting) -> Wish:
    """Raises ConfigError when its mapping cannot be read."""
    try:
        mapping = from_yaml(setting.mapping.read_text(), setting.mapping) if setting.mapping else None
    except OSError as error:
        raise ConfigError(f"mapping {setting.mapping} cannot be read: {error.strerror}", "Correct it.") from error
    overrides = tuple(f"{column}={rule}" for column, rule in setting.columns.items())
    return Wish((str(setting.path),), setting.follow, overrides, mapping, setting.service)


def _row(source: Source) -> wire.SourceRow:
    tally, mapping = source.tally, source.mapping
    on_disk = source.size_on_disk()
    return wire.SourceRow(
        source_id=source.known.source_id,
        path=source.known.path,
        format=mapping.format,
        state=source.state,
        size_bytes=0 if source.reader.compression else on_disk,
        offset_bytes=source.offset,
        read_bytes=min(tally.raw_bytes, on_disk),
        size_on_disk_bytes=on_disk,
        accepted=tally.accepted,
        rejected=tally.rejected,
        reject_reasons=dict(tally.reject_reasons),
        coerced=dict(tally.coerced),
        first_at=tally.first_at,
        last_at=tally.last_at,
        lines_per_s=round(tally.lines_per_s, 1),
        lag_s=tally.lag_s,
        error=source.error,
        not_logged=_not_logged(mapping),
        notes=source.notes,
    )


def _not_logged(mapping: Mapping) -> tuple[str, ...]:
    watched = ("latency_ms", "ttft_ms", "status", "input_tokens", "cost_usd", "model", "version")
    return tuple(column for column in watched if column not in mapping.columns)
