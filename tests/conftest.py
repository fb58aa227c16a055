"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("steady")
"""What gates a change tries the same examples each time; whoever works on it meets new ones."""

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real traces and samples beside the checkout; where CI runs it must be there."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED} must be there in CI")
        pytest.skip(f"needs the real traces in {SHARED}")
    return SHARED
