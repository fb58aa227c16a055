"""A store and everything that turns bytes into commits: what the tests of this room are built on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from opsconsole.clock import ManualClock
from opsconsole.ingest.prices import PriceBook
from opsconsole.ingest.privacy import Hasher
from opsconsole.ingest.source import Means, Source
from opsconsole.store.database import Database
from opsconsole.store.writer import Writer

START = datetime(2026, 1, 1, tzinfo=UTC)

TakeIn = Callable[..., Source]


def means_of(database: Database, clock: ManualClock, prices: PriceBook | None = None) -> Means:
    return Means(
        connection=database.writer,
        spool=database.spool,
        writer=Writer(database.writer),
        hasher=Hasher(database.path.parent / "hash.key"),
        prices=prices or PriceBook([]),
        clock=clock,
    )
