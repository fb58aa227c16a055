"""A terminal for each test, and a root that nothing may be left in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from terminal import Tmux

from strays import room_for_processes

NUMBERS = count()


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    tmp_path_factory.getbasetemp()  # pytest's own temporary files go where they always go
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            pytest.fail("tmux must be there in CI: apt-get install tmux")
        pytest.skip("needs tmux: apt-get install tmux")
    with room_for_processes() as root:
        yield root


@pytest.fixture
def tmux(room: Path) -> Iterator[Tmux]:
    server = Tmux(room / f"tmux-{next(NUMBERS)}")
    yield server
    server.close()
