"""Drills that several tests look at: each is played once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rehearsing import BACK_KEYS, NOTE_KEYS, OPEN, OTHER, rehearsed

from opsconsole.drills.archive import Run
from strays import room_for_processes


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    tmp_path_factory.getbasetemp()  # pytest's own temporary files go where they always go
    with room_for_processes() as root:
        yield root


@pytest.fixture(scope="session")
def worked(room: Path) -> Run:
    """Somebody names the version, and somebody rolls it back: with a command, and on two consoles."""
    return rehearsed(room / "worked", OPEN, NOTE_KEYS, BACK_KEYS)


@pytest.fixture(scope="session")
def watched(room: Path) -> Run:
    """Nobody does anything."""
    return rehearsed(room / "watched")


@pytest.fixture(scope="session")
def mistaken(room: Path) -> Run:
    """Somebody changes what is well."""
    return rehearsed(room / "mistaken", OTHER)
