"""A command that is told to end puts away what it keeps for itself, and ends with the usual code."""

from __future__ import annotations

import os
import signal

import pytest

from opsconsole.commands.ending import unwinding_when_told_to_end


def be_told_to_end(number: signal.Signals, put_away: list[str]) -> None:
    with unwinding_when_told_to_end():
        try:
            os.kill(os.getpid(), number)
        finally:
            put_away.append("home")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_unwinds_the_command_and_the_handler_is_as_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    put_away: list[str] = []
    with pytest.raises(SystemExit) as end:
        be_told_to_end(number, put_away)
    assert (end.value.code, put_away) == (128 + number, ["home"])
    assert signal.getsignal(number) == before


def test_hangup_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with unwinding_when_told_to_end():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
