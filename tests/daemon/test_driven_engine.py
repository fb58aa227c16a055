"""An engine without a thread: whoever has the turn does what is asked, and nobody waits for the turn."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Lock, Thread

from inprocess import START

from opsconsole.clock import ManualClock
from opsconsole.config.settings import Settings
from opsconsole.daemon.engine import CHORES_EVERY_S, Engine
from opsconsole.home import Home

WITHIN_S = 30.0


def test_who_asks_while_another_has_the_turn_goes_on_and_is_answered(tmp_path: Path) -> None:
    """Else a chore that waits for a lock, and whoever holds it and asks, wait for each other."""
    home, clock = Home(tmp_path / "home"), ManualClock(START)
    home.create()
    engine = Engine(home, Settings(), clock, "ann", is_driven=True)
    try:
        held, began = Lock(), Event()

        def chore() -> None:
            began.set()
            with held:
                pass

        engine.every_so_often(chore)
        engine.turn()
        clock.advance(CHORES_EVERY_S)
        with held:
            turn = Thread(target=engine.turn)
            turn.start()
            assert began.wait(WITHIN_S)
            asked = engine.submit(lambda: 42)
            assert not asked.done()
        turn.join(WITHIN_S)
        assert asked.result(WITHIN_S) == 42
    finally:
        engine.stop()


def test_what_is_asked_is_done_at_once_where_nobody_has_the_turn(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    engine = Engine(home, Settings(), ManualClock(START), "ann", is_driven=True)
    try:
        assert engine.submit(lambda: 42).done()
        nested = engine.submit(lambda: engine.submit(lambda: 42).result(WITHIN_S))
        assert nested.result(WITHIN_S) == 42
    finally:
        engine.stop()
