"""Fixtures that every room's tests share."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
import textual.app
import textual.pilot
from hypothesis import settings

settings.register_profile("steady", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("steady")
"""What gates a change tries the same examples each time; whoever works on it meets new ones."""

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Whatever the machine says: some hundred processes are started here, and each would compile the whole program."""

LONG_S = 300


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take minutes begins first: no worker is left alone with it at the end."""
    items.sort(key=_is_short)


def _is_short(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("timeout")
    return mark is None or mark.args[0] < LONG_S


SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real traces and samples beside the checkout; where CI runs it must be there."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED} must be there in CI")
        pytest.skip(f"needs the real traces in {SHARED}")
    return SHARED


_TURNS = 50
"""Of the event loop, more than any key takes to arrive, be answered and be painted: on a busy machine a process that
got no turn looks idle."""
_LOOK_S = 0.002


async def _until_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """As Textual's own, which looks every 20 ms, twice a key at the least: most of the time of tests that type."""
    began_s = time.monotonic()
    while time.monotonic() < began_s + max_sleep:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        cpu_s = time.process_time()
        await asyncio.sleep(_LOOK_S)
        if time.process_time() - cpu_s < _LOOK_S / 20 and time.monotonic() > began_s + min_sleep:
            return


@pytest.fixture(autouse=True)
def pilot_that_looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (textual.app, textual.pilot):
        monkeypatch.setattr(room, "wait_for_idle", _until_idle)
