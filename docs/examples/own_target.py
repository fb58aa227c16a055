"""A target of your own: a gateway with its weights in an SQLite table ``weights (service, version, weight)``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from opsconsole.releases.targets.base import Kind, Options, Rejected, Site, Unreachable, Unsupported
from opsconsole.releases.targets.guards import refuse_if_moved, refuse_unless_able
from opsconsole.releases.targets.shares import shares_of
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState


class TableOptions(Options, frozen=True, kw_only=True):
    database: Path
    """The gateway's database."""


class TableTarget:
    caps = Caps(split=True, guarding="cas", tested_against="the real thing: SQLite 3")

    def __init__(self, options: TableOptions, site: Site) -> None:
        self._site, self._database, self.name = site, options.database, f"table {options.database.name}"

    def read(self) -> TargetState:
        with self._transaction() as rows:
            return self._state(rows)

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        refuse_unless_able(self.name, self.caps, after)
        row = ", ".join(f"{version} {share:g}" for version, share in after.shares.items())
        return (TargetRequest(method="replace", where=f"{self._database}: weights", body=row),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        refuse_unless_able(self.name, self.caps, after)
        with self._transaction() as rows:  # nobody else writes from here on, so comparing and changing are one step
            refuse_if_moved(self.name, before, self._state(rows))
            rows.execute("DELETE FROM weights WHERE service = ?", [self._site.service])
            wanted = [(self._site.service, version, share) for version, share in after.shares.items()]
            rows.executemany("INSERT INTO weights VALUES (?, ?, ?)", wanted)
        return Receipt(op_id=op_id, answer=f"{len(wanted)} rows written")

    def rehearse(self, before: TargetState, after: Routing) -> str:
        raise Unsupported(f"{self.name} has no dry run")

    def close(self) -> None: ...

    def _state(self, rows: sqlite3.Connection) -> TargetState:
        found = rows.execute("SELECT version, weight FROM weights WHERE service = ?", [self._site.service])
        try:
            routing = Routing(shares=shares_of(dict(found.fetchall())))
        except ValueError as error:
            raise Rejected(f"{self.name}: {error}", "Insert a row with a weight for each version.") from error
        return TargetState(routing=routing, observed_at=self._site.clock.now())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(f"file:{self._database}?mode=rw", uri=True, isolation_level=None)) as rows:
                rows.execute("BEGIN IMMEDIATE")
                yield rows
                rows.execute("COMMIT")
        except sqlite3.OperationalError as error:  # SQLite takes back what was not committed
            raise Unreachable(f"{self._database}: {error}; nothing was changed", "Is the gateway there?") from error


KIND = Kind("table", "Weights in an SQLite table.", TableOptions, TableTarget, TableTarget.caps)
