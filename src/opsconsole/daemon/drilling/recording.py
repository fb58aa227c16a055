"""Recording an incident: the records around it without names, and a scenario that plays them again.

Always true here: no id, user or key leaves the store but as a digest under a salt that is thrown away; the store's
records are only read, and never held in this process as a whole; both files lie in the home's own scenarios.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from opsconsole import wire
from opsconsole.config.settings import ServiceSetting
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.responding import Responding
from opsconsole.drills import recordings, remaking
from opsconsole.errors import StoreError, UsageError
from opsconsole.releases.access import Person

_OF = "(len($services) = 0 OR list_contains($services, service)) AND service IS NOT NULL"
"""No services: all that there are."""
_TAKE = f"""
CREATE OR REPLACE TEMP TABLE taken AS
SELECT {recordings.select("epoch_us($start::TIMESTAMP)", "$salt")} FROM requests
WHERE {_OF} AND ts >= $since AND ts < $stop
"""
_KEEP = f"COPY (SELECT * FROM taken ORDER BY {recordings.ORDER}) TO '{{path}}' (FORMAT parquet, COMPRESSION zstd)"
_SHARES = f"""
SELECT service, version, count(*) FILTER (ts < $start) AS before FROM requests
WHERE {_OF} AND ts >= $since AND ts < $stop AND version IS NOT NULL GROUP BY ALL ORDER BY service, version
"""


class Recording:
    """Makes scenarios of a home's incidents."""

    def __init__(self, engine: Engine, responding: Responding) -> None:
        self._engine, self._responding = engine, responding

    def record(self, person: Person, request: wire.RecordRequest) -> wire.DrillRecorded:
        """Raises UsageError for an incident that there is not, that is recorded, or of which nothing is stored."""
        incident = self._responding.conduct.incident(request.incident)
        directory = self._engine.home.directory / "drill-scenarios"
        path = directory / f"{remaking.scenario_id(incident)}.yaml"
        if path.exists():
            raise UsageError(f"{path} is there, and perhaps edited", "Move it away, and record the incident again.")
        now = self._engine.clock.now()
        start, stop = remaking.begins(incident), remaking.ends(incident, now)
        services = sorted({*incident.services, *request.services})
        shares = self._shares(services, start, stop)
        if not shares:
            raise UsageError(
                f"the store holds no records of the services of {incident.incident}",
                "Requests are kept as long as `retention: requests_days` says.",
            )
        directory.mkdir(mode=0o700, exist_ok=True)
        tape = directory / f"{remaking.scenario_id(incident)}{recordings.ENDING}"
        n = self._take(services, start, stop, tape)
        served = {name: self._service(name, versions) for name, versions in shares.items()}
        acts = sorted(self._acts(incident))
        text = remaking.text(incident, served, acts, tape.name, recordings.sha256_of(tape), now)
        _write(path, text.encode())
        self._engine.journal.append(
            person.actor, "drill.recorded", {"incident": incident.incident, "path": path.name, "records": n}
        )
        return wire.DrillRecorded(id=remaking.scenario_id(incident), path=str(path), records=n)

    def _take(self, services: list[str], start: datetime, stop: datetime, path: Path) -> int:
        """Write the recording, whole or not at all; how many records it has."""
        unfinished = self._engine.home.spool / path.name  # the only folder that the store writes files to
        asked = {"services": services, "since": _plain(start - remaking.HISTORY), "stop": _plain(stop)}
        try:
            with closing(self._engine.reader()) as connection:
                connection.execute(_TAKE, asked | {"start": _plain(start), "salt": secrets.token_hex(32)})
                connection.execute(_KEEP.format(path=str(unfinished).replace("'", "''")))
                n = connection.execute("SELECT count(*) FROM taken").fetchall()[0][0]
            unfinished.chmod(0o600)
            unfinished.rename(path)
        except (duckdb.Error, OSError) as error:
            if unfinished.is_file():
                unfinished.unlink()
            first = str(error).partition("\n")[0]
            raise StoreError(
                f"the recording cannot be written: {first}", "Is there room on the disk? opsconsole doctor looks."
            ) from error
        return int(n)

    def _shares(self, services: list[str], start: datetime, stop: datetime) -> dict[str, dict[str, float]]:
        """Who served just before, by service; versions that came later have none."""
        asked = {"services": services, "start": _plain(start), "since": _plain(start - remaking.LEAD)}
        with closing(self._engine.reader()) as connection:
            found = connection.execute(_SHARES, asked | {"stop": _plain(stop)}).fetchall()
        shares: dict[str, dict[str, float]] = {}
        for service, version, before in found:
            shares.setdefault(service, {})[version] = float(before)
        return {
            service: {version: n / (sum(versions.values()) or 1.0) for version, n in versions.items()}
            for service, versions in shares.items()
        }

    def _service(self, name: str, shares: dict[str, float]) -> remaking.Served:
        """As the live configuration has it: what its panels are drawn against."""
        setting = self._engine.settings.services.get(name, ServiceSetting())
        return remaking.Served(
            shares=shares,
            slo_ms=setting.slo.latency_ms,
            availability=setting.slo.availability,
            budget_usd_per_month=setting.budget_usd_per_month,
            risk=setting.release.risk if setting.release is not None else "medium",
            baseline=setting.baseline.version if setting.baseline is not None else "",
        )

    def _acts(self, incident: wire.Incident) -> Iterator[tuple[datetime, str, str]]:
        """Changes that are linked to it and had their effect."""
        self._responding.witness.follow()
        linked = {link.ref for link in incident.links if link.kind == "release"}
        for event in self._engine.journal.events():
            if event.kind == "release.started" and event.data["plan"]["op_id"] in linked:
                seen = self._responding.witness.effective(event.data["plan"]["op_id"])
                if seen is not None:
                    order = event.data["plan"]["order"]
                    yield datetime.fromisoformat(event.at), str(order["act"]), str(order["service"])


def _plain(moment: datetime) -> datetime:
    """As the store has it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for the owner alone."""
    unfinished = path.with_name(path.name + ".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    unfinished.rename(path)
