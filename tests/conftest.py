"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from textual import _wait

settings.register_profile("steady", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("steady")
"""What gates a change tries the same examples each time; whoever works on it meets new ones."""

_LOOK_S = 0.002
"""How often a test looks whether the console has done what it was asked; Textual's own pilot looks every 20 ms, twice a
key at the least, which is most of the time of tests that type."""

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real traces and samples beside the checkout; where CI runs it must be there."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED} must be there in CI")
        pytest.skip(f"needs the real traces in {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def pilot_that_looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", _LOOK_S)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", _LOOK_S / 20)
