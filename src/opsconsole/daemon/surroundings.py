"""What the gate and the watch have to be told, from the engine, the store and the other rooms of the daemon.

Always true here: evidence is what a view of the console would show at the same moment; a store that does not answer is
a StoreError, so that what can do without it goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import duckdb

from opsconsole import wire
from opsconsole.config.load import lines_of
from opsconsole.config.settings import AccessSetting, ReleaseSetting
from opsconsole.daemon.analysing import Analysing
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.presence import Attendance
from opsconsole.daemon.registering import Registering
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import StoreError, UsageError
from opsconsole.releases.access import Access
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.releases.previews import new_id
from opsconsole.releases.targets import registry
from opsconsole.releases.targets.base import Site, Target
from opsconsole.releases.verifying import Traffic
from opsconsole.store.served import fared, served_since

EVIDENCE_WINDOW = "15m"


@contextmanager
def _answers() -> Iterator[None]:
    """Raises StoreError for whatever the store has against a question."""
    try:
        yield
    except duckdb.Error as error:
        first = str(error).partition("\n")[0]
        raise StoreError(f"the store does not answer: {first}", "opsconsole doctor says what is wrong.") from error


Make = Callable[[str, Mapping[str, Any], Site, str], Target]
"""(kind, options, site, its place in the configuration) → the target. Raises ConfigError."""


@dataclass(frozen=True)
class Staging:
    """What the gate stands on: the live world, or a drill's."""

    target: Make
    wait: Callable[[float], None]
    """A pause of so many seconds, while a change is read back."""
    new_id: Callable[[], str]
    """Names an operation."""
    access: Callable[[AccessSetting, int], Access] = Access
    """The rules of who may do what, and whom the home belongs to."""


LIVE = Staging(registry.make, time.sleep, new_id)


class _Shown(NamedTuple):
    """What the views of one moment were: a script does many things in one, and a person never two."""

    revision: int
    at: datetime
    views: dict[Asked, wire.VersionsView | None]


class Around:
    """What the gate and the watch have to be told, from the engine, the store and the other rooms of the daemon."""

    def __init__(
        self,
        engine: Engine,
        view: Callable[[Asked], wire.View | wire.SourcesView],
        attendance: Attendance,
        registering: Registering,
        incidents: Callable[[str], tuple[str, ...]] = lambda service: (),
        staging: Staging = LIVE,
    ) -> None:
        """``incidents`` names the open ones of a service. Raises ConfigError for a release section that is none."""
        self._staging = staging
        self.clock = engine.clock
        self.environment = engine.settings.environment
        self.freezes = engine.settings.freezes
        self._engine = engine
        self._view = view
        self._attendance = attendance
        self._registering = registering
        self._incidents = incidents
        self.settings: Mapping[str, ReleaseSetting] = {
            name: service.release for name, service in engine.settings.services.items() if service.release is not None
        }
        self.targets: Mapping[str, Target] = {name: self._made(name) for name in self.settings}
        self.analysing: Analysing | None = None
        self._shown = _Shown(0, engine.clock.now(), {})

    def _made(self, service: str) -> Target:
        setting = self.settings[service]
        home = self._engine.home
        line = lines_of(home.config, "services").get(service, str(home.config))
        site = Site(service, home.directory, self.clock, os.environ)
        return self._staging.target(setting.target, setting.options, site, f"{line}: services.{service}.release")

    def new_id(self) -> str:
        return self._staging.new_id()

    def setting(self, service: str) -> ReleaseSetting:
        if service not in self.settings:
            raise UsageError(
                f"{service!r} has no target: the console shows it and does not act on it",
                "Name one under `services: NAME: release:` in opsconsole.yaml; docs/targets.md lists the kinds.",
            )
        return self.settings[service]

    def target(self, service: str) -> Target:
        self.setting(service)
        return self.targets[service]

    def evidence(self, service: str, from_version: str, to_version: str) -> wire.Evidence:
        window_s = wire.WINDOWS[EVIDENCE_WINDOW]
        with _answers():
            view, incidents = self._versions(service, from_version, to_version), self._incidents(service)
        if view is None:
            return wire.Evidence(window_s=window_s, open_incidents=incidents)
        return wire.Evidence(
            window_s=window_s,
            versions=tuple(map(_evidence_of, view.versions)),
            comparisons=view.comparisons if {view.baseline, view.candidate} == {from_version, to_version} else (),
            open_incidents=incidents,
        )

    def _versions(self, service: str, baseline: str = "", candidate: str = "") -> wire.VersionsView | None:
        """The versions of the last minutes; None where there are no records of them."""
        options = (("baseline", baseline), ("candidate", candidate)) if baseline and candidate != baseline else ()
        asked = Asked("versions", EVIDENCE_WINDOW, service, options=options)
        moment = (self._engine.revision, self.clock.now())
        shown = self._shown
        if (shown.revision, shown.at) != moment:
            shown = self._shown = _Shown(*moment, {})
        if asked not in shown.views:
            shown.views[asked] = self._computed(asked)
        return shown.views[asked]

    def _computed(self, asked: Asked) -> wire.VersionsView | None:
        for chosen in (asked.options, ()):
            try:
                view = self._view(replace(asked, options=chosen))
            except UsageError:
                continue  # a version without requests in the window has nothing to be compared by
            if isinstance(view, wire.VersionsView) and view.is_live:
                return view
        return None

    def reading(self, service: str) -> wire.CanaryReading | None:
        with _answers():
            return self.analysing.reading(service) if self.analysing is not None else None

    def manifests(self, service: str) -> dict[str, wire.Manifest]:
        return {each.version: each for each in self._registering.manifests(service).manifests}

    def known(self, service: str) -> frozenset[str]:
        registered = set(self.manifests(service))
        with _answers(), closing(self._engine.reader()) as connection:
            seen = {version for version, in connection.execute(
                "SELECT DISTINCT version FROM deployments WHERE service = ?", [service]
            ).fetchall()}  # fmt: skip
        return frozenset({version for version in registered | seen if version})

    def health_of(self, service: str, version: str) -> str:
        with _answers():
            view = self._versions(service)
        found = next((each for each in view.versions if each.version == version), None) if view else None
        if found is None:
            return f"no requests in the last {EVIDENCE_WINDOW}: nothing is known of it now"
        reasons = f": {', '.join(found.reasons)}" if found.reasons else ""
        return f"{found.state}, {found.requests:,} requests in {EVIDENCE_WINDOW}{reasons}"

    def others(self, service: str, console: str) -> tuple[str, ...]:
        return tuple(
            f"{each.user} ({each.origin}): {each.armed}"
            for each in self._attendance.here()
            if each.armed and each.service == service and each.console != console
        )

    def lately(self, service: str, one: ServiceReleases, until: datetime) -> tuple[wire.VersionEvidence, ...]:
        """How each version did since the last change that was made, or in the last minutes if that is longer ago."""
        since = until - timedelta(seconds=wire.WINDOWS[EVIDENCE_WINDOW])
        operation = one.operation
        if operation is not None and operation.plan.requests and operation.word == "done":
            since = max(since, operation.at)
        with closing(self._engine.reader()) as connection:
            return fared(connection, service, since, until)

    def traffic(self, service: str, since: datetime) -> Traffic:
        with closing(self._engine.reader()) as connection:
            counts = served_since(connection, service, since)
        return Traffic(counts, (self.clock.now() - since) / timedelta(seconds=1))


def _evidence_of(each: wire.VersionSummary) -> wire.VersionEvidence:
    return wire.VersionEvidence(
        version=each.version,
        share=each.share,
        n=each.requests,
        error_rate=each.error_rate,
        p99_ms=each.latency_ms.p99.value if each.latency_ms.p99 else None,
        usd_per_request=each.cost.usd_per_request,
        last_at=each.last_at,
    )
