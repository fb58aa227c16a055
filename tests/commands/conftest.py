"""Homes with real daemons, stopped when their tests are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from commandline import NUMBERS, lines, opsconsole, passing_home, served, written

from strays import room_for_processes


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    tmp_path_factory.getbasetemp()  # pytest's own temporary files go where they always go
    with room_for_processes() as root:
        yield root


@pytest.fixture
def place(room: Path) -> Path:
    """A new directory with a short name."""
    directory = room / f"p{next(NUMBERS)}"
    directory.mkdir()
    return directory


@pytest.fixture
def home(room: Path) -> Iterator[Path]:
    """A home of one's own; its daemon is stopped afterwards."""
    with passing_home(room) as home:
        yield home


@pytest.fixture
def another_home(room: Path) -> Iterator[Callable[[], Path]]:
    """As many more homes as wanted."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(passing_home(room))


@pytest.fixture(scope="session")
def full_home(room: Path) -> Iterator[Path]:
    """A home whose daemon runs and has read 600 requests; for tests that only ask."""
    with passing_home(room) as home:
        log = written(room / "full" / "serving.jsonl", lines(served(600)))
        assert opsconsole("ingest", log, "--home", home).code == 0
        yield home


@pytest.fixture
def log(place: Path) -> Path:
    """600 requests as JSON lines."""
    return written(place / "serving.jsonl", lines(served(600)))
