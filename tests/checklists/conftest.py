from __future__ import annotations

from pathlib import Path

import pytest
from makeshift import Room


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The home's directory of checklists."""
    directory = tmp_path / "checklists"
    directory.mkdir()
    return directory


@pytest.fixture
def room(own: Path) -> Room:
    return Room(own)
