from __future__ import annotations

from pathlib import Path

import pytest
from gate import Gate


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate on chat-assist: v41 has 90 %, v42 has 10 %."""
    return Gate(tmp_path / "journal")
