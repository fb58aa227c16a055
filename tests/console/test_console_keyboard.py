"""Keys on their way in: Esc is answered, and an input that has ended ends the console instead of spinning."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from textual._context import active_app
from textual.events import Key
from textual.message import Message

from opsconsole.console.door import hand_in
from opsconsole.console.keyboard import Keyboard

APP = SimpleNamespace(exit=None)


def app_context(app: object) -> contextvars.Context:
    """A context as an app's own code runs in."""
    context = contextvars.copy_context()
    context.run(active_app.set, app)  # type: ignore[arg-type]
    return context


def typed(data: bytes, *, until: int = 0) -> tuple[list[str], list[tuple[object, ...]]]:
    """The keys that arrive, and the exits that are asked for; ends after ``until`` keys, else at the end of input."""
    readable, writable = os.pipe()
    os.write(writable, data)
    keys: list[str] = []
    exits: list[tuple[object, ...]] = []
    ending = threading.Event()

    def process(message: Message) -> None:
        if isinstance(message, Key):
            keys.append(message.key)
        if until and len(keys) >= until:
            ending.set()

    def soon(call: Callable[..., None], *arguments: object, context: contextvars.Context) -> None:
        exits.append((*arguments, context.get(active_app)))

    driver = SimpleNamespace(
        fileno=readable, exit_event=ending, process_message=process, _debug=False, _context=app_context(APP),
        _loop=SimpleNamespace(call_soon_threadsafe=soon), _app=APP,
    )  # fmt: skip
    if not until:
        os.close(writable)
    Keyboard.run_input_thread(driver)
    os.close(readable)
    if until:
        os.close(writable)
    return keys, exits


@pytest.mark.parametrize(
    ("data", "keys"),
    [(b"\x1b", ["escape"]), (b"\x1b[A", ["up"]), (b"jk", ["j", "k"]), (b"q\x1b", ["q", "escape"])],
)
def test_keys_mean_what_textual_says(data: bytes, keys: list[str]) -> None:
    arrived, exits = typed(data, until=len(keys))
    assert arrived == keys
    assert not exits


def test_an_input_that_has_ended_asks_the_console_to_leave_once_in_its_own_context() -> None:
    arrived, exits = typed(b"j")
    assert arrived == ["j"]
    assert exits == [(None, 129, APP)]


def test_what_the_terminal_has_taken_is_told_where_timers_may_begin() -> None:
    apps: list[object] = []

    async def told_from_a_thread() -> object:
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def on_drained() -> None:
            apps.append(active_app.get(None))
            told.set()

        app = SimpleNamespace(on_drained=on_drained)
        token = active_app.set(app)  # type: ignore[arg-type]
        driver = Keyboard(app)
        active_app.reset(token)
        await loop.run_in_executor(None, driver._tell_drained)
        await asyncio.wait_for(told.wait(), 10)
        return app

    app = asyncio.run(told_from_a_thread())
    assert apps == [app]


def test_who_comes_after_the_loop_is_over_is_turned_away_without_an_error() -> None:
    called: list[object] = []
    loop = asyncio.new_event_loop()
    loop.close()
    hand_in(loop, app_context(APP), called.append, 1)
    assert called == []
