"""A store and everything that turns bytes into commits, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ingesting import START, TakeIn, means_of

from opsconsole.clock import ManualClock
from opsconsole.ingest.follower import Follower, Wish
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.source import Means, Source
from opsconsole.store.database import Database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


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
