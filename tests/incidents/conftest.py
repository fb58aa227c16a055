from __future__ import annotations

import pytest
from working import Room


@pytest.fixture
def room() -> Room:
    """A room in which nothing has happened yet."""
    return Room()
