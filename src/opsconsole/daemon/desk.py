"""What the daemon can be asked to do and to show, apart from HTTP: the same for a socket, a test and a drill.

Always true here: a write goes to the engine's thread; a read has a connection of its own; every change that a person or
a configuration file makes is in the journal.
"""

from __future__ import annotations

import logging
import os
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TypeVar

import duckdb
import msgspec

from opsconsole import __version__, wire
from opsconsole.config.settings import SourceSetting
from opsconsole.daemon.drifting import drift_of
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.views import Asked, Context, ViewBuilder
from opsconsole.errors import ConfigError, InputError, OpsConsoleError, QueryError, UsageError
from opsconsole.ingest.count import count_file
from opsconsole.ingest.follower import Outcome, Wish, expand
from opsconsole.ingest.guess import guess
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.mapping_yaml import from_yaml, to_yaml
from opsconsole.ingest.sniff import sniff
from opsconsole.ingest.source import Source
from opsconsole.signals.drift import DriftSettings
from opsconsole.signals.health import HealthSettings
from opsconsole.store import baselines
from opsconsole.store.queries import Extent, Questions, SpanMemory

T = TypeVar("T")
log = logging.getLogger("opsconsole")

DRIFT_FRESH_S = 15.0
"""A service's drift is computed again when its last answer is older: it moves with hours, not with seconds."""
LAGGING_S = 60.0
QUERY_TIMEOUT_S = 30.0


@dataclass
class _DriftAnswer:
    at_s: float
    revision: int
    drift: wire.Drift


class Desk:
    """Everything that a client may ask of one home."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.started_at = engine.clock.now()
        self._spans = SpanMemory()
        self._drift: dict[tuple[str, int], _DriftAnswer] = {}
        drift, health = engine.settings.drift, engine.settings.health
        self._drift_settings = DriftSettings(q=drift.q, min_effect=drift.min_effect, min_n=drift.min_values)
        self._health_settings = HealthSettings(
            min_requests=health.min_requests,
            fail_error_rate=health.error_rate_fail,
            warn_error_rate=health.error_rate_warn,
            warn_latency=(("p99", 0.99, health.slower_p99), ("p50", 0.5, health.slower_p50)),
            warn_cost_ratio=health.dearer,
        )
        engine.every_so_often(self._pin_configured)

    # Views --------------------------------------------------------------------------------------------------------

    def compute(self, asked: Asked) -> bytes:
        """A view as JSON."""
        return msgspec.json.encode(self.view(asked))

    def view(self, asked: Asked) -> wire.View | wire.SourcesView:
        revision = self.engine.revision
        if asked.kind == "sources":
            return wire.SourcesView(revision=revision, sources=self.sources())
        connection = self.engine.reader()
        try:
            connection.execute("BEGIN TRANSACTION READ ONLY")
            context = Context(
                revision=revision,
                environment=self.engine.settings.environment,
                now=self.engine.clock.now(),
                health=self._health_settings,
                drift_of=self._remembered_drift,
                spans=self._spans,
            )
            builder = ViewBuilder(connection, context)
            if asked.kind == "service":
                return builder.service(asked.service, asked.window)
            if asked.kind == "status":
                return builder.status(asked.window, self.sources())
            sources = self.engine.follower.sources
            lagging = sum(
                1 for source in sources if (source.tally.lag_s or 0) > LAGGING_S and source.state == "reading"
            )
            rejects = sum(source.tally.rejected for source in sources)
            return builder.fleet(asked.window, len(sources), lagging, rejects)
        finally:
            connection.close()

    def _remembered_drift(
        self, connection: duckdb.DuckDBPyConnection, service: str, start: datetime, end: datetime, extent: Extent
    ) -> wire.Drift:
        key = (service, int((end - start).total_seconds()))
        found, now = self._drift.get(key), monotonic()
        if found is not None and (found.revision == self.engine.revision or now - found.at_s < DRIFT_FRESH_S):
            return found.drift
        revision = self.engine.revision
        drift = drift_of(connection, service, start, end, extent, self._drift_settings)
        self._drift[key] = _DriftAnswer(now, revision, drift)
        return drift

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

    def attach(self, request: wire.AttachRequest) -> wire.Attached:
        """Take in paths; what is followed is remembered across restarts."""
        wish = _wish(request)
        outcome = self._on_engine(lambda: self._attach_and_note(wish, request))
        return wire.Attached(
            source_ids=tuple(source.known.source_id for source in outcome.sources),
            mapping_yaml={path: to_yaml(mapping, path) for path, mapping in outcome.mappings.items()},
            refused={path: str(error) for path, error in outcome.refused.items()},
        )

    def _attach_and_note(self, wish: Wish, request: wire.AttachRequest) -> Outcome:
        outcome = self.engine.follower.attach(wish)
        if outcome.sources or wish.follow:
            self.engine.note("sources.attached", request=msgspec.to_builtins(request))
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

    # Baselines ----------------------------------------------------------------------------------------------------

    def set_baseline(self, request: wire.BaselineRequest, set_by: str = "") -> wire.BaselineReply:
        """Pin what a service's drift is measured against from now on."""
        ways = [bool(request.version), request.start is not None and request.end is not None, bool(request.file)]
        if sum(ways) != 1:
            raise UsageError(
                "a baseline is one of: a version, a time range, a file", "See `opsconsole baseline --help`."
            )
        return self._on_engine(lambda: self._pin(request, set_by or self.engine.actor))

    def _pin(self, request: wire.BaselineRequest, set_by: str) -> wire.BaselineReply:
        now = self.engine.clock.now()
        kind: baselines.BaselineKind
        if request.file:
            kind, label = "file", Path(request.file).name
            counts = self._counts_of_file(Path(request.file))
        else:
            kind = "version" if request.version else "range"
            label = request.version or f"{request.start:%Y-%m-%d %H:%M} … {request.end:%Y-%m-%d %H:%M}"
            counts = self._counts_of_records(request)
        if not counts:
            raise UsageError(
                f"no features of {request.service!r} were found for {label}",
                "`opsconsole status` lists services, versions and the time they cover.",
            )
        pinned = baselines.pin(
            self.engine.database.writer,
            service=request.service,
            kind=kind,
            label=label,
            set_at=now,
            set_by=set_by,
            counts=counts,
        )
        self.engine.note("baseline.set", service=request.service, baseline=kind, label=label, by=set_by)
        self._drift.clear()
        self.engine.changed()
        features: dict[str, int] = {}
        for name, _, _, _, n in counts:
            features[name] = features.get(name, 0) + n
        return wire.BaselineReply(
            baseline=wire.Baseline(kind=kind, label=label, set_at=pinned.set_at, set_by=set_by), features=features
        )

    def _counts_of_records(self, request: wire.BaselineRequest) -> list[baselines.Count]:
        questions = Questions(self.engine.database.writer)
        extent = questions.extents().get(request.service)
        if extent is None:
            raise UsageError(f"there is no service {request.service!r}", "`opsconsole status` lists the services.")
        start = request.start or extent.first_at.replace(minute=0, second=0, microsecond=0)
        end = request.end or extent.last_at + timedelta(hours=1)
        found = questions.distributions(request.service, start, end)
        totals: dict[tuple[str, str, int, str | None], int] = {}
        for version, name, kind, code, category, _, n in found:
            if not request.version or version == request.version:
                key = (name, kind, 0 if category is not None else code, category)
                totals[key] = totals.get(key, 0) + n
        return [(*key, n) for key, n in totals.items()]

    def _counts_of_file(self, path: Path) -> list[baselines.Count]:
        return count_file(path, guess(sniff(path), path=path), self.engine.means)

    def _pin_configured(self) -> None:
        """Baselines that opsconsole.yaml names, as soon as there are records for them."""
        wanted = {name: s.baseline for name, s in self.engine.settings.services.items() if s.baseline is not None}
        if not wanted or any(source.state == "reading" for source in self.engine.follower.sources):
            return
        extents = Questions(self.engine.database.writer).extents()
        for service, setting in wanted.items():
            if service not in extents or baselines.pinned(self.engine.database.writer, service) is not None:
                continue
            request = wire.BaselineRequest(
                service=service,
                version=setting.version,
                start=setting.start,
                end=setting.end,
                file=str(setting.file or ""),
            )
            try:
                self._pin(request, "opsconsole.yaml")
            except OpsConsoleError:
                continue  # its records are not here yet

    # Questions of one's own ---------------------------------------------------------------------------------------

    def query(self, request: wire.QueryRequest) -> wire.QueryReply:
        """Read-only SQL on the store."""
        if request.limit < 1:
            raise UsageError(f"the limit of a query is 1 row at least, not {request.limit}")
        try:
            statements = duckdb.extract_statements(request.sql)
        except duckdb.Error as error:
            raise QueryError(str(error), "The tables are listed by: SHOW TABLES") from error
        readable = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
        if len(statements) != 1 or statements[0].type not in readable:
            raise QueryError("only one SELECT at a time can be asked", "The store is written by the daemon alone.")
        connection, began = self.engine.reader(), monotonic()
        watchdog = threading.Timer(QUERY_TIMEOUT_S, connection.interrupt)
        watchdog.start()
        try:
            connection.execute("BEGIN TRANSACTION READ ONLY")
            answer = connection.execute(request.sql)
            described = answer.description or []
            rows = answer.fetchmany(request.limit + 1)
        except duckdb.InterruptException as error:
            raise QueryError(
                f"the query took longer than {QUERY_TIMEOUT_S:.0f} s",
                "Ask for a shorter time range, or a rollup table.",
            ) from error
        except duckdb.Error as error:
            raise QueryError(str(error), "The tables are listed by: SHOW TABLES") from error
        finally:
            watchdog.cancel()
            connection.close()
        return wire.QueryReply(
            columns=tuple(str(column[0]) for column in described),
            types=tuple(str(column[1]) for column in described),
            rows=[[_plain(value) for value in row] for row in rows[: request.limit]],
            truncated=len(rows) > request.limit,
            elapsed_ms=round((monotonic() - began) * 1000, 1),
        )

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


def _plain(value: object) -> str | int | float | bool | None:
    """A value that JSON has; everything else, and an integer that JSON readers would round, as text."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
