"""Pinning baselines: from a version, a time range or a file, by a person or by opsconsole.yaml.

Always true here: what is pinned stands in the journal with who did it, before it counts; counting and writing happen
on the engine's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from opsconsole import wire
from opsconsole.daemon.engine import Engine
from opsconsole.errors import OpsConsoleError, UsageError
from opsconsole.ingest.count import count_file
from opsconsole.ingest.guess import guess
from opsconsole.ingest.sniff import sniff
from opsconsole.store import baselines
from opsconsole.store.queries import Questions


class Pinning:
    """Sets the baselines of one home."""

    def __init__(self, engine: Engine, forget_drift: Callable[[], None]) -> None:
        """``forget_drift`` is called after each change: what was found against the old baseline is no longer so."""
        self._engine = engine
        self._forget_drift = forget_drift

    def set(self, request: wire.BaselineRequest, set_by: str) -> wire.BaselineReply:
        """Pin what a service's drift is measured against from now on, for this actor."""
        ways = [bool(request.version), request.start is not None and request.end is not None, bool(request.file)]
        if sum(ways) != 1:
            raise UsageError(
                "a baseline is one of: a version, a time range, a file", "See `opsconsole baseline --help`."
            )
        return self._engine.submit(lambda: self._pin(request, set_by)).result()

    def _pin(self, request: wire.BaselineRequest, set_by: str) -> wire.BaselineReply:
        now = self._engine.clock.now()
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
        noted = {"service": request.service, "baseline": kind, "label": label}
        self._engine.journal.append(set_by, "baseline.set", noted)
        pinned = baselines.pin(
            self._engine.database.writer,
            service=request.service,
            kind=kind,
            label=label,
            set_at=now,
            set_by=set_by,
            counts=counts,
        )
        self._forget_drift()
        self._engine.changed()
        features: dict[str, int] = {}
        for name, _, _, _, n in counts:
            features[name] = features.get(name, 0) + n
        return wire.BaselineReply(
            baseline=wire.Baseline(kind=kind, label=label, set_at=pinned.set_at, set_by=set_by), features=features
        )

    def _counts_of_records(self, request: wire.BaselineRequest) -> list[baselines.Count]:
        questions = Questions(self._engine.database.writer)
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
        return count_file(path, guess(sniff(path), path=path), self._engine.means)

    def pin_configured(self) -> None:
        """Baselines that opsconsole.yaml names, as soon as there are records for them."""
        writer, services = self._engine.database.writer, self._engine.settings.services
        wanted = {
            name: service.baseline
            for name, service in services.items()
            if service.baseline is not None and baselines.pinned(writer, name) is None
        }
        if not wanted or any(source.state == "reading" for source in self._engine.follower.sources):
            return
        extents = Questions(writer).extents()
        for service, setting in wanted.items():
            if service not in extents:
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
