"""A daemon of a temporary home, without its process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from inprocess import Daemon

from opsconsole.config.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(environment="test")


@pytest.fixture
def daemon(tmp_path: Path, settings: Settings) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "home", settings)
    yield made
    made.engine.stop()
