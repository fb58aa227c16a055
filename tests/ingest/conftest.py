"""A store and everything that turns bytes into commits, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsconsole.clock import ManualClock
from opsconsole.ingest.follower import Follower, Wish
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.prices import PriceBook
from opsconsole.ingest.privacy import Hasher
from opsconsole.ingest.source import Means, Source
from opsconsole.store.database import Database
from opsconsole.store.writer import Writer

START = datetime(2026, 1, 1, tzinfo=UTC)

TakeIn = Callable[..., Source]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def means_of(database: Database, clock: ManualClock, prices: PriceBook | None = None) -> Means:
    return Means(
        connection=database.writer,
        spool=database.spool,
        writer=Writer(database.writer),
        hasher=Hasher(database.path.parent / "hash.key"),
        prices=prices or PriceBook([]),
        clock=clock,
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    home = tmp_path / "home"
    home.mkdir()
    opened = Database(home / "store.duckdb", home / "spool")
    yield opened
    opened.close()


@pytest.fixture
def means(database: Database, clock: ManualClock) -> Means:
    return means_of(database, clock)


@pytest.fixture
def take_in(means: Means) -> TakeIn:
    """Read a file to its end."""

    def take(path: Path, *, mapping: Mapping | None = None, overrides: tuple[str, ...] = ()) -> Source:
        follower = Follower(means)
        outcome = follower.attach(Wish((str(path),), follow=False, mapping=mapping, overrides=overrides))
        if outcome.refused:
            raise next(iter(outcome.refused.values()))
        (source,) = outcome.sources
        while source.is_active:
            follower.step()
        assert source.state == "done", source.error
        return source

    return take
