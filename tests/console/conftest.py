"""The console's tests do not depend on the terminal and the locale that they run in, nor on how busy the machine is."""

from __future__ import annotations

import pytest

from opsconsole.console import app
from opsconsole.console.own_cpu import OwnCpu


@pytest.fixture(autouse=True)
def utf8_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "LC_ALL", "OPSCONSOLE_GLYPHS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_CTYPE", "en_US.UTF-8")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture(autouse=True)
def console_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes of the machine would stand in the last line where a test takes two seconds."""
    monkeypatch.setattr(app, "OwnCpu", lambda: OwnCpu(cpu_s=lambda: 0.0))
