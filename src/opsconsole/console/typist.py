"""A console without a terminal, and the hand that types on it: the keys of a script, as a person would press them.

Always true here: every key goes the way of a key, through the app, its keymap and its prompts, and comes at a person's
pace by a clock of its own; no environment and no terminal is asked. The hand looks up after each key: at the first one
that is refused, or means nothing, it stops, and the rest of the line is not typed.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from textual._xterm_parser import XTermParser
from textual.events import Key

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.console import glyphs, hands
from opsconsole.console.app import OpsConsole
from opsconsole.console.feed import Client
from opsconsole.console.frame import Frame, Mode, Refusal
from opsconsole.console.typing_time import TypingTime

S = TypeVar("S", bound=msgspec.Struct)
Word = Sequence[str]
"""Keys that follow one another as when text is typed: characters, or one of Textual's names."""

KEY_S = 0.25
"""From one key of a text to the next: 240 a minute."""
LOOK_S = 1.0
"""Before a text or a named key, and after the last one, a person looks at what came: longer than any prompt is deaf."""
ORIGIN = "script"
"""Where consoles without a terminal say that they are."""
CHARACTERS = {"tab": "\t", "enter": "\r", "space": " "}
"""What a named key sends, where that is a character."""

LEFT_OPEN: Mapping[Mode, str] = {
    "filter": "the filter",
    "window": "the choice of a window",
    "help": "the list of keys",
    "command": "the command line",
    "jump": "the choice of a row",
    "keys": "the doctor of keys",
    "plan": "a plan",
    "arm": "the prompt for the environment's name",
    "form": "a form",
}
"""What somebody who looks away would leave half done."""


class Seat:
    """The daemon as one typist's console has it: under a name of its own, and asked again when there is reason to."""

    def __init__(self, client: Client, name: str, time: TypingTime) -> None:
        self._client, self._name, self._time = client, name, time

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        if after:
            await self._time.stirred()
        return await self._client.view(kind, parameters)

    async def health(self) -> wire.Health:
        return await self._client.health()

    async def present(self, presence: wire.Presence) -> wire.Present:
        said = msgspec.structs.replace(presence, console=self._name, user=self._name, origin=ORIGIN)
        present = await self._client.present(said)
        here = tuple(
            msgspec.structs.replace(each, console=hands.CONSOLE) if each.console == self._name else each
            for each in present.consoles
        )
        return msgspec.structs.replace(present, consoles=here)

    async def plan(self, order: wire.OrderRequest) -> wire.Plan:
        return await self._client.plan(self._named(order))

    async def apply(self, request: wire.ApplyRequest) -> wire.Outcome:
        try:
            return await self._client.apply(request)
        finally:
            self._time.stir()

    async def approve(self, request: wire.ApproveRequest) -> wire.Approval:
        try:
            return await self._client.approve(request)
        finally:
            self._time.stir()

    async def arm(self, request: wire.ArmRequest) -> wire.Permission:
        return await self._client.arm(self._named(request))

    async def do(self, path: str, request: msgspec.Struct, kind: type[S]) -> S:
        try:
            return await self._client.do(path, self._named(request), kind)
        finally:
            self._time.stir()

    def _named(self, request: Any) -> Any:
        """All consoles of this process have one name, which is another one each time."""
        is_named = "console" in request.__struct_fields__
        return msgspec.structs.replace(request, console=self._name) if is_named else request


class _Headless(OpsConsole):
    """A console that says when a key has arrived."""

    arrived: asyncio.Future[bool]

    def press(self, event: Key) -> bool:
        is_meant = super().press(event)
        if not self.arrived.done():  # a key that had to wait comes a second time
            self.arrived.set_result(is_meant)
        return is_meant


class Typist:
    """One person's console, from their first line of keys on."""

    def __init__(self, client: Client, name: str, size: tuple[int, int], clock: Clock) -> None:
        self._name, self._size = name, size
        self._time = TypingTime()
        self._app = _Headless(
            Seat(client, name, self._time),
            clock=clock,
            glyph_set=glyphs.GLYPHS["ascii"],
            colours="mono",
            tempo=self._time,
            environ={},
        )
        self._parser = XTermParser()
        self._seen: list[object] = []
        """Refusals that were told."""

    async def open(self) -> None:
        """Attach, and see the first view."""
        context: asyncio.Future[contextvars.Context] = asyncio.get_running_loop().create_future()

        async def ready(pilot: object) -> None:
            context.set_result(contextvars.copy_context())

        self._running = asyncio.create_task(
            self._app.run_async(headless=True, mouse=False, size=self._size, auto_pilot=ready)
        )
        self._context = await context
        await self._time.settled()

    @property
    def has_left(self) -> bool:
        """Did a key close the console?"""
        return self._app.return_code is not None

    async def type(self, words: Sequence[Word], away_s: float) -> str:
        """Type a line after so many seconds away; what was refused or left undone, empty where nothing was."""
        told = await asyncio.create_task(self._typed(words, away_s), context=self._context.copy())
        self._raise_failure()
        return told

    async def close(self) -> None:
        """Leave it; one that failed is closed, and ``type`` has said so."""
        if not self.has_left:
            self._app.exit()
        await self._running

    def _raise_failure(self) -> None:
        """A console that fails closes itself, and says why to nobody here."""
        if self._app._exception is not None:
            raise RuntimeError(f"the console of {self._name} failed") from self._app._exception

    async def _typed(self, words: Sequence[Word], away_s: float) -> str:
        await self._time.return_after(away_s)
        self._seen = [each for each, _ in _refusals(self._app.frame)]
        left = sum(map(len, words))
        for word in words:
            wait_s = LOOK_S
            for key in word:
                await self._time.advance(wait_s)
                wait_s = KEY_S
                if told := self._new_refusals():
                    return _stopped(told, left)
                left -= 1
                is_meant = await self._press(key)
                if self.has_left:
                    return _stopped("the console was left", left) if left else ""
                told = self._new_refusals() or ("" if is_meant else self._meaningless(key))
                await self._time.settled()
                if told := told or self._new_refusals():
                    return _stopped(told, left)
        await self._time.advance(LOOK_S)
        return self._new_refusals() or self._left_open()

    async def _press(self, key: str) -> bool:
        """Whether it means anything here."""
        arrived: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._app.arrived = arrived
        event = self._event(key)
        event.time = self._time.now_s()
        self._app.post_message(event)
        either: set[asyncio.Future[Any]] = {arrived, self._running}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        self._raise_failure()
        return await arrived

    def _meaningless(self, key: str) -> str:
        frame = self._app.frame
        is_beside = frame.state.mode == "outcome"
        where = f"beside an outcome, which {frame.key('close_outcome')} leaves" if is_beside else "here"
        return f"{key!r} does nothing {where}"

    def _event(self, key: str) -> Key:
        if len(key) > 1:
            return Key(key, CHARACTERS.get(key))
        return next(each for each in self._parser.feed(key) if isinstance(each, Key))

    def _new_refusals(self) -> str:
        new = [
            (each, told) for each, told in _refusals(self._app.frame) if not any(each is seen for seen in self._seen)
        ]
        self._seen += [each for each, _ in new]
        return "; ".join(told for _, told in new)

    def _left_open(self) -> str:
        state = self._app.frame.state
        if state.mode not in LEFT_OPEN:
            return ""
        field = state.form.field if state.form is not None else None
        asks = f", which asks: {field.label}" if field is not None else ""
        return f"{LEFT_OPEN[state.mode]} is still open{asks}"


def _refusals(frame: Frame) -> Iterator[tuple[object, str]]:
    """What the screen says was refused, with what says it."""
    if isinstance(frame.state.notice, Refusal):
        yield frame.state.notice, frame.state.notice
    going = frame.proceeding
    if going is not None and going.plan is not None and going.plan.refusals:
        yield going.plan, f"{going.phrase} is refused: {going.plan.refusals[0].why}"
    if going is not None and going.outcome is not None and going.outcome.word != "done":
        yield going.outcome, f"{going.phrase}: {going.outcome.word}: {going.outcome.told}"


def _stopped(told: str, left: int) -> str:
    return f"{told} ({left} more key{'s' * (left != 1)} not typed)" if left else told
