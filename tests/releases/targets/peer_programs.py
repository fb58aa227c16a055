"""Real programs of other people that the tests drive, each in an environment of its own beside the checkout's.

``make peers`` makes them from ``tests/peers/NAME.lock``. Where one is missing its tests are skipped and say so; in CI
they fail, so that nothing claims to have been tried against the real thing and was not.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[3]


def peer(name: str, program: str = "python") -> Path:
    """A program of a peer's environment; skips the test, or fails it in CI, where there is none.

    ``OPSCONSOLE_PEERS`` names another directory that holds environments by name.
    """
    elsewhere = os.environ.get("OPSCONSOLE_PEERS")
    environment = Path(elsewhere) / name if elsewhere else _ROOT / f".venv-{name}"
    found = environment / "bin" / program
    if found.exists():
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{found} must be there in CI: `make peers` makes it")
    pytest.skip(f"needs {name} in {environment}: `make peers` makes it")
