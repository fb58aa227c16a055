"""Recording an incident: the records around it without names, and a scenario that plays them again.

Always true here: no id, user or key leaves the store but as a digest under a salt that is thrown away; the store is
only read; both files lie in the home's own scenarios.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsconsole import records, wire
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.responding import Responding
from opsconsole.drills import remaking
from opsconsole.drills.tape import packed
from opsconsole.errors import UsageError
from opsconsole.releases.access import Person

_BITE = 10_000
_NAMES = tuple(column.name for column in records.COLUMNS)
_ROWS = f"SELECT {', '.join(_NAMES)} FROM requests WHERE list_contains(?, service) AND ts >= ? AND ts < ? ORDER BY ts"
_SHARES = """
SELECT service, version, count(*) FILTER (ts < ?) AS before FROM requests
WHERE list_contains(?, service) AND ts >= ? AND ts < ? AND version IS NOT NULL GROUP BY ALL ORDER BY service, version
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
        shares = self._shares(incident, start, stop)
        if not shares:
            raise UsageError(
                f"the store holds no records of the services of {incident.incident}",
                "Requests are kept as long as `retention: requests_days` says.",
            )
        rows = list(self._rows(incident, start, stop))
        content = packed(rows, start, secrets.token_bytes(32))
        directory.mkdir(mode=0o700, exist_ok=True)
        tape = directory / f"{remaking.scenario_id(incident)}.jsonl.gz"
        _write(tape, content)
        acts = sorted(self._acts(incident))
        text = remaking.text(incident, shares, acts, tape.name, hashlib.sha256(content).hexdigest(), now)
        _write(path, text.encode())
        self._engine.journal.append(
            person.actor, "drill.recorded", {"incident": incident.incident, "path": path.name, "records": len(rows)}
        )
        return wire.DrillRecorded(id=remaking.scenario_id(incident), path=str(path), records=len(rows))

    def _rows(self, incident: wire.Incident, start: datetime, stop: datetime) -> Iterator[dict[str, Any]]:
        with closing(self._engine.reader()) as connection:
            since = start - remaking.HISTORY
            answer = connection.execute(_ROWS, [list(incident.services), _plain(since), _plain(stop)])
            while found := answer.fetchmany(_BITE):
                for row in found:
                    named = dict(zip(_NAMES, row, strict=True))
                    yield named | {"ts": named["ts"].replace(tzinfo=UTC)}

    def _shares(self, incident: wire.Incident, start: datetime, stop: datetime) -> dict[str, dict[str, float]]:
        """Who served just before, by service; versions that came later have none."""
        since = start - remaking.LEAD
        with closing(self._engine.reader()) as connection:
            asked = [_plain(start), list(incident.services), _plain(since), _plain(stop)]
            found = connection.execute(_SHARES, asked).fetchall()
        shares: dict[str, dict[str, float]] = {}
        for service, version, before in found:
            shares.setdefault(service, {})[version] = float(before)
        return {
            service: {version: n / (sum(versions.values()) or 1.0) for version, n in versions.items()}
            for service, versions in shares.items()
        }

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
