"""A store on disk, and records to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsconsole.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "store.duckdb", tmp_path / "spool")
    yield opened
    opened.close()
